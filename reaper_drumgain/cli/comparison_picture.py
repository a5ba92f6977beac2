"""A picture of a comparison: the fader of every drum track by every method."""

from __future__ import annotations

from pathlib import Path

from reaper_drumgain.balance.comparison import Comparison
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.util.plotting import drawing, save_png

_INK, _SPAN = "#1f2933", "#e4e7eb"
#: one for each method, and again from the first for those of other packages
_MARKERS = "oDsv^<>pPXhd*"
_WIDTH = 0.32


def save_comparison(comparison: Comparison, path: Path) -> None:
    """Save a PNG with one row per drum track and one mark per method. Raises StorageError."""
    tracks = comparison.tracks
    with drawing() as mpl:
        from matplotlib.figure import Figure

        colors = mpl.colormaps["tab20"].colors
        figure = Figure(figsize=(10, 2.2 + 0.42 * len(tracks)), layout="constrained")
        axes = figure.subplots()
        for one in comparison.differences():
            place = tracks.index(one.track)
            faders = comparison.faders(place)
            low, high = faders[one.lowest] or 0.0, faders[one.highest] or 0.0
            axes.plot([low, high], [place, place], color=_SPAN, lw=9, solid_capstyle="round")
        count = max(len(comparison.plans) - 1, 1)
        for number, (name, plan) in enumerate(comparison.plans.items()):
            shift = _WIDTH * (number / count - 0.5)
            known = [(p, t.new_db) for p, t in enumerate(plan.tracks) if t.new_db is not None]
            axes.scatter(
                [fader for _, fader in known],
                [place + shift for place, _ in known],
                s=60 if number == 0 else 26,
                color=colors[number % len(colors)],
                marker=_MARKERS[number % len(_MARKERS)],
                label=name,
                zorder=4 if number == 0 else 3,
            )
        titles = [f"{printable(track.name)}  ·  {track.role_text}" for track in tracks]
        axes.set_yticks(range(len(tracks)), titles)
        axes.set_ylim(len(tracks) - 0.5, -0.5)
        axes.set_xlabel("fader, dB")
        axes.grid(axis="x", color=_SPAN)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_title("Faders by each method", loc="left", color=_INK)
        figure.legend(loc="outside lower center", ncols=5, frameon=False)
        save_png(figure, path)
