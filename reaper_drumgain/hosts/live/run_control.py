"""One balance run: starts and ends the worker, and reports why a run cannot go on."""

from __future__ import annotations

from reaper_drumgain.errors import ConflictError, NothingToBalanceError
from reaper_drumgain.hosts.live import balance_run, project_state, released
from reaper_drumgain.hosts.live.console import one_line, print_line
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.reaper import Project, is_open, selected_count, time_selection
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.hosts.live.tasks import Steps
from reaper_drumgain.schema.settings import Mode

NO_SELECTION = (
    "DrumGain: no track is selected: select the drum tracks (or their folder), or use 'Balance all "
    "drum tracks'"
)
NO_TIME_SELECTION = "DrumGain: there is no time selection: select a part of the song first"
SELECTED, TIME_SELECTION = "selected", "time selection"


def scope_problem(project: Project, scope: str | None) -> str | None:
    """What a scope needs and the project does not have, as a line for the user; None if all is
    there."""
    if scope == SELECTED and not selected_count(project):
        return NO_SELECTION
    if scope == TIME_SELECTION and time_selection(project) is None:
        return NO_TIME_SELECTION
    return None


class RunControl:
    """A balance run over a scope, from its start to its end or its cancellation.

    Parameters
    ----------
    project, setup
        The project, and the set-up of this installation.
    scope
        Which tracks are balanced. None for the scope of the last run.
    worker
        A worker that was started already, else None.
    automated
        Write automation, whatever the preferences say.
    mode
        Replaces that of the preferences. None to keep it.
    preview
        Only print the moves with their reasons.
    effects
        Measure what the tracks' effects do to the level, and subtract it.
    """

    def __init__(
        self,
        project: Project,
        setup: Setup,
        scope: str | None,
        worker: Worker | None,
        *,
        automated: bool = False,
        mode: Mode | None = None,
        preview: bool = False,
        effects: bool = False,
    ) -> None:
        self._project = project
        self._setup = setup
        self._scope = scope
        self._automated = automated
        self._mode = mode
        self._preview = preview
        self._effects = effects
        self._started = worker is not None
        self._worker = worker or Worker(setup)

    def abandon(self) -> None:
        """Clean up at once."""
        self._worker.abandon()

    def steps(self) -> Steps:
        """The whole run. Whatever happens, the worker is ended and its folder removed."""
        try:
            if not self._started:
                self._worker.start()
            yield
            yield from self._run()
        except GeneratorExit:
            self.abandon()
            raise
        except (NothingToBalanceError, ConflictError) as error:
            yield from self._end()
            print_line(f"DrumGain: {error}")
        except BaseException:
            yield from self._worker.stop()
            raise
        else:
            yield from self._end()

    def _end(self) -> Steps:
        if not self._worker.has_answered:
            yield from self._worker.stop()
            return
        # it stores its analysis by itself: this script ends, so that the next press meets no dialog
        for note in released.release(self._worker):
            print_line(f"DrumGain: {one_line(note)}")

    def _run(self) -> Steps:
        if not is_open(self._project):
            raise ConflictError(
                f"{self._project.name} was closed in the meantime: nothing was changed"
            )
        preferences = project_state.preferences(
            self._project, self._setup, self._scope, automated=self._automated
        )
        problem = scope_problem(self._project, preferences.scope)
        if problem is not None:
            print_line(problem)
            return
        yield from balance_run.run(
            self._project,
            preferences,
            self._worker,
            self._mode,
            preview=self._preview,
            effects=self._effects,
        )
