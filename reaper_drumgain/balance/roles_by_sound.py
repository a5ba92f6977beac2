"""Roles found by the sound of tracks whose names say nothing; only where the user asks for it.

Guitars are called "Audio 07" as well, and taking one for a drum would move a fader that must stay.
So no track is analyzed for this unasked: the role ``listen``, stated by the user or stored on a
track, asks for one track, ``Settings.listen`` for all tracks whose names say nothing
(``roles.says_nothing``). A track that is not surely a drum stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.methods.by_sound import DRUMS, Likeness, likenesses
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import tracks_to_classify
from reaper_drumgain.tracks.stated_roles import asks_for_role_by_sound


@dataclass(frozen=True, slots=True)
class TrackSound:
    """What one track sounds like.

    Attributes
    ----------
    index
        Of the track in the session.
    name
        The track's name.
    likeness
        The drum that it sounds like; None for silence.
    """

    index: int
    name: str
    likeness: Likeness | None

    @property
    def description(self) -> str:
        """What it is taken for and how sure that is, in words."""
        if self.likeness is None:
            return "silent"
        drum, share = self.likeness.drum, round(100 * self.likeness.confidence)
        if self.likeness.role is not None:
            return f"sounds like a {drum} ({share} %)"
        return f"sounds like no {' or '.join(DRUMS)} ({drum} {share} %)"


def track_sounds(
    session: Session, settings: Settings, analyzer: ProjectAnalyzer
) -> tuple[TrackSound, ...]:
    """What the tracks sound like whose role is to be found by sound.

    Parameters
    ----------
    session
        The project as a host has read it.
    settings
        Which tracks these are.
    analyzer
        Reads and measures their audio.

    Returns
    -------
    tuple of TrackSound
        In project order; empty where no track asks for it.
    """
    tracks = tracks_to_classify(session, settings)
    if not tracks:
        return ()
    analysis = analyzer.analyze(AnalysisRequest(session, tuple(tracks), settings.span))
    found = likenesses(features.feature_table(analysis.measurement))
    return tuple(
        TrackSound(drum.track.index, drum.track.name, likeness)
        for drum, likeness in zip(tracks, found, strict=True)
    )


def with_roles(settings: Settings, sounds: Sequence[TrackSound]) -> Settings:
    """The settings with the roles found by sound, as if the user had stated them."""
    stated = [pair for pair in settings.roles if not asks_for_role_by_sound(pair[1])]
    table = [pair for pair in settings.role_table if not asks_for_role_by_sound(pair[1])]
    for track in sounds:
        role = track.likeness.role if track.likeness else None
        if role is not None:
            stated.append((f"#{track.index + 1}", str(role)))
    return replace(settings, roles=tuple(stated), role_table=tuple(table), listen=False)


def sentences(sounds: Sequence[TrackSound]) -> list[str]:
    """What each track is taken for, as warnings of a plan."""
    warnings = []
    for track in sounds:
        sure = track.likeness is not None and track.likeness.role is not None
        none = (
            f"--role '{track.name}=none' (in REAPER: the action 'Set role of selected tracks') if "
            "that is wrong"
        )
        then = f"balanced as one; {none}" if sure else "left alone"
        warnings.append(f"track {track.name!r} {_is(track)}{track.description}: {then}")
    return warnings


def _is(track: TrackSound) -> str:
    return "is " if track.likeness is None else ""
