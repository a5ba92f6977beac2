"""REAPER's own actions, by command number."""

from __future__ import annotations

from collections.abc import Callable

from reascript.api_envelopes import toggle_volume_envelope
from reascript.api_storage import main_save_project
from reascript.api_tracks import set_value
from reascript.engine import Engine
from reascript.model import Project
from reascript.render import render


def _select_all(engine: Engine, project: Project, selected: bool) -> None:
    for track in project.all_tracks:
        set_value(engine, track, "I_SELECTED", float(selected), "Main_OnCommand")


def _new_tab(engine: Engine, project: Project) -> None:
    engine.open_project(None)


def _close_tab(engine: Engine, project: Project) -> None:
    if project.dirty:
        answer = engine.ask("SaveChanges", {"title": project.name, "text": "Save changes?"})
        if answer.get("answer") != "no":
            return
    engine.close_project(project)


def _undo(engine: Engine, project: Project) -> None:
    engine.history(project).undo()


def _redo(engine: Engine, project: Project) -> None:
    engine.history(project).redo()


ACTIONS: dict[int, Callable[[Engine, Project], None]] = {
    42230: render,
    40406: lambda engine, project: toggle_volume_envelope(engine, "VIS"),
    40052: lambda engine, project: toggle_volume_envelope(engine, "ACT"),
    40029: _undo,
    40030: _redo,
    40026: lambda engine, project: main_save_project(engine, project, False),
    40296: lambda engine, project: _select_all(engine, project, True),
    40297: lambda engine, project: _select_all(engine, project, False),
    40859: _new_tab,
    40860: _close_tab,
}
