"""A picture of a plan: the level of every drum track among the drums, before and after."""

from __future__ import annotations

from pathlib import Path

from reaper_drumgain.cli.show import printable
from reaper_drumgain.errors import StorageError
from reaper_drumgain.schema.plan import GainPlan

_BEFORE, _AFTER, _INK = "#9aa5b1", "#c2410c", "#1f2933"


def save_levels(plan: GainPlan, path: Path) -> None:
    """Save a PNG with one row per measured track. Raises StorageError."""
    # imported late: matplotlib takes longer than the whole balance
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = [
        (
            f"{printable(t.name)}  ·  {t.role}",
            t.loudness_lufs + t.path_db + t.old_db,
            t.loudness_lufs + t.path_db + t.new_db,
        )
        for t in plan.tracks
        if None not in (t.loudness_lufs, t.path_db, t.old_db, t.new_db)
        and t.loudness_lufs is not None
        and t.path_db is not None
        and t.old_db is not None
        and t.new_db is not None
    ]
    figure, axes = plt.subplots(figsize=(9, 1.6 + 0.38 * len(rows)), layout="constrained")
    places = range(len(rows))
    for place, (_, before, after) in zip(places, rows, strict=True):
        if abs(after - before) >= 0.05:
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
    axes.scatter(
        [r[1] for r in rows],
        places,
        s=46,
        facecolors="white",
        edgecolors=_BEFORE,
        linewidths=1.8,
        zorder=3,
        label="before",
    )
    axes.scatter([r[2] for r in rows], places, s=46, color=_AFTER, zorder=4, label="after")
    axes.set_yticks(list(places), [r[0] for r in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_xlabel("loudness among the drums, LUFS")
    axes.set_title(f"Drum levels before and after ({plan.method})", loc="left", color=_INK)
    axes.grid(axis="x", color="#e4e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper right", bbox_to_anchor=(1.0, 1.09), ncols=2, frameon=False)
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise StorageError(f"{path}: cannot write the picture: {error}") from error
    finally:
        plt.close(figure)
