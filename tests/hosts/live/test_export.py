"""Given drum tracks with effects and the audio setting, then what is measured is what was asked.

The stems that the stand-in renders are half as loud as the files, so the wrong audio shows."""

import json
import math
import re

import pytest

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.settings import Settings

EFFECTED = ("Kick In", "Tom 1")
CHAIN = """    <FXCHAIN
      SHOW 0
      LASTSEL 0
      DOCKED 0
      BYPASS 0 0 0
      <JS loser/3BandEQ ""
        0 0 0 0 0 0
      >
      WAK 0 0
    >
"""


@pytest.fixture
def with_effects(reaper):
    """The demo with an effect on two of its drum tracks, and render settings of the user's own."""
    text = reaper.project.read_bytes().decode()
    newline = "\r\n" if "\r\n" in text else "\n"
    for name in EFFECTED:
        start = text.index(f'NAME "{name}"')
        place = text.index("    <ITEM", start)
        text = text[:place] + CHAIN.replace("\n", newline) + text[place:]
    reaper.project.write_bytes(text.encode())
    assert all(t.effects for t in rpp.read_project(reaper.project).session.tracks[1:2])
    return reaper


def settings_for(reaper, audio, listen="no"):
    values = ["equal-loudness", "100", "keep", "all", "volume", audio, "usual", "volume", "refuse"]
    values += [listen, "yes", "auto", ""]
    return reaper.press("settings", {"values": values})


def decibels(report):
    return {n: round(20 * math.log10(f), 2) for n, f in report.faders().items() if f > 0}


def of_files(reaper):
    session = rpp.read_project(reaper.project).session
    plan = balance(session, Settings(method="equal-loudness"))
    return {t.name: t.new_db for t in plan.tracks}


def user_state(report, step):
    state = report.state(step)
    return (
        state["render"],
        state["time_selection"],
        [t["name"] for t in state["tracks"] if t["selected"]],
    )


def test_files_are_measured_and_the_line_says_so(with_effects):
    report = with_effects.play(settings_for(with_effects, "files"), with_effects.press("repeat"))
    want = of_files(with_effects)
    assert {n: decibels(report)[n] for n in want} == want
    assert "2 tracks measured from their files, without effects" in report.console
    assert report.data["renders"] == []


def test_skipped_tracks_stay(with_effects):
    report = with_effects.play(settings_for(with_effects, "skip"), with_effects.press("repeat"))
    before = report.faders(0)
    for name in EFFECTED:
        assert report.faders()[name] == before[name]
    assert "of 9 drum tracks" in report.console


def test_export_measures_the_stems_and_puts_everything_back(with_effects):
    """Then tracks with effects stand 6 dB higher against the others than by their files."""
    report = with_effects.play(
        {"do": {"select": ["Vocal"], "time_selection": [1.0, 2.0]}},
        settings_for(with_effects, "export"),
        with_effects.press("repeat"),
        {"do": {"undo": 1}},
    )
    files = of_files(with_effects)
    stand = report.faders(2)
    stems = {n: 20 * math.log10(f) for n, f in stand.items() if n in files}
    shift = {n: stems[n] - files[n] for n in files}
    level = shift["Hi-Hat"]
    for name, got in shift.items():
        want = 6.02 if name in EFFECTED else 0.0
        if stand[name] == pytest.approx(10 ** (12 / 20)):
            # as much of it as the fader gives
            assert 0.0 < got - level < want
            continue
        # quieter audio loses a few blocks more to the absolute gate
        assert got - level == pytest.approx(want, abs=0.4 if want else 0.05), name
    assert user_state(report, 2) == user_state(report, 1)
    (render,) = report.data["renders"]
    assert len(render["written"]) == 2
    assert report.faders(3) == report.faders(0)
    assert "before effects" not in report.console


#: a line of an item's take, and what stands in its place
PLAYED_DIFFERENTLY = {
    "pitch": (r"PLAYRATE [^\n]*", "PLAYRATE 1 0 -12 -1"),
    "spectral edits": ("<SOURCE FLAC", "SPECTRAL_EDIT 0 4 0.01 0 8000 0\n      <SOURCE FLAC"),
    "WavPack": ("<SOURCE FLAC", "<SOURCE WAVPACK"),
    "video": ("<SOURCE FLAC", "<SOURCE VIDEO"),
    "subproject": ("<SOURCE FLAC", "<SOURCE RPP_PROJECT"),
}


