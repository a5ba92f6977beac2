"""A batch from its paths to its outcomes. Plans come from any process; only this one writes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from reaper_drumgain.balance.folders import open_project
from reaper_drumgain.batch.find import Found, ProjectFile, file_of, find_projects
from reaper_drumgain.batch.journal import Journal, Mode, PendingWrite, Run, real_paths
from reaper_drumgain.batch.lock import locked
from reaper_drumgain.batch.outcome import Outcome
from reaper_drumgain.batch.pool import Tell, plan_all
from reaper_drumgain.batch.work import Job, Result, digest_of
from reaper_drumgain.batch.written_list import WrittenList
from reaper_drumgain.errors import (
    ConflictError,
    DrumGainError,
    InputError,
    NothingToBalanceError,
    StorageError,
)
from reaper_drumgain.hosts import rpp
from reaper_drumgain.hosts.rpp.storage import storage_errors
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.util.interrupts import DeferredInterrupt


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a batch.

    Attributes
    ----------
    paths
        Files and folders.
    settings
        What the user wants of each project.
    recursive
        Search the folders below, too.
    mode
        Where results go; nowhere in a dry run.
    output
        The folder of mode ``output``.
    overwrite
        Replace files that are there.
    jobs
        Number of processes on this machine.
    cluster
        The address of a Dask scheduler. None for this machine.
    cache
        Whether analysis results are kept.
    report
        The folder of reports. None for none.
    sound
        Whether reports have the drums before and after to hear.
    resume
        Resume an interrupted run (true), or begin anew (false). None begins anew where no project
        is balanced twice by that.
    """

    paths: tuple[Path, ...]
    settings: Settings
    recursive: bool = False
    mode: Mode | Literal["dry run"] = "beside"
    output: Path | None = None
    overwrite: bool = False
    jobs: int = 1
    cluster: str | None = None
    cache: bool = True
    report: Path | None = None
    sound: bool = False
    resume: bool | None = None


