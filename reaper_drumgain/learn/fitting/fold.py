"""One fold of the cross-validation: every method as fitted without the left-out songs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from reaper_drumgain import methods
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.alternative_designs import fit_alternative_designs
from reaper_drumgain.learn.fitting.forests import fit_forest, fit_multioutput
from reaper_drumgain.learn.fitting.intervals import Widths, role_mean_widths, with_intervals
from reaper_drumgain.learn.fitting.leave_one_out import songs_of
from reaper_drumgain.learn.fitting.linear_part import fit_linear
from reaper_drumgain.learn.fitting.role_means import fit_role_levels
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import Method
from reaper_drumgain.methods.forest import ForestMethod, LinearMethod, linear_part
from reaper_drumgain.methods.forest_file import Forest
from reaper_drumgain.methods.multioutput import MultiOutputForest
from reaper_drumgain.methods.role_levels import KEY, RoleMean, RoleTemplate

FOREST, LINEAR, MULTIOUTPUT = "forest", "linear", "forest-multioutput"


@dataclass(frozen=True)
class Models:
    """The bundled models. ``forest``: with its linear part and intervals."""

    forest: Forest
    multioutput: Forest


def fit_models(
    renderings: Sequence[Rendering], settings: FitSettings, about: Mapping[str, object]
) -> Models:
    """Fits the bundled models. ``renderings``: those in which all drums play. ``about``: for the
    manifests."""
    songs = songs_of(renderings)
    linear = with_intervals(fit_linear(songs, settings), renderings, settings)
    levels = {KEY: asdict(fit_role_levels(songs, settings.shrink))}
    return Models(
        forest=fit_forest(renderings, linear, settings, {**about, **levels}),
        multioutput=fit_multioutput(renderings, settings, about),
    )


@dataclass(frozen=True)
class Fold:
    """The methods of one fold.

    ``methods``: by name. ``width_db``: root of W of the linear part. ``recorded_widths`` and
    ``widths``: interval widths around role means, calibrated on levels as recorded, and on
    recorded and shifted levels.
    """

    methods: Mapping[str, Method]
    width_db: float
    recorded_widths: Widths
    widths: Widths


def fit_fold(renderings: Sequence[Rendering], settings: FitSettings) -> Fold:
    """Every registered method and every alternative design, fitted to these renderings."""
    models = fit_models(renderings, settings, {})
    forest = models.forest
    trained: dict[str, Method] = {
        FOREST: ForestMethod(forest),
        MULTIOUTPUT: MultiOutputForest(models.multioutput),
        LINEAR: LinearMethod(forest),
        "role-template": RoleTemplate(forest),
        "role-mean": RoleMean(forest),
    }
    every = {name: trained.get(name) or methods.create(name) for name in methods.names()}
    linear = linear_part(forest)
    every |= fit_alternative_designs(renderings, linear, settings)
    songs = songs_of(renderings)
    return Fold(
        every,
        linear.width_db,
        role_mean_widths(songs, settings, shifted=False),
        role_mean_widths(songs, settings, shifted=True),
    )
