"""Scenarios in a program in C that embeds Python as REAPER does: see ``embedded.c``.

The program loads a Python library, runs the stand-in's engine in the first interpreter, and each
script in one of its own. Scripts reach the engine through C functions only.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reascript.python_api import _HEAD, source_of
from reascript.run import TESTS, Report
from reascript.scripts import Runner, Script
from reascript.signatures import FUNCTIONS, Param, Signature

SOURCE = Path(__file__).with_name("embedded.c")
_C_TYPES = {"pointer": "uint64_t", "text": "const char *", "int": "int", "size": "int"}
_C_TYPES |= {"bool": "signed char", "double": "double"}
NAMES = sorted(FUNCTIONS)

_BEGINNING = """
import sys
# a program with windows has no such streams
sys.stdin = sys.stdout = sys.stderr = None
sys.path.insert(0, {plugins!r})
import reaper_python
reaper_python.rpr_initft({table!r})
obj = object()
del sys, reaper_python
"""


def _c_type(param: Param) -> str:
    return _C_TYPES.get(param.kind, "void *")


def _c_result(signature: Signature) -> str:
    if signature.result == "void":
        return "void"
    if signature.result == "char*":
        return "void *"
    if signature.result.endswith("*"):
        return "uint64_t"
    return _C_TYPES[signature.result]


def c_source() -> str:
    """C functions with the signatures of the stand-in's, each of which calls its slot."""
    lines = []
    for place, name in enumerate(NAMES):
        signature = FUNCTIONS[name].signature
        result, params = _c_result(signature), signature.params
        declared = ", ".join(f"{_c_type(p)} a{i}" for i, p in enumerate(params)) or "void"
        kinds = ", ".join(_c_type(p) for p in params) or "void"
        given = ", ".join(f"a{i}" for i in range(len(params)))
        call = f"(({result} (*)({kinds}))slots[{place}])({given})"
        body = (
            f"{call}; leave();" if result == "void" else f"{result} r = {call}; leave(); return r;"
        )
        lines.append(f"static {result} f{place}({declared}) {{ enter(); {body} }}")
    table = ", ".join(f"(void *)f{place}" for place in range(len(NAMES)))
    return "\n".join([*lines, f"static void *functions[] = {{{table}}};", ""])


def build(folder: Path, compiler: str) -> Path:
    """Compile the program. Raises CalledProcessError with what the compiler said."""
    (folder / "functions.inc").write_text(c_source(), "utf-8")
    program = folder / "embedded"
    command = [compiler, "-O1", "-rdynamic", "-I", str(folder), "-o", str(program), str(SOURCE)]
    subprocess.run([*command, "-ldl"], check=True, capture_output=True, text=True)
    return program


class EmbeddedRunner(Runner):
    """A runner whose scripts have interpreters of their own, within the program in C."""

    def __init__(self, engine: Any, search_path: list[str] | None = None) -> None:
        super().__init__(engine, search_path)
        self.host: Any = ctypes.CDLL(None)
        self.host.host_function.restype = ctypes.c_void_p
        self.host.host_error.restype = ctypes.c_char_p
        self.host.host_take.restype = ctypes.c_char_p
        table = {}
        for place, name in enumerate(NAMES):
            address = self.table.addresses.get(name)
            if address is not None:
                self.host.host_set_function(place, ctypes.c_void_p(address))
                table[name] = self.host.host_function(place)
        plugins = engine.resource_path / "Plugins"
        self.beginning = _BEGINNING.format(plugins=str(plugins), table=table)
        self.numbers: dict[int, int] = {}

    def _open(self, path: Path) -> Script:
        script = Script(path, types.ModuleType("__main__"))
        self.numbers[id(script)] = self.host.host_open(self.beginning.encode())
        self._look(script)
        return script

    def _execute(self, script: Script, code: str | bytes, name: str) -> float:
        started = time.perf_counter()
        text = code.encode() if isinstance(code, str) else code
        self.host.host_run(self.numbers[id(script)], text, name.encode())
        seconds = time.perf_counter() - started
        self._look(script)
        return seconds

    def _look(self, script: Script) -> None:
        """Take what the script deferred, and its error."""
        number = self.numbers[id(script)]
        while (code := self.host.host_take(number, 0)) is not None:
            script.ever_deferred = True
            script.deferred.append(code.decode())
        while (code := self.host.host_take(number, 1)) is not None:
            script.at_exit.append(code.decode())
        error = self.host.host_error(number)
        if error and not script.error:
            script.error = error.decode("utf-8", "replace")
            self._tell_error(script)

    def _close(self, script: Script) -> None:
        self.host.host_close(self.numbers.pop(id(script)))


def reaper_python_source() -> str:
    """The file ``reaper_python.py`` that REAPER puts into its Plugins folder."""
    head = (
        _HEAD + "\n_ft = {}\ndef rpr_initft(ft):\n    if (len(_ft) == 0):\n        _ft.update(ft)\n"
    )
    sources = [
        source_of(FUNCTIONS[name].signature).replace("    _raise_pending()\n", "")
        for name in NAMES
        if name != "ValidatePtr"
    ]
    return "\n".join([head, *sources])


_DRIVER = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from reascript.embedded import EmbeddedRunner
from reascript.run import play
play(Path(argument_1), Path(argument_2), EmbeddedRunner)
"""


def run_embedded(
    program: Path,
    library: Path,
    scenario: Mapping[str, Any],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    timeout: float = 300.0,
) -> Report:
    """Play a scenario in the program, with a Python library; ``env`` goes into its environment."""
    scenario_path, report_path = folder / "scenario.json", folder / "report.json"
    driver = folder / "driver.py"
    scenario_path.write_text(json.dumps(scenario, default=str), "utf-8")
    driver.write_text(_DRIVER.format(tests=str(TESTS)), "utf-8")
    report_path.unlink(missing_ok=True)
    plugins = Path(scenario["resource_path"], "Plugins")
    plugins.mkdir(exist_ok=True)
    (plugins / "reaper_python.py").write_text(reaper_python_source(), "utf-8")
    given = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "VIRTUAL_ENV"))}
    started = time.monotonic()
    done = subprocess.run(
        [str(program), str(library), str(driver), str(scenario_path), str(report_path)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=timeout,
        env={**given, **(env or {})},
    )
    data = json.loads(report_path.read_text("utf-8")) if report_path.exists() else {}
    return Report(data, done.stdout, done.stderr, done.returncode, time.monotonic() - started)


assert sys.version_info >= (3, 11), "the engine needs Python 3.11"
