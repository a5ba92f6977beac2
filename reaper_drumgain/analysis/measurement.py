"""What one pass over the audio of a session measures.

``Stream`` is what comes in, ``Measurement`` what comes out: levels, envelopes and peaks of each
track, the covariance that the loudness of any mix follows from, spectra and descriptors.
``MultitrackAnalysis`` adds what is known about the playback of the tracks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import bleed
from reaper_drumgain.analysis.hit_spectra import HitSpectra
from reaper_drumgain.analysis.loudness import Float32, Float64, hop_length
from reaper_drumgain.analysis.mix_loudness import MixLoudness
from reaper_drumgain.analysis.onset_windows import OnsetWindows
from reaper_drumgain.analysis.recording_faults import ChannelFaults
from reaper_drumgain.analysis.spectrum import SpectrumSummary

#: version of what a ``Measurement`` holds; results of another version are not used
MEASUREMENT_VERSION = 6
#: 10 ms envelope values per 100 ms hop
FINE = 10

#: the sides of a stereo picture correlate less than this, see ``Measurement.stereo``
ONE_SOUND_CORRELATION = 0.98
#: a side this far below the other counts as silent, as a ratio of powers (-40 dB)
_SILENT_SIDE = 1e-4

#: called with what is being done and the share of it that is done
Progress = Callable[[str, float], None]


class Stream(Protocol):
    """A track's audio before its fader, read from the start of the session."""

    @property
    def channels(self) -> int:
        """1 or 2."""

    @property
    def rate(self) -> int:
        """Samples per second; the same for all streams of a session."""

    @property
    def frames(self) -> int:
        """Length in samples per channel."""

    def read(self, frames: int) -> Float32 | None:
        """Read the next samples.

        Parameters
        ----------
        frames
            How many samples per channel, at most.

        Returns
        -------
        array or None
            Shape (channels, n), full scale is 1.0; (channels, 0) at the end. None for ``frames``
            samples of silence.
        """


@dataclass(frozen=True, slots=True)
class TrackMeasures:
    """What is kept of one track.

    Attributes
    ----------
    channels
        1 or 2.
    frames
        Length in samples per channel.
    peak
        Absolute sample peak of all channels, full scale is 1.0.
    energy
        Sum of squared samples over all channels.
    damaged
        How many samples were not finite or beyond 100 dBFS; they were taken as 0.
    envelope
        Shape (steps,): K-weighted mean square per 10 ms, both sides summed, whole hops of 100 ms
        only. A track of one channel plays on both sides, so that it counts like a file with the
        same signal twice.
    peaks
        Shape (channels, steps): absolute peak per ``peak_step`` (20 ms, or 100 ms where a hop is no
        multiple of 5 samples). The last step may be shorter. Damaged samples count as they are.
    spectrum
        Averages of the spectrum.
    faults
        Of each channel, and of the whole recording even where the rest describes a part of it.
    """

    channels: int
    frames: int
    peak: float
    energy: float
    damaged: int
    envelope: Float32
    peaks: Float32
    spectrum: SpectrumSummary
    faults: tuple[ChannelFaults, ...]

    @property
    def hop_powers(self) -> Float64:
        """Shape (hops,): K-weighted mean square per 100 ms, both sides summed."""
        return np.asarray(self.envelope.reshape(-1, FINE).sum(axis=1, dtype=np.float64) / FINE)


@dataclass(frozen=True)
class Measurement:
    """What was measured of all tracks of a session. Arrays and numbers only.

    Attributes
    ----------
    rate
        Sample rate in Hz.
    seconds
        Length of the session.
    tracks
        What is kept of each track.
    mix
        From which the loudness of any mix of the tracks follows.
    onset_windows
        Band energies of all tracks at the onsets of the kit.
    hit_spectra
        Spectra at the strongest hits, of the whole recording even where the rest describes a part.
    described
        By the name of a descriptor, what it measured of each track.
    """

    rate: int
    seconds: float
    tracks: tuple[TrackMeasures, ...]
    mix: MixLoudness
    onset_windows: OnsetWindows
    hit_spectra: HitSpectra
    described: Mapping[str, tuple[Float32, ...]] = field(default_factory=dict)

    @cached_property
    def onset_steps(self) -> tuple[npt.NDArray[np.intp], ...]:
        """Per track the onsets, shape (onsets,), in steps of 10 ms."""
        return tuple(bleed.onsets(track.envelope) for track in self.tracks)

    @cached_property
    def stereo(self) -> npt.NDArray[np.bool_]:
        """Shape (tracks,): which tracks hold a stereo picture, two channels with different sound.

        Both channels sound (neither is more than 40 dB below the other), and the correlation of
        the K-weighted channels over the session is below 0.98, in either polarity. False for one
        microphone in a stereo file: the same signal twice, panned, or on one side only.
        """
        powers = self.mix.covariance()

        def is_picture(channels: slice) -> bool:
            if channels.stop - channels.start != 2:
                return False
            (left, common), (_, right) = powers[channels, channels].tolist()
            if min(left, right) <= max(left, right) * _SILENT_SIDE:
                return False
            return bool(abs(common) < ONE_SOUND_CORRELATION * math.sqrt(left * right))

        return np.array([is_picture(own) for own in self.mix.channel_slices], dtype=bool)

    @cached_property
    def onsets(self) -> bleed.OnsetLevels:
        """The tracks' levels at the onsets of all of them."""
        return bleed.onset_levels([track.envelope for track in self.tracks], self.onset_steps)

    @cached_property
    def similarity(self) -> Float64:
        """Shape (tracks, tracks): correlation of the amplitude envelopes; NaN for silence."""
        length = max(1, *(track.envelope.size for track in self.tracks))
        shapes = np.zeros((len(self.tracks), length), dtype=np.float32)
        for row, track in zip(shapes, self.tracks, strict=True):
            np.sqrt(track.envelope, out=row[: track.envelope.size])
        shapes -= shapes.mean(axis=1, keepdims=True)
        norm = np.sqrt(np.einsum("ij,ij->i", shapes, shapes))[:, None]
        shapes /= np.where(norm > 0.0, norm, np.float32(np.nan))
        return np.asarray(np.clip(shapes @ shapes.T, -1.0, 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class MultitrackAnalysis:
    """The analysis of n drum tracks: all that a plan is made of, without their audio.

    Attributes
    ----------
    measurement
        What was measured.
    flags
        Per track, codes for what of it is not played as REAPER plays it.
    warnings
        The same in sentences, track by track.
    timeline
        Start and end of each analyzed stretch, in seconds of the project. Silence between them
        was left out.
    """

    measurement: Measurement
    flags: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...]
    timeline: tuple[tuple[float, float], ...] = ()

    def hop_of(self, time: float) -> int:
        """The number of the 100 ms hop that begins at, or nearest to, a time of the project."""
        analysis = 0.0
        for first, last in self.timeline:
            analysis += max(0.0, min(time, last) - first)
        hop = hop_length(self.measurement.rate) / self.measurement.rate
        return round(analysis / hop)

    def time_of(self, hop: int) -> float:
        """When in the project a hop begins."""
        left = hop * hop_length(self.measurement.rate) / self.measurement.rate
        for first, last in self.timeline:
            if left < last - first:
                return first + left
            left -= last - first
        return self.timeline[-1][1] + left if self.timeline else left
