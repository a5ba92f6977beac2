"""The ``drumgain`` command: one module per command, listed in ``commands``.

In: a command line. Out: text or JSON on standard output, messages on standard error, and an exit
status: 0 done, 1 failed, 2 usage, 3 no drum track to balance, 4 some projects of a batch failed,
130 interrupted. Only this room prints and chooses exit statuses. To keep the start short, commands
and numpy are imported when they are needed.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from reaper_drumgain import errors
from reaper_drumgain.util.process import one_thread_for_blas

_FAILED, _USAGE, _NOTHING, _INTERRUPTED = 1, 2, 3, 130


def command() -> NoReturn:
    """Entry point of the installed command: run ``main`` and end the process."""
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    debug = "--debug" in (sys.argv[1:] if argv is None else argv)
    try:
        one_thread_for_blas()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        # within the try, because an interrupt may come this early
        from reaper_drumgain.cli.commands import run

        status = run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader of our output went away; there is nobody left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            raise
        return _told(error)
    return status


def _told(error: BaseException) -> int:
    """Say what went wrong, in one message, and return the exit status for it."""
    message, status = str(error), _FAILED
    if isinstance(error, KeyboardInterrupt):
        message, status = "interrupted: nothing further was written", _INTERRUPTED
    elif isinstance(error, errors.NothingToBalanceError):
        status = _NOTHING
    elif isinstance(error, errors.InputError) and not isinstance(error, errors.ProjectError):
        status = _USAGE
    elif not isinstance(error, errors.DrumGainError):
        # the one place that may let nothing through
        message = f"unexpected {type(error).__name__}: {error}. Please report it with --debug"
    from reaper_drumgain.schema.printable import printable

    print(f"drumgain: {printable(message)}", file=sys.stderr)
    return status
