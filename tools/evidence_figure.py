"""Draws docs/evidence.png from the tables of models/README.md: errors of all methods on songs that
were left out. Run it after ``drumgain train``: a test compares the two."""

from __future__ import annotations

import re
from pathlib import Path

from reaper_drumgain.util.plotting import drawing, save_png

ROOT = Path(__file__).parents[1]
CARD, PICTURE = ROOT / "models" / "README.md", ROOT / "docs" / "evidence.png"
#: methods that can be chosen; the two trials below them in the card cannot
_LAST = "random"
_INK, _PALE = "#1f2933", "#e4e7eb"
_CONDITIONS = (
    ("levels as recorded", "#c2410c", "o"),
    ("... shifted by up to 12 dB", "#1d4ed8", "D"),
)
_NUMBER = r"(\d+\.\d+)"
_WITH_INTERVAL = rf"{_NUMBER} \({_NUMBER} \.\. {_NUMBER}\)"

Errors = dict[str, list[tuple[float, float, float]]]


def errors() -> Errors:
    """By method: the error in dB with the ends of its interval, as recorded and shifted."""
    table = CARD.read_text("utf-8").split("With the gate:")[1].split("```")[1]
    found: Errors = {}
    for line in table.splitlines():
        row = re.match(rf"(\S[^\d]*?) +{_WITH_INTERVAL} .*? {_WITH_INTERVAL}", line)
        if row is not None:
            name, *numbers = row.groups()
            values = [float(number) for number in numbers]
            found[name] = [(*values[:3],), (*values[3:],)]  # type: ignore[list-item]
            if name == _LAST:
                break
    return found


def description(found: Errors) -> str:
    """The figures in words, as they are stored in the picture."""
    rows = (
        f"{name} {now[0]:.2f} dB, shifted {far[0]:.2f} dB" for name, (now, far) in found.items()
    )
    return "; ".join(rows)


def main() -> None:
    """Write the picture."""
    found = errors()
    names = sorted(found, key=lambda name: -sum(row[0] for row in found[name]))
    with drawing():
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(8.4, 4.9), layout="constrained")
        axes = figure.subplots()
        for condition, (label, colour, marker) in enumerate(_CONDITIONS):
            for place, name in enumerate(names):
                error, low, high = found[name][condition]
                at = place + 0.15 - 0.3 * condition
                axes.plot([low, high], [at, at], color=colour, lw=2.2, alpha=0.4)
                axes.plot(error, at, marker, color=colour, ms=6)
            axes.plot([], [], marker, color=colour, label=label)
        axes.set_yticks(range(len(names)), names)
        axes.get_yticklabels()[names.index("forest")].set_fontweight("bold")
        axes.set_xlim(left=0)
        axes.set_xlabel("error of the faders in dB (lines: 95 % interval over songs)")
        axes.set_title(
            "Distance from the median engineer, on songs left out", loc="left", color=_INK
        )
        axes.grid(axis="x", color=_PALE)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="upper right", framealpha=0.95, edgecolor=_PALE)
        save_png(figure, PICTURE, 100, description(found))


if __name__ == "__main__":
    main()
