"""The evaluation as pictures: errors per method, gains per role, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.evidence.cases import RECORDED
from reaper_drumgain.learn.evidence.evaluate import SongResult
from reaper_drumgain.learn.evidence.figures import LOUDEST, MEDIAN_OF_OTHERS, ONE_OTHER
from reaper_drumgain.learn.fitting.fold import FOREST
from reaper_drumgain.util.plotting import drawing

_INK, _GREY, _PALE, _OURS, _SECOND = "#1f2933", "#9aa5b1", "#e4e7eb", "#c2410c", "#1d4ed8"
_DPI = 130
#: roles with fewer tracks share a panel
_FEWEST, _REST = 4, "other roles"
_ACROSS = 5


def save_pictures(
    results: Sequence[SongResult], figures: Mapping[str, Any], folder: Path
) -> list[Path]:
    """Draws the figures as PNGs. Raises OSError.

    Parameters
    ----------
    results, figures
        What was measured.
    folder
        Where they go; it is made.

    Returns
    -------
    list of Path
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with drawing() as mpl:
        mpl.use("Agg")
        from matplotlib import pyplot as plt

        made = {
            "errors.png": _errors(plt, figures),
            "roles.png": _roles(plt, results),
            "calibration.png": _calibration(plt, results, figures),
        }
        for name, figure in made.items():
            path = folder / name
            figure.savefig(path, dpi=_DPI)
            plt.close(figure)
            paths.append(path)
    return paths


def _plain(axes: Any, grid: str) -> None:
    axes.grid(axis=grid, color=_PALE)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_INK)


def _errors(plt: Any, figures: Mapping[str, Any]) -> Any:
    """Two panels with methods as rows: against the median engineer, against one engineer."""
    panels = (
        (figures["against the median engineer"]["with gate"], "against the median engineer"),
        (figures["against one engineer"], "against one engineer (mean over engineers)"),
    )
    names = sorted(panels[0][0], key=lambda n: _worst(panels[0][0][n]), reverse=True)
    figure, axes = plt.subplots(
        1, 2, figsize=(12, 1.9 + 0.4 * len(names)), sharey=True, layout="constrained"
    )
    for one, (held, title) in zip(axes, panels, strict=True):
        for condition, colour, marker, step in (
            (RECORDED, _OURS, "o", 0.14),
            (LOUDEST, _SECOND, "D", -0.14),
        ):
            for place, name in enumerate(names):
                error = held[name][condition]["error"]
                low, high = held[name][condition]["interval95"]
                faint = 1.0 if name == FOREST else 0.55
                one.plot([low, high], [place + step] * 2, color=colour, lw=2.2, alpha=0.45 * faint)
                one.plot(error, place + step, marker, color=colour, ms=6, alpha=faint, zorder=3)
            one.plot([], [], marker, color=colour, label=_said(condition))
        one.set_xlabel("mean absolute error in dB, common offset removed")
        one.set_title(title, loc="left", color=_INK)
        _plain(one, "x")
        one.set_xlim(left=0)
        one.spines["left"].set_visible(False)
        one.tick_params(axis="y", length=0)
    one_engineer = figures["against one engineer"]
    for name, style in ((ONE_OTHER, "--"), (MEDIAN_OF_OTHERS, "-")):
        if name not in one_engineer:
            continue
        error = one_engineer[name][RECORDED]["error"]
        label = f"{name}: {error:.1f} dB"
        axes[1].axvline(error, color=_INK, lw=1.2, ls=style, zorder=1, label=label)
    axes[0].set_yticks(range(len(names)), names)
    for tick in axes[0].get_yticklabels():
        tick.set_fontweight("bold" if tick.get_text() == FOREST else "normal")
    axes[0].set_ylim(-0.6, len(names) - 0.4)
    for one in axes:
        one.legend(loc="upper right", fontsize=8.5, framealpha=0.95, edgecolor=_PALE)
    songs, mixes = len(figures["data"]["songs"]), figures["data"]["mixes"]
    figure.suptitle(
        f"Error on songs left out ({songs} songs, {mixes} mixes; bars: 95 % interval over songs)",
        x=0.01,
        ha="left",
        color=_INK,
    )
    return figure


def _worst(by: Mapping[str, Any]) -> float:
    return float((by[RECORDED]["error"] + by[LOUDEST]["error"]) / 2)


def _said(condition: str) -> str:
    return "levels as recorded" if condition == RECORDED else "levels shifted by up to 12 dB"


