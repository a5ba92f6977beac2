"""The figures of an evaluation as tables of plain text, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reaper_drumgain.learn.evidence.cases import RECORDED, RESTING, SHIFTS_DB
from reaper_drumgain.learn.evidence.figures import LOUDEST

REDUCED = "REDUCED RUN: few trees, little audio. It shows that the way works, not how good it is."


def text(figures: Mapping[str, Any]) -> str:
    """All tables of an evaluation, for a terminal or a model card."""
    parts = song_parts(figures) if "against the median engineer" in figures else []
    if "roles by sound" in figures:
        parts.append("Drums told by their sound, learnt from one kit and tried on the other:")
        parts.append(sound_table(figures))
    # they make tables with this module
    from reaper_drumgain.learn.evidence import recording_card

    parts += recording_card.terminal_text(figures)
    parts += figures["data"]["what is what"]
    if figures.get("run", {}).get("reduced"):
        parts = [REDUCED, *parts, REDUCED]
    return "\n\n".join(parts)


def song_parts(figures: Mapping[str, Any]) -> list[str]:
    """The comparison with engineers song by song: headings and tables."""
    return [
        "Error against the median engineer, in dB (95 % interval over songs), with gate:",
        error_table(figures, "with gate"),
        "Without gate:",
        error_table(figures, "without gate"),
        "Against one engineer, and what raising one raw track does to its own fader:",
        engineer_table(figures),
        "How much worse than the forest, paired by song (95 % interval; songs the forest wins):",
        difference_table(figures),
        "Intervals for the median engineer:",
        interval_table(figures),
    ]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines of text; the first column is aligned left, the others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _span(held: Mapping[str, Any], key: str = "error", sign: str = "") -> str:
    low, high = held["interval95"]
    return f"{held[key]:{sign}.2f} ({low:{sign}.2f} .. {high:{sign}.2f})"


def error_table(figures: Mapping[str, Any], gate: str) -> str:
    """Errors against the median engineer, methods by conditions. ``gate``: "with gate" or
    "without gate"."""
    held = figures["against the median engineer"][gate]
    conditions = list(next(iter(held.values())))
    wide = (RECORDED, LOUDEST)
    rows = [["", *conditions]]
    for name, by in held.items():
        cells = [_span(by[c]) if c in wide else f"{by[c]['error']:.2f}" for c in conditions]
        rows.append([name, *cells])
    return table(rows)


def engineer_table(figures: Mapping[str, Any]) -> str:
    """Errors against one engineer, human references, and the response of faders to levels."""
    moves = figures["sane moves"]
    rows = [["", RECORDED, LOUDEST, "sane moves", "slope"]]
    for name, by in figures["against one engineer"].items():
        cells = [_span(by[c]) if c in by else "" for c in (RECORDED, LOUDEST)]
        if name in moves:
            share = moves[name]["sane"] / moves[name]["cases"]
            cells += [f"{100 * share:.0f} %", f"{moves[name]['slope']:.2f}"]
        rows.append([name, *cells, *[""] * (4 - len(cells))])
    return table(rows)


def difference_table(figures: Mapping[str, Any]) -> str:
    """Differences to the forest, methods by conditions, with a verdict in words."""
    rows = [["", RECORDED, "songs", "", LOUDEST, "songs", ""]]
    for name, by in figures["difference to the forest"].items():
        row = [name]
        for c in (RECORDED, LOUDEST):
            held = by[c]
            row += [_span(held, "difference", "+"), f"{held['songs better']}", held["verdict"]]
        rows.append(row)
    return table(rows)


def interval_table(figures: Mapping[str, Any]) -> str:
    """Intervals of the forest beside those around role means."""
    held = figures["intervals"]
    rows = [["", "coverage", "SD over songs", "half width", "score", "holds one engineer"]]
    for c in (RECORDED, *SHIFTS_DB, RESTING):
        for name, by in held.get(c, {}).items():
            rows.append(
                [
                    f"{c}: {name}",
                    f"{by['coverage']:.0%}",
                    f"{by['spread of coverage (SD)']:.0%}",
                    f"{by['half width']:.1f} dB",
                    f"{by['interval score']:.1f}",
                    f"{by['coverage of one engineer']:.0%}",
                ]
            )
    return table(rows)


def sound_table(figures: Mapping[str, Any]) -> str:
    """By drum and direction: how many tracks of it were found, and how many others taken for it."""
    rows = [["", "found", "other microphones taken for it", "other sounds taken for it"]]
    for direction, by in figures["roles by sound"].items():
        for drum, held in by.items():
            if "found" in held:
                others = [
                    f"{held[f'{group} taken for it']} of {held[group]}"
                    for group in ("microphones", "other sounds")
                ]
                found = f"{held['found']} of {held['tracks']}"
                rows.append([f"{drum}, {direction}", found, *others])
    return table(rows)
