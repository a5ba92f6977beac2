"""The figures of an evaluation as one plain JSON mapping.

All errors are in dB, means over songs. See ``metrics`` for their definition, ``evaluate`` for the
conditions, ``data.human_faders`` for the target.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.evidence.cases import CONDITIONS, RECORDED
from reaper_drumgain.learn.evidence.evaluate import SongResult
from reaper_drumgain.learn.evidence.level_limits import level_limits
from reaper_drumgain.learn.evidence.method_errors import (
    human_errors,
    methods_of,
    one_engineer_errors,
    other_targets,
    role_errors,
    song_errors,
)
from reaper_drumgain.learn.evidence.metrics import (
    bootstrap,
    centred_error,
)
from reaper_drumgain.learn.fitting.fold import FOREST
from reaper_drumgain.learn.fitting.intervals import interval_score
from reaper_drumgain.learn.fitting.settings import FitSettings

SCHEMA = 1
LOUDEST = "+-12"
ONE_OTHER, MEDIAN_OF_OTHERS = "one other engineer", "median of the others"
#: which figures rest on real data and which on simulated; printed with every report
REAL = (
    "real: track lists, roles, loudness of the raw tracks, engineers' faders",
    "simulated: the audio (sampled kits, played by recorded performances, scaled to the listed "
    "loudness) and the recording levels of the shifted conditions",
    "rests on simulated audio: modified-loudness, fenton-lee, cross-adaptive, partial-loudness, "
    "equal-rms, the gate, 'toms rest', and the audio inputs of the forests",
)


def summary(
    results: Sequence[SongResult],
    settings: FitSettings,
    *,
    mixes: int,
    what_is_what: Sequence[str] = REAL,
) -> dict[str, Any]:
    """Every figure of the evaluation.

    Parameters
    ----------
    results
        Of all songs.
    settings
        How models were fitted.
    mixes
        The number of human mixes of all songs.
    what_is_what
        Sentences that say what is real in the data and what is simulated.

    Returns
    -------
    dict
        Plain JSON data; errors in dB.
    """
    seed, coverage = settings.seed, settings.coverage
    songs = [result.song for result in results]
    draws = len(results[0].gains[FOREST, True, LOUDEST])
    return {
        "schema": SCHEMA,
        "data": {
            "songs": [song.name for song in songs],
            "mixes": mixes,
            "tracks": sum(len(song.tracks) for song in songs),
            "what is what": list(what_is_what),
        },
        "against the median engineer": {
            gate: _errors(results, gated, seed) for gate, gated in _GATES.items()
        },
        "against one engineer": _against_one(results, seed),
        "difference to the forest": _differences(results, seed),
        "by song": _by_song(results),
        "by role": _by_role(results),
        "other targets": _other_targets(results),
        "sane moves": {
            name: {
                "cases": sum(r.responses[name].cases for r in results),
                "sane": sum(r.responses[name].sane for r in results),
                "slope": _round(float(np.mean([r.responses[name].slope for r in results]))),
            }
            for name in methods_of(results)
        },
        "intervals": intervals_of(results, coverage),
        "held by the gate": {
            c: _round(float(np.mean([r.gated_share[c] for r in results])))
            for c in _conditions(results)
        },
        "limits of levels": level_limits(songs, settings, draws),
        "gains": gains_of(results),
    }


def gains_of(results: Sequence[SongResult]) -> dict[str, Any]:
    """By song the tracks, the median engineer's gains, and by method the mean gain of each track as
    recorded, with the gate; all without their mean, in dB."""
    found: dict[str, Any] = {}
    for result in results:
        song = result.song
        target = song.target_db - np.nanmean(song.target_db)
        found[song.name] = {
            "tracks": [track.raw_file for track in song.tracks],
            "roles": [str(track.role) for track in song.tracks],
            "median engineer": np.round(target, 3).tolist(),
            "methods": {},
        }
        for name in methods_of(results):
            gains = result.gains[name, True, RECORDED].mean(axis=0)
            found[song.name]["methods"][name] = np.round(gains - gains.mean(), 3).tolist()
    return found


_GATES = {"with gate": True, "without gate": False}


def _conditions(results: Sequence[SongResult]) -> list[str]:
    return [name for name in CONDITIONS if (FOREST, True, name) in results[0].gains]


def _round(value: float) -> float:
    return round(value, 4)


def _with_interval(errors: Float64, results: Sequence[SongResult], seed: int) -> dict[str, Any]:
    """The mean over songs and its bootstrap interval. Songs of one group count as one, because
    they are not independent."""
    groups: dict[str, list[float]] = defaultdict(list)
    for result, error in zip(results, errors.tolist(), strict=True):
        groups[result.song.group].append(error)
    means = np.array([np.mean(held) for held in groups.values()])
    low, high = bootstrap(means, seed)
    return {"error": _round(float(means.mean())), "interval95": [_round(low), _round(high)]}


def _errors(results: Sequence[SongResult], gated: bool, seed: int) -> dict[str, Any]:
    return {
        name: {
            c: _with_interval(song_errors(results, name, c, gated=gated), results, seed)
            for c in _conditions(results)
        }
        for name in methods_of(results)
    }


def _against_one(results: Sequence[SongResult], seed: int) -> dict[str, Any]:
    figures: dict[str, Any] = {
        name: {
            c: _with_interval(one_engineer_errors(results, name, c), results, seed)
            for c in (RECORDED, LOUDEST)
        }
        for name in methods_of(results)
    }
    # where songs have one engineer there is nobody to compare with
    shared = [r for r in results if len(r.song.mixes) > 1]
    if not shared:
        return figures
    humans = dict(zip((ONE_OTHER, MEDIAN_OF_OTHERS), human_errors(shared), strict=True))
    figures |= {name: {RECORDED: _with_interval(e, shared, seed)} for name, e in humans.items()}
    for c in (RECORDED, LOUDEST):
        own = one_engineer_errors(shared, FOREST, c)
        figures[FOREST][c] |= {
            f"minus {name}": _with_interval(own - errors, shared, seed)
            for name, errors in humans.items()
        }
    return figures


def _differences(results: Sequence[SongResult], seed: int) -> dict[str, Any]:
    """Differences of each method to the forest, paired by song; above 0 the forest is better."""
    figures: dict[str, Any] = {}
    for name in methods_of(results):
        if name == FOREST:
            continue
        figures[name] = {}
        for c in _conditions(results):
            gap = song_errors(results, name, c) - song_errors(results, FOREST, c)
            held = _with_interval(gap, results, seed)
            low, high = held["interval95"]
            verdict = "forest better" if low > 0 else "forest worse" if high < 0 else "not shown"
            figures[name][c] = {
                "difference": held["error"],
                "interval95": [low, high],
                "songs better": int((gap > 0).sum()),
                "verdict": verdict,
            }
    return figures


def _by_song(results: Sequence[SongResult]) -> dict[str, Any]:
    return {
        r.song.name: {
            name: {
                c: _round(centred_error(r.gains[name, True, c], r.song.target_db))
                for c in (RECORDED, LOUDEST)
            }
            for name in methods_of(results)
        }
        for r in results
    }


def _by_role(results: Sequence[SongResult]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name in methods_of(results):
        for c in (RECORDED, LOUDEST):
            for role, errors in role_errors(results, name, c).items():
                row = figures.setdefault(role, {"tracks": len(errors)}).setdefault(name, {})
                row[c] = _round(float(np.mean(errors)))
    return figures


def _other_targets(results: Sequence[SongResult]) -> dict[str, Any]:
    """The same gains against other definitions of target and offset, for comparison with figures
    of other authors."""
    figures: dict[str, Any] = {}
    for name in methods_of(results):
        figures[name] = {}
        for c in (RECORDED, LOUDEST):
            by_kind: dict[str, list[float]] = defaultdict(list)
            for r in results:
                for kind, (target, how) in other_targets(r.song).items():
                    gains = r.gains[name, True, c]
                    by_kind[kind].append(centred_error(gains, target, how))
            figures[name][c] = {k: _round(float(np.mean(v))) for k, v in by_kind.items()}
    return figures


def intervals_of(results: Sequence[SongResult], coverage: float) -> dict[str, Any]:
    """Coverage, width and interval score of the intervals of the forest and of role means."""
    figures: dict[str, Any] = {"wanted coverage": coverage}
    for c in _conditions(results):
        ours = [
            _interval_figures(r.intervals[c], r.gains[FOREST, True, c], r, coverage)
            for r in results
            if c in r.intervals and np.isfinite(r.intervals[c]).any()
        ]
        theirs = []
        for r in results:
            gains = r.gains["role-mean", True, c]
            half = r.role_mean[c]
            bounds = np.stack([gains - half, gains + half], axis=-1)
            theirs.append(_interval_figures(bounds, gains, r, coverage))
        if ours:
            figures[c] = {FOREST: _over_songs(ours), "role-mean": _over_songs(theirs)}
    return figures


def _interval_figures(
    bounds: Float64, gains: Float64, result: SongResult, coverage: float
) -> Mapping[str, float]:
    """The interval figures of one song. The common offset is removed as for errors. A track that
    the gate holds has no interval and does not count."""
    song = result.song
    known = np.isfinite(bounds).all(axis=-1)

    def inside(truth: Float64) -> Float64:
        offset = np.nanmedian(gains - truth, axis=1, keepdims=True)
        truth = truth + offset
        there = (bounds[..., 0] <= truth) & (truth <= bounds[..., 1])
        counting = known & np.isfinite(truth)
        return np.asarray(there[counting])

    truth = song.target_db + np.median(gains - song.target_db, axis=1, keepdims=True)
    scores = interval_score(bounds[..., 0], bounds[..., 1], truth, coverage)[known]
    engineers = [inside(one) for one in song.gains_db if np.isfinite(one).sum() > 1]
    return {
        "coverage": float(inside(song.target_db).mean()),
        # the gate may hold all tracks that an engineer has
        "coverage of one engineer": float(
            np.mean([within.mean() for within in engineers if within.size])
        ),
        "half width": float((bounds[..., 1] - bounds[..., 0])[known].mean() / 2),
        "interval score": float(scores.mean()),
    }


def _over_songs(songs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        name: _round(float(np.mean([song[name] for song in songs]))) for name in songs[0]
    }
    covered = [song["coverage"] for song in songs]
    return figures | {
        "coverage by song": [_round(value) for value in covered],
        "spread of coverage (SD)": _round(float(np.std(covered, ddof=1))),
    }
