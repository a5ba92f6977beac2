"""``drumgain install`` and ``uninstall``, and the actions that they copy."""

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reaper_drumgain import __version__, cli, methods
from reaper_drumgain.cli import install, reaper_python
from reaper_drumgain.hosts.installation import environment, python_library, resource_folders
from reaper_drumgain.hosts.live import BALANCE_SCOPES
from reaper_drumgain.hosts.live.action_list import file_of

ACTIONS = sorted(install.actions_folder().glob("*.py"))


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def no_other_reaper(monkeypatch):
    """The computer that runs the tests may have a REAPER of its own."""
    monkeypatch.setattr(resource_folders, "running", list)
    monkeypatch.setattr(resource_folders, "portable_folders", lambda: iter(()))


@pytest.fixture
def resources(tmp_path):
    folder = tmp_path / "RÉAPER resources"
    (folder / "Scripts").mkdir(parents=True)
    (folder / "reaper.ini").write_text("[REAPER]\n")
    (folder / "Scripts" / "somebody else's.lua").write_text("-- theirs\n")
    return folder


def test_install_writes_its_folder_alone_and_uninstall_takes_it_away(resources, capsys):
    before = files(resources)
    assert run("install", "--resource-path", resources) == 0
    after = files(resources)
    new = set(after) - set(before)
    assert all(place.parts[:2] == ("Scripts", "DrumGain") for place in new)
    assert {place: after[place] for place in before} == before
    setup = json.loads(after[Path("Scripts/DrumGain/setup.json")])
    assert setup["version"] == __version__
    assert setup["interpreter"] == sys.executable
    assert [name for name, _ in setup["methods"]] == list(methods.names())
    assert "Load ReaScript" in capsys.readouterr().out
    # REAPER's Python compiles what it imports
    compiled = resources / "Scripts" / "DrumGain" / "lib" / "reapy" / "__pycache__"
    compiled.mkdir()
    (compiled / "x.pyc").write_bytes(b"x")
    assert run("uninstall", "--resource-path", resources) == 0
    assert files(resources) == before
    assert not (resources / "Scripts" / "DrumGain").exists()


def test_a_dry_run_writes_nothing(resources, capsys):
    before = files(resources)
    assert run("install", "--resource-path", resources, "--dry-run") == 0
    assert files(resources) == before
    said = capsys.readouterr().out
    assert file_of("balance_selected") in said
    assert "setup.json" in said


def test_install_again_replaces_what_was_changed_and_removes_what_is_gone(resources):
    run("install", "--resource-path", resources)
    folder = resources / "Scripts" / "DrumGain"
    whole = files(folder)
    (folder / file_of("cancel")).write_text("broken\n")
    setup = json.loads((folder / "setup.json").read_text("utf-8"))
    old, mine = folder / "drumgain_old.py", folder / "my notes.txt"
    old.write_text("of an earlier version\n")
    mine.write_text("keep\n")
    setup["files"] += ["drumgain_old.py", "../somebody else's.lua", "/etc/hostname"]
    (folder / "setup.json").write_text(json.dumps(setup), "utf-8")
    assert run("install", "--resource-path", resources) == 0
    mine_again = files(folder)
    assert mine_again.pop(Path("my notes.txt")) == b"keep\n"
    assert mine_again == whole
    assert (resources / "Scripts" / "somebody else's.lua").exists()
    run("uninstall", "--resource-path", resources)
    assert [p.name for p in folder.iterdir()] == ["my notes.txt"]
    assert (resources / "Scripts" / "somebody else's.lua").exists()


def test_a_full_disk_leaves_no_set_up_that_seems_to_work(resources, monkeypatch, capsys):
    run("install", "--resource-path", resources)
    (resources / "Scripts/DrumGain/lib/reaper_drumgain/tracks/selection.py").write_text("cut\n")
    write = Path.write_bytes

    def full(self, data):
        if self.name == "selection.py":
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert run("install", "--resource-path", resources) == 1
    assert "No space left" in capsys.readouterr().err
    assert not (resources / "Scripts" / "DrumGain" / "setup.json").exists()
    monkeypatch.undo()
    assert run("install", "--resource-path", resources) == 0


