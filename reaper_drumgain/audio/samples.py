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


#: -300 dBFS; what is below is silence, down to samples whose squares are no numbers any more
MIN_SAMPLE = 1e-15


def sounds(block: Samples) -> bool:
    """Whether a block holds any sample that is no silence; a sounding one is told from a few."""
    few = block[:, ::61]
    if few.size and max(float(few.max()), -float(few.min())) > MIN_SAMPLE:
        return True
    return bool(block.any()) and max(float(block.max()), -float(block.min())) > MIN_SAMPLE
