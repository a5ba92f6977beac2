"""Performances of the Groove data set: the strokes of a drummer, read from MIDI files.

The data set: Gillick et al. 2019, "Learning to Groove with Inverse Sequence Transformations"
(ICML). Its notes follow Roland's map of a TD-11 kit, as its documentation lists it. Times are in
seconds, velocities from 0 to 1.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reaper_drumgain.errors import InputError

#: note numbers of the Groove data set, from its table of pitches (heads, rims, bows, edges)
PIECE_OF_NOTE: Mapping[int, str] = {
    36: "kick",
    38: "snare",
    40: "snare",
    37: "side stick",
    48: "tom 1",
    50: "tom 1",
    45: "tom 2",
    47: "tom 2",
    43: "tom 3",
    58: "tom 3",
    42: "hi-hat closed",
    22: "hi-hat closed",
    46: "hi-hat open",
    26: "hi-hat open",
    44: "hi-hat pedal",
    49: "crash 1",
    55: "crash 1",
    57: "crash 2",
    52: "crash 2",
    51: "ride",
    59: "ride",
    53: "ride bell",
}
PIECES = tuple(dict.fromkeys(PIECE_OF_NOTE.values()))
TOMS = ("tom 1", "tom 2", "tom 3")


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke.

    Attributes
    ----------
    time
        Seconds from the start.
    piece
        One of PIECES.
    velocity
        0 to 1.
    """

    time: float
    piece: str
    velocity: float


def read_performance(path: Path) -> tuple[Stroke, ...]:
    """The strokes of a MIDI file in order of time, without notes that are not in the map.

    Parameters
    ----------
    path
        The MIDI file.

    Returns
    -------
    tuple of Stroke
        Times in seconds from the start of the file.

    Raises
    ------
    InputError
        The file is not MIDI.
    """
    import mido

    try:
        midi = mido.MidiFile(path)
        time, strokes = 0.0, []
        for message in midi:
            time += message.time
            if message.type == "note_on" and message.velocity > 0:
                piece = PIECE_OF_NOTE.get(message.note)
                if piece is not None:
                    strokes.append(Stroke(time, piece, message.velocity / 127))
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path}: not a MIDI file that can be read: {error}") from error
    return tuple(strokes)


def excerpt(strokes: Sequence[Stroke], start: float, length: float) -> tuple[Stroke, ...]:
    """The strokes within a window of time.

    Parameters
    ----------
    strokes
        The strokes of a performance.
    start, length
        Seconds; a stroke exactly at the end is left out.

    Returns
    -------
    tuple of Stroke
        Times in seconds from ``start``.
    """
    return tuple(
        Stroke(stroke.time - start, stroke.piece, stroke.velocity)
        for stroke in strokes
        if start <= stroke.time < start + length
    )


def liveliest(strokes: Sequence[Stroke], length: float, step: float = 2.0) -> float:
    """The start of the window in which most pieces are played.

    Of equal ones the window with more tom strokes is taken, then the earliest. Toms are rare, and
    the track of a tom that nobody strikes would hold bleed alone.

    Parameters
    ----------
    strokes
        The strokes of a performance.
    length
        Seconds of a window.
    step
        Seconds from the start of one window to that of the next.

    Returns
    -------
    float
        Seconds.
    """
    end = max((stroke.time for stroke in strokes), default=0.0)
    starts = np.arange(0.0, max(end - length, 0.0) + step / 2, step)

    def worth(start: float) -> tuple[int, int]:
        pieces = [stroke.piece for stroke in excerpt(strokes, start, length)]
        return len(set(pieces)), sum(piece in TOMS for piece in pieces)

    return float(max(starts, key=lambda start: (*worth(start), -start)))


#: what an excerpt must hold for the close tracks to be more than bleed
_NEEDED = ("kick", "snare", *TOMS)
_FEWEST_HATS = 4
_FEWEST_STROKES = 20
_LONGEST_SECONDS = 400.0
#: seconds of performances of which one of each style is chosen
_SHORTEST_SECONDS, _LONGER_SECONDS = 20.0, 150.0
_FIELDS = ("id", "midi_filename", "time_signature", "style", "duration")
_STYLES = ("rock", "pop", "funk", "soul", "punk", "country", "gospel", "blues", "dance")
HI_HATS = ("hi-hat closed", "hi-hat open", "hi-hat pedal")


@dataclass(frozen=True)
class Performance:
    """An excerpt of a performance.

    Attributes
    ----------
    id
        The id of the performance in the data set.
    start
        Seconds at which the excerpt begins.
    strokes
        With times from that start.
    """

    id: str
    start: float
    strokes: tuple[Stroke, ...]


