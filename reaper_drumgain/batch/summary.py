"""The outcomes of a batch in words, and as a page with tables beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reaper_drumgain.batch.outcome import Outcome
from reaper_drumgain.schema import json_codec

#: what a status is called where people read it
WORDS = {
    "written": "written",
    "planned": "would be written",
    "unchanged": "stands right",
    "nothing": "no drum track",
    "failed": "FAILED",
}
#: what a mode is called where people read it
MODE_WORDS = {"all": "balanced anew", "outliers": "only faders outside their range"}
_HEADER = (
    *("project", "result", "drum tracks", "moved", "warnings", "lufs before", "lufs after"),
    *("output", "backup", "report", "mode", "message"),
)


def counted(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many projects have each status."""
    return {status: sum(o.status == status for o in outcomes) for status in WORDS}


def counted_modes(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many projects were planned in each mode."""
    return {mode: sum(o.mode == mode for o in outcomes) for mode in MODE_WORDS}


def in_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes sorted by project; projects finish in any order."""
    return sorted(outcomes, key=lambda outcome: outcome.project)


def document(outcome: Outcome) -> dict[str, Any]:
    """An outcome for programs."""
    fields: dict[str, Any] = json_codec.encode(outcome)
    levels = {name: fields.pop(name) for name in ("before_lufs", "after_lufs")}
    return {**fields, "message": outcome.message or None, "levels": levels}


def result_of(outcome: Outcome) -> str:
    """The result in words."""
    return WORDS[outcome.status] + (" (earlier)" if outcome.earlier else "")


def where_or_why(outcome: Outcome) -> str:
    """Where the result is, or why there is none; the project itself is named beside it."""
    message = outcome.message.removeprefix(f"{outcome.project}: ")
    return "; ".join(text for text in (outcome.output, message) if text)


def save_index(outcomes: Sequence[Outcome], folder: Path) -> Path:
    """Write ``index.html``, ``summary.csv`` and ``summary.json``; returns the page's path.

    Raises StorageError.
    """
    from reaper_drumgain.report.build import save
    from reaper_drumgain.report.page import Row, index_page
    from reaper_drumgain.report.tables import summary_table

    ordered = in_order(outcomes)
    folder_of_all = _around([outcome.project for outcome in ordered])
    rows = [
        Row(
            os.path.relpath(outcome.project, folder_of_all) if folder_of_all else outcome.project,
            result_of(outcome),
            f"{outcome.moved} of {outcome.drums}" if outcome.drums else "",
            "" if outcome.before_lufs is None else f"{outcome.before_lufs:.1f}",
            "" if outcome.after_lufs is None else f"{outcome.after_lufs:.1f}",
            where_or_why(outcome),
            outcome.report,
            outcome.status == "failed",
        )
        for outcome in ordered
    ]
    counts = [(count, WORDS[status]) for status, count in counted(outcomes).items() if count]
    counts += [
        (count, MODE_WORDS[mode]) for mode, count in counted_modes(outcomes).items() if count
    ]
    table = summary_table(
        _HEADER,
        [
            (
                *(o.project, WORDS[o.status], o.drums, o.moved, o.warnings, o.before_lufs),
                *(o.after_lufs, o.output, o.backup, o.report, o.mode, o.message or None),
            )
            for o in ordered
        ],
    )
    text = json.dumps([document(outcome) for outcome in ordered], indent=1)
    page = index_page(f"{len(ordered)} projects", folder_of_all, counts, rows)
    save({"index.html": page, "summary.csv": table, "summary.json": text.encode()}, folder)
    return folder / "index.html"


def _around(paths: Sequence[str]) -> str:
    """The folder that all these files lie in; nothing where they lie on several drives."""
    try:
        return os.path.commonpath([os.path.dirname(path) for path in paths])  # noqa: PTH120
    except ValueError:
        return ""
