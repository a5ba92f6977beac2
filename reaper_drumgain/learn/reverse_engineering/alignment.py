"""Sounds of different rates, lengths and starts as one recording.

A mix need not begin with the tracks, nor end with them, nor have their sample rate. Where it
begins is found to 10 ms by the correlation of onsets: the rises of the level in dB, which are the
same in the tracks together and in the mix, whatever the gains. What remains is for ``delays``.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.loudness import Float32
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.reverse_engineering.recording import (
    ArraySound,
    FileSound,
    Recording,
    Sound,
)

Float64 = npt.NDArray[np.float64]

_HOPS_PER_SECOND = 100
#: a difference of starts below this is left to the search for delays, in seconds
_NEAR_S = 0.4
#: the least time that tracks and mix must have in common, in seconds
LEAST_OVERLAP_S = 4.0
#: levels further below the loudest hop count as silence, in dB
_FLOOR_DB = 60.0
#: samples of a file that is resampled, all channels counted: 1 GB
_MOST_RESAMPLED = 1 << 28


@dataclass(frozen=True, slots=True)
class Shifted:
    """A sound from a frame on: a view that does not own the file.

    Attributes
    ----------
    sound
        The whole sound.
    start
        The frame of it at which the view begins.
    frames
        Length of the view in samples.
    """

    sound: Sound
    start: int
    frames: int

    @property
    def name(self) -> str:
        """Of the sound."""
        return self.sound.name

    @property
    def channels(self) -> int:
        """1 or 2."""
        return self.sound.channels

    @property
    def rate(self) -> int | None:
        """In Hz."""
        return self.sound.rate

    def read(self, start: int, count: int) -> Float32:
        """As ``Sound.read``, with frames counted from the start of the view."""
        out = np.zeros((self.channels, count), np.float32)
        first, last = max(start, 0), min(start + count, self.frames)
        if first < last:
            out[:, first - start : last - start] = self.sound.read(self.start + first, last - first)
        return out

    def close(self) -> None:
        """Closes the sound."""
        self.sound.close()


@dataclass(frozen=True, slots=True)
class Aligned:
    """A recording whose sounds begin together.

    Attributes
    ----------
    recording
        The common part of tracks and mix.
    start_s
        The second of the tracks at which the common part begins.
    mix_start_s
        The second of the mix at which it begins.
    notes
        What was done for that, in sentences.
    """

    recording: Recording
    start_s: float
    mix_start_s: float
    notes: tuple[str, ...] = ()


def open_aligned(
    tracks: Sequence[str | PathLike[str]],
    mix: str | PathLike[str],
    *,
    longest_s: float | None = None,
) -> Aligned:
    """Opens files of any rate and length and finds where the mix begins in the tracks.

    The caller closes the recording.

    Parameters
    ----------
    tracks, mix
        Paths.
    longest_s
        No more seconds are used. None for all.

    Returns
    -------
    Aligned
        The common part.

    Raises
    ------
    InputError
        There is no track, or tracks and mix have too little in common.
    MediaError
        A file cannot be read.
    """
    if not tracks:
        raise InputError("expected at least one track")
    with ExitStack() as stack:
        opened: list[Sound] = []
        for path in (*tracks, mix):
            sound = FileSound(path)
            stack.callback(sound.close)
            opened.append(sound)
        aligned = align(opened[:-1], opened[-1], longest_s=longest_s)
        stack.pop_all()
    return aligned


def align(tracks: Sequence[Sound], mix: Sound, *, longest_s: float | None = None) -> Aligned:
    """Finds where a mix begins in its tracks, all at the rate that most tracks have.

    Parameters
    ----------
    tracks
        Sounds that begin together.
    mix
        The mix.
    longest_s
        No more seconds are used. None for all.

    Returns
    -------
    Aligned
        The common part.

    Raises
    ------
    InputError
        Tracks and mix have too little in common, or no sample rates.
    """
    rates = [sound.rate for sound in tracks if sound.rate is not None]
    if not rates or mix.rate is None:
        raise InputError("tracks and mix need sample rates")
    rate = statistics.mode(rates)
    notes: list[str] = []
    moved = [_at_rate(sound, rate, notes) for sound in tracks]
    mixed = _at_rate(mix, rate, notes)
    lengths = {sound.frames for sound in moved}
    if len(lengths) > 1:
        shortest, longest = min(lengths) / rate, max(lengths) / rate
        notes.append(
            f"the tracks last from {shortest:.1f} to {longest:.1f} s: they are taken to begin "
            "together, and the shorter ones are silent at their end"
        )
    frames = max(lengths)
    offset = _offset(moved, mixed, frames, rate)
    first = max(0, -offset)
    last = min(mixed.frames, frames - offset)
    if longest_s is not None:
        last = min(last, first + round(longest_s * rate))
    least = min(LEAST_OVERLAP_S * rate, frames // 2)
    if last - first < least:
        raise InputError(
            f"{mix.name}: only {max(0, last - first) / rate:.1f} s of it lie over the tracks, "
            f"expected {least / rate:.1f} s or more: give a longer piece of a mix of these tracks"
        )
    if offset or mixed.frames != frames:
        notes.append(_where(offset, first, last, mixed.frames, frames, rate))
    recording = Recording(
        tuple(Shifted(sound, first + offset, last - first) for sound in moved),
        Shifted(mixed, first, last - first),
        rate,
        last - first,
    )
    return Aligned(recording, (first + offset) / rate, first / rate, tuple(notes))


def _where(offset: int, first: int, last: int, mix_frames: int, frames: int, rate: int) -> str:
    where = f"the mix lasts {mix_frames / rate:.1f} s, the tracks {frames / rate:.1f} s"
    if offset:
        where += (
            f"; the mix begins {abs(offset) / rate:.2f} s {'after' if offset > 0 else 'before'} "
            "the tracks do, by their onsets"
        )
    return f"{where}: {(last - first) / rate:.1f} s are compared"


def _at_rate(sound: Sound, rate: int, notes: list[str]) -> Sound:
    """The sound at a rate; one of another rate is resampled in memory."""
    if sound.rate == rate:
        return sound
    if sound.frames * sound.channels > _MOST_RESAMPLED:
        raise InputError(
            f"{sound.name}: too long to be resampled from {sound.rate} Hz to {rate} Hz"
        )
    import soxr

    samples = sound.read(0, sound.frames)
    found = np.ascontiguousarray(soxr.resample(samples.T, sound.rate, rate, quality="VHQ").T)
    notes.append(f"{sound.name} is resampled from {sound.rate} Hz to {rate} Hz")
    return ArraySound(found, sound.name, rate)


def _offset(tracks: Sequence[Sound], mix: Sound, frames: int, rate: int) -> int:
    """The frame of the tracks at which the mix begins; 0 where it is near."""
    hop = rate // _HOPS_PER_SECOND
    own = _onsets(sum_levels(tracks, frames, hop))
    mixed = _onsets(sum_levels([mix], mix.frames, hop))
    if not own.any() or not mixed.any():
        return 0
    size = 1 << int(np.ceil(np.log2(own.size + mixed.size)))
    product = np.fft.irfft(np.fft.rfft(own, size) * np.conj(np.fft.rfft(mixed, size)), size)
    lags = np.concatenate([np.arange(-mixed.size + 1, 0), np.arange(own.size)])
    found = np.concatenate([product[size - mixed.size + 1 :], product[: own.size]])
    # energies of the parts that overlap at each lag
    energy = (
        np.concatenate([[0.0], np.cumsum(own**2)]),
        np.concatenate([[0.0], np.cumsum(mixed**2)]),
    )
    low, high = np.clip(lags, 0, own.size), np.clip(lags + mixed.size, 0, own.size)
    own_energy = energy[0][high] - energy[0][low]
    mix_energy = energy[1][high - lags] - energy[1][low - lags]
    fewest = min(LEAST_OVERLAP_S * _HOPS_PER_SECOND, own.size / 2, mixed.size / 2)
    norm = np.sqrt(own_energy * mix_energy)
    good = (high - low >= fewest) & (norm > 0.0)
    score = np.where(good, found / np.where(norm > 0.0, norm, 1.0), -np.inf)
    best = int(np.argmax(score))
    start = int(lags[best])
    near = np.abs(lags) <= _NEAR_S * _HOPS_PER_SECOND
    if abs(start) <= _NEAR_S * _HOPS_PER_SECOND or score[near].max() > 0.9 * score[best]:
        return 0
    return start * hop


def sum_levels(sounds: Sequence[Sound], frames: int, hop: int) -> Float64:
    """The summed power of the first differences of sounds.

    Differences show the strokes rather than what rings on.

    Parameters
    ----------
    sounds
        Sounds that begin together.
    frames
        How many samples of each are read.
    hop
        Samples of a hop.

    Returns
    -------
    ndarray
        Shape (hops,): sum of squares of each hop.
    """
    total = np.zeros(max(1, frames // hop))
    step = 4096 * hop
    for sound in sounds:
        for start in range(0, total.size * hop, step):
            count = min(step, total.size * hop - start)
            samples = np.diff(sound.read(start - 1, count + 1).astype(np.float64), axis=1)
            powers = np.square(samples).sum(axis=0).reshape(-1, hop).sum(axis=1)
            total[start // hop : start // hop + powers.size] += powers
    return total


def _onsets(powers: Float64) -> Float64:
    """(hops,) by how many dB the level rises from hop to hop, with mean 0."""
    loudest = float(powers.max(initial=0.0))
    if not loudest > 0.0:
        return np.zeros_like(powers)
    level = 10.0 * np.log10(np.maximum(powers, loudest * 10.0 ** (-_FLOOR_DB / 10.0)))
    rise = np.maximum(np.diff(level, prepend=level[:1]), 0.0)
    return np.asarray(rise - rise.mean())