@pytest.mark.parametrize("earlier", [False, True])
def test_an_installation_that_ended_half_way_is_taken_away_as_a_whole(
    resources, monkeypatch, earlier
):
    before = files(resources)
    folder = resources / "Scripts" / "DrumGain"
    if earlier:
        # an earlier version with an action that this one lacks
        assert run("install", "--resource-path", resources) == 0
        setup = json.loads((folder / "setup.json").read_text("utf-8"))
        setup["files"].append("DrumGain_Gone.py")
        (folder / "setup.json").write_text(json.dumps(setup), "utf-8")
        (folder / "DrumGain_Gone.py").write_text("old\n")
        (folder / file_of("trims")).write_text("old\n")
    with monkeypatch.context() as patch:
        write = Path.write_bytes

        def full(self, data):
            if self.name == file_of("trims"):
                raise OSError(28, "No space left on device")
            return write(self, data)

        patch.setattr(Path, "write_bytes", full)
        assert run("install", "--resource-path", resources) == 1
    assert not (folder / "setup.json").exists()
    assert run("uninstall", "--resource-path", resources) == 0
    assert files(resources) == before
    assert not folder.exists()


def test_a_disk_without_any_room_leaves_the_earlier_installation(resources, monkeypatch):
    assert run("install", "--resource-path", resources) == 0
    before = files(resources)
    write = Path.write_text

    def full(self, *arguments, **more):
        if self.is_relative_to(resources):
            raise OSError(28, "No space left on device")
        return write(self, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        assert run("install", "--resource-path", resources) == 1
    assert files(resources) == before


def test_the_usual_folder_is_found(resources, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run("install", "--dry-run") == 2
    message = capsys.readouterr().err
    assert str(tmp_path / "REAPER") in message
    assert "--resource-path" in message
    resources.rename(tmp_path / "REAPER")
    assert run("install", "--dry-run") == 0


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("win32", "APPDATA", ("REAPER",)),
        ("darwin", "HOME", ("Library", "Application Support", "REAPER")),
        ("linux", "XDG_CONFIG_HOME", ("REAPER",)),
    ],
)
def test_each_system_has_its_folder(monkeypatch, tmp_path, platform, variable, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert next(resource_folders.usual_folders()) == tmp_path.joinpath(*expected)


def test_what_is_no_folder_and_what_is_not_installed_is_told(tmp_path, capsys):
    assert run("install", "--resource-path", tmp_path / "none") == 2
    assert "no folder" in capsys.readouterr().err
    assert run("uninstall", "--resource-path", tmp_path) == 2
    assert "nothing is installed" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_an_interpreter_that_does_not_find_the_package_is_refused(
    resources, tmp_path, monkeypatch, capsys
):
    lost = tmp_path / "python"
    lost.write_text("#!/bin/sh\nexit 1\n")
    lost.chmod(lost.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(lost))
    assert run("install", "--resource-path", resources) == 1
    assert "pipx" in capsys.readouterr().err
    assert not (resources / "Scripts" / "DrumGain").exists()


def test_without_a_home_nothing_is_guessed(monkeypatch, tmp_path):
    monkeypatch.setattr(
        resource_folders, "usual_folders", lambda: iter([tmp_path / "a", tmp_path / "b"])
    )
    assert run("install", "--dry-run") == 2


@pytest.mark.parametrize("action", ACTIONS, ids=lambda path: path.stem)
def test_each_action_is_thin_and_has_its_header(action):
    text = action.read_text("utf-8")
    head = [line for line in text.splitlines() if line.startswith("#")]
    for key in ("@description DrumGain: ", "@author ", f"@version {__version__}", "@about", "@cha"):
        assert any(line.startswith(f"# {key}") for line in head), key
    assert len(text.splitlines()) < 45
    (name,) = re.findall(r'entry\.press\("(\w+)"\)', text)
    assert action.name == file_of(name)


def test_every_action_that_balances_is_installed():
    assert {file_of(name) for name in BALANCE_SCOPES} <= {action.name for action in ACTIONS}


def test_the_actions_are_found_from_a_wheel_too(monkeypatch, tmp_path):
    package = tmp_path / "reaper_drumgain"
    shutil.copytree(install.actions_folder(), package / "_actions")
    monkeypatch.setattr(install, "_PACKAGE", package)
    assert install.actions_folder() == package / "_actions"


def older_pythons():
    """Pythons that REAPER may load and that are refused, as far as they start here."""
    for version in ("2.7", "3.6", "3.8", "3.10"):
        for path in sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}")):
            yield pytest.param(path, version, id=version)


PRESS = """
import io, sys
said = []
class Functions: pass
functions = type(sys)("reaper_python")
functions.RPR_GetResourcePath = lambda: sys.argv[2]
functions.RPR_DeleteExtState = lambda *names: None
functions.RPR_ShowMessageBox = lambda text, title, kind: said.append(text)
sys.modules["reaper_python"] = functions
deferred = []
RPR_defer = deferred.append
source = io.open(sys.argv[1], encoding="utf-8").read().encode("utf-8")
exec(compile(source, "action", "exec"), globals())
assert deferred == [""] and len(said) == 1
sys.stdout.write(said[0])
"""


