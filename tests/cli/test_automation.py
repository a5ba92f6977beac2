"""Automation on the command line: options, files of times, table, JSON, picture, taking back."""

import json
import math
import re
import shutil
from importlib import resources

import pytest
from envelope_reader import read_tracks

from reaper_drumgain.cli import main
from reaper_drumgain.cli.times import read_times
from reaper_drumgain.errors import InputError

MARKED = (
    b'  MARKER 1 0 verse 1\r\n  MARKER 1 4.5 "" 1\r\n'
    b'  MARKER 2 4.5 "big fill" 1\r\n  MARKER 2 8 "" 1\r\n'
)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "song"
    shutil.copytree(str(resources.files("reaper_drumgain") / "demo" / "session"), folder)
    path = folder / "DrumGain demo.RPP"
    data = path.read_bytes()
    at = data.index(b"<TRACK")
    at = data.rindex(b"\n", 0, at) + 1
    path.write_bytes(data[:at] + MARKED + data[at:])
    return path


def run(capsys, *arguments, status=0):
    returned = main([*map(str, arguments), *(() if arguments[0] != "balance" else ("--no-cache",))])
    out, err = capsys.readouterr()
    assert returned == status, err
    return out, err


AUTOMATION = ("--write", "automation", "--method", "equal-loudness")


def test_the_project_plays_what_table_and_json_say(project, capsys):
    out, _ = run(capsys, "balance", project, "--in-place", *AUTOMATION, "--json")
    told = json.loads(out)
    assert told["settings"]["write"] == "automation"
    tracks = read_tracks(project.read_bytes())
    automated = [t for t in told["tracks"] if t["automation"] is not None]
    assert len(automated) == 11
    for track in automated:
        name, fader, envelopes, _ = tracks[track["index"]]
        assert name == track["name"]
        assert [(s["name"], s["start"], s["end"]) for s in track["sections"]] == [
            ("verse", 0.0, 4.5),
            ("big fill", 4.5, 8.0),
        ]
        for section in track["sections"]:
            middle = (section["start"] + section["end"]) / 2
            level = fader * envelopes["VOLENV2"].gain(middle)
            assert level == pytest.approx(10 ** (section["fader_db"] / 20), rel=0.01)
        points = [[p[0], p[1], p[2]] for p in envelopes["VOLENV2"].points]
        assert points == track["automation"]["points"]
        assert len(points) <= 5
    assert told["backup"]


def test_a_person_reads_levels_by_section_and_what_was_refused(project, capsys):
    data = project.read_bytes()
    first = data.index(b"Kick In")
    at = data.index(b"\n", data.index(b"VOLPAN", first)) + 1
    project.write_bytes(data[:at] + b"    AUTOMODE 1\r\n" + data[at:])
    out, _ = run(capsys, "balance", project, "--dry-run", *AUTOMATION)
    assert "no automation of Kick In: in read mode an envelope moves the fader itself" in out
    header = next(line for line in out.splitlines() if "big fill" in line)
    assert header.split() == ["#", "Track", "verse", "big", "fill", "Points"]
    assert "automation on 10" in out


def test_what_was_written_is_taken_back(project, capsys, tmp_path):
    before = project.read_bytes()
    run(capsys, "balance", project, "--output", tmp_path / "song" / "auto.RPP", *AUTOMATION)
    run(capsys, "balance", project, "--output", tmp_path / "song" / "plain.RPP",
        "--method", "equal-loudness")  # fmt: skip
    assert project.read_bytes() == before
    written = tmp_path / "song" / "auto.RPP"
    out, _ = run(capsys, "clear-automation", written)
    assert "automation removed from 11 tracks" in out
    assert written.read_bytes() == (tmp_path / "song" / "plain.RPP").read_bytes()
    out, _ = run(capsys, "clear-automation", written)
    assert "nothing to remove" in out
    run(capsys, "restore", written)
    assert b"<VOLENV2" in written.read_bytes()


