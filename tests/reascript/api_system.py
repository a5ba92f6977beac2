"""Functions that belong to no project: version, paths, ext state, dialogs, actions, pointers."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from reascript import StandInError
from reascript.engine import BOX_ANSWERS, Engine
from reascript.model import Project
from reascript.signatures import Buffer, api

_BOXES = {
    0: ("ok",),
    1: ("ok", "cancel"),
    2: ("abort", "retry", "ignore"),
    3: ("yes", "no", "cancel"),
    4: ("yes", "no"),
    5: ("retry", "cancel"),
}
_MOST_INPUTS = 16
#: characters of a caption that the dialog has room for
_CAPTION_SHOWN = 34


@api("const char* GetAppVersion()")
def get_app_version(engine: Engine) -> str:
    return engine.version


@api("const char* GetOS()")
def get_os(engine: Engine) -> str:
    return "Other"


@api("const char* GetResourcePath()")
def get_resource_path(engine: Engine) -> str:
    return str(engine.resource_path)


@api("const char* get_ini_file()")
def get_ini_file(engine: Engine) -> str:
    return str(engine.resource_path / "reaper.ini")


@api("double time_precise()")
def time_precise(engine: Engine) -> float:
    return engine.clock.now()


@api("bool file_exists(const char* path)")
def file_exists(engine: Engine, path: str) -> bool:
    return Path(path).is_file()


@api("const char* EnumerateFiles(const char* path, int fileindex)")
def enumerate_files(engine: Engine, path: str, place: int) -> str | None:
    folder = Path(path)
    files = sorted(one.name for one in folder.iterdir() if one.is_file()) if folder.is_dir() else []
    return files[place] if 0 <= place < len(files) else None


@api("bool APIExists(const char* function_name)")
def api_exists(engine: Engine, name: str) -> bool:
    return name in engine.function_names


@api("void* plugin_getapi(const char* name)")
def plugin_getapi(engine: Engine, name: str) -> None:
    raise StandInError("plugin_getapi is for extensions, not for scripts")


# pointers come as numbers here: they are what is asked about


@api("bool ValidatePtr(void* pointer, const char* ctypename)", null=("pointer",))
def validate_ptr(engine: Engine, pointer: Any, kind: str) -> bool:
    return pointer is not None and engine.find(kind.rstrip("*"), pointer) is not None


@api(
    "bool ValidatePtr2(ReaProject* proj, void* pointer, const char* ctypename)",
    null=("pointer",),
)
def validate_ptr2(engine: Engine, project: Project | None, pointer: Any, kind: str) -> bool:
    if pointer is None:
        return False
    thing = engine.find(kind.rstrip("*"), pointer)
    if thing is None or isinstance(thing, Project):
        return thing is not None
    return project is not None and owner(thing) is project


def owner(thing: Any) -> Project:
    """The project that an object belongs to."""
    at = getattr(thing, "item", thing)
    while not isinstance(at, Project):
        at = at.project if not hasattr(at, "parent") else at.parent
    return at


# ---- ext state


@api("void SetExtState(const char* section, const char* key, const char* value, bool persist)")
def set_ext_state(engine: Engine, section: str, key: str, value: str, persist: bool) -> None:
    if persist and ("\n" in value or "\r" in value):
        raise StandInError(f"persistent ext state {key!r} of several lines: not known")
    engine.ext_state[section, key] = (value, persist)


@api("const char* GetExtState(const char* section, const char* key)")
def get_ext_state(engine: Engine, section: str, key: str) -> str:
    return engine.ext_state.get((section, key), ("", False))[0]


@api("bool HasExtState(const char* section, const char* key)")
def has_ext_state(engine: Engine, section: str, key: str) -> bool:
    return (section, key) in engine.ext_state


@api("void DeleteExtState(const char* section, const char* key, bool persist)")
def delete_ext_state(engine: Engine, section: str, key: str, persist: bool) -> None:
    engine.ext_state.pop((section, key), None)


# ---- screen


@api("void PreventUIRefresh(int prevent_count)")
def prevent_ui_refresh(engine: Engine, count: int) -> None:
    engine.ui_holds += count
    if engine.ui_holds < 0:
        raise StandInError("PreventUIRefresh was released more often than held")


@api("void UpdateArrange()")
def update_arrange(engine: Engine) -> None:
    """Nothing is drawn in the stand-in."""


@api("void UpdateTimeline()")
def update_timeline(engine: Engine) -> None:
    """Nothing is drawn in the stand-in."""


@api("void TrackList_AdjustWindows(bool isMinor)")
def track_list_adjust_windows(engine: Engine, minor: bool) -> None:
    """Nothing is drawn in the stand-in."""


@api("void TrackList_UpdateAllExternalSurfaces()")
def track_list_update_all_external_surfaces(engine: Engine) -> None:
    """There are no control surfaces."""


@api("void ShowConsoleMsg(const char* msg)")
def show_console_msg(engine: Engine, text: str) -> None:
    if engine.version_number >= (7, 0) and text.startswith("!SHOW:"):
        # added without opening the window
        text = text.removeprefix("!SHOW:")
    else:
        engine.console_opened += 1
    engine.console.append(text)


@api("void Help_Set(const char* helpstring, bool is_temporary_help)")
def help_set(engine: Engine, text: str, temporary: bool) -> None:
    engine.help = text


@api("void ClearConsole()")
def clear_console(engine: Engine) -> None:
    engine.console.clear()


@api("int ShowMessageBox(const char* msg, const char* title, int type)")
def show_message_box(engine: Engine, text: str, title: str, kind: int) -> int:
    if kind not in _BOXES:
        raise StandInError(f"a message box of type {kind}")
    answer = engine.ask("ShowMessageBox", {"title": title, "text": text, "type": kind})["answer"]
    if answer not in _BOXES[kind]:
        raise StandInError(f"{answer!r} is no button of {title!r}: {_BOXES[kind]}")
    return BOX_ANSWERS[answer]


@api("int MB(const char* msg, const char* title, int type)")
def message_box(engine: Engine, text: str, title: str, kind: int) -> int:
    return show_message_box(engine, text, title, kind)


@api(
    "bool GetUserInputs(const char* title, int num_inputs, const char* captions_csv,"
    " char* retvals_csv, int retvals_csv_sz)"
)
def get_user_inputs(
    engine: Engine, title: str, count: int, captions_csv: str, values_csv: Buffer
) -> bool:
    """Answered by ``{"answer": "cancel"}``, ``"ok"`` (the defaults), ``{"fields": {caption:
    value}}`` (the others keep their defaults), ``{"values": [...]}`` or ``{"csv": text}``."""
    if not 1 <= count <= _MOST_INPUTS:
        raise StandInError(f"GetUserInputs with {count} fields; REAPER has at most {_MOST_INPUTS}")
    captions = captions_csv.split(",")
    separator = ","
    for extra in captions[count:]:
        if extra.startswith("separator="):
            separator = extra.removeprefix("separator=")
    captions = (captions + [""] * count)[:count]
    cut = [caption for caption in captions if len(caption) > _CAPTION_SHOWN]
    if cut:
        raise StandInError(f"{title!r}: the dialog has no room for the captions {cut}")
    defaults = values_csv.text.split(separator)
    defaults = (defaults + [""] * count)[:count]
    shown = {"title": title, "captions": captions, "values": defaults}
    answer = engine.ask("GetUserInputs", shown)
    if answer.get("answer") == "cancel":
        return False
    if "csv" in answer:
        text = str(answer["csv"])
    else:
        values = [str(v) for v in answer.get("values", defaults)]
        # fields behind those that are given keep what they show
        values += defaults[len(values) :]
        fields = dict(answer.get("fields", {}))
        for place, caption in enumerate(captions):
            if caption in fields:
                values[place] = str(fields.pop(caption))
        if fields:
            raise StandInError(f"{title!r} has no fields {sorted(fields)}, it has {captions}")
        text = separator.join(values)
    size = values_csv.size or 0
    if len(text.encode()) >= size:
        engine.fail(f"{title!r}: the answer of {len(text)} characters is cut at {size}")
    values_csv.text = text
    return True


# ---- actions


@api("int NamedCommandLookup(const char* command_name)")
def named_command_lookup(engine: Engine, name: str) -> int:
    return engine.commands.get(name, 0)


@api("const char* ReverseNamedCommandLookup(int command_id)")
def reverse_named_command_lookup(engine: Engine, number: int) -> str | None:
    return next((n.removeprefix("_") for n, c in engine.commands.items() if c == number), None)


@api("void Main_OnCommand(int command, int flag)")
def main_on_command(engine: Engine, command: int, flag: int) -> None:
    main_on_command_ex(engine, command, flag, engine.project)


@api("void Main_OnCommandEx(int command, int flag, ReaProject* proj)")
def main_on_command_ex(engine: Engine, command: int, flag: int, project: Project) -> None:
    """The few of REAPER's actions that the stand-in knows."""
    from reascript.actions import ACTIONS

    script = engine.script_commands.get(command)
    if script is not None and engine.start_script is not None:
        engine.start_script(Path(script))
        return
    action = ACTIONS.get(command)
    if action is None:
        raise StandInError(f"action {command} is not known")
    if project is not engine.project:
        raise StandInError(f"action {command} on a project that is not the current tab")
    action(engine, project)


@api("int GetToggleCommandState(int command_id)")
def get_toggle_command_state(engine: Engine, command: int) -> int:
    raise StandInError(f"the toggle state of action {command} is not known")


@api("int GetToggleCommandStateEx(int section_id, int command_id)")
def get_toggle_command_state_ex(engine: Engine, section: int, command: int) -> int:
    raise StandInError(f"the toggle state of action {command} is not known")


@api("void genGuid(GUID* g)", null=("g",))
def gen_guid(engine: Engine, guid: Any) -> None:
    raise StandInError("genGuid needs a pointer that Python cannot give")


assert ctypes.sizeof(ctypes.c_int) == 4
