"""Equal partial loudness: every track as loud as every other while the others play.

D. Ward, J. D. Reiss, C. Athwal, "Multitrack Mixing Using a Model of Loudness and Partial
Loudness", AES 133rd Convention, 2012: G_m += eta (mean PL - PL_m), here with the model for
steady sounds of ``moore_glasberg`` on frames of about 90 ms, and PL as 10 log2 of the mean
loudness over the track's frames, so that both sides of the rule are decibels. The paper's
tracks are instruments. Microphones of one drum hear the same, and so do all overheads and all
rooms: each would mask the other as much as it is raised, and no gains make identical tracks
equally loud. So they count as one instrument and do not mask each other. Z. Ma, J. D. Reiss,
D. Black (AES 53rd International Conference, 2014) found that such models underrate how loud
music is among other music.

The listening level in dB SPL is not in the recordings: ``LISTENING_DB`` states it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.descriptors import BandPowers
from reaper_drumgain.analysis.loudness import Float32, Float64
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.moore_glasberg import EDGES, Ear
from reaper_drumgain.tracks.roles import drum_of
from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import db_to_power, power_to_db

#: listening level of the kit in dB SPL: the tracks' powers summed, mean of the chosen frames
LISTENING_DB = 80.0
#: frames of each track, and of all tracks together; see ``_chosen_frames``
FRAMES, ALL_FRAMES = 64, 768
#: a track's frames further below the mean of its frames are gaps, as in BS.1770
GATE_DB = -10.0
#: most of the difference in PL (dB) that a step makes up, and the step's bound in dB
ETA, STEP_DB = 0.5, 6.0
#: excitation patterns are computed again after each round of steps
ROUNDS, STEPS = 6, 16
#: smaller PL differences in dB are ignored
CLOSE_DB = 0.05
_LEAST_SONE = 1e-6


class PartialLoudness(Method):
    """G such that all tracks have the same partial loudness."""

    def __init__(self, listening_db: float = LISTENING_DB) -> None:
        self.listening_db = listening_db
        self.descriptors = (BandPowers("partial-loudness", EDGES),)

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks, NaN for others and for those without a frame."""
        held = given.measurement.described[self.descriptors[0].name]
        gains = np.full(len(given.roles), np.nan)
        powers = {
            place: held[place]
            for place in np.flatnonzero(given.active).tolist()
            if held[place].any()
        }
        if powers:
            sources = [drum_of(given.roles[place]) for place in powers]
            gains[list(powers)] = equal_partial_loudness(
                list(powers.values()), sources, self.listening_db
            )
        return MethodGains(gains)


def equal_partial_loudness(
    powers: Sequence[Float32], sources: Sequence[Hashable], listening_db: float
) -> Float64:
    """Gains with which all tracks have the same partial loudness (Ward, Reiss and Athwal 2012).

    Parameters
    ----------
    powers
        Per track its band powers, shape (frames, bands); no track is silent. Frame n of each track
        lies at the same time; a track that ends early is silent from there.
    sources
        A label per track. Tracks with the same label do not mask each other.
    listening_db
        Level in dB SPL at which the kit is heard.

    Returns
    -------
    array
        Gains in dB, shape (tracks,).
    """
    frames = max(len(track) for track in powers)
    levels = np.zeros((len(powers), frames))
    for row, track in zip(levels, powers, strict=True):
        row[: len(track)] = track.sum(axis=1, dtype=np.float64)
    most = max(min(FRAMES, ALL_FRAMES // len(powers)), 1)
    frames_of = [_chosen_frames(row, most) for row in levels]
    union = np.unique(np.concatenate(frames_of))
    sounds = np.zeros((len(powers), union.size, powers[0].shape[1]))
    for sound, track in zip(sounds, powers, strict=True):
        there = union < len(track)
        sound[there] = track[union[there]]
    # all tracks at the same mean power: from here on recorded levels do not matter
    own = np.array([row[chosen].mean() for row, chosen in zip(levels, frames_of, strict=True)])
    sounds /= own[:, None, None]
    places = [np.searchsorted(union, chosen) for chosen in frames_of]
    same = np.array([[one == other for one in sources] for other in sources], dtype=np.float32)
    return np.asarray(_balanced(sounds, places, same, listening_db) - power_to_db(own))


def _chosen_frames(level: Float64, most: int) -> npt.NDArray[np.intp]:
    """At most ``most`` frames that stand for a track: of those that are no gaps, evenly spread
    over the order of their powers."""
    gate = level[level > 0.0].mean() * to_power(Decibel(GATE_DB))
    sounding = np.flatnonzero(level > gate)
    order = sounding[np.argsort(level[sounding], kind="stable")]
    count = min(most, order.size)
    return np.sort(order[((np.arange(count) + 0.5) * order.size / count).astype(np.intp)])


def _balanced(
    sounds: Float64, places: list[npt.NDArray[np.intp]], same: Float32, listening_db: float
) -> Float64:
    """(tracks,) gains in dB; ``sounds`` (tracks, frames, bands), ``places``: frames of each.

    ``same`` (tracks, tracks): 1 where two tracks are one source, a track and itself as well.
    """
    ear = Ear()
    tracks = len(sounds)
    rows = np.concatenate(places)
    owners = np.repeat(np.arange(tracks), [own.size for own in places])
    starts, counts = np.searchsorted(owners, np.arange(tracks)), np.bincount(owners)
    power = sounds.sum(axis=2).mean(axis=1)
    gains, last, eta = np.zeros(tracks), np.zeros(tracks), np.full(tracks, ETA)
    for _ in range(ROUNDS):
        gains += listening_db - power_to_db(power @ db_to_power(gains))
        scaled = sounds * db_to_power(gains)[:, None, None]
        patterns = np.stack([ear.excitation(track) for track in scaled])
        before = gains.copy()
        for step in range(STEPS):
            factors = db_to_power(gains - before).astype(np.float32)
            kit = np.einsum("m,mfc->fc", factors, patterns)
            own = patterns[owners, rows] * factors[owners, None]
            source = np.concatenate(
                [
                    np.einsum("m,mfc->fc", factors * share, patterns[:, chosen])
                    for share, chosen in zip(same, places, strict=True)
                ]
            )
            others = np.maximum(kit[rows] - source, 0.0)
            sone = np.add.reduceat(ear.partial_loudness(own, others), starts) / counts
            loudness = 10.0 * np.log2(np.maximum(sone, _LEAST_SONE))
            missing = loudness.mean() - loudness
            if np.abs(missing).max() < CLOSE_DB:
                if step == 0:
                    return gains
                break
            # with a fixed eta, tracks that mask each other would oscillate
            eta = np.where(missing * last < 0.0, eta / 2.0, np.minimum(eta * 1.2, ETA))
            gains += np.clip(eta * missing, -STEP_DB, STEP_DB)
            last = missing
    return gains
