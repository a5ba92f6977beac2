"""Given the menu, which is Lua, when an entry is chosen, then it does what it says.

It runs from an installed copy over the stand-in, in both versions of Lua that REAPER has had, and
its actions are the installed Python ones.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reascript.popup_menu import parse

from reaper_drumgain import methods
from reaper_drumgain.hosts.live import preferences
from reaper_drumgain.hosts.live.action_list import MENU_FILE, TITLES, file_of
from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

pytest.importorskip("lupa")
ROOT = Path(__file__).resolve().parents[3]
OLD, NEW = {"version": "6.80/linux-x86_64"}, {"version": "7.27/linux-x86_64"}
BOTH = pytest.mark.parametrize("which", [OLD, NEW], ids=["REAPER 6", "REAPER 7"])
CANCEL = {"kind": "showmenu"}
#: the menu puts the actions into the list when it is first started, and says so
WELCOME = {"kind": "ShowMessageBox", "answer": "ok"}


def choose(*wanted, then=()):
    """Answers: the menu's entries in turn; the last choice closes it or it is cancelled."""
    return [{"kind": "showmenu", "choose": each} for each in wanted] + list(then)


class Menu:
    """The menu of an installation on the stand-in."""

    def __init__(self, reaper):
        self.reaper = reaper
        folder = reaper.resource_path / "Scripts" / "DrumGain"
        self.path = folder / MENU_FILE
        reaper.flags = ("-I",)
        registered = (
            f"{json.loads((folder / 'setup.json').read_text('utf-8'))['version']} {folder}/"
        )
        reaper.options["ext_state"] = [["DrumGain", "registered", registered]]

    def step(self, *answers, **more):
        return {"run": str(self.path), "dialogs": list(answers), **more}

    def play(self, *steps, **more):
        return self.reaper.play(*steps, **more)

    def tick(self, *wanted, before=(), **more):
        """Choose entries that stay, close the menu; the report."""
        return self.play(*before, self.step(*choose(*wanted), CANCEL), **more)


@pytest.fixture
def menu(fake):
    return Menu(fake)


def stored(report, step=None):
    document = json.loads(report.state(step)["ext_state"]["DrumGain"]["settings"])
    # the number of this storing, by which an undo of something else is noticed
    document.pop("stored", None)
    return document


def shown(report, number=-1):
    """Path -> entry of a menu that was shown."""
    menus = [dialog for dialog in report.data["dialogs"] if dialog["kind"] == "showmenu"]
    return {" > ".join(entry["path"]): entry for entry in menus[number]["entries"]}


def checked(report, beginning, number=-1):
    return [
        path.split(" > ")[-1]
        for path, entry in shown(report, number).items()
        if path.startswith(beginning) and entry["checked"]
    ]


def messages(report):
    return [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]


# ---- what is written


TICKS = [
    ("Method: forest > unity", "method", "unity"),
    ("Mode: Auto > Outliers", "mode", "outliers"),
    ("Amount: 100 % > 75 %", "amount", 75),
    ("Level: keep > Peak at -6 dBFS", "level", {"kind": "peak", "target": -6}),
    ("Level: peak at -6 dBFS > Loudness of -18 LUFS", "level", {"kind": "lufs", "target": -18}),
    ("Scope: Selected > All drum tracks", "scope", "all"),
    ("Write: Faders > Faders and volume", "write", "automation"),
    ("Audio: Files > Skip", "audio", "skip"),
    ("Automation > From marker to marker", "sections", "markers"),
    ("Automation > Trim volume envelope", "envelope", "trim"),
    ("Automation > Replace it", "existing", "replace"),
    ("Find kick drums by their sound", "listen", True),
    ("Store analysis results", "remember", False),
]


USUAL = json_codec.to_document(
    preferences.Preferences(methods.names()[0]), kind=preferences.KIND, schema=preferences.SCHEMA
)
#: the dialog of the Python action after all ticks
DIALOG = ["unity", "75", "lufs:-18", "all", "automation", "skip", "markers", "trim", "replace"]
DIALOG += ["yes", "no", "outliers", ""]


