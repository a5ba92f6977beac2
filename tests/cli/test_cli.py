"""The command as a user meets it: what it prints, writes and returns."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from terminal import shown_at_terminal

from reaper_drumgain.cli import main

DRUMS = [
    "Kick In",
    "Snare Top",
    "Snare Bottom",
    "Hi-Hat",
    "Tom 1",
    "Tom 2",
    "Floor Tom",
    "OH L",
    "OH R",
    "Room L",
    "Room R",
]


@pytest.fixture
def project(tmp_path):
    """A copy of the demo session in a folder with an awkward name."""
    folder = tmp_path / "söng [x] 1"
    shutil.copytree(str(resources.files("reaper_drumgain") / "demo" / "session"), folder)
    return folder / "DrumGain demo.RPP"


def run(capsys, *arguments, status=0):
    returned = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert returned == status, err
    return out, err


def faders(path):
    """Fader tokens by track name, read without the package."""
    found, name, depth = {}, None, 0
    for line in map(str.strip, path.read_text().splitlines()):
        if line.startswith("<"):
            depth += 1
        elif line.startswith(">"):
            depth -= 1
        elif depth == 2 and line.startswith("NAME"):
            name = line[5:].strip('"')
        elif depth == 2 and line.startswith("VOLPAN"):
            found[name] = line.split()[1]
    return found


def test_a_dry_run_shows_every_move_and_writes_nothing(capsys, project):
    before = sorted(p.name for p in project.parent.rglob("*"))
    bytes_before = project.read_bytes()
    out, err = run(capsys, "balance", project, "--dry-run")
    assert all(name in out for name in DRUMS)
    assert "nothing was written" in out
    assert err == ""
    assert sorted(p.name for p in project.parent.rglob("*")) == before
    assert project.read_bytes() == bytes_before


def test_without_an_output_a_new_file_lies_beside_the_project(capsys, project):
    before = project.read_bytes()
    first, _ = run(capsys, "balance", project)
    second, _ = run(capsys, "balance", project)
    names = {p.name for p in project.parent.glob("*.RPP")}
    assert names == {
        "DrumGain demo.RPP",
        "DrumGain demo-drumgain.RPP",
        "DrumGain demo-drumgain-2.RPP",
    }
    assert project.read_bytes() == before
    assert "DrumGain demo-drumgain.RPP" in first
    assert "DrumGain demo-drumgain-2.RPP" in second


def test_the_written_faders_are_those_of_the_plan_and_nothing_else_moves(capsys, project):
    out, _ = run(capsys, "balance", project, "--json")
    plan = json.loads(out)
    old, new = faders(project), faders(Path(plan["output"]))
    by_name = {t["name"]: t for t in plan["tracks"]}
    assert list(by_name) == DRUMS
    for name in old:
        if name in by_name:
            level = 20 * np.log10(float(new[name]))
            assert level == pytest.approx(by_name[name]["new_db"], abs=1e-6)
        else:
            assert new[name] == old[name]
    assert any(new[name] != old[name] for name in DRUMS)


def test_the_json_object(capsys, project):
    out, err = run(capsys, "balance", project, "--dry-run", "--json", "--method", "equal-loudness")
    plan = json.loads(out)
    assert err == ""
    assert plan["schema"] == 1
    assert plan["method"] == "equal-loudness"
    assert plan["project"] == str(project)
    assert plan["warnings"] == []
    assert [t["index"] for t in plan["tracks"]] == list(range(1, 12))
    for track in plan["tracks"]:
        wanted = {"index", "name", "role", "old_db", "new_db", "interval_db", "flags", "reason"}
        assert wanted <= set(track)
        assert isinstance(track["reason"], str)


def test_in_place_keeps_a_backup_that_restore_brings_back(capsys, project):
    before = project.read_bytes()
    out, _ = run(capsys, "balance", project, "--in-place")
    assert project.read_bytes() != before
    (backup,) = project.parent.glob("*.bak")
    assert backup.read_bytes() == before
    assert backup.name in out
    after = project.read_bytes()
    out, _ = run(capsys, "restore", project, "--list")
    assert f"{backup.name}  the next that 'restore' brings back" in out
    assert project.read_bytes() == after
    out, _ = run(capsys, "restore", project)
    assert project.read_bytes() == before
    assert re.search(r"again as it was before the write of 20\d\d-\d\d-\d\d [\d:]{8}: ", out)
    assert backup.name in out
    out, _ = run(capsys, "restore", project, "--list")
    assert f"{backup.name}  what the project holds now" in out
    undone = project.with_name(backup.name.replace(".bak", ".undone.bak"))
    out, _ = run(capsys, "restore", project, "--backup", undone)
    assert project.read_bytes() == after
    assert "was undone" in out


def test_in_place_with_nothing_to_move_writes_nothing_and_says_so(capsys, project):
    before = project.read_bytes()
    out, _ = run(capsys, "balance", project, "--in-place", "--amount", "0")
    assert "nothing to write" in out
    assert project.read_bytes() == before
    assert list(project.parent.glob("*.bak")) == []
    out, _ = run(capsys, "balance", project, "--in-place", "--amount", "0", "--json")
    assert json.loads(out)["output"] is None


def test_a_project_behind_a_link_finds_its_media_from_the_new_file(capsys, project, tmp_path):
    link = tmp_path / "links" / "song.RPP"
    link.parent.mkdir()
    link.symlink_to(project)
    out, _ = run(capsys, "balance", link, "--json")
    written = Path(json.loads(out)["output"])
    assert written.parent == link.parent
    again = json.loads(run(capsys, "balance", written, "--dry-run", "--json")[0])
    assert [t["name"] for t in again["tracks"]] == DRUMS
    assert again["warnings"] == []


@pytest.mark.parametrize("options", [["--dry-run"], [], ["--in-place"]])
def test_an_empty_folder_is_no_project(capsys, tmp_path, options):
    _, err = run(capsys, "balance", tmp_path, *options, status=3)
    assert "no audio files there, and no project" in err
    assert "unexpected" not in err


def test_an_interrupt_is_one_line_and_status_130(capsys, monkeypatch, project):
    from reaper_drumgain.cli import commands

    def interrupted(argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupted)
    _, err = run(capsys, "balance", project, status=130)
    assert err == "drumgain: interrupted: nothing more was written\n"


def test_the_blas_of_numpy_gets_one_thread(monkeypatch, capsys):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    run(capsys, "methods")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_another_folder_still_finds_its_audio(capsys, project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / "mix.RPP"
    run(capsys, "balance", project, "--output", target)
    out, _ = run(capsys, "balance", target, "--dry-run", "--json")
    again = json.loads(out)
    assert [t["name"] for t in again["tracks"]] == DRUMS
    assert again["warnings"] == []
    assert all(abs(t["new_db"] - t["old_db"]) < 0.05 for t in again["tracks"])


def test_an_output_that_exists_is_kept_unless_told_otherwise(capsys, project, tmp_path):
    target = tmp_path / "mix.RPP"
    mine = "<REAPER_PROJECT 0.1\n>\n"
    target.write_text(mine)
    _, err = run(capsys, "balance", project, "--output", target, status=1)
    assert "exists" in err
    assert target.read_text() == mine
    run(capsys, "balance", project, "--output", target, "--overwrite")
    assert "VOLPAN" in target.read_text()


def test_output_onto_the_project_itself_is_refused(capsys, project):
    before = project.read_bytes()
    _, err = run(capsys, "balance", project, "--output", project, "--overwrite", status=2)
    assert "--in-place" in err
    assert project.read_bytes() == before


def test_lock_role_only_amount_and_level_reach_the_plan(capsys, project):
    options = ["--lock", "Snare Top", "--role", "Bass=percussion", "--role", "#14=none"]
    options += ["--amount", "50", "--method", "equal-rms", "--level", "keep"]
    out, _ = run(capsys, "balance", project, "--dry-run", "--json", *options)
    by_name = {t["name"]: t for t in json.loads(out)["tracks"]}
    assert "locked" in by_name["Snare Top"]["flags"]
    assert by_name["Snare Top"]["new_db"] == by_name["Snare Top"]["old_db"]
    assert by_name["Bass"]["role"] == "percussion"
    out, _ = run(capsys, "balance", project, "--dry-run", "--json", "--only", "Kick In")
    moved = [t["name"] for t in json.loads(out)["tracks"] if t["new_db"] != t["old_db"]]
    assert moved in (["Kick In"], [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--amount", "200"], "0 to 100"),
        (["--level", "loud"], "peak:DBFS"),
        (["--lock", "Cowbell"], "no track is named 'Cowbell'"),
        (["--role", "Kick In"], "expected TRACK=ROLE"),
        (["--role", "Kick In=trombone"], "trombone"),
        (["--only", "#99"], "there is no track #99"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(capsys, project, options, message):
    _, err = run(capsys, "balance", project, "--dry-run", *options, status=2)
    assert message in err
    assert "Traceback" not in err


def test_without_a_command_the_first_steps_are_told(capsys):
    out, err = run(capsys)
    assert err == ""
    for step in ("drumgain demo", "drumgain balance song.RPP --dry-run", "drumgain --help"):
        assert step in out


def test_no_drum_track_is_status_3(capsys, tmp_path):
    path = tmp_path / "empty.RPP"
    path.write_text('<REAPER_PROJECT 0.1 "6.69/win64" 1\n  <TRACK\n    NAME Bass\n  >\n>\n')
    _, err = run(capsys, "balance", path, status=3)
    assert "no drum track to balance" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"", "empty"), (b"hello", "not a REAPER project")],
)
def test_what_is_no_project_is_status_1_with_one_message(capsys, tmp_path, content, message):
    path = tmp_path / "song.RPP"
    if content is not None:
        path.write_bytes(content)
    _, err = run(capsys, "balance", path, status=1)
    assert message in err.lower() or message in err
    assert "song.RPP" in err
    assert len(err.strip().splitlines()) == 1


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(Exception, match=r"missing\.RPP"):
        main(["balance", str(tmp_path / "missing.RPP"), "--debug"])


def test_tracks_says_what_each_track_is_taken_for(capsys, project):
    out, _ = run(capsys, "tracks", project)
    assert "snare top" in out
    assert "folder" in out
    out, _ = run(capsys, "tracks", project, "--json", "--role", "Bass=tom 3")
    tracks = json.loads(out)["tracks"]
    assert len(tracks) == 14
    assert (tracks[12]["role"], tracks[12]["ordinal"]) == ("tom", 3)
    assert tracks[0]["why"].startswith("folder")


def test_methods_lists_names_and_citations(capsys):
    out, _ = run(capsys, "methods")
    assert out.startswith("forest (default)")
    assert "BS.1770" in out
    listed = json.loads(run(capsys, "methods", "--json")[0])["methods"]
    assert [m["name"] for m in listed] == [
        *("forest", "forest-multioutput", "linear", "equal-loudness", "modified-loudness"),
        *("fenton-lee", "cross-adaptive", "partial-loudness", "role-template", "role-mean"),
        *("equal-rms", "unity", "random"),
    ]
    assert all(m["summary"] and m["citation"] for m in listed)


def test_the_demo_leaves_everything_it_promises(capsys, tmp_path):
    folder = tmp_path / "demo"
    out, _ = run(capsys, "demo", "--output", folder)
    assert "next:" in out
    old, new = faders(folder / "DrumGain demo.RPP"), faders(folder / "DrumGain demo balanced.RPP")
    assert old["Bass"] == new["Bass"]
    assert old["Drums"] == new["Drums"]
    assert any(old[name] != new[name] for name in DRUMS)
    assert (folder / "levels.png").read_bytes().startswith(b"\x89PNG")
    for name in ("drums before.wav", "drums after.wav"):
        audio, rate = sf.read(folder / name)
        assert rate == 44100
        assert 0.05 < np.abs(audio).max() < 1.0


def test_the_bounces_of_the_demo_are_equally_loud(capsys, tmp_path):
    import pyloudnorm

    run(capsys, "demo", "--output", tmp_path / "demo")
    levels = []
    for name in ("drums before.wav", "drums after.wav"):
        audio, rate = sf.read(tmp_path / "demo" / name)
        levels.append(pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(audio))
    assert levels[0] == pytest.approx(levels[1], abs=0.05)


def test_the_demo_does_not_write_over_anything(capsys, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    _, err = run(capsys, "demo", "--output", tmp_path, status=2)
    assert "not empty" in err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_hostile_track_names_do_not_reach_the_terminal(capsys, project):
    hostile = "Kick \x1b[31m[/]\u202e[link=x]"
    project.write_text(
        project.read_text().replace('NAME "Kick In"', f'NAME "{hostile}"'), newline=""
    )
    out, err = run(capsys, "balance", project, "--dry-run", "--role", "#2=kick in")
    assert "\x1b" not in out + err
    assert "\u202e" not in out + err
    assert "[/]" in out
    out, _ = run(capsys, "balance", project, "--dry-run", "--role", "#2=kick in", "--json")
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert json.loads(out)["tracks"][0]["name"] == hostile


def test_a_terminal_gets_a_table_without_markup_being_read(project):
    hostile = "Kick [/][link=x]"
    project.write_text(
        project.read_text().replace('NAME "Kick In"', f'NAME "{hostile}"'), newline=""
    )
    command = [sys.executable, "-m", "reaper_drumgain", "tracks", str(project)]
    assert hostile in shown_at_terminal(command)


def test_the_first_words_of_the_program_fit_a_terminal():
    shown = shown_at_terminal([sys.executable, "-m", "reaper_drumgain"], columns=80)
    assert "drumgain demo" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_reader_that_goes_away_is_no_traceback(project):
    command = [sys.executable, "-m", "reaper_drumgain", "tracks", str(project), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()


def test_the_installed_script_is_the_module(project):
    script = Path(sys.executable).with_name("drumgain")
    if not script.exists():
        pytest.skip("the package is not installed with its script")
    results = [
        subprocess.run([*command, "tracks", str(project)], capture_output=True, check=True).stdout
        for command in ([str(script)], [sys.executable, "-m", "reaper_drumgain"])
    ]
    assert results[0] == results[1] != b""


@pytest.mark.parametrize("how", ["module", "script"])
def test_python_files_in_the_project_folder_are_not_run(project, how):
    marker = project.parent / "was run"
    trap = f"open({str(marker)!r}, 'w').close()\n"
    for name in ("numpy", "soundfile", "json", "sitecustomize", "usercustomize", "soxr"):
        (project.parent / f"{name}.py").write_text(trap)
    script = Path(sys.executable).with_name("drumgain")
    if how == "script" and not script.exists():
        pytest.skip("the package is not installed with its script")
    command = [str(script)] if how == "script" else [sys.executable, "-m", "reaper_drumgain"]
    arguments = ["balance", project.name, "--dry-run", "--method", "unity"]
    done = subprocess.run(
        [*command, *arguments], cwd=project.parent, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not marker.exists()


def test_that_trap_can_spring(project):
    marker = project.parent / "was run"
    (project.parent / "numpy.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    subprocess.run([sys.executable, "-c", "import numpy"], cwd=project.parent, check=True)
    assert marker.exists()
