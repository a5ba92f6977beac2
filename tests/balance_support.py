"""What the tests of whole plans have in common: the faders, and an independent mix with them."""

from __future__ import annotations

import numpy as np
import pyloudnorm
from support import RATE, gain

from reaper_drumgain.schema.plan import GainPlan


def faders(plan: GainPlan) -> dict[str, float]:
    """The new faders by name, in dB."""
    return {track.name: track.new_db for track in plan.tracks}


def mix(plan: GainPlan, sounds: dict[str, np.ndarray], *, new: bool) -> np.ndarray:
    """The mono ``sounds`` (samples,) mixed with the faders of a plan."""
    levels = {track.name: (track.new_db if new else track.old_db) for track in plan.tracks}
    return sum(gain(levels[name]) * sounds[name] for name in levels)


def loudness(audio: np.ndarray) -> float:
    """In LUFS by pyloudnorm, of (2, samples), or of (samples,) on both sides."""
    both = np.stack([audio, audio]) if audio.ndim == 1 else audio
    return float(pyloudnorm.Meter(RATE, filter_class="DeMan").integrated_loudness(both.T))
