"""Sampled drum kits on disk: which hits they have, and the samples of each hit.

All microphones of a kit recorded every hit at the same time. Hits are mono FLAC files at 44.1 kHz,
one for each microphone, named ``HIT-MICROPHONE.flac``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from reaper_drumgain.errors import InputError, MediaError

Audio = npt.NDArray[np.float32]
RATE = 44100


@dataclass(frozen=True, slots=True)
class _Layout:
    """The folders of a kit: for each piece the folder of its hits and a factor on velocities."""

    microphones: tuple[str, ...]
    folders: Mapping[str, tuple[str, float]]


_LAYOUTS: Mapping[str, _Layout] = {
    "muldjord": _Layout(
        microphones=(
            "KdrumR",
            "Snare_top",
            "Snare_bottom",
            "Hihat",
            "Tom1",
            "Tom2",
            "Tom4",
            "RideR",
            "OHL",
            "OHR",
            "AmbL",
            "AmbR",
        ),
        folders={
            "kick": ("KdrumR", 1.0),
            "snare": ("Snare", 1.0),
            "side stick": ("SnareRest", 0.5),
            "hi-hat closed": ("HihatClosed", 1.0),
            "hi-hat pedal": ("HihatClosed", 0.5),
            "hi-hat open": ("HihatOpen", 1.0),
            "tom 1": ("Tom1", 1.0),
            "tom 2": ("Tom2", 1.0),
            "tom 3": ("Tom4", 1.0),
            "crash 1": ("CrashL", 1.0),
            "crash 2": ("CrashR", 1.0),
            "ride": ("RideR", 1.0),
            "ride bell": ("RideRBell", 1.0),
        },
    ),
    # The kit has no cymbals but its hi-hat: loose and open strokes stand in for them.
    "gogodze": _Layout(
        microphones=("kick", "snare", "oh", "side", "front", "window", "retro"),
        folders={
            "kick": ("ks", 1.0),
            "snare": ("sc", 1.0),
            "side stick": ("ss", 1.0),
            "hi-hat closed": ("hc", 1.0),
            "hi-hat pedal": ("hf", 1.0),
            "hi-hat open": ("hl", 1.0),
            "tom 1": ("th", 1.0),
            "tom 2": ("tm", 1.0),
            "tom 3": ("tl", 1.0),
            "crash 1": ("ho", 1.0),
            "crash 2": ("ho", 0.9),
            "ride": ("hh", 1.0),
            "ride bell": ("ht", 1.0),
        },
    ),
}
KITS = tuple(_LAYOUTS)


@dataclass(frozen=True)
class Kit:
    """A sampled kit on disk. Hits are decoded when first used and kept in memory as 16-bit.

    Attributes
    ----------
    name
        One of KITS.
    folder
        Where it is.
    microphones
        The names of the microphones, in the order of the files of a hit.
    hits
        For each piece its hits, sorted by loudness, each with a file per microphone.
    velocity_factor
        For each piece what velocities are multiplied by.
    """

    name: str
    folder: Path
    microphones: tuple[str, ...]
    hits: Mapping[str, tuple[tuple[Path, ...], ...]]
    velocity_factor: Mapping[str, float]
    _decoded: dict[tuple[str, int], npt.NDArray[np.int16]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def hit(self, piece: str, place: int) -> npt.NDArray[np.int16]:
        """The samples of one hit of a piece. Raises as ``decode_hit``.

        Parameters
        ----------
        piece
            The drum or cymbal.
        place
            The number of the hit, from 0, the softest first.

        Returns
        -------
        ndarray
            Shape (microphones, frames): 16-bit samples at 44.1 kHz, aligned.
        """
        known = self._decoded.get((piece, place))
        if known is None:
            known = decode_hit(self.hits[piece][place])
            self._decoded[piece, place] = known
        return known


def load_kit(folder: Path) -> Kit:
    """The kit in a folder.

    Parameters
    ----------
    folder
        Named as one of ``KITS``.

    Returns
    -------
    Kit
        Without decoded hits.

    Raises
    ------
    InputError
        There is no such kit, or it lacks files.
    """
    layout = _LAYOUTS.get(folder.name)
    if layout is None:
        raise InputError(f"{folder}: no known kit, expected a folder named {' or '.join(KITS)}")
    hits = {
        piece: _hits_in(folder / name, layout.microphones)
        for piece, (name, _) in layout.folders.items()
    }
    factors = {piece: factor for piece, (_, factor) in layout.folders.items()}
    return Kit(folder.name, folder, layout.microphones, hits, factors)


def _hits_in(folder: Path, microphones: tuple[str, ...]) -> tuple[tuple[Path, ...], ...]:
    stems = sorted({path.name.rpartition("-")[0] for path in folder.glob("*.flac")})
    if not stems:
        raise InputError(f"{folder}: expected .flac files of hits, found none")
    found = []
    for stem in stems:
        files = tuple(folder / f"{stem}-{microphone}.flac" for microphone in microphones)
        missing = [path.name for path in files if not path.is_file()]
        if missing:
            raise InputError(f"{folder}: hit {stem} lacks {', '.join(missing)}")
        found.append(files)
    return tuple(found)


def decode_hit(files: tuple[Path, ...]) -> npt.NDArray[np.int16]:
    """The samples of one hit; shorter files are filled with silence.

    Parameters
    ----------
    files
        One for each microphone.

    Returns
    -------
    ndarray
        Shape (files, frames): 16-bit samples at 44.1 kHz.

    Raises
    ------
    MediaError
        A file is not mono audio at 44.1 kHz.
    """
    signals = []
    for path in files:
        try:
            signal, rate = soundfile.read(path, dtype="int16", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise MediaError(f"{path}: {error}") from error
        if rate != RATE or signal.shape[1] != 1:
            raise MediaError(
                f"{path}: expected {RATE} Hz mono, got {rate} Hz with {signal.shape[1]} channels"
            )
        signals.append(signal[:, 0])
    longest = max(len(signal) for signal in signals)
    whole = np.zeros((len(signals), longest), np.int16)
    for row, signal in zip(whole, signals, strict=True):
        row[: len(signal)] = signal
    return whole


@functools.lru_cache(maxsize=len(KITS))
def cached_kit(folder: Path) -> Kit:
    """``load_kit``, once per process: decoded hits are kept between calls."""
    return load_kit(folder)
