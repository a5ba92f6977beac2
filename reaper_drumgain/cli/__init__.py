"""The ``drumgain`` command: one module per command, listed in ``commands``.

In: a command line. Out: text or JSON on standard output, messages on standard error, and an exit
status: 0 done, 1 failed, 2 usage, 3 no drum track to balance, 4 some projects of a batch failed,
130 interrupted. Only this room prints and chooses exit statuses. To keep the start short, commands
and numpy are imported when they are needed.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from reaper_drumgain import errors
from reaper_drumgain.util.process import one_thread_for_blas

#: what writing to a full disk, a closed output or a broken one gives
_OUTPUT_FAILS = (
    errno.ENOSPC,
    getattr(errno, "EDQUOT", errno.ENOSPC),
    errno.EFBIG,
    errno.EBADF,
    errno.EIO,
)
#: what a file or folder gives that may not be used, or whose name cannot be one
_NOT_ALLOWED = {
    errno.EACCES: "no permission for this file or its folder: change the permissions, or use "
    "another folder",
    errno.EPERM: "no permission for this file or its folder: change the permissions, or use "
    "another folder",
    errno.EROFS: "the disk is read-only: use a folder on another disk",
    errno.ELOOP: "it is a link to itself: name the file itself",
    errno.ENAMETOOLONG: "the name is too long: use a shorter one",
}
_FAILED, _USAGE, _NOTHING, _INTERRUPTED = 1, 2, 3, 130


def command() -> NoReturn:
    """Entry point of the installed command: run ``main`` and end the process."""
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    debug = "--debug" in (sys.argv[1:] if argv is None else argv)
    try:
        one_thread_for_blas()
        _open_streams()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        # within the try, because an interrupt may come this early
        from reaper_drumgain.cli.commands import run

        status = run(argv)
        sys.stdout.flush()
    except BrokenPipeError as error:
        # the reader of our output went away: what it would have read is told to nobody
        _close_output()
        _tell_notes(error)
        return _FAILED
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            raise
        return _told(error, as_json=_wants_json(sys.argv[1:] if argv is None else argv))
    return status


def _wants_json(words: Sequence[str]) -> bool:
    """Whether a program reads the output; ``evaluate`` has a file of that name."""
    return "--json" in words and words[0] != "evaluate"


def _told(error: BaseException, *, as_json: bool) -> int:
    """Say what went wrong, in one message, and return the exit status for it.

    With ``as_json`` also as one JSON object in a line of standard output.
    """
    message, status = str(error), _FAILED
    if isinstance(error, KeyboardInterrupt):
        message, status = "interrupted: nothing more was written", _INTERRUPTED
    elif isinstance(error, errors.NothingToBalanceError):
        status = _NOTHING
    elif isinstance(error, errors.InputError) and not isinstance(error, errors.ProjectError):
        status = _USAGE
    elif isinstance(error, OSError) and error.errno in _OUTPUT_FAILS and not error.filename:
        # errors of files are StorageErrors
        _close_output()
        message = f"the output cannot be written: {error.strerror or error}"
    elif isinstance(error, OSError) and error.errno in _NOT_ALLOWED and error.filename:
        message = f"{error.filename}: {error.strerror}: {_NOT_ALLOWED[error.errno]}"
    elif not isinstance(error, errors.DrumGainError):
        # the one place that may let nothing through
        message = (
            f"unexpected {type(error).__name__}: {error}. Please report it with what --debug shows"
        )
    from reaper_drumgain.cli.show import complain

    if as_json:
        import json

        kind = type(error).__name__.removesuffix("Error").lower()
        notes = list(getattr(error, "__notes__", ()))
        failure = {"kind": kind, "message": message, "notes": notes, "status": status}
        print(json.dumps({"schema": 1, "error": failure}), flush=True)
    complain(f"drumgain: {message}")
    _tell_notes(error)
    return status


def _tell_notes(error: BaseException) -> None:
    """Say what else is to be known: what was written before."""
    from reaper_drumgain.cli.show import complain

    for note in getattr(error, "__notes__", ()):
        complain(f"drumgain: {note}")


def _open_streams() -> None:
    """Open those of the standard streams that are closed.

    Else a project would be opened in their place, and what is meant for a terminal, also by other
    libraries, would be written into it. What is printed to a closed output is an error.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # the lowest free number is this one
            os.open(os.devnull, flags)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - for good
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def _close_output() -> None:
    """Let the rest of the output go nowhere: writing it at the end would fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
