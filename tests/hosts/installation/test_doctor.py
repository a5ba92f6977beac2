"""Faults that are planted in the chain: doctor names each, and its advice mends it."""

import json
import shutil
import struct
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

import reaper_drumgain
from reaper_drumgain import cli
from reaper_drumgain.hosts.installation import doctor, python_library, resource_folders
from reaper_drumgain.hosts.installation import environment as worker_environment
from reaper_drumgain.hosts.live.action_list import file_of

WORKER = "the worker's Python"
KEYS = (
    'KEY 1 60 40044 0\nSCR 4 0 RS1 "Script: DrumGain_Balance all drum tracks.py" '
    f'"DrumGain/{file_of("balance_all")}"\n'
    'SCR 4 0 RS2 "Script: other.lua" "other tool/other.lua"\n'
)

pytestmark = pytest.mark.skipif(
    python_library.own_library() is None, reason="this Python was built without a library"
)


@pytest.fixture(autouse=True)
def no_other_reaper(monkeypatch):
    monkeypatch.setattr(resource_folders, "running", list)
    monkeypatch.setattr(resource_folders, "portable_folders", lambda: iter(()))
    monkeypatch.setattr(resource_folders, "program", lambda folder: None)
    monkeypatch.setattr(worker_environment, "is_temporary", lambda prefix: False)


