"""How loud a drum is played in parts of a song, against the whole song.

The level of a close microphone is that of the strong ones among its own strokes, so that ghost
notes, how often a drum is struck and bleed do not count. The level of a microphone further
away (overheads, rooms) is that at the strokes of each drum. There the median over the drums
counts, so that it stays where one of them is played softer.

A *departure* is the level in a section less that in the whole song, in dB. It is 0 where too few
strokes are known, or where strokes differ as much by chance: sections that are alike have none.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.leak_excess import strong_onsets
from reaper_drumgain.analysis.leakage import Heard
from reaper_drumgain.analysis.stereo_pairs import alone
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: fewest strokes of a section, and of the song
MIN_STROKES = 2
#: strong strokes are within so many dB of the 90th percentile
STRONG_DB = 10.0
#: a departure counts when above this, and above so many standard errors
LEAST_DB, ERRORS = 1.5, 2.5
#: standard error of a median relative to that of a mean, for a normal distribution
_MEDIAN_ERROR = 1.25


def playing_departures(
    heard: Heard, sections: Sequence[Bool], plays: Bool, kinds: Sequence[Hashable]
) -> Float64:
    """How much louder the drums are played in each section than in the whole song.

    Parameters
    ----------
    heard
        The levels at the onsets of the song in its n tracks.
    sections
        For each section which of the song's onsets lie in it, shape (onsets,).
    plays
        Shape (sections, n): which tracks play their own drum there.
    kinds
        Per track the kind of drum that its microphone stands at. All toms are one kind, and count
        as one drum in the median over the drums.

    Returns
    -------
    array
        Shape (sections, n): the departures in dB, NaN where a track does not play.
    """
    found = np.full(plays.shape, np.nan)
    drums = _strokes_alone(heard)
    kind_of = dict(zip(heard.families, kinds, strict=True))
    for track, microphone in enumerate(heard.microphones):
        own = {kinds[track]: [_own_strokes(heard, track)]} if microphone.close else {}
        for family, strokes in {} if microphone.close else drums.items():
            own.setdefault(kind_of[family], []).append(strokes)
        levels = np.full(heard.risen.shape[1], -np.inf)
        risen = heard.risen[track] > 0.0
        levels[risen] = power_to_db(heard.risen[track, risen])
        by_drum = {
            kind: [_departures(levels, strokes & risen, sections) for strokes in same]
            for kind, same in own.items()
        }
        for place in np.flatnonzero(plays[:, track]).tolist():
            found[place, track] = _in_common(by_drum, place)
    return found


def _in_common(by_drum: Mapping[Hashable, Sequence[Float64]], place: int) -> float:
    """The median over kinds of drums of the mean departure of each in section ``place``."""
    known = [[row[place] for row in rows if np.isfinite(row[place])] for rows in by_drum.values()]
    means = [sum(own) / len(own) for own in known if own]
    return float(np.median(means)) if means else 0.0


def _own_strokes(heard: Heard, track: int) -> Bool:
    """Onsets (onsets,) at which a close microphone hears its own drum."""
    over = heard.over[track]
    stands_out = np.isfinite(heard.excess_db[track]) and (
        heard.excess_db[track] >= heard.limits_db[track] and not heard.cleaned[track]
    )
    if stands_out:
        return np.asarray(over >= heard.limits_db[track])
    return strong_onsets(heard.risen[track])


def _strokes_alone(heard: Heard) -> dict[int, Bool]:
    """Onsets (onsets,) at which one drum alone has a stroke, by its family."""
    close = np.array([microphone.close for microphone in heard.microphones], dtype=bool)
    standing = close & (np.nan_to_num(heard.excess_db, nan=-np.inf) >= heard.limits_db)
    beyond = heard.over - heard.limits_db[:, None]
    return alone(beyond, heard.families, standing & ~heard.cleaned, 0.0)


def _departures(levels: Float64, strokes: Bool, sections: Sequence[Bool]) -> Float64:
    """The departures (sections,) of one drum in one microphone, NaN where too few strokes tell.

    ``levels`` (onsets,): in dB; ``strokes`` (onsets,): the drum's own.
    """
    everything = _strong(levels[strokes])
    parts = [_strong(levels[strokes & section]) for section in sections]
    enough = [part for part in parts if part.size >= MIN_STROKES]
    found = np.full(len(parts), np.nan)
    if not enough or everything.size < MIN_STROKES:
        return found
    spread = np.sqrt(
        sum(float(np.square(part - part.mean()).sum()) for part in enough)
        / max(sum(part.size - 1 for part in enough), 1)
    )
    usual = float(np.median(everything))
    for place, part in enumerate(parts):
        if part.size >= MIN_STROKES:
            departure = float(np.median(part)) - usual
            error = _MEDIAN_ERROR * spread / np.sqrt(part.size)
            found[place] = departure if abs(departure) > max(LEAST_DB, ERRORS * error) else 0.0
    return found


def _strong(levels: Float64) -> Float64:
    """The strong ones of some levels in dB."""
    if not levels.size:
        return levels
    return levels[levels >= np.quantile(levels, 0.9) - STRONG_DB]
