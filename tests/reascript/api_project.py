"""Functions about projects: tabs, undo, settings, markers, time selection, ext state, files."""

from __future__ import annotations

from reascript import StandInError
from reascript.engine import Engine
from reascript.model import Project
from reascript.rpp import Line
from reascript.signatures import Buffer, Cell, api


@api("ReaProject* EnumProjects(int idx, char* projfnOutOptional, int projfnOutOptional_sz)")
def enum_projects(engine: Engine, place: int, text: Buffer) -> Project | None:
    if place == 0x40000000:
        text.text = ""
        return None
    if place == -1:
        project: Project | None = engine.current
    else:
        project = engine.projects[place] if 0 <= place < len(engine.projects) else None
    text.text = str(project.path or "") if project else ""
    return project


@api("void SelectProjectInstance(ReaProject* proj)")
def select_project_instance(engine: Engine, project: Project) -> None:
    engine.select_project(project)


@api("void GetProjectName(ReaProject* proj, char* bufOut, int bufOut_sz)")
def get_project_name(engine: Engine, project: Project, text: Buffer) -> None:
    text.text = project.name


@api("void GetProjectPath(char* bufOut, int bufOut_sz)")
def get_project_path(engine: Engine, text: Buffer) -> None:
    get_project_path_ex(engine, engine.project, text)


@api("void GetProjectPathEx(ReaProject* proj, char* bufOut, int bufOut_sz)")
def get_project_path_ex(engine: Engine, project: Project, text: Buffer) -> None:
    """Where recordings go: RECORD_PATH beside the project file."""
    folder = project.path.parent if project.path else engine.resource_path
    text.text = str(folder / project.string("RECORD_PATH").replace("\\", "/"))


@api("double GetProjectLength(ReaProject* proj)")
def get_project_length(engine: Engine, project: Project) -> float:
    ends = [item.position + item.length for t in project.all_tracks for item in t.items]
    ends += [line.number(2) for line in project.lines("MARKER")]
    return max(ends, default=0.0)


@api("int IsProjectDirty(ReaProject* proj)")
def is_project_dirty(engine: Engine, project: Project) -> bool:
    return project.dirty


@api("void MarkProjectDirty(ReaProject* proj)")
def mark_project_dirty(engine: Engine, project: Project) -> None:
    project.touched()


@api("int GetProjectStateChangeCount(ReaProject* proj)")
def get_project_state_change_count(engine: Engine, project: Project) -> int:
    return project.state_count


@api("bool AnyTrackSolo(ReaProject* proj)")
def any_track_solo(engine: Engine, project: Project) -> bool:
    return any(track.number("MUTESOLO", 2) for track in project.all_tracks)


@api("int GetPlayStateEx(ReaProject* proj)")
def get_play_state_ex(engine: Engine, project: Project) -> int:
    return 0


@api("int GetPlayState()")
def get_play_state(engine: Engine) -> int:
    return 0


@api("void OnStopButtonEx(ReaProject* proj)")
def on_stop_button_ex(engine: Engine, project: Project) -> None:
    """Nothing plays in the stand-in."""


@api("double GetCursorPosition()")
def get_cursor_position(engine: Engine) -> float:
    return engine.project.number("CURSOR", 1)


@api("double GetCursorPositionEx(ReaProject* proj)")
def get_cursor_position_ex(engine: Engine, project: Project) -> float:
    return project.number("CURSOR", 1)


# ---- settings

#: the render settings and what a new project has. They are no part of the undo history.
RENDER_NUMBERS = {
    "RENDER_SETTINGS": 0.0,
    "RENDER_BOUNDSFLAG": 1.0,
    "RENDER_CHANNELS": 2.0,
    "RENDER_SRATE": 0.0,
    "RENDER_STARTPOS": 0.0,
    "RENDER_ENDPOS": 0.0,
    "RENDER_TAILFLAG": 18.0,
    "RENDER_TAILMS": 0.0,
    "RENDER_ADDTOPROJ": 0.0,
    "RENDER_DITHER": 0.0,
    "RENDER_NORMALIZE": 0.0,
    "RENDER_NORMALIZE_TARGET": 1.0,
    "RENDER_BRICKWALL": 1.0,
    "RENDER_FADEIN": 0.0,
    "RENDER_FADEOUT": 0.0,
    "RENDER_FADEINSHAPE": 0.0,
    "RENDER_FADEOUTSHAPE": 0.0,
}
RENDER_STRINGS = ("RENDER_FILE", "RENDER_PATTERN", "RENDER_FORMAT", "RENDER_FORMAT2")
#: key and place of a render setting in the project's text
RENDER_PLACES = {
    "RENDER_SETTINGS": ("RENDER_STEMS", 1),
    "RENDER_BOUNDSFLAG": ("RENDER_RANGE", 1),
    "RENDER_STARTPOS": ("RENDER_RANGE", 2),
    "RENDER_ENDPOS": ("RENDER_RANGE", 3),
    "RENDER_TAILFLAG": ("RENDER_RANGE", 4),
    "RENDER_TAILMS": ("RENDER_RANGE", 5),
    "RENDER_CHANNELS": ("RENDER_FMT", 2),
    "RENDER_SRATE": ("RENDER_FMT", 3),
    "RENDER_ADDTOPROJ": ("RENDER_ADDTOPROJ", 1),
    "RENDER_DITHER": ("RENDER_DITHER", 1),
}


