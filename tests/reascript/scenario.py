"""What the user and the world do in a scenario, and the state that is reported."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

from reascript.api_envelopes import wake
from reascript.api_storage import save, set_proj_ext_state
from reascript.api_tracks import ext_set
from reascript.engine import Engine, Faults
from reascript.history import ITEMS, MISCCFG, TRACKCFG, TRACKENV, differences
from reascript.model import Envelope, Project, Track, new_envelope
from reascript.rpp import Line


def track_named(project: Project, name: str | int) -> Track:
    """A track by its name (the first) or its place."""
    if isinstance(name, int):
        return project.tracks[name]
    for track in project.all_tracks:
        if track.name == name:
            return track
    raise ValueError(f"no track {name!r} in {project.name!r}")


class World:
    """Does what a scenario's ``do`` says: each deed leaves the undo point that a user's does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def do(self, deeds: dict[str, Any]) -> None:
        for name, value in deeds.items():
            if name != "project":
                getattr(self, f"do_{name}")(value)

    @property
    def project(self) -> Project:
        return self.engine.project

    def _point(self, name: str, flags: int) -> None:
        self.engine.history(self.project).note(name, flags)

    def do_select(self, names: list[str | int]) -> None:
        wanted = [track_named(self.project, name) for name in names]
        for track in self.project.all_tracks:
            track.put("SEL", 1, int(any(track is each for each in wanted)))
        self._point("Change track selection", TRACKCFG)

    def do_fader(self, faders: dict[str, float]) -> None:
        for name, gain in faders.items():
            track_named(self.project, name).put("VOLPAN", 1, float(gain), ("VOLPAN", 1, 0, -1, -1))
        self._point("Adjust track volume", TRACKCFG)

    def do_line(self, changes: list[list[Any]]) -> None:
        """``[track, key, place, value]``: any value of a track, in the text's terms."""
        for name, key, place, value in changes:
            track_named(self.project, name).put(key, place, value)
        self._point("Change track", TRACKCFG)

    def do_envelope(self, changes: dict[str, dict[str, Any]]) -> None:
        """``{track: {"key": "<VOLENV2", "active": 1, "points": [[time, gain, shape], ...]}}``:
        draw an envelope anew, or change what is given of it; ``"pooled"`` adds automation items."""
        for name, wanted in changes.items():
            track = track_named(self.project, name)
            key = wanted.get("key", "<VOLENV2")
            envelope = next((e for e in track.envelopes if e.key == key), None)
            if envelope is None:
                envelope = new_envelope(key)
                envelope.parent = track
                wake(envelope)
                envelope.put("VIS", 1, 1)
                envelope.put("ACT", 1, 1)
            if "active" in wanted:
                envelope.put("ACT", 1, wanted["active"])
            if "points" in wanted:
                lines = [Line(values=("PT", *map(float, p[:2]), *p[2:])) for p in wanted["points"]]
                envelope.set_points(lines)
            for _ in range(wanted.get("pooled", 0)):
                envelope.append(Line("POOLEDENVINST 1 0 4 0 1 0 0 0 1 0 0 0"))
        self._point("Edit envelope", TRACKENV)

    def do_mute_items(self, name: str) -> None:
        for item in track_named(self.project, name).items:
            item.put("MUTE", 1, 1)
        self._point("Mute items", ITEMS)

    def do_p_ext(self, values: dict[str, dict[str, str]]) -> None:
        for name, pairs in values.items():
            for key, value in pairs.items():
                ext_set(track_named(self.project, name), key, value)
        self._point("Change track", TRACKCFG)

    def do_delete_track(self, name: str | int) -> None:
        self.project.remove(track_named(self.project, name))
        self._point("Remove tracks", TRACKCFG)

    def do_script_deletes_items(self, name: str) -> None:
        """Another script deletes a track's items outside of an undo block: nothing tells of it."""
        track = track_named(self.project, name)
        for item in track.items:
            track.remove(item)

    def do_rename(self, names: dict[str, str]) -> None:
        for old, new in names.items():
            track_named(self.project, old).put("NAME", 1, new)
        self._point("Rename tracks", TRACKCFG)

    def do_time_selection(self, times: list[float]) -> None:
        for place, bound in enumerate(times, 1):
            self.project.put("SELECTION", place, float(bound))
        self._point("Change time selection", MISCCFG)

    def do_move_track(self, order: list[Any]) -> None:
        """``[track, place]``: move a track to another place in the project."""
        track = track_named(self.project, order[0])
        self.project.remove(track)
        spots = [i for i, c in enumerate(self.project.children) if isinstance(c, Track)]
        place = int(order[1])
        self.project.insert(spots[place] if place < len(spots) else spots[-1] + 1, track)
        self._point("Reorder tracks", TRACKCFG)

    def do_open(self, path: str) -> None:
        self.engine.open_project(Path(path))

    def do_switch_tab(self, place: int) -> None:
        self.engine.current = self.engine.projects[place]

    def do_close_tab(self, place: int) -> None:
        self.engine.close_project(self.engine.projects[place])

    def do_undo(self, count: int) -> None:
        for _ in range(count):
            if not self.engine.history(self.project).undo():
                raise ValueError("there is nothing to undo")

    def do_redo(self, count: int) -> None:
        for _ in range(count):
            if not self.engine.history(self.project).redo():
                raise ValueError("there is nothing to redo")

    def do_save(self, path: str) -> None:
        save(self.project, Path(path))

    def do_faults(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name not in Faults.__dataclass_fields__:
                raise ValueError(
                    f"no fault {name!r}, there are {list(Faults.__dataclass_fields__)}"
                )
            setattr(self.engine.faults, name, value)

    def do_ext_state(self, values: list[list[Any]]) -> None:
        for section, key, value in values:
            self.engine.ext_state[section, key] = (value, True)

    def do_project_ext_state(self, values: list[list[str]]) -> None:
        for section, key, value in values:
            set_proj_ext_state(self.engine, self.project, section, key, value)

    def do_answers(self, answers: list[dict[str, Any]]) -> None:
        self.engine.answers.extend(answers)

    def do_make_file(self, path: str) -> None:
        """An empty file, for which a process of the test waits."""
        Path(path).touch()

    def do_kill_children(self, number: int) -> None:
        """Send a signal to the processes that this one started: the worker is gone."""
        for child in children():
            os.kill(child, number or signal.SIGKILL)

    def do_crash(self, status: int) -> None:
        """REAPER dies at once: nothing is cleaned up, no report is written."""
        os._exit(status)


def children() -> list[int]:
    """The processes that this process started and that still run (Linux)."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        try:
            text = (task / "children").read_text()
        except OSError:
            continue
        found += [int(number) for number in text.split()]
    return found


def wait_for_children(seconds: float) -> int:
    """Let processes that were released end; how many are left then."""
    end = time.monotonic() + seconds
    while children() and time.monotonic() < end:
        with contextlib.suppress(OSError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.01)
    return len(children())


def _envelope(envelope: Envelope) -> dict[str, Any]:
    return {
        "key": envelope.key.lstrip("<"),
        "active": envelope.active,
        "visible": envelope.number("VIS", 1) != 0,
        "sorted": envelope.sorted,
        "fader_scaled": envelope.fader_scaled,
        "points": [[line.number(1), line.number(2), line.number(3)] for line in envelope.points],
    }


def _track(track: Track) -> dict[str, Any]:
    stored = track.node("<EXT")
    lines = [c for c in stored.children if isinstance(c, Line)] if stored else []
    return {
        "name": track.name,
        "guid": track.guid,
        "fader": track.fader,
        "pan": track.number("VOLPAN", 2),
        "selected": track.selected,
        "muted": track.number("MUTESOLO", 1) != 0,
        "p_ext": {line.key: line.string(1) for line in lines},
        "envelopes": [_envelope(envelope) for envelope in track.envelopes],
        "items": len(track.items),
    }


def project_state(engine: Engine, project: Project) -> dict[str, Any]:
    """What the report says of one project."""
    from reascript.api_project import RENDER_NUMBERS, RENDER_STRINGS, render_number, render_string

    history = engine.history(project)
    stored = project.node("<EXTSTATE")
    return {
        "name": project.name,
        "path": str(project.path or ""),
        "current": project is engine.current,
        "dirty": project.dirty,
        "tracks": [_track(track) for track in project.all_tracks],
        "undo": [[point.name, point.flags] for point in history.points[1:]],
        "undo_place": history.current,
        "changed_since_undo_point": differences(history.points[history.current].state, project),
        "time_selection": [project.number("SELECTION", 1), project.number("SELECTION", 2)],
        "ext_state": {
            section.key[1:]: {c.key: c.string(1) for c in section.children if isinstance(c, Line)}
            for section in (stored.nodes() if stored else ())
        },
        "render": {
            **{name: render_number(project, name) for name in RENDER_NUMBERS},
            **{name: render_string(project, name) for name in RENDER_STRINGS},
        },
    }
