"""Roles by sound, for tracks whose names say nothing. Only where the user asks for it.

Guitars are called "Audio 07" as well, and a false drum moves a fader that is none of ours. So
nothing is listened to unasked: ``listen`` as a role, stated or stored on it, names one track,
``Settings.listen`` stands for all whose names say nothing (``roles.says_nothing``). What is not
surely a drum stays.
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
from reaper_drumgain.tracks.selection import asks_to_listen, to_listen


@dataclass(frozen=True, slots=True)
class HeardTrack:
    """A track that was listened to. ``likeness`` is None for silence."""

    index: int
    name: str
    likeness: Likeness | None

    @property
    def told(self) -> str:
        """What it is taken for and how sure that is, in words."""
        if self.likeness is None:
            return "silent"
        drum, share = self.likeness.drum, round(100 * self.likeness.confidence)
        if self.likeness.role is not None:
            return f"sounds like a {drum} ({share} %)"
        return f"sounds like no {' or '.join(DRUMS)} ({drum} {share} %)"


def listened(
    session: Session, settings: Settings, analyzer: ProjectAnalyzer
) -> tuple[HeardTrack, ...]:
    """The tracks that these settings ask to listen to, in project order."""
    tracks = to_listen(session, settings)
    if not tracks:
        return ()
    analysis = analyzer.analyze(AnalysisRequest(session, tuple(tracks), settings.span))
    found = likenesses(features.feature_table(analysis.measurement))
    return tuple(
        HeardTrack(drum.track.index, drum.track.name, likeness)
        for drum, likeness in zip(tracks, found, strict=True)
    )


def with_roles(settings: Settings, analysis: Sequence[HeardTrack]) -> Settings:
    """The settings with the roles that were heard as if the user had stated them."""
    stated = [pair for pair in settings.roles if not asks_to_listen(pair[1])]
    for track in analysis:
        role = track.likeness.role if track.likeness else None
        if role is not None:
            stated.append((f"#{track.index + 1}", str(role)))
    return replace(settings, roles=tuple(stated), listen=False)


def sentences(analysis: Sequence[HeardTrack]) -> list[str]:
    """What was heard, for the warnings of a plan."""
    said = []
    for track in analysis:
        sure = track.likeness is not None and track.likeness.role is not None
        none = f"--role '{track.name}=none' (in REAPER the action 'set role') if it is none"
        then = f"taken for one; {none}" if sure else "left alone"
        said.append(f"track {track.name!r} {_is(track)}{track.told}: {then}")
    return said


def _is(track: HeardTrack) -> str:
    return "is " if track.likeness is None else ""
