"""The commands of README and docs, run as they are printed, one page after the other."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
import soundfile as sf

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = {
    page.name: [
        line.partition("#")[0].strip()
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.S | re.M)
        for line in block.splitlines()
        if line.startswith("drumgain ")
    ]
    for page in PAGES
}

REGIONS = """\
  MARKER 1 0 Verse 1
  MARKER 1 5 "" 1
  MARKER 2 5 Chorus 1
  MARKER 2 10 "" 1
"""


def mixed(text):
    """A project with faders that somebody has set by hand."""
    gains = itertools.cycle((0.5, 1.25, 0.8, 1.1, 0.4))
    return re.sub(r"VOLPAN \S+", lambda _: f"VOLPAN {next(gains)}", text)


@pytest.fixture
def folder(tmp_path):
    """A user's folder: a project, folders of projects and of tracks, a mix of these, and a REAPER
    that was started once."""
    demo = Path(str(resources.files("reaper_drumgain"))) / "demo" / "session"
    for place in (tmp_path, tmp_path / "Songs" / "one", tmp_path / "Songs" / "two"):
        shutil.copytree(demo, place, dirs_exist_ok=True)
        text = (place / "DrumGain demo.RPP").read_text("utf-8")
        (place / "DrumGain demo.RPP").unlink()
        (place / "song.RPP").write_text(text.replace("  <TRACK", REGIONS + "  <TRACK", 1), "utf-8")
    finished = tmp_path / "Finished"
    shutil.copytree(demo, finished)
    (finished / "DrumGain demo.RPP").unlink()
    (finished / "mixed.RPP").write_text(mixed(text), "utf-8")
    shutil.copytree(demo / "media", tmp_path / "Stems")
    (tmp_path / "Raw").mkdir()
    tracks = sorted((demo / "media").iterdir())[:11]
    sounds = [sf.read(path)[0] for path in tracks]
    for path, sound in zip(tracks[:3], sounds, strict=False):
        sf.write(tmp_path / "Raw" / f"{path.stem}.wav", sound, 44_100)
    length = min(map(len, sounds))
    mix = sum(sound[:length] for sound in sounds) / 8
    sf.write(tmp_path / "mix.wav", mix, 44_100)
    sf.write(tmp_path / "bass.wav", mix[::-1], 44_100)
    reaper = tmp_path / "config" / "REAPER"
    reaper.mkdir(parents=True)
    (reaper / "reaper.ini").write_text("[REAPER]\n")
    return tmp_path


def test_there_are_commands_to_run():
    assert sum(map(len, COMMANDS.values())) >= 15


@pytest.mark.parametrize("page", [name for name, commands in COMMANDS.items() if commands])
def test_every_command_of_a_page_runs(page, folder):
    environment = {
        **os.environ,
        "DRUMGAIN_DATA": str(folder / "data"),
        "HOME": str(folder),
        "APPDATA": str(folder / "config"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    for command in COMMANDS[page]:
        run = subprocess.run(
            command.replace("drumgain", f'"{sys.executable}" -m reaper_drumgain', 1),
            shell=True,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
        assert run.stdout
