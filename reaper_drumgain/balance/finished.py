"""Reads a finished project for learning: the user's gains of the drums, and the bundled model's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain import methods
from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import NothingToBalanceError
from reaper_drumgain.faders.activity import TrackActivity, track_activity
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.outliers import is_untouched, sharing_one_value
from reaper_drumgain.methods.base import MethodInput
from reaper_drumgain.methods.user_model import FinishedProject, FinishedTrack
from reaper_drumgain.schema.fader_note import standing_note
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.routing import has_effects
from reaper_drumgain.tracks.selection import DrumTrack, select
from reaper_drumgain.tracks.trims import made_trim
from reaper_drumgain.units import to_decibel

#: a kit of fewer tracks has no balance to learn
FEWEST_TRACKS = 3
#: two overheads at one value are no sign of an unmixed project
_PAIR = 2
#: faders further below the highest one are in effect mutes, in dB
_MUTED_DB = 40.0


def read_finished(
    session: Session,
    settings: Settings,
    name: str,
    *,
    analyzer: ProjectAnalyzer | None = None,
) -> FinishedProject:
    """What can be learned from a finished project. Nothing is written.

    Parameters
    ----------
    session, settings
        The project as a host has read it, and the roles that the user states.
    name
        The project's name, by which the model knows it again.
    analyzer
        Reads and measures the audio. None for one without a cache.

    Returns
    -------
    FinishedProject
        The tracks to learn from, and why others are left out.

    Raises
    ------
    NothingToBalanceError
        There are no drums, there is no audio, or nobody but DrumGain has set the faders.
    """
    selection = select(session, settings)
    if not selection.measured:
        # each reason once, with the first track that has it
        lacks = {drum.why: drum.track.name for drum in reversed(selection.drums)}
        why = f" (like {'; '.join(f'{track}: {lack}' for lack, track in lacks.items())})"
        why = why if lacks else ""
        raise NothingToBalanceError(
            f"{name}: no drum track can be heard, so there is nothing to learn from it{why}: "
            "'drumgain tracks' shows the role of each track"
        )
    _refuse_unmixed(name, selection.measured)
    method = methods.create(methods.names()[0])
    analyzer = analyzer or ProjectAnalyzer()
    analysis = analyzer.analyze(
        AnalysisRequest(session, selection.measured, None, method.descriptors)
    )
    activity = track_activity(selection.measured, analysis.measurement, analysis.flags)
    roles = tuple(drum.role for drum in selection.measured)
    given = MethodInput(roles, activity.table, analysis.measurement, activity.active)
    bundled = method.gains(given).gains_db
    path_db = PathLevels(analysis.measurement, [d.path for d in selection.measured]).path_db
    tracks, reasons = _tracks(selection.measured, activity, path_db, bundled)
    left_out = [f"{drum.track.name}: {drum.why}" for drum in selection.drums if not drum.measured]
    left_out += reasons
    if len(tracks) < FEWEST_TRACKS:
        why = f" ({'; '.join(left_out)})" if left_out else ""
        raise NothingToBalanceError(
            f"{name}: {len(tracks)} drum tracks to learn from, expected {FEWEST_TRACKS} or more "
            f"that can be heard{why}"
        )
    media = tuple(sorted({m for drum in selection.measured for m in _media(drum.track)}))
    return FinishedProject(name=name, tracks=tuple(tracks), media=media, left_out=tuple(left_out))


def _tracks(
    drums: Sequence[DrumTrack],
    activity: TrackActivity,
    path_db: NDArray[np.float64],
    bundled_db: NDArray[np.float64],
) -> tuple[list[FinishedTrack], list[str]]:
    """What is learned from each track, and why others are left out."""
    faders = np.array([to_decibel(drum.track.fader) for drum in drums])
    targets = faders + path_db
    highest = float(np.nanmax(np.where(activity.active, targets, np.nan), initial=-np.inf))
    tracks: list[FinishedTrack] = []
    reasons: list[str] = []
    for place, drum in enumerate(drums):
        why = activity.causes[place] or _not_learned(drum.track)
        if why is None and not np.isfinite([targets[place], bundled_db[place]]).all():
            why = "none of it reaches the master"
        if why is None and targets[place] < highest - _MUTED_DB:
            why = "its fader is so low that the track is in effect muted"
        if why is not None:
            reasons.append(f"{drum.track.name}: {why}")
            continue
        tracks.append(
            FinishedTrack(
                name=drum.track.name,
                role=drum.role.name,
                side=drum.role.side,
                ordinal=drum.role.ordinal,
                target_db=round(float(targets[place]), 3),
                bundled_db=round(float(bundled_db[place]), 3),
                loudness_lufs=round(float(activity.loudness_lufs[place]), 3),
                effects=has_effects(drum.track) and drum.track.effects_db is None,
            )
        )
    return tracks, reasons


def _refuse_unmixed(name: str, drums: Sequence[DrumTrack]) -> None:
    """Raises NothingToBalanceError where nobody but DrumGain has set the faders.

    The rule is the one by which a run balances all faders anew.
    """
    noted = sum(standing_note(drum.track) is not None for drum in drums)
    if is_untouched(noted, len(drums)):
        raise NothingToBalanceError(
            f"{name}: {noted} of {len(drums)} drum faders are where DrumGain set them: learn from "
            "a project that you have mixed yourself"
        )
    others = [drum for drum in drums if standing_note(drum.track) is None]
    alike = sharing_one_value([to_decibel(drum.track.fader) - made_trim(drum) for drum in others])
    if noted + alike > _PAIR and is_untouched(noted + alike, len(drums)):
        ours = f" and {noted} are where DrumGain set them" if noted else ""
        raise NothingToBalanceError(
            f"{name}: {alike} of {len(drums)} drum faders share one value{ours}: it is not mixed "
            "yet, so there is nothing to learn from it"
        )


def _not_learned(track: Track) -> str | None:
    moved = [e.kind for e in track.envelopes if e.active and e.kind in ("volume", "trim volume")]
    if moved:
        return f"its {moved[0]} envelope changes its level, so its fader alone says little"
    return None


def _media(track: Track) -> list[str]:
    """The files of a track as ``name:bytes``."""
    found = []
    for clip in track.clips:
        if clip.plays and clip.source.path and clip.source.found:
            try:
                size = os.stat(clip.source.path).st_size  # noqa: PTH116
            except OSError:
                continue
            found.append(f"{Path(clip.source.path).name}:{size}")
    return found
