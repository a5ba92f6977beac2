"""RENDER_STATS after a dry run: the loudness of each selected track behind its fader.

As in ``render``, a track's effects multiply by ``render_gain``, here where they are on. Names are
those of the tracks.
"""

from __future__ import annotations

import array
import json
import math
import os
import wave
from typing import TYPE_CHECKING, Any

from reascript import StandInError
from reascript.render import clips_of, run_job

if TYPE_CHECKING:
    from reascript.engine import Engine
    from reascript.model import Project, Track

#: actions that calculate the loudness of the selected tracks: of all of it, of the time selection
_WHOLE, _TIME_SELECTION = "42438", "42439"


def statistics(engine: Engine, project: Project, action: str) -> str | None:
    """The text of RENDER_STATS; None where this REAPER has none."""
    fault = engine.faults.dry_run
    if action not in (_WHOLE, _TIME_SELECTION):
        raise StandInError(f"RENDER_STATS after the action {action!r} is not known")
    if fault == "no statistics":
        return None
    tracks = [track for track in project.tracks if track.selected]
    stems = [_stem(engine, project, track) for track in tracks]
    for track, stem in zip(tracks, stems, strict=True):
        engine.dry_runs.append(
            {"action": action, "name": track.name, "fader": track.fader, "wet": stem["wet"]}
        )
    if fault == "crash":
        # what is on disk of the user's ext state is all that outlives it
        persistent = [[*key, text] for key, (text, kept) in engine.ext_state.items() if kept]
        (engine.resource_path / "ext state.json").write_text(json.dumps(persistent), "utf-8")
        if project.path is not None:
            from reascript.api_storage import save

            save(project, project.path)
        os._exit(9)
    if fault == "nothing":
        return engine.last_statistics
    if fault == "cancelled":
        stems = stems[:1]
    levels = _levels(engine, project, action, tracks, stems)
    fields = [f"FILE:{s['name']};PEAK:-1;LUFSI:{x}" for s, x in zip(stems, levels, strict=True)]
    engine.last_statistics = ";".join(fields)
    return engine.last_statistics


def _stem(engine: Engine, project: Project, track: Track) -> dict[str, Any]:
    is_wet = track.node("<FXCHAIN") is not None and track.number("FX", 1, 1) != 0
    has_solo = any(each.number("MUTESOLO", 2) for each in project.tracks)
    silent = track.number("MUTESOLO", 1) or (has_solo and not track.number("MUTESOLO", 2))
    gain = 0.0 if silent else track.fader * (engine.render_gain if is_wet else 1.0)
    return {"name": track.name, "gain": gain, "wet": is_wet, "clips": clips_of(project, track)}


def _levels(
    engine: Engine,
    project: Project,
    action: str,
    tracks: list[Track],
    stems: list[dict[str, Any]],
) -> list[Any]:
    start = 0.0
    end = max((item.position + item.length for t in tracks for item in t.items), default=0.0)
    if action == _TIME_SELECTION:
        start, end = project.number("SELECTION", 1), project.number("SELECTION", 2)
    job = {
        "start": start,
        "end": end,
        "rate": int(project.number("SAMPLERATE", 1)) or 44100,
        "gain": 1.0,
        "channels": 2,
        "mono": False,
        "normalize": 0,
        "stems": stems,
        "measure": True,
    }
    if not stems:
        return []
    # the same is played again in later presses, and each child process takes a second to start
    heard = json.dumps([start, end, [[stem["gain"], stem["clips"]] for stem in stems]])
    if heard not in engine.heard:
        simple = [_level_of_tone(stem) for stem in stems]
        levels = simple if None not in simple else json.loads(run_job(engine, job))
        engine.heard[heard] = list(levels)
    return engine.heard[heard]


def _level_of_tone(stem: dict[str, Any]) -> float | str | None:
    """About the loudness of a short mono WAV of 16 bits, without a process; None for others."""
    try:
        (clip,) = stem["clips"]
        with wave.open(clip["file"], "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                return None
            samples = array.array("h", file.readframes(min(file.getnframes(), 200_000)))
    except (ValueError, OSError, EOFError, wave.Error):
        return None
    power = sum(each * each for each in samples) / max(1, len(samples)) / 32768**2
    power *= 2.0 * (stem["gain"] * clip["gain"]) ** 2
    return round(10.0 * math.log10(power) - 0.69, 2) if power else "-inf"
