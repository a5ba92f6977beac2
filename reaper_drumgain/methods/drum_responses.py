"""How a microphone of each role usually hears each drum: learned from kits, over usual places.

The levels that follow from usual places (``microphone_places``) are the prior; levels learned from
training kits replace them, the more kits there are. ``learn.fitting`` makes them. They are part of
a model's manifest, and untrusted like all of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.onset_windows import BANDS
from reaper_drumgain.analysis.recording_gain import ExpectedLevels
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods import microphone_places as places

Float64 = npt.NDArray[np.float64]

#: variance in dB^2 of levels that follow from usual places, against those of kits
PLACES_VARIANCE = 36.0
#: variance in dB^2 of one kit's level around the usual one, all bands alike
KIT_VARIANCE = 12.0
#: how far strong strokes lie above gated loudness, for microphones of which nothing is known
STROKE_DB = 9.0
_MAX_LEVEL_DB, _MAX_KITS = 200.0, 1e6
#: every pair of a microphone and a drum
LINKS = tuple(f"{mic}|{drum}" for mic, drum in itertools.product(places.MICROPHONES, places.DRUMS))


@dataclass(frozen=True)
class DrumResponses:
    """What was learned from kits.

    Attributes
    ----------
    links
        By "microphone|drum", the level in dB per band over what the places say.
    link_kits
        By the same, from how many kits; a kit in which little could be heard counts less than 1.
    kits
        By microphone, how many kits have one.
    stroke_db
        By microphone, how far strong strokes lie above gated loudness in usual playing, in dB.
    widening
        By role name, the factor on the standard deviation of its recording gain, found with kits
        left out, at least 1; ``DEFAULT_WIDENING`` for other roles.
    drum_db
        By drum, how much louder its strokes are in usual playing than those of the other drums,
        heard from afar (``analysis.playing``), in dB.
    """

    links: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    link_kits: Mapping[str, float] = field(default_factory=dict)
    kits: Mapping[str, float] = field(default_factory=dict)
    stroke_db: Mapping[str, float] = field(default_factory=dict)
    widening: Mapping[str, float] = field(default_factory=dict)
    drum_db: Mapping[str, float] = field(default_factory=dict)

    def drum_levels(self, drums: Sequence[str]) -> Float64:
        """How loud the strokes of drums usually are from afar.

        Parameters
        ----------
        drums
            Keys of ``microphone_places``.

        Returns
        -------
        array
            Shape (drums,), in dB; 0 for unknown ones.
        """
        return np.array([self.drum_db.get(drum, 0.0) for drum in drums])

    def gauge_variance(self, microphones: Sequence[str]) -> Float64:
        """The variance of the usual gain of a microphone, which says how uncertain it is.

        Parameters
        ----------
        microphones
            Keys of ``microphone_places``, by track.

        Returns
        -------
        array
            Shape (tracks,): variance in dB^2, smaller the more kits have a microphone of this kind.
        """
        kits = np.array([self.kits.get(name, 0.0) for name in microphones], dtype=np.float64)
        return np.asarray(KIT_VARIANCE / (1.0 + kits))

    def stroke_rise(self, microphones: Sequence[str]) -> Float64:
        """How far strong strokes usually lie above gated loudness.

        Parameters
        ----------
        microphones
            Keys of ``microphone_places``, by track.

        Returns
        -------
        array
            Shape (tracks,), in dB.
        """
        return np.array([self.stroke_db.get(name, STROKE_DB) for name in microphones])

    def widenings(self, role_names: Sequence[str]) -> Float64:
        """The factors on the standard deviations of recording gains.

        Parameters
        ----------
        role_names
            Names of the roles, by track.

        Returns
        -------
        array
            Shape (tracks,).
        """
        return np.array([self.widening.get(name, DEFAULT_WIDENING) for name in role_names])

    def expected(self, microphones: Sequence[str], drums: Sequence[str]) -> ExpectedLevels:
        """What ``microphones`` should hear of ``drums``; both are keys of ``microphone_places``."""
        level = np.zeros((len(drums), len(microphones), BANDS))
        variance = np.zeros((len(drums), len(microphones)))
        for row, drum in enumerate(drums):
            for column, microphone in enumerate(microphones):
                key = f"{microphone}|{drum}"
                learned = self.links.get(key, (0.0,) * BANDS)
                level[row, column] = places.level_db(microphone, drum) + np.asarray(learned)
                known = 1.0 / PLACES_VARIANCE + self.link_kits.get(key, 0.0) / KIT_VARIANCE
                variance[row, column] = 1.0 / known
        return ExpectedLevels(level, variance)

    def as_plain(self) -> dict[str, Any]:
        """Plain JSON data, for ``from_plain``."""
        return {
            name: dict(sorted((k, list(v) if isinstance(v, tuple) else v) for k, v in by.items()))
            for name, by in asdict(self).items()
        }


#: widening of roles that no kit has
DEFAULT_WIDENING = 1.3


def from_plain(held: object) -> DrumResponses:
    """Read what ``DrumResponses.as_plain`` made.

    Models that were trained before ``drum_db`` was learned hold none.

    Parameters
    ----------
    held
        Plain JSON data from a model's manifest.

    Returns
    -------
    DrumResponses
        The same, checked.

    Raises
    ------
    ModelError
        Something is missing, unknown, or out of bounds; the message says what.
    """
    fields = DrumResponses.__dataclass_fields__
    if isinstance(held, dict):
        held = {"drum_db": {}, **held}
    if not isinstance(held, dict) or set(held) != set(fields):
        raise ModelError(f"responses does not hold {', '.join(fields)}")
    for name, by in held.items():
        if not isinstance(by, dict) or len(by) > len(LINKS):
            raise ModelError(f"responses: {name} is no table by name")
    if not (set(held["links"]) | set(held["link_kits"])) <= set(LINKS):
        raise ModelError("responses: links holds an unknown microphone or drum")
    for key, bands in held["links"].items():
        if not isinstance(bands, list) or len(bands) != BANDS:
            raise ModelError(f"responses: {key} does not hold {BANDS} levels")
        for level in bands:
            _check(key, level, -_MAX_LEVEL_DB, _MAX_LEVEL_DB)
    for name, low, high in (
        ("link_kits", 0.0, _MAX_KITS),
        ("kits", 0.0, _MAX_KITS),
        ("stroke_db", -_MAX_LEVEL_DB, _MAX_LEVEL_DB),
        ("widening", 0.01, 100.0),
        ("drum_db", -_MAX_LEVEL_DB, _MAX_LEVEL_DB),
    ):
        for key, value in held[name].items():
            _check(f"{name} of {key}", value, low, high)
    links = {key: tuple(map(float, bands)) for key, bands in held["links"].items()}
    return DrumResponses(
        links,
        *({k: float(v) for k, v in held[name].items()} for name in list(fields)[1:]),
    )


def _check(name: str, value: object, low: float, high: float) -> None:
    good = not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
    if not (good and low <= float(value) <= high):  # type: ignore[arg-type]
        raise ModelError(f"responses: {name[:80]} is {value!r}, expected {low:g} to {high:g}")
