"""How every microphone hears the strong strokes of every drum, coinciding strokes separated.

Kick and snare or hi-hat fall together in most grooves. The plain mean over the strokes of a drum
then holds the other drum as well: a snare microphone seems to hear the kick at -16 dB where it
really hears it at -56 dB. A model of all onsets separates them: Itakura-Saito non-negative matrix
factorization (C. Fevotte, N. Bertin, J.-L. Durrieu, Neural Computation 21, 2009), whose result
does not depend on scale: a track recorded x dB louder has levels that are x dB higher, and
nothing else changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hits import Strokes, heard_at, missing_bleed
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Intp = npt.NDArray[np.intp]

#: the quantile of a drum's strokes that is taken as the level of a strong one
STRONG_SHARE = 0.75
#: onsets that the factorization looks at, at most
MOST_ONSETS = 600
#: multiplicative updates
UPDATES = 50
#: start values: the size of a drum that is not struck, relative to a strong stroke, and the share
#: of the sound before an onset that stays; the least value of that share
_ABSENT, _KEPT, _LEAST_KEPT = 0.01, 0.7, 0.05
_TINY = 1e-9


@dataclass(frozen=True)
class HitLevels:
    """How every microphone hears a strong stroke of every drum.

    Attributes
    ----------
    strokes
        Which onsets are strokes of which drum.
    level_db
        Shape (drums, tracks, bands): mean square in dB. NaN where nothing is known (missing bleed,
        or a drum without strokes).
    share
        Shape (drums, tracks, bands), 0 to 1: how much of a microphone's energy at the strokes of a
        drum comes from this drum. Near 0 the level is a guess.
    """

    strokes: Strokes
    level_db: Float64
    share: Float64


def hit_levels(bands: Float64, before: Float64, strokes: Strokes) -> HitLevels:
    """Measure how loud each microphone hears each drum, with coinciding strokes separated.

    The same input always gives the same result.

    Parameters
    ----------
    bands, before
        Shape (tracks, onsets, bands): mean squares at the onsets, and just before them.
    strokes
        Which onsets are strokes of which drum.

    Returns
    -------
    HitLevels
        Levels of strong strokes, arrays of shape (drums, tracks, bands).

    Notes
    -----
    Three parts make up the energy at an onset: one component for each drum with strokes, which
    starts from its own strokes; one component for everything else; and the sound from before the
    onset, of which each track and band keeps a share of its own. Of a microphone without bleed
    (``missing_bleed``) only the strokes of its own drum count.

    References
    ----------
    C. Fevotte, N. Bertin, J.-L. Durrieu, "Nonnegative matrix factorization with the Itakura-Saito
    divergence", Neural Computation 21, 2009.
    """
    tracks, _, width = bands.shape
    played = np.flatnonzero(strokes.counts > 0)
    level = np.full((len(strokes.names), tracks, width), np.nan)
    share = np.zeros(level.shape)
    if not played.size:
        return HitLevels(strokes, level, share)
    seen = _sample(strokes)
    mask = np.repeat(_known(bands, strokes)[:, seen], width, axis=0)
    rows, ringing = _rows(bands, seen), _rows(before, seen)
    mask &= rows > 0.0
    log = np.log(np.where(mask, rows, 1.0))
    scale = log.sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
    target = np.where(mask, np.exp(log - scale[:, None]), 1.0)
    ringing = np.minimum(ringing * np.exp(-scale)[:, None], target)
    assigned = strokes.assigned[np.ix_(played, seen)]
    own = np.repeat(strokes.owners[played], width, axis=1)
    factors = _Factors(target, mask, ringing, assigned, own)
    for _ in range(UPDATES):
        factors.update()
    for place, drum in enumerate(played):
        value, part = factors.strong_stroke(place, assigned[place])
        scaled = power_to_db(value) + power_to_db(np.exp(1.0)) * scale
        level[drum], share[drum] = scaled.reshape(tracks, width), part.reshape(tracks, width)
    return HitLevels(strokes, level, share)


def _rows(bands: Float64, seen: Intp) -> Float64:
    """(tracks * bands, seen) of (tracks, onsets, bands)."""
    return np.moveaxis(bands[:, seen], 2, 1).reshape(-1, seen.size)


def _sample(strokes: Strokes) -> Intp:
    """At most ``MOST_ONSETS`` of the fresh onsets, evenly, and as many of each drum as that
    allows."""
    fresh = strokes.fresh.any(axis=0)
    if fresh.sum() <= MOST_ONSETS:
        return np.flatnonzero(fresh)
    groups = [np.flatnonzero(row) for row in strokes.assigned]
    groups.append(np.flatnonzero(fresh & ~strokes.assigned.any(axis=0)))
    each = MOST_ONSETS // len(groups)
    taken = [group[:: -(-group.size // each)] if group.size else group for group in groups]
    return np.unique(np.concatenate(taken))


def _known(bands: Float64, strokes: Strokes) -> Bool:
    """(tracks, onsets) where a microphone's energy is sound from the room, not what a gate left."""
    energy = bands.sum(axis=2)
    known = heard_at(energy) & (energy > 0.0)
    for track in np.flatnonzero(missing_bleed(energy)):
        own = strokes.owners[:, track]
        known[track] &= strokes.assigned[own].any(axis=0) if own.any() else False
    return np.asarray(known)


