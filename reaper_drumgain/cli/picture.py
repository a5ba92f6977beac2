"""A picture of a plan: the level of every drum track among the drums, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper_drumgain.errors import StorageError
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BEFORE, _AFTER, _INK = "#9aa5b1", "#c2410c", "#1f2933"
_SMALLEST_SHOWN_DB = 0.05


def save_levels(plan: GainPlan, path: Path) -> None:
    """Save a PNG with one row per measured track. Raises StorageError."""
    # imported late: matplotlib takes longer than the whole balance
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = _rows(plan)
    figure, axes = plt.subplots(figsize=(9, 1.6 + 0.38 * len(rows)), layout="constrained")
    _draw_moves(axes, rows)
    axes.set_title(f"Drum levels before and after ({plan.method})", loc="left", color=_INK)
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise StorageError(f"{path}: cannot write the picture: {error}") from error
    finally:
        plt.close(figure)


def _rows(plan: GainPlan) -> list[tuple[str, float, float]]:
    """Name and role, level before and after in LUFS, of each measured track."""
    rows = []
    for track in plan.tracks:
        level, path = track.loudness_lufs, track.path_db
        if level is None or path is None or track.old_db is None or track.new_db is None:
            continue
        title = f"{printable(track.name)}  ·  {track.role}"
        rows.append((title, level + path + track.old_db, level + path + track.new_db))
    return rows


def _draw_moves(axes: Axes, rows: Sequence[tuple[str, float, float]]) -> None:
    """Two dots per row, with an arrow and the move where it is one."""
    places = range(len(rows))
    for place, (_, before, after) in zip(places, rows, strict=True):
        if abs(after - before) >= _SMALLEST_SHOWN_DB:
            _draw_arrow(axes, place, before, after)
    hollow: dict[str, Any] = {"facecolors": "white", "edgecolors": _BEFORE, "linewidths": 1.8}
    axes.scatter([r[1] for r in rows], places, s=46, **hollow, zorder=3, label="before")
    axes.scatter([r[2] for r in rows], places, s=46, color=_AFTER, zorder=4, label="after")
    axes.set_yticks(list(places), [r[0] for r in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_xlabel("loudness among the drums, LUFS")
    axes.grid(axis="x", color="#e4e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper right", bbox_to_anchor=(1.0, 1.09), ncols=2, frameon=False)


def _draw_arrow(axes: Axes, place: int, before: float, after: float) -> None:
    axes.annotate(
        "",
        xy=(after, place),
        xytext=(before, place),
        arrowprops={"arrowstyle": "-|>", "color": _BEFORE, "lw": 1.5, "shrinkB": 5},
    )
    axes.annotate(
        f"{round(after - before, 2):+.1f} dB",
        xy=(max(before, after), place),
        xytext=(9, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=_INK,
    )