def install(resources, *more):
    status = cli.main(["install", "--resource-path", str(resources), *map(str, more)])
    assert status == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A resource folder in which nothing is wrong."""
    folder = tmp_path_factory.mktemp("Größe") / "REAPER"
    (folder / "Scripts").mkdir(parents=True)
    (folder / "reaper.ini").write_text("[REAPER]\nfoo=1\n")
    (folder / "reaper-kb.ini").write_text(KEYS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource_folders, "running", list)
        install(folder, "--set-python")
    return folder


@pytest.fixture(scope="module")
def used(whole):
    folder = whole.with_name("used")
    shutil.copytree(whole, folder)
    return folder


@pytest.fixture
def resources(whole, used):
    """A folder without faults, mended afterwards where a test has not done that."""
    yield used
    for name in ("reaper.ini", "reaper-kb.ini", "Scripts/DrumGain/setup.json"):
        if used.joinpath(name).parent.is_dir():
            shutil.copy(whole / name, used / name)
    if worst(reapers_side(used)):
        shutil.rmtree(used)
        shutil.copytree(whole, used)


def reapers_side(folder):
    """The checks up to the worker."""
    return list(takewhile(lambda check: check.name != WORKER, doctor.examine(folder)))


def worst(checks):
    for state in ("broken", "warning"):
        found = [check for check in checks if check.state == state]
        if found:
            return found
    return []


def set_line(folder, key, value):
    path = folder / "reaper.ini"
    lines = [li for li in path.read_text().splitlines() if not li.startswith(f"{key}=")]
    if value is not None:
        lines.insert(1, f"{key}={value}")
    path.write_text("\n".join(lines) + "\n")


def fake_library(folder, name, content):
    path = folder / "lib" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    set_line(folder, "pythonlibpath64", path.parent)
    set_line(folder, "pythonlibdll64", name)


def elf(machine):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(40)


def own_elf(size=4096):
    return Path(python_library.own_library().path).read_bytes()[:size]


def copied(folder, *parts):
    return folder.joinpath("Scripts", "DrumGain", *parts)


def edit_setup(folder, **changes):
    path = copied(folder, "setup.json")
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BUNDLE = ("lib", "reaper_drumgain")
#: what is planted, the link that must say so, and words of what it says
REAPERS = {
    "python is switched off": (
        lambda f: set_line(f, "reascript", 0),
        "Python in REAPER's preferences",
        "switched off",
    ),
    "python was never enabled": (
        lambda f: set_line(f, "reascript", None),
        "Python in REAPER's preferences",
        "never enabled",
    ),
    "no library is named": (
        lambda f: (set_line(f, "pythonlibpath64", None), set_line(f, "pythonlibdll64", None)),
        "Python library",
        "names no Python",
    ),
    "the folder field is empty": (
        lambda f: set_line(f, "pythonlibpath64", ""),
        "Python library",
        "is empty",
    ),
    "the python was removed": (
        lambda f: set_line(f, "pythonlibpath64", "/gone/python3.12/lib"),
        "Python library",
        "is not there",
    ),
    "the file name has its folder": (
        lambda f: set_line(f, "pythonlibdll64", python_library.own_library().path),
        "Python library",
        "the file name alone",
    ),
    "a python that is too old": (
        lambda f: fake_library(f, "libpython3.8.so.1.0", own_elf()),
        "Python library",
        "3.11, 3.12, 3.13 or 3.14",
    ),
    "a python for another processor": (
        lambda f: fake_library(f, "libpython3.12.so.1.0", elf(8)),
        "Python library",
        "processor 0x8",
    ),
    "the program in place of the library": (
        lambda f: fake_library(f, "python3.12", b"#!/bin/sh\n"),
        "Python library",
        "is not a library",
    ),
    "the static library": (
        lambda f: fake_library(f, "libpython3.12.a", b"!<arch>\n" + bytes(99)),
        "Python library",
        "is not a library",
    ),
    "the store's python": (
        lambda f: set_line(f, "pythonlibpath64", r"C:\Program Files\WindowsApps\Python.3.12"),
        "Python library",
        "Microsoft Store",
    ),
    "a python that was moved": (
        lambda f: fake_library(f, "libpython3.12.so.1.0", own_elf(None)),
        "Python library",
        "may not find its own modules",
    ),
    "a library that was cut": (
        lambda f: fake_library(f, "libpython3.12.so.1.0", own_elf()),
        "Python library",
        "cannot be loaded",
    ),
    "an action of a former name": (
        lambda f: copied(f, "DrumGain_Balance drums.py").write_text("import os\n"),
        "the copied files",
        "DrumGain_Balance drums.py",
    ),
    "nothing is installed": (
        lambda f: shutil.rmtree(copied(f)),
        "DrumGain's set-up",
        "not set up for this REAPER",
    ),
    "the set-up is cut": (
        lambda f: truncate(copied(f, "setup.json")),
        "DrumGain's set-up",
        "cannot be read",
    ),
    "the set-up of another version": (
        lambda f: edit_setup(f, version="0.0.1"),
        "DrumGain's set-up",
        "0.0.1",
    ),
    "the environment was deleted": (
        lambda f: edit_setup(f, interpreter="/gone/.venv/bin/python"),
        "DrumGain's set-up",
        "does not exist any more",
    ),
    "a copied module is missing": (
        lambda f: copied(f, *BUNDLE, "units.py").unlink(),
        "the copied files",
        "units.py",
    ),
    "a copied module is cut": (
        lambda f: truncate(copied(f, *BUNDLE, "hosts", "live", "tasks.py")),
        "the copied files",
        "tasks.py",
    ),
    "an action of another version": (
        lambda f: copied(f, file_of("cancel")).write_text("old\n"),
        "the copied files",
        file_of("cancel"),
    ),
    "no action is loaded": (
        lambda f: (f / "reaper-kb.ini").unlink(),
        "the actions in REAPER's action list",
        "none is loaded",
    ),
    "the loaded action lies elsewhere": (
        lambda f: (f / "reaper-kb.ini").write_text(KEYS.replace("DrumGain/", "Old/")),
        "the actions in REAPER's action list",
        "not there any more",
    ),
    "the settings are in UTF-16": (
        lambda f: (f / "reaper.ini").write_bytes("[REAPER]\n".encode("utf-16")),
        "Python in REAPER's preferences",
        "UTF-16",
    ),
    "the folder is not REAPER's": (
        lambda f: (f / "reaper.ini").unlink(),
        "REAPER's resource folder",
        "has no reaper.ini",
    ),
}


def follow(folder, advice):
    """Do what an advice says, as somebody would who reads it."""
    followed = False
    if "start REAPER once" in advice:
        (folder / "reaper.ini").write_text("[REAPER]\n")
        followed = True
    if "Load ReaScript" in advice:
        (folder / "reaper-kb.ini").write_text(KEYS)
        followed = True
    if "drumgain install" in advice:
        install(folder, "--set-python")
        followed = True
    if "delete them" in advice:
        copied(folder, "DrumGain_Balance drums.py").unlink()
        followed = True
    assert followed, advice


def test_nothing_is_wrong_where_nothing_was_planted(resources):
    assert worst(reapers_side(resources)) == []


@pytest.mark.parametrize("name", REAPERS)
def test_a_planted_fault_is_named_and_its_advice_mends_it(resources, name, monkeypatch):
    # starting a Python each time would take most of the time
    monkeypatch.setattr(worker_environment, "check_interpreter", lambda interpreter: None)
    monkeypatch.setattr(worker_environment, "is_byte_compiled", lambda interpreter: True)
    plant, link, words = REAPERS[name]
    plant(resources)
    checks = reapers_side(resources)
    found = worst(checks)
    assert found[0].name == link
    assert words in found[0].found
    assert all(check.advice for check in checks if check.state in ("broken", "warning"))
    for _ in range(3):
        left = worst(reapers_side(resources))
        if not left:
            return
        follow(resources, left[0].advice)
    assert worst(reapers_side(resources)) == []


@pytest.mark.parametrize("place", [(), ("Scripts", "DrumGain")])
def test_a_folder_that_cannot_be_written_is_a_warning(resources, monkeypatch, place):
    shut = resources.joinpath(*place)
    monkeypatch.setattr("os.access", lambda path, mode: path != shut)
    (found,) = worst(reapers_side(resources))
    assert (found.name, found.state) == ("REAPER's resource folder", "warning")
    assert f"{shut} cannot be written" in found.found
    assert "write permission" in found.advice


def test_settings_without_the_right_to_read_them(resources, monkeypatch):
    ini, read = resources / "reaper.ini", Path.read_bytes

    def refuse(path):
        if path == ini:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr("os.access", lambda path, mode: path != ini)
    (found,) = worst(reapers_side(resources))
    assert "cannot be read" in found.found
    assert "permission to read" in found.advice
    assert "start REAPER" not in found.advice


# ---- the worker's side


@pytest.fixture
def environment(tmp_path):
    """An environment of its own, and a function that runs doctor with it as the worker's."""
    import venv

    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=sys.platform != "win32")
    return home