@BOTH
def test_a_tick_outlives_the_undo_of_something_else(menu, which):
    """The time selection's undo point takes the project's ext state along."""
    report = menu.play(
        menu.reaper.press("settings", {"answer": "ok"}),
        {"do": {"time_selection": [1.0, 2.0]}},
        menu.step(*choose("Amount: 100 % > 75 %"), CANCEL),
        {"do": {"time_selection": [2.0, 3.0]}},
        {"do": {"undo": 1}},
        menu.step(CANCEL),
        menu.reaper.press("settings", {"answer": "cancel"}),
        **which,
    )
    assert [stored(report, step)["amount"] for step in (0, 2, 4, 6)] == [100, 75, 100, 75]
    assert any(path.startswith("Amount: 75 %") for path in shown(report))
    assert report.data["dialogs"][-1]["values"][1] == "75"
    assert report.console.count("an undo also changed the settings") == 1


@BOTH
def test_every_tick_changes_its_setting_alone_as_the_actions_read_it(menu, which):
    report = menu.play(
        *(menu.step(*choose(wanted), CANCEL) for wanted, _, _ in TICKS),
        menu.reaper.press("settings", {"answer": "cancel"}),
        **which,
    )
    want = dict(USUAL)
    for step, (wanted, key, value) in enumerate(TICKS):
        want[key] = value
        assert stored(report, step) == want, wanted
        # it is ticked when the menu comes back, and no other value of its list
        titles = [part.split(":")[0] for part in wanted.split(" > ")]
        now = checked(report, titles[0], 2 * step + 1)
        if value is not False and key not in ("sections", "envelope", "existing"):
            assert [title.startswith(titles[-1]) for title in now] == [True], wanted
        elif value is False:
            assert now == []
    assert report.data["dialogs"][-1]["values"] == DIALOG
    # settings are no undo step, but a project that has them wants to be saved
    assert report.undo() == []
    assert report.state()["dirty"]


def test_ticks_in_one_menu_that_comes_back_at_its_place(menu):
    report = menu.tick(*(wanted for wanted, key, _ in TICKS if key != "level"))
    assert {key: stored(report)[key] for _, key, _ in TICKS if key != "level"} == {
        key: value for _, key, value in TICKS if key != "level"
    }
    places = {tuple(dialog["at"]) for dialog in report.data["dialogs"]}
    assert places == {(8, 30)}


ODD = (
    '{"kind": "settings", "schema": 1, "newer": {"list": [1, 2.50, -0.0, 1e3, null, true],'
    ' "text": "caf\\u00e9 \\ud83e\\udd41 \\u0027 \\\\ \\/"}, "method": "unity",'
    ' "huge": 123456789012345678901234567890, "automated": true}'
)


@BOTH
def test_what_it_does_not_know_survives_to_the_digit(menu, which):
    report = menu.tick(
        "Mode: Auto > All",
        before=[{"do": {"project_ext_state": [["DrumGain", "settings", ODD]]}}],
        **which,
    )
    text = report.state()["ext_state"]["DrumGain"]["settings"]
    got, want = json.loads(text), json.loads(ODD)
    assert {key: got[key] for key in ("newer", "huge", "method")} == {
        key: want[key] for key in ("newer", "huge", "method")
    }
    assert got["mode"] == "all"
    # what project files cannot hold, and digits that a float would lose
    for kept in ("2.50", "1e3", "123456789012345678901234567890", "\\u0027"):
        assert kept in text
    assert text.isascii()


BROKEN = (
    *("{", "[]", "null", '{"kind": "settings"', '{"kind": "other", "schema": 1}', '{"a": tru}'),
    *('{"kind": "settings", "schema": 2, "method": "unity"}', "[" * 5000, '"\\ud800"', "1 2"),
)


