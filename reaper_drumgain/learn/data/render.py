"""Renders a performance with a sampled kit: one audio track per virtual microphone.

All microphones of a kit recorded every hit at the same time, so the bleed between the rendered
tracks is that of the real room. The velocity of a stroke chooses among the recorded hits, which
are sorted by loudness; the level of a hit is never changed. Audio is float32 at 44.1 kHz.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.kits import RATE, Audio, Kit
from reaper_drumgain.learn.data.performances import PIECES, Stroke
from reaper_drumgain.units import Decibel, to_linear
from reaper_drumgain.util.decibels import db_to_gain

#: what a closing hi-hat cuts off, and how fast
_CHOKED = "hi-hat open"
_CHOKING = ("hi-hat closed", "hi-hat pedal")
_CHOKE_SECONDS = 0.05
#: the chosen hit may lie up to this many places away in the sorted list, so that repeated strokes
#: of one velocity are not the same recording
_VARIATION = 0.9


@dataclass(frozen=True, slots=True)
class VirtualMic:
    """A rendered track, as a mix of the microphones of a kit.

    Attributes
    ----------
    microphones
        The kit's microphones, which are averaged.
    focus
        The pieces that this microphone is aimed at. Empty for all.
    rejection_db
        By how many dB the strokes of other pieces are quieter, as if the microphone stood closer to
        the focus.
    tilt_db
        Spectral tilt: the level at 8 kHz less that at 125 Hz, a straight line over log frequency.
    """

    microphones: tuple[str, ...]
    focus: tuple[str, ...] = ()
    rejection_db: float = 0.0
    tilt_db: float = 0.0


def render(
    kit: Kit,
    strokes: Sequence[Stroke],
    mics: Sequence[VirtualMic],
    length: float,
    *,
    seed: int,
    piece_gains_db: Mapping[str, float] | None = None,
) -> Audio:
    """The strokes of a performance through virtual microphones.

    Parameters
    ----------
    kit
        The sampled kit.
    strokes
        Times in seconds from the start.
    mics
        One for each track.
    length
        Seconds of the result.
    seed
        Decides which of the recorded hits near a velocity is used. The same arguments give the same
        samples.
    piece_gains_db
        Gain in dB of single pieces, in all microphones.

    Returns
    -------
    ndarray
        Shape (mics, frames): float32 at ``RATE``.

    Raises
    ------
    InputError
        The kit lacks a microphone or piece.
    """
    frames = round(length * RATE)
    sound = np.zeros((len(mics), frames), np.float32)
    gains = _mic_gains(kit, mics, piece_gains_db or {})
    chooser = np.random.default_rng(seed)
    ordered = sorted(strokes, key=lambda stroke: stroke.time)
    ends = _choke_times(ordered)
    for stroke, choked in zip(ordered, ends, strict=True):
        jitter = chooser.uniform(-_VARIATION, _VARIATION)
        begin = round(stroke.time * RATE)
        if not 0 <= begin < frames:
            continue
        hit = kit.hit(stroke.piece, _place(kit, stroke, jitter))
        cut = frames if choked is None else round((choked + _CHOKE_SECONDS) * RATE)
        count = min(hit.shape[1], frames - begin, cut - begin)
        block = gains[stroke.piece] @ hit[:, :count].astype(np.float32)
        if choked is not None and count == cut - begin:
            fade = min(round(_CHOKE_SECONDS * RATE), count)
            block[:, count - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        sound[:, begin : begin + count] += block
    for row, mic in zip(sound, mics, strict=True):
        if mic.tilt_db:
            row[:] = _tilted(row, mic.tilt_db)
    return sound


def _place(kit: Kit, stroke: Stroke, jitter: float) -> int:
    """Which of the piece's hits, sorted by loudness, a velocity chooses."""
    last = len(kit.hits[stroke.piece]) - 1
    wanted = stroke.velocity * kit.velocity_factor[stroke.piece] * last + jitter
    return int(np.clip(round(wanted), 0, last))


def _choke_times(strokes: Sequence[Stroke]) -> list[float | None]:
    """For each stroke the time at which a closing hi-hat stops it, if one does."""
    times: list[float | None] = []
    closing: float | None = None
    for stroke in reversed(strokes):
        times.append(closing if stroke.piece == _CHOKED else None)
        if stroke.piece in _CHOKING:
            closing = stroke.time
    return times[::-1]


def _mic_gains(
    kit: Kit, mics: Sequence[VirtualMic], piece_gains_db: Mapping[str, float]
) -> dict[str, Audio]:
    """Per piece the (mics, microphones) matrix from 16-bit hits to float tracks."""
    for name in {name for mic in mics for name in mic.microphones} - set(kit.microphones):
        raise InputError(f"kit {kit.name} has no microphone {name!r}, only {kit.microphones}")
    for name in set(piece_gains_db) - set(PIECES):
        raise InputError(f"no piece is named {name!r}, only {PIECES}")
    gains = {}
    for piece in PIECES:
        matrix = np.zeros((len(mics), len(kit.microphones)), np.float32)
        for row, mic in zip(matrix, mics, strict=True):
            level = piece_gains_db.get(piece, 0.0)
            if mic.focus and piece not in mic.focus:
                level -= mic.rejection_db
            for name in mic.microphones:
                row[kit.microphones.index(name)] = to_linear(Decibel(level)) / len(mic.microphones)
        gains[piece] = matrix / np.float32(32768)
    return gains


def _tilted(signal: Audio, tilt_db: float) -> Audio:
    """The signal with a straight spectral slope over log frequency, 1 kHz unchanged."""
    curve = _tilt_curve(len(signal), tilt_db)
    spectrum = np.fft.rfft(signal.astype(np.float64))
    return np.fft.irfft(spectrum * curve, n=len(signal)).astype(np.float32)


@functools.lru_cache(maxsize=16)
def _tilt_curve(frames: int, tilt_db: float) -> npt.NDArray[np.float64]:
    frequency = np.clip(np.fft.rfftfreq(frames, 1 / RATE), 30.0, 16000.0)
    level = np.clip(np.log2(frequency / 1000.0), -3.0, 3.0) / 6.0 * tilt_db
    return db_to_gain(level)
