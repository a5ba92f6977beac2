"""If REAPER, the worker or the user misbehaves, all or nothing is done, and a message says so.

The worker of these scenarios answers with the demo's plan, or with what a test says instead."""

import json

import pytest

from reaper_drumgain.hosts.live.setup import FILE_NAME

WAITS = "time.sleep(60)\n"
BEFORE_FADERS = {"before": "SetMediaTrackInfo_Value", "nth": 1}


def boxes(report):
    return [d["text"] for d in report.data["dialogs"] if d["kind"] == "ShowMessageBox"]


def unchanged(report, start=0, step=None):
    faders = report.faders(start)
    after = report.faders(step)
    return {n: f for n, f in after.items() if faders.get(n) != f} == {}


def faders_written(report):
    return [w for w in report.data["writes"] if w["name"] == "D_VOL"]


def press_and(fake, deeds, tick=15):
    """Press the key; something happens while the worker is busy."""
    go = fake.folder / "go"
    go.unlink(missing_ok=True)
    return (
        {"ticks": 1},
        fake.press("balance_all", ticks=tick),
        {"do": {**deeds, "make_file": str(go)}, "wait": True},
    )


GIVES_PLAN = "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))\n"
#: the worker answers when a scenario says so: how fast this machine is does not matter
SLOW = (
    "go = os.path.join(os.path.dirname(sys.argv[0]), 'go')\n"
    "while not os.path.exists(go) and os.path.isdir(folder):\n    time.sleep(0.002)\n"
) + GIVES_PLAN


@pytest.fixture
def slow(make_fake):
    """A worker that is busy until something has happened, in real time."""
    reaper = make_fake(SLOW)
    reaper.options["clock"] = "real"
    return reaper


@pytest.mark.parametrize(
    ("deeds", "said"),
    [
        ({"fader": {"Snare Top": 0.5}}, "fader of 'Snare Top' was moved"),
        ({"delete_track": "Tom 2"}, "'Tom 2' was deleted"),
        ({"delete_track": "Bass"}, None),
        ({"move_track": ["Vocal", 0]}, None),
        ({"rename": {"Kick In": "BD"}}, None),
        ({"select": ["Vocal"]}, None),
    ],
)
def test_what_the_user_does_meanwhile(slow, demo_plan, deeds, said):
    """What still holds is applied, or all is refused with a sentence; never half."""
    report = slow.play(*press_and(slow, deeds))
    if said:
        assert said in report.console
        assert faders_written(report) == []
        assert len(report.undo()) == 1
    else:
        assert "moved 11 of 11" in report.console
        want = {t.name: 10 ** (t.new_db / 20) for t in demo_plan.moves}
        got = {deeds.get("rename", {}).get(n, n): f for n, f in want.items()}
        assert {n: report.faders()[n] for n in got} == pytest.approx(got)
        assert report.undo()[-1].startswith("DrumGain: balance")


def test_a_track_that_stays_is_moved_meanwhile(make_fake):
    """Its level was the measure of the others: all is refused."""
    stays = "for t in plan['tracks']:\n    if t['name'] == 'Hi-Hat': t['new_db'] = t['old_db']\n"
    reaper = make_fake(stays + SLOW)
    reaper.options["clock"] = "real"
    report = reaper.play(*press_and(reaper, {"fader": {"Hi-Hat": 0.5}}))
    assert "fader of 'Hi-Hat' was moved" in report.console
    assert faders_written(report) == []


def test_the_tab_is_switched_meanwhile(slow, demo_plan, tmp_path):
    """Then the project that was current at the key press is balanced, the other one not."""
    other = tmp_path / "other.RPP"
    other.write_bytes(slow.project.read_bytes())
    projects = [str(slow.project), str(other)]
    report = slow.play(*press_and(slow, {"switch_tab": 1}), projects=projects)
    assert report.undo(project=0) == ["DrumGain: balance 11 drum tracks (forest)"]
    assert report.undo(project=1) == []
    assert report.faders(project=1) == report.faders(0, project=1)


def test_the_project_is_closed_meanwhile(slow, tmp_path):
    other = tmp_path / "other.RPP"
    other.write_bytes(slow.project.read_bytes())
    projects = [str(slow.project), str(other)]
    report = slow.play(*press_and(slow, {"close_tab": 0}), projects=projects)
    assert "closed in the meantime" in report.console
    assert faders_written(report) == []
    assert report.undo() == []


