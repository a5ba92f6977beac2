"""The ``drumgain`` command. Only here are things printed and exit statuses chosen.

0 done, 1 failed, 2 usage, 3 no drum track to balance, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from reaper_drumgain import __version__, errors
from reaper_drumgain.cli import (
    balance,
    demo,
    install,
    methods,
    restore,
    tracks,
    train,
    uninstall,
)
from reaper_drumgain.cli.show import printable

_COMMANDS = (balance, tracks, methods, restore, install, uninstall, demo, train)
_DONE, _FAILED, _USAGE, _NOTHING, _INTERRUPTED = 0, 1, 2, 3, 130
#: BLAS reads these when numpy is imported; its threads only get in the way of ours
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail("interrupted: nothing further was written", _INTERRUPTED, arguments)
    except BrokenPipeError:
        # the reader of our output went away; there is nobody left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except errors.NothingToBalanceError as error:
        return _fail(str(error), _NOTHING, arguments)
    except errors.ProjectError as error:
        return _fail(str(error), _FAILED, arguments)
    except errors.InputError as error:
        return _fail(str(error), _USAGE, arguments)
    except errors.DrumGainError as error:
        return _fail(str(error), _FAILED, arguments)
    except Exception as error:
        # the one place that may let nothing through
        text = f"unexpected {type(error).__name__}: {error}. Please report it with --debug"
        return _fail(text, _FAILED, arguments)
    return status


def _fail(message: str, status: int, arguments: argparse.Namespace) -> int:
    if arguments.debug:
        raise  # noqa: PLE0704 - called from the except blocks of main alone
    print(f"drumgain: {printable(message)}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drumgain",
        description="Sets the faders of drum tracks in REAPER projects where a good engineer "
        "would put them.",
    )
    parser.add_argument("--version", action="version", version=f"drumgain {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        sub = subparsers.add_parser(
            command.NAME,
            parents=[common],
            help=command.SUMMARY,
            description=command.SUMMARY,
        )
        command.add_options(sub)
        sub.set_defaults(run=command.run)
    return parser
