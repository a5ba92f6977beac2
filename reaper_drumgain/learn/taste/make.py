"""Makes a user's model from finished projects, with its check and its card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from reaper_drumgain import __version__
from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.taste.check import check
from reaper_drumgain.learn.taste.fit import fit
from reaper_drumgain.methods.forest import ForestMethod, linear_part
from reaper_drumgain.methods.own import bundled_digest
from reaper_drumgain.methods.user_model import MAX_PROJECTS, FinishedProject, UserModel
from reaper_drumgain.schema.model_name import check_name


def make_model(
    name: str, projects: Sequence[FinishedProject], now: datetime | None = None
) -> UserModel:
    """The model that finished projects show. Of several of one name the last counts.

    Parameters
    ----------
    name
        The name of the model.
    projects
        Finished projects.
    now
        The time of making that is noted. None for the present.

    Returns
    -------
    UserModel
        With its check.

    Raises
    ------
    InputError
        The name is none, there is nothing to learn from, or there are too many projects.
    ModelError
        The bundled model cannot be used.
    """
    name = check_name(name)
    by_name = {project.name: project for project in projects if len(project.tracks) >= 2}
    if not by_name:
        raise InputError("there is no finished project to learn from")
    if len(by_name) > MAX_PROJECTS:
        raise InputError(f"{len(by_name)} projects: a model learns from at most {MAX_PROJECTS}")
    kept = tuple(by_name.values())
    template = dict(linear_part(ForestMethod().model).template_lufs)
    found = fit(kept, template)
    return UserModel(
        name=name,
        created=(now or datetime.now(UTC)).isoformat(timespec="seconds"),
        version=__version__,
        bundled_sha256=bundled_digest(),
        template_lufs=template,
        roles=dict(found.roles),
        noise_db=found.noise_db,
        range_db=found.range_db,
        projects=kept,
        check=check(kept, template),
    )
