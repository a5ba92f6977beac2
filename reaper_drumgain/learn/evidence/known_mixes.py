"""How near reverse engineering comes: rendered sessions, mixed with gains that are known.

``python -m reaper_drumgain.learn.evidence.known_mixes --data DATA`` prints a table: for each way
of mixing and each way of fitting, the errors of the gains (common offset removed, the median), the
tracks that got a flag in place of a number, and the residual. A second table says how much of a
mix gains from its other pieces explain (``recognition``), for the mix of these tracks and for
mixes of other recordings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.k_weighting import ORDER, KWeighting
from reaper_drumgain.learn.data.kit_sessions import MICROPHONES
from reaper_drumgain.learn.data.kits import KITS, RATE, cached_kit
from reaper_drumgain.learn.data.other_sounds import other_sound
from reaper_drumgain.learn.data.performances import choose_any_style
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.reverse_engineering.mix_gains import estimate
from reaper_drumgain.learn.reverse_engineering.recognition import recognize
from reaper_drumgain.learn.reverse_engineering.recording import open_recording

Float64 = npt.NDArray[np.float64]
Generator = np.random.Generator

_FEWEST = {"kick": 4, "snare": 4}
_OTHERS = ("bass", "distorted guitar", "voice")
#: ways of fitting by name: taps
FITS = {"gains alone": 1, "filters of 64": 64}


@dataclass(frozen=True)
class KnownMix:
    """A mix whose gains are known.

    Attributes
    ----------
    tracks
        Shape (n, frames): the drum tracks.
    mix
        Shape (2, frames).
    gains_db
        Shape (n,): the gain of each track in the mix in dB.
    others
        Shape (frames,) each: tracks of other instruments that are in the mix.
    """

    tracks: Float64
    mix: Float64
    gains_db: Float64
    others: tuple[Float64, ...] = ()


def sessions(data: Path, count: int, seconds: float, seed: int) -> Iterator[Float64]:
    """Rendered sessions of both kits.

    Parameters
    ----------
    data
        The folder with ``kits`` and ``groove``.
    count
        Sessions of each kit.
    seconds
        Length of each.
    seed
        Of the random generators.

    Yields
    ------
    ndarray
        Shape (tracks, frames): all tracks have one peak.
    """
    for kit in KITS:
        chosen = choose_any_style(data / "groove", count, seconds, [seed, 41], _FEWEST)
        for number, performance in enumerate(chosen):
            mics = [VirtualMic((name,)) for name in MICROPHONES[kit]]
            sound = render(
                cached_kit(data / "kits" / kit), performance.strokes, mics, seconds, seed=number
            ).astype(np.float64)
            sound = sound[np.abs(sound).max(axis=1) > 1e-4]
            yield sound * (0.5 / np.abs(sound).max(axis=1, keepdims=True))


def mixed(tracks: Float64, how: str, seed: int) -> KnownMix:
    """The tracks mixed in a certain way.

    Parameters
    ----------
    tracks
        Shape (n, frames).
    how
        One of WAYS.
    seed
        Of the random generator.

    Returns
    -------
    KnownMix
        The mix with its gains.
    """
    rng = np.random.default_rng(seed)
    count = len(tracks)
    gains = rng.uniform(-10.0, 4.0, count)
    pan = rng.uniform(0.2, 1.37, count)
    panned = 10.0 ** (gains / 20.0) * np.array([np.cos(pan), np.sin(pan)])
    return WAYS[how](tracks, gains, panned, rng)


def _plain(tracks: Float64, gains: Float64, panned: Float64, _: Generator) -> KnownMix:
    return KnownMix(tracks, panned @ tracks, gains)


def _delayed(tracks: Float64, gains: Float64, panned: Float64, rng: Generator) -> KnownMix:
    late = [np.roll(track, int(by)) for track, by in zip(tracks, _delays(rng, gains), strict=True)]
    return KnownMix(tracks, panned @ np.array(late), gains)


def _delays(rng: Generator, gains: Float64) -> Float64:
    return rng.integers(0, 600, gains.size).astype(float)


def _equalised(tracks: Float64, gains: Float64, panned: Float64, rng: Generator) -> KnownMix:
    changed = np.array([_equalise(track, rng) for track in tracks])
    weighed = [_k_db(after) - _k_db(before) for after, before in zip(changed, tracks, strict=True)]
    return KnownMix(tracks, panned @ changed, gains + np.array(weighed))


def _compressed(tracks: Float64, gains: Float64, panned: Float64, _: Generator) -> KnownMix:
    return KnownMix(tracks, _compress(panned @ tracks, ratio=4.0), gains)


def _limited(tracks: Float64, gains: Float64, panned: Float64, _: Generator) -> KnownMix:
    mix = panned @ tracks
    return KnownMix(tracks, np.clip(mix, -0.4 * np.abs(mix).max(), 0.4 * np.abs(mix).max()), gains)


def _all_of_it(tracks: Float64, gains: Float64, panned: Float64, rng: Generator) -> KnownMix:
    equalised = _equalised(tracks, gains, panned, rng)
    late = np.roll(equalised.mix, int(rng.integers(0, 600)), axis=1)
    mix = _compress(late, ratio=4.0)
    noise = _pink(rng, mix.shape)
    return KnownMix(tracks, mix + _scaled(noise, mix, -20.0), equalised.gains_db)


def _noisy(level_db: float) -> Callable[[Float64, Float64, Float64, Generator], KnownMix]:
    def way(tracks: Float64, gains: Float64, panned: Float64, rng: Generator) -> KnownMix:
        mix = panned @ tracks
        return KnownMix(tracks, mix + _scaled(_pink(rng, mix.shape), mix, level_db), gains)

    return way


def _with_others(
    level_db: float, *, given: bool
) -> Callable[[Float64, Float64, Float64, Generator], KnownMix]:
    def way(tracks: Float64, gains: Float64, panned: Float64, rng: Generator) -> KnownMix:
        mix = panned @ tracks
        others = [other_sound(kind, rng, mix.shape[1] / RATE) for kind in _OTHERS]
        others = [np.resize(other, mix.shape[1]) for other in others]
        added = sum(others) * np.ones((2, 1))
        scale = 10.0 ** (level_db / 20.0) * np.linalg.norm(mix) / np.linalg.norm(added)
        return KnownMix(tracks, mix + scale * added, gains, tuple(others) if given else ())

    return way


WAYS: dict[str, Callable[[Float64, Float64, Float64, Generator], KnownMix]] = {
    "gains and pan": _plain,
    "... and delays up to 14 ms": _delayed,
    "... and equalisation": _equalised,
    "... and bus compression 4:1": _compressed,
    "... clipped 8 dB below the peak": _limited,
    "... and noise at -20 dB": _noisy(-20.0),
    "... and noise at -6 dB": _noisy(-6.0),
    "... bass, guitar, voice at 0 dB": _with_others(0.0, given=False),
    "... the same, given": _with_others(0.0, given=True),
    "... bass, guitar, voice at +6 dB": _with_others(6.0, given=False),
    "all: equalised, late, compressed, noisy": _all_of_it,
}


def _equalise(track: Float64, rng: Generator) -> Float64:
    """A shelf of up to +-6 dB above 4 kHz and a bell of up to +-6 dB, by their magnitudes, with the
    phase of a minimum phase filter."""
    size = 1 << int(np.ceil(np.log2(track.size + 4096)))
    frequency = np.fft.rfftfreq(size, 1.0 / RATE)
    octaves = np.log2(np.maximum(frequency, 1.0) / rng.uniform(200.0, 3000.0))
    level = rng.uniform(-6.0, 6.0) * np.exp(-(octaves**2))
    level = level + rng.uniform(-6.0, 6.0) / (1.0 + (4000.0 / np.maximum(frequency, 1.0)) ** 2)
    log = np.fft.irfft(level * np.log(10.0) / 20.0, size)
    log[1 : size // 2] *= 2.0
    log[size // 2 + 1 :] = 0.0
    response = np.exp(np.fft.rfft(log, size))
    return np.asarray(np.fft.irfft(np.fft.rfft(track, size) * response, size)[: track.size])


def _compress(mix: Float64, ratio: float) -> Float64:
    """A feed-forward compressor on both channels: 10 ms attack, 100 ms release, about 6 dB of gain
    reduction on loud strokes (Giannoulis, Massberg & Reiss 2012)."""
    hop = 44
    power = np.square(mix).sum(axis=0)
    level = power[: power.size // hop * hop].reshape(-1, hop).mean(axis=1)
    decibel = 10.0 * np.log10(level + 1e-12)
    threshold = float(np.percentile(decibel, 97)) - 8.0
    wanted = np.maximum(decibel - threshold, 0.0) * (1.0 / ratio - 1.0)
    attack, release = np.exp(-hop / (0.01 * RATE)), np.exp(-hop / (0.1 * RATE))
    gain, held = np.zeros_like(wanted), 0.0
    for place, value in enumerate(wanted.tolist()):
        share = attack if value < held else release
        held = share * held + (1.0 - share) * value
        gain[place] = held
    curve = np.interp(np.arange(mix.shape[1]), hop * np.arange(gain.size), gain)
    return np.asarray(mix * 10.0 ** (curve / 20.0))


def _pink(rng: Generator, shape: tuple[int, ...]) -> Float64:
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[-1]), 20.0))
    return np.asarray(np.fft.irfft(spectrum, shape[-1]))


def _scaled(noise: Float64, mix: Float64, level_db: float) -> Float64:
    return np.asarray(
        noise * (10.0 ** (level_db / 20.0) * np.linalg.norm(mix) / np.linalg.norm(noise))
    )


def _k_db(samples: Float64) -> float:
    """K-weighted energy in dB."""
    out = np.empty(samples.size, np.float32)
    KWeighting(RATE).process(samples.astype(np.float32), np.zeros(ORDER), out)
    return float(10.0 * np.log10(np.square(out.astype(np.float64)).sum()))


@dataclass(frozen=True)
class Errors:
    """The errors of one way of mixing and fitting.

    Attributes
    ----------
    errors_db
        Shape (told,): absolute errors in dB of all tracks with a gain.
    told, tracks
        How many tracks have a gain, of how many.
    residual_db
        The mean residual in dB.
    """

    errors_db: Float64
    told: int
    tracks: int
    residual_db: float


def measure(known: KnownMix, taps: int) -> tuple[Float64, float]:
    """The errors of the gains that are found in a mix.

    Parameters
    ----------
    known
        The mix.
    taps
        Length of the fitted filters in samples.

    Returns
    -------
    errors : ndarray
        Shape (tracks,): absolute errors in dB, the common offset removed; NaN where no gain is
        found.
    residual : float
        In dB against the mix.
    """
    with open_recording([*known.tracks, *known.others], known.mix, RATE) as recording:
        found = estimate(recording, taps=taps, max_delay=0.03)
    rest = found.gains_db[: len(known.tracks)] - known.gains_db
    if np.isfinite(rest).any():
        rest = rest - np.nanmedian(rest)
    return np.abs(rest), found.residual_db


def table(rendered: Sequence[Float64], seed: int) -> Iterator[str]:
    """The table of errors.

    Parameters
    ----------
    rendered, seed
        Sessions of shape (tracks, frames) each. The seed of the random generators.

    Yields
    ------
    str
        A line.
    """
    figures = f"{'mean':>6} {'95 %':>6} {'worst':>6}  told  residual"
    yield f"{'mixed with':40} {'fitted':15} {figures}"
    for how in WAYS:
        for name, taps in FITS.items():
            pairs = [
                measure(mixed(tracks, how, seed + number), taps)
                for number, tracks in enumerate(rendered)
            ]
            errors = np.concatenate([errors for errors, _ in pairs])
            told = errors[np.isfinite(errors)]
            residual = float(np.mean([left for _, left in pairs]))
            values = (
                [float(told.mean()), float(np.percentile(told, 95)), float(told.max())]
                if told.size
                else [np.nan] * 3
            )
            numbers = " ".join(f"{value:6.2f}" for value in values)
            share = f"{told.size / errors.size:4.0%}"
            yield f"{how:40} {name:15} {numbers}  {share}  {residual:6.1f} dB"


def recognition_table(rendered: Sequence[Float64], seed: int) -> Iterator[str]:
    """What gains from other pieces explain, for the right mix and for others.

    Parameters
    ----------
    rendered, seed
        Sessions of shape (tracks, frames) each. The seed of the random generators.

    Yields
    ------
    str
        A line.
    """
    yield f"{'mix':40} {'explained, least':>16} {'pieces, least':>14}  taken for it"
    for how in WAYS:
        found = [
            recognize_of(tracks, mixed(tracks, how, seed + number).mix)
            for number, tracks in enumerate(rendered)
        ]
        least = min(share for share, _, _ in found), min(pieces for _, pieces, _ in found)
        taken = sum(same for _, _, same in found)
        yield f"{how:40} {least[0]:16.1%} {least[1]:14.0%}  {taken} of {len(found)}"
    wrong = [
        recognize_of(tracks, mixed(other, "gains and pan", seed + place).mix)
        for place, tracks in enumerate(rendered)
        for number, other in enumerate(rendered)
        if number != place
    ]
    most = max(share for share, _, _ in wrong), max(pieces for _, pieces, _ in wrong)
    taken = sum(same for _, _, same in wrong)
    what = "another recording (most)"
    yield f"{what:40} {most[0]:16.1%} {most[1]:14.0%}  {taken} of {len(wrong)}"


def recognize_of(tracks: Float64, mix: Float64) -> tuple[float, float, bool]:
    """Whether a mix is taken for one of some tracks.

    Parameters
    ----------
    tracks
        Shape (n, frames).
    mix
        Shape (2, frames).

    Returns
    -------
    explained : float
        The share of the mix that gains from other pieces explain.
    pieces : float
        The share of pieces in which they explain anything.
    same : bool
        Whether the mix is taken for one of these tracks.
    """
    with open_recording(list(tracks), mix, RATE) as recording:
        found = recognize(recording)
    return found.explained, found.pieces, found.is_same


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="errors of reverse engineering on known mixes")
    parser.add_argument("--data", type=Path, required=True, help="folder with kits/ and groove/")
    parser.add_argument("--count", type=int, default=3, help="performances of each kit")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each performance")
    parser.add_argument("--seed", type=int, default=527)
    options = parser.parse_args(arguments)
    rendered = list(sessions(options.data, options.count, options.seconds, options.seed))
    for lines in (table(rendered, options.seed), recognition_table(rendered, options.seed)):
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