def choose_performances(
    groove: Path, count: int, length: float, seed: int, *, resting: bool = False
) -> list[Performance]:
    """Excerpts in 4/4 in which kick, snare, hi-hat and all toms play.

    Parameters
    ----------
    groove
        Folder of the data set, with ``info.csv``.
    count
        How many excerpts.
    length
        Seconds of each. Of each performance the liveliest window is taken.
    seed
        Decides the order in which performances are tried.
    resting
        Take the first window of performances without a tom stroke instead.

    Returns
    -------
    list of Performance
        ``count`` excerpts.

    Raises
    ------
    InputError
        The data set holds fewer, or cannot be read.
    """
    rows = [
        row
        for row in _table(groove)
        if row["time_signature"] == "4-4"
        and row["style"].split("/")[0] in _STYLES
        and length < float(row["duration"]) < _LONGEST_SECONDS
    ]
    needed = {"kick", "snare"} if resting else set(_NEEDED)
    chosen: list[Performance] = []
    for place in np.random.default_rng(seed).permutation(len(rows)):
        strokes = read_performance(groove / rows[place]["midi_filename"])
        start = 0.0 if resting else liveliest(strokes, length)
        window = excerpt(strokes, start, length)
        pieces = [stroke.piece for stroke in window]
        enough = sum(piece in HI_HATS for piece in pieces) >= _FEWEST_HATS
        if needed <= set(pieces) and enough and not (resting and set(TOMS) & set(pieces)):
            chosen.append(Performance(rows[place]["id"], start, window))
        if len(chosen) == count:
            return chosen
    what = "no tom" if resting else "all toms"
    raise InputError(f"{groove}: expected {count} performances with {what}, found {len(chosen)}")


def choose_any_style(
    groove: Path, count: int, length: float, seed: Sequence[int], fewest: Mapping[str, int]
) -> list[Performance]:
    """Excerpts of any style from a random start.

    Parameters
    ----------
    groove
        Folder of the data set, with ``info.csv``.
    count
        How many excerpts.
    length
        Seconds of each.
    seed
        Decides their order and starts.
    fewest
        The least number of strokes of some pieces in an excerpt.

    Returns
    -------
    list of Performance
        ``count`` excerpts.

    Raises
    ------
    InputError
        The data set holds fewer, or cannot be read.
    """
    rows = _table(groove)
    random = np.random.default_rng(seed)
    chosen: list[Performance] = []
    for place in random.permutation(len(rows)):
        row = rows[place]
        start = float(random.uniform(0.0, max(float(row["duration"]) - length, 0.0)))
        strokes = excerpt(read_performance(groove / row["midi_filename"]), start, length)
        pieces = [stroke.piece for stroke in strokes]
        enough = all(pieces.count(piece) >= number for piece, number in fewest.items())
        if enough and len(pieces) >= _FEWEST_STROKES:
            chosen.append(Performance(row["id"], start, strokes))
        if len(chosen) == count:
            return chosen
    raise InputError(f"{groove}: expected {count} performances, found {len(chosen)}")


def one_of_each_style(groove: Path, count: int, length: float, seed: int) -> list[Performance]:
    """The beginning of a performance of each style. Whole performances last 20 to 150 s.

    Parameters
    ----------
    groove
        Folder of the data set, with ``info.csv``.
    count
        How many styles, in the order of their names.
    length
        Seconds of each excerpt.
    seed
        Decides which performance of a style is taken.

    Returns
    -------
    list of Performance
        ``count`` excerpts.

    Raises
    ------
    InputError
        The data set has fewer styles, or cannot be read.
    """
    styles: dict[str, list[dict[str, str]]] = {}
    for row in _table(groove):
        if _SHORTEST_SECONDS < float(row["duration"]) < _LONGER_SECONDS:
            styles.setdefault(row["style"].split("/")[0], []).append(row)
    if len(styles) < count:
        raise InputError(f"{groove}: expected {count} styles, found {len(styles)}")
    random = np.random.default_rng(seed)
    picked = [rows[random.integers(len(rows))] for _, rows in sorted(styles.items())]
    return [
        Performance(
            row["id"], 0.0, excerpt(read_performance(groove / row["midi_filename"]), 0.0, length)
        )
        for row in picked[:count]
    ]


def _table(groove: Path) -> list[dict[str, str]]:
    """The rows of the data set's table that are whole beats, not fills. Raises InputError."""
    path = groove / "info.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                {name: row[name] for name in _FIELDS}
                for row in csv.DictReader(file)
                if row["beat_type"] == "beat"
            ]
        for row in rows:
            float(row["duration"])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not the Groove data set's table: {error!r}") from error
    return rows
