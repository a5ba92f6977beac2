"""The same project gives the same session from its file and from the open project."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from reascript.run import run_scenario

from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select

SCRIPT = Path(__file__).with_name("take_snapshots.py")
#: what REAPER does not tell, or tells in other words: none of it changes a number of a plan
EXEMPT = {
    ".tracks[].effects[].name": "as the user renamed it, where the file has the plug-in's too",
    ".tracks[].effects[].instrument": "a renamed one after the first instrument of a chain",
    ".tracks[].clips[].source.written": "separators of another system",
    ".tracks[].clips[].source.path": "of missing media with another system's drive",
    ".tracks[].warnings": "envelopes of receives",
    ".tracks[].warnings[]": "names of missing media, as above",
    ".warnings": "the master's envelopes, which the stand-in does not know",
    ".path": "in another form",
}


def differences(one, other, place=""):
    if dataclasses.is_dataclass(one) and type(one) is type(other):
        for field in dataclasses.fields(one):
            if not field.compare:
                # the lines of an envelope, which only a project's file has
                continue
            yield from differences(
                getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}"
            )
    elif isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        for item, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from differences(first, second, f"{place}[{item}]")
    elif isinstance(one, float) and isinstance(other, float):
        # envelope values come through REAPER's fader scale and back
        if one != pytest.approx(other, rel=1e-11, abs=1e-15):
            yield place, one, other
    elif one != other:
        yield place, one, other


def taken(paths, folder):
    out = folder / "snapshots.json"
    scenario = {
        "projects": [str(p) for p in paths],
        "deadline": 240,
        "steps": [{"run": str(SCRIPT)}],
    }
    report = run_scenario(scenario, folder, env={"DRUMGAIN_TEST_OUT": str(out)}, timeout=300)
    assert report.ok, report.problems
    assert report.data["writes"] == []
    return json.loads(out.read_text("utf-8"))


def compare(found):
    live = Session.from_json(json.dumps(found["session"]))
    file = rpp.read_project(found["path"]).session
    wrong = [
        (place, one, other)
        for place, one, other in differences(file, live)
        if re.sub(r"\[\d+\]", "[]", place) not in EXEMPT
    ]
    assert wrong == [], found["path"]
    mine, theirs = select(live, Settings()), select(file, Settings())
    assert [(d.track.index, d.role, d.path.through_fader, d.flag, d.links) for d in mine.drums] == [
        (d.track.index, d.role, d.path.through_fader, d.flag, d.links) for d in theirs.drums
    ]


def test_real_projects_give_the_session_of_their_files(shared_data, tmp_path):
    paths = sorted(p for p in (shared_data / "projects").rglob("*") if p.suffix.lower() == ".rpp")
    assert len(paths) >= 50
    found = taken(paths, tmp_path)
    assert len(found) == len(paths)
    for each in found:
        compare(each)


def test_the_demo_is_the_same_to_the_last_field(project, tmp_path):
    (found,) = taken([project], tmp_path)
    live = Session.from_json(json.dumps(found["session"]))
    assert list(differences(rpp.read_project(project).session, live)) == []


def written(tmp_path, *tracks, head="", sends=()):
    path = tmp_path / "made.RPP"
    text = '<REAPER_PROJECT 0.1 "7.27/linux-x86_64" 0\n  PANLAW 0.5\n  PANMODE 5\n'
    text += "  SAMPLERATE 48000 1 0\n" + head
    for number, track in enumerate(tracks):
        guid = f"{{{number:08X}-0000-0000-0000-000000000000}}"
        text += f"  <TRACK {guid}\n    NAME T{number}\n    TRACKID {guid}\n{track}  >\n"
    path.write_text(text + ">\n")
    return path


ITEM = (
    "    <ITEM\n      POSITION 1.5\n      LENGTH 2\n      LOOP 1\n{item}      NAME kick.wav\n"
    "      VOLPAN 0.5 0.25 -0.75 -1\n      SOFFS 0.125\n      PLAYRATE 1.5 1 -2 -1\n"
    "      CHANMODE 3\n{take}    >\n"
)
WAVE = '      <SOURCE WAVE\n        FILE "kick.wav"\n      >\n'
SECTION = (
    "      <SOURCE SECTION\n        LENGTH 0.5\n        MODE 2\n        STARTPOS 0.25\n"
    '        <SOURCE WAVE\n          FILE "kick.wav"\n        >\n      >\n'
)
ENVELOPE = (
    "{0}<VOLENV{1}\n{0}  ACT {2} -1\n{0}  VOLTYPE 1\n{0}  PT 0 0.5 1\n"
    "{0}  PT 1 2 5 0 0 0 0.5\n{0}>\n"
)
CASES = {
    "fader, pan and polarity": "    VOLPAN 0.7071 -0.3 0.8 -1 1\n    IPHASE 1\n"
    "    MUTESOLO 1 2 0\n",
    "dual pan": "    VOLPAN 1 0 -1 -0.5 0.75\n    PANMODE 6\n",
    "stereo pan": "    VOLPAN 1 0.5 -1 -1 1\n    PANMODE 5\n    WIDTH 0.5\n",
    "balance with a width": "    VOLPAN 1 0.5 -1 -1 1\n    PANMODE 3\n    WIDTH 0.5\n",
    "hidden and without main send": "    SHOWINMIX 0 0.5 0.5 0 0.5 0 0 0\n    MAINSEND 0 0\n",
    "grouped": "    GROUP_FLAGS 5 2 0 0\n    GROUP_FLAGS_HIGH 0 1\n",
    "VCA leader": "    GROUP_FLAGS 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1\n",
    "automated": "    AUTOMODE 3\n"
    + ENVELOPE.format("    ", "", 0)
    + ENVELOPE.format("    ", "2", 1),
    "shifted in seconds": "    PLAYOFFS 0.25 0\n" + ITEM.format(item="", take=WAVE),
    "shifted in samples": "    PLAYOFFS 480 2\n" + ITEM.format(item="", take=WAVE),
    "muted item": ITEM.format(item="      MUTE 1 0\n", take=WAVE),
    "soloed item": ITEM.format(item="      MUTE 1 -1\n", take=WAVE),
    "fades": ITEM.format(
        item="      FADEIN 3 0.1 0 3 0 0.5 0\n      FADEOUT 1.1 0 0.2 1 0 0 0\n", take=WAVE
    ),
    "fades of unknown shape": ITEM.format(
        item="      FADEIN 9 0.1 0 1 0 0 0\n      FADEOUT 8 0 0.2 1 0 0 0\n", take=WAVE
    ),
    "pooled MIDI": ITEM.format(
        item="", take="      <SOURCE MIDIPOOL\n        HASDATA 1 960 QN\n      >\n"
    ),
    "section backwards": ITEM.format(item="", take=SECTION),
    "take envelope": ITEM.format(item="", take=WAVE + ENVELOPE.format("      ", "", 1)),
    "stretched": ITEM.format(item="", take=WAVE + "      SM 0 0 + 1 1.1\n"),
    "spectral edits": ITEM.format(
        item="", take="      SPECTRAL_CONFIG 1024\n      SPECTRAL_EDIT 0 4 0.01 0 8000 0\n" + WAVE
    ),
    "spectral edits of the other take": ITEM.format(
        item="", take="      SPECTRAL_EDIT 0 4 0.01 0 8000 0\n" + WAVE + "      TAKE SEL\n" + WAVE
    ),
    "video and WavPack": ITEM.format(item="", take=WAVE.replace("WAVE", "VIDEO"))
    + ITEM.format(item="", take=WAVE.replace("WAVE", "WAVPACK")),
    "subproject": ITEM.format(item="", take=WAVE.replace("WAVE", "RPP_PROJECT")),
    "second take active": ITEM.format(
        item="", take=WAVE + "      TAKE SEL\n      NAME b\n      TAKEVOLPAN 0.5 -0.5 -1\n" + WAVE
    ),
    "all takes": ITEM.format(
        item="      ALLTAKES 1\n",
        take=WAVE + "      TAKE\n      NAME b\n" + WAVE + "      TAKE NULL\n",
    ),
    "empty item": "    <ITEM\n      POSITION 0\n      LENGTH 1\n    >\n",
    "lanes": "    FREEMODE 2\n    ITEMLANES 2\n    LANESOLO 2 0 0 0 0 0 0 0\n"
    + ITEM.format(item="      YPOS 0 0.5\n", take=WAVE)
    + ITEM.format(item="      YPOS 0.5 0.5\n", take=WAVE),
    "lanes that were": "    FREEMODE 0\n    ITEMLANES 2\n    LANESOLO 2 0 0 0 0 0 0 0\n"
    + ITEM.format(item="      YPOS 0 0.5\n", take=WAVE)
    + ITEM.format(item="      YPOS 0.5 0.5\n", take=WAVE),
    "one channel to the parent": "    MAINSEND 1 0\n    MAINSEND_NCH 1\n",
    "items with a mix of their own": ITEM.format(item="      MIXFLAG 1\n", take=WAVE)
    + ITEM.replace("1.5\n", "1.75\n", 1)
    .replace("LENGTH 2", "LENGTH 1")
    .format(item="      MIXFLAG 1\n", take=WAVE)
    + ITEM.replace("1.5\n", "2\n", 1)
    .replace("LENGTH 2", "LENGTH 1")
    .format(item="      MIXFLAG 2\n", take=WAVE),
    "media elsewhere": ITEM.format(
        item="", take=WAVE.replace("kick.wav", "/net/other/songs/kick.wav")
    ),
    "enclosed items": ITEM.format(item="", take=WAVE)
    + ITEM.replace("1.5\n", "1.75\n", 1).replace("LENGTH 2", "LENGTH 1").format(item="", take=WAVE),
    "free items": "    FREEMODE 1\n" + 2 * ITEM.format(item="", take=WAVE),
    "stored role and lock": '    <EXT\n      drumgain_role "tom 2"\n      drumgain_lock 1\n    >\n',
    "effects on, bypassed and offline": "    <FXCHAIN\n"
    + "".join(
        f'      BYPASS {state} 0\n      <VST "VST: Comp" c.dll 0 "" 1\n        YQ==\n      >\n'
        for state in ("0 0", "1 0", "0 1")
    )
    + "    >\n",
    "stored note": "    <EXT\n      drumgain_automation 1;volume;1;0;0;0123;none\n    >\n",
    "sends": "    AUXRECV 0 3 0.5 0.25 0 1 1 1025 2 -1:U 0 -1 ''\n",
    "folder": "    ISBUS 1 1\n",
    "last in folder": "    ISBUS 2 -1\n",
}


def test_every_kind_of_track_and_item_is_read_alike(tmp_path):
    """One track per case, in one project."""
    (tmp_path / "kick.wav").write_bytes(b"RIFF")
    path = written(tmp_path, *CASES.values())
    (found,) = taken([path], tmp_path)
    live = Session.from_json(json.dumps(found["session"]))
    file = rpp.read_project(path).session
    lanes, mixed = (
        file.tracks[list(CASES).index(name)].clips
        for name in ("lanes that were", "items with a mix of their own")
    )
    assert [clip.plays for clip in lanes] == [False, True]
    assert [clip.covered for clip in mixed] == [((2.0, 3.0),), ((2.0, 2.75),), ()]
    wrong = {}
    for name, one, other in zip(CASES, file.tracks, live.tracks, strict=True):
        different = list(differences(one, other))
        if different:
            wrong[name] = different
    assert wrong == {}
    assert file.sends == live.sends
    rest = dataclasses.replace(live, tracks=(), sends=())
    assert list(differences(dataclasses.replace(file, tracks=(), sends=()), rest)) == []


def test_children_that_receive_a_channel_each_are_read_alike(tmp_path):
    (tmp_path / "kick.wav").write_bytes(b"RIFF")
    item = ITEM.replace("CHANMODE 3", "CHANMODE 0").format(item="", take=WAVE)
    path = written(
        tmp_path,
        "    NCHAN 8\n    MAINSEND 0 0\n" + item,
        *(f"    AUXRECV 0 0 1 0 0 0 0 {1024 + n} 0 -1:U 0 -1 ''\n" for n in range(2)),
    )
    (found,) = taken([path], tmp_path)
    compare(found)
    file = rpp.read_project(path).session
    assert [t.clips[0].channel_mode for t in file.tracks] == [0, 3, 4]
    assert file.sends == ()


def test_groups_beyond_64_are_read_where_reaper_knows_them(tmp_path):
    path = written(
        tmp_path, "    GROUP_FLAGS_STAND_IN_64 1 4\n    GROUP_FLAGS_STAND_IN_96 0 2147483648\n"
    )
    (found,) = taken([path], tmp_path)
    live = Session.from_json(json.dumps(found["session"]))
    assert live.tracks[0].volume_groups == (65, 67, 128)
    file = rpp.read_project(path).session
    assert "groups beyond 64 are not followed" in file.tracks[0].warnings[0]


def test_an_unsaved_project_says_what_is_not_known(tmp_path):
    out = tmp_path / "snapshots.json"
    script = tmp_path / "insert.py"
    script.write_text(
        "from reaper_python import *\nRPR_InsertTrackAtIndex(0, False)\n" + SCRIPT.read_text()
    )
    report = run_scenario(
        {"steps": [{"run": str(script)}]}, tmp_path, env={"DRUMGAIN_TEST_OUT": str(out)}
    )
    assert report.ok, report.problems
    (found,) = json.loads(out.read_text("utf-8"))
    assert "pan law is not known" in found["session"]["warnings"][0]
