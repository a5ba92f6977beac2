"""What each action does: ``press`` with the name of an action (through ``entry``).

The key press itself only imports the live host and puts the work into REAPER's defer queue. No
exception leaves this module: REAPER would show its traceback and go on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from reaper_drumgain.errors import ConflictError, HostError
from reaper_drumgain.hosts.live import (
    BALANCE_SCOPES,
    adjust,
    automate,
    dialogs,
    learn_run,
    project_state,
    reaper,
    released,
    run_control,
    selftest,
    tasks,
    temporary_changes,
    trims,
)
from reaper_drumgain.hosts.live.console import one_line, print_line, print_result
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.reaper import RPR, Project, current_project, is_open
from reaper_drumgain.hosts.live.setup import Setup, read_setup
from reaper_drumgain.hosts.live.tasks import Steps
from reaper_drumgain.schema.settings import Mode

#: the oldest REAPER with all functions that are called
OLDEST_REAPER = (6, 12)
#: actions that change nothing, or find out about the version
_ANY_VERSION = frozenset({"cancel", "show_last", "self_test"})
_BUSY = "DrumGain is still running: run the same action again to cancel it"


def press(name: str, worker: Worker | None = None) -> None:
    """Run an action. ``worker`` is one that was already started for it."""
    if worker is not None:
        reaper.at_exit(worker.abandon)
    try:
        # the project tab at this moment: the user may switch tabs before the work begins
        budget = tasks.BUDGET_S if name in BALANCE_SCOPES else tasks.SMALL_BUDGET_S
        tasks.Sequence(_steps(name, current_project(), worker), budget).start()
    except Exception as error:
        tasks.show_error(error)


def _steps(name: str, project: Project, worker: Worker | None) -> Steps:
    try:
        if name not in _ANY_VERSION:
            reaper.check_version(OLDEST_REAPER, "DrumGain")
        for note in released.collect():
            print_line(f"DrumGain: {one_line(note)}")
        mended = temporary_changes.mend(project) if is_open(project) else None
        if mended is not None:
            print_line(mended)
        if name in BALANCE_SCOPES:
            yield from _balance(project, name, worker)
        else:
            steps = ACTIONS[name](project)
            if steps is not None:
                yield from steps
    except ConflictError as error:
        _report_conflict(error)


def _report_conflict(error: ConflictError) -> None:
    # the user changed the project, so this is no error that needs a dialog
    print_line(f"DrumGain: {error}")


def _check_open(project: Project) -> None:
    """Raises ConflictError if the project was closed since the key press."""
    if not is_open(project):
        raise ConflictError(f"{project.name} was closed in the meantime: nothing was changed")


def _setup() -> Setup:
    return read_setup(str(RPR.GetResourcePath()))


def _balance(project: Project, name: str, worker: Worker | None) -> Steps:
    """Start a balance run, or cancel the one that runs."""
    run = None
    try:
        if (yield from tasks.cancel_running()):
            return
        setup = _setup()
        _check_open(project)
        scope = BALANCE_SCOPES[name]
        problem = run_control.scope_problem(project, scope)
        if problem is not None:
            print_line(problem)
            return
        automated = name == "write_automation"
        mode: Mode | None = "all" if name == "rebalance_all" else None
        run = run_control.RunControl(
            project,
            setup,
            scope,
            worker,
            automated=automated,
            mode=mode,
            preview=name == "preview",
            effects=name == "balance_effects",
        )
        tasks.Task(run.steps(), run.abandon).start()
    finally:
        if run is None and worker is not None:
            worker.abandon()


def _cancel(_: Project) -> Steps:
    """End the running task."""
    if not (yield from tasks.cancel_running()):
        print_line("DrumGain: nothing is running")


def _settings(project: Project) -> Steps:
    """Show the settings dialog, store what it returns, and make trims that were changed."""
    _check_open(project)
    setup = _setup()
    before = trims.present_trims(project)
    given = dialogs.ask_preferences(project_state.preferences(project, setup), setup, before)
    if given is None:
        return
    chosen, wanted = given
    if wanted != before and _is_busy():
        return
    project_state.store_preferences(project, chosen)
    print_result(dialogs.preferences_line(project, chosen))
    if wanted != before:
        yield from trims.make_from_settings(project, wanted)


def _set_role(project: Project) -> None:
    """Set the role of the selected tracks."""
    _check_open(project)
    adjust.set_role(project)


def _toggle_lock(project: Project) -> None:
    """Lock the faders of the selected tracks; unlock them if all are locked."""
    _check_open(project)
    adjust.toggle_lock(project)


def _is_busy() -> bool:
    """Whether a task runs; says so if it does."""
    if tasks.running() is None:
        return False
    print_line(_BUSY)
    return True


def _change_amount(project: Project, percent: float) -> None:
    """Change the amount of the last run by so many percent."""
    if not _is_busy():
        _check_open(project)
        adjust.change_amount(project, percent)


def _move_overheads(project: Project, decibel: float) -> Steps:
    """Move the overheads by so many decibels; the close microphones stay."""
    if not _is_busy():
        _check_open(project)
        yield from trims.move_overheads(project, decibel)


def _trims(project: Project) -> Steps:
    """Ask for the trim of each family of drums, and make them at once."""
    if not _is_busy():
        _check_open(project)
        yield from trims.ask_and_make(project)


def _compare(project: Project) -> None:
    """Switch between the faders before and after the last run."""
    if not _is_busy():
        _check_open(project)
        adjust.compare(project)


def _show_last(project: Project) -> None:
    """Print the last result with its reasons."""
    _check_open(project)
    print_line(dialogs.report(project_state.last_result(project)))


def _clear_automation(project: Project) -> None:
    """Remove the envelopes that DrumGain wrote, if they are unchanged since."""
    if not _is_busy():
        _check_open(project)
        steps = _clear_steps(project)
        tasks.Task(steps, steps.close).start()


def _clear_steps(project: Project) -> Steps:
    try:
        yield from automate.clear(project)
    except ConflictError as error:
        _report_conflict(error)


def _learn(project: Project) -> Steps:
    """Have a model of the user's own learn from the project's faders, or cancel what runs."""
    if (yield from tasks.cancel_running()):
        return
    setup = _setup()
    _check_open(project)
    given = learn_run.ask(project, setup)
    if given is not None:
        name, effects = given
        run = learn_run.LearnControl(project, setup, name, effects=effects)
        tasks.Task(run.steps(), run.abandon).start()


def _self_test(_: Project) -> Steps:
    """Check the assumptions about REAPER and print which hold."""
    if (yield from tasks.cancel_running()):
        return
    setup, problem = None, ""
    try:
        setup = _setup()
    except HostError as error:
        # the rest of the report is needed all the more
        problem = str(error)
    steps = selftest.steps(setup, problem)
    tasks.Task(steps, steps.close).start()


#: the actions beside those of BALANCE_SCOPES
ACTIONS: dict[str, Callable[[Project], Steps | None]] = {
    "settings": _settings,
    "set_role": _set_role,
    "toggle_lock": _toggle_lock,
    "amount_up": functools.partial(_change_amount, percent=10.0),
    "amount_down": functools.partial(_change_amount, percent=-10.0),
    "overheads_up": functools.partial(_move_overheads, decibel=1.0),
    "overheads_down": functools.partial(_move_overheads, decibel=-1.0),
    "trims": _trims,
    "compare": _compare,
    "learn": _learn,
    "cancel": _cancel,
    "show_last": _show_last,
    "clear_automation": _clear_automation,
    "self_test": _self_test,
}
