"""All methods against the mixes of a folder of multitracks (``drumgain evaluate --multitracks``).

The target of a track is the fader that an engineer must have had: the gain that
``reverse_engineering`` finds for it in the mix, less the 3 dB that a mono file gains by playing on
both sides. Nothing is fitted to these songs: every method is the one that a user gets, and its
fader goes through all of the program. The error of a method is the mean absolute difference in dB
over the tracks, after the common level (the median difference) is removed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain import methods
from reaper_drumgain.errors import DrumGainError, InputError
from reaper_drumgain.learn.data.human_faders import BOTH_SIDES_DB, Float64
from reaper_drumgain.learn.data.multitracks import Multitrack, find_multitracks
from reaper_drumgain.learn.data.rendered_songs import Progress
from reaper_drumgain.learn.evidence.metrics import bootstrap, centred_error, human_references
from reaper_drumgain.learn.evidence.project_files import faders
from reaper_drumgain.learn.evidence.tables import table
from reaper_drumgain.learn.reverse_engineering.alignment import open_aligned
from reaper_drumgain.learn.reverse_engineering.filter_length import usual_taps
from reaper_drumgain.learn.reverse_engineering.mix_gains import estimate
from reaper_drumgain.learn.reverse_engineering.recognition import recognize
from reaper_drumgain.learn.reverse_engineering.recording import FileSound
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.util.processes import ItemProgress, in_processes, shares_of_items

#: gives the plans of all methods for a session, and may tell how far it is
Balancer = Callable[[Session, Mapping[str, Method], Progress | None], Mapping[str, GainPlan]]
#: names of tracks for names of files without ending (``balance.folders``, which lies above)
TrackNames = Callable[[Sequence[str]], list[str]]
WHAT_IS_WHAT = (
    "Tracks and mixes are the files of the folder. The target faders are estimated from the mixes "
    "by least squares, whose standard error is at most 1 dB. Nothing was fitted to these songs; "
    "if they are among the ten of MixologyDB, the shipped models have seen them."
)
_MAX_DELAY_S = 0.1
#: work on a song in seconds of some machine: all methods, a mix recognized, and its gains found
_BALANCE_WORK, _RECOGNIZE_WORK, _ESTIMATE_WORK = 90.0, 15.0, 50.0
_FEWEST_TRACKS = 2


@dataclass(frozen=True)
class SongTargets:
    """The drum tracks of one song that have a target, and what the methods make of them.

    Attributes
    ----------
    name
        The song.
    tracks
        Name and role of each track.
    mixes
        The names of the mixes.
    target_db
        Shape (mixes, tracks): faders of the engineers in dB, NaN where a mix does not tell one.
    faders_db
        Shape (tracks,) by method: faders in dB.
    """

    name: str
    tracks: Sequence[tuple[str, str]]
    mixes: Sequence[str]
    target_db: Float64
    faders_db: Mapping[str, Float64]


@dataclass(frozen=True)
class Judged:
    """A song where it can be used, and sentences on what was left out of it."""

    targets: SongTargets | None
    left_out: Sequence[str]


def evaluate_multitracks(
    folder: Path,
    *,
    balancer: Balancer,
    track_names: TrackNames,
    seed: int,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure every method against every mix of a folder of multitracks.

    Parameters
    ----------
    folder
        See ``learn.data.multitracks`` for its layout.
    balancer
        Gives the plans of all methods for one session.
    track_names
        Gives the names of tracks for the names of files.
    seed
        Of the bootstrap over songs.
    jobs
        Number of songs at once. The figures do not depend on it.
    progress
        Called with the songs in work and the share of all that is done, 0 to 1.

    Returns
    -------
    dict
        Plain JSON data: "error" in dB by method with a 95 % interval over songs, "songs" with
        targets and faders of every track, "left out" with the reasons.

    Raises
    ------
    InputError
        The folder has another layout, or no song of it can be used.
    """
    songs, left_out = find_multitracks(folder)
    found: list[SongTargets] = []
    with shares_of_items(progress, [song.name for song in songs], jobs) as tell:
        judge = functools.partial(_judged, balancer, track_names, tell)
        results = in_processes(judge, list(enumerate(songs)), jobs)
        for song, judged in zip(songs, results, strict=True):
            left_out += [f"{song.name}: {reason}" for reason in judged.left_out]
            if judged.targets is not None:
                found.append(judged.targets)
    if not found:
        raise InputError(f"{folder}: no song can be used: {'; '.join(left_out[:5])}")
    return _figures(found, left_out, seed)


