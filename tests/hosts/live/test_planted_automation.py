"""Faults that are planted in the code that writes automation: the scenarios see each of them.

As in ``test_planted_faults``, judges play a scenario and return a list of what is wrong."""

import dataclasses
import math
import re

import pytest

from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema import envelope_note, fader_note
from reaper_drumgain.units import to_linear

from .automation import KEYS, automation, draw, envelope_of, read_by_parser, steps, with_automation
from .test_automation import (
    DRAWN,
    OFF,
    points_of,
    put_plan,
    text_without_own_state,
    track,
)


class Judge:
    def __init__(self, fake, demo_plan, project):
        self.fake, self.project = fake, project
        draw(project, "Tom 1", *OFF)
        draw(project, "OH R", *DRAWN)
        # a trim envelope, and one of a track that is to stay
        draw(project, "Tom 2", *DRAWN, key="<VOLENV3")
        draw(project, "Bass", *DRAWN)
        session = rpp.read_project(project).session
        self.parts = {
            "Kick_In": automation(session, "Kick In", steps(0.0, -3.5)),
            "Tom_1": automation(session, "Tom 1", steps(-1.0, start=1.5), (2, 2)),
            "OH_R": automation(
                session, "OH R", steps(-1.0, 3.0, -4.0, start=1.5, length=0.7), (2, 1)
            ),
            "Tom_2": automation(session, "Tom 2", steps(2.0, 1.0), kind="trim volume"),
        }
        self.plan = with_automation(demo_plan, **self.parts)
        put_plan(fake.folder, self.plan)
        self.session = session
        self.saved = [project.with_name(f"{n}.RPP") for n in range(4)]
        self.found = []

    def expect(self, got, want, what):
        if got != want:
            self.found.append(f"{what}: {got!r}, expected {want!r}")

    def play(self, *steps, **more):
        report = self.fake.play_out(*steps, **more)
        if not report.ok:
            self.found.append(report.problems)
        return report

    def press(self, **how):
        save = [{"do": {"save": str(path)}} for path in self.saved]
        undo = {"do": {"undo": 1, "save": str(self.saved[2])}}
        redo = {"do": {"redo": 1, "save": str(self.saved[3])}}
        report = self.play(save[0], self.fake.press("write_automation"), save[1], undo, redo, **how)
        if "projects" not in report.data:
            # there was nothing to undo
            return self.found
        name = "DrumGain: automate 4 drum tracks (forest)"
        self.expect(report.undo(), [name], "undo points")
        peer = read_by_parser(self.saved[1])
        for title, part in self.titled().items():
            old = envelope_of(self.session, title, part.envelope)
            want = part.result(old.points if old else ())
            got = peer[title].get(KEYS[part.envelope])
            rows = [(round(t, 6), round(v, 6), s) for t, v, s in got or ()]
            self.expect(rows, [(p.time, p.value, p.shape) for p in want], title)
            state = track(report, title, 1)
            found = state["envelopes"][0] if state["envelopes"] else {}
            held = [found.get(key) for key in ("active", "visible", "sorted")]
            self.expect(held, [True] * 3, f"{title} on, shown and sorted")
            notes = {envelope_note.KEY: part.mark, **self.fader_notes(title)}
            self.expect(state["p_ext"], notes, f"notes on {title}")
        faders = {t.name: to_linear(t.new_db) for t in self.plan.moves}
        for title, got in report.faders(1).items():
            same = math.isclose(got, faders.get(title, report.faders(0)[title]), rel_tol=1e-9)
            self.expect(same, True, f"fader of {title}")
        others = {t["name"] for t in report.state()["tracks"]} - set(self.titled())
        for title in others:
            self.expect(
                track(report, title, 1)["envelopes"], track(report, title, 0)["envelopes"], title
            )
        loose = [w for w in report.data["writes"] if w["function"] != "SetProjExtState"]
        self.expect(all(w["in_block"] and w["ui_held"] for w in loose), True, "held and in block")
        before, after, undone, redone = map(text_without_own_state, self.saved)
        self.expect(undone == before, True, "the project after undo is that before")
        self.expect(redone == after, True, "the project after redo is that after")
        self.expect(report.data["dialogs"], [], "dialogs")
        return self.found

    def fader_notes(self, title):
        """What the plan stores on a track beside the fader that it writes."""
        notes = [t.note for t in self.plan.moves if t.name == title and t.note]
        return {fader_note.KEY: notes[0]} if notes else {}

    def titled(self):
        return {name.replace("_", " "): part for name, part in self.parts.items()}

    def old_reaper(self):
        return self.press(version="6.20/win64")

    def moving(self):
        return self.press(faults={"trim_moves": True})

    def moving_still(self):
        """The same where tracks that get an envelope, new or switched on, keep their fader."""
        still = ("Kick In", "Tom 1")
        text = self.project.read_bytes().decode()
        for name in still:
            at = text.index("VOLPAN 1 ", text.index(f'NAME "{name}"'))
            text = f"{text[:at]}VOLPAN 0.5 {text[at + 9 :]}"
        self.project.write_bytes(text.encode())
        half = -20.0 * math.log10(2.0)
        tracks = tuple(
            dataclasses.replace(t, old_db=half, new_db=half) if t.name in still else t
            for t in self.plan.tracks
        )
        self.plan = dataclasses.replace(self.plan, tracks=tracks)
        put_plan(self.fake.folder, self.plan)
        return self.moving()

    def plain(self):
        """Envelopes of an old REAPER, whose values are not scaled."""
        text = re.sub(r" *VOLTYPE 1\r?\n", "", self.project.read_bytes().decode())
        self.project.write_bytes(text.encode())
        return self.press()

    def sleeping(self):
        return self.press(faults={"dormant_envelopes": True})

    def refused(self, said, deeds, **how):
        report = self.play({"ticks": 1}, deeds, **how)
        self.expect([n for n in report.undo() if "DrumGain" in n], [], "undo points")
        names = {w["function"] for w in report.data["writes"]} - {"SetProjExtState"}
        self.expect(names, set(), "writes")
        text = report.console + "".join(d["text"] for d in report.data["dialogs"])
        self.expect(said in text, True, f"{said!r} was said")
        return self.found

    def meanwhile(self, said, deeds):
        event = {"before": "ScaleToEnvelopeMode", "do": deeds}
        return self.refused(said, self.fake.press("write_automation", events=[event]))

    def redrawn(self):
        deeds = {"envelope": {"OH R": {"points": [[0, 1, 0]]}}}
        return self.meanwhile("'OH R' was changed", deeds)

    def latched(self):
        return self.meanwhile("mode of 'Kick In'", {"line": [["Kick In", "AUTOMODE", 1, 4]]})

    def pooled(self):
        deeds = {"envelope": {"OH R": {"pooled": 1}}}
        return self.meanwhile("'OH R' was changed", deeds)

    def overridden(self):
        faults = {"automation_override": 4}
        press = self.fake.press("write_automation")
        return self.refused("override is 'latch'", press, faults=faults)

    def cut(self):
        """A REAPER that takes no point above its range: all is put back."""
        save = [{"do": {"save": str(path)}} for path in self.saved[:2]]
        report = self.play(
            save[0],
            self.fake.press("write_automation"),
            save[1],
            faults={"envelope_range": 1.3},
        )
        before, after = map(text_without_own_state, self.saved[:2])
        self.expect(after == before, True, "the project is as before")
        self.expect(report.undo(), [], "undo points")
        self.expect(len(report.data["dialogs"]), 1, "dialogs")
        return self.found

    def cleared(self):
        report = self.play(
            self.fake.press("write_automation"),
            {"do": {"envelope": {"Kick In": {"points": [[0, 0.5, 0]]}}}},
            self.fake.press("clear_automation"),
            {"do": {"save": str(self.saved[0])}},
        )
        now = rpp.read_project(self.saved[0]).session
        for title in ("Tom 1", "OH R", "Tom 2", "Bass"):
            one, other = (
                [
                    (e.kind, e.active, e.points)
                    for t in s.tracks
                    if t.name == title
                    for e in t.envelopes
                ]
                for s in (now, self.session)
            )
            self.expect(one, other, title)
            self.expect(track(report, title)["p_ext"], self.fader_notes(title), f"notes on {title}")
        self.expect(points_of(report, "Kick In"), [(0, 0.5, 0)], "what was drawn since")
        self.expect("'Kick In'" in report.console, True, "said")
        self.expect(report.undo()[-1], "DrumGain: clear automation of 3 tracks", "undo point")
        return self.found


