"""The drums mixed to a sound file, to hear what a plan does. For the demo and for reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from reaper_drumgain.errors import StorageError
from reaper_drumgain.levels import PathGains
from reaper_drumgain.mixing import Progress, Sound
from reaper_drumgain.plan import GainPlan
from reaper_drumgain.selection import select
from reaper_drumgain.session import Session
from reaper_drumgain.units import Decibel, to_decibel, to_linear

#: what a bounce keeps below full scale
_CEILING_DBFS = -0.5


def bounce(
    session: Session,
    plan: GainPlan,
    before: Path,
    after: Path,
    *,
    progress: Progress | None = None,
) -> float:
    """Write the drums along their path, with the old faders and with the new, as 24 bit WAV.

    Both get the same gain where one would clip; it is returned, in dB. Raises StorageError.
    """
    drums = [d for d in select(session, plan.settings).drums if d.measured]
    sound = Sound(session, drums, progress)
    gains = PathGains([drum.path for drum in drums], sound.channels())
    new_faders = {track.index: track.new_db for track in plan.tracks}
    old = [to_decibel(drum.track.fader) for drum in drums]
    new = [new_faders[drum.track.index] for drum in drums]
    mixes = [gains.mix(np.array(faders, dtype=np.float64)) for faders in (old, new)]
    common = min(0.0, _CEILING_DBFS - max(sound.peaks(mixes)))
    scale = float(to_linear(Decibel(common)))
    try:
        for path, mix in zip((before, after), mixes, strict=True):
            with soundfile.SoundFile(path, "w", sound.rate, 2, "PCM_24", format="WAV") as file:
                for block in sound.mixed(mix * scale, f"writing {path.name}"):
                    file.write(block.T)
    except (OSError, soundfile.LibsndfileError) as error:
        raise StorageError(f"{path}: cannot write the bounce: {error}") from error
    return common
