"""The recording gain of every microphone against what is usual for its role, with its uncertainty.

Drum k, struck with a spectrum a_kb that nobody knows, reaches microphone i in band b at

    y_kib = a_kb + H_kib + t_i + e_ki + e_kib,        t_i = g_i + p_i        (all in dB)

H: how a microphone of this role usually hears that drum. g_i: the preamp. p_i: the microphone
stands nearer or farther than usual from everything, or what is usual is not well known. e_ki:
another placement than usual with respect to this drum. a_kb has a flat prior, so that only ratios
of microphones at one drum speak: neither how hard nor how often a drum is struck matters. A drum's
own microphone varies by far the most against the others, so what it says of itself alone counts
little; the ratios of third parties carry most. Missing bleed is missing data.

Student weights per drum and microphone come from the fit under a flat prior on t: no recording
gain changes them, so that the estimate of t follows gains exactly while its precision stays.

How far strokes and loudness lie above the role's usual level is the second witness, the weaker the
more the bleed says. Prior: in a session g has one standard deviation, small where levels were set
with care, larger where not, or one microphone alone was set wrong; the session's own evidence
weighs these.
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

    ``third_party``, ``own``: variance of e_ki of a microphone at another drum, and at its own;
    ``band``: of e_kib. ``stroke``: of one stroke, divided by how many there are. ``blur``: of a
    level in a band where the drum makes up half of what is heard, times (1 - share) / share
    otherwise. ``freedom``: of the Student weights. ``level_beside_bleed``, ``level_alone``:
    standard deviation of the second witness. ``spreads``, ``odds``: of the prior on g by session;
    ``odd``, ``odd_odds``: of one microphone in a session whose others were set with care.
    ``tempering``: share of the evidence about the session that counts, for it is a model's.
    """

    third_party: float = 12.0
    own: float = 64.0
    band: float = 16.0
    stroke: float = 25.0
    blur: float = 8.0
    freedom: float = 4.0
    level_beside_bleed: float = 7.0
    level_alone: float = 4.0
    spreads: tuple[float, ...] = (3.0, 6.0, 12.0)
    odds: tuple[float, ...] = (0.45, 0.3, 0.25)
    odd: float = 15.0
    odd_odds: float = 0.15
    tempering: float = 0.75


@dataclass(frozen=True)
class ExpectedLevels:
    """What is usual: ``level_db`` (drums, tracks, bands) but for an offset per drum and band,
    ``variance`` (drums, tracks) in dB^2 of the knowledge itself."""

    level_db: Float64
    variance: Float64


@dataclass(frozen=True)
class BleedEvidence:
    """What the strokes say about t, but for a common offset: ``precision`` (tracks, tracks) in
    1/dB^2 and ``offset_db`` (tracks,), 0 where nothing is known."""

    precision: Float64
    offset_db: Float64


@dataclass(frozen=True)
class RecordingGainEstimate:
    """``mean_db`` (tracks,): the expected g, its mean over the tracks removed; ``sd_db``
    (tracks,): its standard deviation. ``careless_db``: the spread of g that is expected in this
    session. ``reliability`` (tracks,): how much of what could be known of a track the bleed tells,
    0 to 1."""

    mean_db: Float64
    sd_db: Float64
    careless_db: float
    reliability: Float64

    def interval(self, z: float = Z_80) -> Float64:
        """(tracks, 2) ``z`` standard deviations to either side; 80 % by default."""
        return np.stack([self.mean_db - z * self.sd_db, self.mean_db + z * self.sd_db], axis=1)


def bleed_evidence(
    levels: HitLevels, expected: ExpectedLevels, model: GainModel | None = None
) -> BleedEvidence:
    """What the hit levels say about the tracks' offsets t. ``expected``: of the same drums."""
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
        """(tracks,) mean over bands of what offsets (tracks,) and spectrum leave unexplained."""
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
    """The expected recording gains and their standard deviations from both witnesses.

    ``placement``: (tracks,) variance of p in dB^2. ``widening``: (tracks,) factor on the standard
    deviations, found where the true gain is known.
    """
    model = model or GainModel()
    tracks = placement.size
    centre = np.eye(tracks) - 1.0 / tracks
    both = evidence.precision + np.diag(1.0 / placement)
    bleed = evidence.precision - evidence.precision @ np.linalg.solve(both, evidence.precision)
    wide = max(model.spreads) ** 2
    left = np.linalg.pinv(bleed + centre / wide, rcond=1e-9, hermitian=True)
    most = wide * max(1.0 - 1.0 / tracks, 1e-9)
    reliability = np.clip(1.0 - np.diag(left) / most, 0.0, 1.0) * (tracks > 1)
    witness = reliability / model.level_beside_bleed**2
    witness = witness + (1.0 - reliability) / model.level_alone**2
    witness = 1.0 / (1.0 / witness + departure.doubt)
    total = float(witness.sum())
    levels = np.diag(witness)
    if total > 0.0:
        levels = levels - np.outer(witness, witness) / total
    precision = centre @ (bleed + levels) @ centre
    vector = bleed @ evidence.offset_db + levels @ np.nan_to_num(departure.over_db)
    mean, variance, spread = _over_sessions(precision, vector, centre, model)
    return RecordingGainEstimate(mean, widening * np.sqrt(variance), spread, reliability)


def _over_sessions(
    precision: Float64, vector: Float64, centre: Float64, model: GainModel
) -> tuple[Float64, Float64, float]:
    """Mean and variance (tracks,) of g over how the session's levels may have been set, and the
    expected spread in dB.

    For each prior covariance D the evidence of a linear Gaussian model with the information matrix
    P and vector v is det(I + D P)^(-1/2) exp(v' (P + D^-1)^-1 v / 2).
    """
    tracks = vector.size
    priors, odds = _priors(tracks, model)
    after = np.linalg.inv(precision + np.eye(tracks) / priors[:, None, :])
    means = after @ vector
    _, volume = np.linalg.slogdet(np.eye(tracks) + priors[:, :, None] * precision)
    logs = np.log(odds) + model.tempering * 0.5 * (means @ vector - volume)
    weight = np.exp(logs - logs.max())
    weight /= weight.sum()
    means = means @ centre
    mean = weight @ means
    variances = np.einsum("ij,hjk,ki->hi", centre, after, centre)
    variance = weight @ (variances + (means - mean) ** 2)
    spread = float(weight @ np.sqrt(priors.mean(axis=1)))
    return mean, np.maximum(variance, 0.0), spread


def _priors(tracks: int, model: GainModel) -> tuple[Float64, Float64]:
    """Variances of g (priors, tracks) and odds (priors,): all tracks alike, or one of them odd."""
    alike = np.square(model.spreads)[:, None] * np.ones(tracks)
    one = np.full((tracks, tracks), model.spreads[0] ** 2)
    np.fill_diagonal(one, model.odd**2)
    odds = [(1.0 - model.odd_odds) * odds for odds in model.odds]
    return np.vstack([alike, one]), np.array(odds + [model.odd_odds / tracks] * tracks)
