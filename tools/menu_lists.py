"""Write the lists of the menu (methods, values, roles, actions) into a Lua file.

``python tools/menu_lists.py`` after a change of one of them; ``--check`` changes nothing and
says by its exit status whether the file is up to date. A test runs that, too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from reaper_drumgain import __version__
from reaper_drumgain.hosts.live import preferences
from reaper_drumgain.hosts.live.action_list import TITLES, file_of
from reaper_drumgain.hosts.live.setup import FILE_NAME, FOLDER, FORMAT, MODEL
from reaper_drumgain.methods.registry import METHODS
from reaper_drumgain.schema import json_codec, trims
from reaper_drumgain.tracks.reaper_rules import LOCK_KEY, ROLE_KEY

PLACE = Path(__file__).resolve().parents[1] / "actions" / "menu" / "lists.lua"
HEAD = "-- What the menu knows of the package. Written by tools/menu_lists.py: do not edit.\n\n"


def lists() -> dict[str, Any]:
    """What the menu has to know of the package."""
    usual = preferences.Preferences(METHODS[0].name)
    return {
        "version": __version__,
        "setup_format": FORMAT,
        "setup_place": [*FOLDER, FILE_NAME],
        "kind": preferences.KIND,
        "schema": preferences.SCHEMA,
        "defaults": json_codec.dumps(usual, kind=preferences.KIND, schema=preferences.SCHEMA),
        "methods": [[entry.name, entry.summary] for entry in METHODS],
        "model": MODEL,
        "choices": {
            key: [[value, words] for value, words in offered.items()]
            for key, offered in preferences.WORDS.items()
        },
        "role_key": ROLE_KEY,
        "lock_key": LOCK_KEY,
        "trim_key": trims.KEY,
        "families": list(trims.FAMILIES),
        "max_trim": int(trims.MAX_TRIM),
        "roles": [[group, list(roles)] for group, roles in preferences.ROLE_GROUPS.items()],
        "actions": [[name, title, file_of(name)] for name, title in TITLES.items()],
    }


def lua(value: Any, indent: str = "") -> str:
    """A Lua literal: what fits is on one line, else each element has its own."""
    if isinstance(value, dict | list):
        if isinstance(value, dict):
            parts = [f"{key} = {lua(item, indent + '  ')}" for key, item in value.items()]
        else:
            parts = [lua(item, indent + "  ") for item in value]
        line = "{" + ", ".join(parts) + "}"
        if len(indent + line) <= 90 and "\n" not in line:
            return line
        inner = "".join(f"{indent}  {part},\n" for part in parts)
        return "{\n" + inner + indent + "}"
    if isinstance(value, str):
        # long brackets need no escapes
        if '"' in value:
            return f"[==[{value}]==]"
        return '"' + value.replace("\\", "\\\\") + '"'
    return str(value)


def text() -> str:
    """The text of the file."""
    return f"{HEAD}return {lua(lists())}\n"


def main(arguments: list[str]) -> int:
    """Write the lists, or check them."""
    if arguments == ["--check"]:
        is_old = PLACE.read_text("utf-8") != text()
        if is_old:
            print(f"{PLACE.name} is old: run python tools/menu_lists.py")
        return int(is_old)
    PLACE.write_text(text(), "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