@pytest.mark.parametrize("deeds", [{"close_tab": 0}, {"delete_track": "Tom 2"}])
def test_the_project_changes_while_it_is_read(slow, deeds):
    """Whatever the slice in which it happens: no dangling pointer is ever used."""
    for tick in (1, 2, 3, 4):
        report = slow.play(*press_and(slow, deeds, tick=tick))
        # the plan that the worker gives is for the track that is gone
        assert faders_written(report) == []
        assert report.console or boxes(report)


def test_the_second_press_cancels(make_fake):
    reaper = make_fake(WAITS)
    report = reaper.play(
        {"ticks": 1},
        reaper.press("balance_all", ticks=16),
        reaper.press("balance_all", {"kind": "TaskControl", "answer": "new"}),
    )
    assert report.console.splitlines() == ["DrumGain: cancelled, nothing was changed"]
    assert unchanged(report)
    assert report.undo() == []


def test_the_cancel_action_and_the_busy_actions(make_fake, tmp_path):
    # only the first run waits, for as long as it is let
    mark = tmp_path / "the first run has begun"
    first_waits = (
        f"p = {str(mark)!r}\nif not os.path.exists(p):\n    open(p, 'w'); time.sleep(60)\n"
    )
    reaper = make_fake(first_waits + GIVES_PLAN)
    reaper.options["clock"] = "real"
    report = reaper.play(
        reaper.press("balance_all", ticks=16),
        reaper.press("compare", ticks=2),
        reaper.press("amount_up", ticks=2),
        reaper.press("cancel"),
        reaper.press("balance_all"),
    )
    lines = report.console.splitlines()
    assert sum("still running" in line for line in lines) == 2
    assert "DrumGain: cancelled, nothing was changed" in lines
    assert "moved 11 of 11" in lines[-1]


def test_reaper_is_closed_half_way(make_fake):
    reaper = make_fake(WAITS)
    report = reaper.play(reaper.press("balance_all", ticks=20), {"quit": True})
    assert faders_written(report) == []
    assert report.data["children"] == 0


WORKERS = [
    ("sys.exit(3)", "exit status 3"),
    ("sys.stderr.write('Boom: no luck\\n'); sys.exit(1)", "Boom: no luck"),
    ("os.kill(os.getpid(), 9)", "without a plan"),
    ("put('result.json', 'rubbish')", "is not a valid plan"),
    ("put('result.json', '[' * 100000)", "is not a valid plan"),
    ("put('result.json', '[]')", "is not a valid plan"),
    ("put('result.json', '{}')", "is not a valid plan"),
    (
        "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': 3}))",
        "is not a valid plan",
    ),
    (
        "put('result.json', json.dumps({'protocol': 1, 'version': '9.9', 'plan': plan}))",
        "drumgain install",
    ),
    (
        "put('result.json', json.dumps({'protocol': 7, 'version': version, 'plan': plan}))",
        "drumgain install",
    ),
    (
        "put('result.json', json.dumps({'protocol': 1, 'version': version,"
        " 'error': {'kind': 'MediaError', 'message': 'kick.wav is odd'}}))",
        "kick.wav is odd",
    ),
    (
        "put('result.json', json.dumps({'protocol': 1, 'version': version,"
        " 'error': {'kind': 'Exception', 'message': 'oops'}}))",
        "oops",
    ),
    (
        "for t in plan['tracks']: t['index'] += 1000\n"
        "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))",
        "a track that is not in the project",
    ),
    (
        "for t in plan['tracks']: t['new_db'] = 90.0\n"
        "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))",
        "not a valid fader gain",
    ),
]


def test_a_worker_that_fails_is_told_and_nothing_is_changed(make_fake, tmp_path):
    """One press after the other, each with the next kind of failure."""
    (tmp_path / "count").write_text("0")
    bodies = [body for body, _ in WORKERS]
    reaper = make_fake(
        f"place = {str(tmp_path / 'count')!r}\n"
        "number = int(open(place).read())\n"
        "open(place, 'w').write(str(number + 1))\n"
        f"exec({bodies!r}[number])\n"
    )
    report = reaper.play({"ticks": 1}, *(reaper.press("balance_all") for _ in WORKERS))
    assert len(boxes(report)) == len(WORKERS)
    for box, (body, said) in zip(boxes(report), WORKERS, strict=True):
        assert said in box, body
    assert unchanged(report)
    assert report.undo() == []


