"""A picture of automation: how each fader changes over time, above the track's waveform."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reaper_drumgain.audio.envelope_curves import EnvelopeCurve
from reaper_drumgain.audio.track_reader import analysis_rate, open_track, playing_span
from reaper_drumgain.schema.plan import GainPlan, SectionGain, TrackPlan
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.schema.session import Envelope, Session
from reaper_drumgain.util.decibels import gain_to_db
from reaper_drumgain.util.plotting import drawing, save_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WAVE, _BEFORE, _LINE, _INK, _RULE = "#cbd2d9", "#9aa5b1", "#c2410c", "#1f2933", "#e4e7eb"
_COLUMNS = 1200
#: more rows than a picture can show, and more names than a line of it
_MOST_TRACKS, _MOST_NAMED = 40, 6
_ROW_IN = 0.85
#: the scale is at least this wide, so that a change of 0.1 dB looks like one; and ends here
_LEAST_SCALE_DB, _LOWEST_DB = (-3.0, 3.0), -30.0


def save_automation(session: Session, plan: GainPlan, path: Path) -> None:
    """Save a picture of gains over time, with one row per measured drum track.

    Each row has the track's audio before its fader (grey), and how fader and envelope together
    change against the old fader, in dB, on one scale for all tracks. A line at the bottom
    names the drum tracks that have no row.

    Parameters
    ----------
    session, plan
        The session and its plan.
    path
        The PNG file.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    measured = [track for track in plan.tracks if track.loudness_lufs is not None]
    rows = measured[:_MOST_TRACKS]
    start, end = playing_span([session.tracks[row.index] for row in rows])
    times = np.linspace(start, end, 4 * _COLUMNS)
    changes = [_changes(session, row, times) for row in rows]
    height = 1.9 + _ROW_IN * max(1, len(rows))
    with drawing():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11, height), layout="constrained")
        axes = figure.subplots(max(1, len(rows)), sharex=True, sharey=True, squeeze=False)[:, 0]
        bottom, top = _scale(changes)
        sections = next((t.automation.sections for t in plan.automated if t.automation), ())
        for row, change, axis in zip(rows, changes, axes, strict=False):
            axis.set_ylim(bottom, top)
            axis.set_xlim(start, end)
            _draw_row(axis, session, row, times, change)
            for border in (side for section in sections for side in (section.start, section.end)):
                if start < border < end:
                    axis.axvline(border, color=_RULE, lw=0.8, zorder=0)
        _name_sections(axes[0], sections)
        axes[-1].set_xlabel("\n".join(["seconds", *_left_out(plan, rows)]))
        figure.suptitle(
            f"Change of level relative to the old fader, dB ({printable(plan.method)})",
            x=0.01,
            ha="left",
            color=_INK,
        )
        if rows:
            handles, labels = axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        save_png(figure, path)


def _scale(changes: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """The ends of the one scale for all rows in dB."""
    finite = [change[np.isfinite(change)] for change in changes]
    low = min([_LEAST_SCALE_DB[0], *(float(c.min()) for c in finite if c.size)])
    high = max([_LEAST_SCALE_DB[1], *(float(c.max()) for c in finite if c.size)])
    # below this a fade-out would make all other changes too small to see
    low = max(low, _LOWEST_DB)
    room = 0.08 * (high - low)
    return low - room, high + room


def _left_out(plan: GainPlan, rows: Sequence[TrackPlan]) -> list[str]:
    """A sentence on the drum tracks without a row, where there are any."""
    drawn = {row.index for row in rows}
    left = [track for track in plan.tracks if track.index not in drawn]
    if not left:
        return []
    named = [
        f"{printable(track.name)[:24]} ({', '.join(track.flags[:1]) or 'not drawn'})"
        for track in left[:_MOST_NAMED]
    ]
    more = [f"{len(left) - _MOST_NAMED} more"] if len(left) > _MOST_NAMED else []
    return [f"not shown: {', '.join([*named, *more])}"]


def _draw_row(
    axis: Any,
    session: Session,
    row: TrackPlan,
    times: NDArray[np.float64],
    change: NDArray[np.float64],
) -> None:
    bottom, top = axis.get_ylim()
    wave_times, wave = _overview(session, row, float(times[0]), float(times[-1]))
    # the waveform lies under the lines, in a scale of its own
    middle, size = (bottom + top) / 2.0, 0.48 * (top - bottom)
    axis.fill_between(
        wave_times,
        middle - size * wave,
        middle + size * wave,
        color=_WAVE,
        lw=0,
        label="audio before the fader, each on its own scale",
    )
    axis.axhline(0.0, color=_BEFORE, lw=1.2, ls="--", label="old fader")
    axis.plot(times, change, color=_LINE, lw=1.8, label="fader and envelope")
    axis.set_ylabel(
        printable(row.name)[:24],
        rotation=0,
        ha="right",
        va="center",
        color=_INK,
        fontsize=9,
    )
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)


def _changes(session: Session, row: TrackPlan, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fader and envelope together against the old fader, in dB."""
    new = row.new_db or 0.0
    before = new if row.old_db is None else row.old_db
    if row.automation is None:
        return np.full(times.size, new - before)
    return _levels(session, row, times) - before


def _levels(session: Session, row: TrackPlan, times: NDArray[np.float64]) -> NDArray[np.float64]:
    made = row.automation
    assert made is not None
    old = [e for e in session.tracks[row.index].envelopes if e.kind == made.envelope]
    points = made.result(old[0].points if old else ())
    scaled = old[0].fader_scaled if old else True
    gains = EnvelopeCurve(Envelope(made.envelope, True, points, scaled)).values(times)
    with np.errstate(divide="ignore"):
        return np.asarray(gain_to_db(gains) + (row.new_db or 0.0))


def _overview(
    session: Session, row: TrackPlan, start: float, end: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and peaks, from 0 to 1 at the track's loudest, in as many columns as are seen."""
    track = session.tracks[row.index]
    rate = analysis_rate(session, [track])
    peaks: list[float] = []
    with open_track(track, rate=rate, start=start, end=end) as audio:
        size = max(1, math.ceil(audio.frames / _COLUMNS))
        left = audio.frames
        while left > 0:
            block = audio.read(min(size, left))
            left -= size
            peaks.append(float(np.abs(block).max(initial=0.0)) if block is not None else 0.0)
    found = np.array(peaks or [0.0])
    loudest = found.max()
    return np.linspace(start, end, found.size), found / loudest if loudest > 0.0 else found


def _name_sections(axis: Any, sections: Sequence[SectionGain]) -> None:
    first, last = axis.get_xlim()
    for section in sections:
        start, end = max(section.start, first), min(section.end, last)
        if start >= end:
            continue
        axis.annotate(
            printable(section.name)[:24],
            xy=((start + end) / 2.0, 1.02),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=8,
            color=_INK,
        )