def pressed(python, action, resources, **how):
    """Run an action in a Python as REAPER does, as far as it comes without REAPER."""
    command = [str(python), "-c", PRESS, str(action), str(resources)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)


@pytest.mark.parametrize(("python", "version"), list(older_pythons()))
def test_an_older_python_is_named_with_those_that_are_right(python, version, tmp_path):
    action = next(path for path in ACTIONS if path.name == file_of("balance_all"))
    done = pressed(python, action, tmp_path, cwd=tmp_path)
    if "error while loading" in done.stderr:
        pytest.skip("this Python does not start here")
    assert f"REAPER uses Python {version}." in done.stdout, done.stderr
    assert "3.11, 3.12, 3.13 or 3.14" in done.stdout
    assert "Preferences, Plug-ins, ReaScript" in done.stdout


def test_the_versions_stand_in_one_way_everywhere():
    pattern = r"not \(3, (\d+)\) <= sys.version_info\[:2\] <= \(3, (\d+)\)"
    found = {tuple(re.search(pattern, a.read_text("utf-8")).groups()) for a in ACTIONS}
    assert found == {(str(python_library.OLDEST[1]), str(python_library.NEWEST[1]))}
    metadata = Path(install.__file__).parents[2] / "pyproject.toml"
    if metadata.is_file():
        wanted = f'">={3}.{python_library.OLDEST[1]},<3.{python_library.NEWEST[1] + 1}"'
        assert f"requires-python = {wanted}" in metadata.read_text("utf-8")
    bodies = {
        a.read_text("utf-8").split("\nimport os\n")[1].split("entry.press")[0] for a in ACTIONS
    }
    assert len(bodies) == 1


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_without_a_bundle_the_action_says_so(version, tmp_path):
    found = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
    # not that of an environment, in which DrumGain is installed
    python = found[0] if found else Path(sys.base_prefix, "bin", "python3")
    if not python.is_file():
        pytest.skip("needs a Python without DrumGain")
    action = next(path for path in ACTIONS if path.name == file_of("balance_all"))
    done = pressed(python, action, tmp_path, cwd=tmp_path)
    assert "missing or damaged" in done.stdout, done.stderr
    assert "drumgain install" in done.stdout


def test_another_copy_that_is_in_the_way_is_named(tmp_path):
    action = next(path for path in ACTIONS if path.name == file_of("balance_all"))
    checkout = Path(install.__file__).parents[2]
    done = pressed(sys.executable, action, tmp_path, env={"PYTHONPATH": str(checkout)})
    assert f"another copy of DrumGain ({checkout})" in done.stdout, done.stderr
    assert "PYTHONPATH" in done.stdout


def test_uninstall_leaves_no_empty_folder(tmp_path):
    (tmp_path / "reaper.ini").write_text("[REAPER]\n")
    run("install", "--resource-path", tmp_path)
    run("install", "--resource-path", tmp_path)
    compiled = tmp_path / "Scripts/DrumGain/lib/reaper_drumgain/tracks/__pycache__"
    compiled.mkdir()
    (compiled / "roles.cpython-312.pyc").write_bytes(b"x")
    assert run("uninstall", "--resource-path", tmp_path) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["reaper.ini"]


def test_upgrade_from_a_version_without_a_file_removes_it_and_its_byte_code(resources):
    run("install", "--resource-path", resources)
    folder = resources / "Scripts" / "DrumGain"
    gone = folder / "lib" / "reaper_drumgain" / "hosts" / "old" / "module.py"
    (gone.parent / "__pycache__").mkdir(parents=True)
    gone.write_text("x = 1\n")
    (gone.parent / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"x")
    setup = json.loads((folder / "setup.json").read_text("utf-8"))
    setup["files"].append(gone.relative_to(folder).as_posix())
    setup["version"] = "0.0.1"
    (folder / "setup.json").write_text(json.dumps(setup), "utf-8")
    assert run("install", "--resource-path", resources) == 0
    assert not gone.parent.exists()


def test_the_two_fields_of_the_preferences_are_printed(resources, capsys):
    library = python_library.own_library()
    if library is None:
        pytest.skip("this Python was built without a library")
    run("install", "--resource-path", resources)
    said = capsys.readouterr().out
    assert re.search(rf"Custom path to Python dll directory: +{re.escape(library.folder)}\n", said)
    assert re.search(rf"{re.escape(reaper_python.file_field())}: +{library.file}\n", said)
    assert str(library) in said
    assert "{}.{}".format(*sys.version_info[:2]) in str(library)