def test_settings_that_cannot_be_read_are_begun_anew(menu):
    steps = []
    for broken in BROKEN:
        steps.append({"do": {"project_ext_state": [["DrumGain", "settings", broken]]}})
        steps.append(menu.step(*choose("Scope: Selected > All drum tracks"), CANCEL))
    report = menu.play(*steps)
    for step in range(1, len(steps), 2):
        assert stored(report, step) == {**USUAL, "scope": "all"}, BROKEN[step // 2]


def test_a_value_that_is_not_in_the_list_is_shown(menu):
    document = {"kind": "settings", "schema": 1, "method": "of a plug-in", "amount": 37}
    document["level"] = {"kind": "peak", "target": -4.5}
    report = menu.tick(
        before=[{"do": {"project_ext_state": [["DrumGain", "settings", json.dumps(document)]]}}]
    )
    assert checked(report, "Amount: 37 %") == ["37 %"]
    assert checked(report, "Level: peak at -4.5 dBFS") == ["Peak at -4.5 dBFS"]
    assert checked(report, "Method: of a plug-in") == []


TYPED = (
    ("Amount: 100 % > Other", "62,5 %", "amount", 62.5),
    ("Level: keep > Another peak", "-4", "level", {"kind": "peak", "target": -4}),
    ("Level: peak > Another loudness", "-20.5", "level", {"kind": "lufs", "target": -20.5}),
)


def typed(text):
    return {"kind": "GetUserInputs", "csv": text}


def test_other_numbers_are_typed(menu):
    report = menu.play(
        *(menu.step(*choose(wanted), typed(text), CANCEL) for wanted, text, _, _ in TYPED)
    )
    for step, (_, _, key, value) in enumerate(TYPED):
        assert stored(report, step)[key] == value


def test_a_number_that_is_none_changes_nothing(menu):
    wanted = choose("Amount: 100 % > Other")
    wrong = ("101", "-1", "nan", "much", "", "1e999", "0x10g")
    report = menu.play(
        *(menu.step(*wanted, typed(text), WELCOME, CANCEL) for text in wrong),
        menu.step(*wanted, {"kind": "GetUserInputs", "answer": "cancel"}, CANCEL),
    )
    assert len(messages(report)) == len(wrong)
    assert all("Nothing was changed" in said for said in messages(report))
    assert "DrumGain" not in report.state()["ext_state"]


# ---- roles and locks


@BOTH
def test_roles_of_the_selected_tracks(menu, which):
    title = "Role of 2 tracks selected"
    report = menu.play(
        {"do": {"select": ["Bass", "Vocal"]}},
        menu.step(*choose(f"{title} > Toms > tom 2"), CANCEL),
        menu.step(*choose(f"{title} > By its sound"), CANCEL),
        menu.step(*choose(f"{title} > From the name of the track"), CANCEL),
        **which,
    )
    roles = [
        [t["p_ext"].get("drumgain_role") for t in report.state(step)["tracks"]][-2:]
        for step in (1, 2, 3)
    ]
    assert roles == [["tom 2"] * 2, ["listen"] * 2, [None] * 2]
    assert checked(report, title, 1) == ["tom 2"]
    assert checked(report, title, 3) == ["By its sound (kick or not)"]
    assert report.undo()[1:] == ["DrumGain: set role of 2 tracks"] * 3
    others = [t["p_ext"] for t in report.state()["tracks"]][:-2]
    assert others == [{}] * len(others)


def test_tracks_of_different_roles_have_no_tick_together(menu):
    roles = {"Bass": {"drumgain_role": "tom 2"}, "Vocal": {"drumgain_role": "none"}}
    report = menu.tick(before=[{"do": {"p_ext": roles, "select": ["Bass", "Vocal"]}}])
    assert checked(report, "Role of 2 tracks") == []


@BOTH
def test_locks_of_the_selected_tracks(menu, which):
    report = menu.play(
        {"do": {"select": ["Tom 1", "Bass"], "p_ext": {"Bass": {"drumgain_lock": "1"}}}},
        menu.step(*choose("Lock the faders of 2 tracks", "Lock the faders of 2"), CANCEL),
        **which,
    )
    # one was locked: at first both are then, and neither after the second time
    assert [checked(report, "Lock", number) for number in range(3)] == [
        *([], ["Lock the faders of 2 tracks selected"], []),
    ]
    assert report.undo()[-2:] == ["DrumGain: lock 2 tracks", "DrumGain: unlock 2 tracks"]
    assert all("drumgain_lock" not in t["p_ext"] for t in report.state()["tracks"])


def test_without_a_selection_roles_and_locks_are_grayed(menu):
    entries = shown(menu.tick())
    grayed = [path for path, entry in entries.items() if entry["grayed"]]
    assert any(path.startswith("Role of 0 tracks") for path in grayed)
    assert any(path.startswith("Lock the faders of 0 tracks") for path in grayed)


# ---- actions


@BOTH
def test_balance_now_moves_the_faders(menu, demo_plan, which):
    report = menu.play(
        {"ticks": 1},
        menu.step(*choose("Scope: Selected > All drum tracks", "Balance now: all drum tracks")),
        **which,
    )
    assert "moved 11 of 11 drum tracks" in report.console
    got, before = report.faders(), report.faders(0)
    for track in demo_plan.tracks:
        move = 20 * math.log10(got[track.name] / before[track.name])
        assert move == pytest.approx(track.new_db - track.old_db, abs=1e-6)
    assert report.undo() == ["DrumGain: balance 11 drum tracks (forest)"]
    assert messages(report) == []


def test_the_preview_shows_moves_and_reasons_and_writes_nothing(menu, demo_plan):
    report = menu.play(
        {"ticks": 1},
        menu.step(*choose("Scope: Selected > All drum tracks", "Preview the moves")),
    )
    assert "preview, nothing was written: would move 11 of 11 drum tracks" in report.console
    for track in demo_plan.tracks:
        (line,) = [each for each in report.console.splitlines() if each.startswith(track.name)]
        assert track.reason in line
    assert report.faders() == report.faders(0)
    assert report.undo() == []
    assert set(report.state()["ext_state"]["DrumGain"]) == {"settings"}


PRESSES = {
    "Balance > Selected drum tracks": "balance_selected",
    "Balance > All drum tracks": "balance_all",
    "Balance > Within the time selection": "balance_time_selection",
    "Balance > Rebalance everything": "rebalance_all",
    "Balance > Through effects": "balance_effects",
    "Balance now": "repeat",
    "Preview the moves": "preview",
    "After a balance > Compare": "compare",
    "After a balance > Show last result": "show_last",
    "After a balance > Amount 10 % up": "amount_up",
    "After a balance > Amount 10 % down": "amount_down",
    "After a balance > Overheads 1 dB up": "overheads_up",
    "After a balance > Overheads 1 dB down": "overheads_down",
    "Automation > Write automation now": "write_automation",
    "Automation > Remove what": "clear_automation",
    "Learn from this project": "learn",
    "Cancel the current run": "cancel",
    "Set-up and help > Self-test": "self_test",
    "Set-up and help > All settings": "settings",
    "Trims > All in one dialog": "trims",
}
SAYS_ITS_NAME = """
from reaper_python import RPR_DeleteExtState, RPR_ShowConsoleMsg
RPR_ShowConsoleMsg("{name} ")
RPR_DeleteExtState("DrumGain", "pressed", 0)
RPR_defer("")
"""


def test_each_entry_presses_its_action(menu):
    """Each action is replaced by one that says its name."""
    for name in TITLES:
        (menu.path.parent / file_of(name)).write_text(SAYS_ITS_NAME.format(name=name), "utf-8")
    report = menu.play(
        {"do": {"ext_state": [["DrumGain", "running", "another 9e99"]]}},
        {"do": {"select": ["Tom 1"], "time_selection": [1.0, 2.0]}},
        *(menu.step(*choose(entry)) for entry in PRESSES),
    )
    assert report.console.split() == list(PRESSES.values())
    # what has ticks of its own in the menu needs no entry
    assert set(TITLES) - set(PRESSES.values()) == {"set_role", "toggle_lock"}


def test_cancel_is_there_while_something_runs(menu):
    running = {"do": {"ext_state": [["DrumGain", "running", "another 9e99"]]}}
    report = menu.play(menu.step(CANCEL), running, menu.step(CANCEL))
    cancel = "Cancel the current run"
    assert [cancel in shown(report, number) for number in (0, 1)] == [False, True]


def test_what_a_scope_needs_is_told_where_it_is_not_there(menu):
    def grayed(report, number):
        return [p for p, e in shown(report, number).items() if e["grayed"] and p[:7] == "Balance"]

    report = menu.play(
        menu.step(CANCEL),
        {"do": {"select": ["Tom 1"], "time_selection": [1.0, 2.0]}},
        menu.step(CANCEL),
    )
    assert grayed(report, 1) == []
    assert {path.split(" > ")[-1] for path in grayed(report, 0)} == {
        "Balance now: selected drum tracks (no track is selected)",
        "Selected drum tracks (no track is selected)",
        "Within the time selection (there is none)",
        "Through effects: also correct what they add to the level (no track is selected)",
    }


def test_balance_now_says_that_it_writes_envelopes(menu):
    report = menu.tick("Write: Faders > Faders and volume")
    assert any(p.endswith("faders and envelopes (no track is selected)") for p in shown(report))


# ---- trims


@BOTH
def test_a_trim_moves_its_family_and_is_ticked(menu, which):
    """By the action, which is told it; the others stay, and undo takes it back."""
    report = menu.play(
        {"ticks": 1},
        menu.step(*choose("Trims: none > Overheads: 0 dB > -2 dB")),
        menu.step(*choose("Trims: overheads -2 > Kick: 0 dB > Other"), typed("1,5")),
        menu.step(CANCEL),
        **which,
    )
    start, one, two = report.faders(0), report.faders(1), report.faders(2)
    moves = {n: 20 * math.log10(one[n] / start[n]) for n in start if start[n] > 0}
    assert {n: round(move, 2) for n, move in moves.items() if abs(move) > 0.001} == {
        "OH L": -2.0,
        "OH R": -2.0,
    }
    kick = {n for n in start if one[n] != two[n]}
    assert kick == {"Kick In"}
    assert 20 * math.log10(two["Kick In"] / one["Kick In"]) == pytest.approx(1.5)
    assert checked(report, "Trims: kick +1.5, overheads -2 > Overheads") == ["-2 dB"]
    assert checked(report, "Trims: kick +1.5, overheads -2 > Kick") == ["+1.5 dB"]
    assert report.undo()[0] == "DrumGain: trim overheads -2 dB"
    assert "trims" not in report.state()["ext_state"].get("DrumGain", {})


def test_all_trims_can_be_taken_back(menu):
    report = menu.play(
        {"ticks": 1},
        menu.step(*choose("Trims: none > Overheads: 0 dB > +1 dB")),
        menu.step(*choose("Trims: overheads +1 > Remove all trims")),
    )
    assert report.faders() == pytest.approx(report.faders(0))
    assert report.faders(1) != report.faders(0)


def test_a_trim_that_could_not_be_made_is_not_left_to_be_made_later(menu):
    with_doctor(menu, "print('{}')")
    report = menu.play(
        menu.step(*choose("Trims: none > Toms: 0 dB > -1 dB"), WELCOME), python_is_on=False
    )
    assert report.state()["ext_state"].get("DrumGain", {}) == {}


# ---- the first start, and what is missing


@BOTH
def test_the_first_start_puts_all_actions_into_the_action_list(menu, which):
    del menu.reaper.options["ext_state"]
    report = menu.play(menu.step(WELCOME, CANCEL), menu.step(CANCEL), **which)
    names = sorted(Path(path).name for path in report.data["action_list"])
    assert names == sorted(file_of(name) for name in TITLES)
    (said,) = messages(report)
    assert said.startswith(f"{len(TITLES)} DrumGain actions are in the action list now")
    assert TITLES["balance_selected"] in said
    assert report.undo() == []


def test_the_actions_can_be_taken_out_and_put_back(menu):
    report = menu.play(
        menu.step(*choose("Set-up and help > Put the actions"), WELCOME),
        menu.step(*choose("Set-up and help > Take the actions out"), WELCOME),
    )
    assert report.data["action_list"] == []
    report = menu.play(
        menu.step(*choose("Set-up and help > Take the actions out"), WELCOME),
        menu.step(WELCOME, CANCEL),
    )
    assert len(report.data["action_list"]) == len(TITLES)


def lack(menu, **more):
    """What the menu says is missing; all that needs Python is grayed then."""
    report = menu.play(menu.step(*choose("What is missing?"), WELCOME), **more)
    entries = shown(report)
    for title in ("Balance now", "Preview the moves", "Balance > All", "Automation > Write auto"):
        assert all(e["grayed"] for path, e in entries.items() if path.startswith(title)), title
    assert not entries["Scope: Selected drum tracks > All drum tracks"]["grayed"]
    (said,) = messages(report)
    assert "drumgain install" in said
    return said


def changed_setup(menu, **values):
    path = menu.path.parent / "setup.json"
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**document, **values}), "utf-8")


