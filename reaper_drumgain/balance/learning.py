"""Adds one finished project to a model of the user's own."""

from __future__ import annotations

import contextlib

from reaper_drumgain.balance.finished import read_finished
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.learn.taste.card import card
from reaper_drumgain.learn.taste.check import count_of, effects_count
from reaper_drumgain.learn.taste.make import make_model
from reaper_drumgain.methods import user_models
from reaper_drumgain.methods.user_model import FinishedProject
from reaper_drumgain.schema.model_name import check_name
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings


def learn_one(
    name: str, session: Session, settings: Settings, *, analyzer: ProjectAnalyzer | None = None
) -> tuple[str, ...]:
    """Adds a finished project to one of the user's models, which may be new, and keeps the model.

    A project that the model has learned from before is learned anew. Raises as ``read_finished``,
    ``make_model`` and ``user_models.save``.

    Parameters
    ----------
    name
        The name of the model.
    session
        The project as a host has read it.
    settings
        The roles that the user states.
    analyzer
        Reads and measures the audio. None for one without a cache.

    Returns
    -------
    tuple of str
        Sentences for the user.
    """
    name = check_name(name)
    known = {one.casefold(): one for one in user_models.names()}
    former: tuple[FinishedProject, ...] = ()
    if name.casefold() in known:
        former = user_models.load(name).projects
    project = read_finished(session, settings, session.path, analyzer=analyzer)
    with contextlib.suppress(KeyError):
        name = known[name.casefold()]
    model = make_model(name, [*former, project])
    path, _ = user_models.save(model, card(model))
    effects, tracks = effects_count([project])
    told = [
        f"model {name!r} has learned from this project: {tracks} drum tracks"
        + (f", {effects} of them with effects that were not measured" if effects else "")
        + f"; {count_of(model)} in all"
    ]
    told += model.check.verdict
    told += [f"left out: {why}" for why in project.left_out]
    return (*told, f"its card: {path.with_suffix(user_models.CARD_SUFFIX)}")
