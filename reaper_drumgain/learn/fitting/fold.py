"""One fold of the cross-validation: every method as fitted without the left-out songs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from reaper_drumgain import methods
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.alternative_designs import fit_alternative_designs
from reaper_drumgain.learn.fitting.drum_responses import fit_with_widening
from reaper_drumgain.learn.fitting.forests import fit_forest, fit_multioutput
from reaper_drumgain.learn.fitting.intervals import Widths, role_mean_widths, with_intervals
from reaper_drumgain.learn.fitting.leave_one_out import songs_of
from reaper_drumgain.learn.fitting.linear_part import fit_linear, usual_loudness
from reaper_drumgain.learn.fitting.role_means import fit_role_levels
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import Method
from reaper_drumgain.methods.forest import ForestMethod, LinearMethod, linear_part, responses_of
from reaper_drumgain.methods.forest_file import Forest
from reaper_drumgain.methods.multioutput import MultiOutputForest
from reaper_drumgain.methods.role_levels import KEY, RoleMean, RoleTemplate

FOREST, LINEAR, MULTIOUTPUT = "forest", "linear", "forest-multioutput"


@dataclass(frozen=True)
class Models:
    """The bundled models.

    Attributes
    ----------
    forest
        With its linear part and intervals.
    multioutput
        The forest without a linear part.
    """

    forest: Forest
    multioutput: Forest


def fit_models(
    renderings: Sequence[Rendering],
    kits: Kits,
    settings: FitSettings,
    about: Mapping[str, object],
    *,
    intervals: bool = True,
) -> Models:
    """Fits the bundled models.

    Parameters
    ----------
    renderings
        The training songs, in performances in which all drums play.
    kits
        Sessions of kits at unknown recording gains.
    settings
        How forests are fitted.
    about
        What is noted in the models' manifests.
    intervals
        Without them, which take half of the time, those of the forest are 0.

    Returns
    -------
    Models
        All bundled models.
    """
    songs = songs_of(renderings)
    usual = usual_loudness(songs, settings.shrink)
    responses = fit_with_widening(kits, usual, settings.seed)
    linear = fit_linear(renderings, responses, settings)
    if intervals:
        linear = with_intervals(linear, renderings, responses, settings)
    levels = {KEY: asdict(fit_role_levels(songs, settings.shrink))}
    return Models(
        forest=fit_forest(renderings, linear, responses, settings, {**about, **levels}),
        multioutput=fit_multioutput(renderings, settings, about),
    )


def trained_methods(models: Models) -> dict[str, Method]:
    """The registered methods that are made from models."""
    return {
        FOREST: ForestMethod(models.forest),
        MULTIOUTPUT: MultiOutputForest(models.multioutput),
        LINEAR: LinearMethod(models.forest),
        "role-template": RoleTemplate(models.forest),
        "role-mean": RoleMean(models.forest),
    }


def registered_methods(models: Models) -> dict[str, Method]:
    """All registered methods, those that are trained with these models."""
    trained = trained_methods(models)
    return {name: trained.get(name) or methods.create(name) for name in methods.names()}


@dataclass(frozen=True)
class Fold:
    """The methods of one fold.

    Attributes
    ----------
    methods
        The methods by name.
    recorded_widths
        Interval widths around role means, calibrated on levels as recorded.
    widths
        The same, calibrated on recorded and shifted levels.
    """

    methods: Mapping[str, Method]
    recorded_widths: Widths
    widths: Widths


def fit_fold(renderings: Sequence[Rendering], kits: Kits, settings: FitSettings) -> Fold:
    """Every registered method and every alternative design, fitted to some songs.

    Parameters
    ----------
    renderings
        The training songs, in performances in which all drums play.
    kits
        Sessions of kits at unknown recording gains.
    settings
        How forests are fitted.

    Returns
    -------
    Fold
        The methods by name.
    """
    models = fit_models(renderings, kits, settings, {})
    forest = models.forest
    every = registered_methods(models)
    linear, responses = linear_part(forest), responses_of(forest)
    every |= fit_alternative_designs(renderings, linear, responses, settings)
    songs = songs_of(renderings)
    return Fold(
        every,
        role_mean_widths(songs, settings, shifted=False),
        role_mean_widths(songs, settings, shifted=True),
    )
