"""All files of a report, as bytes: whoever asks for them writes them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from reaper_drumgain.mixing import Heard
from reaper_drumgain.plan import GainPlan
from reaper_drumgain.report import pictures
from reaper_drumgain.report.facts import facts_of
from reaper_drumgain.report.page import project_page
from reaper_drumgain.report.tables import track_table

_NAME_LETTERS = 60


def report_name(project: str) -> str:
    """The name of a project's report without a suffix: readable, safe on every system, and
    another one for another path."""
    digest = hashlib.sha256(project.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    stem = re.sub(r"[^\w]+", "-", Path(project).stem, flags=re.ASCII).strip("-")
    return f"{stem[:_NAME_LETTERS] or 'project'}-{digest}"


def report_files(
    name: str,
    plan: GainPlan,
    heard: Heard | None,
    indexes: Sequence[int],
    bounced: tuple[bytes, bytes] | None = None,
    suffix: str = ".ogg",
) -> dict[str, bytes]:
    """The files by name: ``name.html``, ``name.csv`` and ``name.json``, and the sound where
    it was ``bounced``. ``indexes``: of the tracks that were heard."""
    tracks = facts_of(plan, heard, indexes)
    drawn = {}
    for what, draw in (("levels", pictures.levels), ("waveforms", pictures.waveforms)):
        wide, narrow = draw(tracks, narrow=False), draw(tracks, narrow=True)
        drawn[what] = None if wide is None or narrow is None else {"wide": wide, "narrow": narrow}
    files: dict[str, bytes] = {}
    audio = None
    if bounced is not None:
        audio = {side: f"{name}-{side}{suffix}" for side in ("before", "after")}
        files |= dict(zip(audio.values(), bounced, strict=True))
    title = Path(plan.project).name
    shortened = heard is not None and len(heard.timeline) > 1
    page = project_page(title, plan, tracks, drawn, audio, shortened=shortened)
    files[f"{name}.html"] = page
    files[f"{name}.csv"] = track_table(tracks)
    files[f"{name}.json"] = plan.to_json(indent=1).encode("utf-8", "backslashreplace") + b"\n"
    return files
