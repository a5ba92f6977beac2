"""Pre-fader stems of the stand-in: which files, what is in them, and what can go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from reascript import StandInError
from reascript.engine import Engine, Faults
from reascript.python_api import make_module
from reascript.table import Table

RATE = 8000
GAIN = 0.5


def write_project(folder: Path) -> tuple[Path, np.ndarray]:
    """Two selected tracks and one that is not; the first plays its file from 0.25 s on."""
    rng = np.random.default_rng(1)
    audio = rng.uniform(-0.5, 0.5, 2 * RATE).astype(np.float32)
    sf.write(folder / "kick.wav", audio, RATE, subtype="FLOAT")
    item = (
        "    <ITEM\n      POSITION {at}\n      LENGTH {length}\n      LOOP 0\n      MUTE 0 0\n"
        "      NAME kick\n      VOLPAN 0.5 0 0.5 -1\n      SOFFS 0.25\n"
        '      <SOURCE WAVE\n        FILE "kick.wav"\n      >\n    >\n'
    )
    track = (
        "  <TRACK {{{n}}}\n    NAME {name}\n    VOLPAN {fader} 0 -1 -1 1\n    SEL {sel}\n"
        "{items}  >\n"
    )
    text = f'<REAPER_PROJECT 0.1 "7.18" 1\n  SAMPLERATE {RATE} 1 0\n  SELECTION 0.5 1\n'
    text += track.format(
        n=1, name="Kick", fader=0.125, sel=1, items=item.format(at=1, length=1)
    ) + track.format(n=2, name='"Snare / top"', fader=1, sel=1, items=item.format(at=0, length=0.5))
    text += (
        track.format(n=3, name="Bass", fader=1, sel=0, items=item.format(at=0, length=3)) + ">\n"
    )
    path = folder / "drums.RPP"
    path.write_text(text, "utf-8")
    return path, audio


class Stage:
    def __init__(self, folder: Path, faults: Faults | None = None) -> None:
        self.path, self.audio = write_project(folder)
        self.engine = Engine(resource_path=folder, faults=faults)
        self.engine.open_project(self.path)
        self.module = make_module(Table(self.engine))
        self.out = folder / "stems"
        for name, value in (
            ("RENDER_SETTINGS", 2 | 8192),
            ("RENDER_BOUNDSFLAG", 1),
            ("RENDER_CHANNELS", 2),
            ("RENDER_SRATE", RATE),
        ):
            self.set(name, value)
        for name, text in (
            ("RENDER_FILE", str(self.out)),
            ("RENDER_PATTERN", "$tracknumber $track"),
            ("RENDER_FORMAT", "evaw"),
        ):
            self.module.RPR_GetSetProjectInfo_String(0, name, text, True)

    def set(self, name: str, value: float) -> None:
        self.module.RPR_GetSetProjectInfo(0, name, value, True)

    def text(self, name: str) -> str:
        return str(self.module.RPR_GetSetProjectInfo_String(0, name, "", False)[3])

    def render(self) -> None:
        self.module.RPR_Main_OnCommand(42230, 0)


def test_stems_are_the_takes_times_a_known_gain_before_the_fader(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    names = [str(stage.out / f"{name}.wav") for name in ("01 Kick", "02 Snare _ top")]
    assert stage.text("RENDER_TARGETS") == ";".join(names)
    stage.render()
    kick, rate = sf.read(names[0])
    assert (rate, kick.shape) == (RATE, (3 * RATE, 2))
    played = stage.audio[RATE // 4 : RATE // 4 + RATE]
    expected = np.zeros(3 * RATE)
    expected[RATE : 2 * RATE] = GAIN * 0.25 * played
    np.testing.assert_allclose(kick[:, 0], expected, atol=1e-6)
    np.testing.assert_array_equal(kick[:, 0], kick[:, 1])
    # the gain tells the stem from the media file
    assert not np.allclose(kick[RATE : 2 * RATE, 0], 0.25 * played, atol=1e-3)
    assert sorted(path.name for path in stage.out.iterdir()) == [
        "01 Kick.wav",
        "02 Snare _ top.wav",
    ]
    assert stage.engine.renders == [{"targets": names, "written": names, "fault": None}]
    assert stage.engine.failures == []


@pytest.mark.parametrize(("flag", "frames"), [(0, RATE), (1, 3 * RATE), (2, RATE // 2)])
def test_bounds(tmp_path: Path, flag: int, frames: int) -> None:
    stage = Stage(tmp_path)
    stage.set("RENDER_BOUNDSFLAG", flag)
    stage.set("RENDER_STARTPOS", 0.5)
    stage.set("RENDER_ENDPOS", 1.5)
    stage.render()
    assert sf.info(stage.out / "01 Kick.wav").frames == frames


def test_mono_media_make_mono_files_where_asked(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.set("RENDER_SETTINGS", 2 | 16 | 8192)
    stage.render()
    assert sf.info(stage.out / "01 Kick.wav").channels == 1


def test_a_normalization_that_was_left_on_shows(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.set("RENDER_NORMALIZE", 1)
    stage.set("RENDER_NORMALIZE_TARGET", 0.75)
    stage.render()
    assert np.abs(sf.read(stage.out / "01 Kick.wav")[0]).max() == pytest.approx(0.75, abs=1e-6)


@pytest.mark.parametrize(
    ("fault", "count"), [("nothing", 0), ("some", 1), ("cancelled", 1), ("disk_full", 1)]
)
def test_renders_go_wrong(tmp_path: Path, fault: str, count: int) -> None:
    stage = Stage(tmp_path, Faults(render=fault))
    stage.render()
    found = list(stage.out.glob("*.wav")) if stage.out.exists() else []
    assert len(found) == count
    assert stage.engine.failures == []
    if fault == "disk_full":
        assert found[0].stat().st_size == 1000
    elif count:
        assert sf.info(found[0]).frames == 3 * RATE


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("RENDER_SETTINGS", 2, "RENDER_SETTINGS 2"),
        ("RENDER_SETTINGS", 0, "RENDER_SETTINGS 0"),
        ("RENDER_BOUNDSFLAG", 3, "bounds 3"),
        ("RENDER_ADDTOPROJ", 1, "add its files"),
        ("RENDER_PATTERN", "", "without RENDER_PATTERN"),
        ("RENDER_PATTERN", "same", "two stems of one name"),
        ("RENDER_PATTERN", "$nonsense", "wildcard"),
        ("RENDER_FORMAT", "l3pm", "only renders to WAV"),
    ],
)
def test_renders_that_are_not_known_fail_loudly(
    tmp_path: Path, name: str, value: Any, match: str
) -> None:
    stage = Stage(tmp_path)
    if isinstance(value, str):
        stage.module.RPR_GetSetProjectInfo_String(0, name, value, True)
    else:
        stage.set(name, value)
    with pytest.raises(StandInError, match=match):
        stage.render()


def test_a_file_in_the_way_fails_loudly(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.out.mkdir()
    (stage.out / "01 Kick.wav").touch()
    with pytest.raises(StandInError, match="would ask"):
        stage.render()


def test_an_older_reaper_does_not_keep_the_bit(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Faults(no_prefader_stems=True))
    assert stage.module.RPR_GetSetProjectInfo(0, "RENDER_SETTINGS", 0, False) == 2
    with pytest.raises(StandInError, match="RENDER_SETTINGS 2"):
        stage.render()


def test_render_settings_are_saved_only_where_they_changed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.engine.project.put("RENDER_FILE", 1, "mine")
    before = stage.engine.project.to_text()
    stage.engine.project.render.numbers.clear()
    stage.engine.project.render.strings.clear()
    assert stage.text("RENDER_FILE") == "mine"
    for name, value in (("RENDER_FILE", "other"), ("RENDER_FILE", "mine")):
        stage.module.RPR_GetSetProjectInfo_String(0, name, value, True)
    from reascript.api_storage import save

    save(stage.engine.project, tmp_path / "saved.RPP")
    assert (tmp_path / "saved.RPP").read_bytes() == before.encode()


def test_media_headers_agree_with_soundfile(tmp_path: Path) -> None:
    from reascript.media import read_header

    for name, subtype in (("a.wav", "PCM_16"), ("b.wav", "PCM_24"), ("c.flac", "PCM_16")):
        sf.write(tmp_path / name, np.zeros((1234, 2)), 44100, subtype=subtype)
        header = read_header(str(tmp_path / name))
        info = sf.info(tmp_path / name)
        assert header is not None
        assert header.seconds == pytest.approx(info.duration, abs=1e-9)
        assert (header.rate, header.channels) == (info.samplerate, info.channels)
    assert read_header(str(tmp_path / "none.wav")) is None
    (tmp_path / "x.mp3").write_bytes(b"ID3")
    with pytest.raises(StandInError, match="does not read"):
        read_header(str(tmp_path / "x.mp3"))
