"""By how much each close microphone of a kit exceeds what leaks into it, and what the limit is.

The *excess* X of a microphone (dB): its energies at the onsets less a mixture of the others that
was fitted to their lower side (``leak_fit``, one fit per band); of its strong onsets the second
largest, or the largest less 6 dB, whichever is more: one onset alone has to stand out by twice
the amplitude of two.

Drums differ in what is compared (the figures were chosen on half of the rendered sessions):

- Kicks, snares and toms are heard by the mean over all bands, at onsets that rise much.
- Cymbals are heard by the two bands that exceed most: where a ride has its own sound, other drums
  fill only the rest of the spectrum. They ring on, so that their strokes often rise little: onsets
  count that are loud. Cymbals without a microphone ring, too, and are explained by overheads;
  where there is nothing but close microphones, onsets count that rise.
- Overheads hear a snare, above all with side stick, as purely as its own microphone, into which
  the kick leaks: they explain every drum but the snare.
- A microphone that only leaks can explain a drum that plays: where the snare rests, its microphone
  holds little but the kick, and the kick is a multiple of it. So toms and cymbals are judged
  first, then kick and snare without those that were explained, and of these two first the one
  that the others explain better.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.leak_fit import FLOOR_DB, excesses
from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: onsets within this of a track's largest are its strong ones: soft strokes of a hi-hat lie so far
#: under the snare that leaks into its microphone
STRONG_DB = 20.0
#: dB by which a single onset has to exceed what two onsets need
ALONE_DB = 6.0
#: the limit of X of toms: this share of what the kit's better microphones reach (their upper
#: quartile), within bounds: what strokes at other places and sticks add to leak (real bands: 3 to
#: 6 dB) is not to pass for a stroke
TOM_SHARE, TOM_LEAST_DB, MOST_DB = 0.3, 6.5, 9.0
#: the same of kick and snare, which are played in nearly every song
USUAL_SHARE, USUAL_LEAST_DB = 0.25, 4.5
#: the limit of cymbals, whose X is of so many bands. Cymbals that rest reach 8.4 dB on full kits;
#: a hi-hat in straight eighths, every stroke of kick and snare with one of its own, may reach no
#: more than 9 to 12 dB where there are five microphones
METAL_DB, METAL_BANDS = 8.5, 2
#: two tracks whose ratio at all onsets keeps within this are one recording
SAME_DB = 1.0

_TINY = 1e-300


@dataclass(frozen=True)
class Microphone:
    """What a track's role says about its microphone.

    Attributes
    ----------
    drum
        A label, the same for all microphones of one drum; the track's own for overheads and rooms;
        None for what was not recorded in the room (samples, percussion).
    close
        Whether it stands at one drum.
    metal
        Whether that drum is a hi-hat, ride or other cymbal.
    usual
        Whether that drum is a kick or snare, which nearly every song has.
    overheard
        Whether overheads hear the drum as purely as its own microphone does, as they hear a snare,
        above all with side stick.
    """

    drum: Hashable
    close: bool
    metal: bool = False
    usual: bool = False
    overheard: bool = False


def kit_excesses(
    microphones: Sequence[Microphone],
    families: Sequence[int],
    energy: Float64,
    strength: Float64,
    rising: Bool,
) -> tuple[Float64, Float64]:
    """By how much each close microphone exceeds what the others predict.

    Parameters
    ----------
    microphones
        One per track.
    families
        One number per track, as ``families_of`` gives.
    energy
        Shape (tracks, onsets, bands), mean square.
    strength
        Shape (tracks, onsets), as ``strengths`` gives.
    rising
        Shape (tracks,): which tracks rise at onsets. The others, hiss and hum, explain nothing: a
        steady sound would pass for the source of every cymbal that rings throughout.

    Returns
    -------
    over
        Shape (tracks, onsets), in dB: by how much each onset exceeds the prediction; NaN for
        tracks that are not close, or have no other to be predicted from.
    limits_db
        Shape (tracks,): the limits of X; from there on an onset is a stroke of the track's own.
    """
    total = energy.sum(axis=2)
    over = np.full(total.shape, np.nan)
    judged = [t for t, mic in enumerate(microphones) if mic.close and strength[t].any()]
    rivals = {t: _rivals(t, microphones, families, rising) for t in judged}

    def fit(track: int, explained: set[int]) -> float:
        """X without the microphones of some families; what it was where no close one is left."""
        sources = [other for other in rivals[track] if families[other] not in explained]
        if any(microphones[other].close for other in sources):
            bands = METAL_BANDS if microphones[track].metal else None
            over[track] = excesses(energy[track], energy[sources], bands)
        return excess_of(over[track], strength[track])

    values = {track: fit(track, set()) for track in judged}
    limits = np.array([_limit(microphone, list(values.values())) for microphone in microphones])
    members = {f: [t for t in judged if families[t] == f] for f in {families[t] for t in judged}}
    usual = {families[t] for t in judged if microphones[t].usual}
    margins = {f: _margin(own, values, limits) for f, own in members.items()}
    explained = {f for f, margin in margins.items() if f not in usual and margin < 0.0}
    while rest := usual - explained:
        for family in rest:
            values |= {track: fit(track, explained) for track in members[family]}
            margins[family] = _margin(members[family], values, limits)
        best = min(rest, key=lambda family: margins[family])
        if margins[best] >= 0.0:
            break
        explained.add(best)
    return over, limits


def excess_of(over: Float64, strength: Float64) -> float:
    """X of a track.

    Parameters
    ----------
    over
        Shape (onsets,), in dB: by how much each onset exceeds what leaks in.
    strength
        Shape (onsets,), mean square: how strong each onset is.

    Returns
    -------
    float
        In dB; NaN where the track has no onset, or is not judged.
    """
    found = np.sort(over[strong_onsets(strength)])[::-1]
    if not found.size or not np.isfinite(found).all():
        return float("nan")
    return float(max(found[0] - ALONE_DB, found[min(1, found.size - 1)]))


def strong_onsets(strength: Float64) -> Bool:
    """Onsets at which a track is nearly as strong as at its strongest.

    Parameters
    ----------
    strength
        Shape (onsets,), mean square.

    Returns
    -------
    array
        Shape (onsets,), bool.
    """
    largest = float(strength.max(initial=0.0))
    return np.asarray((strength > 0.0) & (strength >= largest * to_power(Decibel(-STRONG_DB))))


def strengths(microphones: Sequence[Microphone], total: Float64, risen: Float64) -> Float64:
    """How strong the onsets of each track are: by how much they rise or, for cymbals, how loud they
    are.

    Parameters
    ----------
    microphones
        One per track.
    total
        Shape (tracks, onsets), mean square.
    risen
        Shape (tracks, onsets): what an onset adds, 0 where it adds less than sounded before.

    Returns
    -------
    array
        Shape (tracks, onsets), mean square.
    """
    far = any(
        not mic.close and mic.drum is not None and own.any()
        for mic, own in zip(microphones, total, strict=True)
    )
    metal = np.array([mic.metal and far for mic in microphones], dtype=bool)
    return np.where(metal[:, None], total, risen)


def excess_limit(values: Sequence[float], share: float, least_db: float) -> float:
    """The limit of X (see the module), from what the microphones of a kit reach.

    Parameters
    ----------
    values
        X of the close microphones in dB; NaN does not count.
    share
        Of their upper quartile.
    least_db
        The limit is at least this, and at most ``MOST_DB``.

    Returns
    -------
    float
        In dB.
    """
    known = np.sort([value for value in values if np.isfinite(value)])
    if not known.size:
        return least_db
    reached = known[int(0.75 * (known.size - 1) + 0.5)]
    return float(np.clip(share * reached, least_db, MOST_DB))


def families_of(microphones: Sequence[Microphone], total: Float64) -> tuple[int, ...]:
    """Which tracks do not explain each other: microphones of one drum, copies of one recording.

    Parameters
    ----------
    microphones
        One per track.
    total
        Shape (tracks, onsets), mean square.

    Returns
    -------
    tuple
        A number per track, the same for tracks that do not explain each other.
    """
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
    return tuple(families)


def _limit(microphone: Microphone, values: Sequence[float]) -> float:
    """The limit of X of a microphone in a kit with these X."""
    if microphone.metal:
        return METAL_DB
    if microphone.usual:
        return excess_limit(values, USUAL_SHARE, USUAL_LEAST_DB)
    return excess_limit(values, TOM_SHARE, TOM_LEAST_DB)


def _margin(members: Sequence[int], values: Mapping[int, float], limits: Float64) -> float:
    """By how much the microphones of a drum exceed their limits; those without X do by anything."""
    margins = [values[track] - float(limits[track]) for track in members]
    return max(margin if np.isfinite(margin) else np.inf for margin in margins)


def _rivals(
    track: int, microphones: Sequence[Microphone], families: Sequence[int], rising: Bool
) -> list[int]:
    """The tracks that may explain ``track``: all of the room that rise but its own family, for a
    drum that is ``overheard`` the close ones among them."""
    return [
        other
        for other in range(len(microphones))
        if families[other] != families[track]
        and microphones[other].drum is not None
        and rising[other]
        and (microphones[other].close or not microphones[track].overheard)
    ]
