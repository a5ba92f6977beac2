"""Write the points of one envelope, by REAPER's functions or as state text.

The functions (whose values are scaled) are the documented way. The state text is used where they
would take too long for one tick, and where they cannot tell points apart: points at the same time
of which some stay. Either way the state text is read afterwards, because it shows in plain linear
gains what REAPER really stored.
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

#: points that are handled in one step
_POINTS_A_STEP = 256
#: tolerance between a point that was written and what REAPER stored
_SAME = 1e-6
_BEZIER = 5
#: in seconds, beyond all times of a project
_FAR = 1e12
_LINE = re.compile(rb"^[ \t]*PT[ \t]+(\S+)[ \t]+(\S+)(?:[ \t]+(\S+))?([^\n]*)\n", re.MULTILINE)
_OUT = (ctypes.c_double, ctypes.c_double, ctypes.c_int, ctypes.c_double, ctypes.c_byte)


class Scale:
    """Converts linear gains to the values of an envelope's scaling mode; results are cached."""

    def __init__(self, calls: Calls) -> None:
        self._scale = calls.function("ScaleToEnvelopeMode", "double", "int", "double")
        self._known: dict[tuple[int, float], float] = {}

    def __call__(self, mode: int, gain: float) -> float:
        """The value for a gain. Scaling mode 0 leaves it as it is."""
        if not mode:
            return gain
        if (mode, gain) not in self._known:
            self._known[mode, gain] = float(self._scale(mode, gain))
        return self._known[mode, gain]

    def prepare(self, mode: int, points: Sequence[EnvelopePoint]) -> Steps:
        """Convert the gains of all points before anything is written."""
        for place, point in enumerate(points):
            self(mode, point.value)
            if place % _POINTS_A_STEP == 0:
                yield


def span_of(
    old: Sequence[EnvelopePoint], kept: tuple[int, int], points: Sequence[EnvelopePoint]
) -> Generator[None, None, tuple[float, float] | None]:
    """Two times that enclose all points to be replaced and all new ones, found in slices.

    Parameters
    ----------
    old
        The points that the envelope has.
    kept
        How many of its first and last points stay outside.
    points
        The new points.

    Returns
    -------
    tuple of float or None
        Seconds. None if no such times exist: points share a time or are out of order.
    """
    for place in range(1, len(old)):
        if not old[place - 1].time <= old[place].time:
            return None
        if place % _POINTS_A_STEP == 0:
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
    """Replaces the points of an envelope within a span of time, by REAPER's functions.

    Parameters
    ----------
    calls
        REAPER's functions.
    scale
        Turns gains into the envelope's values.
    envelope
        The address of the envelope.
    span
        Start and end in seconds.
    points
        The new points.

    Raises
    ------
    HostError
        REAPER does not take a point.
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
            raise HostError(f"REAPER did not store the point at {point.time:g} s")
    calls.truth("Envelope_SortPointsEx", envelope, -1)


def lines_of(points: Sequence[EnvelopePoint]) -> Generator[None, None, bytes]:
    """Points as the lines of a state text."""
    lines = []
    for place, point in enumerate(points):
        line = f"PT {_digits(point.time)} {_digits(point.value)} {point.shape}"
        if point.shape == _BEZIER:
            line += f" 0 0 0 {_digits(point.tension)}"
        lines.append(line)
        if place % _POINTS_A_STEP == 0:
            yield
    return "".join(f"{line}\n" for line in lines).encode()


def _digits(number: float) -> str:
    return f"{number:.12f}".rstrip("0").rstrip(".")


def by_text(chunks: Chunks, envelope: int, kept: tuple[int, int], lines: bytes) -> None:
    """Replaces the points of an envelope in its state text.

    Parameters
    ----------
    chunks
        Reads and sets state texts.
    envelope
        The address of the envelope.
    kept
        How many of its first and last points stay.
    lines
        The new points as text.

    Raises
    ------
    HostError
        The envelope has too few points.
    """
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
    """Checks that an envelope holds the points that were written.

    Parameters
    ----------
    calls
        REAPER's functions.
    scale
        Turns gains into the envelope's values.
    envelope
        The address of the envelope.
    text
        Its state text.
    kept
        How many first and last points stayed.
    points, lines
        What was written between those, and the same as text.

    Raises
    ------
    HostError
        The envelope holds anything else.
    """
    places = [line.start() for line in _LINE.finditer(text)]
    expected = kept[0] + len(points) + kept[1]
    if len(places) != expected:
        raise HostError(f"the envelope has {len(places)} points after writing, expected {expected}")
    # usually REAPER returns the same text, and the numbers need no comparison
    if points and not text.startswith(lines, places[kept[0]]):
        _compare(_LINE.findall(text, places[kept[0]]), points)
    # the scaled values must mean the same gains
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
                f"REAPER did not store the point at {point.time:g} s as it was written (it may be "
                "outside the range of volume envelopes: see Preferences, Envelopes)"
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