@pytest.mark.parametrize("what", PLAYED_DIFFERENTLY)
def test_export_renders_whatever_reaper_plays_differently(reaper, what):
    text = reaper.project.read_bytes().decode().replace("\r\n", "\n")
    start = text.index('NAME "Kick In"')
    end = text.index("<TRACK", start)
    old, new = PLAYED_DIFFERENTLY[what]
    track, found = re.subn(old, new, text[start:end])
    assert found
    text = text[:start] + track + text[end:]
    reaper.project.write_bytes(text.encode())
    report = reaper.play(settings_for(reaper, "export"), reaper.press("repeat"))
    (render,) = report.data["renders"]
    assert len(render["written"]) == 1
    assert "of 11 drum tracks" in report.console


@pytest.mark.parametrize(("audio", "remember"), [("files", True), ("export", False)])
def test_what_is_heard_of_stems_is_not_remembered(
    with_effects, make_fake, tmp_path, audio, remember
):
    """They are gone after the press."""
    seen = tmp_path / "seen.json"
    fake = make_fake(
        f"os.replace(os.path.join(folder, 'request.json'), {str(seen)!r})\n"
        "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))\n"
    )
    report = fake.play(settings_for(fake, audio), fake.press("repeat"))
    assert "moved 11 of 11" in report.console
    assert json.loads(seen.read_text())["remember"] is remember


def test_export_renders_what_is_to_be_told_by_its_sound(with_effects):
    report = with_effects.play(
        {"do": {"rename": {"Kick In": "Audio 07"}}},
        settings_for(with_effects, "export", listen="yes"),
        with_effects.press("repeat"),
    )
    (render,) = report.data["renders"]
    assert len(render["written"]) == 2
    assert "moved 11 of 11" in report.console


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"render": "nothing"}, "was not rendered"),
        ({"render": "some"}, "was not rendered"),
        ({"render": "cancelled"}, "was not rendered"),
        ({"render": "disk_full"}, "has only"),
        ({"no_prefader_stems": True}, "cannot render pre-fader stems"),
    ],
    ids=str,
)
def test_a_render_that_fails_changes_nothing(with_effects, faults, said):
    report = with_effects.play(
        {"do": {"select": ["Vocal"], "time_selection": [1.0, 2.0]}},
        settings_for(with_effects, "export"),
        with_effects.press("repeat"),
        faults=faults,
    )
    assert said in report.data["dialogs"][-1]["text"]
    assert report.faders() == report.faders(0)
    assert user_state(report, 2) == user_state(report, 1)
    assert not [name for name in report.undo() if "balance" in name]


@pytest.mark.parametrize(("version", "refused"), [("7.39/win64", True), ("7.40/win64", False)])
def test_export_is_refused_with_a_sentence_below_7_40(with_effects, version, refused):
    """An older REAPER may keep the bit for pre-fader stems without obeying it."""
    report = with_effects.play(
        {"do": {"select": ["Vocal"], "time_selection": [1.0, 2.0]}},
        settings_for(with_effects, "export"),
        with_effects.press("repeat"),
        version=version,
    )
    assert bool(report.data["renders"]) is not refused
    assert (report.faders() == report.faders(0)) is refused
    assert user_state(report, 2) == user_state(report, 1)
    boxes = [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]
    assert len(boxes) == refused
    if refused:
        assert "needs REAPER 7.40 or newer, this is " + version in boxes[0]
        assert "Nothing was changed" in boxes[0]
        assert not [name for name in report.undo() if "balance" in name]


def test_a_failure_between_the_settings_puts_them_back(with_effects):
    for nth in (16, 20, 25):
        fail = [{"call": "GetSetProjectInfo", "nth": nth, "effect": "raise"}]
        report = with_effects.play(
            settings_for(with_effects, "export"),
            with_effects.press("repeat", fail=fail),
        )
        assert user_state(report, 1) == user_state(report, 0), nth
        assert report.faders() == report.faders(0)
