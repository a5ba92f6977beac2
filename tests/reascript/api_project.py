"""Functions about projects: tabs, undo, settings, markers, time selection, ext state, files."""

from __future__ import annotations

from pathlib import Path

from reascript import StandInError
from reascript.engine import Engine
from reascript.history import ALL
from reascript.model import Project
from reascript.rpp import Line, Node
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


# ---- undo


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


def render_number(project: Project, name: str) -> float:
    """A render setting: as set, else as the file has it, else as in a new project."""
    held = project.render.numbers
    if name in held:
        return held[name]
    places = {
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
    default = RENDER_NUMBERS[name]
    return project.number(*places[name], default) if name in places else default


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


# ---- markers: a region is two MARKER lines with one number


def markers(project: Project) -> list[tuple[bool, float, float, str, int, int]]:
    """(region, start, end, name, number, colour) in order of time."""
    found: list[tuple[bool, float, float, str, int, int]] = []
    begun: dict[int, Line] = {}
    for line in project.lines("MARKER"):
        number, at = int(line.number(1)), line.number(2)
        if not int(line.number(4)) & 1:
            found.append((False, at, 0.0, line.string(3), number, int(line.number(5))))
        elif number in begun:
            start = begun.pop(number)
            entry = (start.number(2), at, start.string(3), number, int(start.number(5)))
            found.append((True, *entry))
        else:
            begun[number] = line
    return sorted(found, key=lambda marker: marker[1])


@api("int CountProjectMarkers(ReaProject* proj, int* num_markersOut, int* num_regionsOut)")
def count_project_markers(engine: Engine, project: Project, plain: Cell, regions: Cell) -> int:
    found = markers(project)
    regions.value = sum(marker[0] for marker in found)
    plain.value = len(found) - regions.value
    return len(found)


def _enum_marker(project: Project, place: int, cells: tuple[Cell, ...]) -> int:
    found = markers(project)
    if not 0 <= place < len(found):
        return 0
    region, start, end, _, number, colour = found[place]
    for cell, value in zip(cells, (int(region), start, end, number, colour), strict=False):
        cell.value = value
    return place + 1


# the names of markers do not come through Python: the pointer to the text's pointer is null


@api(
    "int EnumProjectMarkers2(ReaProject* proj, int idx, bool* isrgnOut, double* posOut,"
    " double* rgnendOut, const char** nameOut, int* markrgnindexnumberOut)"
)
def enum_project_markers2(
    engine: Engine,
    project: Project,
    place: int,
    region: Cell,
    start: Cell,
    end: Cell,
    name: object,
    number: Cell,
) -> int:
    return _enum_marker(project, place, (region, start, end, number))


@api(
    "int EnumProjectMarkers3(ReaProject* proj, int idx, bool* isrgnOut, double* posOut,"
    " double* rgnendOut, const char** nameOut, int* markrgnindexnumberOut, int* colorOut)"
)
def enum_project_markers3(
    engine: Engine,
    project: Project,
    place: int,
    region: Cell,
    start: Cell,
    end: Cell,
    name: object,
    number: Cell,
    colour: Cell,
) -> int:
    return _enum_marker(project, place, (region, start, end, number, colour))


# ---- ext state of the project


def _section(project: Project, section: str) -> Node | None:
    block = project.node("<EXTSTATE")
    wanted = section.casefold()
    nodes = block.nodes() if block else ()
    return next((n for n in nodes if n.key[1:].casefold() == wanted), None)


def _ext_line(project: Project, section: str, key: str) -> Line | None:
    node = _section(project, section)
    lines = (c for c in node.children if isinstance(c, Line)) if node else ()
    return next((c for c in lines if c.key.casefold() == key.casefold()), None)


@api(
    "int SetProjExtState(ReaProject* proj, const char* extname, const char* key, const char* value)"
)
def set_proj_ext_state(engine: Engine, project: Project, section: str, key: str, value: str) -> int:
    if not section or not key or any(mark in section + key for mark in " \t\"'`<>"):
        raise StandInError(f"project ext state {section!r}, {key!r}: not known how it is stored")
    if "\n" in value or "\r" in value:
        raise StandInError(
            f"project ext state {key!r} of several lines: not known how it is stored"
        )
    node, line = _section(project, section), _ext_line(project, section, key)
    if node is not None and line is not None:
        node.remove(line)
    if value:
        block = project.node("<EXTSTATE")
        if block is None:
            block = Node(Line("<EXTSTATE"))
            tracks = (i for i, c in enumerate(project.children) if isinstance(c, Node))
            project.insert(next(tracks, len(project.children)), block)
        if node is None:
            node = Node(Line("<" + section))
            block.append(node)
        node.append(Line(values=(key, value)))
    engine.wrote("SetProjExtState", section, key, value, project)
    return len(value)


@api(
    "int GetProjExtState(ReaProject* proj, const char* extname, const char* key,"
    " char* valOutNeedBig, int valOutNeedBig_sz)"
)
def get_proj_ext_state(
    engine: Engine, project: Project, section: str, key: str, text: Buffer
) -> int:
    line = _ext_line(project, section, key)
    text.text = line.string(1) if line else ""
    return len(text.text)


@api(
    "bool EnumProjExtState(ReaProject* proj, const char* extname, int idx, char* keyOutOptional,"
    " int keyOutOptional_sz, char* valOutOptional, int valOutOptional_sz)"
)
def enum_proj_ext_state(
    engine: Engine, project: Project, section: str, place: int, key: Buffer, value: Buffer
) -> bool:
    node = _section(project, section)
    lines = [c for c in node.children if isinstance(c, Line)] if node else []
    if not 0 <= place < len(lines):
        return False
    key.text, value.text = lines[place].key, lines[place].string(1)
    return True


# ---- files


def save(project: Project, path: Path) -> None:
    """Write a project with its present render settings, which REAPER saves too."""
    from reascript.render import settings_into

    settings_into(project)
    path.write_bytes(project.to_text().encode("utf-8", "surrogateescape"))


@api("void Main_SaveProject(ReaProject* proj, bool forceSaveAsInOptional)")
def main_save_project(engine: Engine, project: Project, save_as: bool) -> None:
    if save_as or project.path is None:
        raise StandInError("saving under another name asks the user: not known here")
    save(project, project.path)
    project.dirty = False


@api("void Main_openProject(const char* name)")
def main_open_project(engine: Engine, name: str) -> None:
    path = Path(name.removeprefix("noprompt:").removeprefix("template:"))
    old = engine.project
    if old.dirty and not name.startswith("noprompt:"):
        raise StandInError("opening over a changed project asks the user: not known here")
    project = engine.open_project(path)
    engine.projects.remove(project)
    engine.projects[engine.projects.index(old)] = project
    old.open = False
    old.changed()