def render_number(project: Project, name: str) -> float:
    """A render setting: as set, else as the file has it, else as in a new project."""
    held = project.render.numbers
    if name in held:
        return held[name]
    default = RENDER_NUMBERS[name]
    return project.number(*RENDER_PLACES[name], default) if name in RENDER_PLACES else default


def render_string(project: Project, name: str) -> str:
    if name in project.render.strings:
        return project.render.strings[name]
    if name in ("RENDER_FILE", "RENDER_PATTERN"):
        return project.string(name)
    config = project.node("<RENDER_CFG" if name == "RENDER_FORMAT" else "<RENDER_CFG2")
    lines = [c.text() for c in config.children if isinstance(c, Line)] if config else []
    return "".join(lines)


@api("double GetSetProjectInfo(ReaProject* project, const char* desc, double value, bool is_set)")
def get_set_project_info(
    engine: Engine, project: Project, name: str, value: float, is_set: bool
) -> float:
    if name in RENDER_NUMBERS:
        if is_set:
            if name == "RENDER_SETTINGS" and engine.faults.no_prefader_stems:
                value = float(int(value) & ~8192)
            project.render.numbers[name] = value
            engine.wrote("GetSetProjectInfo", "", name, value, project)
        return render_number(project, name)
    if is_set:
        raise StandInError(f"the project's value {name!r} cannot be set here")
    if name == "PROJECT_SRATE":
        return project.number("SAMPLERATE", 1)
    if name == "PROJECT_SRATE_USE":
        return project.number("SAMPLERATE", 2)
    raise StandInError(f"the project's value {name!r} is not known")


@api(
    "bool GetSetProjectInfo_String(ReaProject* project, const char* desc, char* valuestrNeedBig,"
    " bool is_set)"
)
def get_set_project_info_string(
    engine: Engine, project: Project, name: str, text: Buffer, is_set: bool
) -> bool:
    if name in RENDER_STRINGS:
        if is_set:
            project.render.strings[name] = text.text
            engine.wrote("GetSetProjectInfo_String", "", name, text.text, project)
        else:
            text.text = render_string(project, name)
        return True
    if is_set:
        raise StandInError(f"the project's text {name!r} cannot be set here")
    if name == "RENDER_STATS":
        from reascript.dry_run import statistics

        said = statistics(engine, project, text.text)
        text.text = said or ""
        return said is not None
    if name == "RENDER_TARGETS":
        from reascript.render import targets

        text.text = ";".join(path for path, _ in targets(engine, project))
        return True
    if name in ("RECORD_PATH", "RECORD_PATH_SECONDARY"):
        text.text = project.string("RECORD_PATH", 1 if name == "RECORD_PATH" else 2)
        return True
    if name == "PROJECT_NAME":
        text.text = project.name
        return True
    raise StandInError(f"the project's text {name!r} is not known")


@api(
    "void GetSet_LoopTimeRange2(ReaProject* proj, bool isSet, bool isLoop, double* startOut,"
    " double* endOut, bool allowautoseek)"
)
def get_set_loop_time_range2(
    engine: Engine,
    project: Project,
    is_set: bool,
    is_loop: bool,
    start: Cell,
    end: Cell,
    seek: bool,
) -> None:
    key = "SELECTION2" if is_loop else "SELECTION"
    if is_set:
        project.put(key, 1, start.value)
        project.put(key, 2, end.value)
        engine.wrote("GetSet_LoopTimeRange2", "", key, (start.value, end.value), project)
    start.value = project.number(key, 1)
    end.value = project.number(key, 2)


@api(
    "void GetSet_LoopTimeRange(bool isSet, bool isLoop, double* startOut, double* endOut,"
    " bool allowautoseek)"
)
def get_set_loop_time_range(
    engine: Engine, is_set: bool, is_loop: bool, start: Cell, end: Cell, seek: bool
) -> None:
    get_set_loop_time_range2(engine, engine.project, is_set, is_loop, start, end, seek)


@api("void GetProjectTimeSignature2(ReaProject* proj, double* bpmOut, double* bpiOut)")
def get_project_time_signature2(
    engine: Engine, project: Project, tempo: Cell, numerator: Cell
) -> None:
    tempo.value = project.number("TEMPO", 1, 120)
    numerator.value = project.number("TEMPO", 2, 4)


def _constant_tempo(project: Project) -> float:
    envelope = project.node("<TEMPOENVEX")
    if envelope is not None and sum(1 for _ in envelope.lines("PT")) > 1:
        raise StandInError("times in a project with tempo changes are not known")
    return project.number("TEMPO", 1, 120)


@api("double TimeMap2_timeToQN(ReaProject* proj, double tpos)")
def time_map2_time_to_qn(engine: Engine, project: Project, time: float) -> float:
    return time * _constant_tempo(project) / 60


@api("double TimeMap2_QNToTime(ReaProject* proj, double qn)")
def time_map2_qn_to_time(engine: Engine, project: Project, quarters: float) -> float:
    return quarters * 60 / _constant_tempo(project)


@api("double TimeMap_GetDividedBpmAtTime(double time)")
def time_map_get_divided_bpm_at_time(engine: Engine, time: float) -> float:
    return _constant_tempo(engine.project)