def _judged(
    balancer: Balancer, track_names: TrackNames, tell: ItemProgress, work: tuple[int, Multitrack]
) -> Judged:
    place, song = work
    tell(place, 0.0)
    try:
        return _compared(balancer, track_names, song, functools.partial(tell, place))
    except DrumGainError as error:
        return Judged(None, [str(error)])
    finally:
        tell(place, 1.0)


def _compared(
    balancer: Balancer,
    track_names: TrackNames,
    song: Multitrack,
    tell: Callable[[float], None],
) -> Judged:
    session, channels = _session(song, track_names)
    every = {name: methods.create(name) for name in methods.known_names()}
    mix_work = _RECOGNIZE_WORK + _ESTIMATE_WORK
    all_work = _BALANCE_WORK + mix_work * len(song.mixes)
    plans = balancer(session, every, lambda _doing, share: tell(_BALANCE_WORK * share / all_work))
    if not plans:
        return Judged(None, ["no name of a file tells a drum microphone"])
    made = {name: faders(plan, len(song.tracks)) for name, plan in plans.items()}
    balanced = np.isfinite(np.array(list(made.values()))).all(axis=0)
    targets: list[Float64] = []
    used: list[str] = []
    left_out: list[str] = []
    for place, mix in enumerate(song.mixes):
        begun = _BALANCE_WORK + mix_work * place + _RECOGNIZE_WORK

        def told(share: float, begun: float = begun) -> None:
            tell((begun + _ESTIMATE_WORK * share) / all_work)

        target, reason = _target(song, mix, channels, balanced, told)
        if reason:
            left_out.append(f"{mix.name}: {reason}")
            continue
        targets.append(target)
        used.append(mix.name)
    if not targets:
        return Judged(None, left_out)
    whole = np.array(targets)
    chosen = np.flatnonzero(np.isfinite(whole).any(axis=0))
    tracks = _names_and_roles(next(iter(plans.values())))
    found = SongTargets(
        song.name,
        [tracks[place] for place in chosen.tolist()],
        used,
        whole[:, chosen],
        {name: values[chosen] for name, values in made.items()},
    )
    return Judged(found, left_out)


def _names_and_roles(plan: GainPlan) -> dict[int, tuple[str, str]]:
    return {track.index: (track.name, track.role_text) for track in plan.tracks}


def _target(
    song: Multitrack,
    mix: Path,
    channels: Float64,
    balanced: Any,
    tell: Callable[[float], None],
) -> tuple[Float64, str]:
    """The faders (tracks,) of one mix in dB, NaN where they are not known; and why none is."""
    nothing = np.full(len(song.tracks), np.nan)
    try:
        aligned = open_aligned(song.tracks, mix)
        with aligned.recording as recording:
            if not recognize(recording).is_same:
                return nothing, "not recognized as a mix of these tracks"
            taps = usual_taps(len(recording.owners))
            found = estimate(recording, taps=taps, max_delay=_MAX_DELAY_S, progress=tell)
    except DrumGainError as error:
        return nothing, str(error)
    target = found.gains_db - np.where(channels == 1, BOTH_SIDES_DB, 0.0)
    target = np.where(balanced, target, np.nan)
    known = int(np.isfinite(target).sum())
    if known < _FEWEST_TRACKS:
        return nothing, (
            f"not identifiable: {known} drum tracks have a gain that the mix tells, expected "
            f"{_FEWEST_TRACKS} or more"
        )
    return target, ""


