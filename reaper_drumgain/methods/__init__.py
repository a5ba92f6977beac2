"""The methods by name: an explicit registry that imports a method only when it is used."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from reaper_drumgain.errors import InputError

if TYPE_CHECKING:
    from reaper_drumgain.methods.base import Method


@dataclass(frozen=True, slots=True)
class Entry:
    """One method: what to call it, what it does, where it was published, where it lives."""

    name: str
    summary: str
    citation: str
    module: str
    factory: str


METHODS = (
    Entry(
        "forest",
        "a random forest with multiple outputs, trained on the faders of human mixes",
        "after D. Moffat and M. Sandler, Machine Learning Multitrack Gain Mixing of Drums, "
        "AES 147th Convention, Engineering Brief 527, 2019",
        "reaper_drumgain.methods.forest",
        "ForestMethod",
    ),
    Entry(
        "equal-loudness",
        "every track at the same gated loudness",
        "ITU-R BS.1770-4; E. Perez Gonzalez and J. D. Reiss, Automatic Gain and Fader Control "
        "for Live Mixing, WASPAA 2009",
        "reaper_drumgain.methods.baselines",
        "EqualLoudness",
    ),
    Entry(
        "equal-rms",
        "every track at the same RMS level",
        "a common baseline without a source of its own",
        "reaper_drumgain.methods.baselines",
        "EqualRms",
    ),
    Entry(
        "unity",
        "every fader at the same position: the balance as it was recorded",
        "a common baseline without a source of its own",
        "reaper_drumgain.methods.baselines",
        "Unity",
    ),
)


def names() -> tuple[str, ...]:
    """The names that ``create`` takes, the default first."""
    return tuple(entry.name for entry in METHODS)


def create(name: str) -> Method:
    """The method of this name. Raises InputError that lists the known ones."""
    for entry in METHODS:
        if entry.name == name:
            module = importlib.import_module(entry.module)
            return cast("Method", getattr(module, entry.factory)())
    raise InputError(f"method {name!r} is not known: available are {', '.join(names())}")
