"""What a fader must not depend on: the groove, the half minute, the recording gain, the file.

A kit is played at fixed recording gains by performances of ten styles, and a real recording is cut
into half minutes; each becomes a session of files that all of the program balances, by every
method. Measured is

- how far each fader *scatters* around its place (test B; B' with the kit left out of all fitting;
  D on the recording), after a two-way median fit of performance and microphone, so that a rest does
  not shift the others;
- how much is *undone* where every track is shifted by up to 12 dB, and one alone by 20 dB (E);
- how far a fader moves where the same microphone is in another file (F).
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kit_sessions import MICROPHONES
from reaper_drumgain.learn.data.kits import KITS, cached_kit
from reaper_drumgain.learn.data.performances import Performance, one_of_each_style
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.data.rendered_songs import Progress
from reaper_drumgain.learn.evidence.project_files import (
    Balancer,
    faders,
    part_of,
    recorded_louder,
    recording,
    same_microphone,
    write_session,
)
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.session import Session
from reaper_drumgain.util.processes import in_processes

#: all raw tracks are shifted within so many dB, and one of them alone by so many
SHIFT_DB, ONE_OFF_DB = 12.0, 20.0
#: the part of a performance that is played, and the parts of a recording
SECONDS, PART_S = 25.0, 30
_RING_S = 3.0
#: a name of a method, with this behind it where the kit was left out of all fitting
LEFT_OUT = ", kit left out"
RECORDING = "recordings/rohaar"


@dataclass(frozen=True)
class Runs:
    """The faders of one session by each method, shape (tracks,) in dB, NaN for held tracks.

    Attributes
    ----------
    before
        The session as it is.
    shifted
        Shifts of shape (tracks,) in dB, each with the faders then.
    one_off
        The same with one track shifted.
    forms
        By form of file, how far the faders move at most in dB.
    """

    before: Mapping[str, Float64]
    shifted: Sequence[tuple[Float64, Mapping[str, Float64]]] = ()
    one_off: Sequence[tuple[Float64, Mapping[str, Float64]]] = ()
    forms: Mapping[str, Mapping[str, float]] | None = None


@dataclass(frozen=True)
class Tried:
    """All runs of a kit or recording.

    Attributes
    ----------
    microphones
        Their names.
    runs
        One for each performance or part.
    whole
        Those of a whole recording, of which shifts are tried.
    """

    microphones: tuple[str, ...]
    runs: Sequence[Runs]
    whole: Sequence[Runs] = ()

    @property
    def methods(self) -> list[str]:
        """Names of the methods, in order."""
        return list(self.runs[0].before)


@dataclass(frozen=True)
class Trial:
    """What is tried on each session.

    Attributes
    ----------
    shifts
        Random shifts of all tracks.
    one_off
        Random shifts of one track.
    forms
        Whether other forms of files are tried.
    """

    shifts: int
    one_off: int
    forms: bool


def try_kits(
    data: Path,
    balancer: Balancer,
    methods: Mapping[str, Mapping[str, Method]],
    *,
    performances: int,
    shifts: int,
    seed: int,
    seconds: float = SECONDS,
    forms: int = 4,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[str, Tried]:
    """Plays each kit in several styles and balances it.

    Raises InputError for data that cannot be used.

    Parameters
    ----------
    data
        The folder with ``kits`` and ``groove``.
    balancer
        Makes the plans of several methods for one session.
    methods
        By kit, the methods by name.
    performances
        How many, of as many styles.
    shifts
        Random shifts of each performance.
    seed
        Of the random generators.
    seconds
        Length of each performance.
    forms
        In how many performances other forms of files are tried.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        The runs by kit.
    """
    chosen = one_of_each_style(data / "groove", performances, seconds, seed)
    work = [(kit, place) for kit in methods for place in range(len(chosen))]
    play = functools.partial(_played, data, balancer, methods, chosen, seconds, shifts, forms, seed)
    found: dict[str, list[Runs]] = {kit: [] for kit in methods}
    for done, ((kit, _), runs) in enumerate(zip(work, in_processes(play, work, jobs), strict=True)):
        if runs is not None:
            found[kit].append(runs)
        if progress:
            progress(f"the same gains, another performance: {kit}", (done + 1) / len(work))
    return {
        kit: Tried(tuple(str(role) for role in MICROPHONES[kit].values()), runs)
        for kit, runs in found.items()
        if runs
    }


def _played(
    data: Path,
    balancer: Balancer,
    methods: Mapping[str, Mapping[str, Method]],
    chosen: Sequence[Performance],
    seconds: float,
    shifts: int,
    forms: int,
    seed: int,
    item: tuple[str, int],
) -> Runs | None:
    """One performance on one kit; None where nothing can be balanced."""
    name, place = item
    mics = [VirtualMic((microphone,)) for microphone in MICROPHONES[name]]
    strokes = chosen[place].strokes
    length = min(seconds, max((stroke.time for stroke in strokes), default=0.0)) + _RING_S
    sound = render(cached_kit(data / "kits" / name), strokes, mics, length, seed=seed + place)
    with tempfile.TemporaryDirectory() as folder:
        session = write_session(Path(folder), list(MICROPHONES[name].values()), sound)
        trial = Trial(shifts, 1, forms=place < forms)
        random = np.random.default_rng([seed, place, KITS.index(name)])
        return _runs(session, balancer, methods[name], trial, random, Path(folder))


def try_recording(
    project: Path,
    balancer: Balancer,
    methods: Mapping[str, Method],
    *,
    shifts: int,
    seed: int,
    progress: Progress | None = None,
) -> Tried:
    """The half minutes of a real recording, and shifts of the whole. Raises DrumGainError.

    Parameters
    ----------
    project
        The project file of the recording.
    balancer
        Makes the plans of several methods for one session.
    methods
        The methods by name.
    shifts
        Random shifts of the whole.
    seed
        Of the random generators.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    Tried
        One run for each half minute.
    """
    session = recording(project)
    tracks = session.tracks
    seconds = max(clip.length for track in tracks for clip in track.clips)
    starts = range(0, int(seconds) - PART_S, PART_S)
    parts = []
    for place, start in enumerate(starts):
        plans = balancer(part_of(session, start, PART_S), methods)
        parts.append(Runs({name: faders(plan, len(tracks)) for name, plan in plans.items()}))
        if progress:
            progress("the same recording, another half minute", (place + 1) / (len(starts) + 1))
    random = np.random.default_rng([seed, 5])
    trial = Trial(shifts, min(shifts, len(tracks)), forms=False)
    whole = _runs(session, balancer, methods, trial, random, project.parent)
    names = tuple(track.name for track in tracks)
    return Tried(names, [part for part in parts if part.before], [] if whole is None else [whole])


def _runs(
    session: Session,
    balancer: Balancer,
    methods: Mapping[str, Method],
    trial: Trial,
    random: np.random.Generator,
    folder: Path,
) -> Runs | None:
    """The faders of a session, and those with shifted levels and with files in other forms."""
    count = len(session.tracks)

    def found(other: Session) -> dict[str, Float64]:
        return {name: faders(plan, count) for name, plan in balancer(other, methods).items()}

    before = found(session)
    if not before:
        return None
    shifts = [random.uniform(-SHIFT_DB, SHIFT_DB, count) for _ in range(trial.shifts)]
    chosen = random.permutation(count)[: trial.one_off]
    signs = random.choice([-1.0, 1.0], trial.one_off)
    alone = [ONE_OFF_DB * sign * np.eye(count)[at] for at, sign in zip(chosen, signs, strict=True)]
    forms = same_microphone(session, 0, folder) if trial.forms else {}
    return Runs(
        before,
        [(shift, found(recorded_louder(session, shift))) for shift in shifts],
        [(shift, found(recorded_louder(session, shift))) for shift in alone],
        {form: _moved(before, found(other)) for form, other in forms.items()},
    )


def _moved(before: Mapping[str, Float64], after: Mapping[str, Float64]) -> dict[str, float]:
    """By method how far a fader moved against the others at most, in dB; a track that is held in
    one of the two does not count."""
    moves: dict[str, float] = {}
    for name, faders_then in after.items():
        change = faders_then - before[name]
        known = np.isfinite(change)
        middle = float(np.median(change[known])) if known.any() else 0.0
        moves[name] = float(np.abs(change[known] - middle).max(initial=0.0))
    return moves


def two_way(faders_db: Float64) -> Float64:
    """Faders without the level of each session, by a two-way median fit.

    Parameters
    ----------
    faders_db
        Shape (sessions, tracks): faders in dB, NaN where a track is held.

    Returns
    -------
    ndarray
        Shape (sessions, tracks): the residual plus the track's place, in dB.

    References
    ----------
    Tukey 1977, Exploratory Data Analysis: median polish.
    """
    known = np.isfinite(faders_db).any(axis=0)
    place = np.full(faders_db.shape[1], np.nan)
    centred = faders_db
    for _ in range(31):
        place[known] = np.nanmedian(centred[:, known], axis=0)
        centred = faders_db - np.nanmedian(faders_db - place, axis=1, keepdims=True)
    return np.asarray(centred)


def scatter(faders_db: Float64) -> tuple[Float64, Float64]:
    """How far faders scatter over sessions, after ``two_way``.

    Parameters
    ----------
    faders_db
        Shape (sessions, tracks): faders in dB, NaN where a track is held.

    Returns
    -------
    spread : ndarray
        Shape (tracks,): standard deviation in dB, NaN for tracks that are active in fewer than
        three sessions.
    width : ndarray
        Shape (tracks,): range in dB, NaN for the same tracks.
    """
    active = faders_db[np.isfinite(faders_db).sum(axis=1) > 0]
    centred = two_way(active)
    often = np.isfinite(centred).sum(axis=0) > 2
    spread, width = np.full((2, centred.shape[1]), np.nan)
    spread[often] = np.nanstd(centred[:, often], axis=0)
    width[often] = np.nanmax(centred[:, often], axis=0) - np.nanmin(centred[:, often], axis=0)
    return spread, width


def undone(before: Float64, after: Float64, shift: Float64) -> tuple[float, float]:
    """How much of the shifts of all tracks the faders undo.

    Parameters
    ----------
    before, after
        Shape (tracks,): faders in dB without and with the shifts. Tracks with NaN do not count.
    shift
        Shape (tracks,): shifts in dB.

    Returns
    -------
    share : float
        By least squares; 1 where all of it is undone. NaN where fewer than two tracks count.
    left : float
        The mean of what is left in the mix in dB, without the common level.
    """
    known = np.isfinite(before) & np.isfinite(after)
    if known.sum() < 2:
        return float("nan"), float("nan")
    change, wanted = (after - before)[known], shift[known]
    change, wanted = change - change.mean(), wanted - wanted.mean()
    return -float(change @ wanted / (wanted @ wanted)), float(np.abs(change + wanted).mean())


def one_undone(before: Float64, after: Float64, shift: Float64) -> float:
    """How much of the shift of one track its fader undoes.

    Parameters
    ----------
    before, after
        Shape (tracks,): faders in dB without and with the shift.
    shift
        Shape (tracks,): the shift in dB, 0 for the other tracks.

    Returns
    -------
    float
        The share, against the mean of the other faders; NaN where that cannot be told.
    """
    place = int(np.argmax(np.abs(shift)))
    change = after - before
    if not np.isfinite(change[place]) or np.isfinite(change).sum() < 2:
        return float("nan")
    others = np.delete(change, place)
    return float(-(change[place] - np.nanmean(others)) / shift[place])
