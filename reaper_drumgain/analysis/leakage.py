"""Which close microphones hold their own drum, and which only what leaks into them.

Terms. An *onset* is a moment at which some track of the kit rises (the onsets of all tracks
together, those within 30 ms being one). Every track has an energy there, in each of a few
frequency bands. A microphone whose drum rests holds nothing that the other tracks do not explain:
at each onset its energy is a fixed non-negative mixture of theirs, because the ways from the drums
to the microphones do not change, whatever the groove and the recording gains. A stroke of its own
drum exceeds that mixture by 8 to 40 dB, because nothing hears a drum as its own microphone does.

The *excess* X of a microphone (dB): its energies at the onsets less a mixture of the others that
was fitted to their lower side (``floor_fit``, one fit per band), averaged over the bands in dB;
of its strongest onsets the second largest, or the largest less 6 dB, whichever is more: one onset
alone has to stand out by twice the amplitude of two.

*Played*: at least one stroke of the microphone's own drum whose energy in that microphone exceeds
what leaks in from the others at that moment. In rendered sessions it is counted as at least one
stroke of the drum among the notes, of any velocity.

Held without a doubt only: a microphone is held as ``leak`` where X stays under a limit that
follows from how well this kit's microphones tell its drums apart at all (``excess_limit``). Where
no close microphone stands out (one drum alone, copies of one file), nothing is held.

Every number above compares a track with itself: scaling any track by any factor changes nothing.
The one exception: a track that is mostly silence (cleaned, gated) has no leak that could be
compared, and is judged by its level against the kit's median (``_is_residue``).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

ACTIVE, LEAK, RESIDUE, EMPTY, SHORT = "active", "leak", "residue", "empty", "too short"

#: dB under a track's strongest onset, per band: as good as nothing, 16-bit noise and dither
FLOOR_DB = -60.0
#: dB under a track's strongest onset, all bands together: gated or cut away there
MISSING_DB = -70.0
#: onsets whose rise is within this of the track's largest are its strong ones: soft strokes of a
#: hi-hat lie so far under the snare that leaks into its microphone
STRONG_DB = 20.0
#: what one onset alone has to exceed two by
ALONE_DB = 6.0
#: the limit of X: this share of what the kit's better microphones reach (their upper quartile),
#: within bounds: what strokes at other places, sticks and cymbals add to leak (real bands: 3 to
#: 6 dB) is not to pass for a stroke
LIMIT_SHARE, LIMIT_MIN_DB, LIMIT_MAX_DB = 0.3, 5.5, 8.0
#: a track is cleaned where more than half of the kit's onsets find it this far under its strongest
CLEANED_DB = -50.0
#: a cleaned track this far under the kit's median holds residue; and under the nearer limit where
#: every one of its onsets is the stroke of another drum
FAR_BELOW_DB, BELOW_DB = -30.0, -15.0
#: two tracks whose ratio at all onsets keeps within this are one recording
SAME_DB = 1.0
#: too short to judge: sound for less than this, or one hit alone; a single hit rings no longer
SHORT_SECONDS, RING_SECONDS = 0.4, 3.0
#: a kick or snare is held only where hardly any of its loudest onsets lacks the stroke of another
ORPHAN_SHARE = 0.1
#: what X of a section has to reach of the song's
SECTION_SHARE, SECTION_MAX_DB = 0.4, 12.0
#: multiplicative updates of a fit
STEPS = 40

_TINY = 1e-300


@dataclass(frozen=True)
class Microphone:
    """What a track's role says about its microphone.

    ``drum``: the same for all microphones of one drum; the track's own for overheads and rooms;
    None for what was not recorded in the room (samples, percussion). ``close``: whether it stands
    at one drum. ``metal``: whether that drum is a hi-hat, ride or other cymbal. ``usual``: whether
    it is a kick or snare, which nearly every song has.
    """

    drum: Hashable
    close: bool
    metal: bool = False
    usual: bool = False


@dataclass(frozen=True)
class Verdict:
    """What is said of one track. ``state``: ACTIVE, or why it is held. ``excess_db``: X, NaN where
    there was nothing to compare with; ``limit_db``: what X is compared with. ``level_db``: its
    strongest onsets against the median of the kit's close microphones. ``seconds``: how long it
    sounds, ``hits``: its own onsets."""

    state: str
    excess_db: float
    limit_db: float
    level_db: float
    seconds: float
    hits: int


@dataclass(frozen=True)
class Heard:
    """What ``judge`` goes by. ``families`` (tracks,): tracks of one number do not explain each
    other. ``over`` (tracks, onsets): how far each onset exceeds what the others predict, in dB,
    NaN where nothing could be fitted; ``risen`` (tracks, onsets): the energy that an onset adds, 0
    where it adds less than was sounding before. ``excess_db``, ``level_db``, ``cleaned``,
    ``seconds``, ``hits`` (tracks,) and ``limit_db``: as in ``Verdict``."""

    microphones: tuple[Microphone, ...]
    families: tuple[int, ...]
    over: Float64
    risen: Float64
    excess_db: Float64
    limit_db: float
    level_db: Float64
    cleaned: Bool
    seconds: Float64
    hits: npt.NDArray[np.intp]


def floor_fit(energy: Float64, sources: Float64, steps: int = STEPS) -> Float64:
    """The lower side of ``energy`` (onsets,) as a non-negative mixture of ``sources``
    (sources, onsets): the predicted energies (onsets,).

    Minimises sum(p / e - log(p / e)) over the weights of p = weights @ sources. That is convex,
    scales exactly with every row, and is one-sided: an onset that exceeds the prediction a
    hundredfold costs a logarithm, one that falls short of it a hundredfold costs a hundred, so
    that own strokes hardly bend the fit. At the optimum the mean of p / e is 1.
    """
    loudest = float(energy.max(initial=0.0))
    scale = sources.mean(axis=1) if sources.size else np.zeros(0)
    if not loudest > 0.0 or not (scale > 0.0).any():
        return np.zeros_like(energy)
    heard = np.maximum(energy / loudest, to_power(Decibel(FLOOR_DB)))
    mixture = sources[scale > 0.0] / scale[scale > 0.0, None]
    load = (mixture / heard).sum(axis=1)
    weights = energy.size / (load * load.size)
    for _ in range(steps):
        weights = weights * ((mixture / (weights @ mixture + _TINY)).sum(axis=1) / load)
    return np.asarray(weights @ mixture * loudest)


def excesses(energy: Float64, sources: Float64) -> Float64:
    """By how much ``energy`` (onsets, bands) exceeds what ``sources`` (sources, onsets, bands)
    predict, the mean over the bands in dB (onsets,).

    Onsets at which the track is silent (``MISSING_DB``) are missing data and no low leak, the
    doing of a gate: they take no part, and their excess is 0. Bands in which it never sounds do
    not count.
    """
    total = energy.sum(axis=1)
    there = total > total.max(initial=0.0) * to_power(Decibel(MISSING_DB))
    found = np.zeros(total.size)
    bands = [band for band in range(energy.shape[1]) if energy[there, band].any()]
    for band in bands:
        own = energy[there, band]
        floor = own.max() * to_power(Decibel(FLOOR_DB))
        predicted = floor_fit(own, sources[:, there, band])
        found[there] += power_to_db(np.maximum(own, floor) / np.maximum(predicted, floor))
    return found / max(len(bands), 1)


def excess_limit(values: Sequence[float]) -> float:
    """The limit of X in a kit whose close microphones have these X: dB."""
    known = np.sort([value for value in values if np.isfinite(value)])
    if not known.size:
        return LIMIT_MIN_DB
    reached = known[int(0.75 * (known.size - 1) + 0.5)]
    return float(np.clip(LIMIT_SHARE * reached, LIMIT_MIN_DB, LIMIT_MAX_DB))


def sounding(envelope: npt.NDArray[np.floating], step_seconds: float = 0.01) -> float:
    """For how many seconds an envelope of mean squares is within 60 dB of its loudest step."""
    loudest = float(envelope.max(initial=0.0))
    if not loudest > 0.0:
        return 0.0
    return float(np.count_nonzero(envelope > loudest * 1e-6) * step_seconds)


def is_short(seconds: float, hits: int) -> bool:
    """Whether a track has too little sound to judge: less than 0.4 s, or a single hit.

    ``seconds`` as ``sounding`` says, ``hits``: its own onsets. Three hits are enough, however
    short they were cut. A track with leak between its hits sounds longer than any single hit.
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

    ``envelopes``: mean squares per 10 ms of each track; ``hits``: how many onsets each track has
    of itself; ``energy`` (tracks, onsets, bands): at the onsets of the kit; ``before``: the same
    over a window as long that ends where that of ``energy`` begins.
    """
    count = len(microphones)
    energy = np.maximum(np.nan_to_num(energy), 0.0)
    total = energy.sum(axis=2)
    earlier = np.maximum(np.nan_to_num(before), 0.0).sum(axis=2)
    risen = np.where(total > 2.0 * earlier, total - earlier, 0.0)
    families = _families(microphones, total)
    over = np.full(total.shape, np.nan)
    for track in range(count):
        rivals = _rivals(track, microphones, families, total)
        if microphones[track].close and rivals and risen[track].any():
            over[track] = excesses(energy[track], energy[rivals])
    cleaned = _cleaned(total)
    everything = np.ones(total.shape[1], dtype=bool)
    values = [_excess(over[t], risen[t], everything) for t in range(count)]
    return Heard(
        tuple(microphones),
        tuple(families),
        over,
        risen,
        np.array(values),
        excess_limit(values),
        _levels(microphones, risen, cleaned),
        cleaned,
        np.array([sounding(envelope) for envelope in envelopes]),
        np.array(hits, dtype=np.intp),
    )


def judge(heard: Heard) -> tuple[Verdict, ...]:
    """One verdict per track of a song; only close microphones and silent tracks are ever held."""
    return tuple(
        Verdict(
            _state(heard, t),
            float(heard.excess_db[t]),
            heard.limit_db,
            float(heard.level_db[t]),
            float(heard.seconds[t]),
            int(heard.hits[t]),
        )
        for t in range(len(heard.microphones))
    )


def plays_in(heard: Heard, verdicts: Sequence[Verdict], section: Bool) -> Bool:
    """Which tracks (tracks,) play in a section, given by its onsets (onsets,) among the song's.

    What is held in the song is held in its sections. Of the others a close microphone plays in a
    section where X, of the section's onsets under the song's fit, reaches a share of the song's X
    (at most 12 dB): the leak of a cymbal without a microphone stands out too, but less than the
    drum's own strokes, which the song shows. A cleaned track plays where it rises to within
    ``STRONG_DB`` of its largest in the song.
    """
    found = np.zeros(len(heard.microphones), dtype=bool)
    for track, verdict in enumerate(verdicts):
        if verdict.state != ACTIVE:
            continue
        if not heard.microphones[track].close or not np.isfinite(heard.excess_db[track]):
            found[track] = True
        elif heard.cleaned[track]:
            found[track] = bool((strong_onsets(heard.risen[track]) & section).any())
        elif heard.excess_db[track] < heard.limit_db:
            found[track] = True
        else:
            asked = min(SECTION_SHARE * heard.excess_db[track], SECTION_MAX_DB)
            found[track] = _excess(heard.over[track], heard.risen[track], section) >= asked
    return found


def _state(heard: Heard, track: int) -> str:
    """Why a track is held, or ACTIVE."""
    if not heard.seconds[track] > 0.0:
        return EMPTY
    if is_short(float(heard.seconds[track]), int(heard.hits[track])):
        return SHORT
    microphone = heard.microphones[track]
    if not microphone.close or microphone.drum is None:
        return ACTIVE
    # what sounds throughout and hardly ever rises (once, where the file begins) is hiss or hum
    if heard.hits[track] == 0 or np.count_nonzero(heard.risen[track]) < 2:
        return EMPTY
    if not np.isfinite(heard.excess_db[track]):
        return ACTIVE
    standing = np.nan_to_num(heard.excess_db, nan=-np.inf) >= heard.limit_db
    sources = [
        other
        for other in np.flatnonzero(standing & ~heard.cleaned).tolist()
        if heard.families[other] != heard.families[track]
    ]
    strong = strong_onsets(heard.risen[track])
    strokes = (heard.over[sources] >= heard.limit_db).any(axis=0)
    if heard.cleaned[track]:
        alone = bool((strong & ~strokes).any())
        return RESIDUE if _is_residue(float(heard.level_db[track]), alone) else ACTIVE
    if not sources or standing[track]:
        return ACTIVE
    if microphone.usual:
        loud = strong & (heard.risen[track] >= heard.risen[track].max() * 0.1)
        return LEAK if (loud & ~strokes).sum() <= ORPHAN_SHARE * loud.sum() else ACTIVE
    return LEAK


def strong_onsets(risen: Float64) -> Bool:
    """Onsets (onsets,) at which a track rises by nearly as much as at its largest."""
    largest = float(risen.max(initial=0.0))
    return np.asarray((risen > 0.0) & (risen >= largest * to_power(Decibel(-STRONG_DB))))


def _excess(over: Float64, risen: Float64, section: Bool) -> float:
    """X of a track over the onsets of ``section`` (onsets,), NaN where it does not rise there."""
    strong = strong_onsets(np.where(section, risen, 0.0))
    found = np.sort(over[strong])[::-1]
    if not found.size or not np.isfinite(found).all():
        return float("nan")
    return float(max(found[0] - ALONE_DB, found[min(1, found.size - 1)]))


def _families(microphones: Sequence[Microphone], total: Float64) -> list[int]:
    """A number per track (tracks,), the same for the microphones of one drum and for copies of
    one recording: they do not explain each other."""
    families = list(range(len(microphones)))
    loudest = np.maximum(total.max(axis=1, initial=0.0), _TINY)
    level = power_to_db(np.maximum(total / loudest[:, None], to_power(Decibel(FLOOR_DB))))

    def joined(first: int, second: int) -> bool:
        one, two = microphones[first], microphones[second]
        if one.drum is not None and one.drum == two.drum:
            return True
        if not level.shape[1] or not (one.close and two.close):
            return False
        return bool(np.ptp(level[first] - level[second]) < SAME_DB)

    for second in range(len(families)):
        for first in range(second):
            if families[first] != families[second] and joined(first, second):
                old, new = families[second], families[first]
                families = [new if family == old else family for family in families]
    return families


def _rivals(
    track: int, microphones: Sequence[Microphone], families: Sequence[int], total: Float64
) -> list[int]:
    """The tracks that may explain ``track``: all of the room but its own family. Snare, hi-hat and
    ride are heard by the overheads nearly as by their own microphones, so only close ones explain
    them; a tom hears cymbals that have no microphone of their own, which the overheads explain."""
    there = [
        other
        for other in range(len(microphones))
        if families[other] != families[track]
        and microphones[other].drum is not None
        and total[other].any()
    ]
    near = [other for other in there if microphones[other].close]
    near_only = microphones[track].metal or microphones[track].usual
    return near if near_only and len({families[t] for t in near}) > 1 else there


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
    """Whether a cleaned track holds what cleaning left, not its drum: far below the kit's median,
    or below it while it never sounds but with strokes of other drums (not ``alone``)."""
    return level_db < FAR_BELOW_DB or (level_db < BELOW_DB and not alone)
