"""Nothing heavy is imported, no socket is opened, no file is written elsewhere."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import reaper_drumgain
from reaper_drumgain.cli import install
from reaper_drumgain.hosts.live import action_list

PACKAGE = Path(reaper_drumgain.__file__).parent
BUNDLED = sorted(
    path for place, path in install.bundle() if place.parts[:2] == ("lib", "reaper_drumgain")
)


def imported(path):
    tree = ast.parse(path.read_text("utf-8"))
    if path == PACKAGE / "__init__.py":
        # the public interface is imported when a name of it is used: see the next test
        tree.body = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            if node.module.startswith("reaper_drumgain"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def exists(name):
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def allowed(name):
    """Whether REAPER's Python may import this: the standard library, reapy, the copied folders."""
    top, *rest = name.split(".")
    if top != "reaper_drumgain":
        return top in sys.stdlib_module_names or top in ("reapy", "reaper_python")
    if not exists(name):
        # a name within a module, which is imported too
        return True
    path = "/".join(rest)
    inside = any(path == f or path.startswith(f"{f}/") for f in install.BUNDLED_FOLDERS)
    return not rest or rest == ["hosts"] or path in install.BUNDLED_MODULES or inside


@pytest.mark.parametrize(
    "files", [BUNDLED, sorted(install.actions_folder().glob("*.py"))], ids=["bundle", "actions"]
)
def test_what_reaper_loads_imports_nothing_else(files):
    assert len(files) >= 14
    wrong = [(f.name, name) for f in files for name in imported(f) if not allowed(name)]
    assert wrong == []


def test_reaper_uses_no_name_of_the_public_interface():
    names = {name for path in BUNDLED for name in imported(path)}
    assert not names & {f"reaper_drumgain.{name}" for name in reaper_drumgain.__all__}


def test_that_guard_can_fire():
    names = set(imported(PACKAGE / "balance" / "pipeline.py"))
    assert not all(allowed(name) for name in names)


IMPORT_ALL = """
import importlib, pathlib, sys
lib = pathlib.Path({lib!r})
sys.path.insert(0, str(lib))
names = []
for path in sorted((lib / "reaper_drumgain").rglob("*.py")):
    parts = path.relative_to(lib).with_suffix("").parts
    names.append(".".join(part for part in parts if part != "__init__"))
for name in names:
    importlib.import_module(name)
from reaper_python import RPR_ShowConsoleMsg
outside = [
    name for name, module in sys.modules.items()
    if name.partition(".")[0] in ("reaper_drumgain", "reapy")
    and not str(module.__file__).startswith(str(lib))
]
RPR_ShowConsoleMsg(f"{{len(names)}} modules, outside: {{outside}}")
"""


def test_the_installed_copy_imports_with_nothing_else_there(reaper, tmp_path):
    """Every module of the copy is imported inside the stand-in, without any installed package."""
    script = tmp_path / "import all.py"
    lib = reaper.resource_path / "Scripts" / "DrumGain" / "lib"
    script.write_text(IMPORT_ALL.format(lib=str(lib)), "utf-8")
    report = reaper.play({"run": str(script)})
    assert report.console == f"{len(BUNDLED)} modules, outside: []"


NAMES = """
import sys
sys.path.insert(0, {lib!r})
from reaper_drumgain.hosts.live import BALANCE_SCOPES, commands, reaper
reaper.RPR.ShowConsoleMsg(" ".join(sorted([*BALANCE_SCOPES, *commands.ACTIONS])))
"""


def test_actions_and_commands_have_the_same_names(reaper, tmp_path):
    script = tmp_path / "names.py"
    lib = reaper.resource_path / "Scripts" / "DrumGain" / "lib"
    script.write_text(NAMES.format(lib=str(lib)), "utf-8")
    report = reaper.play({"run": str(script)})
    assert report.console.split() == sorted(action_list.TITLES)
    files = {path.name for path in install.actions_folder().glob("*.py")}
    assert files == {action_list.file_of(name) for name in action_list.TITLES}


