"""One pass over all tracks in step -> measurement -> table of named feature columns.

``measure`` reads every stream once, in chunks of seconds, and keeps what loudness, levels,
spectrum and bleed are made of; ``feature_table`` turns that into numbers in milliseconds, for
any recording level of the tracks and any subset of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import bleed
from reaper_drumgain.analysis.descriptors import Descriptor, Meter, SegmentFrames
from reaper_drumgain.analysis.loudness import (
    ABSOLUTE_GATE_LUFS,
    OFFSET_DB,
    ORDER,
    CovarianceMeter,
    Float32,
    Float64,
    KWeighting,
    MixLoudness,
    from_lufs,
    gated_loudness,
    hop_length,
    loudness_range,
    quantiles,
)
from reaper_drumgain.analysis.peaks import peak_step, step_peaks
from reaper_drumgain.analysis.scheduler import PIECE_HOPS, Chunks, chunk_hops, run
from reaper_drumgain.analysis.spectrum import (
    BAND_EDGES,
    Spectra,
    SpectrumMeter,
    SpectrumPlan,
    SpectrumSummary,
)
from reaper_drumgain.units import Decibel, LinearGain, power_to_decibel, to_decibel, to_power
from reaper_drumgain.util.decibels import db_to_power, power_to_db

if TYPE_CHECKING:
    from reaper_drumgain.util.threads import Job, Pool

VERSION = 1
#: of what a ``Measurement`` holds: one of another version is made anew
MEASUREMENT_VERSION = 4
#: 10 ms envelope values per 100 ms hop
FINE = 10
#: samples above this (100 dBFS) are damage, like those that are not finite
SANE_PEAK = 1e5
#: floor of shares in dB
FLOOR_DB = -120.0

_BAND_NAMES = tuple(f"{round((low * high) ** 0.5)}" for low, high in itertools.pairwise(BAND_EDGES))
COLUMNS: tuple[str, ...] = (
    "loudness_lufs",
    "rms_dbfs",
    "peak_dbfs",
    "crest_db",
    "loudness_range_lu",
    "active_share",
    "level_p10_db",
    "level_p50_db",
    "level_p90_db",
    "onset_rate_hz",
    *(f"band_{name}_db" for name in _BAND_NAMES),
    "centroid_hz",
    "bandwidth_hz",
    "rolloff_hz",
    "flatness",
    "loudness_re_kit_lu",
    "loudness_rank",
    *(f"kit_band_{name}_db" for name in _BAND_NAMES),
    "similarity_max",
    "similarity_mean",
    "dominance_db",
)


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
        """The next float32 (channels, n) samples, None for ``frames`` samples of silence,
        (channels, 0) at the end."""


@dataclass(frozen=True, slots=True)
class TrackMeasures:
    """What is kept of one track.

    ``envelope``: K-weighted mean square per 10 ms, channels summed (float32), whole hops of
    100 ms only. ``energy``: sum of squared samples over all channels. ``damaged``: samples
    that were not finite or beyond 100 dBFS, taken as 0. ``peaks`` (channels, steps): the
    absolute peak per ``peak_step`` (20 ms, at odd rates 100), the last one of less, with damage
    as it is.
    """

    channels: int
    frames: int
    peak: float
    energy: float
    damaged: int
    envelope: Float32
    peaks: Float32
    spectrum: SpectrumSummary

    @property
    def hop_powers(self) -> Float64:
        """K-weighted mean square per 100 ms hop, channels summed."""
        return np.asarray(self.envelope.reshape(-1, FINE).sum(axis=1, dtype=np.float64) / FINE)


@dataclass(frozen=True)
class Measurement:
    """What was measured of all tracks of a session. Arrays and numbers only (picklable).

    ``described``: by the name of a descriptor, what it measured of each track.
    """

    rate: int
    seconds: float
    tracks: tuple[TrackMeasures, ...]
    mix: MixLoudness
    described: Mapping[str, tuple[Float32, ...]] = field(default_factory=dict)

    @cached_property
    def found(self) -> tuple[npt.NDArray[np.intp], ...]:
        """The onsets of each track, in steps of 10 ms."""
        return tuple(bleed.onsets(track.envelope) for track in self.tracks)

    @cached_property
    def onsets(self) -> bleed.OnsetLevels:
        """The tracks' levels at the onsets of all of them."""
        return bleed.onset_levels([track.envelope for track in self.tracks], self.found)

    @cached_property
    def similarity(self) -> Float64:
        """Correlation of the tracks' amplitude envelopes (tracks, tracks); NaN for silence."""
        length = max(1, *(track.envelope.size for track in self.tracks))
        shapes = np.zeros((len(self.tracks), length), dtype=np.float32)
        for row, track in zip(shapes, self.tracks, strict=True):
            np.sqrt(track.envelope, out=row[: track.envelope.size])
        shapes -= shapes.mean(axis=1, keepdims=True)
        norm = np.sqrt(np.einsum("ij,ij->i", shapes, shapes))[:, None]
        shapes /= np.where(norm > 0.0, norm, np.float32(np.nan))
        return np.asarray(np.clip(shapes @ shapes.T, -1.0, 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """``values`` (tracks, columns), NaN where a track has nothing that could be measured."""

    columns: tuple[str, ...]
    values: Float64
    version: int = VERSION

    def column(self, name: str) -> Float64:
        """One column (tracks,). Raises KeyError for a name that is not in ``columns``."""
        try:
            return np.asarray(self.values[:, self.columns.index(name)])
        except ValueError:
            raise KeyError(f"no feature column {name!r}") from None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What a track plays next: ``samples`` (channels, length), or None for silence of that
    ``length``, and its ``peaks``. ``last``: nothing comes after it."""

    samples: Float32 | None
    peaks: Float32
    length: int
    last: bool


class _TrackMeter:
    """Measures one stream, chunk by chunk, in the steps of ``chunks``."""

    def __init__(
        self, stream: Stream, weighting: KWeighting, spectrum: SpectrumMeter, hop: int, chunk: int
    ) -> None:
        self._stream = stream
        self._weighting = weighting
        self.hop = hop
        self.channels = stream.channels
        if self.channels not in {1, 2}:
            raise ValueError(f"a stream has {self.channels} channels, expected 1 or 2")
        self._states = [np.zeros(ORDER) for _ in range(self.channels)]
        self._ringing = False
        self.spectrum = spectrum
        self.descriptors: Sequence[Meter] = ()
        self._step = peak_step(hop)
        self._edges = np.round(np.linspace(0, hop, FINE + 1)).astype(np.intp)
        widths = np.tile(np.diff(self._edges), chunk // hop)
        self._widths: Float32 = widths.astype(np.float32)
        self._envelope: list[Float32] = []
        self._peaks: list[Float32] = []
        self._peak = 0.0
        self._damaged = 0
        self._job: Job[list[Spectra]] | None = None
        self._frames = 0
        self._ended = False

    def _read(self, wanted: int) -> Float32 | None:
        """The next chunk, shorter only at the end; None where all of it is silence."""
        parts: list[Float32] = []
        silent = True
        got = 0
        while got < wanted and not self._ended:
            block = self._stream.read(wanted - got)
            if block is None:
                count = min(wanted - got, self._stream.frames - self._frames - got)
                if count <= 0:
                    self._ended = True
                    break
                if count == wanted:
                    self._advance(wanted)
                    return None
                block = np.zeros((self.channels, count), dtype=np.float32)
            elif block.shape[1] == 0:
                self._ended = True
                break
            else:
                silent = False
            parts.append(block)
            got += block.shape[1]
        self._advance(got)
        if silent:
            return None
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _advance(self, frames: int) -> None:
        self._frames += frames
        self._ended = self._ended or self._frames >= self._stream.frames

    def hear(self, wanted: int) -> _Chunk:
        """The next chunk of ``wanted`` samples, shorter at the end of the stream."""
        before = self._frames
        samples = self._read(wanted)
        if samples is None:
            peaks = np.zeros((self.channels, wanted // self._step), dtype=np.float32)
        else:
            peaks = step_peaks(samples, self._step)
        return _Chunk(samples, peaks, self._frames - before, self._ended)

    def weigh(self, chunk: _Chunk, weighted: Float32, beside: Pool | None) -> bool:
        """Measure a chunk; its K-weighted samples go to ``weighted`` (channels, samples), which
        is whole hops, at most as many as in the first chunk.

        False where nothing sounds (``weighted`` is then not written). ``beside`` transforms
        meanwhile; what it finds is taken in with the next chunk, or by ``settle``.
        """
        self.settle()
        samples = chunk.samples
        self._peaks.append(chunk.peaks)
        if samples is not None:
            samples = self._check(samples, float(chunk.peaks.max()))
        if beside is None:
            self.spectrum.add(self._transform(samples, chunk.length))
        else:
            self._job = beside.submit(self._transform, samples, chunk.length)
        if samples is None and not self._ringing:
            steps = weighted.shape[1] // self.hop * FINE
            self._envelope.append(np.zeros(steps, dtype=np.float32))
            return False
        self._ringing = samples is not None
        if samples is None:
            samples = np.zeros((self.channels, 0), dtype=np.float32)
        self._weigh(samples, weighted)
        if not self._ringing:
            self._states = [np.zeros(ORDER) for _ in self._states]
        return True

    def settle(self) -> None:
        """Take in the spectra of the last chunk."""
        if self._job is not None:
            self.spectrum.add(self._job.result())
            self._job = None

    def _transform(self, samples: Float32 | None, length: int) -> list[Spectra]:
        if not length:
            return []
        for descriptor in self.descriptors:
            descriptor.add(samples, length)
        return self.spectrum.silence(length) if samples is None else self.spectrum.powers(samples)

    def _check(self, samples: Float32, peak: float) -> Float32 | None:
        """Takes the peak and repairs damage; None where all samples are zero."""
        if not peak <= SANE_PEAK:
            bad = ~(np.abs(samples) <= SANE_PEAK)
            self._damaged += int(bad.sum())
            samples = np.where(bad, np.float32(0.0), samples)
            peak = float(np.abs(samples).max())
        if peak == 0.0:
            return None
        self._peak = max(self._peak, peak)
        return samples

    def _weigh(self, samples: Float32, weighted: Float32) -> None:
        chunk = weighted.shape[1]
        envelope = np.zeros(chunk // self.hop * FINE, dtype=np.float32)
        for number in range(self.channels):
            channel = samples[number]
            if channel.shape[0] < chunk:
                channel = np.zeros(chunk, dtype=np.float32)
                channel[: samples.shape[1]] = samples[number]
            out = weighted[number]
            for start in range(0, chunk, PIECE_HOPS * self.hop):
                piece = slice(start, start + PIECE_HOPS * self.hop)
                state = self._weighting.process(channel[piece], self._states[number], out[piece])
                self._states[number] = state
            if self.hop % FINE == 0:
                rows = out.reshape(-1, self.hop // FINE)
                envelope += np.einsum("ij,ij->i", rows, rows)
            else:
                squares = np.square(out).reshape(-1, self.hop)
                envelope += np.add.reduceat(squares, self._edges[:-1], axis=1).ravel()
        envelope /= self._widths[: envelope.size]
        self._envelope.append(envelope)

    def finish(self) -> TrackMeasures:
        """What was measured up to the end of the stream."""
        whole = self._frames // self.hop * FINE
        envelope = np.concatenate(self._envelope)[:whole] if self._envelope else np.zeros(0)
        peaks = np.concatenate(self._peaks, axis=1)
        return TrackMeasures(
            self.channels,
            self._frames,
            self._peak,
            self.spectrum.energy,
            self._damaged,
            envelope.astype(np.float32),
            peaks[:, : -(-self._frames // self._step)],
            self.spectrum.finish(),
        )


def measure(
    streams: Sequence[Stream],
    *,
    threads: int = 2,
    in_memory: bool = False,
    progress: Callable[[float], None] | None = None,
    descriptors: Sequence[Descriptor] = (),
) -> Measurement:
    """Read all streams to their ends, in step, and measure them, with ``descriptors`` besides.

    With more than one of ``threads`` so many tracks are read at once, ahead of need (but for
    streams ``in_memory``), another thread transforms, and the calling one filters and sums; with
    1 everything runs in the calling thread. BLAS should run at one thread, which has to be set
    before numpy is imported.
    ``progress`` is called in the calling thread with the share done, ending with 1.0.
    Raises ValueError without streams, where their rates differ, or with more than two channels.
    """
    if not streams:
        raise ValueError("nothing to measure: no streams")
    rate = streams[0].rate
    if any(stream.rate != rate for stream in streams):
        raise ValueError("streams have different sample rates")
    hop = hop_length(rate)
    in_memory = in_memory and threads > 1
    hops = chunk_hops(sum(stream.channels for stream in streams) * hop, in_memory=in_memory)
    chunk = hop * hops
    plan = SpectrumPlan(rate, chunk) if threads > 1 else SpectrumPlan(rate)
    weighting = KWeighting(rate)
    keep = any(isinstance(descriptor, SegmentFrames) for descriptor in descriptors)
    spectra = [SpectrumMeter(plan, stream.channels, keep=keep) for stream in streams]
    pairs = zip(streams, spectra, strict=True)
    meters = [_TrackMeter(stream, weighting, own, hop, chunk) for stream, own in pairs]
    expected = max(stream.frames for stream in streams)
    for meter in meters:
        meter.descriptors = [
            descriptor.meter(rate, meter.channels, expected) for descriptor in descriptors
        ]
    stops = np.cumsum([meter.channels for meter in meters]).tolist()
    slices = [slice(stop - meter.channels, stop) for meter, stop in zip(meters, stops, strict=True)]
    covariance = CovarianceMeter(slices, hop)
    run(
        meters,
        slices,
        covariance,
        Chunks(hop, chunk, expected),
        _reporter(progress, expected),
        threads=threads,
        in_memory=in_memory,
    )
    tracks = tuple(meter.finish() for meter in meters)
    frames = max(track.frames for track in tracks)
    if progress:
        progress(1.0)
    described = {
        p.name: tuple(m.descriptors[n].finish() for m in meters) for n, p in enumerate(descriptors)
    }
    if keep:
        described[SegmentFrames().name] = tuple(spectrum.frames() for spectrum in spectra)
    return Measurement(rate, frames / rate, tracks, covariance.finish(frames // hop), described)


def _reporter(progress: Callable[[float], None] | None, expected: int) -> Callable[[int], None]:
    return lambda done: progress(min(done / max(expected, 1), 1.0)) if progress else None


def feature_table(
    measurement: Measurement,
    *,
    gains_db: npt.ArrayLike | None = None,
    members: Sequence[int] | None = None,
) -> FeatureTable:
    """The feature columns of every track.

    gains_db: (tracks,) as if each track had been recorded that much louder (negative: softer).
    members: the tracks that form the session for the relative columns (default: all); other
    tracks get NaN in those columns.
    Raises ValueError where gains_db has another shape or holds values that are not finite.
    """
    count = len(measurement.tracks)
    gains = np.zeros(count) if gains_db is None else np.asarray(gains_db, dtype=np.float64)
    if gains.shape != (count,) or not np.isfinite(gains).all():
        raise ValueError(f"gains_db must be {count} finite levels")
    chosen = list(range(count)) if members is None else sorted(set(members))
    columns = {name: np.full(count, np.nan) for name in COLUMNS}
    hops = [
        track.hop_powers * to_power(Decibel(gain))
        for track, gain in zip(measurement.tracks, gains, strict=True)
    ]
    loudness = [gated_loudness(powers) for powers in hops]
    active = [_active(*pair) for pair in zip(hops, loudness, strict=True)]
    span = _active_span([active[index] for index in chosen])
    for index, track in enumerate(measurement.tracks):
        own = _own_columns(track, hops[index], loudness[index], float(gains[index]))
        own |= _activity_columns(
            hops[index][active[index]], loudness[index], measurement.found[index].size, span
        )
        for name, value in own.items():
            columns[name][index] = value
    relative = _relative_columns(measurement, hops, np.array(loudness), gains, chosen)
    for name, values_of in relative.items():
        columns[name][:] = values_of
    return FeatureTable(COLUMNS, np.column_stack([columns[name] for name in COLUMNS]))


def _active(hops: Float64, loudness: float) -> npt.NDArray[np.bool_]:
    """Hops above -70 LUFS and above 30 LU under the track's loudness."""
    if not math.isfinite(loudness):
        return np.zeros(hops.shape, dtype=bool)
    gate = max(ABSOLUTE_GATE_LUFS, loudness - 30.0)
    return np.asarray(hops > from_lufs(gate))


def _active_span(active: Sequence[npt.NDArray[np.bool_]]) -> int:
    """How many hops lie between the first and the last in which any track is active."""
    found = [np.flatnonzero(hops) for hops in active]
    ends = [(places[0], places[-1]) for places in found if places.size]
    return int(max(last for _, last in ends) - min(first for first, _ in ends)) + 1 if ends else 0


def _own_columns(
    track: TrackMeasures, hops: Float64, loudness: float, gain_db: float
) -> dict[str, float]:
    if not track.peak > 0.0:
        return {}
    rms = power_to_decibel(track.energy / (track.frames * track.channels))
    peak = to_decibel(LinearGain(track.peak))
    columns = {
        "rms_dbfs": rms + gain_db,
        "peak_dbfs": peak + gain_db,
        "crest_db": peak - rms,
        "loudness_lufs": loudness if math.isfinite(loudness) else math.nan,
        "loudness_range_lu": loudness_range(hops),
    }
    spectrum = track.spectrum
    if spectrum.frames:
        shares = _decibel(spectrum.band_energy / spectrum.band_energy.sum())
        columns |= {
            f"band_{name}_db": float(share) for name, share in zip(_BAND_NAMES, shares, strict=True)
        }
        columns |= {
            "centroid_hz": spectrum.centroid,
            "bandwidth_hz": spectrum.bandwidth,
            "rolloff_hz": spectrum.rolloff,
            "flatness": spectrum.flatness,
        }
    return columns


def _activity_columns(powers: Float64, loudness: float, onsets: int, span: int) -> dict[str, float]:
    """``powers`` (n,) of the hops in which a track is active."""
    if not powers.size:
        return {}
    low, middle, high = quantiles(
        OFFSET_DB + power_to_db(powers) - loudness, (0.1, 0.5, 0.9)
    ).tolist()
    return {
        "active_share": powers.size / max(span, 1),
        "level_p10_db": low,
        "level_p50_db": middle,
        "level_p90_db": high,
        "onset_rate_hz": onsets / (span / 10.0),
    }


def _decibel(power: Float64) -> Float64:
    return power_to_db(np.maximum(power, to_power(Decibel(FLOOR_DB))))


def _relative_columns(
    measurement: Measurement,
    hops: Sequence[Float64],
    loudness_lufs: Float64,
    gains_db: Float64,
    members: Sequence[int],
) -> dict[str, Float64]:
    count = len(measurement.tracks)
    sounding = [index for index in members if measurement.tracks[index].peak > 0.0]
    columns: dict[str, Float64] = {}
    if not sounding:
        return columns
    kit = np.zeros(measurement.mix.hops)
    for index in sounding:
        kit[: hops[index].size] += hops[index]
    kit_loudness = gated_loudness(kit)
    loudness = loudness_lufs[sounding]
    relative = np.full(count, np.nan)
    if math.isfinite(kit_loudness):
        relative[sounding] = np.where(np.isfinite(loudness), loudness - kit_loudness, np.nan)
    columns["loudness_re_kit_lu"] = relative
    rank = np.full(count, np.nan)
    heard = [place for place in range(len(sounding)) if math.isfinite(loudness[place])]
    for place in heard:
        louder = int((loudness[heard] > loudness[place]).sum())
        rank[sounding[place]] = louder / max(len(heard) - 1, 1)
    columns["loudness_rank"] = rank
    bands = np.stack([measurement.tracks[i].spectrum.band_energy for i in sounding])
    bands = bands * db_to_power(gains_db[sounding, None])
    total = bands.sum(axis=0)
    shares = _decibel(bands / np.where(total > 0.0, total, 1.0))
    for number, name in enumerate(_BAND_NAMES):
        column = np.full(count, np.nan)
        column[sounding] = shares[:, number]
        columns[f"kit_band_{name}_db"] = column
    columns |= _bleed_columns(measurement, sounding)
    return columns


def _bleed_columns(measurement: Measurement, sounding: Sequence[int]) -> dict[str, Float64]:
    count = len(measurement.tracks)
    columns = {
        name: np.full(count, np.nan)
        for name in ("similarity_max", "similarity_mean", "dominance_db")
    }
    if len(sounding) == sum(track.peak > 0.0 for track in measurement.tracks):
        columns["dominance_db"][sounding] = bleed.dominances(measurement.onsets, sounding)
    else:  # onsets of others are no onsets of this session
        heard = bleed.onset_levels(
            [measurement.tracks[index].envelope for index in sounding],
            [measurement.found[index] for index in sounding],
        )
        columns["dominance_db"][sounding] = bleed.dominances(heard, range(len(sounding)))
    for index in sounding:
        others = measurement.similarity[index, [other for other in sounding if other != index]]
        others = others[np.isfinite(others)]
        if others.size:
            columns["similarity_max"][index] = others.max()
            columns["similarity_mean"][index] = others.mean()
    return columns


def holds_only_bleed(
    measurement: Measurement, families: Sequence[Hashable] | None = None
) -> npt.NDArray[np.bool_]:
    """Which tracks hold only what leaks in from other drums (tracks,); see ``bleed``.

    For close microphones; in doubt False, and False for silence. ``families``: a label per
    track, the same for the microphones of one drum (kick in and out, snare top and bottom),
    None for what was not recorded with the kit; with it about 80 % of the tom microphones
    without a tom hit were found in sessions of a sampled kit, without it about 60 %, in both
    cases with none that held its own drum.
    """
    return bleed.only_bleed(measurement.onsets, families)
