"""Action "learn from this project": a model of the user's own learns from its faders.

Only reads the project. The worker finds out what the faders say, and keeps the model in the user's
data folder.
"""

from __future__ import annotations

import dataclasses

from reaper_drumgain.errors import ConflictError, InputError
from reaper_drumgain.hosts.live import WAIT, balance_run, dialogs, effects_level, project_state
from reaper_drumgain.hosts.live.console import one_line, print_line
from reaper_drumgain.hosts.live.reaper import Project, is_open
from reaper_drumgain.hosts.live.run_control import RunControl
from reaper_drumgain.hosts.live.setup import MODEL, Setup
from reaper_drumgain.hosts.live.snapshot import take_snapshot
from reaper_drumgain.hosts.live.tasks import Steps
from reaper_drumgain.schema.model_name import check_name

_NO_YES = ("no", "yes")


def ask(project: Project, setup: Setup) -> tuple[str, bool] | None:
    """Asks what a model is to learn from the project.

    Parameters
    ----------
    project
        The project, for the model that it uses.
    setup
        The models that there are.

    Returns
    -------
    tuple or None
        The name of the model, and whether the effects are to be measured. None if cancelled.

    Raises
    ------
    InputError
        An answer cannot be used.
    """
    method = project_state.preferences(project, setup).method
    now = method.removeprefix(MODEL) if method.startswith(MODEL) else "mine"
    known = ", ".join(setup.models[:20])
    if known:
        print_line(f"DrumGain: your models: {one_line(known)}")
    given = dialogs.ask(
        "DrumGain: learn from this project",
        [("Name of the model", now), ("Measure effects (no; yes)", "yes")],
    )
    if given is None:
        return None
    name, effects = given
    answers = [choice for choice in _NO_YES if effects and choice.startswith(effects.lower())]
    if len(answers) != 1:
        raise InputError(f"measure effects {effects[:100]!r}: expected no or yes")
    return check_name(name), answers == ["yes"]


class LearnControl(RunControl):
    """A run in which a model learns from the project.

    Parameters
    ----------
    project, setup
        The project, and the set-up of this installation.
    name
        The name of the model.
    effects
        Measure what the tracks' effects do to the level.
    """

    def __init__(self, project: Project, setup: Setup, name: str, *, effects: bool) -> None:
        super().__init__(project, setup, None, None, effects=effects)
        self._name = name

    def _run(self) -> Steps:
        if not is_open(self._project):
            raise ConflictError(
                f"{self._project.name} was closed in the meantime: nothing was learned"
            )
        preferences = dataclasses.replace(
            project_state.preferences(self._project, self._setup), scope="all", write="volume"
        )
        snapshot = yield from take_snapshot(self._project)
        settings = balance_run.run_settings(snapshot.session, preferences)
        session = snapshot.session
        if self._effects:
            session = yield from effects_level.measured(snapshot, settings)
        yield
        yield from self._worker.send(
            session, settings, remember=preferences.remember, learn=self._name
        )
        yield WAIT
        told = yield from self._worker.learned(balance_run.Progress())
        for line in told:
            print_line(f"DrumGain: {one_line(line)}")
