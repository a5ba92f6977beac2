"""The recording gain of every microphone against what is usual for its role, with its uncertainty.

Drum k, struck with an unknown spectrum a_kb, reaches microphone i in band b at

    y_kib = a_kb + H_kib + t_i + e_ki + e_kib,        t_i = g_i + p_i        (all in dB)

H: how a microphone of this role usually hears that drum. g_i: the preamp. p_i: the microphone
stands nearer or farther than usual from everything, or what is usual is not well known. e_ki:
another placement than usual with respect to this drum. a_kb has a flat prior, so that only ratios
of microphones at one drum count: neither how hard nor how often a drum is struck matters. A drum's
own microphone varies by far the most against the others, so its level has little weight; the
ratios of microphones at other drums have most. Missing bleed is missing data.

Student weights per drum and microphone come from the fit under a flat prior on t: no recording
gain changes them, so that the estimate of t follows gains exactly while its precision stays.

How far strokes and loudness lie above the role's usual level is a second measurement of g. It
counts less, the more is known from the bleed. Prior: within a session g has one standard
deviation, small where levels were set with care and larger where not, or one microphone alone was
set wrong. How likely each of these is follows from the session's own measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.analysis.level_departure import LevelDeparture

Float64 = npt.NDArray[np.float64]

#: standard deviations to either side that hold 80 % of a normal distribution
Z_80 = 1.2816
#: rounds of reweighting
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class GainModel:
    """The numbers of the model: variances in dB^2, standard deviations in dB.

    Attributes
    ----------
    third_party, own
        Variance of e_ki of a microphone at the drum of another, and at its own.
    band
        Variance of e_kib.
    stroke
        Variance of one stroke; that of n strokes is n times smaller.
    blur
        Variance of a level in a band where the drum makes up half of what is heard; for another
        share it is (1 - share) / share times as large.
    freedom
        Degrees of freedom of the Student weights.
    level_beside_bleed, level_alone
        Standard deviation of g as the level of a track tells it, with bleed and without.
    spreads, odds
        Standard deviations of the prior on g, one for each kind of session, and how likely each is.
    odd, odd_odds
        Standard deviation of g of one microphone in a session whose others were set with care, and
        how likely such a session is.
    mismatch, mismatch_odds
        Standard deviation of p where the names of the tracks do not fit their sound, and how likely
        that is.
    tempering
        Share of the evidence about the kind of session that counts, 0 to 1: less than 1, because
        the model is a simplification.
    """

    third_party: float = 12.0
    own: float = 64.0
    band: float = 16.0
    stroke: float = 25.0
    blur: float = 8.0
    freedom: float = 4.0
    level_beside_bleed: float = 4.5
    level_alone: float = 4.0
    spreads: tuple[float, ...] = (3.0, 6.0, 12.0)
    odds: tuple[float, ...] = (0.45, 0.3, 0.25)
    odd: float = 20.0
    odd_odds: float = 0.3
    mismatch: float = 15.0
    mismatch_odds: float = 0.15
    tempering: float = 0.75


@dataclass(frozen=True)
class ExpectedLevels:
    """What is usual.

    Attributes
    ----------
    level_db
        Shape (drums, tracks, bands), in dB, except for an unknown offset per drum and band.
    variance
        Shape (drums, tracks), in dB^2: how uncertain these levels are themselves.
    """

    level_db: Float64
    variance: Float64


@dataclass(frozen=True)
class BleedEvidence:
    """What the strokes say about t, except for an offset that all tracks have in common.

    Attributes
    ----------
    precision
        Shape (tracks, tracks), in 1/dB^2.
    offset_db
        Shape (tracks,), in dB; 0 where nothing is known.
    """

    precision: Float64
    offset_db: Float64


@dataclass(frozen=True)
class RecordingGainEstimate:
    """The recording gains of a session and how certain they are.

    Attributes
    ----------
    mean_db
        Shape (tracks,): the expected g in dB, its mean over the tracks removed.
    sd_db
        Shape (tracks,): standard deviation of g in dB.
    careless_db
        Expected standard deviation of g over the tracks of this session, in dB: small where the
        levels were set with care.
    reliability
        Shape (tracks,): how much of what could be known of a track is known from the bleed, 0 to 1.
    """

    mean_db: Float64
    sd_db: Float64
    careless_db: float
    reliability: Float64

    def interval(self, z: float = Z_80) -> Float64:
        """The intervals of the recording gains.

        Parameters
        ----------
        z
            Standard deviations to either side; by default those that hold 80 % of a normal
            distribution.

        Returns
        -------
        array
            Shape (tracks, 2): lower and upper end in dB.
        """
        return np.stack([self.mean_db - z * self.sd_db, self.mean_db + z * self.sd_db], axis=1)


def bleed_evidence(
    levels: HitLevels, expected: ExpectedLevels, model: GainModel | None = None
) -> BleedEvidence:
    """What the levels of drum hits in all microphones say about the tracks' offsets t.

    Weighted least squares with Student weights, found iteratively, so that single outliers count
    less (see the module for the model).

    Parameters
    ----------
    levels
        Measured levels of the hits, arrays of shape (drums, tracks, bands).
    expected
        The usual levels of the same drums at the same microphones.
    model
        Variances and priors. None for those of the shipped model.

    Returns
    -------
    BleedEvidence
        Precision matrix and offsets in dB.

    References
    ----------
    K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust statistical modeling using the t
    distribution", Journal of the American Statistical Association 84, 1989.
    """
    model = model or GainModel()
    drums, tracks, _ = levels.level_db.shape
    counts = levels.strokes.counts
    kind = np.where(levels.strokes.owners, model.own, model.third_party)
    base = kind.reshape(drums, tracks) + expected.variance
    struck = np.flatnonzero(counts > 0)
    away = levels.level_db - expected.level_db
    weight = np.ones((drums, tracks))
    precision, offset = np.zeros((tracks, tracks)), np.zeros(tracks)
    for _ in range(_ROUNDS if struck.size else 0):
        equations = [
            _DrumEquations(
                away[drum],
                levels.share[drum],
                float(counts[drum]),
                base[drum] / weight[drum],
                model,
            )
            for drum in struck
        ]
        precision = np.sum([one.precision for one in equations], axis=0)
        vector = np.sum([one.vector for one in equations], axis=0)
        offset = np.linalg.pinv(precision, rcond=1e-8, hermitian=True) @ vector
        for drum, one in zip(struck, equations, strict=True):
            far = one.residual(offset) ** 2 / (base[drum] + one.noise)
            weight[drum] = (model.freedom + 1.0) / (model.freedom + far)
    return BleedEvidence(precision, offset)


class _DrumEquations:
    """The normal equations of one drum for t, its spectrum left open.

    ``away``, ``share``: (tracks, bands), ``away`` NaN where unheard; ``count``: its strokes;
    ``base``: (tracks,) variance that all bands of a microphone have in common, beside that of few
    strokes.
    """

    def __init__(
        self, away: Float64, share: Float64, count: float, base: Float64, model: GainModel
    ) -> None:
        known = np.isfinite(away)
        blur = model.blur * (1.0 - share) / np.maximum(share, 1e-3)
        self._single = np.where(known, 1.0 / (model.band + blur), 0.0)
        self._away = np.where(known, away, 0.0)
        total = self._single.sum(axis=1)
        self._total = np.maximum(total, 1e-12)
        middling = np.maximum(share.mean(axis=1), 1e-3)
        common = model.stroke / count + model.blur * (1.0 - middling) / middling
        shared = base + common
        #: (tracks,) variance of a level beside its placement
        self.noise = common + np.where(total > 0.0, 1.0 / self._total, 0.0)
        # per track the inverse of diag(1 / single) + shared 11'
        eye = np.eye(away.shape[1])
        taken = (shared / (1.0 + shared * total))[:, None, None]
        outer = self._single[:, :, None] * self._single[:, None, :]
        self._inverse = self._single[:, :, None] * eye - taken * outer
        self._spectrum = np.linalg.pinv(self._inverse.sum(axis=0), rcond=1e-9, hermitian=True)
        rows = self._inverse.sum(axis=2)
        self.precision = np.diag(rows.sum(axis=1)) - rows @ self._spectrum @ rows.T
        weighted = np.einsum("tbc,tc->tb", self._inverse, self._away)
        self.vector = weighted.sum(axis=1) - rows @ self._spectrum @ weighted.sum(axis=0)

    def residual(self, offset: Float64) -> Float64:
        """(tracks,) mean over bands of what offsets (tracks,) and spectrum do not explain."""
        left = self._away - offset[:, None]
        spectrum = self._spectrum @ np.einsum("tbc,tc->tb", self._inverse, left).sum(axis=0)
        return np.asarray(((left - spectrum) * self._single).sum(axis=1) / self._total)


def infer_recording_gain(
    evidence: BleedEvidence,
    departure: LevelDeparture,
    placement: Float64,
    widening: Float64,
    model: GainModel | None = None,
) -> RecordingGainEstimate:
    """The expected recording gains and their standard deviations.

    The posterior mean over a mixture of priors: how carefully the levels of this session were set
    is not known, so every prior counts by how well it explains what was measured.

    Parameters
    ----------
    evidence
        What bleed says, for n tracks.
    departure
        What the level of each track says, as a departure from the usual level of its role.
    placement
        Shape (n,): variance in dB^2 of what the placement of a microphone changes.
    widening
        Shape (n,): factors on the standard deviations, calibrated where the true gain is known.
    model
        Variances and priors. None for those of the shipped model.

    Returns
    -------
    RecordingGainEstimate
        Means and standard deviations in dB, shape (n,) each.
    """
    model = model or GainModel()
    tracks = placement.size
    centre = np.eye(tracks) - 1.0 / tracks
    usual = _Evidence(evidence, departure, placement, model)
    misplaced = _Evidence(evidence, departure, placement + model.mismatch**2, model)
    logs, means, variances, spreads = [], [], [], []
    for both, share in ((usual, 1.0 - model.mismatch_odds), (misplaced, model.mismatch_odds)):
        for prior, odds in _priors(tracks, model):
            log, mean, variance = both.infer(prior, centre)
            logs.append(np.log(share * odds) + model.tempering * log)
            means.append(mean)
            variances.append(variance)
            spreads.append(float(np.sqrt(prior.mean())))
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    mean = weight @ np.array(means)
    variance = weight @ (np.array(variances) + (np.array(means) - mean) ** 2)
    deviation = widening * np.sqrt(np.maximum(variance, 0.0))
    spread = float(weight @ np.array(spreads))
    return RecordingGainEstimate(mean, deviation, spread, usual.reliability)


class _Evidence:
    """What bleed and level together say about g, for one assumption on how microphones are placed.

    The offsets from the bleed are g + p with the precision P. Integrated over p, which has the
    variances R, their precision about g is Pb = P - P (P + R^-1)^-1 P.
    """

    def __init__(
        self,
        evidence: BleedEvidence,
        departure: LevelDeparture,
        placement: Float64,
        model: GainModel,
    ) -> None:
        tracks = placement.size
        centre = np.eye(tracks) - 1.0 / tracks
        both = evidence.precision + np.diag(1.0 / placement)
        bleed = evidence.precision - evidence.precision @ np.linalg.solve(both, evidence.precision)
        wide = max(model.spreads) ** 2
        left = np.linalg.pinv(bleed + centre / wide, rcond=1e-9, hermitian=True)
        most = wide * max(1.0 - 1.0 / tracks, 1e-9)
        #: (tracks,) which part of what could be known of a track the bleed gives, 0 to 1
        self.reliability = np.clip(1.0 - np.diag(left) / most, 0.0, 1.0) * (tracks > 1)
        weight = self.reliability / model.level_beside_bleed**2
        weight = weight + (1.0 - self.reliability) / model.level_alone**2
        weight = 1.0 / (1.0 / weight + departure.doubt)
        total = float(weight.sum())
        levels = np.diag(weight)
        if total > 0.0:
            levels = levels - np.outer(weight, weight) / total
        over, offset = np.nan_to_num(departure.over_db), evidence.offset_db
        self._precision = centre @ (bleed + levels) @ centre
        self._vector = bleed @ offset + levels @ over
        known = weight[weight > 0.0]
        self._log = 0.5 * float(
            np.log(known).sum()
            - np.linalg.slogdet(np.eye(tracks) + placement[:, None] * evidence.precision)[1]
            - offset @ bleed @ offset
            - over @ levels @ over
        )

    def infer(self, prior: Float64, centre: Float64) -> tuple[float, Float64, Float64]:
        """Logarithm of the evidence for the prior variances of g (tracks,), and by it mean and
        variance of g (tracks,).

        With the information matrix P, the vector v and prior covariance D the evidence of a linear
        Gaussian model is proportional to det(I + D P)^(-1/2) exp(v' (P + D^-1)^-1 v / 2).
        """
        after = np.linalg.inv(self._precision + np.diag(1.0 / prior))
        mean = after @ self._vector
        _, volume = np.linalg.slogdet(np.eye(prior.size) + prior[:, None] * self._precision)
        log = self._log + 0.5 * (float(mean @ self._vector) - float(volume))
        return log, centre @ mean, np.diag(centre @ after @ centre)


def _priors(tracks: int, model: GainModel) -> list[tuple[Float64, float]]:
    """Variances of g (tracks,), and their odds: all tracks alike, or one of them odd."""
    found = [
        (np.full(tracks, spread**2), (1.0 - model.odd_odds) * odds)
        for spread, odds in zip(model.spreads, model.odds, strict=True)
    ]
    for track in range(tracks):
        prior = np.full(tracks, model.spreads[0] ** 2)
        prior[track] = model.odd**2
        found.append((prior, model.odd_odds / tracks))
    return found