@BOTH
def test_the_users_own_models_are_methods_as_long_as_they_are_there(menu, tmp_path, which):
    folder = tmp_path / "models é"
    folder.mkdir()
    for name in ("rock.json", "Überlaut 2.json", "rock.md", ".rock.json.7.part", "a|#>b.json"):
        (folder / name).write_text("{}", "utf-8")
    changed_setup(menu, models=str(folder))
    report = menu.tick("Method: forest > model rock", **which)
    assert stored(report) == {**USUAL, "method": "model rock"}
    listed = [path.split(" > ")[-1] for path in shown(report) if path.startswith("Method: ")]
    own = [entry for entry in listed if entry.startswith("model ")]
    assert own == ["model rock: your own", "model Überlaut 2: your own"]
    assert listed[-2:] == own
    assert checked(report, "Method: model rock") == own[:1]
    changed_setup(menu, models=str(tmp_path / "gone"))
    report = menu.tick("Mode: Auto > Outliers", **which)
    assert [path for path in shown(report) if path.endswith(": your own")] == []


def test_without_an_installation_it_says_what_to_do(menu):
    (menu.path.parent / "setup.json").unlink()
    assert "not set up for this REAPER" in lack(menu)


@BOTH
def test_another_version_is_told(menu, which):
    changed_setup(menu, version="9.9.9")
    said = lack(menu, **which)
    assert "9.9.9" in said
    assert "Update the older one" in said


