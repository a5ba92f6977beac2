"""Band energies of all tracks at the kit's onsets, measured while the tracks are read in step.

A stroke reaches every microphone at once. How much louder one microphone hears it than another
does not depend on the groove, on dynamics or on how often the drum is struck. It tells which
microphone stands at which drum, and how its preamp was set. So the energies of all tracks are
kept in the same short windows, one at each onset of the kit and one just before it.

An *onset* of a track is a rise of 6 dB within 30 ms to within 30 dB of the track's loudest
moment, the largest rise within 50 ms. Onsets of the kit are those of its tracks; those within
30 ms are one. Everything is relative to the track itself: a track recorded louder has the same
onsets, and energies that are larger by the same factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hit_spectra import Complex64, HitCollector, HitSpectra
from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.analysis.spectrum import band_weights, fft_length
from reaper_drumgain.units import Decibel, to_power
from reaper_drumgain.util.decibels import power_to_db

Intp = npt.NDArray[np.intp]
Bool = npt.NDArray[np.bool_]

#: edges of the bands in Hz
BAND_EDGES: tuple[float, ...] = (40.0, 160.0, 640.0, 2560.0, 12000.0)
BANDS = len(BAND_EDGES) - 1
STEPS_PER_SECOND = 100
#: a window starts this many steps before its onset
LEAD_STEPS = 1
#: onsets that are kept of a session; of more, a half, a quarter, ... is kept, drawn by lot: every
#: second onset of a song on a strict grid can be the hi-hat alone
MOST_ONSETS = 6000
#: version of which onsets are kept of too many; sessions with fewer are the same in all versions
LOT_VERSION = 2

#: rise in dB within so many steps, and how far under the loudest moment an onset may be
RISE_DB, RISE_STEPS, RANGE_DB = 6.0, 3, 30.0
#: an onset is the largest rise within so many steps on either side
_REACH = 5
#: onsets of several tracks within so many steps are one
MERGE_STEPS = 3
#: mean squares below this are silence: -200 dBFS
_TINY = 1e-20


@dataclass(frozen=True, slots=True)
class OnsetWindows:
    """Energies of n tracks at the onsets of the kit.

    Attributes
    ----------
    steps
        Shape (onsets,): times of the onsets in steps of 10 ms.
    own
        Shape (tracks, onsets): whether the track itself has an onset there.
    energy, before
        Shape (tracks, onsets, bands): K-weighted mean square, both sides summed, in the window at
        the onset and in the one that ends where it starts.
    """

    steps: Intp
    own: Bool
    energy: Float32
    before: Float32

    def between(self, first: int, last: int) -> OnsetWindows:
        """The onsets from step ``first`` up to step ``last``, counted from ``first``."""
        low, high = np.searchsorted(self.steps, [first, last])
        part = slice(int(low), int(high))
        return OnsetWindows(
            self.steps[part] - first, self.own[:, part], self.energy[:, part], self.before[:, part]
        )

    def scaled(self, gains: npt.NDArray[np.float64]) -> OnsetWindows:
        """The energies as if the tracks had been recorded louder.

        Parameters
        ----------
        gains
            Shape (tracks,): linear gains.

        Returns
        -------
        OnsetWindows
            The same onsets.
        """
        power = np.square(gains).astype(np.float32)[:, None, None]
        return OnsetWindows(self.steps, self.own, self.energy * power, self.before * power)


def _rises(envelopes: Float32, *, silence_before: bool) -> Float32:
    """(tracks, steps) dB by which each step exceeds the least of the ``RISE_STEPS`` before it,
    at most 60, so that it does not matter how silent a silence is."""
    edge = 0.0 * envelopes[:, :1] if silence_before else envelopes[:, :1]
    padded = np.concatenate([np.repeat(edge, RISE_STEPS, axis=1), envelopes], axis=1)
    lowest = np.minimum(np.minimum(padded[:, :-3], padded[:, 1:-2]), padded[:, 2:-1])
    ratio = np.maximum(envelopes, _TINY) / np.maximum(np.maximum(lowest, 1e-6 * envelopes), _TINY)
    return np.asarray(power_to_db(ratio), dtype=np.float32)


def _largest(rise: Float32, candidate: Bool) -> Bool:
    """(tracks, steps) the candidates whose rise is the largest within ``_REACH`` steps."""
    padded = np.pad(rise, ((0, 0), (_REACH, _REACH)))
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1, axis=1)
    chosen = np.zeros_like(candidate)
    track, step = np.nonzero(candidate)
    chosen[track, step] = rise[track, step] >= views[track, step].max(axis=-1, initial=-np.inf)
    return chosen


class BandWindow:
    """The window that is laid at an onset, and the energies of its bands, at one rate.

    2048 samples up to 64 kHz (46 ms at 44.1 kHz), doubled with each octave of rate above. It
    rises over its first eighth and falls over its last half: the stroke counts in full.
    """

    #: windows per batch of transforms: more do not fit into the processor's cache
    BATCH = 48

    def __init__(self, rate: int) -> None:
        self.length = fft_length(rate)
        n = self.length
        rise, fall = n // 8, n // 2
        shape = np.ones(n)
        shape[:rise] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise)
        shape[-fall:] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 0.5) / fall)
        # times n, which norm="forward" takes out again and which keeps float32 inside
        self._shape: Float32 = (n * shape).astype(np.float32)
        edges = np.minimum(BAND_EDGES, rate / 2.0).tolist()
        weights = band_weights(rate, edges, n) * (2.0 / (n * float(shape @ shape)))
        self._weights: Float32 = np.ascontiguousarray(weights, dtype=np.float32)

    def measure(
        self, samples: Float32, starts: Intp, kept: Intp, bins: slice
    ) -> tuple[Float32, Complex64]:
        """Measure windows of one channel.

        Parameters
        ----------
        samples
            Shape (n,): K-weighted samples.
        starts
            Shape (windows,): the first sample of each window. All windows lie within the samples.
        kept
            Shape (spectra,): numbers of the windows, rising, whose spectra are wanted.
        bins
            The bins of these spectra.

        Returns
        -------
        tuple
            The mean square in each band, shape (windows, bands), and the complex spectra, shape
            (spectra, bins).
        """
        found = np.zeros((starts.size, BANDS), dtype=np.float32)
        spectra = np.zeros((kept.size, bins.stop - bins.start), dtype=np.complex64)
        views = np.lib.stride_tricks.sliding_window_view(samples, self.length)
        for at in range(0, starts.size, self.BATCH):
            cut = views[starts[at : at + self.BATCH]] * self._shape
            spectrum = np.fft.rfft(cut, norm="forward").astype(np.complex64, copy=False)
            parts = spectrum.view(np.float32)
            power = np.square(parts[:, 0::2]) + np.square(parts[:, 1::2])
            found[at : at + self.BATCH] = power @ self._weights
            first, last = np.searchsorted(kept, [at, at + self.BATCH])
            spectra[first:last] = spectrum[kept[first:last] - at, bins]
        return found, spectra


class OnsetWindowMeter:
    """Finds onsets and measures windows while all tracks are read in step.

    An onset near the end of a chunk is measured with the next chunk, so the last samples of each
    are kept. A track's loudest moment is known only at the end: until then an onset has to be
    within range of the loudest so far; ``finish`` leaves out what is not in range of all.

    Parameters
    ----------
    rate
        Sample rate in Hz.
    slices
        The channels of each track.
    most
        How many onsets are kept at most.
    """

    def __init__(self, rate: int, slices: Sequence[slice], most: int = MOST_ONSETS) -> None:
        self._window = BandWindow(rate)
        self._slices = slices
        self._step = rate / STEPS_PER_SECOND
        self._most, self._share = most, 1.0
        # the lots are the same in each run, and do not depend on how the audio is cut into chunks
        self._lottery = np.random.default_rng(0)
        tracks, channels = len(slices), slices[-1].stop
        self._ahead = _REACH + MERGE_STEPS + 1 + int(self._window.length / self._step)
        # one window of silence before the session, for what sounds before an onset
        self._samples: Float32 = np.zeros((channels, self._margin), dtype=np.float32)
        self._first_sample = -self._margin
        self._envelopes: Float32 = np.zeros((tracks, 0), dtype=np.float32)
        self._first_step = 0
        self._loudest: Float32 = np.zeros(tracks, dtype=np.float32)
        self._next_step = 0
        self._last_mark = -MERGE_STEPS - 1
        self._marks: list[int] = []
        #: per mark its lot, 0 to 1: it is kept while that is below the share
        self._lots: list[float] = []
        #: per mark: (tracks,) the largest mean square of its own onset, 0 where it has none
        self._owners: list[Float32] = []
        self._found: list[Float32] = []
        self._hits = HitCollector(tracks, channels, rate, self._window.length)

    @property
    def _margin(self) -> int:
        """Samples that a window and the one before it reach back from an onset."""
        return self._window.length + round((LEAD_STEPS + 1) * self._step)

    def add(self, weighted: Float32, envelopes: Float32) -> None:
        """Take the next chunk. ``measure`` is to be called before the next one.

        Parameters
        ----------
        weighted
            Shape (channels, n): K-weighted samples.
        envelopes
            Shape (tracks, steps): the tracks' mean squares per 10 ms.
        """
        self._samples = np.concatenate([self._samples, weighted], axis=1)
        self._envelopes = np.concatenate([self._envelopes, envelopes], axis=1)
        self._loudest = np.maximum(self._loudest, envelopes.max(axis=1, initial=0.0))

    def measure(self) -> None:
        """Find and measure the onsets of the last chunk; any thread may call it."""
        self._look(self._first_step + self._envelopes.shape[1] - self._ahead)
        self._forget()

    def finish(self) -> OnsetWindows:
        """The onsets of the whole session."""
        silence = np.zeros((len(self._samples), self._ahead * round(self._step)), dtype=np.float32)
        self._samples = np.concatenate([self._samples, silence], axis=1)
        self._look(self._first_step + self._envelopes.shape[1])
        tracks, count = len(self._slices), len(self._marks)
        reached = np.array(self._owners, dtype=np.float32).reshape(count, tracks).T
        own = reached > self._loudest[:, None] * np.float32(to_power(Decibel(-RANGE_DB)))
        kept = own.any(axis=0)
        self._hits.keep_only(np.array(self._marks, dtype=np.intp)[kept].tolist())
        found = np.array(self._found, dtype=np.float32).reshape(count, 2, tracks, BANDS)[kept]
        energy, before = np.ascontiguousarray(found.transpose(1, 2, 0, 3))
        return OnsetWindows(
            np.array(self._marks, dtype=np.intp)[kept], own[:, kept], energy, before
        )

    def hit_spectra(self) -> HitSpectra:
        """The spectra at the strongest onsets. Call it after ``finish``."""
        return self._hits.finish()

    def _look(self, stop: int) -> None:
        """Find and measure the onsets before step ``stop``."""
        if stop <= self._next_step:
            return
        rise = _rises(self._envelopes, silence_before=self._first_step == 0)
        limit = self._loudest[:, None] * np.float32(to_power(Decibel(-RANGE_DB)))
        own = _largest(rise, (rise >= RISE_DB) & (self._envelopes > limit))
        own[:, : self._next_step - self._first_step] = False
        steps = np.flatnonzero(own.any(axis=0)) + self._first_step
        marks = self._merged(steps[steps < stop])
        for mark in marks:
            part = slice(mark - self._first_step, mark - self._first_step + MERGE_STEPS + 1)
            self._owners.append(np.where(own[:, part], self._envelopes[:, part], 0.0).max(axis=1))
        self._measure_at(np.array(marks, dtype=np.intp))
        self._next_step = stop
        while len(self._marks) > self._most:
            self._share /= 2.0
            kept = [lot < self._share for lot in self._lots]
            self._marks = list(compress(self._marks, kept))
            self._lots = list(compress(self._lots, kept))
            self._owners = list(compress(self._owners, kept))
            self._found = list(compress(self._found, kept))
            self._hits.keep_only(self._marks)

    def _merged(self, steps: Intp) -> list[int]:
        """The steps at which an onset of the kit begins; of too many a share, drawn by lot."""
        marks = []
        for step in steps.tolist():
            if step - self._last_mark > MERGE_STEPS:
                self._last_mark = step
                lot = float(self._lottery.random())
                if lot < self._share:
                    marks.append(step)
                    self._lots.append(lot)
        return marks

    def _measure_at(self, marks: Intp) -> None:
        """Measure windows at ``marks``, the last ones of ``_owners``."""
        starts = np.round((marks - LEAD_STEPS) * self._step).astype(np.intp) - self._first_sample
        both = np.concatenate([starts, starts - self._window.length])
        found = np.zeros((marks.size, 2, len(self._slices), BANDS), dtype=np.float32)
        owners = self._owners[len(self._owners) - marks.size :]
        wanted = [self._hits.wanted(owner) for owner in owners]
        kept, bins = np.flatnonzero(np.array(wanted, dtype=bool)), self._hits.bins
        spectra = np.zeros(
            (kept.size, len(self._samples), bins.stop - bins.start), dtype=np.complex64
        )
        for place, channels in enumerate(self._slices):
            for channel in range(channels.start, channels.stop):
                samples = self._samples[channel]
                if marks.size and samples.any():
                    # a track of one channel plays on both sides
                    sides = np.float32(2.0 / (channels.stop - channels.start))
                    energies, own = self._window.measure(samples, both, kept, bins)
                    found[:, 0, place] += sides * energies[: marks.size]
                    found[:, 1, place] += sides * energies[marks.size :]
                    spectra[:, channel] = own
        for number, own in zip(kept.tolist(), spectra, strict=True):
            self._hits.offer(int(marks[number]), owners[number], own)
        self._marks += marks.tolist()
        self._found += list(found)

    def _forget(self) -> None:
        """Drop what no later onset needs."""
        steps = max(self._next_step - self._first_step - _REACH - RISE_STEPS, 0)
        self._envelopes = self._envelopes[:, steps:]
        self._first_step += steps
        oldest = round(self._next_step * self._step) - self._margin
        samples = max(oldest - self._first_sample, 0)
        self._samples = self._samples[:, samples:].copy()
        self._first_sample += samples
