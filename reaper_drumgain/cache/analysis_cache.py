"""The cache of analysis results.

A cached result equals a fresh one to the last bit: everything that decides it is in its key or
in its entry. Entries are .npz archives of plain arrays, checked before they are used.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.analysis.descriptors import Descriptor, by_name
from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.analysis.measurement import FINE, MEASUREMENT_VERSION, MultitrackAnalysis
from reaper_drumgain.analysis.onset_windows import BANDS as ONSET_BANDS
from reaper_drumgain.analysis.onset_windows import LOT_VERSION
from reaper_drumgain.analysis.spectrum import BANDS
from reaper_drumgain.audio.decoder import decoder_version
from reaper_drumgain.cache.arrays import pack, unpack
from reaper_drumgain.cache.keys import analyzed_audio, digest
from reaper_drumgain.cache.store import MAX_ENTRY, Store
from reaper_drumgain.util.npz import read_npz, write_npz

Described = tuple[Float32, ...]
#: what unpacking a damaged entry raises
_DAMAGE = (KeyError, ValueError, TypeError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A cached analysis. ``made_with``: versions of all that it depends on but the package."""

    made_with: tuple[str, ...]
    analysis: MultitrackAnalysis


@dataclass(frozen=True, slots=True)
class _New:
    """A new analysis to store. ``is_whole``: not only its descriptors are new."""

    key: bytes
    analysis: MultitrackAnalysis
    descriptors: tuple[Descriptor, ...]
    is_whole: bool


class AnalysisCache:
    """Looks up analyses in a store, and collects new ones until ``finish`` writes them.

    Where audio is read a second time for a descriptor that is not cached, the user compares
    methods. Then the descriptors of all methods are measured, so that no third time is needed;
    ``all_descriptors`` gives them.
    """

    def __init__(
        self, store: Store, all_descriptors: Callable[[], Sequence[Descriptor]] = tuple
    ) -> None:
        self._store = store
        self._all_descriptors = all_descriptors
        self._new: list[_New] = []
        self._used: list[bytes] = []

    def analyze(
        self,
        request: AnalysisRequest,
        measure: Callable[[AnalysisRequest], MultitrackAnalysis],
    ) -> MultitrackAnalysis:
        """The analysis for a request: from the cache if it is there, else made by ``measure``."""
        drums, span = request.drums, request.span
        audio = analyzed_audio(request.session, drums, span)
        wanted = by_name(request.descriptors)
        cached = None if self._store.is_empty else self._cached_analysis(audio.key, len(drums))
        if cached is not None:
            described = {
                name: self._cached_descriptor(audio.key, descriptor, len(drums))
                for name, descriptor in wanted.items()
            }
            found = {name: own for name, own in described.items() if own is not None}
            if len(found) == len(wanted):
                return _with_descriptors(cached, found)
            wanted = by_name((*self._all_descriptors(), *request.descriptors))
        began = time.time()
        analysis = measure(
            AnalysisRequest(audio.session, audio.drums, span, tuple(wanted.values()))
        )
        if audio.is_settled(began):
            self._new.append(_New(audio.key, analysis, tuple(wanted.values()), cached is None))
        asked = {
            descriptor.name: analysis.measurement.described[descriptor.name]
            for descriptor in request.descriptors
        }
        return _with_descriptors(analysis, asked)

    def finish(self) -> None:
        """Store new results, and note which cached ones were used."""
        entries: list[tuple[bytes, bytes]] = []
        for new in self._new:
            if new.is_whole:
                entry = _Entry(_made_with(), _with_descriptors(new.analysis, {}))
                entries.append((new.key, write_npz(pack(entry))))
            described = new.analysis.measurement.described
            entries += [
                (_descriptor_key(new.key, own), write_npz(pack(described[own.name])))
                for own in new.descriptors
            ]
        if entries or self._used:
            self._store.write(entries, self._used)
        self._new, self._used = [], []
        self._store.close()

    def _cached_analysis(self, key: bytes, tracks: int) -> MultitrackAnalysis | None:
        data = self._store.read(key)
        if data is None:
            return None
        try:
            entry = unpack(_Entry, _arrays(data))
            _check(entry.analysis, tracks)
        except _DAMAGE:
            return None
        if entry.made_with != _made_with():
            return None
        self._used.append(key)
        return entry.analysis

    def _cached_descriptor(
        self, key: bytes, descriptor: Descriptor, tracks: int
    ) -> Described | None:
        own_key = _descriptor_key(key, descriptor)
        data = self._store.read(own_key)
        if data is None:
            return None
        try:
            found: Described = unpack(Described, _arrays(data))
            if len(found) != tracks or any(a.dtype != np.float32 or not a.ndim for a in found):
                return None
        except _DAMAGE:
            return None
        self._used.append(own_key)
        return found


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    return read_npz(data, max_total_bytes=MAX_ENTRY)


def _made_with() -> tuple[str, ...]:
    measured = f"{features.VERSION}.{MEASUREMENT_VERSION}.{LOT_VERSION}"
    return measured, np.__version__, decoder_version()


def _with_descriptors(
    analysis: MultitrackAnalysis, described: Mapping[str, Described]
) -> MultitrackAnalysis:
    return replace(analysis, measurement=replace(analysis.measurement, described=described))


def _descriptor_key(key: bytes, descriptor: Descriptor) -> bytes:
    """The key of a descriptor's results for the audio with this key.

    Other curves have other entries.
    """
    own = str((*_made_with(), descriptor.identity))
    return digest(key + own.encode("utf-8", "surrogatepass"))


def _check(analysis: MultitrackAnalysis, tracks: int) -> None:
    """Raises ValueError where the arrays do not fit together, which we never write."""
    measurement = analysis.measurement
    mix = measurement.mix
    slices = [(part.start, part.stop) for part in mix.channel_slices]
    stops = list(np.cumsum([track.channels for track in measurement.tracks]).tolist())
    channels = stops[-1] if stops else 0
    fits = (
        len(measurement.tracks) == tracks == len(analysis.flags)
        and slices == list(zip([0, *stops], stops, strict=False))
        and all(track.channels in (1, 2) for track in measurement.tracks)
        and all(_is_envelope(track.envelope, mix.hops) for track in measurement.tracks)
        and all(_are_peaks(track.peaks, track.channels, mix.hops) for track in measurement.tracks)
        and all(track.spectrum.band_energy.shape == (BANDS,) for track in measurement.tracks)
        and all(
            run.channels.ndim == 1
            and bool(np.all((run.channels >= 0) & (run.channels < channels)))
            and run.packed.ndim == 2
            and run.packed.shape[1] == run.channels.size * (run.channels.size + 1) // 2
            and 0 <= run.start <= run.start + run.packed.shape[0] <= mix.hops
            for run in mix.runs
        )
    )
    windows = measurement.onset_windows
    shape = (tracks, windows.steps.size, ONSET_BANDS)
    fits = (
        fits
        and windows.steps.ndim == 1
        and windows.own.shape == shape[:2]
        and windows.energy.shape == windows.before.shape == shape
    )
    if not fits:
        raise ValueError("not an analysis of these tracks")


def _is_envelope(envelope: Float32, hops: int) -> bool:
    return bool(
        envelope.dtype == np.float32
        and envelope.ndim == 1
        and envelope.size % FINE == 0
        and envelope.size <= hops * FINE
    )


def _are_peaks(peaks: Float32, channels: int, hops: int) -> bool:
    return bool(
        peaks.dtype == np.float32
        and peaks.ndim == 2
        and peaks.shape[0] == channels
        and peaks.shape[1] <= 5 * (hops + 1)
    )
