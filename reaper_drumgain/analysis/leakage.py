"""Which close microphones hold their own drum, and which only what leaks into them.

Terms. An *onset* is a moment at which some track of the kit rises (the onsets of all tracks
together, those within 30 ms being one). Every track has an energy there, in each of a few
frequency bands. A microphone whose drum rests holds nothing that the other tracks do not explain:
at each onset its energy is a fixed non-negative mixture of theirs, because the ways from the drums
to the microphones do not change, whatever the groove and the recording gains. A stroke of its own
drum exceeds that mixture by 8 to 40 dB, because nothing hears a drum as its own microphone does.

The *excess* X of a microphone (dB): by how much its strong onsets exceed a mixture of the others
that was fitted to their lower side, and its limit: ``leak_excess`` has both.

*Played*: at least one stroke of the microphone's own drum whose energy in that microphone exceeds
what leaks in from the others at that moment. In rendered sessions it is counted as at least one
stroke of the drum among the notes, of any velocity.

Held without a doubt only: a microphone is held as ``leak`` where X of all microphones of its drum
stays under their limits, and another drum stands out that explains it; a kick or snare where
besides hardly any of its loud onsets lacks the stroke of another. Where no other close microphone
stands out (one drum alone, copies of one file), nothing is held.

Every number above compares a track with itself: scaling any track by any factor changes nothing.
The one exception: a track that is mostly silence (cleaned, gated) has no leak that could be
compared, and is judged by its level against the kit's median (``_is_residue``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.leak_excess import (
    Microphone,
    excess_of,
    families_of,
    kit_excesses,
    strengths,
    strong_onsets,
)
from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

ACTIVE, LEAK, RESIDUE, EMPTY, SHORT = "active", "leak", "residue", "empty", "too short"

#: a track is cleaned where more than half of the kit's onsets find it this far under its strongest
CLEANED_DB = -50.0
#: a cleaned track this far under the kit's median holds residue; and under the nearer limit where
#: every one of its onsets is the stroke of another drum
FAR_BELOW_DB, BELOW_DB = -30.0, -15.0
#: too short to judge: sound for less than this, or one hit alone; a single hit rings no longer
SHORT_SECONDS, RING_SECONDS = 0.4, 3.0
#: a kick or snare is held only where hardly any of its onsets within this of its loudest lacks the
#: stroke of another. Tracks of a drum machine coincide without leak: where kick and hi-hat always
#: do, each explains the other, but neither stands out there
LOUD_DB, ORPHAN_SHARE = Decibel(-10.0), 0.1
#: share of the song's X that X of a section has to reach, and its bound in dB
SECTION_SHARE, SECTION_MAX_DB = 0.4, 12.0

_TINY = 1e-300


@dataclass(frozen=True)
class Verdict:
    """What was decided about one track.

    Attributes
    ----------
    state
        ACTIVE, or why it is held.
    excess_db
        X in dB; NaN where there was nothing to compare with.
    limit_db
        The limit that X is compared with.
    level_db
        Its strongest onsets in dB, relative to the median of the kit's close microphones.
    seconds
        How long it sounds.
    hits
        How many onsets it has of its own.
    """

    state: str
    excess_db: float
    limit_db: float
    level_db: float
    seconds: float
    hits: int


@dataclass(frozen=True)
class Heard:
    """What the onsets of a song say of each track; ``judge`` decides by it.

    Attributes
    ----------
    microphones
        One per track.
    families
        One number per track; tracks of one number do not explain each other.
    over
        Shape (tracks, onsets), in dB: by how much each onset exceeds what the others predict; NaN
        where nothing could be fitted.
    risen
        Shape (tracks, onsets), mean square: what an onset adds; 0 where it adds less than was
        sounding before.
    strength
        Shape (tracks, onsets), mean square: by which strong onsets are found.
    excess_db, level_db, seconds, hits
        Shape (tracks,): as in ``Verdict``.
    limits_db
        Shape (tracks,), in dB: from this value of ``over`` on an onset is a stroke of the track's
        own drum.
    cleaned
        Shape (tracks,): which tracks are silent at more than half of the kit's onsets.
    """

    microphones: tuple[Microphone, ...]
    families: tuple[int, ...]
    over: Float64
    risen: Float64
    strength: Float64
    excess_db: Float64
    limits_db: Float64
    level_db: Float64
    cleaned: Bool
    seconds: Float64
    hits: npt.NDArray[np.intp]


def sounding(envelope: npt.NDArray[np.floating], step_seconds: float = 0.01) -> float:
    """For how many seconds a track sounds.

    Parameters
    ----------
    envelope
        Shape (steps,), mean square.
    step_seconds
        The length of a step.

    Returns
    -------
    float
        The seconds within 60 dB of the loudest step.
    """
    loudest = float(envelope.max(initial=0.0))
    if not loudest > 0.0:
        return 0.0
    return float(np.count_nonzero(envelope > loudest * 1e-6) * step_seconds)


def is_short(seconds: float, hits: int) -> bool:
    """Whether a track has too little sound to judge: less than 0.4 s, or a single hit.

    Three hits are enough, however short they were cut. A track with leak between its hits sounds
    longer than any single hit.

    Parameters
    ----------
    seconds
        How long it sounds, as ``sounding`` says.
    hits
        How many onsets it has of itself.

    Returns
    -------
    bool
        Whether it is too short.
    """
    return hits < 3 and (seconds < SHORT_SECONDS or (hits < 2 and seconds < RING_SECONDS))


def hear(
    microphones: Sequence[Microphone],
    envelopes: Sequence[npt.NDArray[np.floating]],
    hits: Sequence[int],
    energy: Float64,
    before: Float64,
) -> Heard:
    """What the onsets of a song say of each track.

    Parameters
    ----------
    microphones
        One per track.
    envelopes
        One per track: (steps,), mean squares per 10 ms.
    hits
        One per track: how many onsets it has of itself.
    energy
        Shape (tracks, onsets, bands), mean square, at the onsets of the kit.
    before
        The same over a window as long that ends where that of ``energy`` begins.

    Returns
    -------
    Heard
        What ``judge`` and ``plays_in`` go by.
    """
    energy = np.maximum(np.nan_to_num(energy), 0.0)
    total = energy.sum(axis=2)
    earlier = np.maximum(np.nan_to_num(before), 0.0).sum(axis=2)
    risen = np.where(total > 2.0 * earlier, total - earlier, 0.0)
    families = families_of(microphones, total)
    strength = strengths(microphones, total, risen)
    rising = _rising(np.asarray(hits), risen)
    over, limits = kit_excesses(microphones, families, energy, strength, rising)
    cleaned = _cleaned(total)
    return Heard(
        tuple(microphones),
        families,
        over,
        risen,
        strength,
        np.array([excess_of(*rows) for rows in zip(over, strength, strict=True)]),
        limits,
        _levels(microphones, risen, cleaned),
        cleaned,
        np.array([sounding(envelope) for envelope in envelopes]),
        np.array(hits, dtype=np.intp),
    )


def judge(heard: Heard) -> tuple[Verdict, ...]:
    """What is said of each track of a song; overheads and rooms are held only without any hit.

    Parameters
    ----------
    heard
        What its onsets say.

    Returns
    -------
    tuple
        One verdict per track.
    """
    return tuple(
        Verdict(
            _state(heard, t),
            float(heard.excess_db[t]),
            float(heard.limits_db[t]),
            float(heard.level_db[t]),
            float(heard.seconds[t]),
            int(heard.hits[t]),
        )
        for t in range(len(heard.microphones))
    )


def plays_in(heard: Heard, verdicts: Sequence[Verdict], section: Bool) -> Bool:
    """Which tracks play in a section.

    A track that is held in the song is held in all of its sections. Any other close microphone
    plays in a section where X, computed from the section's onsets with the song's fit, reaches a
    share of the song's X (12 dB at most). The leak of a cymbal without a microphone stands out,
    too, but less than the drum's own strokes, of which the song has some. A cleaned track plays
    where it rises to within 20 dB of its largest in the song.

    Parameters
    ----------
    heard
        What the onsets of the song say.
    verdicts
        Of ``judge``.
    section
        Shape (onsets,): which of the song's onsets lie in the section.

    Returns
    -------
    array
        Shape (tracks,), bool.
    """
    standing = _standing(heard)
    found = np.zeros(len(heard.microphones), dtype=bool)
    for track, verdict in enumerate(verdicts):
        if verdict.state != ACTIVE:
            continue
        own = [t for t in np.flatnonzero(standing).tolist() if _one_drum(heard, t, track)]
        if not heard.microphones[track].close or not np.isfinite(heard.excess_db[track]):
            found[track] = True
        elif heard.cleaned[track]:
            found[track] = bool((strong_onsets(heard.risen[track]) & section).any())
        else:
            found[track] = not own or any(_stands_in(heard, t, section) for t in own)
    return found


def _stands_in(heard: Heard, track: int, section: Bool) -> bool:
    """Whether a track that stands out in the song also does in a section (onsets,)."""
    asked = min(SECTION_SHARE * heard.excess_db[track], SECTION_MAX_DB)
    inside = np.where(section, heard.strength[track], 0.0)
    return bool(excess_of(heard.over[track], inside) >= asked)


def _standing(heard: Heard) -> Bool:
    """Tracks (tracks,) that exceed what leaks into them, the cleaned ones left out."""
    beyond = np.nan_to_num(heard.excess_db, nan=-np.inf) >= heard.limits_db
    return np.asarray(beyond & ~heard.cleaned)


def _rising(hits: npt.NDArray[np.intp], risen: Float64) -> Bool:
    """Tracks (tracks,) with hits. What sounds throughout and hardly ever rises (once, where the
    file begins) is hiss or hum."""
    return np.asarray((hits > 0) & (np.count_nonzero(risen, axis=1) > 1))


def _one_drum(heard: Heard, one: int, two: int) -> bool:
    """Whether two tracks are microphones of one drum."""
    return heard.families[one] == heard.families[two]


def _state(heard: Heard, track: int) -> str:
    """Why a track is held, or ACTIVE."""
    if not heard.seconds[track] > 0.0:
        return EMPTY
    if is_short(float(heard.seconds[track]), int(heard.hits[track])):
        return SHORT
    microphone = heard.microphones[track]
    if microphone.drum is None:
        return ACTIVE
    if not microphone.close:
        # a room that is compressed a lot rises little
        rises = heard.hits[track] > 1 or np.count_nonzero(heard.risen[track]) > 1
        return ACTIVE if rises else EMPTY
    if not _rising(heard.hits, heard.risen)[track]:
        return EMPTY
    if not np.isfinite(heard.excess_db[track]):
        return ACTIVE
    standing = np.flatnonzero(_standing(heard)).tolist()
    sources = [other for other in standing if not _one_drum(heard, other, track)]
    strokes = (heard.over[sources] >= heard.limits_db[sources, None]).any(axis=0)
    strong = strong_onsets(heard.risen[track])
    if heard.cleaned[track]:
        alone = bool((strong & ~strokes).any())
        return RESIDUE if _is_residue(float(heard.level_db[track]), alone) else ACTIVE
    # a drum that plays does so in all of its microphones
    if not sources or len(sources) < len(standing):
        return ACTIVE
    if microphone.usual:
        loud = strong & (heard.risen[track] >= heard.risen[track].max() * to_power(LOUD_DB))
        return LEAK if (loud & ~strokes).sum() <= ORPHAN_SHARE * loud.sum() else ACTIVE
    return LEAK


def _levels(microphones: Sequence[Microphone], risen: Float64, cleaned: Bool) -> Float64:
    """What the largest onset of each track adds, in dB (tracks,), less the median of this over the
    close microphones that rise at all, the cleaned ones left out where there are others; -inf
    where a track never rises."""
    largest = risen.max(axis=1, initial=0.0)
    level = np.where(largest > 0.0, power_to_db(np.maximum(largest, _TINY)), -np.inf)
    close = [t for t, mic in enumerate(microphones) if mic.close and largest[t] > 0.0]
    close = [t for t in close if not cleaned[t]] or close
    return np.asarray(level - (np.median(level[close]) if close else 0.0))


def _cleaned(total: Float64) -> Bool:
    """Tracks (tracks,) that are silent at more than half of the kit's onsets."""
    if not total.shape[1]:
        return np.zeros(total.shape[0], dtype=bool)
    floor = total.max(axis=1, keepdims=True) * to_power(Decibel(CLEANED_DB))
    return np.asarray((total <= floor).mean(axis=1) > 0.5)


def _is_residue(level_db: float, alone: bool) -> bool:
    """Whether a cleaned track holds only what cleaning left, and not its drum.

    That is so where it is far below the kit's median, or below it and sounds only at strokes of
    other drums (not ``alone``).
    """
    return level_db < FAR_BELOW_DB or (level_db < BELOW_DB and not alone)
