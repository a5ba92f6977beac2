"""One press of a key that balances: the worker first, and meanwhile everything else."""

from __future__ import annotations

from reaper_drumgain.errors import ConflictError, NothingToBalanceError
from reaper_drumgain.hosts.live import reaper, tasks
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.reaper import Project, is_open, selected_count, time_selection
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.hosts.live.tasks import Steps, say

NO_SELECTION = (
    "DrumGain: no track is selected: select the drum tracks (or their folder), or use 'balance all "
    "drum tracks'"
)
NO_TIME_SELECTION = "DrumGain: there is no time selection: select a part of the song first"
SELECTED, TIME_SELECTION = "selected", "time selection"


def scope_problem(project: Project, scope: str | None) -> str | None:
    """What is missing for a scope."""
    if scope == SELECTED and not selected_count(project):
        return NO_SELECTION
    if scope == TIME_SELECTION and time_selection(project) is None:
        return NO_TIME_SELECTION
    return None


class Balance:
    """A run over a scope, None for the scope of the last one; ``worker``: one that runs;
    ``automated``: automation is written whatever the settings say."""

    def __init__(
        self,
        project: Project,
        setup: Setup,
        scope: str | None,
        worker: Worker | None,
        *,
        automated: bool = False,
    ) -> None:
        self._project = project
        self._setup = setup
        self._scope = scope
        self._automated = automated
        self._started = worker is not None
        self._worker = worker or Worker(setup)

    def abandon(self) -> None:
        """Clean up at once."""
        self._worker.abandon()

    def steps(self) -> Steps:
        """The work, step by step; whatever happens, the worker is ended and cleaned up after."""
        try:
            if not self._started:
                self._worker.start()
            yield
            yield from self._work()
        except GeneratorExit:
            self.abandon()
            raise
        except (NothingToBalanceError, ConflictError) as error:
            yield from self._end()
            say(f"DrumGain: {error}")
        except BaseException:
            yield from self._worker.stop()
            raise
        else:
            yield from self._end()

    def _end(self) -> Steps:
        if not self._worker.has_answered:
            yield from self._worker.stop()
            return
        # the run is over, and the next one need not wait for what this one stores
        reaper.at_exit(self._worker.abandon)
        tasks.Sequence(self._finish()).start()

    def _finish(self) -> Steps:
        notes = yield from self._worker.finish()
        from reaper_drumgain.hosts.live.balance_run import printable

        for note in notes:
            say(f"DrumGain: {printable(note)}")

    def _work(self) -> Steps:
        yield from tasks.imports(tasks.READ_MODULES)
        from reaper_drumgain.hosts.live import balance_run, project_state

        if not is_open(self._project):
            raise ConflictError(f"{self._project.name} was closed meanwhile: nothing was changed")
        wanted = project_state.preferences(
            self._project, self._setup, self._scope, automated=self._automated
        )
        problem = scope_problem(self._project, wanted.scope)
        if problem is not None:
            say(problem)
            return
        yield from balance_run.work(self._project, wanted, self._worker)
