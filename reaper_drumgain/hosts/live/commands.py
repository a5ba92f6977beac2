"""What the actions call: one function per entry in REAPER's action list.

None of them lets an exception through: REAPER would show its trace and go on.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from reaper_drumgain.errors import ConflictError, InputError, NothingToBalanceError
from reaper_drumgain.hosts.live import adjust, dialogs, memory, runs, tasks
from reaper_drumgain.hosts.live.memory import Scope
from reaper_drumgain.hosts.live.reaper import RPR
from reaper_drumgain.hosts.live.setup import Setup, read_setup
from reaper_drumgain.hosts.live.snapshot import Project, current_project
from reaper_drumgain.hosts.live.tasks import say

Command = Callable[[], None]
_BUSY = "DrumGain is still at work: press the key that started it again to cancel"


def _action(command: Command) -> Command:
    """Tell errors as sentences; leave no undo point where nothing was changed."""

    @functools.wraps(command)
    def guarded() -> None:
        try:
            tasks.no_undo_point()
            command()
        except (NothingToBalanceError, ConflictError) as error:
            say(f"DrumGain: {error}")
        except Exception as error:
            tasks.tell_error(error)

    return guarded


def _idle() -> bool:
    """Whether nothing runs; says so where something does."""
    if tasks.running() is None:
        return True
    say(_BUSY)
    return False


def _setup() -> Setup:
    return read_setup(str(RPR.GetResourcePath()))


def _balance(scope: Scope | None) -> None:
    """Start a run over a scope, or over the one of the last run; cancel one that runs."""
    if tasks.cancel_running():
        return
    project, setup = current_project(), _setup()
    wanted = memory.preferences(project, setup)
    if scope is not None:
        wanted = dataclasses.replace(wanted, scope=scope)
    problem = runs.scope_problem(project, wanted.scope)
    if problem is not None:
        say(problem)
        return
    run = runs.Balance(project, setup, wanted)
    tasks.Task(run.steps(), run.abandon).start()


@_action
def balance_selected() -> None:
    """Balance the selected drum tracks; the others hold the level."""
    _balance("selected")


@_action
def balance_all() -> None:
    """Balance all drum tracks of the project."""
    _balance("all")


@_action
def balance_in_time_selection() -> None:
    """Balance by what sounds within the time selection."""
    _balance("time selection")


@_action
def repeat() -> None:
    """Balance again with the settings and the scope of the last run."""
    _balance(None)


@_action
def cancel() -> None:
    """End what runs."""
    if not tasks.cancel_running():
        say("DrumGain: nothing is running")


@_action
def settings() -> None:
    """The settings dialog."""
    project, setup = current_project(), _setup()
    wanted = dialogs.ask_preferences(memory.preferences(project, setup), setup)
    if wanted is None:
        return
    memory.remember_preferences(project, wanted)
    say(
        f"DrumGain: settings of {runs.printable(project.name)}: {wanted.method} at "
        f"{wanted.amount:g} %, level {wanted.level}, {wanted.scope} tracks, audio {wanted.audio}"
    )


@_action
def set_role() -> None:
    """Say what the selected tracks are."""
    adjust.set_role(current_project())


@_action
def toggle_lock() -> None:
    """Lock the faders of the selected tracks, or unlock them where all are locked."""
    adjust.toggle_lock(current_project())


def _change_amount(percent: float) -> None:
    if _idle():
        adjust.change_amount(current_project(), percent)


@_action
def amount_up() -> None:
    """Ten percent more of the last run."""
    _change_amount(10.0)


@_action
def amount_down() -> None:
    """Ten percent less of the last run."""
    _change_amount(-10.0)


def _move_overheads(decibel: float) -> None:
    if _idle():
        steps = adjust.move_overheads(current_project(), decibel)
        tasks.Task(steps, steps.close).start()


@_action
def overheads_up() -> None:
    """The overheads one decibel up against the close microphones."""
    _move_overheads(1.0)


@_action
def overheads_down() -> None:
    """The overheads one decibel down against the close microphones."""
    _move_overheads(-1.0)


@_action
def compare() -> None:
    """Between before and after the last run."""
    if _idle():
        adjust.compare(current_project())


@_action
def show_last() -> None:
    """The last result with its reasons."""
    project = current_project()
    try:
        run = memory.last_run(project)
    except InputError as error:
        say(f"DrumGain: {error}")
        return
    say(dialogs.report(run))