def _roles(plt: Any, results: Sequence[SongResult]) -> Any:
    """The median engineer's gain against the forest's, a panel per role."""
    held: dict[str, list[tuple[float, float, float, float]]] = {}
    for result in results:
        gains = _centred(result.gains[FOREST, True, RECORDED].mean(axis=0), result)
        low, high = _spread(result)
        columns = (result.song.tracks, gains, result.song.target_db, low, high)
        for track, gain, target, bottom, top in zip(*columns, strict=True):
            held.setdefault(track.role.name, []).append((gain, target, bottom, top))
    names = sorted((n for n in held if len(held[n]) >= _FEWEST), key=lambda n: -len(held[n]))
    if len(names) < len(held):
        held[_REST] = [row for name, rows in held.items() if name not in names for row in rows]
        names.append(_REST)
    lines = -(-len(names) // _ACROSS)
    figure, axes = plt.subplots(
        lines, _ACROSS, figsize=(12.5, 2.6 * lines + 0.9), sharex=True, sharey=True,
        layout="constrained", squeeze=False,
    )  # fmt: skip
    every = np.array([row[:2] for rows in held.values() for row in rows])
    ends = (float(every.min()) - 1.5, float(every.max()) + 1.5)
    for one, name in zip(axes.flat, names, strict=False):
        rows = np.array(held[name])
        one.plot(ends, ends, color=_GREY, lw=1)
        one.vlines(rows[:, 0], rows[:, 2], rows[:, 3], color=_GREY, lw=1, alpha=0.6)
        one.plot(rows[:, 0], rows[:, 1], "o", color=_OURS, ms=4.5, alpha=0.85)
        error = float(np.abs(rows[:, 0] - rows[:, 1]).mean())
        one.set_title(f"{name}  ({len(rows)} tracks, {error:.1f} dB)", fontsize=9.5, color=_INK)
        one.set_xlim(*ends)
        one.set_ylim(*ends)
        one.set_aspect("equal")
        _plain(one, "both")
    for one in list(axes.flat)[len(names) :]:
        one.set_visible(False)
    figure.supxlabel("the forest's gain in dB, on a song that it never saw", fontsize=10)
    figure.supylabel("engineers' gain in dB", fontsize=10)
    figure.suptitle(
        "Gains by role, as recorded: dots are the median engineer, lines the middle half of the "
        "engineers",
        x=0.01,
        ha="left",
        color=_INK,
    )
    return figure


def _centred(gains: Float64, result: SongResult) -> Float64:
    return np.asarray(gains - np.median(gains - result.song.target_db))


def _spread(result: SongResult) -> tuple[Float64, Float64]:
    """(tracks,) quartiles of the engineers, each at the offset that fits the target best."""
    song = result.song
    offset = np.nanmedian(song.gains_db - song.target_db, axis=1, keepdims=True)
    low, high = np.nanquantile(song.gains_db - offset, [0.25, 0.75], axis=0)
    return low, high


def _calibration(plt: Any, results: Sequence[SongResult], figures: Mapping[str, Any]) -> Any:
    """Left: wanted against found coverage when all widths are scaled. Right: by song."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    wanted = figures["intervals"]["wanted coverage"]
    scales = np.linspace(0.0, 3.0, 61)
    for condition, colour in ((RECORDED, _OURS), (LOUDEST, _SECOND)):
        ratio = np.concatenate([_in_half_widths(r, condition) for r in results])
        left.plot(
            scales,
            [float((ratio <= scale).mean()) for scale in scales],
            color=colour,
            lw=2,
            label=_said(condition),
        )
    left.axvline(1.0, color=_INK, lw=1)
    left.axhline(wanted, color=_INK, lw=1, ls="--", label=f"wanted at width 1: {wanted:.0%}")
    left.set_xlabel("half width, as a multiple of the interval's")
    left.set_ylabel("share of tracks within")
    left.set_title("Tracks whose median engineer lies within", loc="left", color=_INK)
    left.set_ylim(0, 1.02)
    left.set_xlim(0, 3)
    left.legend(loc="lower right", frameon=False)
    _plain(left, "both")
    names = figures["data"]["songs"]
    order = np.argsort(figures["intervals"][RECORDED][FOREST]["coverage by song"])
    for condition, colour, step in ((RECORDED, _OURS, 0.18), (LOUDEST, _SECOND, -0.18)):
        covered = figures["intervals"][condition][FOREST]["coverage by song"]
        right.barh(
            np.arange(len(order)) + step,
            [covered[place] for place in order],
            height=0.34,
            color=colour,
            alpha=0.85,
            label=_said(condition),
        )
    right.axvline(wanted, color=_INK, lw=1, ls="--")
    right.set_yticks(range(len(order)), [names[place] for place in order])
    right.set_xlim(0, 1.0)
    right.set_xlabel(f"share of the song's tracks within (wanted: {wanted:.0%})")
    right.set_title("By song", loc="left", color=_INK)
    _plain(right, "x")
    return figure


def _in_half_widths(result: SongResult, condition: str) -> Float64:
    """|gain - median engineer| of every track and case, in half widths of its interval."""
    bounds = result.intervals[condition]
    gains = result.gains[FOREST, True, condition]
    error = gains - result.song.target_db
    error -= np.median(error, axis=1, keepdims=True)
    half = (bounds[..., 1] - bounds[..., 0]) / 2
    ratio = np.abs(error) / half
    return np.asarray(ratio[np.isfinite(ratio)])