def test_importing_the_live_package_alone_touches_no_network():
    code = "import reaper_drumgain.hosts.live, reaper_drumgain.hosts.live.setup, sys; "
    code += "sys.exit('reapy' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    outside = "import reaper_drumgain.hosts.live.commands"
    done = subprocess.run(
        [sys.executable, "-c", outside], capture_output=True, text=True, check=False
    )
    assert "inside REAPER only" in done.stderr
    assert "reapy" not in done.stderr


def interpreters():
    """Pythons of the supported versions that start here: on the path, or kept by pyenv."""
    yield sys.executable
    for version in ("3.12", "3.13"):
        kept = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
        for path in filter(None, [shutil.which(f"python{version}"), *map(str, kept)]):
            done = subprocess.run([path, "-c", ""], capture_output=True, check=False)
            if done.returncode == 0:
                yield path
                break


@pytest.mark.parametrize("python", list(interpreters()), ids=lambda path: Path(path).name)
def test_every_action_runs_three_times_over_in_sub_interpreters(fake, python):
    """In one process, as REAPER may run scripts, on each Python that is here."""
    names = list(action_list.TITLES)
    answers = {
        "settings": [{"answer": "ok"}],
        "learn": [{"answer": "cancel"}],
        "set_role": [{"answer": "ok"}],
        "trims": [{"answer": "ok"}],
    }
    steps = [{"do": {"select": ["Bass"]}}, fake.press("balance_all")]
    # the self-test would wait for an answer that this worker does not give
    steps += [fake.press(n, *answers.get(n, [])) for n in sorted(names) if n != "self_test"]
    # each press takes a second on a computer that is busy with other things
    report = fake.play(*steps, python=python, rounds=3, timeout=400.0)
    assert "moved 11 of 11" in report.console
    assert "not set up" not in str(report.data["dialogs"])


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_no_socket_and_no_file_elsewhere_seen_from_outside(reaper, tmp_path):
    trace = tmp_path / "trace"
    calls = "socket,connect,bind,listen,openat,open,creat,rename,renameat,renameat2,unlink,mkdir"
    command = ("strace", "-f", "-qq", "-e", f"trace={calls}", "-o", str(trace))
    try:
        report = reaper.play(reaper.press("balance_all"), prefix=command)
    except AssertionError:
        if "ptrace" in trace.read_text(errors="replace") if trace.exists() else True:
            pytest.skip("strace is not permitted here")
        raise
    assert "moved 11 of 11" in report.console
    lines = trace.read_text(errors="replace").splitlines()
    assert len(lines) > 100
    assert [line for line in lines if re.search(r"\b(bind|connect|listen)\(", line)] == []
    sockets = [li for li in lines if re.search(r"\bsocket\(", li)]
    assert sockets == []
    written = []
    for line in lines:
        if "O_WRONLY" in line or "O_RDWR" in line or "creat(" in line or "O_CREAT" in line:
            found = re.search(r'"([^"]*)"', line)
            if found and "ENOENT" not in line:
                written.append(found.group(1))
    home = str(tmp_path)
    bundle = str(reaper.resource_path / "Scripts" / "DrumGain" / "lib")
    octal = bundle.encode("utf-8")
    allowed_places = (home, bundle, "/dev/null", "/dev/shm", "/proc/self")
    own = [path for path in written if not path.startswith(allowed_places)]
    # strace shows names beyond ASCII in octal
    own = [p for p in own if not _plain(p).startswith((home.encode(), octal))]
    assert own == []


def _plain(text):
    return re.sub(rb"\\(\d{3})", lambda m: bytes([int(m.group(1), 8)]), text.encode())


def test_it_runs_where_there_is_no_network(reaper):
    command = ("unshare", "-rn")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("a namespace without network cannot be made here")
    report = reaper.play(reaper.press("balance_all"), prefix=command)
    assert "moved 11 of 11" in report.console
