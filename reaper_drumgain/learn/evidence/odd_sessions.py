"""Sessions of odd habits, and a real band: every large move, with what the plan says of it.

Each groove of ``odd_grooves`` is played on each kit at the kit's own recording gains, and becomes a
session of files that all of the program balances, as a user gets it: by the forest, with its
reasons. A real recording is balanced as a whole. Listed is

- every move over ``LISTED_DB``, with the plan's own reason, and with the move of the same track
  where a plain beat is played: what is more than that, the groove has done;
- apart from these, moves over ``EXPLAINED_DB`` whose reason names no recording gain, nor does that
  of the other side of a pair. There ought to be none: a fader may go far to undo a preamp, not to
  follow a performance;
- the same against the mean move of all tracks that play in the session: the rest of a move is the
  level of all drums, which is kept, and nobody hears it as balance;
- microphones that are held though their drum is struck, and those that are not held though nobody
  strikes it: none of either, too.

Hits and bleed are real and sampled, grooves are invented, their sum is simulated.
"""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.kit_sessions import Kits, is_struck
from reaper_drumgain.learn.data.kits import KITS
from reaper_drumgain.learn.data.odd_grooves import HABITS, PLAIN, Habit
from reaper_drumgain.learn.data.odd_recordings import can_play, rendered_habit
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering
from reaper_drumgain.learn.evidence.project_files import (
    Balancer,
    faders,
    recording,
    write_session,
)
from reaper_drumgain.learn.fitting.fold import FOREST, fit_models
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import Method
from reaper_drumgain.methods.forest import ForestMethod
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.util.processes import in_processes

FIGURES = "odd sessions"
BAND = "rohaar"
LISTED_DB, EXPLAINED_DB = 4.0, 6.0
#: how a plan's reason names the recording gain
_NAMES_GAIN = re.compile(r"\brecorded \d+ dB\b")
#: share of the time that fitting takes, and the kits
_FITTED, _PLAYED = 0.3, 0.95


def try_odd_sessions(
    data: Path,
    renderings: Sequence[Rendering],
    kits: Kits,
    settings: FitSettings,
    balancer: Balancer,
    *,
    habits: int,
    jobs: int,
    progress: Progress,
) -> dict[str, Any]:
    """Fits the forest to all songs and kits, as it is shipped, and lists its large moves.

    Parameters
    ----------
    data
        The folder with ``kits``, and ``recordings`` where there are any.
    renderings
        The songs that the forest is fitted to.
    kits
        Sessions of kits, from which it is learned how microphones hear drums.
    settings
        Of the fit.
    balancer
        Makes plans of a session.
    habits
        How many of ``HABITS`` are played, the first ones.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        By kit or recording: ``summary_of``, plain JSON data.
    """
    progress("fitting for odd sessions", 0.0)
    playing = [one for one in renderings if not one.resting]
    # reasons name the engineers' range: with its intervals
    method = ForestMethod(fit_models(playing, kits, settings, {}).forest)
    return list_moves(
        data,
        balancer,
        method,
        HABITS[:habits],
        seed=settings.seed,
        jobs=jobs,
        progress=lambda what, share: progress(what, _FITTED + share * (1.0 - _FITTED)),
    )


