"""Grooves that few drummers play and kits that few engineers record, as plain data.

Each is a list of lines, one for each voice of the groove: a piece that is struck in equal steps.
Times vary by a few milliseconds and velocities by a few steps, as a drummer's do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.learn.data.performances import Stroke

#: how long each groove is played
SECONDS = 22.0
#: how far strokes lie from the grid, and how much velocities vary: standard deviations
_TIME_SD_S, _VELOCITY_SD = 0.004, 0.06
_SOFTEST, _HARDEST = 0.04, 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """One voice of a groove.

    Attributes
    ----------
    piece
        One of ``performances.PIECES``.
    every
        Seconds from stroke to stroke.
    velocity
        0 to 1.
    start
        Seconds of the first stroke.
    end
        Seconds at which the line ends; a stroke there is left out.
    """

    piece: str
    every: float
    velocity: float
    start: float = 0.0
    end: float = SECONDS


@dataclass(frozen=True, slots=True)
class Habit:
    """What is played, and with which microphones it is recorded.

    Attributes
    ----------
    name
        What a drummer or an engineer would call it.
    lines
        The groove.
    second_snare
        What is played on a second snare, which has a microphone of its own.
    left_out
        Names of roles that have no microphone.
    kept
        The only roles that have one, with their sides. Empty for all.
    """

    name: str
    lines: tuple[Line, ...]
    second_snare: tuple[Line, ...] = ()
    left_out: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def pieces(self) -> frozenset[str]:
        """What is struck."""
        return frozenset(line.piece for line in (*self.lines, *self.second_snare))


def strokes_of(lines: Sequence[Line], seed: Sequence[int]) -> tuple[Stroke, ...]:
    """The strokes of a groove in order of time.

    Parameters
    ----------
    lines
        Its voices.
    seed
        Decides by how much times and velocities vary.

    Returns
    -------
    tuple of Stroke
        Times in seconds from the start.
    """
    random = np.random.default_rng(seed)
    strokes = []
    for line in lines:
        for time in np.arange(line.start, line.end - 1e-6, line.every):
            late, harder = random.normal(0.0, (_TIME_SD_S, _VELOCITY_SD))
            velocity = float(np.clip(line.velocity + harder, _SOFTEST, _HARDEST))
            strokes.append(Stroke(max(float(time + late), 0.0), line.piece, velocity))
    return tuple(sorted(strokes, key=lambda stroke: stroke.time))


def _beat(
    *,
    quarter: float = 0.5,
    kick: float = 0.8,
    snare: float = 0.8,
    hat: float = 0.55,
    on: str = "hi-hat closed",
    end: float = SECONDS,
    start: float = 0.0,
) -> tuple[Line, ...]:
    """Kick on one and three, snare on two and four, eighths on a cymbal."""
    return (
        Line("kick", 2 * quarter, kick, start, end),
        Line("snare", 2 * quarter, snare, start + quarter, end),
        Line(on, quarter / 2, hat, start, end),
    )


def _fill(at: float) -> tuple[Line, ...]:
    """Two strokes on each tom."""
    return tuple(
        Line(tom, 0.12, 0.8, at + 0.24 * place, at + 0.24 * (place + 1))
        for place, tom in enumerate(("tom 1", "tom 2", "tom 3"))
    )


PLAIN = "a plain beat"
_BEAT = _beat()
_NO_SNARE = tuple(line for line in _BEAT if line.piece != "snare")
_NO_HI_HAT = tuple(line for line in _BEAT if line.piece != "hi-hat closed")

#: the first is nothing odd: what the others are compared with
HABITS: tuple[Habit, ...] = (
    Habit(PLAIN, _BEAT),
    Habit("brushes, all of it soft", _beat(kick=0.24, snare=0.17, hat=0.14)),
    Habit("soft snare, hard kick", _beat(kick=0.95, snare=0.12)),
    Habit("hard snare, soft kick", _beat(kick=0.12, snare=0.95)),
    Habit("side stick", (*_NO_SNARE, Line("side stick", 1.0, 0.63, 0.5))),
    Habit(
        "blast beat",
        (
            Line("kick", 0.13, 0.87),
            Line("snare", 0.13, 0.87, 0.065),
            Line("hi-hat closed", 0.13, 0.7),
        ),
    ),
    Habit("half-time", _beat(quarter=1.0)),
    Habit(
        "slow and sparse",
        (Line("kick", 4.0, 0.7), Line("snare", 4.0, 0.7, 2.0), Line("hi-hat closed", 1.0, 0.4)),
    ),
    Habit("ghost notes", (*_BEAT, Line("snare", 0.25, 0.2, 0.125))),
    Habit("snare rolls", (*_NO_SNARE, Line("snare", 0.07, 0.35))),
    Habit("loud open hi-hat", _beat(hat=0.95, on="hi-hat open")),
    Habit("ride, no stroke of the hi-hat", _beat(on="ride")),
    Habit("bell of the ride, no stroke of the hi-hat", _beat(hat=0.7, on="ride bell")),
    Habit(
        "cymbal washes",
        (*_NO_HI_HAT, Line("crash 1", 1.0, 0.87), Line("crash 2", 1.0, 0.87, 0.5)),
    ),
    Habit(
        "drum solo",
        (
            Line("hi-hat pedal", 0.5, 0.5),
            Line("kick", 0.4, 0.8, 0.0, 14.0),
            Line("kick", 0.1, 0.7, 14.0),
            Line("snare", 0.11, 0.6, 0.0, 6.0),
            *(
                Line(tom, 0.36, 0.85, 6.0 + 0.12 * place, 14.0)
                for place, tom in enumerate(("tom 1", "tom 2", "tom 3"))
            ),
            Line("snare", 0.2, 0.9, 14.0),
            Line("tom 3", 0.4, 0.9, 14.1),
        ),
    ),
    Habit(
        "toms and kick alone",
        (
            Line("kick", 1.0, 0.7),
            *(line for bar in range(24) for line in _fill(0.2 + 0.8 * bar)),
        ),
    ),
    Habit("one fill in the song", (*_BEAT, *_fill(10.0))),
    Habit("floor tom groove", (*_NO_HI_HAT, Line("tom 3", 0.5, 0.8))),
    Habit("a rest of ten seconds", (*_beat(end=5.0), *_beat(start=15.0))),
    Habit(
        "fast double kick",
        (
            Line("kick", 0.1, 0.7),
            Line("snare", 1.0, 0.87, 0.5),
            Line("hi-hat closed", 0.5, 0.63),
        ),
    ),
    Habit(
        "four on the floor, no snare",
        (Line("kick", 0.5, 0.87), Line("hi-hat closed", 0.25, 0.63, 0.125)),
    ),
    Habit("kick alone", (Line("kick", 0.5, 0.8),)),
    Habit("snare alone", (Line("snare", 0.5, 0.8),)),
    Habit(
        "two snares",
        _BEAT,
        second_snare=(Line("snare", 2.0, 0.7, 0.75), Line("snare", 2.0, 0.5, 1.25)),
    ),
    Habit("a plain beat without overheads", _BEAT, left_out=("overhead",)),
    Habit(
        "one fill, close microphones alone", (*_BEAT, *_fill(10.0)), left_out=("overhead", "room")
    ),
    Habit(
        "one fill, close microphones without the kick's",
        (*_BEAT, *_fill(10.0)),
        left_out=("overhead", "room", "kick"),
    ),
    Habit(
        "a plain beat with kick and one overhead alone",
        _BEAT,
        kept=("kick", "overhead", "overhead left"),
    ),
)