def python_of(home):
    return home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def site_of(home):
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.check_output([python_of(home), "-c", ask], text=True).strip())


def packages():
    return [p for p in sys.path if p.endswith("site-packages")]


def see_packages(home, *more):
    (site_of(home) / "packages.pth").write_text("\n".join([*map(str, more), *packages()]))


def see_drumgain(home):
    package = Path(reaper_drumgain.__file__).parent
    see_packages(home, package.parent)


def old_drumgain(home):
    see_packages(home)
    package = site_of(home) / "reaper_drumgain"
    package.mkdir()
    (package / "__init__.py").write_text('__version__ = "0.0.1"\n')


def no_numpy(home):
    see_drumgain(home)
    package = site_of(home) / "numpy"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('built for another Python')\n")


def dies_of_numpy(home):
    """As a library that is cut ends the process: no exception, nothing said."""
    see_drumgain(home)
    package = site_of(home) / "numpy"
    package.mkdir()
    (package / "__init__.py").write_text("import os\nos.kill(os.getpid(), 9)\n")


def damaged_model(home):
    see_packages(home)
    package = Path(reaper_drumgain.__file__).parent
    target = site_of(home) / "reaper_drumgain"
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("demo", "__pycache__"))
    models = package / "_models"
    shutil.copytree(models if models.is_dir() else package.parent / "models", target / "_models")
    truncate(target / "_models" / "forest.npz")


def not_executable(home):
    python_of(home).unlink()
    python_of(home).write_bytes(elf(8))
    python_of(home).chmod(0o755)


def dies(home):
    python_of(home).unlink()
    python_of(home).write_text("#!/bin/sh\necho 'no room on this device' >&2\nexit 3\n")
    python_of(home).chmod(0o755)


WORKERS = {
    "drumgain was removed": (see_packages, "DrumGain in the worker's Python", "No module named"),
    "another drumgain": (old_drumgain, "DrumGain in the worker's Python", "0.0.1"),
    "a package is broken": (no_numpy, "the packages it needs", "built for another Python"),
    "a package ends the process": (dies_of_numpy, WORKER, "while importing numpy"),
    "the model is damaged": (damaged_model, "the model", "forest"),
    "a program for another processor": (not_executable, WORKER, "cannot be started"),
    "a python that does not start": (dies, WORKER, "no room on this device"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="scripts of POSIX as programs")
@pytest.mark.parametrize("name", WORKERS)
def test_a_fault_of_the_workers_python_is_named(resources, environment, name):
    plant, link, words = WORKERS[name]
    plant(environment)
    edit_setup(resources, interpreter=str(python_of(environment)))
    (found,) = worst(doctor.examine(resources))
    assert (found.name, found.state) == (link, "broken")
    assert words in found.found
    assert "drumgain install" in found.advice


def test_folders_that_cannot_be_written_are_named(resources, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    (found,) = [c for c in doctor.examine(resources) if c.state == "broken"]
    assert found.name == "temporary folder"
    assert "TMPDIR" in found.advice


def test_a_cache_that_cannot_be_written_is_a_warning(resources, monkeypatch, tmp_path):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("DRUMGAIN_CACHE", str(blocked / "cache"))
    checks = list(doctor.examine(resources))
    assert not any(check.state == "broken" for check in checks)
    (found,) = [check for check in checks if check.name == "cache folder"]
    assert found.state == "warning"
    assert "DRUMGAIN_CACHE" in found.advice


def test_the_command_says_it_for_people_and_for_programs(resources, capsys):
    capsys.readouterr()
    assert cli.main(["doctor", "--resource-path", str(resources)]) == 0
    text = capsys.readouterr().out
    assert "a small test balance by the worker: forest" in text
    assert "BROKEN" not in text
    assert cli.main(["doctor", "--resource-path", str(resources), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert {check["state"] for check in document["checks"]} <= {"ok", "warning"}
    set_line(resources, "reascript", 0)
    copied(resources, "setup.json").unlink()
    assert cli.main(["doctor", "--resource-path", str(resources)]) == 1
    text = capsys.readouterr().out
    assert "BROKEN  Python in REAPER's preferences" in text
    assert "to do: " in text
    assert cli.main(["doctor", "--resource-path", str(resources / "none"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["state"] == "broken"