@pytest.mark.parametrize("version", [None, 7, {"a": 1}])
def test_a_version_that_is_none_is_told(menu, version):
    changed_setup(menu, version=version)
    assert "another version" in lack(menu) or "program is 7." in lack(menu)


def test_a_damaged_set_up_is_told(menu):
    (menu.path.parent / "setup.json").write_text('{"version"', "utf-8")
    assert "damaged" in lack(menu)


def test_a_python_that_is_gone_is_told(menu, tmp_path):
    changed_setup(menu, interpreter=str(tmp_path / "bin" / "python é"))
    assert "python é" in lack(menu)


def test_a_missing_action_is_told(menu):
    (menu.path.parent / file_of("compare")).unlink()
    assert file_of("compare") in lack(menu)


@pytest.mark.parametrize("name", ["lists", "json", "entries"])
def test_a_missing_part_of_the_menu_is_told(menu, name):
    (menu.path.parent / "menu" / f"{name}.lua").unlink()
    report = menu.play(menu.step(WELCOME))
    assert "not complete" in messages(report)[0]
    assert f"{name}.lua" in messages(report)[0]


DOCTOR = """#!{python} -IS
import json, sys
{body}
"""
REPORT = {
    "schema": 1,
    "python": {"folder": "/opt/pÿthon/lib", "file": "libpython3.12.so.1.0", "described": "x"},
    "checks": [
        {"name": "REAPER's resource folder", "state": "ok", "found": "/r", "advice": ""},
        {"name": "Python", "state": "broken", "found": "switched off", "advice": "tick it"},
        {"name": "the cache", "state": "warning", "found": "read-only", "advice": ""},
        {"name": "a balance", "state": "not checked", "found": "", "advice": "mend the others"},
    ],
}


