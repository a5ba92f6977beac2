"""The methods by name: an explicit registry that imports a method only when it is used."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from reaper_drumgain.errors import InputError

if TYPE_CHECKING:
    from reaper_drumgain.analysis.descriptors import Descriptor
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
        "a random forest with multiple outputs on a linear part, trained on human mixes",
        "after D. Moffat and M. Sandler, Machine Learning Multitrack Gain Mixing of Drums, "
        "AES 147th Convention, Engineering Brief 527, 2019",
        "reaper_drumgain.methods.forest",
        "ForestMethod",
    ),
    Entry(
        "forest-multioutput",
        "the plain form of that forest: recorded levels are inputs of its trees",
        "D. Moffat and M. Sandler, Machine Learning Multitrack Gain Mixing of Drums, "
        "AES 147th Convention, Engineering Brief 527, 2019",
        "reaper_drumgain.methods.multioutput",
        "MultiOutputForest",
    ),
    Entry(
        "linear",
        "the forest's linear part alone: role, stereo, and how carefully levels were set",
        "a sanity check without a source of its own, trained on the forest's mixes",
        "reaper_drumgain.methods.forest",
        "LinearMethod",
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
        "modified-loudness",
        "every track at the same loudness, with more weight on treble and shorter blocks",
        "P. D. Pestana, J. D. Reiss and A. Barbosa, Loudness Measurement of Multitrack Audio "
        "Content Using Modifications of ITU-R BS.1770, AES 134th Convention, 2013",
        "reaper_drumgain.methods.weighted",
        "ModifiedLoudness",
    ),
    Entry(
        "fenton-lee",
        "every track at the same loudness, with a weighting made for single tracks",
        "S. Fenton and H. Lee, Alternative Weighting Filters for Multi-Track Program Loudness "
        "Measurement, AES 143rd Convention, 2017; its first filter as in pyloudnorm",
        "reaper_drumgain.methods.weighted",
        "FentonLee",
    ),
    Entry(
        "cross-adaptive",
        "every track at the mean loudness of those that play at the time, averaged over time",
        "E. Perez Gonzalez and J. D. Reiss, Automatic Gain and Fader Control for Live Mixing, "
        "WASPAA 2009; S. Mansbridge, S. Finn and J. D. Reiss, Implementation and Evaluation of "
        "Autonomous Multi-track Fader Control, AES 132nd Convention, 2012",
        "reaper_drumgain.methods.cross_adaptive",
        "CrossAdaptive",
    ),
    Entry(
        "partial-loudness",
        "every track as loud as the others while they mask it, listened to at 80 dB SPL",
        "D. Ward, J. D. Reiss and C. Athwal, Multitrack Mixing Using a Model of Loudness and "
        "Partial Loudness, AES 133rd Convention, 2012; B. C. J. Moore, B. R. Glasberg and "
        "T. Baer, A Model for the Prediction of Thresholds, Loudness, and Partial Loudness, "
        "J. Audio Eng. Soc. 45, 1997",
        "reaper_drumgain.methods.partial_loudness",
        "PartialLoudness",
    ),
    Entry(
        "role-template",
        "every track at the loudness that engineers gave its role",
        "a common baseline without a source of its own, from the forest's training mixes",
        "reaper_drumgain.methods.role_levels",
        "RoleTemplate",
    ),
    Entry(
        "role-mean",
        "every fader where engineers had it for the role, whatever the recorded level",
        "a common baseline without a source of its own, from the forest's training mixes",
        "reaper_drumgain.methods.role_levels",
        "RoleMean",
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
    Entry(
        "random",
        "faders by chance, no balance likelier than another: what to beat",
        "A. Wilson and B. M. Fazenda, Populating the Mix Space: Parametric Methods for "
        "Generating Multitrack Audio Mixtures, Applied Sciences 7, 2017",
        "reaper_drumgain.methods.chance",
        "Random",
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


def all_descriptors() -> tuple[Descriptor, ...]:
    """What all methods together want measured beside the ordinary."""
    from reaper_drumgain.methods.base import descriptors_of

    found = {
        descriptor.name: descriptor
        for name in names()
        for descriptor in descriptors_of(create(name))
    }
    return tuple(found.values())
