"""Functions about the undo history."""

from __future__ import annotations

import time

from reascript import StandInError
from reascript.engine import Engine
from reascript.history import ALL
from reascript.model import Project
from reascript.signatures import api


@api("void Undo_BeginBlock()")
def undo_begin_block(engine: Engine) -> None:
    engine.history(engine.project).begin()


@api("void Undo_BeginBlock2(ReaProject* proj)")
def undo_begin_block2(engine: Engine, project: Project) -> None:
    engine.history(project).begin()


@api("void Undo_EndBlock(const char* descchange, int extraflags)")
def undo_end_block(engine: Engine, name: str, flags: int) -> None:
    undo_end_block2(engine, engine.project, name, flags)


@api("void Undo_EndBlock2(ReaProject* proj, const char* descchange, int extraflags)")
def undo_end_block2(engine: Engine, project: Project, name: str, flags: int) -> None:
    if engine.faults.undo_flags == "none":
        flags = 0
    elif engine.faults.undo_flags == "all" and flags:
        flags = ALL
    if engine.history(project).end(name, flags):
        engine.points_made += 1
        engine.block_ended = time.monotonic()


@api("void Undo_OnStateChange(const char* descchange)")
def undo_on_state_change(engine: Engine, name: str) -> None:
    engine.history(engine.project).note(name, ALL)
    engine.points_made += 1


@api("void Undo_OnStateChange2(ReaProject* proj, const char* descchange)")
def undo_on_state_change2(engine: Engine, project: Project, name: str) -> None:
    engine.history(project).note(name, ALL)
    engine.points_made += 1


@api(
    "void Undo_OnStateChangeEx2(ReaProject* proj, const char* descchange, int whichStates,"
    " int trackparm)"
)
def undo_on_state_change_ex2(
    engine: Engine, project: Project, name: str, flags: int, track: int
) -> None:
    if track != -1:
        raise StandInError("undo points for one effect chain are not known")
    engine.history(project).note(name, flags)
    engine.points_made += 1


@api("const char* Undo_CanUndo2(ReaProject* proj)")
def undo_can_undo2(engine: Engine, project: Project) -> str | None:
    return engine.history(project).undo_name


@api("const char* Undo_CanRedo2(ReaProject* proj)")
def undo_can_redo2(engine: Engine, project: Project) -> str | None:
    return engine.history(project).redo_name


@api("int Undo_DoUndo2(ReaProject* proj)")
def undo_do_undo2(engine: Engine, project: Project) -> bool:
    return engine.history(project).undo()


@api("int Undo_DoRedo2(ReaProject* proj)")
def undo_do_redo2(engine: Engine, project: Project) -> bool:
    return engine.history(project).redo()