DOCTOR_OPTIONS = ["reaper_drumgain", "doctor", "--json", "--resource-path"]


def with_doctor(menu, body):
    path = menu.path.parent / "doctor's python"
    path.write_text(DOCTOR.format(python=sys.executable, body=body), "utf-8")
    path.chmod(0o755)
    changed_setup(menu, interpreter=str(path))


@BOTH
def test_where_reaper_has_no_python_the_doctor_is_asked(menu, which):
    """REAPER itself says nothing where its Python is off."""
    folder = str(menu.reaper.resource_path)
    body = f"assert sys.argv[1:] == ['-I', '-m', *{DOCTOR_OPTIONS!r}, {folder!r}], sys.argv\n"
    with_doctor(menu, f"{body}print({json.dumps(REPORT)!r})\nsys.exit(1)")
    report = menu.play(
        menu.step(*choose("Balance > All drum tracks"), WELCOME), python_is_on=False, **which
    )
    (said,) = messages(report)
    assert "Python is not set up in REAPER" in said
    for part in ("BROKEN: Python\nswitched off\nWhat to do: tick it", "Warning: the cache"):
        assert part in said
    for part in ("/opt/pÿthon/lib", "libpython3.12.so.1.0"):
        assert part in said
    assert "resource folder" not in said
    assert not any("pressed" in key for key in report.data["ext_state"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("print(json.dumps({'checks': [{'state': 'ok'}] * 9}))", "All 9 checks passed"),
        ("print('warning: x\\n', json.dumps({'checks': []}))", "All 0 checks passed"),
        ("print('{'); sys.exit(3)", "run 'drumgain doctor' in a terminal"),
        ("sys.exit('no such command')", "run 'drumgain doctor' in a terminal"),
    ],
)
def test_the_installation_can_be_checked(menu, body, expected):
    with_doctor(menu, body)
    report = menu.play(menu.step(*choose("Set-up and help > Check the installation"), WELCOME))
    assert expected in messages(report)[0]


