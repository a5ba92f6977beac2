"""What the modes do to a session that an engineer has mixed: is it left nearer to other engineers?

Each mix of a song is a session whose faders one engineer has set. The forest (fitted without the
song, with a fifth of the trees) balances it in mode ``auto``, which moves only faders outside their
interval, and in mode ``all``. Measured against every other engineer of the song: the error of the
faders as they were and as they become; and how many of them move by 0.3 dB and more.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from reaper_drumgain.faders.links import Links, linked_moves
from reaper_drumgain.faders.outliers import is_untouched, outlier_moves, sharing_one_value
from reaper_drumgain.learn.data.human_faders import Float64, Song
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering
from reaper_drumgain.learn.evidence.cases import case_of
from reaper_drumgain.learn.evidence.metrics import bootstrap, centred_error
from reaper_drumgain.learn.fitting.fold import fit_models
from reaper_drumgain.learn.fitting.leave_one_out import songs_of
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import Method, MethodInput
from reaper_drumgain.methods.forest import ForestMethod
from reaper_drumgain.tracks.roles import Role
from reaper_drumgain.units import NOISE_DB
from reaper_drumgain.util.processes import in_processes

FIGURES = "sessions that an engineer has mixed"
AS_IT_WAS, AUTO, ALL = "as it was", "auto", "all"
#: (mixes,) by name: errors in dB and shares of the tracks that move
Mixed = Mapping[str, Float64]


def mixed_by_song(
    renderings: Sequence[Rendering],
    kits: Kits,
    settings: FitSettings,
    *,
    jobs: int = 1,
    progress: Progress,
) -> dict[str, Any]:
    """The figures of all songs, each by a forest that never saw it.

    Parameters
    ----------
    renderings
        All songs, rendered.
    kits
        Sessions of kits.
    settings
        How models are fitted.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        Plain JSON data, see ``mixed_figures``.
    """
    names = [song.name for song in songs_of(renderings)]
    few = replace(
        settings, trees=settings.inner_trees, inner_trees=max(settings.inner_trees // 4, 1)
    )
    judge = functools.partial(_of_song, renderings, kits, few)
    found: dict[str, Mixed] = {}
    for name, mixed in zip(names, in_processes(judge, names, jobs), strict=True):
        found[name] = mixed
        progress("sessions that an engineer has mixed", len(found) / len(names))
    return mixed_figures(found, settings.seed)


def _of_song(
    renderings: Sequence[Rendering], kits: Kits, settings: FitSettings, name: str
) -> Mixed:
    others = [one for one in renderings if one.song.name != name and not one.resting]
    forest = fit_models(others, kits, settings, {}).forest
    own = [one for one in renderings if one.song.name == name]
    cases = [case_of(own, place) for place, one in enumerate(own) if not one.resting]
    inputs = [case.method_input(gated=True) for case in cases]
    return mixed_sessions(own[0].song, ForestMethod(forest), inputs)


def mixed_sessions(song: Song, method: Method, inputs: Sequence[MethodInput]) -> dict[str, Float64]:
    """Each mix of a song in both modes.

    Mixes without another one to compare with are left out.

    Parameters
    ----------
    song
        The song with its mixes.
    method
        One with intervals.
    inputs
        Renderings of the song; figures are means over them.

    Returns
    -------
    dict
        Shape (mixes,) each. Errors "as it was", "auto" and "all" against the other engineers in dB;
        shares "moved, auto" and "moved, all" of the tracks; "untouched": 1 where ``auto`` is
        ``all``.
    """
    links = pairs([track.role for track in song.tracks])
    rows: dict[str, list[float]] = defaultdict(list)
    for number, own in enumerate(song.gains_db):
        others = np.delete(song.gains_db, number, axis=0)
        shared = [other for other in others if (np.isfinite(own) & np.isfinite(other)).sum() >= 2]
        if not shared:
            continue
        means: dict[str, list[float]] = defaultdict(list)
        for given in inputs:
            for name, value in _of_one(song, method, given, own, shared, links).items():
                means[name].append(value)
        for name, values in means.items():
            rows[name].append(float(np.mean(values)))
    return {name: np.array(values) for name, values in rows.items()}


def _of_one(
    song: Song,
    method: Method,
    given: MethodInput,
    own: Float64,
    others: Sequence[Float64],
    links: Links,
) -> dict[str, float]:
    """One mix (tracks,) in dB, NaN for tracks that it does not have."""
    found = method.gains(given)
    if found.intervals_db is None:
        raise ValueError("the method has no intervals")
    there = np.isfinite(own)
    active = there & given.active & np.isfinite(found.gains_db)
    untouched = is_untouched(sharing_one_value(own[there].tolist()), int(there.sum()))
    faders = np.nan_to_num(own)
    anew = _anew(faders, found.gains_db, active, links, song.raw_lufs)
    outliers = outlier_moves(faders, found.gains_db, found.intervals_db, active, links).moves
    few = anew if untouched else np.where(there, outliers, 0.0)
    figures = {"untouched": float(untouched)}
    for name, moves in ((AS_IT_WAS, np.zeros(own.shape)), (AUTO, few), (ALL, anew)):
        errors = [centred_error((own + moves)[None], other) for other in others]
        figures[name] = float(np.mean(errors))
        figures[f"moved, {name}"] = float((np.abs(moves[there]) >= NOISE_DB).mean())
    return figures


def _anew(
    faders: Float64, gains: Float64, active: npt.NDArray[np.bool_], links: Links, lufs: Float64
) -> Float64:
    """(tracks,) the moves that balance all active tracks anew and keep the loudness of all of them
    together, taken as the sum of their powers."""
    moves = np.where(active, np.nan_to_num(gains) - faders, 0.0)
    moves = linked_moves(moves, links, active)
    levels = (lufs + faders)[active]
    before, after = (10.0 ** (level / 10.0) for level in (levels, levels + moves[active]))
    moves = moves - 10.0 * np.log10(after.sum() / before.sum()) if active.any() else moves
    return np.where(active, moves, 0.0)


def pairs(roles: Sequence[Role]) -> Links:
    """For each track the places of itself and of the other side of its pair."""
    sides: dict[tuple[str, int | None, str | None], int] = {}
    for place, role in enumerate(roles):
        sides[role.name, role.ordinal, role.side] = place
    other = {"left": "right", "right": "left"}
    linked = []
    for place, role in enumerate(roles):
        beside = sides.get((role.name, role.ordinal, other.get(role.side or "", "")))
        linked.append(tuple(sorted({place} if beside is None else {place, beside})))
    return tuple(linked)


def mixed_figures(by_song: Mapping[str, Mixed], seed: int) -> dict[str, Any]:
    """The means over songs with bootstrap intervals, and by song: plain JSON data."""
    known = {song: mixed for song, mixed in by_song.items() if mixed}
    if not known:
        return {}
    means = {
        song: {name: float(values.mean()) for name, values in mixed.items()}
        for song, mixed in known.items()
    }
    names = list(next(iter(means.values())))
    wanted = {name: np.array([own[name] for own in means.values()]) for name in names}
    wanted["auto minus as it was"] = wanted[AUTO] - wanted[AS_IT_WAS]
    wanted["all minus as it was"] = wanted[ALL] - wanted[AS_IT_WAS]
    figures: dict[str, Any] = {"mixes": sum(len(mixed[AUTO]) for mixed in known.values())}
    for name, values in wanted.items():
        low, high = bootstrap(values, seed)
        figures[name] = {
            "mean": round(float(values.mean()), 4),
            "interval95": [round(low, 4), round(high, 4)],
            "by song": dict(zip(known, np.round(values, 4).tolist(), strict=True)),
        }
    return figures


def mixed_table(figures: Mapping[str, Any]) -> list[list[str]]:
    """The means as rows of cells, the head first."""
    rows = [["", AS_IT_WAS, AUTO, ALL, "auto minus as it was", "all minus as it was"]]
    cells = []
    for name in rows[0][1:]:
        sign = "+" if "minus" in name else ""
        low, high = figures[name]["interval95"]
        cells.append(f"{figures[name]['mean']:{sign}.2f} ({low:{sign}.2f} .. {high:{sign}.2f})")
    rows.append(["error in dB", *cells])
    moved = [f"{figures[f'moved, {name}']['mean']:.0%}" for name in (AS_IT_WAS, AUTO, ALL)]
    rows.append(["tracks that move", *moved, "", ""])
    return rows
