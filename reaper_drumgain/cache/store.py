"""Which audio was heard already, and what was found: the keys, and the database.

Standard library only, so that a command knows before it imports anything whether there will be
something to listen to. ``cache`` puts measurements in and takes them out.

The database is a SQLite file of plain bytes by key: reading it runs nothing. It may be deleted
at any time, also while it is used. Where it cannot be used, work goes on without it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reaper_drumgain import __version__
from reaper_drumgain.schema.session import Clip, Session, Track
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.util.user_dirs import cache_folder

if TYPE_CHECKING:
    import sqlite3

#: of the tables; with another one the file has another name, too
FORMAT = 1
FILE_NAME = f"heard-{FORMAT}.sqlite3"
#: bytes of everything that is kept, and of one entry
LIMIT = 1 << 30
MOST = 128 << 20
#: the coarsest clock of a file system (FAT) ticks every 2 s
SETTLED_S = 2.5
_BUSY_S = 2.0
#: what is left of the limit once it was passed
_SHRUNK = 0.8
_TABLE = (
    "CREATE TABLE heard (key BLOB PRIMARY KEY, used INTEGER, size INTEGER, digest BLOB, data BLOB)"
)

T = TypeVar("T")
Tell = Callable[[str], None]
Identities = Mapping[str, tuple[int, ...] | None]


@dataclass(frozen=True, slots=True)
class Audio:
    """All that decides what listening finds: listening itself gets to see no more than this.

    ``session``: of the drum tracks alone, with what is heard before their faders; ``drums``
    in it; ``span``: the part that is listened to; ``files``: what tells each media file from
    any other (device, inode, mode, size, both times), None for one that is not there.
    """

    session: Session
    drums: tuple[DrumTrack, ...]
    span: tuple[float, float] | None
    files: Identities

    @property
    def key(self) -> bytes:
        """The name under which it is remembered by this version of the package."""
        decides = (FORMAT, __version__, self.session, self.span, sorted(self.files.items()))
        return digest(repr(decides).encode("utf-8", "surrogatepass"))

    def is_settled(self, began: float) -> bool:
        """Whether the files are still the same, and were last changed long enough before
        listening began: another change within one tick of the clock would not show."""
        times = [max(found[-2:]) for found in self.files.values() if found is not None]
        old = began - max(times, default=0) / 1e9 > SETTLED_S
        return old and identities(self.session) == self.files


def audio_of(
    session: Session, drums: Sequence[DrumTrack], span: tuple[float, float] | None
) -> Audio:
    """The audio of these tracks, with the media files as they are now."""
    heard, own = _what_sounds(session, drums)
    return Audio(heard, own, span, identities(heard))


def warm_up() -> None:
    """Import what looking something up takes, where there is anything to look up."""
    if not Store(lambda _: None).is_empty:
        digest(b"")
        with contextlib.suppress(ImportError):
            import sqlite3  # noqa: F401


def digest(data: bytes) -> bytes:
    """The SHA-256 of bytes."""
    # imported late: a first run needs none before its answer is there
    import hashlib

    return hashlib.sha256(data).digest()


def _what_sounds(
    session: Session, drums: Sequence[DrumTrack]
) -> tuple[Session, tuple[DrumTrack, ...]]:
    """A session of the drum tracks alone, with what is heard before their faders and no more."""
    tracks = tuple(
        Track(
            index=place,
            name=drum.track.name,
            clips=drum.track.clips,
            effects=tuple(e for e in drum.track.effects if e.instrument and e.enabled),
            envelopes=tuple(e for e in drum.track.envelopes if e.kind == "pre-fx volume"),
        )
        for place, drum in enumerate(drums)
    )
    heard = Session(path="", tracks=tracks, sample_rate=session.sample_rate)
    pairs = zip(drums, tracks, strict=True)
    return heard, tuple(replace(drum, track=track) for drum, track in pairs)


def identities(session: Session) -> dict[str, tuple[int, ...] | None]:
    """What tells a media file from any other, by path: None for one that is not there."""
    return {path: _identity(path) for path in sorted(set(_media(session)))}


def _media(session: Session) -> Iterator[str]:
    for track in session.tracks:
        for clip in track.clips:
            if _reads_file(clip) and clip.source.path:
                yield clip.source.path


def _reads_file(clip: Clip) -> bool:
    return clip.plays and clip.source.kind == "file"


def _identity(path: str) -> tuple[int, ...] | None:
    if path[:2].replace("\\", "/") == "//":
        # never read, so not even asked about
        return None
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return (
        *(status.st_dev, status.st_ino, status.st_mode, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )


class Store:
    """Bytes by key in a SQLite database that is never allowed to be in the way."""

    def __init__(self, tell: Tell, path: Path | None = None, limit: int = LIMIT) -> None:
        """``path``: the user's own by default. ``tell`` gets a sentence where it fails."""
        self._path = path or cache_folder() / FILE_NAME
        self._tell = tell
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
        self._given_up = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        return self._connection is None and not os.path.lexists(self._path)

    def read(self, key: bytes) -> bytes | None:
        """What was written under a key; None where there is nothing whole."""

        def look(connection: sqlite3.Connection) -> bytes | None:
            query = "SELECT digest, data FROM heard WHERE key = ? AND size <= ?"
            row = connection.execute(query, (key, MOST)).fetchone()
            if row is None or not isinstance(row[1], bytes):
                return None
            return row[1] if digest(row[1]) == row[0] else None

        return self._do(look, create=False)

    def write(self, entries: Sequence[tuple[bytes, bytes]], used: Sequence[bytes] = ()) -> None:
        """Keep entries, and drop those used longest ago where all together take too much."""
        now = time.time_ns()
        rows = [
            (key, now, len(data), digest(data), data)
            for key, data in entries
            if len(data) <= min(MOST, self._limit)
        ]

        def add(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?, ?)", rows)
            touched = [(now, key) for key in used]
            connection.executemany("UPDATE heard SET used = ? WHERE key = ?", touched)
            if rows:
                self._shrink(connection)
            connection.execute("COMMIT")

        self._do(add, create=bool(rows), quiet=not rows)

    def close(self) -> None:
        """Close the database; it is opened again where it is needed."""
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None

    def _shrink(self, connection: sqlite3.Connection) -> None:
        (total,) = connection.execute("SELECT total(size) FROM heard").fetchone()
        if total <= self._limit:
            return
        for key, size in connection.execute("SELECT key, size FROM heard ORDER BY used").fetchall():
            connection.execute("DELETE FROM heard WHERE key = ?", (key,))
            total -= size
            if total <= _SHRUNK * self._limit:
                return

    def _do(
        self, action: Callable[[sqlite3.Connection], T], *, create: bool, quiet: bool = False
    ) -> T | None:
        """The result of something done with the database; None where that cannot be done,
        which is told unless ``quiet``."""
        # where nothing was ever written, SQLite is not even imported
        if self._given_up or (self.is_empty and not create):
            return None
        try:
            import sqlite3
        except ImportError as error:  # Python can be built without it
            self._give_up(error)
            return None
        try:
            if self._connection is None:
                self._connection = self._open()
            return action(self._connection)
        except sqlite3.Error as error:
            self.close()
            if not quiet:
                self._explain(error)
        except (OSError, _UnusableError) as error:
            self._give_up(error)
        return None

    def _give_up(self, error: Exception) -> None:
        self._given_up = True
        self._tell(f"nothing is remembered in {self._path}: {error}")

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(os.lstat(self._path).st_mode):
                raise _UnusableError("it is no regular file")
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST + (1 << 20))
            connection.execute("PRAGMA trusted_schema = OFF")
            # no promise to keep over a power loss: what is damaged then is set aside
            connection.execute("PRAGMA synchronous = OFF")
            if self._tables(connection) == []:
                connection.execute("BEGIN IMMEDIATE")
                if self._tables(connection) == []:
                    connection.execute(_TABLE)
                    connection.execute(f"PRAGMA user_version = {FORMAT}")
                connection.execute("COMMIT")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != FORMAT or self._tables(connection) != [_TABLE]:
                raise _UnusableError("it is of another version, or was changed: delete it")
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _tables(connection: sqlite3.Connection) -> list[str]:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
        return [sql for (sql,) in found]

    def _explain(self, error: sqlite3.Error) -> None:
        import sqlite3

        exactly = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        code = exactly & 0xFF
        passing = code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if passing or exactly == sqlite3.SQLITE_READONLY_DBMOVED:
            # another process writes and writes, or it was deleted: the next time is soon enough
            return
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self._given_up = True
            aside = self._path.with_suffix(".damaged")
            with contextlib.suppress(OSError):
                os.replace(self._path, aside)  # noqa: PTH105
            self._tell(f"the memory of what was heard was damaged: it now lies in {aside}")
        else:
            self._give_up(error)


class _UnusableError(Exception):
    """The database is none of ours."""