# ---- the lists


def test_the_lists_are_those_of_the_package():
    tool = [sys.executable, str(ROOT / "tools" / "menu_lists.py"), "--check"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_that_check_can_fail(tmp_path):
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "actions" / "menu").mkdir(parents=True)
    (tmp_path / "actions" / "menu" / "lists.lua").write_text("return {}\n")
    tool = [sys.executable, str(tmp_path / "tools" / "menu_lists.py")]
    assert subprocess.run([*tool, "--check"], check=False, capture_output=True).returncode == 1
    assert subprocess.run(tool, check=False).returncode == 0
    made = (tmp_path / "actions" / "menu" / "lists.lua").read_bytes()
    assert made == (ROOT / "actions" / "menu" / "lists.lua").read_bytes()


def test_every_value_has_its_words():
    assert set(preferences.WORDS) <= set(preferences.Preferences.__annotations__)
    choices = {
        "mode": preferences.MODES,
        "scope": preferences.SCOPES,
        "write": preferences.WRITES,
        "audio": preferences.AUDIOS,
        "sections": preferences.SECTIONS,
        "envelope": preferences.ENVELOPES,
        "existing": preferences.EXISTING,
    }
    assert {key: set(words) for key, words in preferences.WORDS.items()} == {
        key: set(values) for key, values in choices.items()
    }


def test_every_role_can_be_chosen():
    offered = [role for roles in preferences.ROLE_GROUPS.values() for role in roles]
    assert {Role.parse(text).name for text in offered} == set(ROLE_NAMES)
    assert len(set(offered)) == len(offered)


def test_all_installed_methods_are_offered(menu):
    """Also those of other packages, which the set-up names."""
    changed_setup(menu, methods=[["forest", "the usual"], ["louder", "of | another & package"]])
    report = menu.tick("Method: forest > louder")
    assert stored(report)["method"] == "louder"
    assert "Method: louder > louder: of / another & package" in shown(report)


def test_the_menu_of_the_usual_settings(menu):
    """As the user sees it: the first level in its order."""
    report = menu.tick(before=[{"do": {"select": ["Tom 1"]}}])
    titles = list(dict.fromkeys(entry["path"][0] for entry in shown(report).values()))
    version = json.loads((menu.path.parent / "setup.json").read_text("utf-8"))["version"]
    assert titles == [
        f"DrumGain {version}",
        "Balance now: selected drum tracks",
        "Preview the moves: nothing is written",
        *("Balance", "After a balance", "Automation"),
        "Learn from this project: teach your own model its faders",
        *("Method: forest", "Mode: Auto", "Amount: 100 %", "Level: keep the drums' loudness"),
        *("Scope: Selected drum tracks", "Write: Faders", "Audio: Files", "Trims: none"),
        *("Find kick drums by their sound", "Store analysis results for the next run"),
        *("Role of 1 track selected", "Lock the faders of 1 track selected", "Set-up and help"),
    ]
    assert Settings().method == methods.names()[0] == "forest"


def test_the_parser_of_menus_agrees_with_the_documented_example():
    text = (
        "first item, followed by separator||!second item, checked|>third item which spawns a "
        "submenu|#first item in submenu, grayed out|<second and last item in submenu|fourth item "
        "in top menu"
    )
    found = [(entry.path[-1], entry.checked, entry.grayed) for entry in parse(text)]
    assert found == [
        ("first item, followed by separator", False, False),
        ("second item, checked", True, False),
        ("first item in submenu, grayed out", False, True),
        ("second and last item in submenu", False, False),
        ("fourth item in top menu", False, False),
    ]
    assert len(parse(text)[2].path) == 2
