"""The table of methods: each by its name, imported when it is made.

To add a method: write its class (``base.Method``) in a module of this room, then a loader and
an entry here. Command line, tests and evaluation find it by its entry. Other packages add theirs
by an entry point (``plugins``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reaper_drumgain.errors import InputError

if TYPE_CHECKING:
    from reaper_drumgain.analysis.descriptors import Descriptor
    from reaper_drumgain.methods.base import Method


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """One method in the table.

    Attributes
    ----------
    name
        What ``Settings.method`` calls it.
    summary
        What it does, a phrase.
    citation
        Where it was published.
    load
        Imports and makes it.
    """

    name: str
    summary: str
    citation: str
    load: Callable[[], Method]


def _forest() -> Method:
    from reaper_drumgain.methods.forest import ForestMethod

    return ForestMethod()


def _forest_multioutput() -> Method:
    from reaper_drumgain.methods.multioutput import MultiOutputForest

    return MultiOutputForest()


def _linear() -> Method:
    from reaper_drumgain.methods.forest import LinearMethod

    return LinearMethod()


def _equal_loudness() -> Method:
    from reaper_drumgain.methods.baselines import EqualLoudness

    return EqualLoudness()


def _modified_loudness() -> Method:
    from reaper_drumgain.methods.weighted import ModifiedLoudness

    return ModifiedLoudness()


def _fenton_lee() -> Method:
    from reaper_drumgain.methods.weighted import FentonLee

    return FentonLee()


def _cross_adaptive() -> Method:
    from reaper_drumgain.methods.cross_adaptive import CrossAdaptive

    return CrossAdaptive()


def _partial_loudness() -> Method:
    from reaper_drumgain.methods.partial_loudness import PartialLoudness

    return PartialLoudness()


def _role_template() -> Method:
    from reaper_drumgain.methods.role_levels import RoleTemplate

    return RoleTemplate()


def _role_mean() -> Method:
    from reaper_drumgain.methods.role_levels import RoleMean

    return RoleMean()


def _equal_rms() -> Method:
    from reaper_drumgain.methods.baselines import EqualRms

    return EqualRms()


def _unity() -> Method:
    from reaper_drumgain.methods.baselines import Unity

    return Unity()


def _random() -> Method:
    from reaper_drumgain.methods.chance import Random

    return Random()


METHODS: tuple[MethodEntry, ...] = (
    MethodEntry(
        "forest",
        "a random forest with multiple outputs on a linear part, trained on human mixes",
        "after D. Moffat and M. Sandler, Machine Learning Multitrack Gain Mixing of Drums, "
        "AES 147th Convention, Engineering Brief 527, 2019",
        _forest,
    ),
    MethodEntry(
        "forest-multioutput",
        "the plain form of that forest: recorded levels are inputs of its trees",
        "D. Moffat and M. Sandler, Machine Learning Multitrack Gain Mixing of Drums, "
        "AES 147th Convention, Engineering Brief 527, 2019",
        _forest_multioutput,
    ),
    MethodEntry(
        "linear",
        "the forest's linear part alone: role, stereo, and how carefully levels were set",
        "a sanity check without a source of its own, trained on the forest's mixes",
        _linear,
    ),
    MethodEntry(
        "equal-loudness",
        "every track at the same gated loudness",
        "ITU-R BS.1770-4; E. Perez Gonzalez and J. D. Reiss, Automatic Gain and Fader Control "
        "for Live Mixing, WASPAA 2009",
        _equal_loudness,
    ),
    MethodEntry(
        "modified-loudness",
        "every track at the same loudness, with more weight on treble and shorter blocks",
        "P. D. Pestana, J. D. Reiss and A. Barbosa, Loudness Measurement of Multitrack Audio "
        "Content Using Modifications of ITU-R BS.1770, AES 134th Convention, 2013",
        _modified_loudness,
    ),
    MethodEntry(
        "fenton-lee",
        "every track at the same loudness, with a weighting made for single tracks",
        "S. Fenton and H. Lee, Alternative Weighting Filters for Multi-Track Program Loudness "
        "Measurement, AES 143rd Convention, 2017; its first filter as in pyloudnorm",
        _fenton_lee,
    ),
    MethodEntry(
        "cross-adaptive",
        "every track at the mean loudness of those that play at the time, averaged over time",
        "E. Perez Gonzalez and J. D. Reiss, Automatic Gain and Fader Control for Live Mixing, "
        "WASPAA 2009; S. Mansbridge, S. Finn and J. D. Reiss, Implementation and Evaluation of "
        "Autonomous Multi-track Fader Control, AES 132nd Convention, 2012",
        _cross_adaptive,
    ),
    MethodEntry(
        "partial-loudness",
        "every track as loud as the others while they mask it, listened to at 80 dB SPL",
        "D. Ward, J. D. Reiss and C. Athwal, Multitrack Mixing Using a Model of Loudness and "
        "Partial Loudness, AES 133rd Convention, 2012; B. C. J. Moore, B. R. Glasberg and "
        "T. Baer, A Model for the Prediction of Thresholds, Loudness, and Partial Loudness, "
        "J. Audio Eng. Soc. 45, 1997",
        _partial_loudness,
    ),
    MethodEntry(
        "role-template",
        "every track at the loudness that engineers gave its role",
        "a common baseline without a source of its own, from the forest's training mixes",
        _role_template,
    ),
    MethodEntry(
        "role-mean",
        "every fader where engineers had it for the role, whatever the recorded level",
        "a common baseline without a source of its own, from the forest's training mixes",
        _role_mean,
    ),
    MethodEntry(
        "equal-rms",
        "every track at the same RMS level",
        "a common baseline without a source of its own",
        _equal_rms,
    ),
    MethodEntry(
        "unity",
        "every fader at the same position: the balance as it was recorded",
        "a common baseline without a source of its own",
        _unity,
    ),
    MethodEntry(
        "random",
        "random faders, all balances equally likely: every method should beat it",
        "A. Wilson and B. M. Fazenda, Populating the Mix Space: Parametric Methods for "
        "Generating Multitrack Audio Mixtures, Applied Sciences 7, 2017",
        _random,
    ),
)


def names() -> tuple[str, ...]:
    """The names of the built-in methods, the default first."""
    return tuple(entry.name for entry in METHODS)


def plugins() -> tuple[MethodEntry, ...]:
    """The methods that other installed packages offer, by name. Imports these packages."""
    from reaper_drumgain.methods.plugins import loader, plugin_points, source, summary

    return tuple(
        MethodEntry(name, summary(point), source(point), loader(point))
        for name, point in plugin_points(names()).items()
    )


def known_names() -> tuple[str, ...]:
    """The names that ``create`` takes: the built-in ones, then those of other packages."""
    from reaper_drumgain.methods.plugins import plugin_points

    return (*names(), *plugin_points(names()))


def create(name: str) -> Method:
    """Make a method.

    Parameters
    ----------
    name
        One of ``known_names``.

    Returns
    -------
    Method
        A new one.

    Raises
    ------
    InputError
        There is no such method, or the package of a plug-in cannot be loaded.
    """
    for entry in METHODS:
        if entry.name == name:
            return entry.load()
    from reaper_drumgain.methods.plugins import loader, plugin_points

    point = plugin_points(names()).get(name)
    if point is not None:
        return loader(point)()
    raise InputError(f"method {name!r} is not known: available are {', '.join(known_names())}")


def create_own(name: str, model: str) -> Method:
    """Make a method with the user's own model.

    Parameters
    ----------
    name
        Name of the method.
    model
        Name of the model.

    Returns
    -------
    Method
        The bundled forest with the model's departures.

    Raises
    ------
    InputError
        There is no such model, or it belongs to another method.
    ModelError
        The model cannot be used.
    """
    if name != METHODS[0].name:
        raise InputError(
            f"model {model!r} departs from the bundled forest: it goes with method "
            f"{METHODS[0].name}, not with {name}"
        )
    from reaper_drumgain.methods.own import OwnModel
    from reaper_drumgain.methods.user_models import load

    return OwnModel(load(model))


def all_descriptors() -> tuple[Descriptor, ...]:
    """The descriptors of all built-in methods together, each once.

    Raises ValueError where two methods give one name to different descriptors.
    """
    from reaper_drumgain.analysis.descriptors import by_name

    every = (descriptor for entry in METHODS for descriptor in entry.load().descriptors)
    return tuple(by_name(every).values())