def list_moves(
    data: Path,
    balancer: Balancer,
    method: Method,
    habits: Sequence[Habit],
    *,
    kits: Sequence[str] = KITS,
    band: bool = True,
    seed: int,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Balances every session and lists the large moves.

    Parameters
    ----------
    data
        The folder with ``kits``, and ``recordings`` where there are any.
    balancer
        Makes plans of a session.
    method
        The method that is tried.
    habits
        What is played on each kit that has all pieces of it.
    kits
        Names of kits.
    band
        Whether the real recording is balanced, too, where it is there.
    seed
        Decides how strokes vary, and which recorded hits are used.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        By kit or recording: ``summary_of``, plain JSON data.

    Raises
    ------
    DrumGainError
        The data cannot be used.
    """
    work = [(kit, habit) for kit in kits for habit in habits if can_play(kit, habit)]
    play = functools.partial(_played, data, balancer, method, seed)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for done, ((kit, habit), moves) in enumerate(
        zip(work, in_processes(play, work, jobs), strict=True), 1
    ):
        found.setdefault(kit, {})[habit.name] = moves
        if progress:
            progress(f"odd sessions: {habit.name}, {kit}", _PLAYED * done / len(work))
    if band:
        found |= _of_band(data, balancer, method)
    if progress:
        progress("odd sessions", 1.0)
    return {where: summary_of(sessions) for where, sessions in found.items()}


def _of_band(
    data: Path, balancer: Balancer, method: Method
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The moves in the real recording; empty where it is not there."""
    project = data / "recordings" / BAND / f"{BAND}.RPP"
    if not project.is_file():
        return {}
    session = recording(project)
    plans = balancer(session, {FOREST: method})
    return {BAND: {"the whole song": _moves_of(plans.get(FOREST), len(session.tracks))}}


def _played(
    data: Path, balancer: Balancer, method: Method, seed: int, item: tuple[str, Habit]
) -> list[dict[str, Any]]:
    """The moves in one session."""
    kit, habit = item
    roles, sound = rendered_habit(data, kit, habit, seed)
    with tempfile.TemporaryDirectory() as folder:
        session = write_session(Path(folder), roles, sound)
        plans = balancer(session, {FOREST: method})
    struck = [is_struck(role, habit.pieces) for role in roles]
    return _moves_of(plans.get(FOREST), len(roles), struck)


def _moves_of(
    plan: GainPlan | None, count: int, struck: Sequence[bool] = ()
) -> list[dict[str, Any]]:
    """What the plan does with each track; empty where there is nothing to balance. ``struck``: of
    each track whether its drum is, empty where that is unknown."""
    if plan is None:
        return []
    playing, explained = np.isfinite(faders(plan, count)), explained_by_gain(plan)
    return [
        {
            "track": track.name,
            "role": track.role_text,
            "move_db": round(track.new_db - track.old_db, 2),
            "struck": bool(struck[track.index]) if struck else None,
            "held": not playing[track.index],
            "reason": track.reason,
            "explained": track.index in explained,
            "recording_gain_db": _rounded(track.recording_gain_db),
            "recording_gain_sd_db": _rounded(track.recording_gain_sd_db),
            "undone_db": _rounded(track.undone_db),
        }
        for track in plan.tracks
        if track.new_db is not None and track.old_db is not None
    ]


def _rounded(level: float | None) -> float | None:
    return None if level is None else round(level, 2)


def explained_by_gain(plan: GainPlan) -> frozenset[int]:
    """The tracks, by index, whose reason says that they were recorded louder or softer than is
    usual; a side of a pair also where the other one's does, and both make the same move."""
    named = [track for track in plan.tracks if _NAMES_GAIN.search(track.reason or "")]
    sides = {(track.role, track.new_db) for track in named if "pair" in track.flags}
    with_them = [t for t in plan.tracks if "pair" in t.flags and (t.role, t.new_db) in sides]
    return frozenset(track.index for track in (*named, *with_them))


def summary_of(sessions: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """The figures of one kit or recording.

    Parameters
    ----------
    sessions
        By name of the session the tracks with ``track``, ``role``, ``move_db``, ``reason``,
        whether it is ``explained`` by the recording gain, ``held`` and ``struck``.

    Returns
    -------
    dict
        The moves of all tracks by session (``sessions``), how many faders there are (``faders``),
        every move over ``LISTED_DB`` (``large``), the largest one (``largest``), how many are over
        ``EXPLAINED_DB`` (``over limit``), those of them whose reason names no recording gain
        (``unexplained``), the moves that are as far from the mean move of the session without such
        a reason (``unexplained against the others``), the tracks that are held though their drum is
        struck (``held by mistake``), and the other way round (``not held by mistake``). Each move
        of a list has its ``session``, how far it is from that mean (``own_db``), and the move of
        the same role in the plain beat (``plain_db``); both are None where the track is held or
        not recorded.
    """
    plain = {one["role"]: one["move_db"] for one in sessions.get(PLAIN, ()) if not one["held"]}
    every = [
        {**one, "session": name, "plain_db": plain.get(one["role"]), "own_db": own}
        for name, tracks in sessions.items()
        for one, own in zip(tracks, _against_the_others(tracks), strict=True)
    ]
    large = [one for one in every if abs(one["move_db"]) > LISTED_DB]
    far = [one for one in large if abs(one["move_db"]) > EXPLAINED_DB]
    untold = [one for one in every if not one["explained"]]
    return {
        "sessions": {name: list(tracks) for name, tracks in sessions.items()},
        "faders": len(every),
        "large": large,
        "largest": max(large, key=lambda one: abs(one["move_db"]), default=None),
        "over limit": len(far),
        "unexplained": [one for one in far if one in untold],
        "unexplained against the others": [
            one for one in untold if abs(one["own_db"] or 0.0) > EXPLAINED_DB
        ],
        "held by mistake": [one for one in every if one["held"] and one["struck"]],
        "not held by mistake": [one for one in every if not one["held"] and one["struck"] is False],
    }


def _against_the_others(tracks: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """The moves of one session less the mean move of the tracks that play; None where held."""
    moves = [one["move_db"] for one in tracks if not one["held"]]
    mean = float(np.mean(moves)) if moves else 0.0
    return [None if one["held"] else round(one["move_db"] - mean, 2) for one in tracks]


def odd_table(figures: Mapping[str, Any]) -> list[list[str]]:
    """The counts as rows of cells, the head first.

    Parameters
    ----------
    figures
        Of ``list_moves``.

    Returns
    -------
    list of list of str
        One row for each kit or recording.
    """
    far = ("gain not named", "against the others")
    gate = ("struck, but held", "not struck, not held")
    limits = (f"over {LISTED_DB:g} dB", f"over {EXPLAINED_DB:g} dB")
    rows = [["", "sessions", "faders", *limits, *far, *gate, "largest"]]
    for where, held in figures.items():
        lists = ("unexplained", "unexplained against the others")
        numbers = (
            *(len(held["sessions"]), held["faders"], len(held["large"]), held["over limit"]),
            *(len(held[name]) for name in (*lists, "held by mistake", "not held by mistake")),
        )
        largest = held["largest"]
        told = f"{largest['move_db']:+.1f} dB" if largest else ""
        rows.append([where, *map(str, numbers), told])
    return rows


def move_lists(figures: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Every large move as a line of text.

    Parameters
    ----------
    figures
        Of ``list_moves``.

    Yields
    ------
    tuple
        A heading, and the lines below it: for each kit or recording first the moves that no
        recording gain explains, then the others, then what is held by mistake.
    """
    for where, held in figures.items():
        apart, own = held["unexplained"], held["unexplained against the others"]
        rest = [one for one in held["large"] if one not in apart]
        unheld = [one for one in held["not held by mistake"] if one not in held["large"]]
        near = [one for one in own if one not in held["large"]]
        kinds = (
            (f"over {EXPLAINED_DB:g} dB, and the reason names no recording gain", apart),
            (f"the other moves over {LISTED_DB:g} dB", rest),
            (
                f"less, but over {EXPLAINED_DB:g} dB against the others without a recording gain",
                near,
            ),
            ("held though the drum is struck", held["held by mistake"]),
            (f"not held though nobody strikes the drum, moved by {LISTED_DB:g} dB or less", unheld),
        )
        for kind, moves in kinds:
            if moves:
                yield f"{where}, {kind}", [_line(one) for one in moves]


def _line(move: Mapping[str, Any]) -> str:
    notes = []
    if move["struck"] is False:
        notes.append("nobody strikes it")
    if move["own_db"] is not None:
        notes.append(f"{move['own_db']:+.1f} dB against the others")
    if move["plain_db"] is not None and move["session"] != PLAIN:
        notes.append(f"plain beat: {move['plain_db']:+.1f} dB")
    beside = f" ({', '.join(notes)})" if notes else ""
    return f"{move['session']}: {move['track']}{beside}: {move['reason']}"
