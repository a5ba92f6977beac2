"""The journal of a run, from which an interrupted run is resumed.

A file in the user's state folder with one JSON object a line, one file per set of paths and
place of output. Before a project is written, the digests of the old and of the new bytes are on
disk. So, whenever the process ends, the next run can tell each write: the file holds the new
bytes (it was done) or the old ones (it was not).

The order of a write: journal entry and fsync; temporary file and fsync; backup, fsync, fsync of
the folder; rename; fsync of the folder; journal entry that it is done. A power loss leaves one
of the same states, as far as the disk keeps what fsync promises.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from reaper_drumgain import __version__
from reaper_drumgain.batch.outcome import Outcome
from reaper_drumgain.errors import ConflictError, InputError, StorageError
from reaper_drumgain.hosts.rpp import WriteIntent
from reaper_drumgain.hosts.rpp.atomic_write import remove_leftovers
from reaper_drumgain.hosts.rpp.storage import storage_errors, sync_folder
from reaper_drumgain.schema import json_codec
from reaper_drumgain.util.user_dirs import state_folder

_FORMAT = 2
#: far more than any run writes
_MAX_BYTES = 1 << 30
#: journals that are kept, for a later --resume
_MOST_JOURNALS = 100

Mode = Literal["beside", "in place", "output"]


@dataclass(frozen=True, slots=True)
class Run:
    """The identity of a run.

    Attributes
    ----------
    paths
        The given paths, absolute.
    recursive
        Whether the folders below are searched, too.
    mode
        Where results go.
    output
        The folder of mode ``output``, else None.
    how
        The settings that decide what is written, as text.
    """

    paths: tuple[str, ...]
    recursive: bool
    mode: Mode
    output: str | None
    how: str

    @property
    def name(self) -> str:
        """The name of the journal. It leaves ``how`` out, so that a resumed run with other
        settings is noticed."""
        place = [list(self.paths), self.recursive, self.mode, self.output]
        return hashlib.sha256(json.dumps(place).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """A write that was begun.

    Attributes
    ----------
    target
        The real path of the file.
    before
        The digest of its old bytes; None where there was no file.
    after
        The digest of the new bytes.
    outcome
        The outcome once it is done.
    """

    target: str
    before: str | None
    after: str
    outcome: Outcome

    def is_done(self) -> bool:
        """Whether the file holds the new bytes. Removes temporary files that were left.

        Returns
        -------
        bool
            False where the file holds the old bytes.

        Raises
        ------
        ConflictError
            The file holds something else.
        """
        target = Path(self.target)
        remove_leftovers(target.parent)
        digest = _digest(target)
        if digest in (self.before, self.after):
            return digest == self.after
        raise ConflictError(
            f"{self.target} changed after the interrupted run began to write it, so it is not "
            "known whether it was written. Compare it with its backup, then balance it by itself"
        )


class Journal:
    """An open journal. ``done`` holds the outcomes of an earlier run, by project.

    Parameters
    ----------
    path, file
        The file, and the same opened for writing.
    state
        What was in it.
    """

    def __init__(self, path: Path, file: BinaryIO, state: _JournalState) -> None:
        self._path = path
        self._file = file
        self._state = state
        self.done = dict(state.done)

    @classmethod
    def open(cls, run: Run, *, resume: bool | None) -> Journal:
        """Open the journal of a run: to resume it, or to begin anew. Raises StorageError.

        Parameters
        ----------
        run
            The identity of the run.
        resume
            Whether to resume it. None begins anew, unless a project could be balanced twice by
            that.

        Returns
        -------
        Journal
            To be closed by the caller.

        Raises
        ------
        InputError
            An interrupted run stands in the way, or had other settings.
        """
        path = state_folder() / "batch" / f"{run.name}.jsonl"
        state = _read(path)
        halfway = not state.finished and bool(state.done or state.writing)
        if resume is None and run.mode == "in place" and halfway:
            raise InputError(
                f"an earlier run on these paths was interrupted after {len(state.done)} projects: "
                "--resume continues it; --no-resume starts again, also with projects that were "
                "already written"
            )
        if not resume:
            state = _JournalState()
        elif state.begun and state.how != run.how:
            raise InputError(
                "the interrupted run on these paths had other settings: use the same command line "
                "with --resume, or start again with --no-resume"
            )
        with storage_errors(f"cannot keep the journal {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open(path, "r+b" if state.begun else "wb", buffering=0)  # noqa: PTH123, SIM115
        journal = cls(path, file, state)
        try:
            journal._begin(run)
        except BaseException:
            file.close()
            raise
        return journal

    def _begin(self, run: Run) -> None:
        if self._state.begun:
            # removes a last line that was cut off when the process ended
            with storage_errors(f"cannot keep the journal {self._path}"):
                self._file.truncate(self._state.whole)
                self._file.seek(self._state.whole)
            return
        self._add({"journal": _FORMAT, "version": __version__, "how": run.how}, last=True)
        sync_folder(self._path.parent)
        _remove_oldest(self._path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def interrupted(self, project: str) -> PendingWrite | None:
        """The write of a project that an earlier run began and did not note as done."""
        return self._state.writing.get(project)

    def writing(self, intent: WriteIntent, outcome: Outcome) -> None:
        """Note a write before it begins, and its outcome; on disk when this returns."""
        begun = PendingWrite(
            str(intent.target),
            _digest(intent.target),
            intent.after,
            outcome,
        )
        self._add({"project": outcome.project, "writing": json_codec.encode(begun)}, last=True)

    def finished_with(self, outcome: Outcome) -> None:
        """Note the outcome of a project; a resumed run tries failed ones again."""
        self._add({"project": outcome.project, "outcome": json_codec.encode(outcome)})

    def finish(self) -> None:
        """Note that the run is complete."""
        self._add({"finished": True}, last=True)

    def _add(self, entry: dict[str, Any], *, last: bool = False) -> None:
        view = memoryview(json.dumps(entry).encode() + b"\n")
        with storage_errors(f"cannot keep the journal {self._path}"):
            start = self._file.tell()
            try:
                while view:
                    view = view[self._file.write(view) :]
                if last:
                    os.fsync(self._file.fileno())
            except OSError:
                # half a line would make the ones after it unreadable
                with contextlib.suppress(OSError):
                    self._file.seek(start)
                    self._file.truncate(start)
                raise


@dataclass(slots=True)
class _JournalState:
    """The content of a journal file; ``whole``: bytes up to the end of its last complete line."""

    how: str = ""
    begun: bool = False
    finished: bool = False
    whole: int = 0
    done: dict[str, Outcome] = field(default_factory=dict)
    writing: dict[str, PendingWrite] = field(default_factory=dict)

    def add(self, entry: dict[str, Any]) -> None:
        if "finished" in entry:
            self.finished = True
            return
        self.finished = False
        project = entry["project"]
        if "outcome" in entry:
            outcome: Outcome = json_codec.decode(entry["outcome"], Outcome, "outcome")
            self.writing.pop(project, None)
            if outcome.status == "failed":
                self.done.pop(project, None)
            else:
                self.done[project] = outcome
            return
        self.writing[project] = json_codec.decode(entry["writing"], PendingWrite, "writing")


def _read(path: Path) -> _JournalState:
    state = _JournalState()
    with storage_errors(f"cannot read the journal {path}"):
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                data = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return state
    lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
    if not lines:
        return state
    try:
        if len(data) > _MAX_BYTES:
            raise ValueError("it is too large")
        head = json_codec.read_json(lines[0])
        if head["journal"] != _FORMAT:
            raise ValueError("it is of another version of DrumGain")
        state.how = str(head["how"])
        for line in lines[1:]:
            state.add(json_codec.read_json(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InputError) as error:
        raise StorageError(
            f"the journal {path} cannot be used ({error}): check what the interrupted run has "
            "written, delete the journal, and run again"
        ) from error
    state.begun = True
    state.whole = sum(map(len, lines))
    return state


def _remove_oldest(newest: Path) -> None:
    """Remove the oldest journals, so that a number of them are left."""
    with contextlib.suppress(OSError):
        others = [path for path in newest.parent.glob("*.jsonl") if path != newest]
        others.sort(key=lambda path: path.stat().st_mtime_ns)
        for path in others[: max(0, len(others) - _MOST_JOURNALS)]:
            path.unlink()


def _digest(path: Path) -> str | None:
    digest = hashlib.sha256()
    with storage_errors(f"cannot read {path}"):
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                while piece := file.read(1 << 20):
                    digest.update(piece)
        except FileNotFoundError:
            return None
    return digest.hexdigest()


def real_paths(run_paths: Sequence[Path]) -> tuple[str, ...]:
    """The paths without links, sorted, each once."""
    return tuple(sorted({os.path.realpath(path) for path in run_paths}))
