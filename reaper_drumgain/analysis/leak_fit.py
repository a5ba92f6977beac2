"""How much of a microphone's sound at the onsets of a kit the other microphones explain.

A microphone whose drum rests holds a fixed non-negative mixture of what the others hear, because
the paths from the drums to the microphones do not change. Here that mixture is fitted to the lower
side of the microphone's energies, one fit for each frequency band, and the excess over it is
computed. Scaling any track by any factor changes nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

Float64 = npt.NDArray[np.float64]

#: dB under a track's strongest onset, per band: as good as nothing, 16-bit noise and dither
FLOOR_DB = -60.0
#: dB under a track's strongest onset, all bands together: gated or cut away there
MISSING_DB = -70.0
#: multiplicative updates of a fit
STEPS = 40

_TINY = 1e-300


def floor_fit(energy: Float64, sources: Float64, steps: int = STEPS) -> Float64:
    """The lower side of a microphone's energies as a non-negative mixture of others.

    Minimises sum((p / e)^2 / 2 - log(p / e)) over the weights of p = weights @ sources, by
    multiplicative updates as those of Itakura-Saito NMF (Fevotte et al. 2009), of which this is
    the divergence with prediction and energy exchanged and the first term squared. It is convex,
    scales exactly with every row, and is one-sided: an onset that exceeds the prediction a
    hundredfold costs a logarithm, one that falls short of it a hundredfold costs thousands. So own
    strokes hardly bend the fit, also where nearly all onsets are own strokes: a ride that is
    struck all the time is told from leak by a few strokes of the snare. At the optimum the mean of
    (p / e)^2 is 1.

    Parameters
    ----------
    energy
        Shape (onsets,), mean square.
    sources
        Shape (sources, onsets), mean square.
    steps
        How many updates.

    Returns
    -------
    array
        Shape (onsets,): the predicted energies, 0 where there is nothing to predict them from.
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
        predicted = weights @ mixture + _TINY
        steeper = (mixture * predicted / np.square(heard)).sum(axis=1)
        weights = weights * np.sqrt((mixture / predicted).sum(axis=1) / steeper)
    return np.asarray(weights @ mixture * loudest)


def excesses(energy: Float64, sources: Float64, best: int | None = None) -> Float64:
    """By how much a microphone exceeds what others predict, at each onset.

    Onsets at which the track is silent (``MISSING_DB``) are missing data, because a gate was
    closed, and not low leak: they are left out, and their excess is 0. Bands in which it never
    sounds do not count.

    Parameters
    ----------
    energy
        Shape (onsets, bands), mean square.
    sources
        Shape (sources, onsets, bands), mean square.
    best
        Of so many bands, at each onset those that exceed most; None for all of them.

    Returns
    -------
    array
        Shape (onsets,), in dB: the mean over the bands.
    """
    total = energy.sum(axis=1)
    there = total > total.max(initial=0.0) * to_power(Decibel(MISSING_DB))
    bands = [band for band in range(energy.shape[1]) if energy[there, band].any()]
    found = np.zeros((len(bands), total.size))
    for row, band in zip(found, bands, strict=True):
        own = energy[there, band]
        floor = own.max() * to_power(Decibel(FLOOR_DB))
        predicted = floor_fit(own, sources[:, there, band])
        row[there] = power_to_db(np.maximum(own, floor) / np.maximum(predicted, floor))
    if not bands:
        return np.zeros(total.size)
    return np.asarray(np.sort(found, axis=0)[-(best or len(bands)) :].mean(axis=0))
