"""What a run has done, noted so that one that was interrupted can go on.

One JSON object a line, in the user's state folder, one file per paths and place of output.
Before a project is written, the digests of its bytes and of those meant for the file are
noted, and on disk. So whenever the process ends, each noted write is found out about: the
file holds the intended bytes (it was done), or what was there before (it was not).

The order of a write: note and fsync; temporary file and fsync; backup, fsync, fsync of the
folder; rename; fsync of the folder; note that it is done. A power loss leaves one of the same
states where the disk keeps what fsync promises; no more is claimed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from reaper_drumgain import __version__
from reaper_drumgain.batch.outcome import Outcome
from reaper_drumgain.errors import ConflictError, InputError, StorageError
from reaper_drumgain.hosts.rpp import WriteIntent
from reaper_drumgain.hosts.rpp.storage import backup_draft, storage_errors, sync_folder
from reaper_drumgain.schema import json_codec
from reaper_drumgain.util.user_dirs import state_folder

_FORMAT = 1
#: no run of any size comes near
_MAX_BYTES = 1 << 30
#: finished journals that are kept, for a later --resume
_KEPT = 100

_TEMPORARY = re.compile(r"\.drumgain-[0-9a-f]{16}\.tmp")

Mode = Literal["beside", "in place", "output"]


@dataclass(frozen=True, slots=True)
class Run:
    """What makes two runs the same: given paths (absolute), where results go, and how.

    ``how``: everything that decides what is written, as text.
    """

    paths: tuple[str, ...]
    recursive: bool
    mode: Mode
    output: str | None
    how: str

    @property
    def name(self) -> str:
        """Of the journal: the same for another ``how``, so that such a mix-up is noticed."""
        place = [list(self.paths), self.recursive, self.mode, self.output]
        return hashlib.sha256(json.dumps(place).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Begun:
    """A write that was begun: the real file, the digests of what it held (None: nothing was
    there) and of what is meant for it, the temporary file, and what is done then."""

    target: str
    before: str | None
    after: str
    temporary: str
    outcome: Outcome

    def is_done(self) -> bool:
        """Whether the file holds the intended bytes; false where it is as it was before.

        What is left of temporary files is removed. Raises ConflictError where the file holds
        something else: then nobody can tell.
        """
        temporary, target = Path(self.temporary), Path(self.target)
        if temporary.parent == target.parent and _TEMPORARY.fullmatch(temporary.name):
            for left in (temporary, backup_draft(temporary)):
                with contextlib.suppress(OSError):
                    left.unlink()
        digest = _digest(target)
        if digest in (self.before, self.after):
            return digest == self.after
        raise ConflictError(
            f"{self.target} changed after the interrupted run began to write it: whether that was "
            "done cannot be told. Compare it with its backup, then balance it on its own"
        )


class Journal:
    """An open journal. ``done``: outcomes of an earlier run, by project."""

    def __init__(self, path: Path, file: BinaryIO, held: _Held) -> None:
        self._path = path
        self._file = file
        self._held = held
        self.done = dict(held.done)

    @classmethod
    def open(cls, run: Run, *, resume: bool | None) -> Journal:
        """The journal of a run: anew, or gone on with where ``resume``.

        With None it is begun anew unless that could do something twice. Raises InputError
        where an interrupted run is in the way, or was made with other settings;
        StorageError where no journal can be kept.
        """
        path = state_folder() / "batch" / f"{run.name}.jsonl"
        held = _read(path)
        halfway = not held.finished and bool(held.done or held.writing)
        if resume is None and run.mode == "in place" and halfway:
            raise InputError(
                f"an earlier run on these paths was interrupted after {len(held.done)} projects: "
                "--resume goes on with it; --no-resume begins anew, also with those that were "
                "already written"
            )
        if not resume:
            held = _Held()
        elif held.begun and held.how != run.how:
            raise InputError(
                "the interrupted run on these paths had other settings: go on with the same "
                "(its command line but for --resume), or begin anew with --no-resume"
            )
        with storage_errors(f"cannot keep the journal {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open(path, "r+b" if held.begun else "wb", buffering=0)  # noqa: PTH123, SIM115
        journal = cls(path, file, held)
        try:
            journal._begin(run)
        except BaseException:
            file.close()
            raise
        return journal

    def _begin(self, run: Run) -> None:
        if self._held.begun:
            # a line that the end of the process cut off is not gone on with
            with storage_errors(f"cannot keep the journal {self._path}"):
                self._file.truncate(self._held.whole)
                self._file.seek(self._held.whole)
            return
        self._add({"journal": _FORMAT, "version": __version__, "how": run.how}, last=True)
        sync_folder(self._path.parent)
        _forget(self._path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def interrupted(self, project: str) -> Begun | None:
        """The write of a project that was begun by an earlier run, and not noted as done."""
        return self._held.writing.get(project)

    def writing(self, intent: WriteIntent, outcome: Outcome) -> None:
        """Note what is about to be written, and what is then done; on disk when this returns."""
        begun = Begun(
            str(intent.target),
            _digest(intent.target),
            intent.after,
            str(intent.temporary),
            outcome,
        )
        self._add({"project": outcome.project, "writing": json_codec.encode(begun)}, last=True)

    def finished_with(self, outcome: Outcome) -> None:
        """Note what became of a project; those that failed are tried again by a later run."""
        self._add({"project": outcome.project, "outcome": json_codec.encode(outcome)})

    def finish(self) -> None:
        """Note that the run came to its end."""
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
                # half a line would hide the ones after it
                with contextlib.suppress(OSError):
                    self._file.seek(start)
                    self._file.truncate(start)
                raise


@dataclass(slots=True)
class _Held:
    """What a journal file holds; ``whole``: bytes up to the end of its last whole line."""

    how: str = ""
    begun: bool = False
    finished: bool = False
    whole: int = 0
    done: dict[str, Outcome] = field(default_factory=dict)
    writing: dict[str, Begun] = field(default_factory=dict)

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
        self.writing[project] = json_codec.decode(entry["writing"], Begun, "writing")


def _read(path: Path) -> _Held:
    held = _Held()
    with storage_errors(f"cannot read the journal {path}"):
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                data = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return held
    lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
    if not lines:
        return held
    try:
        if len(data) > _MAX_BYTES:
            raise ValueError("it is too large")
        head = json.loads(lines[0])
        if head["journal"] != _FORMAT:
            raise ValueError("it is of another version of DrumGain")
        held.how = str(head["how"])
        for line in lines[1:]:
            held.add(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InputError) as error:
        raise StorageError(
            f"the journal {path} cannot be used ({error}): look at what the interrupted run left, "
            "delete the journal, and run again"
        ) from error
    held.begun = True
    held.whole = sum(map(len, lines))
    return held


def _forget(newest: Path) -> None:
    """Remove the oldest journals but for a number of them."""
    with contextlib.suppress(OSError):
        others = [path for path in newest.parent.glob("*.jsonl") if path != newest]
        others.sort(key=lambda path: path.stat().st_mtime_ns)
        for path in others[: max(0, len(others) - _KEPT)]:
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


def paths_of(run_paths: Sequence[Path]) -> tuple[str, ...]:
    """Paths as a run is known by: real, in a fixed order, each once."""
    return tuple(sorted({os.path.realpath(path) for path in run_paths}))
