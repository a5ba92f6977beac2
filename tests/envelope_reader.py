"""A second reader of volume envelopes: its own parser, and every sample by itself.

Written from the notes on the format alone (tokens, PT time value shape ... tension, SWS's
shapes), slow and plain. ``Reading`` says in which scale a line between two points is drawn:
``amplitude``, ``fader``, or ``as set``, which takes VOLTYPE at its word.
"""

from __future__ import annotations

import bisect
import math
import re
from dataclasses import dataclass, field

import numpy as np

#: the fader scale as it is assumed: two fits that users published for what lies below and
#: above -23 dB, taken at these levels, known values from 0 dB on, straight in dB between
_DB = [
    -150,
    -120,
    -90,
    -72,
    -60,
    -48,
    -36,
    -30,
    -23.1,
    -18,
    -12,
    -9,
    -6,
    -3,
    0,
    6.0206,
    12.0412,
    24,
]


def _position(db):
    if db >= 0:
        return {0: 716.2178503126, 6.0206: 852.7744544070, 12.0412: 1000.0, 24: 1250.0}[db]
    if db > -23:
        return 716.2178503126 + 21.62084026 * db + 0.1907747361 * db * db
    return 702.833988 * 1.035972147**db


_POSITIONS = [_position(db) for db in _DB]
_LEAST = 10 ** (-150 / 20)


def _between(x, xs, ys):
    place = min(max(bisect.bisect_right(xs, x) - 1, 0), len(xs) - 2)
    share = min(max((x - xs[place]) / (xs[place + 1] - xs[place]), 0.0), 1.0)
    return ys[place] + share * (ys[place + 1] - ys[place])


def to_fader(gain):
    if gain < _LEAST:
        return gain / _LEAST * _POSITIONS[0]
    return _between(20 * math.log10(gain), _DB, _POSITIONS)


def from_fader(position):
    if position < _POSITIONS[0]:
        return max(0.0, position) / _POSITIONS[0] * _LEAST
    return 10 ** (_between(position, _POSITIONS, _DB) / 20)


@dataclass
class PlainEnvelope:
    points: list = field(default_factory=list)  # (time, value, shape, tension)
    active: bool = True
    voltype: int = 0
    pooled: bool = False

    def gain(self, time, reading="as set"):
        """The linear gain at one moment."""
        if not self.points or not self.active:
            return 1.0
        times = [point[0] for point in self.points]
        place = bisect.bisect_right(times, time) - 1
        if place < 0:
            return self.points[0][1]
        if place + 1 == len(self.points):
            return self.points[place][1]
        (t0, v0, shape, tension), (t1, v1, _, _) = self.points[place : place + 2]
        if shape == 1:
            return v0
        scaled = reading == "fader" or (reading == "as set" and self.voltype == 1)
        there, back = (to_fader, from_fader) if scaled else (float, float)
        if shape == 5:
            return back(self._bezier(place, time, there, tension))
        x = (time - t0) / (t1 - t0)
        bend = {2: x * x * (3 - 2 * x), 3: 1 - (1 - x) ** 3, 4: x**3}.get(shape, x)
        return back(there(v0) + (there(v1) - there(v0)) * bend)

    def _bezier(self, place, time, there, tension):
        points = self.points
        before = points[max(0, place - 1)]
        here, after = points[place], points[place + 1]
        behind = points[min(len(points) - 1, place + 2)]
        t = [before[0], here[0], after[0], behind[0]]
        v = [there(p[1]) for p in (before, here, after, behind)]
        slope1 = 0.0 if t[0] == t[2] else (v[2] - v[0]) / (t[2] - t[0])
        slope2 = 0.0 if t[1] == t[3] else (v[3] - v[1]) / (t[3] - t[1])
        x1 = t[1] + 0.25 * (t[2] - t[1])
        y1 = v[1] + slope1 * 0.25 * (t[2] - t[1])
        x2 = t[2] - 0.25 * (t[2] - t[1])
        y2 = v[2] - slope2 * 0.25 * (t[2] - t[1])
        if tension > 0:
            x1, y1 = x1 + tension * (t[2] - x1), y1 - tension * (y1 - v[1])
            x2, y2 = x2 + tension * (t[2] - x2), y2 - tension * (y2 - v[1])
        else:
            x1, y1 = x1 + tension * (x1 - t[1]), y1 - tension * (v[2] - y1)
            x2, y2 = x2 + tension * (x2 - t[1]), y2 - tension * (v[2] - y2)
        x1, x2 = (min(t[2], max(t[1], x)) for x in (x1, x2))
        y1, y2 = max(0.0, y1), max(0.0, y2)

        def cubic(s, a, b, c, d):
            r = 1 - s
            return r**3 * a + 3 * r * r * s * b + 3 * r * s * s * c + s**3 * d

        low, high = 0.0, 1.0
        for _ in range(60):
            s = (low + high) / 2
            low, high = (s, high) if cubic(s, t[1], x1, x2, t[2]) < time else (low, s)
        return cubic((low + high) / 2, v[1], y1, y2, v[2])

    def gains(self, times, reading="as set"):
        return np.array([self.gain(float(time), reading) for time in times])


_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|\S+")


def read_tracks(data):
    """(name, fader, {block name: PlainEnvelope}, {ext key: value}) of every track of a project."""
    tracks, inside = [], []
    for raw in data.decode("utf-8", "replace").split("\n"):
        line = raw.strip()
        if line.startswith("<"):
            inside.append((line[1:].split() or [""])[0])
            if len(inside) == 2 and inside[1] == "TRACK":
                tracks.append(["", 1.0, {}, {}])
            if len(inside) == 3 and inside[1] == "TRACK" and inside[2].startswith("VOLENV"):
                tracks[-1][2][inside[2]] = PlainEnvelope()
        elif line.startswith(">"):
            inside.pop()
        elif line and inside[1:2] == ["TRACK"]:
            _track_line(tracks[-1], inside[2:], [w.strip("\"'`") for w in _TOKEN.findall(line)])
    return tracks


def _track_line(track, inside, words):
    if not inside and words[0] == "NAME":
        track[0] = words[1] if len(words) > 1 else ""
    elif not inside and words[0] == "VOLPAN":
        track[1] = float(words[1])
    elif inside == ["EXT"] and len(words) > 1:
        track[3][words[0]] = words[1]
    elif len(inside) == 1 and inside[0].startswith("VOLENV"):
        _envelope_line(track[2][inside[0]], words)


def _envelope_line(envelope, words):
    if words[0] == "PT":
        row = [float(w) for w in words[1:]]
        shape = int(row[2]) if len(row) > 2 else 0
        envelope.points.append((row[0], row[1], shape, row[6] if len(row) > 6 else 0.0))
    elif words[0] == "ACT":
        envelope.active = words[1] != "0"
    elif words[0] == "VOLTYPE":
        envelope.voltype = int(words[1])
    elif words[0] == "POOLEDENVINST":
        envelope.pooled = True
