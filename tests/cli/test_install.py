"""``drumgain install`` and ``uninstall``, and the actions that they copy."""

import json
import re
import shutil
import stat
import sys
from pathlib import Path

import pytest

from reaper_drumgain import __version__, cli, methods
from reaper_drumgain.cli import install
from reaper_drumgain.hosts.live import BALANCE_SCOPES
from reaper_drumgain.hosts.live.action_list import file_of

ACTIONS = sorted(install.actions_folder().glob("*.py"))


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


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
    assert list(install.usual_folders()) == [tmp_path.joinpath(*expected)]


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
    monkeypatch.setattr(install, "usual_folders", lambda: iter([tmp_path / "a", tmp_path / "b"]))
    assert run("install", "--dry-run") == 2


@pytest.mark.parametrize("action", ACTIONS, ids=lambda path: path.stem)
def test_each_action_is_thin_and_has_its_header(action):
    text = action.read_text("utf-8")
    head = [line for line in text.splitlines() if line.startswith("#")]
    for key in ("@description DrumGain: ", "@author ", f"@version {__version__}", "@about", "@cha"):
        assert any(line.startswith(f"# {key}") for line in head), key
    assert len(text.splitlines()) < 35
    (name,) = re.findall(r'entry\.press\("(\w+)"\)', text)
    assert action.name == file_of(name)


def test_every_action_that_balances_is_installed():
    assert {file_of(name) for name in BALANCE_SCOPES} <= {action.name for action in ACTIONS}


def test_the_actions_are_found_from_a_wheel_too(monkeypatch, tmp_path):
    package = tmp_path / "reaper_drumgain"
    shutil.copytree(install.actions_folder(), package / "_actions")
    monkeypatch.setattr(install, "_PACKAGE", package)
    assert install.actions_folder() == package / "_actions"
