"""Blocks of audio samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: float32, shape (channels, frames), full scale at 1.0
Samples = npt.NDArray[np.float32]


def pick_channels(target: Samples, frames: Samples, pick: tuple[int, ...]) -> int:
    """Copy interleaved ``frames`` (n, channels) to the start of ``target`` (len(pick), ...).

    Row i of the target gets channel ``pick[i]``; a channel that is not there leaves its row as
    it is. Returns n.
    """
    count, channels = frames.shape
    for row, channel in enumerate(pick):
        if channel < channels:
            target[row, :count] = frames[:, channel]
    return int(count)


def sounds(block: Samples) -> bool:
    """Whether a block has any sample that is not 0. A few are tested first: mostly enough."""
    return bool(block[:, ::61].any()) or bool(block.any())
