"""Signals in memory as a session, so that they are balanced as a project is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Clip, Session, Source, Track

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: what the analysis takes, in Hz
_LOWEST_RATE, _HIGHEST_RATE = 8_000, 768_000


def checked_signals(
    signals: Sequence[ArrayLike], rate: int, names: Sequence[str]
) -> list[NDArray[np.float32]]:
    """The signals as arrays that can be analyzed.

    Parameters
    ----------
    signals
        One for each track, floating point with full scale 1.0: shape (frames,), (frames, 1) or
        (frames, 2).
    rate
        Samples per second.
    names
        The names of the tracks, for messages.

    Returns
    -------
    list of ndarray
        Shape (frames, channels) each.

    Raises
    ------
    InputError
        Shapes, values, rate or names do not fit.
    """
    if not (isinstance(rate, int | np.integer) and _LOWEST_RATE <= rate <= _HIGHEST_RATE):
        raise InputError(
            f"the rate is {rate!r}: expected a whole number of samples per second, "
            f"{_LOWEST_RATE} to {_HIGHEST_RATE}"
        )
    if len(signals) != len(names):
        raise InputError(f"{len(signals)} signals have {len(names)} names: expected one for each")
    return [_checked(signal, name) for signal, name in zip(signals, names, strict=True)]


def _checked(signal: ArrayLike, name: str) -> NDArray[np.float32]:
    samples = np.asarray(signal)
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and samples.shape[1] not in (1, 2)):
        raise InputError(
            f"signal {name!r} has the shape {samples.shape}: expected (frames,) or (frames, 2)"
        )
    if not len(samples):
        raise InputError(f"signal {name!r} holds no samples")
    if not np.issubdtype(samples.dtype, np.floating):
        raise InputError(
            f"signal {name!r} holds {samples.dtype}: expected floating point, full scale 1.0"
        )
    if not np.isfinite(samples).all():
        raise InputError(f"signal {name!r} holds values that are not finite numbers")
    return samples.reshape(len(samples), -1).astype(np.float32)


def session_of(
    tracks: Sequence[NDArray[np.float32]], rate: int, names: Sequence[str], folder: Path
) -> Session:
    """A session that plays each signal from a file, with every fader at 0 dB.

    Parameters
    ----------
    tracks
        Shape (frames, channels) each, as ``checked_signals`` gives them.
    rate
        Samples per second.
    names
        The names of the tracks.
    folder
        Where the files are written.

    Returns
    -------
    Session
        Its tracks are in the order of the signals.
    """
    import soundfile

    made = []
    for index, (samples, name) in enumerate(zip(tracks, names, strict=True)):
        path = folder / f"{index}.wav"
        soundfile.write(path, samples, int(rate), format="RF64", subtype="FLOAT")
        source = Source(kind="file", format="WAVE", path=str(path), written=path.name, found=True)
        clip = Clip(position=0.0, length=len(samples) / rate, source=source)
        made.append(Track(index=index, name=name, clips=(clip,)))
    return Session(path="arrays", tracks=tuple(made), sample_rate=int(rate))
