"""Functions about scripts as actions, and other programs."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from reascript import StandInError
from reascript.engine import Engine
from reascript.signatures import Cell, api

_FIRST_COMMAND = 53_000


@api("int AddRemoveReaScript(bool add, int sectionID, const char* scriptfn, bool commit)")
def add_remove_reascript(engine: Engine, add: bool, section: int, path: str, commit: bool) -> int:
    """The same command for a script that was added before; 0 where it cannot be done."""
    known = {script: command for command, script in engine.script_commands.items()}
    if section != 0:
        raise StandInError(f"section {section} of the action list is not known")
    if add and not Path(path).is_file():
        return 0
    if add and path not in known:
        command = _FIRST_COMMAND + len(engine.commands_ever)
        engine.commands_ever.append(path)
        engine.script_commands[command] = path
        known[path] = command
    if not add and path in known:
        del engine.script_commands[known[path]]
    if commit:
        engine.committed = sorted(engine.script_commands.values())
    return known.get(path, 0)


@api("const char* ExecProcess(const char* cmdline, int timeoutmsec)")
def exec_process(engine: Engine, command: str, timeout_ms: int) -> str | None:
    """The exit code, a line's end, the output; nothing where the program cannot be started."""
    if timeout_ms <= 0:
        raise StandInError("only a process with a time limit is known")
    try:
        done = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_ms / 1000,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return f"{done.returncode}\n{done.stdout}"


@api("void GetMousePosition(int* xOut, int* yOut)")
def get_mouse_position(engine: Engine, x: Cell, y: Cell) -> None:
    x.value, y.value = 640, 400