class _Factors:
    """``target`` (rows, onsets) as shapes @ sizes + kept * ``ringing``, where ``mask``.

    A row is one band of one track. ``assigned`` (drums, onsets), ``own`` (drums, rows): rows of
    the drum's own microphones.
    """

    def __init__(
        self, target: Float64, mask: Bool, ringing: Float64, assigned: Bool, own: Bool
    ) -> None:
        drums, count = assigned.shape
        self._target, self._ringing = target, ringing
        self._mask: Float64 = mask.astype(np.float64)
        self._own = own
        self._kept = np.full((target.shape[0], 1), _KEPT)
        self._sizes = np.full((drums + 1, count), _ABSENT)
        self._shapes = np.ones((target.shape[0], drums + 1))
        log = np.log(target)
        for drum, struck in enumerate(assigned):
            size = np.exp(log[own[drum]].mean(axis=0))
            size = np.maximum(size / np.median(size[struck]), _ABSENT)
            self._sizes[drum, struck] = size[struck]
            relative = np.where(mask, log - np.log(size), np.nan)[:, struck]
            heard = mask[:, struck].any(axis=1)
            self._shapes[heard, drum] = np.exp(np.nanmedian(relative[heard], axis=1))
        rest = ~assigned.any(axis=0)
        self._sizes[drums] = np.where(rest, 1.0, 0.1)
        chosen = rest if rest.any() else np.ones(count, dtype=bool)
        self._shapes[:, drums] = np.exp(np.median(log[:, chosen], axis=1))

    def _model(self) -> Float64:
        return np.asarray(self._shapes @ self._sizes + self._kept * self._ringing + _TINY)

    def _weights(self) -> tuple[Float64, Float64]:
        """The two parts of the divergence's gradient (rows, onsets): the first raises the model."""
        model = self._model()
        inverse = self._mask / model
        return self._target * inverse / model, inverse

    def update(self) -> None:
        """One round of multiplicative updates; with the exponent 1/2 none raises the divergence.

        Nothing hears a drum better than its own microphones, so their levels bound each stroke.
        """
        up, down = self._weights()
        gain = (self._shapes.T @ up) / np.maximum(self._shapes.T @ down, _TINY)
        self._sizes = np.maximum(self._sizes * np.sqrt(gain), _TINY)
        for drum, own in enumerate(self._own):
            most = np.log(self._target[own] / self._shapes[own, drum][:, None])
            self._sizes[drum] = np.minimum(self._sizes[drum], np.exp(most.mean(axis=0)))
        up, down = self._weights()
        gain = (up @ self._sizes.T) / np.maximum(down @ self._sizes.T, _TINY)
        self._shapes = np.maximum(self._shapes * np.sqrt(gain), _TINY)
        up, down = self._weights()
        falls = np.maximum((down * self._ringing).sum(axis=1), _TINY)
        gain = (up * self._ringing).sum(axis=1) / falls
        self._kept = np.clip(self._kept * np.sqrt(gain)[:, None], _LEAST_KEPT, 1.0)

    def strong_stroke(self, drum: int, struck: Bool) -> tuple[Float64, Float64]:
        """(rows,) energy at a strong stroke, NaN where unheard, and the share it makes up of what
        is heard at the drum's strokes (``struck``, (onsets,))."""
        strong = float(np.quantile(self._sizes[drum, struck], STRONG_SHARE))
        part = self._shapes[:, drum, None] * self._sizes[drum, struck] / self._model()[:, struck]
        weight = self._mask[:, struck]
        count = weight.sum(axis=1)
        heard = count > 0
        share = np.where(heard, (part * weight).sum(axis=1) / np.maximum(count, 1.0), 0.0)
        return np.where(heard, self._shapes[:, drum] * strong, np.nan), share
