"""Commands run at a pseudo terminal."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Mapping, Sequence

import pytest


def shown_at_terminal(
    command: Sequence[str], columns: int = 80, env: Mapping[str, str] | None = None
) -> str:
    """What a terminal of this width gets from a command, which must succeed."""
    pty = pytest.importorskip("pty", reason="needs a pseudo terminal")
    import fcntl
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    usual = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "TERM")}
    process = subprocess.Popen(command, stdout=slave, stderr=slave, env={**usual, **(env or {})})
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:
        pass  # how Linux tells that the other side has closed
    os.close(master)
    assert process.wait() == 0, shown
    return shown.decode().replace("\r\n", "\n")
