"""Levels and waveforms as SVG for a page, in the page's colours and with real text."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from reaper_drumgain.report.facts import TrackFacts
from reaper_drumgain.units import Decibel, to_linear
from reaper_drumgain.util.plotting import drawing

#: colours that stand for variables of the page's style
_INK, _FAINT, _BEFORE, _AFTER, _HUMAN = "#010203", "#010204", "#010205", "#010206", "#010207"
_VARIABLES = {
    _INK: "var(--ink)",
    _FAINT: "var(--line)",
    _BEFORE: "var(--before)",
    _AFTER: "var(--after)",
    _HUMAN: "var(--human)",
}
_WIDE_IN, _NARROW_IN = 9.4, 3.7
_NAME_LETTERS = 26
#: what begins an SVG file, and must not stand in an SVG within a page
_HEAD = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_SIZE = re.compile(r'(<svg [^>]*?) width="[\d.]+pt" height="[\d.]+pt"', re.DOTALL)
_DIGITS = re.compile(r"(?<=\d\.\d)\d{2,}")
_FONT = re.compile(r"font(?:-family)?: (?:([\d.]+px) )?[^;\"]*?sans-serif")


@drawing()
def levels(tracks: Sequence[TrackFacts], *, narrow: bool) -> str | None:
    """Levels re the kit before and after, on the range in which most engineers have each track.

    None where no level is known.
    """
    shown = [t for t in tracks if t.before_lu is not None and t.after_lu is not None]
    if not shown:
        return None
    row = 0.52 if narrow else 0.36
    figure, axes = _figure(_NARROW_IN if narrow else _WIDE_IN, 0.75 + row * len(shown), narrow)
    for place, track in enumerate(shown):
        assert track.before_lu is not None
        assert track.after_lu is not None
        if track.engineers_lu is not None:
            low, high = track.engineers_lu
            axes.barh(place, high - low, left=low, height=0.5, color=_HUMAN, linewidth=0)
        ends = [track.before_lu, track.after_lu]
        axes.plot(ends, [place, place], color=_AFTER, linewidth=1.6, solid_capstyle="butt")
    rows = range(len(shown))
    axes.plot([t.before_lu for t in shown], rows, "o", ms=6, mfc="none", mec=_BEFORE, mew=1.8)
    axes.plot([t.after_lu for t in shown], rows, "o", ms=7, color=_AFTER, mew=0)
    _name_rows(axes, shown, narrow, lift=0.36)
    axes.set_ylim(len(shown) - 0.45, -0.75 if narrow else -0.55)
    axes.margins(x=0.04)
    axes.set_xlabel("LU re the drums together", color=_INK)
    axes.grid(axis="x", color=_FAINT, linewidth=0.8)
    return _svg(figure, f"levels {narrow}", "Levels before and after")


@drawing()
def waveforms(tracks: Sequence[TrackFacts], *, narrow: bool) -> str | None:
    """Each track's level over time, above the line before, below it after; None for none."""
    shown = [t for t in tracks if len(t.shape) > 1 and max(t.shape) > 0.0]
    if not shown:
        return None
    row = 0.62 if narrow else 0.5
    figure, axes = _figure(_NARROW_IN if narrow else _WIDE_IN, 0.75 + row * len(shown), narrow)
    for place, track in enumerate(shown):
        shape = np.asarray(track.shape)[:: 2 if narrow else 1]
        old, new = (
            0.0 if fader is None else float(to_linear(Decibel(fader)))
            for fader in (track.plan.old_db, track.plan.new_db)
        )
        # each on a scale of its own: the shape shows, and how before and after compare
        unit = 0.42 / (shape.max() * max(old, new, 1e-9))
        times = np.linspace(0.0, track.seconds, shape.size)
        axes.fill_between(times, place - shape * old * unit, place, color=_BEFORE, linewidth=0)
        axes.fill_between(times, place, place + shape * new * unit, color=_AFTER, linewidth=0)
    _name_rows(axes, shown, narrow, lift=0.42)
    axes.set_ylim(len(shown) - 0.5, -0.7 if narrow else -0.5)
    axes.set_xlim(0.0, max(track.seconds for track in shown))
    axes.set_xlabel("seconds", color=_INK)
    return _svg(figure, f"waveforms {narrow}", "Levels over time before and after")


def _figure(width: float, height: float, narrow: bool) -> tuple[Any, Any]:
    # imported late, and without pyplot, which would keep every figure
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasSVG(figure)
    left = 0.14 if narrow else 2.3
    axes = figure.add_axes(
        (left / width, 0.5 / height, (width - left - 0.2) / width, (height - 0.6) / height)
    )
    figure.patch.set_visible(False)
    axes.patch.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="both", length=0, colors=_INK, labelsize=9)
    axes.set_axisbelow(True)
    return figure, axes


def _name_rows(axes: Any, shown: Sequence[TrackFacts], narrow: bool, lift: float) -> None:
    """Names beside the rows, or above them where there is no room beside."""
    axes.set_yticks([])
    for place, track in enumerate(shown):
        name = track.plan.name
        cut = name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}…"
        where: dict[str, Any] = (
            {"x": 0.0, "y": place - lift, "ha": "left", "va": "center"}
            if narrow
            else {"x": -0.015, "y": place, "ha": "right", "va": "center"}
        )
        axes.text(
            s=_plain(cut),
            transform=axes.get_yaxis_transform(),
            color=_INK,
            fontsize=10,
            **where,
        )


def _plain(text: str) -> str:
    """Only what an SVG may hold: the rest would make the whole page unreadable."""
    return "".join(
        c if (c.isprintable() and c.isascii()) or c.isalnum() else "\ufffd" for c in text
    )


def _svg(figure: Any, salt: str, label: str) -> str:
    import matplotlib as mpl

    target = io.StringIO()
    options: Any = {"svg.fonttype": "none", "svg.hashsalt": salt, "font.family": "sans-serif"}
    with mpl.rc_context(options):
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    text = _HEAD.sub("", target.getvalue(), count=1)
    text = _SIZE.sub(rf'\1 role="img" aria-label="{label}"', text, count=1)
    # a tenth of a point is finer than any screen
    text = _DIGITS.sub("", text)
    text = _FONT.sub(lambda match: f"font-size: {match[1] or '10px'}", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text
