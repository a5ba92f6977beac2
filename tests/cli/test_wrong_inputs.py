"""A hundred mistakes at the command line: each ends with a status and a sentence with the mend."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
from importlib import resources
from pathlib import Path

import pytest

from reaper_drumgain.cli import main
from reaper_drumgain.cli.commands import COMMANDS, parser_of
from reaper_drumgain.cli.options import settings_from

#: what is typed in a folder with song.RPP (the demo), its media, other.RPP, roles.csv (a wrong row
#: in line 2), notes.txt; the exit status; what the message has to say
WRONG = [
    # commands
    ("balnce song.RPP", 2, "'balnce' is not a command. Did you mean 'balance'?"),
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
    (
        "balance song.RPP --in-place --dry-run",
        2,
        "--dry-run cannot be used with --in-place: leave one of them out",
    ),
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
    ("balance song.RPP --bounce", 2, "name the folder of the report with --report DIR"),
    # projects
    ("balance sogn.RPP", 1, "Did you mean 'song.RPP'?"),
    ("tracks nothing", 1, "the projects there are other.RPP, song.RPP"),
    ("balance no/song.RPP", 1, "there is no folder no"),
    ("tracks odd", 2, "odd holds projects ("),
    ("tracks Stems", 3, "Stems: no audio files there, and no project"),
    ("tracks Stems/none", 1, "no project (.RPP) is in"),
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
    ("balance song.RPP --output no/x.RPP", 2, "there is no folder no: create it first"),
    ("balance song.RPP --model rock", 2, 'drumgain learn PROJECT... --name "rock"'),
    ("balance 'media/01 Kick In.flac'", 1, "is an audio file: expected a project (.RPP)"),
    ("restore song.RPP", 1, "--backup FILE takes one that is elsewhere"),
    # files that are something else, or broken
    ("balance odd/empty.RPP", 1, "odd/empty.RPP: the file is empty: expected a REAPER project"),
    ("balance odd/cut.RPP", 1, "the file is cut short, nothing was changed"),
    ("balance odd/page.RPP", 1, "odd/page.RPP:1: not a REAPER project: expected a line <REAPER"),
    ("tracks odd/binary.RPP", 1, "holds a NUL byte: expected text"),
    ("balance odd/loop.RPP", 1, "it is a link to itself: name the file itself"),
    ("balance .", 2, "name one of them, or use 'drumgain batch' for all"),
    ("balance song.RPP --reference notes.txt", 1, "expected an audio file, like WAV, FLAC or MP3"),
    ("balance song.RPP --reference 'media/01 Kick.flac'", 2, "Did you mean '01 Kick In.flac'"),
    ("balance song.RPP --reference media", 2, "--reference media: is a folder. Expected an audio"),
    ("balance song.RPP --stems odd/none", 2, "expected a folder with audio files"),
    ("balance song.RPP --roles odd/latin.csv", 2, "save it as 'CSV UTF-8'"),
    ("balance song.RPP --roles media", 2, "--roles media: is a folder; expected a table"),
    # values of options
    ("balance song.RPP --write automation", 2, "or use the method cross-adaptive"),
    ("balance song.RPP --write automation --sections odd/times.txt", 2, "'verse' is not a time"),
    ("balance song.RPP --write automation --sections region", 2, "regions, markers, time-select"),
    ("balance song.RPP --write automation --ride-limit x", 2, "--ride-limit 'x': expected a num"),
    ("balance song.RPP --write automation --ride-limit -3", 2, "expected 0 to 12 dB"),
    ("balance song.RPP --trim kick=loud", 2, "expected a number from -12 to +12 dB, like kick=+1"),
    ("balance song.RPP --trim kick=1 --trim kick=2", 2, "kick is named twice"),
    ("balance song.RPP --amount nan", 2, "expected 0 to 100 percent"),
    ("balance song.RPP --level peak:nan", 2, "level peak needs a number: expected keep, peak:"),
    ("balance song.RPP --level -14 LUFS", 2, "put a name with spaces in quotes"),
    ("balance song.RPP --model ../rock", 2, "expected up to 40 letters and digits"),
    # tracks
    (
        "balance song.RPP --only Bass",
        3,
        "none of the chosen tracks is a drum track; 'drumgain tracks'",
    ),
    ("balance song.RPP --only OH --lock OH", 2, "no track is named 'OH'. Did you mean 'OH "),
    ("balance song.RPP --only 'OH L' --lock 'OH L'", 3, "'OH L': locked"),
    # where things go
    ("balance song.RPP --output other.RPP", 1, "give another name, or add --overwrite"),
    ("balance song.RPP --output mixed.txt", 2, "expected a name that ends in .RPP, or a folder"),
    ("balance song.RPP --picture a.gif", 2, "--picture a.gif: expected a name that ends in .png"),
    ("balance song.RPP --report notes.txt", 2, "--report notes.txt is a file: expected a folder"),
    ("methods --csv x.csv", 2, "name a project, as in 'methods song.RPP'"),
    # a variable of the shell that is not set must not stand for the folder that one is in
    ("batch '' --in-place", 2, "an empty text ('') is given to drumgain batch: is a variable of"),
    ("install --resource-path ''", 2, "an empty text ('') is given to --resource-path"),
    ("balance song.RPP --report=", 2, "an empty text ('') is given to --report: is a variable"),
    ("balance song.RPP --dry-run=yes", 2, "--dry-run takes no value: leave out '=yes'"),
    ("balance song.RPP -- --dry-run", 2, "--dry-run stands after '--', where only names are"),
    # other commands
    ("version", 2, "Did you mean 'drumgain --version'?"),
    ("-v", 2, "option -v is not known. Did you mean --version?"),
    ("batch sogn.RPP", 2, "sogn.RPP: no such file or folder. Did you mean 'song.RPP'"),
    ("batch *.rpq", 2, "*.rpq: no such file or folder"),
    ("batch . --jobs many", 2, "--jobs 'many': expected a whole number"),
    ("batch . --jobs 0", 2, "--jobs 0: expected 1 or more"),
    ("batch song.RPP --output other.RPP", 2, "--output other.RPP is a file: expected a folder"),
    ("learn song.RPP --name a/b", 2, "'a/b' is no name of a model: expected up to 40 letters"),
    ("learn song.RPP --name rock", 3, "it is not mixed yet, so there is nothing to learn from it"),
    ("models -d", 2, "option -d is not known. Did you mean --"),
    ("reverse song.RPP media", 1, "expected an audio file, like WAV, FLAC or MP3"),
    ("reverse mix.wav media", 2, "the mix mix.wav: there is no such file. Expected an audio file"),
    ("reverse odd/broken.wav media", 1, "odd/broken.wav: it does not decode"),
    ("reverse notes.txt odd/none", 2, "odd/none: no such file or folder"),
    ("restore sogn.RPP", 1, "Did you mean 'song.RPP'?"),
    ("install --resource-path odd/none", 2, "REAPER shows it under Options"),
    (
        "install --resource-path odd --set-python x.so",
        2,
        "Expected the file of a library, like lib",
    ),
    ("evaluate --multitracks odd", 2, "expected FOLDER/SONG/tracks/*.wav and FOLDER/SONG/mixes"),
    ("evaluate --data odd", 2, "has no folder human_faders, kits, groove"),
    ("evaluate --multitracks . --reduced", 2, "--reduced cannot be used with --multitracks"),
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
    (tmp_path / "Stems").mkdir()
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "empty.RPP").write_bytes(b"")
    (odd / "cut.RPP").write_bytes((tmp_path / "song.RPP").read_bytes()[:1500])
    (odd / "page.RPP").write_text("<html></html>\n")
    (odd / "binary.RPP").write_bytes(b"<REAPER_PROJECT\0 0.1\n")
    (odd / "times.txt").write_text("verse one\n")
    (odd / "latin.csv").write_bytes("Größe,kick\n".encode("latin-1"))
    (odd / "broken.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    with contextlib.suppress(OSError):  # Windows asks for a right to do that
        (odd / "loop.RPP").symlink_to("loop.RPP")
    monkeypatch.setenv("DRUMGAIN_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words_of(line):
    return shlex.split(line)


def test_there_are_a_hundred():
    assert len(WRONG) >= 100


@pytest.mark.parametrize(("line", "status", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_a_mistake_is_told_with_its_mend(line, status, message, folder, capsys):
    if "loop" in line and not os.path.lexists("odd/loop.RPP"):
        pytest.skip("no link can be made here")
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


def test_tracks_takes_a_folder_of_audio_files_as_balance_does(folder, capsys):
    assert main(["tracks", "media", "--json"]) == 0
    roles = {t["name"][3:]: t["role"] for t in json.loads(capsys.readouterr().out)["tracks"]}
    assert roles["Kick In"] == "kick in"
    assert roles["Bass"] is None


def test_a_pattern_is_resolved_where_the_shell_left_it(folder, capsys):
    """As PowerShell and cmd.exe leave it."""
    assert main(["batch", "s*.RPP", "oth?r.RPP", "--dry-run", "--json"]) == 0
    *lines, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert sorted(Path(line["project"]).name for line in lines) == ["other.RPP", "song.RPP"]
