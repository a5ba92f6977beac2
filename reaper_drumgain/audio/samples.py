"""Blocks of audio samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: float32, shape (channels, frames), full scale at 1.0
Samples = npt.NDArray[np.float32]


def pick_channels(target: Samples, frames: Samples, pick: tuple[int, ...]) -> int:
    """Copy channels of interleaved samples.

    Parameters
    ----------
    target
        Shape (len(pick), m), m at least n: filled from its start on.
    frames
        Shape (n, channels).
    pick
        Row i of the target gets channel ``pick[i]``. A row whose channel is not there stays as it
        is.

    Returns
    -------
    int
        n.
    """
    count, channels = frames.shape
    for row, channel in enumerate(pick):
        if channel < channels:
            target[row, :count] = frames[:, channel]
    return int(count)


#: -300 dBFS: smaller samples count as silence, also because their squares may underflow
MIN_SAMPLE = 1e-15


def sounds(block: Samples) -> bool:
    """Whether any sample of a block is louder than silence (-300 dBFS).

    Parameters
    ----------
    block
        Shape (channels, frames).

    Returns
    -------
    bool
        False for an empty block. A few samples are looked at first.
    """
    few = block[:, ::61]
    if few.size and max(float(few.max()), -float(few.min())) > MIN_SAMPLE:
        return True
    return bool(block.any()) and max(float(block.max()), -float(block.min())) > MIN_SAMPLE
