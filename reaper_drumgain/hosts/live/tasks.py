"""Work in slices: a generator that is advanced from REAPER's defer queue.

A step that yields ``WAIT`` has nothing to do before the next tick; one that yields a number
says how many seconds the step after it may take, which waits for the next tick where this one
has not as many left. One task runs at a time in
a REAPER: the key that is pressed while one runs cancels it, whichever script instance it is
in, because both see REAPER's own ext state (which no project can write and which is not kept).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import time
from collections.abc import Callable, Generator, Iterable
from typing import Any

from reaper_drumgain.errors import DrumGainError
from reaper_drumgain.hosts.live import WAIT, reaper
from reaper_drumgain.hosts.live.reaper import RPR

#: how long the main thread may be held in a tick; a single step goes beyond by its own length
BUDGET_S = 0.007
#: the same with the length of a step that says it
_LIMIT_S = 0.009
_LONG_IMPORT_S = 0.003
_SECTION, _RUNNING, _CANCEL = "DrumGain", "running", "cancel"
_BEAT_EVERY_S = 0.5
#: a task that was not heard of for so long is gone, or stands behind somebody's dialog
_GONE_AFTER_S = 10.0

LIVE = "reaper_drumgain.hosts.live"
#: what starting a run needs, and what it needs beyond, in an order in which none takes long
LINK_MODULES = (f"{LIVE}.balance",)
READ_MODULES = (
    *(
        "ast",
        "dis",
        "inspect",
        "reaper_drumgain.units",
        "reaper_drumgain.schema.json_codec",
    ),
    *(
        "reaper_drumgain.schema.session",
        "reaper_drumgain.tracks.item_mix",
        "reaper_drumgain.schema.settings",
    ),
    *(
        f"{LIVE}.{name}"
        for name in (
            "envelopes",
            "items",
            "snapshot",
            "serialization",
            "project_state",
            "balance_run",
        )
    ),
)
WRITE_MODULES = ("reaper_drumgain.schema.plan", f"{LIVE}.apply")
#: ... and where envelopes are written
AUTOMATION_MODULES = (
    *("hashlib", "reaper_drumgain.schema.envelope_note"),
    *(f"{LIVE}.{name}" for name in ("state_chunks", "points", "undo_block", "automate")),
)
#: everything of the small actions
RUN_MODULES = (
    *(*READ_MODULES, *WRITE_MODULES),
    *(f"{LIVE}.{name}" for name in ("dialogs", "balance", "adjust")),
)
ROLE_MODULES = (
    *(
        "reaper_drumgain.tracks.vocabulary",
        "reaper_drumgain.tracks.roles",
        "reaper_drumgain.tracks.routing",
    ),
    "reaper_drumgain.tracks.selection",
)

Steps = Generator[Any, None, None]


#: a number that is another one in each tick: between ticks anything can happen to a project
_clock = [0]
#: when the present tick began
_began = [0.0]


def tick_number() -> int:
    """The number of the present tick."""
    return _clock[0]


class CancelledError(Exception):
    """The user pressed again."""


def running() -> str | None:
    """The mark of the task that runs in this REAPER, None where there is none."""
    token, _, beat = str(RPR.GetExtState(_SECTION, _RUNNING)).partition(" ")
    try:
        age = time.time() - float(beat)
    except ValueError:
        return None
    return token if token and abs(age) < _GONE_AFTER_S else None


def cancel_running() -> bool:
    """Ask the running task to end; false where there is none."""
    token = running()
    if token is None:
        return False
    RPR.SetExtState(_SECTION, _CANCEL, token, False)
    return True


def say(line: str) -> None:
    """One line in REAPER's console."""
    RPR.ShowConsoleMsg(f"{line}\n")