class Batch:
    """The projects that were found, to be balanced by ``outcomes``.

    Raises InputError where a path or the output cannot be used.

    Parameters
    ----------
    options
        The options of the batch.

    Raises
    ------
    NothingToBalanceError
        There is no project.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        # results of an earlier run are no projects; those of a path that was given are
        given = set(real_paths(options.paths))
        output = options.output
        skip = () if output is None or os.path.realpath(output) in given else (output,)
        self.found: Found = find_projects(options.paths, recursive=options.recursive, skip=skip)
        if not self.found.projects and not self.found.unreadable:
            hint = "" if options.recursive else "; --recursive also looks into subfolders"
            where = ", ".join(map(str, options.paths))
            raise NothingToBalanceError(
                f"{where}: no project files (.RPP) or audio files there{hint}"
            )
        self.places = {str(place.path.absolute()): place for place in self.found.projects}
        self._targets = self._outputs()
        self._written = None if options.output is None else WrittenList(options.output)

    @property
    def total(self) -> int:
        """How many outcomes there will be."""
        return len(self.places) + len(self.found.unreadable)

    def outcomes(self, tell: Tell) -> Iterator[Outcome]:
        """Balance all projects, and yield the outcome of each as it is known.

        ``tell``: called with messages that concern no single project. Ended early (closed,
        interrupted), it leaves every project as it was or completely written. Raises
        ConflictError where another run is at work in the same folders, InputError, StorageError
        or HostError where the run cannot begin.
        """
        for folder, why in self.found.unreadable:
            yield Outcome(str(folder.absolute()), "failed", f"{folder}: {why}")
        if self._options.mode == "dry run":
            yield from self._work(list(self.places), None, tell)
            return
        with locked(*self._folders()) as refused:
            journal = Journal.open(self._run(), resume=self._options.resume)
            with contextlib.closing(journal):
                waiting: list[str] = []
                for project in self.places:
                    earlier = self._earlier(project, journal)
                    target = os.path.realpath(self._targets.get(project, file_of(Path(project))))
                    no_lock = refused.get(Path(target).parent)
                    if earlier is None and no_lock is not None:
                        yield Outcome(project, "failed", no_lock)
                    elif earlier is None:
                        waiting.append(project)
                    else:
                        yield earlier
                yield from self._work(waiting, journal, tell)
                with _storage_errors_told(tell):
                    journal.finish()

    def _work(self, waiting: list[str], journal: Journal | None, tell: Tell) -> Iterator[Outcome]:
        options = self._options
        job = Job(
            options.settings,
            threads=2,
            cache=options.cache,
            report=options.report is not None,
            sound=options.sound,
        )
        results = plan_all(
            dict(enumerate(waiting)), job, jobs=options.jobs, cluster=options.cluster, tell=tell
        )
        told: set[str] = set()
        with contextlib.closing(results):
            for number, result in results:
                for note in set(result.notes) - told:
                    tell(note)
                told.update(result.notes)
                with DeferredInterrupt() as interrupt:
                    outcome = self._finish(waiting[number], result, journal)
                    if journal is not None:
                        # the write itself is in the journal already
                        with _storage_errors_told(tell):
                            journal.finished_with(outcome)
                yield outcome
                interrupt.raise_pending()

    def _finish(self, project: str, result: Result, journal: Journal | None) -> Outcome:
        """Write a plan, or say why there is none. Never raises: errors are in the outcome."""
        try:
            if result.plan is None:
                nothing = result.error == NothingToBalanceError.__name__
                return Outcome(project, "nothing" if nothing else "failed", result.message)
            outcome = replace(_planned_outcome(project, result.plan), message=result.message)
            if self._options.report is not None:
                from reaper_drumgain.report.build import save

                # before the project: a resumed run does not plan a written project again
                save(dict(result.files), self._options.report)
                pages = [name for name, _ in result.files if name.endswith(".html")]
                outcome = replace(outcome, report=pages[0])
            if journal is None:
                return outcome if result.plan.changes else replace(outcome, status="unchanged")
            return self._write(result.plan, result.digest, outcome, journal)
        except DrumGainError as error:
            return Outcome(project, "failed", str(error))
        except Exception as error:
            message = f"{project}: unexpected {type(error).__name__}: {error}. Please report it"
            return Outcome(project, "failed", message)

    def _write(self, plan: GainPlan, digest: str, outcome: Outcome, journal: Journal) -> Outcome:
        file = open_project(outcome.project)
        if digest_of(file.data) != digest:
            raise ConflictError(
                f"{outcome.project} changed while its audio was analysed (saved in REAPER?): "
                "nothing was written; run the batch again"
            )
        if not plan.changes and not file.made:
            return replace(outcome, status="unchanged")
        target = self._target(outcome.project)
        if target is not None:
            outcome = replace(outcome, output=str(target))
        # the outcome that a resumed run reports, should this one end here
        done = replace(outcome, status="written", output=outcome.output or outcome.project)
        written = rpp.apply_plan(
            file,
            plan,
            target,
            overwrite=self._options.overwrite,
            before_write=lambda intent: self._note(intent, done, journal),
        )
        if target is None and written.backup is None:
            return replace(outcome, status="unchanged")
        backup = None if written.backup is None else str(written.backup)
        return replace(done, output=str(written.path), backup=backup)

    def _note(self, intent: rpp.WriteIntent, done: Outcome, journal: Journal) -> None:
        """Note a write before it begins: for --resume, and for a later batch over the folder."""
        journal.writing(intent, done)
        if self._written is not None and done.output is not None:
            self._written.add(Path(done.output))

    def _earlier(self, project: str, journal: Journal) -> Outcome | None:
        """The outcome of a project in the interrupted run; None where it is still to be done."""
        outcome = journal.done.get(project)
        begun: PendingWrite | None = journal.interrupted(project)
        if begun is not None:
            try:
                outcome = begun.outcome if begun.is_done() else None
            except DrumGainError as error:
                return Outcome(project, "failed", str(error))
            if outcome is not None:
                with contextlib.suppress(StorageError):
                    journal.finished_with(outcome)
        return None if outcome is None else replace(outcome, earlier=True)

    def _target(self, project: str) -> Path | None:
        """Where a project's result goes, None for itself; its folder is there then."""
        if self._options.mode == "in place":
            return None
        if self._options.mode == "beside":
            return rpp.free_name_beside(file_of(Path(project)))
        target = self._targets[project]
        with storage_errors(f"cannot make the folder {target.parent}"):
            target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _outputs(self) -> dict[str, Path]:
        """The output file of each project, below the output folder as the project below its
        root; each name once.

        Raises InputError where one would be a project itself.
        """
        folder = self._options.output
        if folder is None:
            return {}
        if folder.exists() and not folder.is_dir():
            raise InputError(f"--output {folder} is a file: expected a folder")
        targets: dict[str, Path] = {}
        taken: set[str] = set()
        projects = {os.path.realpath(place.path) for place in self.found.projects}
        for project, place in self.places.items():
            target, count = folder / place.within, 1
            # some file systems ignore case
            while str(target).casefold() in taken:
                count += 1
                target = folder / place.within.with_name(
                    f"{place.within.stem}-{count}{place.within.suffix}"
                )
            if os.path.realpath(target) in projects:
                raise InputError(
                    f"--output {folder}: {target} is one of the projects; use --in-place for that"
                )
            taken.add(str(target).casefold())
            targets[project] = target.absolute()
        return targets

    def _folders(self) -> tuple[set[Path], set[Path]]:
        """The folders that this run writes in: the topmost ones, and all."""
        output = self._options.output
        if output is not None:
            with storage_errors(f"cannot make the folder {output}"):
                output.mkdir(parents=True, exist_ok=True)
            return {output}, {target.parent for target in self._targets.values()}
        tops = {Path(os.path.realpath(_folder(place))) for place in self.found.projects}
        # a broken link names no folder of this run
        found = [p.path for p in self.found.projects if os.path.exists(p.path)]  # noqa: PTH110
        real = {Path(os.path.realpath(file_of(path))).parent for path in found}
        tops |= real
        return {top for top in tops if not any(other in tops for other in top.parents)}, real

    def _run(self) -> Run:
        options = self._options
        assert options.mode != "dry run"
        return Run(
            real_paths(options.paths),
            options.recursive,
            options.mode,
            None if options.output is None else os.path.realpath(options.output),
            options.settings.to_json(),
        )


@contextlib.contextmanager
def _storage_errors_told(tell: Tell) -> Iterator[None]:
    """A journal that cannot be written must not end the run once projects are written."""
    try:
        yield
    except StorageError as error:
        tell(str(error))


def _folder(place: ProjectFile) -> Path:
    return place.root if place.root != place.path else place.path.parent


def _planned_outcome(project: str, plan: GainPlan) -> Outcome:
    return Outcome(
        project,
        "planned",
        drums=len(plan.tracks),
        moved=len({track.index for track in (*plan.moves, *plan.automated)}),
        warnings=len(plan.warnings),
        before_lufs=plan.levels.before_lufs,
        after_lufs=plan.levels.after_lufs,
        mode=plan.mode,
    )
