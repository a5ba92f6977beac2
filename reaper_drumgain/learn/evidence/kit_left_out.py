"""How far every method is from engineers on songs and kits that it has never met.

In ``evaluate`` a song is left out, but other songs were played on the same kit. Here both are: it
is the nearest that rendered songs come to another engineer's recording in another room. Three
errors against the median engineer: of all microphones, of those that play where no tom is struck
(the others are held), and of these where every raw track is shifted by up to 12 dB.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering
from reaper_drumgain.learn.evidence.cases import SHIFTS_DB, Case, case_of
from reaper_drumgain.learn.evidence.evaluate import MethodRun
from reaper_drumgain.learn.evidence.metrics import bootstrap, centred_error
from reaper_drumgain.learn.fitting.fold import fit_models, registered_methods
from reaper_drumgain.learn.fitting.leave_one_out import songs_of
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.util.processes import in_processes

FIGURES = "song and kit left out"
ALL, PLAYED, SHIFTED = "all microphones", "those that play", "those that play, +-12"
#: songs that are left out together: half of the fits, and none of them has seen its own
_TOGETHER = 2
#: random shifts of each song and kit
DRAWS = 10
_WIDTH_DB = SHIFTS_DB["+-12"]
#: by method and kind of error
Errors = dict[str, dict[str, float]]


def evaluate_left_out(
    renderings: Sequence[Rendering],
    kits: Kits,
    settings: FitSettings,
    *,
    draws: int = DRAWS,
    jobs: int = 1,
    progress: Progress,
) -> dict[str, Any]:
    """The errors of all methods on songs and kits that they were not fitted to.

    Parameters
    ----------
    renderings
        All songs, rendered.
    kits
        Sessions of kits.
    settings
        How models are fitted.
    draws
        Random shifts of each song and kit.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        Plain JSON data: by method and kind of error the mean over songs in dB with its bootstrap
        interval, and the error of each song, mean over kits.
    """
    names = [song.name for song in songs_of(renderings)]
    groups = [names[at : at + _TOGETHER] for at in range(0, len(names), _TOGETHER)]
    work = [(group, kit) for kit in kits for group in groups]
    judge = functools.partial(_judged, renderings, kits, settings, draws)
    found: dict[str, list[Errors]] = defaultdict(list)
    for done, by_song in enumerate(in_processes(judge, work, jobs), 1):
        for song, errors in by_song.items():
            found[song].append(errors)
        progress("songs on a kit that was left out", done / len(work))
    figures: dict[str, Any] = {}
    for method in next(iter(found.values()))[0]:
        figures[method] = {}
        for kind in (ALL, PLAYED, SHIFTED):
            songs = [_mean([errors[method].get(kind) for errors in found[name]]) for name in names]
            known = np.array([error for error in songs if error is not None])
            if known.size:
                low, high = bootstrap(known, settings.seed)
                figures[method][kind] = {
                    "error": round(float(known.mean()), 4),
                    "interval95": [round(low, 4), round(high, 4)],
                    "by song": [None if one is None else round(one, 4) for one in songs],
                }
    return {"songs": names, "kits": list(kits), "draws": draws, "methods": figures}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _judged(
    renderings: Sequence[Rendering],
    kits: Kits,
    settings: FitSettings,
    draws: int,
    item: tuple[Sequence[str], str],
) -> dict[str, Errors]:
    """The errors of all methods on these songs, played on this kit; fitted without either."""
    names, kit = item
    known = [r for r in renderings if not r.resting and r.kit != kit and r.song.name not in names]
    rest = {name: own for name, own in kits.items() if name != kit}
    methods = registered_methods(fit_models(known, rest, settings, {}, intervals=False))
    judged: dict[str, Errors] = {}
    for number, name in enumerate(names):
        own = [r for r in renderings if r.kit == kit and r.song.name == name]
        target = own[0].song.target_db
        playing = [case_of(own, place) for place, r in enumerate(own) if not r.resting]
        random = np.random.default_rng([settings.seed, number, len(names)])
        resting = [place for place, r in enumerate(own) if r.resting]
        still = [case_of(own, place) for place in resting]
        shifts = random.uniform(-_WIDTH_DB, _WIDTH_DB, (draws if resting else 0, len(target)))
        shifted = [
            case_of(own, resting[draw % len(resting)], shift) for draw, shift in enumerate(shifts)
        ]
        judged[name] = {}
        for label, method in methods.items():
            run = MethodRun(method, gated=True)
            if shifted:
                run.detect_level_invariance(shifted, still)
            errors = {ALL: centred_error(run.all(playing)[0], target)}
            if still:
                errors[PLAYED] = _of_active(run.all(still)[0], still, target)
                errors[SHIFTED] = _of_active(run.all(shifted)[0], shifted, target)
            judged[name][label] = errors
    return judged


def _of_active(gains: Float64, cases: Sequence[Case], target: Float64) -> float:
    """The mean error in dB of the tracks that play, over cases."""
    errors = [
        centred_error(row[case.given.active][None], target[case.given.active])
        for row, case in zip(gains, cases, strict=True)
        if case.given.active.sum() > 1
    ]
    return float(np.mean(errors))


def left_out_table(figures: Mapping[str, Any]) -> list[list[str]]:
    """The errors as rows of cells, the head first."""
    kinds = (ALL, PLAYED, SHIFTED)
    rows = [["", *kinds]]
    for method, by_kind in figures["methods"].items():
        rows.append([method, *(_span(by_kind.get(kind)) for kind in kinds)])
    return rows


def _span(held: Mapping[str, Any] | None) -> str:
    if held is None:
        return ""
    low, high = held["interval95"]
    return f"{held['error']:.2f} ({low:.2f} .. {high:.2f})"