def test_the_store_s_python_is_refused(resources, monkeypatch, capsys):
    monkeypatch.setattr(sys, "base_prefix", r"C:\Program Files\WindowsApps\Python.3.12")
    assert run("install", "--resource-path", resources) == 2
    message = capsys.readouterr().err
    assert "Microsoft Store" in message
    assert "python.org" in message
    assert not (resources / "Scripts" / "DrumGain").exists()


def test_a_temporary_environment_is_told(resources, monkeypatch, capsys):
    monkeypatch.setattr(environment, "is_temporary", lambda prefix: True)
    assert run("install", "--resource-path", resources) == 0
    assert "uv tool install" in capsys.readouterr().err


def test_flatpaks_folder_is_found_and_several_are_listed(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    flatpak = tmp_path / ".var/app/fm.reaper.Reaper/config/REAPER"
    usual = tmp_path / ".config/REAPER"
    flatpak.mkdir(parents=True)
    (flatpak / "reaper.ini").write_text("[REAPER]\n")
    assert run("install", "--dry-run") == 0
    assert str(flatpak) in capsys.readouterr().out
    usual.mkdir(parents=True)
    (usual / "reaper.ini").write_text("[REAPER]\n")
    assert run("install", "--dry-run") == 2
    message = capsys.readouterr().err
    assert "more than one REAPER" in message
    assert f"--resource-path {flatpak}" in message
    assert f"--resource-path {usual}" in message
    assert run("install", "--resource-path", usual) == 0
    # what is installed tells which one is meant
    capsys.readouterr()
    assert run("uninstall") == 0
    assert str(usual) in capsys.readouterr().out


def test_a_portable_installation_is_found_beside_its_program(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    portable = tmp_path / "reaper_7 portable"
    portable.mkdir()
    (portable / "reaper.ini").write_text("[REAPER]\n")
    (portable / "reaper").write_bytes(b"")
    assert portable in resource_folders.found_folders()
    assert resource_folders.program(portable) == portable / "reaper"


def test_set_python_writes_the_lines_once_and_keeps_the_rest(resources, capsys):
    if python_library.own_library() is None:
        pytest.skip("this Python was built without a library")
    ini = resources / "reaper.ini"
    before = "; mine\r\n[reaper]\r\nläst=1\r\nreascript=0\r\n".encode()
    ini.write_bytes(before)
    assert run("install", "--resource-path", resources, "--set-python", "--dry-run") == 0
    said = capsys.readouterr().out
    assert ini.read_bytes() == before
    assert "+reascript=1" in said
    assert "-reascript=0" in said
    assert not (resources / "Scripts" / "DrumGain").exists()
    assert run("install", "--resource-path", resources, "--set-python") == 0
    after = ini.read_bytes()
    assert after != before
    (backup,) = resources.glob("reaper.ini.before-drumgain-*")
    assert backup.read_bytes() == before
    assert run("install", "--resource-path", resources, "--set-python") == 0
    assert ini.read_bytes() == after
    assert len(list(resources.glob("reaper.ini.before-drumgain-*"))) == 1
    assert "is unchanged" in capsys.readouterr().out
    # without the option it is only said that this is right, and nothing is to be entered
    assert run("install", "--resource-path", resources) == 0
    said = capsys.readouterr().out
    assert "which works with DrumGain" in said
    assert "Custom path" not in said
    run("uninstall", "--resource-path", resources)
    assert ini.read_bytes() == after


def test_set_python_is_refused_while_reaper_runs(resources, monkeypatch, capsys):
    if python_library.own_library() is None:
        pytest.skip("this Python was built without a library")
    before = files(resources)
    monkeypatch.setattr(resource_folders, "running", lambda: [Path("/opt/REAPER/reaper")])
    assert run("install", "--resource-path", resources, "--set-python") == 1
    assert "REAPER is running" in capsys.readouterr().err
    assert files(resources) == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("libpython3.8.so.1.0", None, "need Python 3.11"),
        ("libpython3.12.so.1.0", b"text", "not a library"),
        ("none", b"", "not a library"),
    ],
)
def test_a_library_that_reaper_cannot_use_is_refused(
    resources, tmp_path, capsys, name, content, said
):
    own = python_library.own_library()
    if own is None:
        pytest.skip("this Python was built without a library")
    path = tmp_path / name
    path.write_bytes(own.path.read_bytes()[:4096] if content is None else content)
    before = files(resources)
    assert run("install", "--resource-path", resources, "--set-python", path) == 2
    assert said in capsys.readouterr().err
    assert run("install", "--resource-path", resources, "--set-python", tmp_path / "gone.so") == 2
    assert files(resources) == before


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_running_reaper_is_seen(tmp_path, monkeypatch):
    monkeypatch.undo()
    program = tmp_path / "reaper"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([str(program), "60"]) as process:
        try:
            assert program in resource_folders.running()
        finally:
            process.kill()
