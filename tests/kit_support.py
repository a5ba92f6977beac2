"""Invented kits: what microphones hear of strokes whose levels and recording gains are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reaper_drumgain.methods import microphone_places as places
from reaper_drumgain.methods.session_levels import SessionLevels
from reaper_drumgain.tracks.roles import Role, drum_of

ROLES = (
    Role("kick"),
    Role("snare top"),
    Role("hi-hat"),
    Role("tom", None, 1),
    Role("overhead", "left"),
    Role("overhead", "right"),
    Role("room"),
)
#: how often each drum is struck, as a share of the onsets; several may fall together
RATES = {"kick": 0.35, "snare": 0.3, "hi-hat": 0.7, "tom 1": 0.1}
BANDS = 4


def invented_session(
    seed: int,
    *,
    roles: Sequence[Role] = ROLES,
    rates: Mapping[str, float] = RATES,
    onsets: int = 240,
    softer_db: Mapping[str, float] | None = None,
    placement_db: float = 2.0,
    placement_seed: int = 7,
) -> SessionLevels:
    """A session in which every microphone hears every drum as the places of things say.

    ``rates``: by drum, the share of the onsets at which it is struck. ``softer_db``: by drum, how
    much softer it is played. ``placement_db``: spread of what each microphone hears of each drum
    around the usual, the same for one ``placement_seed``. Strokes differ in level by 3 dB, and half
    of the energy before an onset is what is left of the stroke before.
    """
    rng, placed = np.random.default_rng(seed), np.random.default_rng(placement_seed)
    energy = np.full((len(roles), onsets, BANDS), 1e-9)
    for drum, rate in rates.items():
        spectrum = placed.normal(0.0, 4.0, BANDS)
        struck = rng.uniform(size=onsets) < rate
        level = rng.normal(-float((softer_db or {}).get(drum, 0.0)), 3.0, onsets)
        size = np.where(struck, 10.0 ** (level / 10.0), 0.0)
        for place, role in enumerate(roles):
            key = places.microphone_key(role.name, role.ordinal)
            way = places.level_db(key, places.drum_key(drum)) + placed.normal(0.0, placement_db)
            energy[place] += size[:, None] * 10.0 ** ((way + spectrum) / 10.0)
    before = np.concatenate([np.full((len(roles), 1, BANDS), 1e-9), energy[:, :-1]], axis=1) * 1e-3
    sounding = energy.sum(axis=2).mean(axis=1)
    return SessionLevels(
        tuple(roles),
        energy,
        before,
        10.0 * np.log10(sounding) - 6.0,
        np.array([role.name == "tom" and not rates.get(drum_of(role)) for role in roles]),
    )
