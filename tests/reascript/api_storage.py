"""Functions about what a project keeps: markers, ext state, its file."""

from __future__ import annotations

import ctypes
from pathlib import Path

from reascript import StandInError
from reascript.engine import Engine
from reascript.model import Project
from reascript.render import settings_into
from reascript.rpp import Line, Node
from reascript.signatures import Buffer, Cell, api

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


def _enum_marker(
    engine: Engine, project: Project, place: int, cells: tuple[Cell, ...], name: int | None
) -> int:
    found = markers(project)
    if not 0 <= place < len(found):
        return 0
    region, start, end, text, number, colour = found[place]
    if name:
        ctypes.c_void_p.from_address(name).value = engine.keep_text(text)
    for cell, value in zip(cells, (int(region), start, end, number, colour), strict=False):
        cell.value = value
    return place + 1


@api(
    "int AddProjectMarker(ReaProject* proj, bool isrgn, double pos, double rgnend,"
    " const char* name, int wantidx)"
)
def add_project_marker(
    engine: Engine, project: Project, region: bool, start: float, end: float, name: str, wanted: int
) -> int:
    used = {number for is_region, _, _, _, number, _ in markers(project) if is_region == region}
    number = wanted if wanted > 0 else next(n for n in range(1, 10_000) if n not in used)
    project.append(Line(values=("MARKER", number, start, name, int(region))))
    if region:
        project.append(Line(values=("MARKER", number, end, "", 1)))
    engine.wrote("AddProjectMarker", "", name, start, project)
    return number


# through the generated functions of Python names do not come: the pointer for them is null


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
    name: int | None,
    number: Cell,
) -> int:
    return _enum_marker(engine, project, place, (region, start, end, number), name)


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
    name: int | None,
    number: Cell,
    colour: Cell,
) -> int:
    return _enum_marker(engine, project, place, (region, start, end, number, colour), name)


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
