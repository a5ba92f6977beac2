"""A picture of automation: the fader over time above each track's waveform."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reaper_drumgain.audio.envelope_curves import EnvelopeCurve
from reaper_drumgain.audio.track_reader import analysis_rate, open_track, playing_span
from reaper_drumgain.errors import StorageError
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.schema.session import Envelope, Session
from reaper_drumgain.util.decibels import gain_to_db

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WAVE, _BEFORE, _LINE, _INK, _RULE = "#cbd2d9", "#9aa5b1", "#c2410c", "#1f2933", "#e4e7eb"
_COLUMNS = 1200
#: more rows than a picture can show
_MOST_TRACKS = 40


def save_automation(session: Session, plan: GainPlan, path: Path) -> None:
    """Save a PNG with one row per track that gets automation. Raises StorageError.

    Each row: what the track's audio is before its fader (grey), the fader as it was (dashed),
    and fader and envelope together over time, in dB.
    """
    # imported late: matplotlib takes longer than the whole balance
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = plan.automated[:_MOST_TRACKS]
    tracks = [session.tracks[row.index] for row in rows]
    start, end = playing_span(tracks)
    height = 1.3 + 1.05 * max(1, len(rows))
    figure, found = plt.subplots(
        max(1, len(rows)), figsize=(11, height), sharex=True, squeeze=False, layout="constrained"
    )
    axes = found[:, 0]
    for row, axis in zip(rows, axes, strict=False):
        _draw(axis, session, row, start, end)
    _name_sections(axes[0], rows)
    axes[-1].set_xlabel("seconds")
    figure.suptitle(
        f"Fader and envelope over time, dB ({plan.method})", x=0.01, ha="left", color=_INK
    )
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise StorageError(f"{path}: cannot write the picture: {error}") from error
    finally:
        plt.close(figure)


def _draw(axis: Any, session: Session, row: TrackPlan, start: float, end: float) -> None:
    times = np.linspace(start, end, 4 * _COLUMNS)
    levels = _levels(session, row, times)
    before = row.old_db if row.old_db is not None else row.new_db
    shown = [*levels[np.isfinite(levels)].tolist(), before or 0.0]
    low, high = min(shown), max(shown)
    room = max(3.0, 0.25 * (high - low))
    bottom, top = low - 2.0 * room, high + room
    wave_times, wave = _overview(session, row, start, end)
    # the waveform lies under the lines, in a scale of its own
    middle, size = (bottom + top) / 2.0, 0.48 * (top - bottom)
    axis.fill_between(wave_times, middle - size * wave, middle + size * wave, color=_WAVE, lw=0)
    if row.old_db is not None:
        axis.axhline(row.old_db, color=_BEFORE, lw=1.2, ls="--")
    axis.plot(times, levels, color=_LINE, lw=1.8)
    axis.set_ylim(bottom, top)
    axis.set_xlim(start, end)
    axis.set_ylabel(
        printable(row.name), rotation=0, ha="right", va="center", color=_INK, fontsize=9
    )
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    for section in row.automation.sections if row.automation is not None else ():
        for border in (section.start, section.end):
            if start < border < end:
                axis.axvline(border, color=_RULE, lw=0.8, zorder=0)


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


def _name_sections(axis: Any, rows: Sequence[TrackPlan]) -> None:
    sections = rows[0].automation.sections if rows and rows[0].automation is not None else ()
    for section in sections:
        axis.annotate(
            printable(section.name)[:24],
            xy=((section.start + section.end) / 2.0, 1.02),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=8,
            color=_INK,
        )
