"""The stand-in where envelopes are made, bounded, put in as text, and where markers have names."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest
from reascript.api_storage import save
from reascript.engine import Engine, Faults
from reascript.fader_scale import from_fader_scale
from reascript.python_api import make_module
from reascript.table import Table

TEXT = """<REAPER_PROJECT 0.1 "7.27/linux-x86_64" 0
  MARKER 1 0.5 "verse äö" 1
  MARKER 1 4.5 "" 1
  MARKER 2 3 "" 0
  <TRACK {AAAAAAAA-0000-0000-0000-000000000001}
    NAME Snare
    VOLPAN 0.25 0 -1 -1 1
    AUTOMODE 0
    MAINSEND 1 0
    <ITEM
      POSITION 0
      LENGTH 1
    >
  >
>
"""
NULL = "0x0000000000000000"
BLOCK = "<VOLENV2\nACT 1 -1\nVOLTYPE 1\nPT 0 0.5 0\n>\n"


class Host:
    """An engine and its functions; ``host.Name`` is ``RPR_Name``."""

    def __init__(self, folder: Path, **more: Any) -> None:
        path = folder / "song.RPP"
        path.write_text(TEXT, "utf-8")
        self.engine = Engine(resource_path=folder, virtual_clock=True, **more)
        self.engine.open_project(path)
        self.table = Table(self.engine)
        self.module = make_module(self.table)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, f"RPR_{name}")

    @property
    def track(self) -> str:
        return self.engine.text_pointer(self.engine.project.tracks[0])

    def chunk(self, size: int = 1 << 16) -> str:
        return str(self.GetTrackStateChunk(self.track, "", size, False)[2])

    def envelope(self, key: str = "<VOLENV2") -> str:
        return str(self.GetTrackEnvelopeByChunkName(self.track, key))


@pytest.mark.parametrize("key", ["<VOLENV2", "<VOLENV3"])
def test_a_block_in_the_chunk_of_a_track_is_an_envelope_of_it(tmp_path: Path, key: str) -> None:
    host = Host(tmp_path)
    assert host.envelope(key).endswith(NULL)
    host.Undo_BeginBlock2(0)
    block = BLOCK.replace("<VOLENV2", key)
    text = host.chunk().replace("MAINSEND 1 0\n", f"MAINSEND 1 0\n{block}")
    track, item = host.track, host.GetTrackMediaItem(host.track, 0)
    assert host.SetTrackStateChunk(track, text, False)
    host.Undo_EndBlock2(0, "chunk", 1 | 32)
    assert host.track == track
    assert not host.engine.alive(host.engine._pointers[int(item.split("0x")[1], 16)])
    assert host.CountTrackEnvelopes(track) == 1
    assert host.CountEnvelopePoints(host.envelope(key)) == 1
    assert host.chunk() == text
    host.Undo_DoUndo2(0)
    assert host.envelope(key).endswith(NULL)
    assert host.engine.failures == []


def test_a_chunk_that_is_too_long_is_cut_without_a_word(tmp_path: Path) -> None:
    host = Host(tmp_path)
    whole = host.chunk()
    done = host.GetTrackStateChunk(host.track, "", 64, False)
    assert (done[0], done[2]) == (1, whole[:63])


def test_an_envelope_that_sleeps_is_there_and_off_until_it_is_woken(tmp_path: Path) -> None:
    host = Host(tmp_path, faults=Faults(dormant_envelopes=True))
    before = host.engine.project.to_text()
    envelope = host.envelope()
    assert envelope == host.envelope()
    assert host.CountTrackEnvelopes(host.track) == 0
    assert host.GetSetEnvelopeInfo_String(envelope, "ACTIVE", "", False)[3] == "0"
    assert host.CountEnvelopePoints(envelope) == 1
    assert host.engine.project.to_text() == before
    host.Undo_BeginBlock2(0)
    host.GetSetEnvelopeInfo_String(envelope, "ACTIVE", "1", True)
    host.Undo_EndBlock2(0, "wake", 32)
    assert host.CountTrackEnvelopes(host.track) == 1
    assert "<VOLENV2" in host.engine.project.to_text()
    host.Undo_DoUndo2(0)
    assert host.engine.project.to_text() == before
    assert host.GetSetEnvelopeInfo_String(host.envelope(), "ACTIVE", "", False)[3] == "0"
    host.Undo_DoRedo2(0)
    assert host.CountTrackEnvelopes(host.track) == 1
    assert host.engine.failures == []


def test_values_beyond_the_range_of_the_preferences_are_cut(tmp_path: Path) -> None:
    host = Host(tmp_path, faults=Faults(envelope_range=1.5))
    host.SetTrackStateChunk(
        host.track, host.chunk().replace("MAINSEND 1 0\n", f"MAINSEND 1 0\n{BLOCK}"), False
    )
    for time, gain in ((1.0, 1.25), (2.0, 3.0)):
        value = host.ScaleToEnvelopeMode(1, gain)
        host.InsertEnvelopePointEx(host.envelope(), -1, time, value, 0, 0, False, True)
    got = [host.GetEnvelopePoint(host.envelope(), n, 0, 0, 0, 0, 0)[4] for n in range(3)]
    assert [from_fader_scale(value) for value in got] == pytest.approx([0.5, 1.25, 1.5])


def test_a_chunk_that_switches_an_envelope_on_moves_the_trim_too(tmp_path: Path) -> None:
    host = Host(tmp_path, faults=Faults(trim_moves=True))
    text = host.chunk().replace("MAINSEND 1 0\n", f"MAINSEND 1 0\n{BLOCK}")
    host.SetTrackStateChunk(host.track, text, False)
    assert host.GetMediaTrackInfo_Value(host.track, "D_VOL") == 1.0
    assert "PT 0 0.125 0" in host.chunk()
    # it is on: the same again moves nothing
    host.SetTrackStateChunk(host.track, text.replace("VOLPAN 0.25", "VOLPAN 0.5"), False)
    assert host.GetMediaTrackInfo_Value(host.track, "D_VOL") == 0.5
    assert "PT 0 0.5 0" in host.chunk()


def test_the_override_for_all_tracks(tmp_path: Path) -> None:
    assert Host(tmp_path).GetGlobalAutomationOverride() == -1
    assert Host(tmp_path, faults=Faults(automation_override=6)).GetGlobalAutomationOverride() == 6


def test_names_of_markers_come_to_a_call_that_has_a_place_for_them(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert host.EnumProjectMarkers3(0, 0, 0, 0, 0, 0, 0, 0)[0] == 1
    address = host.table.addresses["EnumProjectMarkers3"]
    kinds = [ctypes.c_uint64, ctypes.c_int, *[ctypes.c_void_p] * 6]
    call = ctypes.CFUNCTYPE(ctypes.c_int, *kinds)(address)
    cells = (ctypes.c_byte(), ctypes.c_double(), ctypes.c_double())
    name, number, colour = ctypes.c_char_p(), ctypes.c_int(), ctypes.c_int()
    found = []
    for place in range(3):
        rest = (name, number, colour)
        if call(0, place, *(ctypes.addressof(cell) for cell in (*cells, *rest))):
            found.append((cells[0].value, number.value, (name.value or b"").decode()))
    assert found == [(1, 1, "verse äö"), (0, 2, "")]


def test_markers_are_added_and_saved(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert host.AddProjectMarker(0, True, 5.0, 6.0, "chorus", -1) == 2
    assert host.AddProjectMarker(0, False, 7.0, 0.0, "end", 9) == 9
    assert host.CountProjectMarkers(0, 0, 0)[2:] == (2, 2)
    save(host.engine.project, tmp_path / "saved.RPP")
    text = (tmp_path / "saved.RPP").read_text("utf-8")
    assert "MARKER 2 5 chorus 1" in text
    assert "MARKER 9 7 end 0" in text


def test_a_track_that_was_inserted_is_a_block_in_chunk_and_file(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.InsertTrackAtIndex(1, False)
    track = host.engine.text_pointer(host.engine.project.tracks[1])
    assert host.GetTrackStateChunk(track, "", 1 << 16, False)[2].startswith("<TRACK {")
    assert host.engine.project.to_text().count("\n  <TRACK {") == 2