def tell_error(error: BaseException) -> None:
    """An error as a dialog; an unexpected one with its trace in the console."""
    if isinstance(error, DrumGainError):
        RPR.ShowMessageBox(str(error), "DrumGain", 0)
        return
    import traceback

    say("".join(traceback.format_exception(error)))
    text = f"unexpected {type(error).__name__}: {error}. Nothing was changed. Please report it"
    RPR.ShowMessageBox(f"{text} with what the console shows.", "DrumGain", 0)


def imports(modules: Iterable[str]) -> Steps:
    """Import modules one by one: together they would hold REAPER for a tenth of a second."""
    for name in modules:
        started = time.perf_counter()
        importlib.import_module(name)
        # a long one is not followed by another, which may be long as well
        yield WAIT if time.perf_counter() - started > _LONG_IMPORT_S else _LONG_IMPORT_S


class Sequence:
    """Steps without a worker: advanced in slices, errors told."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def start(self) -> None:
        """Begin with the next tick.

        A script that defers gets no undo point of REAPER's own either.
        """
        reaper.defer(self._tick)

    def _tick(self) -> None:
        _begin_tick()
        try:
            _advance(self._steps)
        except StopIteration:
            pass
        except Exception as error:
            tell_error(error)
        else:
            reaper.defer(self._tick)


def _begin_tick() -> None:
    _clock[0] += 1
    _began[0] = time.perf_counter()


def _advance(steps: Steps) -> None:
    """Steps within what is left of the present tick's time, one at least.

    Raises what they raise, StopIteration at their end.
    """
    begin = _began[0]
    collecting = gc.isenabled()
    # a session makes so many objects that one collection alone can hold REAPER for 10 ms
    gc.disable()
    try:
        while True:
            said = next(steps)
            if said is WAIT or time.perf_counter() > begin + BUDGET_S:
                break
            if said is not None and time.perf_counter() + said > begin + _LIMIT_S:
                break
    finally:
        if collecting:
            gc.enable()


class Task:
    """Runs steps to their end. ``abandon`` cleans up at once when the script is ended."""

    def __init__(self, steps: Steps, abandon: Callable[[], None]) -> None:
        self._steps = steps
        self._abandon = abandon
        self._token = f"{time.time_ns():x}-{id(self):x}"
        self._beat = 0.0
        self._ended = False
        self._throw: BaseException | None = None

    def start(self) -> None:
        """Claim the run and begin: within a tick, so the key press has returned already."""
        self._beat_now()
        reaper.at_exit(self._at_exit)
        self._go_on()

    def _beat_now(self) -> None:
        self._beat = time.monotonic()
        RPR.SetExtState(_SECTION, _RUNNING, f"{self._token} {time.time():.3f}", False)

    def _check(self) -> None:
        if self._throw is not None:
            return
        holder = str(RPR.GetExtState(_SECTION, _RUNNING)).partition(" ")[0]
        if str(RPR.GetExtState(_SECTION, _CANCEL)) == self._token or holder != self._token:
            self._throw = CancelledError()
            self._steps.throw(self._throw)
        if time.monotonic() - self._beat > _BEAT_EVERY_S:
            self._beat_now()

    def _tick(self) -> None:
        _begin_tick()
        self._go_on()

    def _go_on(self) -> None:
        try:
            self._check()
            _advance(self._steps)
        except StopIteration:
            self._finish()
        except CancelledError:
            self._finish()
            say("DrumGain: cancelled, nothing was changed")
        except Exception as error:
            self._finish()
            tell_error(error)
        else:
            reaper.defer(self._tick)

    def _finish(self) -> None:
        self._ended = True
        holder = str(RPR.GetExtState(_SECTION, _RUNNING)).partition(" ")[0]
        if holder == self._token:
            RPR.DeleteExtState(_SECTION, _RUNNING, False)
            RPR.DeleteExtState(_SECTION, _CANCEL, False)

    def _at_exit(self) -> None:
        if self._ended:
            return
        self._abandon()
        with contextlib.suppress(Exception):
            self._steps.close()
        self._finish()