LIVE = "lib/reaper_drumgain/hosts/live/"
#: file, what stands there, what is planted, which judge must see it
FAULTS = {
    "decibels in the points": (
        "points",
        "scale(mode, point.value)",
        "20 * math.log10(point.value)",
        "press",
    ),
    "unscaled values": ("points", "scale(mode, point.value)", "point.value", "press"),
    "scaled values where there is no scale": (
        "points",
        'mode = calls.whole("GetEnvelopeScalingMode", envelope)',
        "mode = 1",
        "plain",
    ),
    "the envelope is not sorted": (
        "points",
        '    calls.truth("Envelope_SortPointsEx", envelope, -1)\n',
        "",
        "press",
    ),
    "flag 32 is missing": (
        "undo_block",
        "apply.TRACK_STATES | ENVELOPE_STATES",
        "apply.TRACK_STATES",
        "press",
    ),
    "flag 1 is missing": (
        "undo_block",
        "apply.TRACK_STATES | ENVELOPE_STATES",
        "ENVELOPE_STATES",
        "press",
    ),
    "the fader is not looked at again": (
        "undo_block",
        "apply.fader_of(edit.track) != before:",
        "False:",
        "moving_still",
    ),
    "what the preference moved stays in the points": (
        "undo_block",
        "moved = apply.fader_of(edit.track) != self._faders[edit.track]",
        "moved = False",
        "moving_still",
    ),
    "the envelope of an untouched track is written": (
        "undo_block",
        "        for prepared in self._edits:\n            edit = prepared.edit\n            try:",
        "        bass = self._calls.child('GetTrack', self._project.address, 12)\n"
        "        stray = find_envelope(self._calls, bass, 'volume')\n"
        "        points.by_text(self._chunks, stray, (1, 1), b'')\n"
        "        for prepared in self._edits:\n            edit = prepared.edit\n            try:",
        "press",
    ),
    "old points stay": ("points", "    delete(envelope, -1, *span)\n", "", "press"),
    "kept points go": ("points", "low, high = -_FAR, _FAR", "return -_FAR, _FAR", "press"),
    "an envelope that was off stays off": (
        "undo_block",
        "if edit.old is None or edit.old.active != edit.active:",
        "if edit.old is None:",
        "press",
    ),
    "old versions are not switched on": (
        "undo_block",
        "            self._chunks.set_envelope(envelope, wanted)\n",
        "            pass\n",
        "old_reaper",
    ),
    "a new envelope is not shown": (
        "undo_block",
        "shown=True if made else None",
        "shown=None",
        "sleeping",
    ),
    "the trim envelope is the volume envelope": (
        "undo_block",
        '"trim volume": b"<VOLENV3"',
        '"trim volume": b"<VOLENV2"',
        "press",
    ),
    "no note is left": (
        "undo_block",
        "                self._set_note(edit.track, edit.note)\n",
        "",
        "press",
    ),
    "the screen is not held": ("undo_block", "with apply.ui_refresh_held():", "if True:", "press"),
    "the undo block is left open": (
        "undo_block",
        "            RPR.Undo_EndBlock2(project.pointer, name, flags)\n",
        "            pass\n",
        "press",
    ),
    "drawn envelopes are overwritten": (
        "automate",
        "return now == edit.old",
        "return True",
        "redrawn",
    ),
    "automation items are overwritten": (
        "automate",
        "return now == edit.old",
        "return True",
        "pooled",
    ),
    "modes are not looked at": (
        "automate",
        'b"I_AUTOMODE") != _TRIM_READ',
        'b"I_AUTOMODE") < 0',
        "latched",
    ),
    "the override is not looked at": (
        "automate",
        "if mode > _TRIM_READ:",
        "if False:",
        "overridden",
    ),
    "what was written is not read back": (
        "points",
        "    if points and not text.startswith(lines, places[kept[0]]):\n",
        "    if False:\n",
        "cut",
    ),
    "nothing is put back": ("undo_block", "left = block.restore()", "left = []", "cut"),
    "new envelopes are not put back": (
        "undo_block",
        "                    chunks.set_track(edit.track, without_block(text, key))\n",
        "                    pass\n",
        "cut",
    ),
    "clear forgets what was there": (
        "automate",
        "points=back.points,",
        "points=(),",
        "cleared",
    ),
    "clear forgets that it was off": ("automate", "active=back.active,", "", "cleared"),
    "clear leaves the note": (
        "undo_block",
        "                self._set_note(edit.track, edit.note)\n",
        "                self._set_note(edit.track, edit.note or edit.old_note)\n",
        "cleared",
    ),
    "clear takes what was drawn since": (
        "automate",
        "            left.append(str(error))\n            continue\n",
        "            from reaper_drumgain.schema.envelope_note import TakenBack\n"
        "            left.append(str(error))\n"
        "            back = TakenBack('volume', removed=True)\n",
        "cleared",
    ),
}
JUDGES = sorted({judge for *_, judge in FAULTS.values()})


@pytest.fixture
def judge(fake, demo_plan, project):
    return Judge(fake, demo_plan, project)


@pytest.mark.parametrize("name", JUDGES)
def test_the_host_as_it_is_passes_every_judge(judge, name):
    assert getattr(judge, name)() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_seen(judge, fault):
    module, old, new, name = FAULTS[fault]
    path = judge.fake.resource_path / "Scripts" / "DrumGain" / LIVE / f"{module}.py"
    text = path.read_text("utf-8")
    assert old in text, f"the fault {fault!r} has no place in {module}.py any more"
    path.write_text(text.replace(old, new, 1), "utf-8")
    compile(path.read_text("utf-8"), path.name, "exec")
    assert getattr(judge, name)() != []
