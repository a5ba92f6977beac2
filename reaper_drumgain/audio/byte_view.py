"""An open file as a seekable stream of bytes, for decoders that take no descriptor."""

from __future__ import annotations

import os


class ByteView:
    """A part of an open file, with other bytes before it.

    It knows no path and has no name, so a decoder can learn nothing but these bytes. The
    descriptor stays the caller's. One thread at a time.

    Parameters
    ----------
    descriptor
        Of the open file.
    prefix
        Bytes that come before those of the file.
    start
        The first byte of the file that is read.
    length
        How many of its bytes at most. None for all.
    """

    def __init__(
        self, descriptor: int, prefix: bytes = b"", start: int = 0, length: int | None = None
    ) -> None:
        self._descriptor, self._prefix, self._start = descriptor, prefix, start
        rest = max(0, os.fstat(descriptor).st_size - start)
        self.size = len(prefix) + (rest if length is None else min(rest, length))
        self._place = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; what lies outside is held at the edges."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place}.get(whence, self.size)
        self._place = min(self.size, max(0, base + offset))
        return self._place

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def read(self, count: int = -1) -> bytes:
        """The next bytes, fewer at the end."""
        rest = self.size - self._place
        count = rest if count < 0 else min(count, rest)
        if count <= 0:
            return b""
        got = self._prefix[self._place : self._place + count]
        if len(got) < count:
            behind = self._start + self._place + len(got) - len(self._prefix)
            os.lseek(self._descriptor, behind, os.SEEK_SET)
            got += os.read(self._descriptor, count - len(got))
        self._place += len(got)
        return got

    def readinto(self, target: object) -> int:
        """Read the next bytes into a writable buffer; returns how many there were."""
        view = memoryview(target).cast("B")  # type: ignore[arg-type]
        got = self.read(len(view))
        view[: len(got)] = got
        return len(got)

    def at(self, offset: int, count: int) -> bytes:
        """The bytes at an offset; fewer at the end."""
        self.seek(offset)
        return self.read(count)
