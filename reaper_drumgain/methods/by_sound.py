"""Classifies tracks by their sound: a small forest that tells a kick drum from everything else.

For tracks whose names say nothing. Its inputs are feature columns that depend neither on the
recording level nor on other tracks. Only drums are recognized that a test across kits supports:
trained on one kit and tested on another, snares and overheads are not recognized well enough
(``learn.fitting.by_sound``; the figures are in the model card).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.forest_file import BY_SOUND, Forest, bundled_folder, load
from reaper_drumgain.tracks.roles import Role

#: the drums that are recognized, and the forest's outputs; the last one is everything else
DRUMS = ("kick",)
OUTPUTS = (*DRUMS, "other")
#: least share of the forest's votes at which a track is taken for a drum: with fewer it is left
#: alone, because a wrong drum would move the fader of a guitar
SURE = 0.8
COLUMNS = (
    *("crest_db", "loudness_range_lu", "active_share"),
    *("level_p10_db", "level_p50_db", "level_p90_db", "onset_rate_hz"),
    *("band_31_db", "band_73_db", "band_173_db", "band_411_db"),
    *("band_974_db", "band_2310_db", "band_5477_db", "band_12988_db"),
    *("centroid_hz", "bandwidth_hz", "rolloff_hz", "flatness"),
)
#: every forest file names one; here nothing is ordered by it
TIE_COLUMN = "centroid_hz"


@dataclass(frozen=True, slots=True)
class Likeness:
    """The drum that a track sounds most like, and the share of the votes for it (0 to 1)."""

    drum: str
    confidence: float

    @property
    def role(self) -> Role | None:
        """The role, None where the confidence is below ``SURE``."""
        return Role(self.drum) if self.confidence >= SURE else None


def likenesses(table: FeatureTable, model: Forest | None = None) -> list[Likeness | None]:
    """Which drum each track sounds most like.

    Parameters
    ----------
    table
        The features of the tracks.
    model
        A forest that was trained for this. None for the bundled one.

    Returns
    -------
    list
        One entry per track, None for a track without a loudness.

    Raises
    ------
    ModelError
        The model is for other drums or columns than this version's.
    """
    forest = model or load(bundled_folder(), BY_SOUND)
    if forest.outputs != OUTPUTS or forest.inputs != COLUMNS:
        raise ModelError("the model tells other drums than this version of DrumGain")
    votes = forest.predict(np.column_stack([table.column(name) for name in COLUMNS]))
    audible = np.isfinite(table.column("loudness_lufs"))
    best = votes[:, : len(DRUMS)].argmax(axis=1)
    return [
        Likeness(DRUMS[drum], float(vote[drum])) if sounds else None
        for drum, vote, sounds in zip(best.tolist(), votes, audible, strict=True)
    ]
