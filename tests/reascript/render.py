"""Rendering of pre-fader stems: the engine's side, and the child process that does it.

The engine's side uses the standard library alone; numpy and soundfile are imported by the
child (``python -m reascript.render JOB``), so scripts may run where they cannot be imported.
A stem is the sum of the track's playing takes times ``render_gain``: the gain stands for the
track's effects, and shows when the media files were used in place of the stem.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reascript import StandInError

if TYPE_CHECKING:
    from reascript.engine import Engine
    from reascript.model import Project, Track

STEMS, MONO, PREFADER = 2, 16, 8192
WAVE = ("evaw", "wave", "ZXZhd")
_WILD = re.compile(r"\$(\w+)")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def _pattern(project: Project, track: Track, number: int, pattern: str) -> str:
    values = {
        "track": track.name or f"Track {number}",
        "tracknumber": f"{number:02d}",
        "project": project.path.stem if project.path else "untitled",
    }

    def replaced(found: re.Match[str]) -> str:
        if found.group(1) not in values:
            raise StandInError(f"the wildcard {found.group()} is not known")
        return _FORBIDDEN.sub("_", values[found.group(1)])

    return _WILD.sub(replaced, pattern)


def targets(engine: Engine, project: Project) -> list[tuple[str, Track]]:
    """The files that a render would write, each with its track."""
    from reascript.api_project import render_number, render_string

    settings = int(render_number(project, "RENDER_SETTINGS"))
    if settings & ~MONO != STEMS | PREFADER:
        raise StandInError(f"a render with RENDER_SETTINGS {settings} is not known, only 2|8192")
    if not render_string(project, "RENDER_FORMAT").startswith(WAVE):
        raise StandInError("only renders to WAV are known")
    base = project.path.parent if project.path else engine.resource_path
    folder = base / render_string(project, "RENDER_FILE")
    pattern = render_string(project, "RENDER_PATTERN")
    if not pattern:
        raise StandInError("a render of stems without RENDER_PATTERN is not known")
    found = [
        (f"{folder / _pattern(project, track, number, pattern)}.wav", track)
        for number, track in enumerate(project.tracks, 1)
        if track.selected
    ]
    if len({path for path, _ in found}) < len(found):
        raise StandInError(f"two stems of one name: {[path for path, _ in found]}")
    return found


def bounds(project: Project) -> tuple[float, float]:
    """Start and end of a render in seconds."""
    from reascript.api_project import render_number

    flag = int(render_number(project, "RENDER_BOUNDSFLAG"))
    if flag == 0:
        return render_number(project, "RENDER_STARTPOS"), render_number(project, "RENDER_ENDPOS")
    if flag == 1:
        ends = [i.position + i.length for t in project.all_tracks for i in t.items]
        return 0.0, max(ends, default=0.0)
    if flag == 2:
        return project.number("SELECTION", 1), project.number("SELECTION", 2)
    raise StandInError(f"render bounds {flag} are not known")


def clips_of(project: Project, track: Track) -> list[dict[str, Any]]:
    from reascript.api_tracks import lane_plays

    clips = []
    for item in track.items:
        lanes = max(1, int(track.number("ITEMLANES", 1, 1)))
        lane = round(item.number("YPOS", 1) * lanes)
        if track.number("FREEMODE", 1) == 2 and not lane_plays(track, lane):
            continue
        take = item.takes[item.active] if item.takes else None
        if item.number("MUTE", 1) or take is None or take.source is None:
            continue
        source = take.source
        if not source.written or take.number("PLAYRATE", 1, 1.0) != 1:
            raise StandInError(f"rendering {take.name!r}: only files at their own rate are known")
        clips.append(
            {
                "file": project.media_path(source.written),
                "at": item.position,
                "length": item.length,
                "offset": take.number("SOFFS", 1, 0.0),
                "loop": bool(item.number("LOOP", 1)),
                "gain": item.number("VOLPAN", 1, 1.0) * take.volume,
                "fade_in": item.number("FADEIN", 2),
                "fade_out": item.number("FADEOUT", 2),
            }
        )
    return clips


def _stem(engine: Engine, project: Project, path: str, track: Track) -> dict[str, Any]:
    clips = clips_of(project, track)
    if engine.faults.stems_behind_the_fader:
        for clip in clips:
            clip["gain"] *= track.fader
    return {"path": path, "clips": clips}


def render(engine: Engine, project: Project) -> None:
    """Action 42230: write the stems that the settings ask for, and note what was written."""
    from reascript.api_project import render_number

    wanted = targets(engine, project)
    fault = engine.faults.render
    if int(render_number(project, "RENDER_ADDTOPROJ")) & 1:
        raise StandInError("the render would add its files to the project")
    for path, _ in wanted:
        if Path(path).exists():
            raise StandInError(f"{path} is there already: REAPER would ask")
    count = {"nothing": 0, "some": len(wanted) // 2, "cancelled": 1, "disk_full": 1}
    written = wanted[: count.get(fault, len(wanted))] if fault else wanted
    start, end = bounds(project)
    rate = int(render_number(project, "RENDER_SRATE")) or int(project.number("SAMPLERATE", 1))
    job = {
        "start": start,
        "end": end,
        "rate": rate or 44100,
        "gain": engine.render_gain,
        "channels": int(render_number(project, "RENDER_CHANNELS")),
        "mono": bool(int(render_number(project, "RENDER_SETTINGS")) & MONO),
        "normalize": int(render_number(project, "RENDER_NORMALIZE")) & 1,
        "normalize_target": render_number(project, "RENDER_NORMALIZE_TARGET"),
        "stems": [_stem(engine, project, path, track) for path, track in written],
    }
    if job["stems"]:
        run_job(engine, job)
    if fault == "disk_full" and written:
        cut = Path(written[0][0])
        cut.write_bytes(cut.read_bytes()[:1000])
    engine.renders.append(
        {"targets": [p for p, _ in wanted], "written": [p for p, _ in written], "fault": fault}
    )


def run_job(engine: Engine, job: dict[str, Any]) -> str:
    """Do a job in a process of its own, which may import what scripts cannot."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job), "utf-8")
        python = engine.render_python or sys.executable
        tests = str(Path(__file__).resolve().parents[1])
        done = subprocess.run(
            [python, "-c", _CHILD, tests, str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    if done.returncode:
        raise StandInError(f"the render failed: {done.stderr[-2000:]}")
    return done.stdout


_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from reascript.render import main; main()"


def settings_into(project: Project) -> None:
    """Put the render settings that scripts changed into the text, as a save writes them."""
    from reascript.api_project import RENDER_PLACES

    held = project.render
    for name, value in held.numbers.items():
        if name in RENDER_PLACES and project.number(*RENDER_PLACES[name], -1.0) != value:
            project.put(*RENDER_PLACES[name], value)
    for name in ("RENDER_FILE", "RENDER_PATTERN"):
        if name in held.strings and project.string(name) != held.strings[name]:
            project.put(name, 1, held.strings[name])


def main() -> None:
    """The child process: read the clips of each stem, add them up, write the files."""
    import numpy as np
    import soundfile as sf

    job = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    rate, start = job["rate"], job["start"]
    frames = max(0, round((job["end"] - start) * rate))
    levels = []
    for stem in job["stems"]:
        mono = job["mono"] and all(sf.info(c["file"]).channels == 1 for c in stem["clips"])
        channels = 1 if mono else job["channels"]
        total = np.zeros((frames, channels))
        for clip in stem["clips"]:
            audio, own_rate = sf.read(clip["file"], always_2d=True)
            if own_rate != rate:
                raise SystemExit(f"{clip['file']} is at {own_rate} Hz, the render at {rate}")
            if audio.shape[1] != channels:
                audio = np.repeat(audio[:, :1], channels, axis=1)
            first = round(clip["offset"] * rate)
            count = round(clip["length"] * rate)
            places = first + np.arange(count)
            if clip["loop"]:
                places %= len(audio)
            inside = (places >= 0) & (places < len(audio))
            part = np.zeros((count, channels))
            part[inside] = audio[places[inside]]
            seconds = np.arange(count) / rate
            for length, away in (
                (clip["fade_in"], seconds),
                (clip["fade_out"], seconds[::-1]),
            ):
                if length > 0:
                    part *= np.clip(away / length, 0, 1)[:, None]
            at = round((clip["at"] - start) * rate)
            low, high = max(at, 0), min(at + count, frames)
            if high > low:
                total[low:high] += clip["gain"] * part[low - at : high - at]
        total *= job["gain"] * stem.get("gain", 1.0)
        if job.get("measure"):
            import pyloudnorm

            level = float(pyloudnorm.Meter(rate).integrated_loudness(total))
            levels.append("-inf" if level == -np.inf else round(level, 2))
            continue
        peak = float(np.max(np.abs(total), initial=0.0))
        if job["normalize"] and peak:
            total *= job["normalize_target"] / peak
        path = Path(stem["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, total, rate, subtype="FLOAT")
    print(json.dumps(levels))