def test_existing_envelopes_are_refused_multiplied_or_replaced(project, capsys):
    data = project.read_bytes()
    at = data.index(b"<ITEM", data.index(b"Kick In"))
    at = data.rindex(b"\n", 0, at) + 1
    envelope = b"    <VOLENV2\r\n      ACT 1 -1\r\n      PT 0 0.5 0\r\n    >\r\n"
    project.write_bytes(data[:at] + envelope + data[at:])
    levels = {}
    for existing in ("refuse", "trim", "replace"):
        out, _ = run(
            capsys, "balance", project, "--dry-run", "--json", *AUTOMATION, "--existing", existing
        )
        kick = next(t for t in json.loads(out)["tracks"] if t["name"] == "Kick In")
        if existing == "refuse":
            assert kick["automation"] is None
            assert kick["sections"] == []
            assert "--existing trim" in kick["not_automated"]
        else:
            levels[existing] = kick["automation"]["points"][0][1]
    assert levels["trim"] == pytest.approx(levels["replace"] / 2, rel=1e-3)


def test_a_file_of_times_and_a_picture(project, capsys, tmp_path):
    times = tmp_path / "times.txt"
    times.write_text("# intro\n0:00 verse one\n4.5\t8\tfill\n", encoding="utf-8")
    picture = tmp_path / "plan.png"
    out, _ = run(
        capsys, "balance", project, "--dry-run", "--json", *AUTOMATION,
        "--sections", times, "--picture", picture,
    )  # fmt: skip
    sections = json.loads(out)["tracks"][0]["sections"]
    assert [(s["name"], s["start"], s["end"]) for s in sections] == [
        ("verse one", 0.0, 4.5),
        ("fill", 4.5, 8.0),
    ]
    import matplotlib.image

    height, width, _ = matplotlib.image.imread(picture).shape
    assert height > width / 2


def test_the_picture_draws_what_the_project_plays(project, capsys, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    run(
        capsys, "balance", project, "--in-place", *AUTOMATION,
        "--picture", tmp_path / "plan.png",
    )  # fmt: skip
    tracks = {name: (fader, e) for name, fader, e, _ in read_tracks(project.read_bytes())}
    (figure,) = figures
    assert len(figure.axes) == 11
    for axis in figure.axes:
        # all faders of the demo stand at 0 dB before
        fader, envelopes = tracks[axis.get_ylabel()]
        line = max(axis.get_lines(), key=lambda found: len(found.get_xdata()))
        for time, level in list(zip(*line.get_data(), strict=True))[::100]:
            over_time = envelopes["VOLENV2"].gain(float(time)) if "VOLENV2" in envelopes else 1.0
            assert level == pytest.approx(20 * math.log10(fader * over_time), abs=0.1)
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "audio before the fader, each on its own scale",
        "old fader",
        "fader and envelope",
    ]


def test_the_picture_names_the_drum_tracks_that_it_leaves_out(
    project, capsys, tmp_path, monkeypatch
):
    from matplotlib.figure import Figure

    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    text = project.read_bytes()
    at = text.index(b"MUTESOLO 0", text.index(b'NAME "Snare Bottom"'))
    project.write_bytes(text[:at] + b"MUTESOLO 1" + text[at + 10 :])
    run(
        capsys, "balance", project, "--dry-run", *AUTOMATION,
        "--lock", "Hi-Hat", "--picture", tmp_path / "plan.png",
    )  # fmt: skip
    (figure,) = figures
    # a locked one has a row, in which nothing changes
    named = [axis.get_ylabel() for axis in figure.axes]
    assert len(named) == 10
    (hat,) = (axis for axis in figure.axes if axis.get_ylabel() == "Hi-Hat")
    line = max(hat.get_lines(), key=lambda found: len(found.get_xdata()))
    assert set(line.get_ydata()) == {0.0}
    assert figure.axes[-1].get_xlabel() == "seconds\nnot shown: Snare Bottom (muted)"


