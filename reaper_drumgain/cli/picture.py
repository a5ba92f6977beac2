"""A picture of a plan: the level of every drum track among the drums, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.util.plotting import drawing, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BEFORE, _AFTER, _INK, _RANGE = "#9aa5b1", "#c2410c", "#1f2933", "#cfe3d6"
#: a shorter arrow would lie under its dots
_LEAST_ARROW_DB = 0.3


@dataclass(frozen=True, slots=True)
class _Row:
    """A track's levels in LUFS; ``engineers``: the engineers' range of it."""

    title: str
    before: float
    after: float
    engineers: tuple[float, float] | None


def save_levels(plan: GainPlan, path: Path) -> None:
    """Save a PNG with one row per measured track. Raises StorageError."""
    rows = _rows(plan)
    with drawing():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 1.6 + 0.38 * len(rows)), layout="constrained")
        axes = figure.subplots()
        _draw_moves(axes, rows, plan.range_name)
        axes.set_title(
            f"Drum levels before and after ({printable(plan.method)})", loc="left", color=_INK
        )
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        moves = (f"{row.title} {round(row.after - row.before, 2):+.2f} dB" for row in rows)
        save_png(figure, path, description="; ".join(moves))


def _rows(plan: GainPlan) -> list[_Row]:
    """The levels of each measured track."""
    rows = []
    for track in plan.tracks:
        level, path = track.loudness_lufs, track.path_db
        if level is None or path is None or track.old_db is None or track.new_db is None:
            continue
        here = level + path
        between = track.interval_db
        rows.append(
            _Row(
                f"{printable(track.name)}  ·  {track.role_text}",
                here + track.old_db,
                here + track.new_db,
                None if between is None else (here + between[0], here + between[1]),
            )
        )
    return rows


def _draw_moves(axes: Axes, rows: Sequence[_Row], range_name: str) -> None:
    """Two dots per row on the engineers' range, with an arrow and the move where it is one.

    ``range_name``: what that range is called.
    """
    places = range(len(rows))
    ranges = [(place, row.engineers) for place, row in enumerate(rows) if row.engineers]
    axes.barh(
        [place for place, _ in ranges],
        [high - low for _, (low, high) in ranges],
        left=[low for _, (low, _) in ranges],
        height=0.56,
        color=_RANGE,
        label=range_name if ranges else None,
    )
    for place, row in zip(places, rows, strict=True):
        if abs(row.after - row.before) >= _LEAST_ARROW_DB:
            _draw_arrow(axes, place, row)
    hollow: dict[str, Any] = {"facecolors": "white", "edgecolors": _BEFORE, "linewidths": 1.8}
    axes.scatter([r.before for r in rows], places, s=46, **hollow, zorder=3, label="before")
    axes.scatter([r.after for r in rows], places, s=46, color=_AFTER, zorder=4, label="after")
    axes.set_yticks(list(places), [r.title for r in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.use_sticky_edges = False
    axes.margins(x=0.08)
    axes.set_xlabel("loudness among the drums, LUFS")
    axes.grid(axis="x", color="#e4e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _draw_arrow(axes: Axes, place: int, row: _Row) -> None:
    axes.annotate(
        "",
        xy=(row.after, place),
        xytext=(row.before, place),
        arrowprops={"arrowstyle": "-|>", "color": _BEFORE, "lw": 1.5, "shrinkB": 5},
    )
    # beside the dots and the range, where nothing lies under it
    right = max(row.before, row.after, *(row.engineers or ()))
    axes.annotate(
        f"{round(row.after - row.before, 2):+.1f} dB",
        xy=(right, place),
        xytext=(9, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=_INK,
    )
