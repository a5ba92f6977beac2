"""Forty mistakes at the command line: each ends with a status and a sentence with the mend."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from importlib import resources

import pytest

from reaper_drumgain.cli import main
from reaper_drumgain.cli.commands import COMMANDS, parser_of
from reaper_drumgain.cli.options import settings_from

#: what is typed in a folder with song.RPP (the demo), its media, other.RPP, roles.csv (a wrong row
#: in line 2), notes.txt; the exit status; what the message has to say
WRONG = [
    # commands
    ("balnce song.RPP", 2, "'balnce' is no command. Did you mean 'balance'?"),
    ("ballance", 2, "Did you mean 'balance'?"),
    ("song.RPP", 2, "Did you mean 'drumgain balance song.RPP'?"),
    ("media", 2, "Did you mean 'drumgain batch media'?"),
    ("frobnicate", 2, "The commands are balance, batch,"),
    ("balance", 2, "the following arguments are required: PROJECT"),
    ("learn song.RPP", 2, "the following arguments are required: --name"),
    ("completion basch", 2, "'basch' is not known. Did you mean 'bash'?"),
    # options
    ("balance song.RPP --dry-rnu", 2, "option --dry-rnu is not known. Did you mean --dry-run"),
    ("balance song.RPP --metod=forest", 2, "option --metod is not known. Did you mean --method"),
    ("balance song.RPP --quiet", 2, "'drumgain balance --help' shows what is possible"),
    ("tracks song.RPP --lock Kick", 2, "option --lock is not known"),
    ("balance song.RPP other.RPP", 2, "'other.RPP' is one word too many"),
    ("balance song.RPP --lock", 2, "expected one argument"),
    ("balance song.RPP --in-place --dry-run", 2, "not allowed with argument"),
    # values
    ("balance song.RPP --method forrest", 2, "'forrest' is not known. Did you mean 'forest'?"),
    ("balance song.RPP --method louder", 2, "'drumgain methods' explains them"),
    ("balance song.RPP --mode outlier", 2, "Did you mean 'outliers'?"),
    ("balance song.RPP --write envelope", 2, "Expected one of volume, automation"),
    ("balance song.RPP --amount much", 2, "expected percent, 0 to 100, like 50 or 50%"),
    ("balance song.RPP --amount 150%", 2, "expected 0 to 100 percent"),
    ("balance song.RPP --level loud", 2, "expected keep, peak:DBFS (like peak:-6)"),
    ("balance song.RPP --level lufs", 2, "expected keep, peak:DBFS"),
    ("balance song.RPP --level -14", 2, "lufs:LUFS (like lufs:-18)"),
    ("balance song.RPP --level lufs:-400", 2, "not within -100 to 24 dB"),
    ("balance song.RPP --trim kick", 2, "trim 'kick': expected FAMILY=DB, like kick=+1"),
    ("balance song.RPP --sections regions", 2, "add --write automation"),
    ("balance song.RPP --bounce", 2, "name its folder with --report DIR"),
    # projects
    ("balance sogn.RPP", 1, "Did you mean 'song.RPP'?"),
    ("tracks nothing", 1, "the projects there are other.RPP, song.RPP"),
    ("balance no/song.RPP", 1, "there is no folder no"),
    ("tracks media", 1, "media"),
    ("balance notes.txt", 1, "notes.txt"),
    ("balance song.RPP --output song.RPP", 2, "use --in-place for that"),
    # tracks and roles
    ("balance song.RPP --lock Kik", 2, "no track is named 'Kik'. Did you mean 'Kick In'?"),
    ("balance song.RPP --only '#99'", 2, "there is no track #99: the project has 14"),
    ("tracks song.RPP --role 'Kick In'", 2, "expected TRACK=ROLE, like 'Audio 07=tom 2'"),
    ("tracks song.RPP --role 'Kick In=kik'", 2, "Did you mean 'kick'?"),
    ("tracks song.RPP --role 'Bass=hihat'", 2, "Did you mean 'hi-hat'?"),
    ("tracks song.RPP --roles roles.csv", 2, "roles.csv:2: role 'snare tpo'"),
    ("tracks song.RPP --roles none.csv", 2, "expected a table with 'name,role' in each line"),
    ("models rok", 2, "rok"),
    # met by people who tried it
    ("balance song.RPP --dryrun", 2, "Did you mean --dry-run? 'drumgain balance --help'"),
    ("balance --dry-rnu", 2, "option --dry-rnu is not known. Did you mean --dry-run?"),
    ("--verson", 2, "option --verson is not known. Did you mean --version?"),
    ("balance song.RPP --lock 3", 2, "no track is named '3'. Did you mean '#3'?"),
    ("balance song.RPP --amount -5", 2, "amount is -5.0: expected 0 to 100 percent"),
    ("balance song.RPP --level peak:-200dB", 2, "level peak:-200 is not within -100 to 24 dB"),
    ("balance song.RPP --level -200LUFS", 2, "level lufs:-200 is not within -100 to 24 dB"),
    ("balance song.RPP --output no/x.RPP", 2, "there is no folder no: make it first"),
    ("balance song.RPP --model rock", 2, 'drumgain learn PROJECT... --name "rock"'),
    ("balance 'media/01 Kick In.flac'", 1, "is an audio file: expected a project (.RPP)"),
    ("restore song.RPP", 1, "--backup FILE takes one that is elsewhere"),
    (f"balance {'x' * 300}.RPP", 1, "the name is too long: use a shorter one"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    demo = resources.files("reaper_drumgain") / "demo" / "session"
    shutil.copytree(str(demo), tmp_path, dirs_exist_ok=True)
    (tmp_path / "DrumGain demo.RPP").rename(tmp_path / "song.RPP")
    shutil.copy(tmp_path / "song.RPP", tmp_path / "other.RPP")
    (tmp_path / "roles.csv").write_text("Bass,none\nKick In,snare tpo\n")
    (tmp_path / "notes.txt").write_text("call the drummer\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words_of(line):
    return shlex.split(line)


def test_there_are_forty():
    assert len(WRONG) >= 40


@pytest.mark.parametrize(("line", "status", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_a_mistake_is_told_with_its_mend(line, status, message, folder, capsys):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    returned = main(words_of(line))
    out, err = capsys.readouterr()
    assert message in err
    assert (returned, out) == (status, "")
    assert err.startswith("drumgain: ")
    assert "Traceback" not in err
    assert "unexpected" not in err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "line",
    [
        "balance locked/song.RPP",
        "tracks locked/song.RPP",
        "balance song.RPP --output locked/x.RPP",
        "balance song.RPP --dry-run --report locked/report",
        "balance song.RPP --dry-run --picture locked/levels.png",
        "methods song.RPP --csv locked/methods.csv",
    ],
)
def test_a_folder_without_permission_is_told(line, folder, capsys):
    locked = folder / "locked"
    locked.mkdir()
    locked.chmod(0)
    try:
        if os.access(locked, os.R_OK):
            pytest.skip("this user may read and write everywhere")
        status = main(words_of(line))
    finally:
        locked.chmod(0o700)
    out, err = capsys.readouterr()
    assert (status, out) == (1, "")
    assert "locked" in err
    assert "no permission" in err
    assert "unexpected" not in err


@pytest.mark.parametrize(
    ("typed", "meant"), [("peak:-6dB", "peak:-6"), ("-14LUFS", "lufs:-14"), ("-6 dBFS", "peak:-6")]
)
def test_a_level_is_taken_as_meters_write_it(typed, meant, folder):
    words = ["balance", "song.RPP", "--level", typed]
    assert str(settings_from(parser_of(words).parse_args(words)).level) == meant


@pytest.mark.parametrize(
    "line",
    [
        "balance sogn.RPP --json",
        "balance song.RPP --json --method forrest",
        "tracks song.RPP --json --role 'Kick In=kik'",
        "balance song.RPP --json --nonsense",
        "batch nowhere --json",
    ],
)
def test_under_json_a_failure_is_an_object_too(line, folder, capsys):
    status = main(words_of(line))
    out, err = capsys.readouterr()
    failure = json.loads(out)
    assert failure["schema"] == 1
    assert failure["error"]["status"] == status != 0
    assert f"drumgain: {failure['error']['message']}" in err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("song", "song.RPP"),
        ("song.rpp", "song.RPP"),
        ("SONG", "song.RPP"),
        ("./song", "song.RPP"),
        ("other.RPP", "other.RPP"),
    ],
)
def test_a_project_is_found_by_its_name(typed, meant, folder, capsys):
    assert main(["tracks", typed, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["project"].endswith(meant)


def test_a_name_that_two_projects_have_is_asked_for(folder, capsys):
    shutil.copy(folder / "song.RPP", folder / "SONG.rpp")
    if len(list(folder.glob("[sS]*"))) < 2:
        pytest.skip("letter case does not count in this folder")
    assert main(["tracks", "song"]) == 1
    assert "which one is meant, SONG.rpp or song.RPP?" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_examples_that_it_takes(name, folder):
    examples = COMMANDS[name]().EXAMPLES
    assert examples[0][0].startswith(f"drumgain {name}")
    for line, what in examples:
        words = words_of(line.partition(" > ")[0].partition(" >> ")[0])
        assert words[0] == "drumgain"
        arguments, rest = parser_of(words[1:]).parse_known_args(words[1:])
        assert rest == []
        if words[1] == name:
            told = arguments.parser.format_help()
            assert f"  {what}:\n    {line}" in told
