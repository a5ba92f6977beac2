"""Cross-adaptive faders: each track follows the mean loudness of those that play.

E. Perez Gonzalez, J. D. Reiss, "Automatic Gain and Fader Control for Live Mixing", WASPAA 2009;
S. Mansbridge, S. Finn, J. D. Reiss, "Implementation and Evaluation of Autonomous Multi-track
Fader Control", AES 132nd Convention, 2012. Each track has a running loudness behind a gate
with hysteresis; G_m(n) = mean over the open tracks of L(n) - L_m(n), smoothed; both are held
while the track's gate is closed. The gates of the papers have fixed thresholds, for live
inputs whose gain was set; here they follow each track's own loudness, so that a raw track's
level does not decide when it plays. The time constants are ours too.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import (
    ABSOLUTE_GATE_LUFS,
    GATING_HOPS,
    HOPS_PER_SECOND,
    Float64,
    from_lufs,
    gated_loudness,
)
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput, RunningGains
from reaper_drumgain.util.decibels import power_to_db

#: the gate opens above and closes below these, in LU re the track's gated loudness
OPEN_LU, CLOSE_LU = -10.0, -20.0
#: seconds of the one-pole averages of loudness and of gain
LOUDNESS_SECONDS, GAIN_SECONDS = 3.0, 1.0


class CrossAdaptive(Method):
    """The mean of the running gains: one fader position per track."""

    has_running_gains = True

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks, NaN for others and for those that never play."""
        return MethodGains(self.running(given).static())

    def running(self, given: MethodInput) -> RunningGains:
        """The gains over time, all NaN for tracks that are not active or never play."""
        hops = np.zeros((len(given.roles), given.measurement.mix.hops))
        for place in np.flatnonzero(given.active):
            track = given.measurement.tracks[place].hop_powers
            hops[place, : track.size] = track
        return running_gains(hops)


def running_gains(hops: Float64) -> RunningGains:
    """The gains over time of all tracks (Mansbridge, Finn and Reiss 2012).

    Parameters
    ----------
    hops
        K-weighted mean squares of hops of 100 ms, shape (tracks, hops).

    Returns
    -------
    RunningGains
        Gains in dB and the state of the gates, shape (tracks, hops) each.
    """
    tracks, length = hops.shape
    momentary = np.zeros_like(hops)
    if length >= GATING_HOPS:
        windows = np.lib.stride_tricks.sliding_window_view(hops, GATING_HOPS, axis=1)
        momentary[:, GATING_HOPS - 1 :] = windows.mean(axis=-1)
    is_open = _gates(hops, momentary)
    gains = np.full(tracks, np.nan)
    of_loudness, of_gain = (_share(seconds) for seconds in (LOUDNESS_SECONDS, GAIN_SECONDS))
    kept = np.full((length, tracks), np.nan)
    power = np.zeros(tracks)
    for now in range(length):
        playing = is_open[:, now]
        if playing.any():
            first = playing & np.isnan(gains)
            current = momentary[:, now]
            power = np.where(playing, power + of_loudness * (current - power), power)
            power = np.where(first, current, power)
            loudness = power_to_db(power[playing])
            wanted = loudness.mean() - loudness
            held = gains[playing]
            moved = held + of_gain * (wanted - held)
            gains[playing] = np.where(first[playing], wanted, moved)
        kept[now] = gains
    return RunningGains(np.ascontiguousarray(kept.T), is_open)


def _gates(hops: Float64, momentary: Float64) -> npt.NDArray[np.bool_]:
    """(tracks, hops) where each gate is open: from above one threshold until below the other."""
    is_open = np.zeros(hops.shape, dtype=bool)
    places = np.arange(hops.shape[1])
    for row, track, level in zip(is_open, hops, momentary, strict=True):
        own = gated_loudness(track)
        if not math.isfinite(own):
            continue
        opens, closes = (
            from_lufs(max(own + step, ABSOLUTE_GATE_LUFS)) for step in (OPEN_LU, CLOSE_LU)
        )
        # the last time that either threshold was crossed decides
        opened = np.maximum.accumulate(np.where(level > opens, places, -1))
        closed = np.maximum.accumulate(np.where(level < closes, places, -1))
        row[:] = opened > closed
    return is_open


def _share(seconds: float) -> float:
    """The coefficient of a one-pole average for one hop."""
    return -math.expm1(-1.0 / (HOPS_PER_SECOND * seconds))
