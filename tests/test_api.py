"""The public interface, used as a notebook would use it."""

import doctest
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile

import reaper_drumgain as drumgain
from reaper_drumgain import api
from reaper_drumgain.methods.base import Method

PLUGIN = '''
"""A package with methods of its own."""
import numpy as np
from reaper_drumgain.methods.base import Method, MethodGains


class Stairs(Method):
    """Each track 2 dB over the one before."""

    def gains(self, given):
        return MethodGains(2.0 * np.arange(len(given.roles)))


class NoMethod:
    pass
'''


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(str(resources.files("reaper_drumgain") / "demo" / "session"), folder)
    return folder / "DrumGain demo.RPP"


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """An installed package that offers methods, one with the name of a built-in."""
    site = tmp_path / "site"
    info = site / "stairs-1.2.dist-info"
    info.mkdir(parents=True)
    (site / "stairs.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stairs\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[reaper_drumgain.methods]\nstairs = stairs:Stairs\nunity = stairs:Stairs\n"
        "gone = stairs:Gone\nother = stairs:NoMethod\n"
    )
    monkeypatch.syspath_prepend(str(site))
    return site


def strokes(level, pitch, rate=48000):
    time = np.arange(4 * rate) / rate
    return level * np.exp(-20.0 * (time % 0.5)) * np.sin(2.0 * np.pi * pitch * time)


def test_the_documented_examples_hold():
    found = doctest.testmod(api)
    assert found.attempted >= 10
    assert not found.failed


def test_all_names_of_the_interface_are_in_the_package():
    assert set(api.__all__) == set(drumgain.__all__)
    assert all(getattr(drumgain, name) is getattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        drumgain.no_such_name  # noqa: B018


def test_a_project_is_opened_balanced_and_written(demo):
    before = demo.read_bytes()
    project = drumgain.open_project(demo)
    shares = []
    plan = project.balance(progress=lambda _, share: shares.append(share))
    assert demo.read_bytes() == before
    assert shares[-1] == 1.0
    assert any(track.moves for track in plan.tracks)
    written = project.apply(plan)
    assert written.backup is not None
    assert written.backup.read_bytes() == before
    again = drumgain.open_project(demo)
    faders = {track.name: track.fader for track in again.session.tracks}
    for track in plan.tracks:
        assert 20.0 * np.log10(faders[track.name]) == pytest.approx(track.new_db, abs=1e-3)


def test_a_stale_plan_is_refused(demo):
    project = drumgain.open_project(demo)
    plan = project.balance(drumgain.Settings(method="equal-loudness"))
    project.apply(plan)
    with pytest.raises(drumgain.DrumGainError, match="changed"):
        project.apply(plan)


def test_arrays_are_balanced_as_the_project_with_the_same_audio(demo):
    project = drumgain.open_project(demo)
    # the demo's tracks are one file each, from the start on, without gain or pan of their own
    tracks = [
        (track.name, *soundfile.read(track.clips[0].source.path))
        for track in project.session.tracks
        if track.clips
    ]
    names, signals, rates = zip(*tracks, strict=True)
    plan = drumgain.balance_arrays(signals, rates[0], names)
    roles = {track.name: track.role_text for track in project.balance().tracks}
    assert {track.name: track.role_text for track in plan.tracks} == roles
    level = {track.name: track.loudness_lufs for track in project.balance().tracks}
    for track in plan.tracks:
        assert track.loudness_lufs == pytest.approx(level[track.name], abs=0.01)


def test_arrays_of_one_loudness_get_one_fader():
    kick = strokes(0.2, 60.0)
    plan = drumgain.balance_arrays(
        [kick, kick, np.stack([kick, kick], axis=1)],
        48000,
        ["Kick", "Snare", "Audio 07"],
        drumgain.Settings(method="equal-loudness"),
        roles={"Audio 07": "tom 1"},
    )
    assert [track.role_text for track in plan.tracks] == ["kick", "snare", "tom 1"]
    assert [track.new_db for track in plan.tracks] == pytest.approx([0.0, 0.0, 0.0], abs=0.01)


@pytest.mark.parametrize(
    ("signals", "rate", "names", "told"),
    [
        ([np.zeros(10)], 48000, ["Kick", "Snare"], "1 signals have 2 names"),
        ([np.zeros((2, 48000))], 48000, ["Kick"], r"'Kick' has the shape \(2, 48000\)"),
        ([np.zeros(10, dtype=np.int16)], 48000, ["Kick"], "'Kick' holds int16"),
        ([np.full(10, np.nan)], 48000, ["Kick"], "'Kick' holds values that are not finite"),
        ([np.zeros(10)], 4000, ["Kick"], "rate is 4000"),
        ([np.zeros(10)], 44100.5, ["Kick"], "rate is 44100.5"),
        ([np.zeros(0)], 48000, ["Kick"], "'Kick' holds no samples"),
        ([strokes(0.1, 60.0)], 48000, ["Lead vocal"], "drum"),
        ([], 48000, [], "drum"),
    ],
)
def test_what_cannot_be_balanced_is_told(signals, rate, names, told):
    with pytest.raises(drumgain.DrumGainError, match=told):
        drumgain.balance_arrays(signals, rate, names)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"mode": "al"}, r"settings.mode: expected one of \['auto', 'outliers', 'all'\], got 'al'"),
        ({"write": "envelopes"}, "settings.write: expected one of"),
        ({"level": "peak:-6"}, "settings.level: expected"),
        ({"locks": "Kick In"}, "settings.locks: expected a list"),
        ({"roles": {"Kick": "snare"}}, "settings.roles: expected a list"),
        ({"stems": 1j}, "complex"),
    ],
)
def test_a_field_of_the_settings_with_a_wrong_value_is_named(field, told):
    with pytest.raises(drumgain.DrumGainError, match=f"{told}.*drumgain.Settings"):
        drumgain.balance_arrays([strokes(0.2, 60.0)], 48000, ["Kick"], drumgain.Settings(**field))


