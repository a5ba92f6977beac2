"""Augmented copies of the renderings, as they enter a fit.

Half of the copies are as recorded. In the others every raw track is shifted by up to 12 dB and its
target the other way: the part of the shift that a method does not undo, which no input shows, then
counts as noise. In all copies some tracks are left out at random, left and right are exchanged at
random, and tracks without a number are in random order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.session_levels import SessionLevels, louder_hits
from reaper_drumgain.methods.slots import SlotAssignment, assign_slots
from reaper_drumgain.tracks.roles import Role

#: largest shift of the recorded level of a track
SHIFT_DB = 12.0


@dataclass(frozen=True)
class AugmentedSong:
    """One copy of a rendering, with some of its tracks.

    Attributes
    ----------
    roles, channels
        The role of each track, and its number of channels.
    slots
        The place of each track among the inputs of the forest.
    table
        Features of the tracks, the loudness with the shift.
    levels, hits
        Levels of the tracks and of the drums' strokes, with the shift.
    target
        Shape (tracks,): the gain in dB that leads to the same level as the engineers' gain does on
        the track as recorded.
    """

    roles: Sequence[Role]
    channels: Sequence[int]
    slots: Sequence[SlotAssignment]
    table: FeatureTable
    levels: SessionLevels
    hits: HitLevels
    target: Float64

    @property
    def loudness(self) -> Float64:
        """Shape (tracks,): loudness in LUFS with the shift."""
        return self.levels.loudness_lufs


def augmented_songs(
    renderings: Sequence[Rendering], settings: FitSettings
) -> Iterator[AugmentedSong]:
    """``settings.copies`` copies of each rendering; every second one has shifted levels."""
    for place, rendering in enumerate(renderings):
        rng = np.random.default_rng([settings.seed, place])
        song = rendering.song
        for number in range(settings.copies):
            kept = np.flatnonzero(rng.uniform(size=len(song.tracks)) >= settings.drop)
            if kept.size < 3:
                kept = np.arange(len(song.tracks))
            width = SHIFT_DB if number % 2 else 0.0
            shift = rng.uniform(-width, width, kept.size)
            roles = _mirrored([song.tracks[k].role for k in kept], rng.uniform() < 0.5)
            channels = [song.tracks[k].channels for k in kept]
            slots = assign_slots(roles, channels, rng.permutation(kept.size).astype(float))
            values = rendering.table.values[kept].copy()
            values[:, rendering.table.columns.index("loudness_lufs")] = song.raw_lufs[kept] + shift
            table = FeatureTable(rendering.table.columns, values)
            part = replace(rendering.levels.take(kept), loudness_lufs=song.raw_lufs[kept])
            yield AugmentedSong(
                roles,
                channels,
                slots,
                table,
                replace(part, roles=tuple(roles)).louder(shift),
                louder_hits(rendering.hits_of(kept), shift),
                song.target_db[kept] - shift,
            )


def _mirrored(roles: Sequence[Role], exchange: bool) -> list[Role]:
    other = {"left": "right", "right": "left"}
    if not exchange:
        return list(roles)
    return [Role(r.name, other.get(r.side or "", r.side), r.ordinal) for r in roles]
