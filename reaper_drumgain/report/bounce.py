"""Mixes the drums to sound files before and after a plan, for the demo and for reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.analysis.measurement import Progress
from reaper_drumgain.analysis.multitrack import Multitrack
from reaper_drumgain.errors import StorageError
from reaper_drumgain.faders.levels import PathGains
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.units import Decibel, to_decibel, to_linear

#: the highest peak of a bounce
_CEILING_DBFS = -0.5
_FORMATS = {
    ".wav": {"format": "WAV", "subtype": "PCM_24"},
    ".ogg": {"format": "OGG", "subtype": "VORBIS"},
}


def bounce(
    analyzed: AnalysisRequest,
    plan: GainPlan,
    before: Path,
    after: Path,
    *,
    progress: Progress | None = None,
    equally_loud: bool = False,
) -> float:
    """Write the drums along their path, with the old faders and with the new.

    The files are 24 bit WAV, or Ogg Vorbis where they are named ``.ogg``. Both get the same gain
    where one would clip. What a plan does over time is left out.

    Parameters
    ----------
    analyzed
        The drum tracks that the plan was made for.
    plan
        The old and new faders.
    before, after
        The files.
    progress
        Called with what is being done and its share, 0 to 1.
    equally_loud
        Bring the second file to the loudness of the first.

    Returns
    -------
    float
        The common gain in dB, 0 or less.

    Raises
    ------
    StorageError
        A file cannot be written.
    """
    drums = analyzed.drums
    sound = Multitrack(analyzed.session, drums, progress)
    gains = PathGains([drum.path for drum in drums], sound.channels())
    new_faders = {track.index: track.new_db for track in plan.tracks}
    old = [to_decibel(drum.track.fader) for drum in drums]
    new = [new_faders[drum.track.index] for drum in drums]
    mixes = [gains.mix(np.array(faders, dtype=np.float64)) for faders in (old, new)]
    levels = plan.levels
    louder = 0.0
    if equally_loud and levels.before_lufs is not None and levels.after_lufs is not None:
        louder = levels.before_lufs - levels.after_lufs
    peaks = sound.peaks(mixes)
    common = min(0.0, _CEILING_DBFS - max(peaks[0], peaks[1] + louder))
    try:
        for path, mix, own in zip((before, after), mixes, (0.0, louder), strict=True):
            scale = float(to_linear(Decibel(common + own)))
            kind = _FORMATS.get(path.suffix.lower(), _FORMATS[".wav"])
            with soundfile.SoundFile(path, "w", sound.rate, 2, **kind) as file:
                for block in sound.mixed(mix * scale, f"writing {path.name}"):
                    file.write(block.T)
    except (OSError, soundfile.LibsndfileError) as error:
        raise StorageError(f"{path}: cannot write the bounce: {error}") from error
    return common