def test_silent_arrays_stay():
    plan = drumgain.balance_arrays([strokes(0.2, 60.0), np.zeros(96000)], 48000, ["Kick", "Snare"])
    assert "silent" in plan.tracks[1].flags
    assert not plan.tracks[1].moves


def test_a_method_of_another_package_is_used_by_name(plugin):
    sounds = [strokes(0.2, frequency) for frequency in (60.0, 75.0, 90.0)]
    plan = drumgain.balance_arrays(
        sounds,
        48000,
        ["Kick", "Snare", "Tom 1"],
        drumgain.Settings(method="stairs"),
    )
    faders = [track.new_db for track in plan.tracks]
    assert np.diff(faders) == pytest.approx([2.0, 2.0], abs=1e-6)
    assert drumgain.method_names()[0] == "forest"
    assert {"stairs", "gone"} < set(drumgain.method_names())


def test_a_plug_in_cannot_take_the_name_of_a_built_in_method(plugin):
    kick = strokes(0.2, 60.0)
    settings = drumgain.Settings(method="unity")
    plan = drumgain.balance_arrays([kick, kick], 48000, ["Kick", "Snare"], settings)
    assert [track.new_db for track in plan.tracks] == pytest.approx([0.0, 0.0])
    assert drumgain.method_names().count("unity") == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gone", r"method 'gone' \(stairs 1.2, stairs:Gone\) cannot be loaded: AttributeError"),
        ("other", r"method 'other' \(stairs 1.2, stairs:NoMethod\) gives NoMethod"),
        ("starirs", "method 'starirs' is not known"),
    ],
)
def test_a_broken_plug_in_is_named(plugin, name, told):
    with pytest.raises(drumgain.DrumGainError, match=told):
        drumgain.balance_arrays(
            [strokes(0.2, 60.0)], 48000, ["Kick"], drumgain.Settings(method=name)
        )


def test_the_command_line_takes_and_lists_plug_ins(plugin, demo, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(plugin))
    command = [sys.executable, "-m", "reaper_drumgain"]
    run = subprocess.run(
        [*command, "balance", str(demo), "--dry-run", "--method", "stairs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "stairs" in run.stdout
    listed = subprocess.run(
        [*command, "methods"], capture_output=True, text=True, check=True
    ).stdout
    assert "Each track 2 dB over the one before" in listed
    assert "cannot be loaded" in listed


def test_the_package_says_that_it_is_typed():
    assert Path(str(resources.files("reaper_drumgain") / "py.typed")).is_file()


def test_a_notebook_completes_the_names_before_they_are_used():
    ask = "import reaper_drumgain; print(*dir(reaper_drumgain))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert set(drumgain.__all__) <= set(done.stdout.split())


def test_what_is_no_settings_is_refused(demo):
    with pytest.raises(drumgain.DrumGainError, match=r"the settings are 50: expected drumgain\.S"):
        drumgain.open_project(demo).balance(50)
    with pytest.raises(drumgain.DrumGainError, match="there are no signals"):
        drumgain.balance_arrays([], 48000, [])


ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_python_of_a_page_runs_as_it_is_printed(page, tmp_path, monkeypatch, capsys):
    path = ROOT / page
    if not path.is_file():
        pytest.skip("needs a checkout")
    demo = Path(str(resources.files("reaper_drumgain"))) / "demo" / "session"
    shutil.copytree(demo, tmp_path, dirs_exist_ok=True)
    (tmp_path / "DrumGain demo.RPP").rename(tmp_path / "song.RPP")
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(1).standard_normal((4, 48_000)) * 0.1
    names = {"signals": list(noise)}
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.S | re.M)
    assert blocks
    for block in blocks:
        exec(block, names)
    assert "Kick In" in capsys.readouterr().out
    assert list(tmp_path.glob("song.RPP.drumgain-*.bak"))
    if "gains_db" in names:
        assert len(names["gains_db"]) == 4
        assert issubclass(names["Quieter"], Method)