def test_a_worker_that_prints_rubbish_is_listened_to_all_the_same(make_fake):
    body = (
        "sys.stdout.write('x' * 1000000); sys.stdout.flush()\n"
        "put('progress.json', '{')\n"
        "put('result.json', json.dumps({'protocol': 1, 'version': version, 'plan': plan}))"
    )
    reaper = make_fake(body)
    report = reaper.play(reaper.press("balance_all"))
    assert "moved 11 of 11" in report.console


def test_a_worker_that_is_killed(make_fake):
    reaper = make_fake(WAITS)
    reaper.options["clock"] = "real"
    report = reaper.play(*press_and(reaper, {"kill_children": 9}))
    assert "without a plan" in boxes(report)[0]
    assert unchanged(report)


def test_no_set_up_names_the_command_that_mends_it(fake):
    setup = fake.resource_path / "Scripts" / "DrumGain" / FILE_NAME
    whole = json.loads(setup.read_text("utf-8"))
    broken = [
        None,
        "{",
        "[]",
        json.dumps({**whole, "format": 99}),
        json.dumps({**whole, "version": "0.0.1"}),
        json.dumps({**whole, "interpreter": "/nowhere/python"}),
        json.dumps({**whole, "methods": []}),
        json.dumps({**whole, "interpreter": str(fake.project)}),
    ]
    for text in broken:
        if text is None:
            setup.unlink()
        else:
            setup.write_text(text, "utf-8")
        report = fake.play({"ticks": 1}, fake.press("balance_all"))
        (box,) = boxes(report)
        assert "drumgain install" in box, text
        assert unchanged(report)
        assert report.undo() == []


def test_no_bundle_names_the_command_that_mends_it(fake):
    lib = fake.resource_path / "Scripts" / "DrumGain" / "lib"
    lib.rename(lib.with_name("elsewhere"))
    report = fake.play({"ticks": 1}, fake.press("balance_all"))
    assert "drumgain install" in boxes(report)[0]
    assert report.undo() == []


def test_a_fader_that_does_not_take_is_rolled_back(fake):
    """A failure in the middle is taken back within the block: no fader, no undo point."""
    report = fake.play(
        {"ticks": 1}, fake.press("balance_all"), faults={"stuck_faders": {"Tom 1": 0.77}}
    )
    assert "did not set the fader of 'Tom 1'" in boxes(report)[0]
    assert len(faders_written(report)) > 2
    others = {n: f for n, f in report.faders().items() if n != "Tom 1"}
    assert others == {n: f for n, f in report.faders(0).items() if n != "Tom 1"}
    assert report.undo() == []


def test_a_write_that_fails_is_rolled_back(fake):
    """The first, one in the middle, the last: ignored by REAPER, or raising."""
    presses = [
        fake.press(
            "balance_all",
            fail=[{"call": "SetMediaTrackInfo_Value", "nth": nth, "effect": effect}],
        )
        for nth in (1, 6, 11)
        for effect in ("ignore", "raise")
    ]
    report = fake.play({"ticks": 1}, *presses)
    assert len(boxes(report)) == len(presses)
    assert all(unchanged(report, step=step) for step in range(1, len(presses) + 1))
    assert report.undo() == []


def test_an_older_reaper(fake):
    """Given REAPER 6.20 without the newer functions, then the press works all the same."""
    report = fake.play(fake.press("balance_all"), version="6.20/win64")
    assert "moved 11 of 11" in report.console


def test_a_reaper_that_lacks_what_is_needed(fake):
    report = fake.play_out(
        fake.press("balance_all"), faults={"missing_functions": ["CountTrackMediaItems"]}
    )
    assert "update REAPER" in boxes(report)[0]
    assert report.data["children"] == 0


def test_a_null_envelope(fake):
    report = fake.play(fake.press("balance_all"), faults={"null_envelopes": ["Volume"]})
    assert "moved 11 of 11" in report.console
