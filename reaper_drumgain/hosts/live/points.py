"""Points of one envelope, through REAPER's functions (which scale their values) or as text.

The functions are what REAPER means for this. What would take them too long for one tick, or what
they cannot tell apart (points of one time, of which some stay), goes into the envelope's state
text. Either way the state text afterwards tells what REAPER really holds, in plain gains.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Generator, Sequence

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live.reaper import Calls
from reaper_drumgain.hosts.live.state_chunks import Chunks
from reaper_drumgain.schema.session import EnvelopePoint

Steps = Generator[None, None, None]

_A_STEP = 256
#: what may differ between a point that was written and what REAPER holds
_SAME = 1e-6
_BEZIER = 5
#: beyond all times of a project
_FAR = 1e12
_LINE = re.compile(rb"^[ \t]*PT[ \t]+(\S+)[ \t]+(\S+)(?:[ \t]+(\S+))?([^\n]*)\n", re.MULTILINE)
_OUT = (ctypes.c_double, ctypes.c_double, ctypes.c_int, ctypes.c_double, ctypes.c_byte)


class Scale:
    """Gains to the numbers of an envelope's scaling mode, each gain asked for once."""

    def __init__(self, calls: Calls) -> None:
        self._scale = calls.function("ScaleToEnvelopeMode", "double", "int", "double")
        self._known: dict[tuple[int, float], float] = {}

    def __call__(self, mode: int, gain: float) -> float:
        """The number for a gain; without a scaling mode that is the gain."""
        if not mode:
            return gain
        if (mode, gain) not in self._known:
            self._known[mode, gain] = float(self._scale(mode, gain))
        return self._known[mode, gain]

    def prepare(self, mode: int, points: Sequence[EnvelopePoint]) -> Steps:
        """Ask for all of them before anything is written."""
        for place, point in enumerate(points):
            self(mode, point.value)
            if place % _A_STEP == 0:
                yield


def span_of(
    old: Sequence[EnvelopePoint], kept: tuple[int, int], points: Sequence[EnvelopePoint]
) -> Generator[None, None, tuple[float, float] | None]:
    """Two times between which exactly those points of ``old`` lie that are not ``kept`` at its
    start and end, and all of ``points``; None where points of one time or out of order do not
    allow that."""
    for place in range(1, len(old)):
        if not old[place - 1].time <= old[place].time:
            return None
        if place % _A_STEP == 0:
            yield
    start, end = kept[0], len(old) - kept[1]
    low, high = -_FAR, _FAR
    inside = [p.time for p in (*old[start:end], *points[:1], *points[-1:])]
    if not inside:
        return None
    if start:
        low = (old[start - 1].time + min(inside)) / 2.0
        if not old[start - 1].time < low < min(inside):
            return None
    if end < len(old):
        high = (max(inside) + old[end].time) / 2.0
        if not max(inside) < high < old[end].time:
            return None
    return low, high


def by_calls(
    calls: Calls,
    scale: Scale,
    envelope: int,
    span: tuple[float, float],
    points: Sequence[EnvelopePoint],
) -> None:
    """Put ``points`` in place of those that an envelope has within a span of time.

    Raises HostError where REAPER does not take one.
    """
    delete = calls.function(
        "DeleteEnvelopePointRangeEx", "bool", "pointer", "int", "double", "double"
    )
    insert = calls.function(
        *("InsertEnvelopePointEx", "bool", "pointer", "int", "double", "double"),
        *("int", "double", "bool", "out"),
    )
    delete(envelope, -1, *span)
    mode = calls.whole("GetEnvelopeScalingMode", envelope)
    later = ctypes.c_byte(1)
    no_sort = ctypes.addressof(later)
    for point in points:
        value = scale(mode, point.value)
        if not insert(envelope, -1, point.time, value, point.shape, point.tension, 0, no_sort):
            raise HostError(f"REAPER did not take the point at {point.time:g} s")
    calls.truth("Envelope_SortPointsEx", envelope, -1)


def lines_of(points: Sequence[EnvelopePoint]) -> Generator[None, None, bytes]:
    """Points as lines of a state text."""
    lines = []
    for place, point in enumerate(points):
        line = f"PT {_digits(point.time)} {_digits(point.value)} {point.shape}"
        if point.shape == _BEZIER:
            line += f" 0 0 0 {_digits(point.tension)}"
        lines.append(line)
        if place % _A_STEP == 0:
            yield
    return "".join(f"{line}\n" for line in lines).encode()


def _digits(number: float) -> str:
    return f"{number:.12f}".rstrip("0").rstrip(".")


def by_text(chunks: Chunks, envelope: int, kept: tuple[int, int], lines: bytes) -> None:
    """Put lines in place of all points of an envelope between the first and the last kept."""
    text = chunks.of_envelope(envelope)
    found = [line.span() for line in _LINE.finditer(text)]
    before, after = kept
    close = text.rindex(b">")
    start = found[before - 1][1] if before else (found[0][0] if found else close)
    end = found[len(found) - after][0] if after else (found[-1][1] if found else close)
    if before + after > len(found):
        raise HostError(f"the envelope has {len(found)} points, expected {before + after} or more")
    chunks.set_envelope(envelope, text[:start] + lines + text[end:])


def check(
    calls: Calls,
    scale: Scale,
    envelope: int,
    text: bytes,
    kept: tuple[int, int],
    points: Sequence[EnvelopePoint],
    lines: bytes,
) -> None:
    """Look whether an envelope, of which this is the state text, holds ``points`` (as text,
    ``lines``) between so many others. Raises HostError where it does not."""
    places = [line.start() for line in _LINE.finditer(text)]
    expected = kept[0] + len(points) + kept[1]
    if len(places) != expected:
        raise HostError(f"the envelope has {len(places)} points after writing, expected {expected}")
    # mostly REAPER gives the very text: no need to look at each number
    if points and not text.startswith(lines, places[kept[0]]):
        _compare(_LINE.findall(text, places[kept[0]]), points)
    # and it means by its numbers what we mean
    mode = calls.whole("GetEnvelopeScalingMode", envelope)
    read = calls.function(
        "GetEnvelopePointEx", "bool", "pointer", "int", "int", *["out"] * len(_OUT)
    )
    out = [kind() for kind in _OUT]
    places = [ctypes.addressof(value) for value in out]
    for place in {0, len(points) - 1} if points else ():
        wanted = scale(mode, points[place].value)
        read(envelope, -1, kept[0] + place, *places)
        if not math.isclose(out[1].value, wanted, rel_tol=_SAME, abs_tol=_SAME):
            raise HostError(
                f"REAPER says {out[1].value:g} at {points[place].time:g} s, expected {wanted:g}"
            )


def _compare(rows: Sequence[tuple[bytes, ...]], points: Sequence[EnvelopePoint]) -> None:
    for row, point in zip(rows, points, strict=False):
        if not _is(row, point):
            raise HostError(
                f"REAPER did not take the point at {point.time:g} s as it was written (perhaps "
                "it is beyond the range of volume envelopes, see Preferences, Envelopes)"
            )


def _is(row: tuple[bytes, ...], point: EnvelopePoint) -> bool:
    """Whether a line of a state text is a point."""
    rest = row[3].split()
    tension = float(rest[3]) if len(rest) > 3 else 0.0
    return (
        abs(float(row[0]) - point.time) <= _SAME
        and abs(float(row[1]) - point.value) <= _SAME * max(1.0, point.value)
        and int(row[2] or b"0") == point.shape
        and (point.shape != _BEZIER or abs(tension - point.tension) <= _SAME)
    )
