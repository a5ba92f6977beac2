"""The levels of a session's tracks, for methods that estimate recording gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.hit_levels import HitLevels, hit_levels
from reaper_drumgain.analysis.hits import find_strokes
from reaper_drumgain.analysis.onset_windows import BANDS, OnsetWindows
from reaper_drumgain.methods.microphone_places import microphone_key
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.util.decibels import db_to_power

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Intp = npt.NDArray[np.intp]

#: roles that were not recorded in the room with the others, and have no bleed of them
APART = ("sample", "percussion")
#: roles of microphones that stand at no single drum
_NO_DRUM = ("cymbal", "overhead", "room", *APART)


@dataclass(frozen=True)
class SessionLevels:
    """What is known of n sounding tracks of a session.

    Attributes
    ----------
    roles
        The roles of the tracks.
    energy, before
        Shape (n, onsets, bands): mean squares at the onsets and just before them, as in
        ``OnsetWindows``.
    loudness_lufs
        Shape (n,): integrated loudness.
    held
        Shape (n,): tracks that only leak. They own no drum, and their level says nothing.
    """

    roles: tuple[Role, ...]
    energy: Float64
    before: Float64
    loudness_lufs: Float64
    held: Bool

    @classmethod
    def of(
        cls,
        roles: Sequence[Role],
        windows: OnsetWindows,
        loudness_lufs: Float64,
        active: Bool,
        chosen: Intp,
    ) -> SessionLevels:
        """The levels of some tracks of a session.

        Parameters
        ----------
        roles
            The roles of all tracks.
        windows
            The energies of all tracks at their onsets.
        loudness_lufs
            Shape (tracks,): integrated loudness of all tracks.
        active
            Shape (tracks,): which tracks play; the others are held.
        chosen
            Shape (n,): numbers of the tracks that are taken.

        Returns
        -------
        SessionLevels
            Of the chosen tracks, at their own onsets.
        """
        onsets = windows.own[chosen].any(axis=0)
        return cls(
            tuple(roles[place] for place in chosen),
            windows.energy[chosen][:, onsets].astype(np.float64),
            windows.before[chosen][:, onsets].astype(np.float64),
            loudness_lufs[chosen],
            ~active[chosen],
        )

    @classmethod
    def without_onsets(cls, roles: Sequence[Role], loudness_lufs: Float64) -> SessionLevels:
        """A session of which only the loudness is known.

        Parameters
        ----------
        roles
            The roles of n tracks.
        loudness_lufs
            Shape (n,): integrated loudness.

        Returns
        -------
        SessionLevels
            With no onset and no held track.
        """
        none = np.zeros((len(roles), 0, BANDS))
        return cls(tuple(roles), none, none, loudness_lufs, np.zeros(len(roles), dtype=bool))

    def take(self, chosen: Intp) -> SessionLevels:
        """Those of some tracks alone.

        Parameters
        ----------
        chosen
            Numbers of the tracks.

        Returns
        -------
        SessionLevels
            Of the chosen tracks, at the same onsets.
        """
        return SessionLevels(
            tuple(self.roles[place] for place in chosen),
            self.energy[chosen],
            self.before[chosen],
            self.loudness_lufs[chosen],
            self.held[chosen],
        )

    def louder(self, gains_db: Float64) -> SessionLevels:
        """The levels as if the tracks had been recorded louder.

        Parameters
        ----------
        gains_db
            Shape (n,), in dB.

        Returns
        -------
        SessionLevels
            Of the same tracks.
        """
        power = db_to_power(gains_db)[:, None, None]
        return replace(
            self,
            energy=self.energy * power,
            before=self.before * power,
            loudness_lufs=self.loudness_lufs + gains_db,
        )

    @property
    def microphones(self) -> list[str]:
        """Keys of ``microphone_places``, by track."""
        return [microphone_key(role.name, role.ordinal) for role in self.roles]


def louder_hits(hits: HitLevels, gains_db: Float64) -> HitLevels:
    """The hit levels as if each track had been recorded louder.

    Exact, because a gain changes all levels of a track alike.

    Parameters
    ----------
    hits
        Levels of shape (drums, tracks, bands).
    gains_db
        Shape (tracks,), in dB.

    Returns
    -------
    HitLevels
        The same strokes at other levels.
    """
    return HitLevels(hits.strokes, hits.level_db + gains_db[None, :, None], hits.share)


def session_hits(levels: SessionLevels) -> HitLevels:
    """The strokes of a session and their level in each microphone that was in the room."""
    drums = [
        None if role.name in _NO_DRUM or held else drum_of(role)
        for role, held in zip(levels.roles, levels.held, strict=True)
    ]
    strokes = find_strokes(levels.energy.sum(axis=2), levels.before.sum(axis=2), drums)
    found = hit_levels(levels.energy, levels.before, strokes)
    apart = np.array([role.name in APART for role in levels.roles], dtype=bool)
    level = np.where(apart[None, :, None], np.nan, found.level_db)
    return HitLevels(strokes, level, found.share)
