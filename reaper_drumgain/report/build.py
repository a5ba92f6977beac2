"""Makes all files of a report as bytes, and writes them where asked to."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from reaper_drumgain.analysis.analyze import AnalysisRequest, Analyzed
from reaper_drumgain.analysis.measurement import Progress
from reaper_drumgain.errors import StorageError
from reaper_drumgain.report import pictures
from reaper_drumgain.report.facts import facts_of
from reaper_drumgain.report.page import project_page
from reaper_drumgain.report.tables import track_table
from reaper_drumgain.schema.plan import GainPlan

_NAME_LETTERS = 60


def report_name(project: str) -> str:
    """The name of a project's report without a suffix.

    It is readable and safe on every system, and differs for another path.
    """
    digest = hashlib.sha256(project.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    stem = re.sub(r"[^\w]+", "-", Path(project).stem, flags=re.ASCII).strip("-")
    return f"{stem[:_NAME_LETTERS] or 'project'}-{digest}"


def report_files(
    name: str,
    plan: GainPlan,
    analyzed: Analyzed | None,
    *,
    sound: bool = False,
    progress: Progress | None = None,
) -> dict[str, bytes]:
    """The files of a report on a plan and the analysis behind it. Raises StorageError.

    Parameters
    ----------
    name
        What the names of the files begin with.
    plan
        The plan.
    analyzed
        The analysis; None for a plan that has none.
    sound
        Whether to add the drums before and after, equally loud, as Ogg Vorbis.
    progress
        Called with what is being done and its share, 0 to 1.

    Returns
    -------
    dict
        Bytes by name: ``name.html``, ``name.csv``, ``name.json``, and with ``sound`` two ``.ogg``.
    """
    analysis = None if analyzed is None else analyzed.analysis
    tracks = facts_of(plan, analysis, () if analyzed is None else analyzed.indexes)
    drawn = {}
    for what, draw in (("levels", pictures.levels), ("waveforms", pictures.waveforms)):
        wide, narrow = draw(tracks, narrow=False), draw(tracks, narrow=True)
        drawn[what] = None if wide is None or narrow is None else {"wide": wide, "narrow": narrow}
    files: dict[str, bytes] = {}
    audio = None
    if sound and analyzed is not None and plan.levels.before_lufs is not None:
        audio = {side: f"{name}-{side}.ogg" for side in ("before", "after")}
        files |= _bounced(analyzed.request, plan, audio["before"], audio["after"], progress)
    title = Path(plan.project).name
    shortened = analysis is not None and len(analysis.timeline) > 1
    page = project_page(title, plan, tracks, drawn, audio, shortened=shortened)
    files[f"{name}.html"] = page
    files[f"{name}.csv"] = track_table(tracks)
    files[f"{name}.json"] = plan.to_json(indent=1).encode("utf-8", "backslashreplace") + b"\n"
    return files


def _bounced(
    request: AnalysisRequest,
    plan: GainPlan,
    before: str,
    after: str,
    progress: Progress | None,
) -> dict[str, bytes]:
    from reaper_drumgain.report.bounce import bounce

    with tempfile.TemporaryDirectory(prefix="drumgain-") as folder:
        paths = Path(folder, before), Path(folder, after)
        bounce(request, plan, *paths, progress=progress, equally_loud=True)
        return {path.name: path.read_bytes() for path in paths}


def save(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder, each as a whole.

    Parameters
    ----------
    files
        Bytes by name.
    folder
        The folder, which is made.

    Raises
    ------
    StorageError
        A file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            part = folder / f".{name}.part"
            part.write_bytes(data)
            part.replace(folder / name)
    except OSError as error:
        raise StorageError(
            f"{folder}: the report cannot be written there: {error.strerror or error}"
        ) from error
