"""Polarity and delay between two microphones, from spectra at the hits of a drum.

Four readings, none of which depends on gains, because every spectrum counts relative to itself:

- The *pull* of two microphones on one drum. Below the second mode of a drum its heads move
  together: a microphone on either side hears the same wave, inverted on the far side. r(lag) is
  the correlation over ``LOW_HZ``, half whitened, the mean over the hits. The delay of the far
  microphone by the way through the drum is not known, only its span. So the largest and the
  smallest r within the span count together: pull = largest + smallest, from -2 (they cancel at
  any possible delay) to 2. Inverting one polarity changes its sign and nothing else. The pull
  decides only where the sum as recorded leaves room for doubt.
- The *direct sound* of a snare or tom in the overheads: by how many dB the largest positive peak of
  the correlation exceeds its largest negative one within ``DISTANT_MS``, the mean over the bands
  ``DIRECT_HZ`` and over the overheads. A kick says nothing there: its period is as long as the
  delay.
- Two *sides* of a pair: the plain correlation over ``BODY_HZ`` at lag 0, at hits of kick and snare,
  which stand in the middle.
- The *lead*: how much later the attack begins, from the rise of the envelope of ``ATTACK_HZ`` at
  each hit, the median over the hits.

The listener hears the sum at the delay as recorded (lag 0). ``Reading.now`` is the plain
correlation there: at equal levels the sum is 10 log10(2 + 2 now) dB above one microphone alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Complex = npt.NDArray[np.complexfloating]
Float64 = npt.NDArray[np.float64]

SAME, OPPOSITE, UNSURE = "same", "opposite", "not sure"

#: Hz; ``BODY_HZ``: what a drum's body is heard by, for ``Reading.now``
LOW_HZ, BODY_HZ, ATTACK_HZ = (50.0, 200.0), (60.0, 300.0), (1e3, 6e3)
DIRECT_HZ = ((80.0, 600.0), (200.0, 3000.0))
#: whitening exponents of the low band and of the direct sound: 0 weighs by energy, 1 not at all
WHITENING, DIRECT_WHITENING = 0.5, 0.75
#: ms by which the second microphone may hear later than the first
THROUGH_SNARE_MS, THROUGH_KICK_MS = (-0.4, 1.4), (-0.4, 2.6)
DISTANT_MS, SIDES_MS = (0.8, 10.0), (-3.0, 3.0)
#: least pull for a verdict; least correlation now that decides instead (a flip then makes 2.2 dB);
#: by how much a smaller correlation now may contradict the pull
PULL, NOW, AGAINST = 0.3, 0.25, 0.3
#: dB by which one peak of the direct sound exceeds the other; the correlation of two sides
DIRECT_DB, SIDES = 1.5, 0.5
#: hits that a verdict, and one of distant microphones, needs; share of hits that agree in sign
FEWEST_HITS, FEWEST_DISTANT, AGREEING = 3, 6, 0.75
#: a delay is reported when so far before or after the span, if half the hits lie in ``SPREAD_MS``
EARLY_MS, LATE_MS, SPREAD_MS = 0.7, 1.5, 1.5
#: with a wider spread, up to the last, so many hits are needed; standard error of a median in
#: interquartile ranges, times the root of how many there are (1.253 / 1.349)
FEWEST_SPREAD, MEDIAN_ERROR, MOST_SPREAD_MS = 12, 0.93, 6.0
#: dB under the loudest at which an attack begins: the median of three
LEADS_DB = (-10.0, -15.0, -20.0)
_STEP_MS = 0.05
_TINY = 1e-30
#: least height of a peak
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Reading:
    """What the hits say of two microphones.

    Attributes
    ----------
    polarity
        SAME, OPPOSITE or UNSURE.
    score
        The pull (-2 to 2); against overheads the direct sound in dB; of two sides ``now``.
    hits
        How many hits were read.
    delay_ms
        How much later the second microphone hears; NaN where that is not clear.
    late
        Whether this is more than usual for such a pair.
    now, low
        Correlation as recorded, at lag 0, over ``BODY_HZ`` and ``LOW_HZ``.
    lag_ms, best
        The lag of the correlation that the verdict rests on, and its value.
    """

    polarity: str
    score: float
    hits: int
    delay_ms: float
    late: bool
    now: float
    low: float
    lag_ms: float
    best: float


def sum_db(correlation: float, difference_db: float = 0.0) -> float:
    """Level of the sum of two signals against the louder one alone.

    Parameters
    ----------
    correlation
        Their correlation coefficient, -1 to 1.
    difference_db
        By how many dB one is louder than the other.

    Returns
    -------
    float
        ``10 log10(1 + r^2 + 2 r correlation)`` in dB with r the ratio of their amplitudes; at least
        -40.
    """
    ratio = 10.0 ** (-abs(difference_db) / 20.0)
    power = 1.0 + ratio * ratio + 2.0 * ratio * correlation
    return float(10.0 * np.log10(max(power, 1e-4)))


def flip_gain_db(correlation: float, difference_db: float = 0.0) -> float:
    """How many dB louder the sum becomes when the polarity of one signal is inverted.

    Parameters and formula are those of ``sum_db``.
    """
    return sum_db(-correlation, difference_db) - sum_db(correlation, difference_db)


def read_one_drum(
    first: Complex,
    second: Complex,
    frequencies: Float64,
    span_ms: tuple[float, float],
    *,
    timed: bool = True,
) -> Reading:
    """Polarity and delay of two microphones on one drum.

    A pair that is shifted by more than ``span_ms`` gets its delay but no polarity, which is known
    only after the delay is removed.

    Parameters
    ----------
    first, second
        Complex spectra at the hits, shape (hits, bins); ``first`` stands at the struck head.
    frequencies
        Shape (bins,), in Hz.
    span_ms
        The least and the greatest time in ms by which the second may hear later.
    timed
        Whether the attacks can be timed; False for a sub kick.

    Returns
    -------
    Reading
        UNSURE where there are too few hits or they do not agree.
    """
    first, second = _sounding(first, second)
    hits = len(first)
    if hits < FEWEST_HITS:
        return _nothing(hits)
    delay, clear, late = _lead(first, second, frequencies, span_ms)
    clear, late = clear and timed, late and timed
    lags, each = _correlations(first, second, frequencies, LOW_HZ, span_ms, WHITENING)
    mean = each.mean(axis=0)
    pull = float(mean.max() + mean.min())
    as_recorded = _as_recorded(first, second, frequencies, BODY_HZ)
    now = float(np.median(as_recorded))
    # a clear correlation as recorded decides, else the pull over all possible delays
    by_now = abs(now) >= NOW and np.mean(as_recorded * np.sign(now) > 0.0) >= AGREEING
    sign = float(np.sign(now if by_now else pull))
    agreeing = np.mean((each.max(axis=1) + each.min(axis=1)) * sign > 0.0)
    by_pull = abs(pull) >= PULL and now * sign >= -AGAINST and agreeing >= AGREEING
    sure = bool(by_now or by_pull) and not late
    place = int(np.argmax(mean * sign))
    return Reading(
        _name(sign) if sure else UNSURE,
        pull,
        hits,
        delay if clear or late else float("nan"),
        late,
        now,
        _now(first, second, frequencies, LOW_HZ),
        float(lags[place]),
        float(mean[place]),
    )


def read_overheads(close: Complex, overheads: Sequence[Complex], frequencies: Float64) -> Reading:
    """Polarity of a close microphone of a snare or tom against the overheads.

    Parameters
    ----------
    close
        Complex spectra at the hits, shape (hits, bins).
    overheads
        Of each overhead the spectra at the same hits, shape (hits, bins).
    frequencies
        Shape (bins,), in Hz.

    Returns
    -------
    Reading
        ``score`` in dB; ``delay_ms`` is the median over the overheads, NaN without a clear verdict.
    """
    scores, lags, peaks, nows, fewest = [], [], [], [], len(close)
    for overhead in overheads:
        one, two = _sounding(close, overhead)
        fewest = min(fewest, len(one))
        if len(one) < FEWEST_DISTANT:
            continue
        nows.append([_now(one, two, frequencies, band) for band in (BODY_HZ, LOW_HZ)])
        for band in DIRECT_HZ:
            at, each = _correlations(one, two, frequencies, band, DISTANT_MS, DIRECT_WHITENING)
            mean = each.mean(axis=0)
            high, low = max(float(mean.max()), _LEAST), max(float(-mean.min()), _LEAST)
            scores.append(20.0 * np.log10(high / low))
            place = int(np.argmax(np.abs(mean)))
            lags.append(float(at[place]))
            peaks.append(float(mean[place]))
    if not scores:
        return _nothing(fewest)
    score = float(np.mean(scores))
    sure = abs(score) >= DIRECT_DB
    # of the upper band, whose peak is sharper
    delay = float(np.median(lags[1::2])) if sure else float("nan")
    now, low = np.mean(nows, axis=0).tolist()
    nearest = int(np.argmin(np.abs(np.array(lags) - np.median(lags[1::2]))))
    return Reading(
        _name(score) if sure else UNSURE,
        score,
        fewest,
        delay,
        False,
        now,
        low,
        lags[nearest],
        peaks[nearest],
    )


def read_sides(left: Complex, right: Complex, frequencies: Float64) -> Reading:
    """Polarity of the two sides of a pair.

    Parameters
    ----------
    left, right
        Complex spectra at hits of drums in the middle (kick and snare), shape (hits, bins).
    frequencies
        Shape (bins,), in Hz.

    Returns
    -------
    Reading
        ``score`` is ``now``.
    """
    left, right = _sounding(left, right)
    hits = len(left)
    if hits < FEWEST_DISTANT:
        return _nothing(hits)
    one, two, _ = _cut(left, right, frequencies, BODY_HZ)
    each = (one.conj() * two).real.sum(axis=1)
    now = float(np.median(each))
    agreeing = float(np.mean(np.sign(each) == np.sign(now)))
    sure = abs(now) >= SIDES and agreeing >= AGREEING
    lags, found = _correlations(left, right, frequencies, BODY_HZ, SIDES_MS, WHITENING)
    mean = found.mean(axis=0)
    place = int(np.argmax(np.abs(mean)))
    return Reading(
        _name(now) if sure else UNSURE,
        now,
        hits,
        float("nan"),
        False,
        now,
        _now(left, right, frequencies, LOW_HZ),
        float(lags[place]),
        float(mean[place]),
    )


def against_overheads(readings: Mapping[str, Reading]) -> tuple[str, ...] | None:
    """Which close microphones are reported as opposite to the overheads.

    Where at least two are opposite and none is the same, the overheads are wrong. A single drum
    does not tell which of the two is wrong, and is not reported.

    Parameters
    ----------
    readings
        The results of ``read_overheads`` by drum.

    Returns
    -------
    tuple or None
        The drums whose close microphones are opposite. None for the overheads themselves.
    """
    opposite = tuple(drum for drum, found in readings.items() if found.polarity == OPPOSITE)
    same = sum(found.polarity == SAME for found in readings.values())
    if len(opposite) >= 2 and not same:
        return None
    return opposite if len(opposite) <= same else ()


def _name(sign: float) -> str:
    return SAME if sign > 0.0 else OPPOSITE


def _nothing(hits: int) -> Reading:
    nan = float("nan")
    return Reading(UNSURE, 0.0, hits, nan, False, nan, nan, nan, nan)


def _sounding(first: Complex, second: Complex) -> tuple[Complex, Complex]:
    """Both (hits, bins) without hits at which either is silent or not finite."""
    power = np.minimum(_power(first), _power(second))
    there = np.isfinite(power) & (power > _TINY)
    return first[there], second[there]


def _power(spectra: Complex) -> Float64:
    return np.asarray(np.square(np.abs(spectra), dtype=np.float64).sum(axis=1))


def _cut(
    first: Complex, second: Complex, frequencies: Float64, band: tuple[float, float]
) -> tuple[Complex, Complex, Float64]:
    """The bins in ``band``, each hit of each microphone scaled to power 1."""
    inside = (frequencies >= band[0]) & (frequencies < band[1])
    parts = []
    for spectra in (first, second):
        part = spectra[:, inside].astype(np.complex128)
        parts.append(part / np.sqrt(_power(part) + _TINY)[:, None])
    return parts[0], parts[1], frequencies[inside]


def _correlations(
    first: Complex,
    second: Complex,
    frequencies: Float64,
    band: tuple[float, float],
    span_ms: tuple[float, float],
    whitening: float,
) -> tuple[Float64, Float64]:
    """Lags in ms (lags,) and the correlation of each hit there (hits, lags)."""
    one, two, inside = _cut(first, second, frequencies, band)
    lags = np.arange(span_ms[0], span_ms[1] + _STEP_MS / 2, _STEP_MS)
    common = np.sqrt(np.square(np.abs(one)).mean(axis=0) * np.square(np.abs(two)).mean(axis=0))
    weight = (common + 1e-6 * common.max(initial=0.0) + _TINY) ** -whitening
    cross = one.conj() * two * weight
    total = float((common * weight).sum())
    turns = np.exp(2j * np.pi * 1e-3 * np.outer(inside, lags))
    return lags, (cross @ turns).real / max(total, _TINY)


def _now(first: Complex, second: Complex, frequencies: Float64, band: tuple[float, float]) -> float:
    """The plain correlation over ``band`` at lag 0, the median over the hits."""
    return float(np.median(_as_recorded(first, second, frequencies, band)))


def _as_recorded(
    first: Complex, second: Complex, frequencies: Float64, band: tuple[float, float]
) -> Float64:
    """(hits,) the plain correlation of each hit over ``band`` at lag 0."""
    one, two, _ = _cut(first, second, frequencies, band)
    return np.asarray((one.conj() * two).real.sum(axis=1))


def _lead(
    first: Complex, second: Complex, frequencies: Float64, span_ms: tuple[float, float]
) -> tuple[float, bool, bool]:
    """How many ms later the attack begins in ``second``; whether the hits agree on it; and whether
    it is surely outside of what is usual (by two standard errors of the median).
    """
    each = np.median(_attacks_ms(second, frequencies) - _attacks_ms(first, frequencies), axis=0)
    low, middle, high = np.percentile(each, (25.0, 50.0, 75.0)).tolist()
    clear = high - low <= SPREAD_MS
    doubt = 0.0 if clear else 2.0 * MEDIAN_ERROR * (high - low) / np.sqrt(each.size)
    usual = span_ms[0] - EARLY_MS - doubt < middle < span_ms[1] + LATE_MS + doubt
    sure = clear or (each.size >= FEWEST_SPREAD and high - low <= MOST_SPREAD_MS)
    return float(middle), bool(clear), bool(sure and not usual)


def _attacks_ms(spectra: Complex, frequencies: Float64) -> Float64:
    """When each hit first comes within each of ``LEADS_DB`` of its loudest (levels, hits), in ms
    in the window."""
    spacing = float(frequencies[1] - frequencies[0])
    inside = (frequencies >= ATTACK_HZ[0]) & (frequencies < ATTACK_HZ[1])
    places = np.round(frequencies[inside] / spacing).astype(np.intp)
    size = 1 << int(np.ceil(np.log2(places.max() + 1))) + 1
    padded = np.zeros((len(spectra), size), dtype=np.complex128)
    padded[:, places] = spectra[:, inside]
    power = np.square(np.abs(np.fft.ifft(padded, axis=1)))
    step = 1e3 / spacing / size
    width = max(round(0.4 / step), 1)
    total = np.cumsum(np.pad(power, ((0, 0), (width, 0))), axis=1)
    # the last part of the window is faded out: a peak there is another stroke
    smooth = (total[:, width:] - total[:, :-width])[:, : round(0.6 * size)]
    loudest = smooth.max(axis=1, keepdims=True)
    begun = [np.argmax(smooth >= loudest * 10.0 ** (db / 10.0), axis=1) for db in LEADS_DB]
    return np.asarray(np.array(begun) * step)
