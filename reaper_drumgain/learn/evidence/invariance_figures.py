"""The figures of ``invariance`` as plain JSON data, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering
from reaper_drumgain.learn.evidence import invariance
from reaper_drumgain.learn.evidence.invariance import LEFT_OUT, RECORDING, Tried
from reaper_drumgain.learn.evidence.metrics import bootstrap
from reaper_drumgain.learn.evidence.project_files import Balancer
from reaper_drumgain.learn.fitting.fold import fit_models, registered_methods, trained_methods
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods.base import Method

FIGURES = "what a fader must not depend on"
#: share of the time that fitting takes, and the kits
_FITTED, _PLAYED = 0.2, 0.85


def try_invariance(
    data: Path,
    renderings: Sequence[Rendering],
    kits: Kits,
    settings: FitSettings,
    balancer: Balancer,
    *,
    performances: int,
    shifts: int,
    jobs: int,
    progress: Progress,
) -> dict[str, Any]:
    """Measures how faders change with what they must not depend on, on kits and a recording.

    Parameters
    ----------
    data, renderings, kits
        The folder of the data, all songs rendered, and sessions of kits.
    settings, balancer, performances, shifts
        How models are fitted, what makes plans, performances of each kit, and shifts of each.
    jobs, progress
        Number of processes. Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        Plain JSON data by kit or recording, see ``summary_of``. Methods are those that were fitted
        to all songs and kits, and on kits also those without the kit.
    """
    playing = [one for one in renderings if not one.resting]
    progress("fitting for sessions of kits", 0.0)
    methods = registered_methods(fit_models(playing, kits, settings, {}, intervals=False))
    by_kit: dict[str, dict[str, Method]] = {}
    for kit in kits:
        others = [one for one in playing if one.kit != kit]
        rest = {name: own for name, own in kits.items() if name != kit}
        left_out = trained_methods(fit_models(others, rest, settings, {}, intervals=False))
        by_kit[kit] = methods | {f"{name}{LEFT_OUT}": one for name, one in left_out.items()}
        progress(f"fitting without {kit}", _FITTED * (len(by_kit)) / len(kits))
    tried = invariance.try_kits(
        data,
        balancer,
        by_kit,
        performances=performances,
        shifts=shifts,
        seed=settings.seed,
        jobs=jobs,
        progress=lambda what, share: progress(what, _FITTED + share * (_PLAYED - _FITTED)),
    )
    project = data / RECORDING / f"{Path(RECORDING).name}.RPP"
    if project.is_file():
        tried[RECORDING] = invariance.try_recording(
            project,
            balancer,
            methods,
            shifts=2 * shifts,
            seed=settings.seed,
            progress=lambda what, share: progress(what, _PLAYED + share * (1.0 - _PLAYED)),
        )
    return {where: summary_of(one, settings.seed) for where, one in tried.items()}


def summary_of(tried: Tried, seed: int) -> dict[str, Any]:
    """The figures of one kit or recording, by method.

    ``scatter``: mean over tracks of the standard deviation in dB, with its 95 % interval by the
    jackknife over sessions; ``widest``: the largest range. ``undone`` and ``left``: of shifts of
    all tracks, ``one track undone``: of one alone, with bootstrap intervals over sessions. ``file
    forms``: by how many dB a fader moves at most. ``faders``: (sessions, tracks), None where held.
    """
    figures: dict[str, Any] = {"tracks": list(tried.microphones), "sessions": len(tried.runs)}
    for name in tried.methods:
        found = np.array([runs.before[name] for runs in tried.runs])
        spread, width = invariance.scatter(found)
        shifted = [
            [invariance.undone(runs.before[name], after[name], shift) for shift, after in of]
            for runs in (tried.whole or tried.runs)
            if (of := [pair for pair in runs.shifted if name in pair[1]])
        ]
        alone = [
            [invariance.one_undone(runs.before[name], after[name], shift)]
            for runs in (tried.whole or tried.runs)
            for shift, after in runs.one_off
            if name in after
        ]
        figures[name] = {
            "scatter": _number(_mean(spread)),
            "scatter95": _jackknife(found),
            "widest": _number(np.nanmax(width, initial=0.0)),
            "by track": [[_number(a), _number(b)] for a, b in zip(spread, width, strict=True)],
            "undone": _with_interval([[one for one, _ in own] for own in shifted], seed),
            "left": _with_interval([[left for _, left in own] for own in shifted], seed),
            "one track undone": _with_interval(alone, seed),
            "file forms": _forms(tried, name),
            "faders": [[_number(level) for level in row] for row in found],
        }
    return figures


def _forms(tried: Tried, name: str) -> dict[str, float]:
    forms: dict[str, float] = {}
    for runs in tried.runs:
        for form, moved in (runs.forms or {}).items():
            forms[form] = round(max(forms.get(form, 0.0), moved[name]), 3)
    return forms


def _number(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def _mean(values: Float64) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _jackknife(faders: Float64) -> list[float | None]:
    """95 % interval of the mean scatter: jackknife over sessions (Efron and Stein 1981)."""
    count = len(faders)
    if count < 4:
        return [None, None]
    whole = _mean(invariance.scatter(faders)[0])
    without = np.array(
        [_mean(invariance.scatter(np.delete(faders, place, axis=0))[0]) for place in range(count)]
    )
    error = float(np.sqrt((count - 1) / count * np.square(without - without.mean()).sum()))
    return [_number(max(whole - 1.96 * error, 0.0)), _number(whole + 1.96 * error)]


def _with_interval(sessions: Sequence[Sequence[float]], seed: int) -> dict[str, Any]:
    """The mean over sessions (of what each has) with its bootstrap interval. With one session the
    interval is over what it has."""
    groups = sessions if len(sessions) > 1 else [[value] for own in sessions for value in own]
    means = np.array([_mean(np.array(own)) for own in groups])
    means = means[np.isfinite(means)]
    if not means.size:
        return {"mean": None, "interval95": [None, None]}
    low, high = bootstrap(means, seed)
    return {
        "mean": _number(means.mean()),
        "interval95": [_number(low), _number(high)],
        "groups": int(means.size),
    }


def invariance_table(figures: Mapping[str, Any], where: str) -> list[list[str]]:
    """The figures of one kit or recording as rows of cells, the head first."""
    rows = [["", "scatter", "widest", "undone", "left", "one track undone", "file forms"]]
    for name, held in figures[where].items():
        if not isinstance(held, dict):
            continue
        low, high = held["scatter95"]
        between = "" if low is None else f" ({low:.2f} .. {high:.2f})"
        forms = max(held["file forms"].values()) if held["file forms"] else None
        rows.append(
            [
                name,
                f"{_text(held['scatter'])}{between}",
                _text(held["widest"], "{:.1f}"),
                _span(held["undone"]),
                _span(held["left"]),
                _text(held["one track undone"]["mean"]),
                _text(forms),
            ]
        )
    return rows


def _text(value: float | None, form: str = "{:.2f}") -> str:
    return "" if value is None else form.format(value)


def _span(held: Mapping[str, Any]) -> str:
    if held["mean"] is None:
        return ""
    low, high = held["interval95"]
    return f"{held['mean']:.2f} ({low:.2f} .. {high:.2f})"
