"""Invented finished projects: departures from a bundled model that are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reaper_drumgain.methods.user_model import (
    Check,
    FinishedProject,
    FinishedTrack,
    UserModel,
)
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

TEMPLATE = dict.fromkeys(ROLE_NAMES, -20.0)
KIT = (
    *("kick in", "kick out", "snare top", "snare bottom", "hi-hat", "tom", "tom", "tom"),
    *("overhead", "overhead", "room", "room"),
)
Taste = Callable[[str, float], float]
CONSTANT = {"snare top": 3.0, "snare bottom": 3.0, "overhead": -4.0, "room": -5.0}


def constant(role: str, over: float) -> float:
    """Snare +3, overheads -4, rooms -5 dB, whatever the level."""
    return CONSTANT.get(role, 0.0)


def project(
    rng: np.random.Generator,
    taste: Taste,
    number: int,
    *,
    noise: float = 1.0,
    effects: bool = False,
) -> FinishedProject:
    bundled = rng.normal(0.0, 3.0, len(KIT))
    over = rng.normal(0.0, 4.0, len(KIT))
    wanted = np.array([taste(role, x) for role, x in zip(KIT, over, strict=True)])
    target = bundled + wanted + rng.normal(0.0, noise, len(KIT)) + rng.uniform(-20.0, 20.0)
    return FinishedProject(
        name=f"song {number}",
        media=tuple(f"{number}-{place}.wav:{1000 + place}" for place in range(len(KIT))),
        tracks=tuple(
            FinishedTrack(
                name=f"{role} {place}",
                role=role,
                target_db=float(target[place]),
                bundled_db=float(bundled[place]),
                loudness_lufs=float(over[place] - 20.0),
                effects=effects,
            )
            for place, role in enumerate(KIT)
        ),
    )


def model_of(found, projects=()) -> UserModel:
    return UserModel(
        name="mine",
        created="2026-01-01T00:00:00+00:00",
        version="0",
        bundled_sha256="",
        template_lufs=TEMPLATE,
        roles=dict(found.roles),
        noise_db=found.noise_db,
        range_db=found.range_db,
        projects=tuple(projects),
        check=Check(sessions=1),
    )


def errors(found, taste: Taste, seed: int, count: int = 40) -> tuple[float, float, float]:
    """Mean errors on unseen projects in dB: the model's, the bundled one's, the true taste's."""
    rng, model = np.random.default_rng(seed), model_of(found)
    roles = [Role(role) for role in KIT]
    sums = np.zeros(3)
    for number in range(count):
        held = project(rng, taste, number)
        departs = np.array([track.target_db - track.bundled_db for track in held.tracks])
        loudness = np.array([track.loudness_lufs for track in held.tracks])
        true = np.array([taste(role, x + 20.0) for role, x in zip(KIT, loudness, strict=True)])
        for place, given in enumerate((model.departures(roles, loudness), 0.0, true)):
            rest = departs - given
            sums[place] += np.abs(rest - np.median(rest)).mean()
    own, bundled, best = (sums / count).tolist()
    return own, bundled, best
