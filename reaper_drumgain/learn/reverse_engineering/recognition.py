"""Is this a mix of these tracks? Gains that were fitted to some pieces have to explain another.

A mix of another recording can be fitted a little by chance, but what fits one piece says nothing
of the next. So each of several pieces is predicted with the gains of all others; the share of the
power that this explains is about 0 for another recording, and clearly more for the right one, also
through equalisation, compression and other instruments. Tracks and mix are whitened alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.learn.reverse_engineering.delays import find_delays
from reaper_drumgain.learn.reverse_engineering.fit_window import blocks, fit_window
from reaper_drumgain.learn.reverse_engineering.normal_equations import survey
from reaper_drumgain.learn.reverse_engineering.prefilters import ErrorFilter
from reaper_drumgain.learn.reverse_engineering.recording import Recording, Sound

Float64 = npt.NDArray[np.float64]

#: pieces that predict one another
_PIECES = 12
_WHITE_ORDER = 32
_RIDGE = 1e-6
#: the share that has to be explained, and the share of pieces in which something has to be
LEAST_EXPLAINED, _LEAST_PIECES = 0.02, 0.6
#: samples at the very top of a mix, as a share, from which on it counts as clipped
_CLIPPED = 2e-5


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whether a mix is one of certain tracks.

    Attributes
    ----------
    explained
        Share of the mix's whitened power, 0 to 1, that gains from other pieces explain.
    pieces
        Share of the pieces, 0 to 1, in which they explain anything.
    """

    explained: float
    pieces: float

    @property
    def is_same(self) -> bool:
        """Whether the mix is one of these tracks."""
        return self.explained >= LEAST_EXPLAINED and self.pieces >= _LEAST_PIECES


def recognize(recording: Recording, *, max_delay: float = 0.1) -> Recognition:
    """Whether the mix of a recording is one of its tracks.

    Nothing is explained where the mix or all tracks are silent. ``max_delay``: by how many seconds
    a track may be late or early in the mix.
    """
    reach = min(round(max_delay * (recording.rate or 48_000)), recording.frames // 4)
    delays, _ = find_delays(recording, reach)
    window = fit_window(recording, 1, delays)
    _, lags = survey(recording, _WHITE_ORDER)
    if not lags[0] > 0.0:
        return Recognition(0.0, 0.0)
    columns, channels = len(recording.owners), recording.mix.channels
    grams = np.zeros((_PIECES, columns, columns))
    targets = np.zeros((_PIECES, channels, columns))
    energy = np.zeros((_PIECES, channels))
    length = window.end - window.start
    place = 0
    for block in blocks(recording, window, ErrorFilter(lags)):
        piece = min(place * _PIECES // max(length, 1), _PIECES - 1)
        grams[piece] += block.tracks @ block.tracks.T
        targets[piece] += block.mix @ block.tracks.T
        energy[piece] += np.square(block.mix).sum(axis=1)
        place += block.mix.shape[1]
    if not grams.any():
        return Recognition(0.0, 0.0)
    explained = np.zeros(_PIECES)
    for piece in range(_PIECES):
        gram = grams.sum(axis=0) - grams[piece]
        ridge = _RIDGE * float(np.trace(grams.sum(axis=0))) + np.finfo(float).tiny
        gains = np.linalg.solve(
            gram + ridge * np.eye(columns), (targets.sum(axis=0) - targets[piece]).T
        )
        fitted = np.einsum("jc,jk,kc->", gains, grams[piece], gains)
        explained[piece] = 2.0 * float((targets[piece].T * gains).sum()) - float(fitted)
    heard = energy.sum(axis=1) > 1e-4 * energy.sum() / _PIECES
    share = float(explained.sum() / energy.sum())
    return Recognition(share, float((explained[heard] > 0.0).mean()))


def clipped_share(mix: Sound) -> float:
    """The share of the mix's samples that stand at its very top, two or more in a row."""
    step = 1 << 18
    top = 0.0
    for start in range(0, mix.frames, step):
        top = max(top, float(np.abs(mix.read(start, min(step, mix.frames - start))).max()))
    if not top > 0.0:
        return 0.0
    count = 0
    for start in range(0, mix.frames, step):
        at_top = np.abs(mix.read(start, min(step, mix.frames - start))) >= top * (1.0 - 1e-4)
        count += int((at_top[:, 1:] & at_top[:, :-1]).sum())
    return count / max(mix.frames * mix.channels, 1)


def clipping_note(mix: Sound) -> str | None:
    """A sentence on a mix that was clipped, None for one that was not."""
    share = clipped_share(mix)
    if share < _CLIPPED:
        return None
    return (
        f"{mix.name} is clipped or limited hard ({share:.2%} of its samples stand at its top): the "
        "loudest strokes are lower in it than the gains say"
    )