def _session(song: Multitrack, track_names: TrackNames) -> tuple[Session, Float64]:
    """The tracks as a session with all faders at 0 dB, and their numbers of channels (tracks,)."""
    tracks: list[Track] = []
    channels: list[int] = []
    names = track_names([path.stem for path in song.tracks])
    for index, (path, name) in enumerate(zip(song.tracks, names, strict=True)):
        sound = FileSound(path)
        sound.close()
        source = Source(
            kind="file",
            format=path.suffix[1:].upper(),
            path=str(path.absolute()),
            written=path.name,
            found=True,
        )
        length = sound.frames / sound.info.rate
        clip = Clip(position=0.0, length=length, source=source)
        tracks.append(Track(index=index, name=name, clips=(clip,)))
        channels.append(sound.channels)
    return Session(path=song.name, tracks=tuple(tracks)), np.array(channels, float)


def _figures(songs: Sequence[SongTargets], left_out: Sequence[str], seed: int) -> dict[str, Any]:
    errors: dict[str, Float64] = {}
    for name in songs[0].faders_db:
        errors[name] = np.array([_error(song.target_db, song.faders_db[name]) for song in songs])
    listed = {}
    for name, values in sorted(errors.items(), key=lambda item: float(item[1].mean())):
        low, high = bootstrap(values, seed)
        listed[name] = {
            "error_db": round(float(values.mean()), 4),
            "interval95_db": [round(low, 4), round(high, 4)],
        }
    several = [song for song in songs if _can_compare(song.target_db)]
    others = [human_references(song.target_db)[0] for song in several]
    return {
        "schema": 1,
        "what is what": WHAT_IS_WHAT,
        "seed": seed,
        "mixes": sum(len(song.mixes) for song in songs),
        "error": listed,
        "one other engineer": {"songs": len(several), "error_db": round(float(np.mean(others)), 4)}
        if others
        else None,
        "songs": [
            _song_figures(song, {name: values[n] for name, values in errors.items()})
            for n, song in enumerate(songs)
        ],
        "left out": list(left_out),
    }


def _can_compare(target: Float64) -> bool:
    return len(target) > 1 and bool((np.isfinite(target).sum(axis=0) > 1).sum() >= _FEWEST_TRACKS)


def _error(target: Float64, given: Float64) -> float:
    """The mean over mixes of the error in dB against each of them."""
    return float(np.mean([centred_error(given[None], one) for one in target]))


def _song_figures(song: SongTargets, errors: Mapping[str, float]) -> dict[str, Any]:
    def plain(values: Float64) -> list[float | None]:
        return [round(value, 3) if np.isfinite(value) else None for value in values.tolist()]

    return {
        "name": song.name,
        "mixes": list(song.mixes),
        "tracks": [{"name": name, "role": role} for name, role in song.tracks],
        "target_db": {mix: plain(row) for mix, row in zip(song.mixes, song.target_db, strict=True)},
        "faders_db": {name: plain(values) for name, values in song.faders_db.items()},
        "error_db": {name: round(float(value), 4) for name, value in errors.items()},
    }


def text(figures: Mapping[str, Any]) -> str:
    """The figures of ``evaluate_multitracks`` as text for a terminal."""
    songs = figures["songs"]
    rows = [["method", "error dB", "95 % interval over songs"]]
    for name, found in figures["error"].items():
        low, high = found["interval95_db"]
        interval = f"{low:.2f} .. {high:.2f}" if len(songs) > 1 else "one song: none"
        rows.append([name, f"{found['error_db']:.2f}", interval])
    tracks = sum(len(song["tracks"]) for song in songs)
    parts = [
        f"Error against the engineers of {figures['mixes']} mixes of {len(songs)} songs with "
        f"{tracks} drum tracks, the common level removed:",
        table(rows),
    ]
    other = figures["one other engineer"]
    if other is not None:
        parts.append(
            f"One other engineer, where a song has several mixes ({other['songs']} songs): "
            f"{other['error_db']:.2f} dB"
        )
    if figures["left out"]:
        parts.append("Left out:\n" + "\n".join(f"  {line}" for line in figures["left out"]))
    parts.append(figures["what is what"])
    return "\n\n".join(parts)
