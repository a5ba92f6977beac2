"""A straightforward mixer: whole files in numpy, no streaming, double precision.

Written from the format notes alone, as a second opinion on
``reaper_drumgain.audio.track_reader``; it shares no code with it. It knows only what the notes
define: no Bezier points, no fader scale, no curvature. Where a clip is resampled, its place on the
time line has to fall on a frame of the source.
"""

from __future__ import annotations

import math

import numpy as np
import soundfile
import soxr

from reaper_drumgain.schema.session import Clip, Envelope, Fade, Track


def mix(track: Track, rate: int, start: float, end: float) -> np.ndarray:
    """Left and right of a track before its fader, shape (2, frames), float64."""
    frames = round((end - start) * rate)
    times = start + np.arange(frames) / rate
    total = np.zeros((2, frames))
    for clip in track.clips:
        if clip.plays and clip.source.kind == "file" and clip.source.path:
            total += _clip(clip, rate, start, times)
    for envelope in track.envelopes:
        if envelope.kind == "pre-fx volume" and envelope.active:
            total *= _envelope(envelope, times)
    return total


def _clip(clip: Clip, rate: int, start: float, times: np.ndarray) -> np.ndarray:
    first = int(np.rint((clip.position - start) * rate))
    last = int(np.rint((clip.position + clip.length - start) * rate))
    index = np.arange(len(times))
    inside = (index >= first) & (index < last)

    file, file_rate = soundfile.read(clip.source.path, always_2d=True)
    source = _channels(file.T, clip.channel_mode)
    source = _section(source, clip, file_rate)
    # Source seconds of each frame of the project, in source frames.
    places = (clip.offset + (times - clip.position) * clip.play_rate) * file_rate
    ratio = file_rate * clip.play_rate / rate
    if ratio == 1.0:
        sound = _take(source, np.rint(places).astype(int), loop=clip.loop)
    else:
        sound = _resampled(source, places, file_rate * clip.play_rate, rate, loop=clip.loop)
    sound = sound * clip.item_gain * clip.take_gain

    elapsed = times - clip.position
    if clip.fade_in.length:
        sound = sound * _fade(elapsed / clip.fade_in.length, clip.fade_in)
    if clip.fade_out.length:
        sound = sound * _fade((clip.length - elapsed) / clip.fade_out.length, clip.fade_out)
    for envelope in clip.envelopes:
        if envelope.kind == "volume" and envelope.active:
            sound = sound * _envelope(envelope, elapsed * clip.play_rate)
    left, right = sound
    left = left * (1.0 - max(0.0, clip.take_pan))
    right = right * (1.0 + min(0.0, clip.take_pan))
    for begin, end in clip.covered:
        first, last = int(np.rint((begin - start) * rate)), int(np.rint((end - start) * rate))
        inside &= (index < first) | (index >= last)
    return np.where(inside, np.stack([left, right]), 0.0)


def _channels(file: np.ndarray, mode: int) -> np.ndarray:
    """Left and right of a file, shape (2, frames), as the channel mode picks them."""
    silence = np.zeros(file.shape[1])

    def channel(number: int) -> np.ndarray:
        return file[number] if number < len(file) else silence

    if mode >= 67:
        pair = (channel(mode - 67), channel(mode - 66))
        return np.stack((file[0], file[0]) if len(file) == 1 and mode == 67 else pair)
    if len(file) == 1 and mode <= 4:
        return np.stack([file[0], file[0]])
    if mode == 0:
        return np.stack([file[0], file[1]])
    if mode == 1:
        return np.stack([file[1], file[0]])
    if mode == 2:
        return np.stack([(file[0] + file[1]) / 2.0] * 2)
    return np.stack([channel(mode - 3)] * 2)


def _section(source: np.ndarray, clip: Clip, rate: int) -> np.ndarray:
    start = round((clip.source.section_start or 0.0) * rate)
    part = source[:, start:]
    if clip.source.section_length:
        length = round(clip.source.section_length * rate)
        part = np.pad(part, ((0, 0), (0, max(0, length - part.shape[1]))))[:, :length]
    return part[:, ::-1] if clip.source.reversed else part


def _take(source: np.ndarray, places: np.ndarray, *, loop: bool) -> np.ndarray:
    length = source.shape[1]
    if loop:
        return source[:, places % length]
    found = source[:, np.clip(places, 0, length - 1)]
    return np.where((places >= 0) & (places < length), found, 0.0)


def _resampled(
    source: np.ndarray, places: np.ndarray, rate_in: float, rate_out: int, *, loop: bool
) -> np.ndarray:
    # One long line of source frames around all that is needed, resampled as a whole. It starts
    # at a source frame that is also a frame of the project.
    ratio = rate_in / rate_out
    earliest = places[0] - 4096 * ratio
    back = next(k for k in range(20_000) if abs(_off(places[0] - (4096 + k) * ratio)) < 1e-6)
    origin = round(places[0] - (4096 + back) * ratio)
    assert origin <= earliest + 1
    count = math.ceil(places[-1]) + 8192 - origin
    line = _take(source, np.arange(origin, origin + count), loop=loop)
    whole = soxr.resample(line.T, rate_in, rate_out, quality="HQ").T
    first = 4096 + back
    return whole[:, first : first + len(places)]


def _off(place: float) -> float:
    return place - round(place)


def _fade(x: np.ndarray, fade: Fade) -> np.ndarray:
    x = np.clip(x, 0.0, 1.0)
    return {
        0: lambda: x,
        1: lambda: x * (2.0 - x),
        2: lambda: x * x,
        3: lambda: 1.0 - (1.0 - x) ** 4,
        4: lambda: x**4,
        5: lambda: np.sin(np.pi * x / 2.0) ** 2,
        6: lambda: np.where(x < 0.5, (2.0 * x) ** 4 / 2.0, 1.0 - (2.0 - 2.0 * x) ** 4 / 2.0),
    }[fade.shape]()


def _envelope(envelope: Envelope, times: np.ndarray) -> np.ndarray:
    if not envelope.points:
        return np.ones(len(times))
    gain = np.full(len(times), envelope.points[0].value)
    for here, after in zip(envelope.points, envelope.points[1:], strict=False):
        span = (times >= here.time) & (times < after.time)
        x = (times[span] - here.time) / (after.time - here.time)
        bent = {
            0: x,
            1: 0.0 * x,
            2: 3.0 * x**2 - 2.0 * x**3,
            3: 1.0 - (1.0 - x) ** 3,
            4: x**3,
        }[here.shape]
        gain[span] = here.value + (after.value - here.value) * bent
    gain[times >= envelope.points[-1].time] = envelope.points[-1].value
    return gain
