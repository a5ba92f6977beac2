"""What the actions call: ``press`` with a name from the tables below (through ``entry``).

The key press itself only imports reapy and puts the work into REAPER's defer queue. No
function lets an exception through: REAPER would show its trace and go on.
"""

from __future__ import annotations

from collections.abc import Callable

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.hosts.live import reaper, tasks
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.reaper import RPR, Project, current_project, is_open
from reaper_drumgain.hosts.live.setup import Setup, read_setup
from reaper_drumgain.hosts.live.tasks import Steps, say

_BUSY = "DrumGain is still at work: press the key that started it again to cancel"


def press(name: str, worker: Worker | None = None) -> None:
    """Do what the action of this name is for; ``worker``: one that was started for it."""
    if worker is not None:
        reaper.at_exit(worker.abandon)
    try:
        # the tab of this moment, whatever the user does in the next ones
        tasks.Sequence(_guarded(_command(name, current_project(), worker))).start()
    except Exception as error:
        tasks.tell_error(error)


def _command(name: str, project: Project, worker: Worker | None) -> Steps:
    if name in _SCOPES:
        return _balance(project, _SCOPES[name], worker, automated=name == "write_automation")
    return _COMMANDS[name](project)


def _guarded(steps: Steps) -> Steps:
    """Tell a conflict in the console: it is no failure, the user did it."""
    try:
        yield from steps
    except ConflictError as error:
        say(f"DrumGain: {error}")


def _check_open(project: Project) -> None:
    """Ticks have passed since the key press."""
    if not is_open(project):
        raise ConflictError(f"{project.name} was closed meanwhile: nothing was changed")


def _setup() -> Setup:
    return read_setup(str(RPR.GetResourcePath()))


def _balance(
    project: Project, scope: str | None, worker: Worker | None, *, automated: bool
) -> Steps:
    """Start a run over a scope, or over the one of the last run; cancel one that runs."""
    run = None
    try:
        if tasks.cancel_running():
            return
        setup = _setup()
        yield from tasks.imports(tasks.LINK_MODULES)
        from reaper_drumgain.hosts.live import balance

        _check_open(project)
        problem = balance.scope_problem(project, scope)
        if problem is not None:
            say(problem)
            return
        run = balance.Balance(project, setup, scope, worker, automated=automated)
        tasks.Task(run.steps(), run.abandon).start()
    finally:
        if run is None and worker is not None:
            worker.abandon()


def _cancel(_: Project) -> Steps:
    """End what runs."""
    if not tasks.cancel_running():
        say("DrumGain: nothing is running")
    yield


def _settings(project: Project) -> Steps:
    """The settings dialog."""
    yield from tasks.imports(tasks.RUN_MODULES)
    from reaper_drumgain.hosts.live import dialogs, project_state

    _check_open(project)
    setup = _setup()
    wanted = dialogs.ask_preferences(project_state.preferences(project, setup), setup)
    if wanted is not None:
        project_state.remember_preferences(project, wanted)
        say(dialogs.preferences_line(project, wanted))


def _set_role(project: Project) -> Steps:
    """Say what the selected tracks are."""
    yield from tasks.imports((*tasks.RUN_MODULES, *tasks.ROLE_MODULES))
    from reaper_drumgain.hosts.live import adjust

    _check_open(project)
    adjust.set_role(project)


def _toggle_lock(project: Project) -> Steps:
    """Lock the faders of the selected tracks, or unlock them where all are locked."""
    yield from tasks.imports(tasks.RUN_MODULES)
    from reaper_drumgain.hosts.live import adjust

    _check_open(project)
    adjust.toggle_lock(project)


def _change_amount(project: Project, percent: float) -> Steps:
    if tasks.running() is not None:
        say(_BUSY)
        return
    yield from tasks.imports(tasks.RUN_MODULES)
    from reaper_drumgain.hosts.live import adjust

    _check_open(project)
    adjust.change_amount(project, percent)


def _amount_up(project: Project) -> Steps:
    """Ten percent more of the last run."""
    return _change_amount(project, 10.0)


def _amount_down(project: Project) -> Steps:
    """Ten percent less of the last run."""
    return _change_amount(project, -10.0)


def _move_overheads(project: Project, decibel: float) -> Steps:
    if tasks.running() is not None:
        say(_BUSY)
        return
    yield from tasks.imports((*tasks.RUN_MODULES, *tasks.ROLE_MODULES))
    from reaper_drumgain.hosts.live import adjust

    _check_open(project)
    yield from adjust.move_overheads(project, decibel)


def _overheads_up(project: Project) -> Steps:
    """The overheads one decibel up against the close microphones."""
    return _move_overheads(project, 1.0)


def _overheads_down(project: Project) -> Steps:
    """The overheads one decibel down against the close microphones."""
    return _move_overheads(project, -1.0)


def _compare(project: Project) -> Steps:
    """Between before and after the last run."""
    if tasks.running() is not None:
        say(_BUSY)
        return
    yield from tasks.imports(tasks.RUN_MODULES)
    from reaper_drumgain.hosts.live import adjust

    _check_open(project)
    adjust.compare(project)


def _show_last(project: Project) -> Steps:
    """The last result with its reasons."""
    yield from tasks.imports(tasks.RUN_MODULES)
    from reaper_drumgain.hosts.live import dialogs, project_state

    _check_open(project)
    say(dialogs.report(project_state.last_run(project)))


def _clear_automation(project: Project) -> Steps:
    """Take back the envelopes that DrumGain wrote, where they are unchanged since."""
    if tasks.running() is not None:
        say(_BUSY)
        return
    yield from tasks.imports((*tasks.RUN_MODULES, *tasks.AUTOMATION_MODULES))
    from reaper_drumgain.hosts.live import automate

    _check_open(project)
    steps = _guarded(automate.clear(project))
    tasks.Task(steps, steps.close).start()


def _self_test(_: Project) -> Steps:
    """Try what is taken for granted about REAPER, and print what holds."""
    if tasks.cancel_running():
        return
    setup = _setup()
    yield from tasks.imports((*tasks.RUN_MODULES, *tasks.AUTOMATION_MODULES, "platform"))
    yield from tasks.imports((f"{tasks.LIVE}.selftest",))
    from reaper_drumgain.hosts.live import selftest

    steps = selftest.steps(setup)
    tasks.Task(steps, steps.close).start()


#: what the commands that listen listen to; None: as the last run
_SCOPES: dict[str, str | None] = {
    "balance_selected": "selected",
    "balance_all": "all",
    "balance_time_selection": "time selection",
    "repeat": None,
    "write_automation": "all",
}
_COMMANDS: dict[str, Callable[[Project], Steps]] = {
    "settings": _settings,
    "set_role": _set_role,
    "toggle_lock": _toggle_lock,
    "amount_up": _amount_up,
    "amount_down": _amount_down,
    "overheads_up": _overheads_up,
    "overheads_down": _overheads_down,
    "compare": _compare,
    "cancel": _cancel,
    "show_last": _show_last,
    "clear_automation": _clear_automation,
    "self_test": _self_test,
}
