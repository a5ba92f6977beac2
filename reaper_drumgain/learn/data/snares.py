"""Single snare drums on disk (Frankensnare): a microphone on either side, and two overheads.

Hits are mono FLAC files at 44.1 kHz named ``NN-MICROPHONE.flac``, NN in rising energy, all
microphones of a hit recorded at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.kits import RATE, Audio, decode_hit
from reaper_drumgain.learn.data.performances import Stroke

MICROPHONES = ("top", "btm", "ohL", "ohR")
FOLDER = "frankensnare"


@dataclass(frozen=True)
class Snare:
    """A single snare drum.

    Attributes
    ----------
    name
        The name of its folder.
    hits
        Shape (microphones, frames) each, the softest first; microphones as in ``MICROPHONES``.
    """

    name: str
    hits: tuple[Audio, ...]

    def render(self, strokes: Sequence[Stroke], frames: int) -> Audio:
        """The strokes of a snare, by velocity; strokes of other pieces are left out.

        Parameters
        ----------
        strokes
            Times in seconds from the start.
        frames
            Length of the result in samples.

        Returns
        -------
        ndarray
            Shape (microphones, frames): float32 at ``RATE``.
        """
        sound = np.zeros((len(MICROPHONES), frames), np.float32)
        for stroke in strokes:
            begin = round(stroke.time * RATE)
            if stroke.piece in ("snare", "side stick") and 0 <= begin < frames:
                last = len(self.hits) - 1
                hit = self.hits[round(min(stroke.velocity, 1.0) * last)]
                count = min(hit.shape[1], frames - begin)
                sound[:, begin : begin + count] += hit[:, :count]
        return sound


def load_snares(folder: Path) -> tuple[Snare, ...]:
    """All snares below a folder.

    Parameters
    ----------
    folder
        Holds a folder for each snare.

    Returns
    -------
    tuple of Snare
        By name.

    Raises
    ------
    InputError
        A hit lacks a microphone, or a folder holds none.
    MediaError
        A file is not mono audio at 44.1 kHz.
    """
    snares = []
    for own in sorted(path for path in folder.iterdir() if path.is_dir()):
        hits = []
        for top in sorted(own.glob("*-top.flac")):
            stem = top.name.removesuffix("-top.flac")
            files = tuple(own / f"{stem}-{microphone}.flac" for microphone in MICROPHONES)
            missing = [path.name for path in files if not path.is_file()]
            if missing:
                raise InputError(f"{own}: hit {stem} lacks {', '.join(missing)}")
            hits.append(decode_hit(files).astype(np.float32) / np.float32(32768.0))
        if not hits:
            raise InputError(f"{own}: expected files like 01-top.flac, found none")
        snares.append(Snare(own.name, tuple(hits)))
    return tuple(snares)