def test_the_picture_of_levels_shows_the_plan_s_engineers(project, capsys, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    out, _ = run(
        capsys, "balance", project, "--dry-run", "--json", "--picture", tmp_path / "plan.png"
    )
    tracks = json.loads(out)["tracks"]
    (axes,) = figures[0].axes
    assert len(axes.patches) == len(tracks) == 11
    for bar, track in zip(axes.patches, tracks, strict=True):
        here = track["loudness_lufs"] + track["path_db"]
        low, high = (here + bound for bound in track["interval_db"])
        assert bar.get_x() == pytest.approx(low)
        assert bar.get_x() + bar.get_width() == pytest.approx(high)
    shown = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert sorted(shown) == ["after", "before", "the engineers' range"]
    # an arrow is drawn where it can be seen
    moves = [track["new_db"] - track["old_db"] for track in tracks]
    labels = [text.get_text() for text in axes.texts if text.get_text()]
    assert labels == [f"{round(move, 2):+.1f} dB" for move in moves if abs(move) >= 0.3 - 1e-9]


def test_a_short_section_is_told_wherever_sections_are(project, capsys, tmp_path):
    times = tmp_path / "times.txt"
    times.write_text("0 4.5 verse\n4.5 5.5 fill\n5.5 8.5 end\n", encoding="utf-8")
    wanted = ("balance", project, "--dry-run", *AUTOMATION, "--sections", times)
    out, _ = run(capsys, *wanted, "--json")
    document = json.loads(out)
    automated = [track for track in document["tracks"] if track["automation"] is not None]
    assert len(automated) >= 8
    for track in automated:
        verse, fill, _ = track["sections"]
        assert fill["state"] == "short section"
        if verse["state"] is None:
            assert fill["fader_db"] == verse["fader_db"]
        assert track["automation"]["within_db"] == pytest.approx(0.1)
    assert any("'fill' (4.500 to 5.500 s)" in warning for warning in document["warnings"])
    out, _ = run(capsys, *wanted)
    table = out[out.index("fill") :]
    row = next(line for line in table.splitlines() if "Snare Top" in line)
    assert len(re.findall(r"\(-?\d+\.\d+\)", row)) == 1
    assert "or the section is too short" in out


def test_cross_adaptive_needs_no_sections(project, capsys):
    out, _ = run(
        capsys, "balance", project, "--dry-run", "--write", "automation",
        "--method", "cross-adaptive",
    )  # fmt: skip
    assert "Lowest" in out
    assert "fader and envelope together, in dB" in out
    assert "the points are within 0.10 dB of the gains that follow the song" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sections", "regions"), "--sections is for automation: add --write automation"),
        (("--existing", "trim"), "--existing is for automation"),
        ((*AUTOMATION, "--sections", "chorus"), "--sections chorus: there is no such file"),
        ((*AUTOMATION, "--sections", "markers"), "has no markers"),
        ((*AUTOMATION, "--sections", "time-selection"), "has no time selection"),
        ((*AUTOMATION, "--sections", "running"), "needs sections"),
    ],
)
def test_what_cannot_be_done_is_usage(project, capsys, options, message):
    before = project.read_bytes()
    _, err = run(capsys, "balance", project, "--in-place", *options, status=2)
    assert message in err
    assert project.read_bytes() == before


def test_times_are_read_in_all_their_forms(tmp_path):
    path = tmp_path / "times.txt"
    path.write_bytes(
        b"\xef\xbb\xbf# song\r\n\r\n0\tintro\r\n12.5 1:02 verse two\r\n"
        b"1:02.25\r\n1:00:00\t1:00:30\r\n"
    )
    assert read_times(path) == (
        (0.0, None, "intro"),
        (12.5, 62.0, "verse two"),
        (62.25, None, ""),
        (3600.0, 3630.0, ""),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no times in it"),
        (b"# nothing\n", "no times in it"),
        (b"0 5\nverse 5 9\n", r"times.txt:2: 'verse' is not a time"),
        (b"nan 5\n", "'nan' is not a time"),
        (b"-1 5\n", "'-1' is not a time"),
        (b"1:75 5\n", "'1:75' is not a time"),
        (b"9 4 x\n", r"times.txt:1: the section ends at 4, before it starts"),
        (b"5 5\n", "before it starts"),
        (b"\xff\xfe1\x00", "not text in UTF-8"),
        (b"1\n" * 600_000, "which is too much for a file of times"),
    ],
)
def test_bad_times_are_told_with_their_line(tmp_path, text, message):
    path = tmp_path / "times.txt"
    path.write_bytes(text)
    with pytest.raises(InputError, match=message):
        read_times(path)
