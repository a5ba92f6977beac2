"""Spectra of all channels at the strongest hits of each track, kept while the tracks are read.

``onset_windows`` lays a window at every onset of the kit and transforms it for the energies of its
bands. The bins between 40 Hz and 6 kHz of these transforms are kept here, of those onsets that are
among the strongest of some track. Polarity and delay between microphones follow from them
(``polarity``).

A spectrum counts relative to itself only, so each is scaled to a largest part of 1 and kept in
float16: 1.1 kB per channel and hit, at most ``MOST_BYTES`` for a session of any length.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float16 = npt.NDArray[np.float16]
Float64 = npt.NDArray[np.float64]
Complex64 = npt.NDArray[np.complex64]
Intp = npt.NDArray[np.intp]

#: hits that are kept of each track: the fewest, where memory is short, and the most; bytes of all
FEWEST_HITS, MOST_HITS, MOST_BYTES = 12, 40, 8_000_000
#: Hz, of the bins that are kept
LOWEST_HZ, HIGHEST_HZ = 40.0, 6000.0


def kept_bins(rate: int, length: int) -> slice:
    """The bins of a transform of ``length`` samples at ``rate`` Hz that are kept."""
    spacing = rate / length
    last = min(int(HIGHEST_HZ / spacing), length // 2 - 1)
    return slice(int(np.ceil(LOWEST_HZ / spacing)), last + 1)


@dataclass(frozen=True, slots=True)
class HitSpectra:
    """Spectra of all channels at hits of the kit.

    Attributes
    ----------
    spacing
        Distance of two bins in Hz.
    first
        Number of the first bin that is kept: it lies at ``first`` times ``spacing`` Hz.
    steps
        Shape (hits,): times of the hits in steps of 10 ms, rising.
    energy
        Shape (tracks, hits): mean square of a track where the hit is one of its own strongest
        onsets, else 0.
    parts
        Shape (hits, channels, 2 bins): real and imaginary parts, interleaved, of the K-weighted
        windows at the hits. Each channel of each hit is scaled to a largest part of 1; 0 where
        it is silent.
    """

    spacing: float
    first: int
    steps: Intp
    energy: Float32
    parts: Float16

    @property
    def frequencies(self) -> Float64:
        """Shape (bins,): frequencies of the bins in Hz."""
        bins = np.arange(self.parts.shape[2] // 2, dtype=np.float64)
        return (self.first + bins) * self.spacing

    def of(self, hits: Intp, channel: int) -> Complex64:
        """The spectra of one channel at some hits.

        Parameters
        ----------
        hits
            Shape (n,): numbers of the hits, as in ``steps``.
        channel
            Number of the channel.

        Returns
        -------
        array
            Shape (n, bins), complex.
        """
        return np.ascontiguousarray(self.parts[hits, channel], dtype=np.float32).view(np.complex64)


class HitCollector:
    """Keeps the spectra at the strongest own onsets of each track.

    Parameters
    ----------
    tracks, channels
        How many there are.
    rate
        Sample rate in Hz.
    length
        Samples of the windows that are transformed.
    """

    def __init__(self, tracks: int, channels: int, rate: int, length: int) -> None:
        self.bins = kept_bins(rate, length)
        self._spacing, self._channels = rate / length, channels
        size = 4 * (self.bins.stop - self.bins.start) * tracks * channels
        self._most = min(MOST_HITS, max(FEWEST_HITS, MOST_BYTES // max(size, 1)))
        self._heaps: list[list[tuple[float, int]]] = [[] for _ in range(tracks)]
        self._uses: dict[int, int] = {}
        self._parts: dict[int, Float16] = {}

    def wanted(self, energy: Float32) -> bool:
        """Whether an onset is among the strongest of any track so far.

        Parameters
        ----------
        energy
            Shape (tracks,): mean square of the onset in each track, 0 where it is not its own.

        Returns
        -------
        bool
            True where its spectra are to be offered.
        """
        return any(
            value > 0.0 and (len(heap) < self._most or value > heap[0][0])
            for value, heap in zip(energy.tolist(), self._heaps, strict=True)
        )

    def offer(self, step: int, energy: Float32, spectra: Complex64) -> None:
        """Keep the spectra of an onset if it is among the strongest of any track so far.

        Parameters
        ----------
        step
            Its time in steps of 10 ms.
        energy
            Shape (tracks,), as for ``wanted``.
        spectra
            Shape (channels, bins), complex.
        """
        for value, heap in zip(energy.tolist(), self._heaps, strict=True):
            if not value > 0.0 or (len(heap) >= self._most and value <= heap[0][0]):
                continue
            self._uses[step] = self._uses.get(step, 0) + 1
            if len(heap) < self._most:
                heapq.heappush(heap, (value, step))
            else:
                self._drop(heapq.heapreplace(heap, (value, step))[1])
        if step in self._uses:
            self._parts[step] = _scaled(spectra)

    def keep_only(self, steps: Sequence[int]) -> None:
        """Forget hits at other steps than these."""
        kept = set(steps)
        for heap in self._heaps:
            for _, step in heap:
                if step not in kept:
                    self._drop(step)
            heap[:] = [entry for entry in heap if entry[1] in kept]
            heapq.heapify(heap)

    def _drop(self, step: int) -> None:
        self._uses[step] -= 1
        if not self._uses[step]:
            del self._uses[step]
            self._parts.pop(step, None)

    def finish(self) -> HitSpectra:
        """What was kept."""
        steps = sorted(self._uses)
        place = {step: number for number, step in enumerate(steps)}
        energy = np.zeros((len(self._heaps), len(steps)), dtype=np.float32)
        for track, heap in enumerate(self._heaps):
            for value, step in heap:
                energy[track, place[step]] = value
        bins = self.bins.stop - self.bins.start
        parts = np.zeros((len(steps), self._channels, 2 * bins), dtype=np.float16)
        for step, number in place.items():
            parts[number] = self._parts[step]
        return HitSpectra(
            self._spacing, self.bins.start, np.array(steps, dtype=np.intp), energy, parts
        )


def _scaled(spectra: Complex64) -> Float16:
    parts = np.ascontiguousarray(spectra, dtype=np.complex64).view(np.float32)
    largest = np.abs(parts).max(axis=1, keepdims=True, initial=0.0)
    there = np.isfinite(largest) & (largest > 0.0)
    scaled = np.where(there, parts / np.where(there, largest, np.float32(1.0)), np.float32(0.0))
    return scaled.astype(np.float16)
