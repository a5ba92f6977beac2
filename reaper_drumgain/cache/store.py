"""Bytes by key in a SQLite database.

The file may be deleted at any time, also while it is used. Where it cannot be used, work goes
on without it. Standard library only; SQLite is imported once there is something to read or
write.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reaper_drumgain.cache.keys import FORMAT, digest
from reaper_drumgain.util.user_dirs import cache_folder

if TYPE_CHECKING:
    import sqlite3

FILE_NAME = f"analyses-{FORMAT}.sqlite3"
#: most bytes of the whole database, and of one entry
LIMIT = 1 << 30
MAX_ENTRY = 128 << 20
_BUSY_S = 2.0
#: share of the limit that is kept once it was passed
_SHRUNK = 0.8
_TABLE = (
    "CREATE TABLE analyses "
    "(key BLOB PRIMARY KEY, used INTEGER, size INTEGER, digest BLOB, data BLOB)"
)

T = TypeVar("T")


def warm_up() -> None:
    """Import SQLite ahead of time, if the cache holds anything."""
    if not Store(lambda _: None).is_empty:
        with contextlib.suppress(ImportError):
            import sqlite3  # noqa: F401


class Store:
    """Bytes by key, in a database of the user. No error of the database is ever raised.

    Parameters
    ----------
    tell
        Gets a sentence where the database fails.
    path
        Its file. None for the usual one.
    limit
        How many bytes it may hold.
    """

    def __init__(
        self, tell: Callable[[str], None], path: Path | None = None, limit: int = LIMIT
    ) -> None:
        self._path = path or cache_folder() / FILE_NAME
        self._tell = tell
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
        self._given_up = False
        self._was_damaged = False

    def __del__(self) -> None:
        self.close()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        return self._connection is None and not os.path.lexists(self._path)

    def read(self, key: bytes) -> bytes | None:
        """The bytes stored under a key; None if there are none or they are damaged."""

        def look(connection: sqlite3.Connection) -> bytes | None:
            query = "SELECT digest, data FROM analyses WHERE key = ? AND size <= ?"
            row = connection.execute(query, (key, MAX_ENTRY)).fetchone()
            if row is None or not isinstance(row[1], bytes):
                return None
            return row[1] if _digest_of(key, row[1]) == row[0] else None

        return self._do(look, create=False)

    def write(self, entries: Sequence[tuple[bytes, bytes]], used: Sequence[bytes] = ()) -> None:
        """Store entries, each a key with its bytes.

        Entries under the keys in ``used`` are noted as used now. Above the limit, those that were
        used longest ago are deleted.
        """
        now = time.time_ns()
        rows = [
            (key, now, len(data), _digest_of(key, data), data)
            for key, data in entries
            if len(data) <= min(MAX_ENTRY, self._limit)
        ]

        def add(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO analyses VALUES (?, ?, ?, ?, ?)", rows)
            touched = [(now, key) for key in used]
            connection.executemany("UPDATE analyses SET used = ? WHERE key = ?", touched)
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
        (total,) = connection.execute("SELECT total(size) FROM analyses").fetchone()
        if total <= self._limit:
            return
        for key, size in connection.execute(
            "SELECT key, size FROM analyses ORDER BY used"
        ).fetchall():
            connection.execute("DELETE FROM analyses WHERE key = ?", (key,))
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
            if not quiet or _is_damage(error):
                self._explain(error)
        except (OSError, _UnusableError) as error:
            self._give_up(error)
        except _DAMAGE:
            self.close()
            self._set_aside()
        return None

    def _give_up(self, error: Exception) -> None:
        self._given_up = True
        self._tell(f"analysis results are not cached in {self._path}: {error}")

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(os.lstat(self._path).st_mode):
                raise _UnusableError("it is no regular file")
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ENTRY + (1 << 20))
            connection.execute("PRAGMA trusted_schema = OFF")
            # no promise to keep over a power loss: what is damaged then is set aside
            connection.execute("PRAGMA synchronous = OFF")
            if self._tables(connection) == []:
                connection.execute("BEGIN IMMEDIATE")
                if self._tables(connection) == []:
                    connection.execute(_TABLE)
                    connection.execute(f"PRAGMA user_version = {FORMAT}")
                    self._remove_older()
                connection.execute("COMMIT")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != FORMAT or self._tables(connection) != [_TABLE]:
                raise _DamagedError("it is no database of ours")
        except BaseException:
            connection.close()
            raise
        return connection

    def _remove_older(self) -> None:
        """Remove the caches of older versions, which nobody reads any more."""
        for number in range(FORMAT):
            with contextlib.suppress(OSError):
                os.unlink(self._path.with_name(f"analyses-{number}.sqlite3"))  # noqa: PTH108

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
        if _is_damage(error):
            self._set_aside()
        else:
            self._give_up(error)

    def _set_aside(self) -> None:
        """Move a damaged database away; a new one is made when there is something to store."""
        # where that does not help, it is not the file that is damaged
        self._given_up, self._was_damaged = self._was_damaged, True
        aside = self._path.with_suffix(".damaged")
        try:
            os.replace(self._path, aside)  # noqa: PTH105
        except OSError as error:
            self._give_up(error)
            return
        # what belongs to it must not be taken for a part of the new one
        for more in ("-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.unlink(f"{self._path}{more}")  # noqa: PTH108
        self._tell(f"the analysis cache was damaged; it was moved to {aside} and a new one is made")


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the database itself is damaged, not the system around it."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    around = (
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN),
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOLFS),
        *(sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_ABORT, sqlite3.SQLITE_PROTOCOL),
    )
    return code not in around


def _digest_of(key: bytes, data: bytes) -> bytes:
    """The digest of an entry together with its key, so that a row is valid for its own key only."""
    return digest(digest(key) + data)


class _UnusableError(Exception):
    """There is something that is no file."""


class _DamagedError(Exception):
    """The file is a database, but not one that was made here."""


#: errors that a database raises whose content is not what was stored
_DAMAGE = (_DamagedError, TypeError, ValueError, OverflowError)
