"""Long work in slices on REAPER's main thread.

Work is a generator ("steps") that is advanced from REAPER's defer queue, for about ``BUDGET_S``
in each tick. A step that yields ``WAIT`` has nothing more to do before the next tick.

``Sequence`` runs short work. ``Task`` runs work that can be cancelled: only one runs at a time in
a REAPER, and pressing its key again cancels it. The two presses may be different script
instances, so they talk through REAPER's global ext state, which no project file can write.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Generator
from typing import Any

from reaper_drumgain.errors import DrumGainError
from reaper_drumgain.hosts.live import WAIT, reaper
from reaper_drumgain.hosts.live.console import print_line, print_result
from reaper_drumgain.hosts.live.reaper import RPR

#: no further step starts in a tick after this time; the tick lasts longer by one step at most
BUDGET_S = 0.01
_SECTION, _RUNNING, _CANCEL = "DrumGain", "running", "cancel"
_HEARTBEAT_EVERY_S = 0.5
#: a task without a heartbeat for this long was ended, or REAPER is blocked by a dialog
_GONE_AFTER_S = 3.0
#: a task that is asked to end shows within this time that it is there
_ANSWERS_WITHIN_S = 1.5
#: a small action is done within one tick, unless the project is huge
SMALL_BUDGET_S = 0.25
_ENDED = "ended"
_WAS_ENDED = (
    "DrumGain: REAPER ended the last run before it was done. When REAPER shows the dialog "
    "'ReaScript task control', choose 'New instance' and tick 'Remember my answer for this "
    "script': from then on a second press cancels the run. The action 'DrumGain_Cancel' cancels "
    "without a question"
)

Steps = Generator[Any, None, None]

_tick_count = 0
_tick_began = 0.0


def tick_number() -> int:
    """The number of the present tick. Between two ticks anything can happen to a project."""
    return _tick_count


class CancelledError(Exception):
    """The user pressed the key again."""


def running() -> str | None:
    """The token of the task that runs in this REAPER, None if there is none."""
    token, _, heartbeat = str(RPR.GetExtState(_SECTION, _RUNNING)).partition(" ")
    try:
        age = time.time() - float(heartbeat)
    except ValueError:
        return None
    return token if token and abs(age) < _GONE_AFTER_S else None


def cancel_running() -> Generator[Any, None, bool]:
    """Ask the running task to end.

    Returns False if no task runs. One that gives no sign of life was ended by REAPER, and is
    forgotten.
    """
    token = running()
    if token is None:
        return False
    RPR.SetExtState(_SECTION, _CANCEL, token, False)
    last = RPR.GetExtState(_SECTION, _RUNNING)
    end = time.monotonic() + _ANSWERS_WITHIN_S
    while time.monotonic() < end:
        yield WAIT
        if RPR.GetExtState(_SECTION, _RUNNING) != last:
            return True
    return False


def _tell_of_ended() -> None:
    """Say that REAPER ended the last run, where it did, and forget that run."""
    if RPR.GetExtState(_SECTION, _ENDED) or RPR.GetExtState(_SECTION, _RUNNING):
        print_line(_WAS_ENDED)
    for key in (_ENDED, _RUNNING, _CANCEL):
        RPR.DeleteExtState(_SECTION, key, False)


def show_error(error: BaseException) -> None:
    """Show an error in a dialog. The traceback of an unexpected one goes to the console."""
    if isinstance(error, DrumGainError):
        RPR.ShowMessageBox(str(error), "DrumGain", 0)
        return
    import traceback

    print_line("".join(traceback.format_exception(error)))
    text = f"unexpected {type(error).__name__}: {error}. Nothing was changed. Please report it"
    RPR.ShowMessageBox(f"{text} with what the console shows.", "DrumGain", 0)


class Sequence:
    """Runs steps to their end in slices. Errors are shown in a dialog."""

    def __init__(self, steps: Steps, budget: float = BUDGET_S) -> None:
        self._steps = steps
        self._budget = budget

    def start(self) -> None:
        """Begin in the next tick.

        REAPER adds no undo point of its own for a script that defers.
        """
        reaper.defer(self._tick)

    def _tick(self) -> None:
        _begin_tick()
        try:
            _advance(self._steps, self._budget)
        except StopIteration:
            pass
        except Exception as error:
            show_error(error)
        else:
            reaper.defer(self._tick)


def _begin_tick() -> None:
    global _tick_count, _tick_began  # noqa: PLW0603 - one clock for all tasks of this script
    _tick_count += 1
    _tick_began = time.perf_counter()


def _advance(steps: Steps, budget: float = BUDGET_S) -> None:
    """Take steps, at least one, until the time of the present tick is used up.

    Raises what the steps raise, and StopIteration at their end.
    """
    collecting = gc.isenabled()
    # a session holds so many objects that a single collection can block REAPER for 10 ms
    gc.disable()
    try:
        while next(steps) is not WAIT and time.perf_counter() - _tick_began < budget:
            pass
    finally:
        if collecting:
            gc.enable()


class Task:
    """Runs steps that can be cancelled.

    ``abandon`` cleans up at once when REAPER ends the script.
    """

    def __init__(self, steps: Steps, abandon: Callable[[], None]) -> None:
        self._steps = steps
        self._abandon = abandon
        self._token = f"{time.time_ns():x}-{id(self):x}"
        self._last_heartbeat = 0.0
        self._ended = False
        self._cancelled = False

    def start(self) -> None:
        """Become the running task and begin. Call it within a tick, not from the key press."""
        _tell_of_ended()
        self._send_heartbeat()
        reaper.at_exit(self._at_exit)
        self._continue()

    def _send_heartbeat(self) -> None:
        self._last_heartbeat = time.monotonic()
        RPR.SetExtState(_SECTION, _RUNNING, f"{self._token} {time.time():.3f}", False)

    def _is_holder(self) -> bool:
        """Whether no other task took over, for example because this one looked dead."""
        return str(RPR.GetExtState(_SECTION, _RUNNING)).partition(" ")[0] == self._token

    def _check_cancelled(self) -> None:
        if self._cancelled:
            return
        if str(RPR.GetExtState(_SECTION, _CANCEL)) == self._token or not self._is_holder():
            self._cancelled = True
            self._steps.throw(CancelledError())
        if time.monotonic() - self._last_heartbeat > _HEARTBEAT_EVERY_S:
            self._send_heartbeat()

    def _tick(self) -> None:
        _begin_tick()
        self._continue()

    def _continue(self) -> None:
        try:
            self._check_cancelled()
            _advance(self._steps)
        except StopIteration:
            self._finish()
        except CancelledError:
            self._finish()
            print_result("DrumGain: cancelled, nothing was changed")
        except Exception as error:
            self._finish()
            show_error(error)
        else:
            reaper.defer(self._tick)

    def _finish(self) -> None:
        self._ended = True
        if self._is_holder():
            RPR.DeleteExtState(_SECTION, _RUNNING, False)
            RPR.DeleteExtState(_SECTION, _CANCEL, False)

    def _at_exit(self) -> None:
        if self._ended:
            return
        self._abandon()
        with contextlib.suppress(Exception):
            self._steps.close()
        # told with the next run: at REAPER's own end nobody would read it
        RPR.SetExtState(_SECTION, _ENDED, self._token, False)
        self._finish()
