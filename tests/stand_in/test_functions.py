"""The stand-in for REAPER against reaper-parser, its undo history, and its refusals."""

from __future__ import annotations

import ctypes
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import reaper_parser
from hypothesis import given
from hypothesis import strategies as st
from reascript import StandInError, history, model, rpp
from reascript.api_storage import save
from reascript.engine import Engine, Faults
from reascript.fader_scale import from_fader_scale, to_fader_scale
from reascript.python_api import make_module
from reascript.scenario import World
from reascript.signatures import parse_signature
from reascript.table import Table

DRUMS = """<REAPER_PROJECT 0.1 "7.18/linux-x86_64" 1700000000
  RIPPLE 0
  SAMPLERATE 48000 0 0
  SELECTION 0 0
  MARKER 1 2 Verse 0
  MARKER 2 4 Chorus 1
  MARKER 2 8 "" 1
  MASTER_VOLUME 0.5 0 -1 -1 1
  <TRACK {AAAAAAAA-0000-0000-0000-000000000001}
    NAME Kit
    VOLPAN 1 0 -1 -1 1
    ISBUS 1 1
    NCHAN 2
    MAINSEND 1 0
  >
  <TRACK {AAAAAAAA-0000-0000-0000-000000000002}
    NAME "Kick In"
    VOLPAN 0.75 0.25 -1 -1 1
    MUTESOLO 1 0 0
    ISBUS 0 0
    SEL 1
    GROUP_FLAGS 2 1
    AUXRECV 2 3 0.5 -0.25 0 1 0 1026 0 -1:U 0 -1 ''
    MAINSEND 1 0
    <VOLENV2
      EGUID {EEEEEEEE-0000-0000-0000-000000000001}
      ACT 1 -1
      VIS 1 1 1
      ARM 0
      DEFSHAPE 0 -1 -1
      VOLTYPE 1
      PT 0 1 0
      PT 4 0.5 0
    >
    <FXCHAIN
      BYPASS 0 0 0
      <VST "VST: ReaComp (Cockos)" reacomp.dll 0 "" 1919247213 ""
        bm90aGluZw==
      >
      BYPASS 1 0 0
      <JS gain "My gain"
        0.5
      >
    >
    <ITEM
      POSITION 1.5
      LENGTH 2
      LOOP 1
      MUTE 0 0
      YPOS 0.5 0.5 2
      NAME first
      VOLPAN 0.5 0 -0.25 -1
      SOFFS 0.125
      PLAYRATE 2 1 0 -1 0 0.0025
      CHANMODE 3
      <SOURCE SECTION
        LENGTH 3
        MODE 2
        STARTPOS 1
        OVERLAP 0.01
        <SOURCE WAVE
          FILE "media\\kick.wav"
        >
      >
      TAKE SEL
      NAME second
      TAKEVOLPAN 0.5 0.75 -1
      SOFFS 0
      SM 0 0 + 1 1.5
      <SOURCE WAVE
        FILE "/no/where.wav"
      >
      TAKE NULL
    >
  >
  <TRACK {AAAAAAAA-0000-0000-0000-000000000003}
    NAME Snare
    VOLPAN 0.25 0 -1 -1 1
    ISBUS 2 -1
    FREEMODE 2
    ITEMLANES 3
    LANESOLO 5
    <ITEM
      POSITION 0
      LENGTH 1
      YPOS 0.33333333 0.33333333 2
    >
  >
>
"""


class Host:
    """An engine and the reaper_python over it; ``R.Name`` is ``RPR_Name``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.table = Table(engine)
        self.module = make_module(self.table)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, f"RPR_{name}")

    def track(self, name: str) -> str:
        project = self.engine.project
        found = next(t for t in project.tracks if t.name == name)
        return self.engine.text_pointer(found)

    def valid(self, pointer: str, project: str = "(ReaProject*)0x0000000000000000") -> bool:
        """ValidatePtr2 as python-reapy calls it: past the packing, which would validate."""
        address = self.table.addresses["ValidatePtr2"]
        types_ = (ctypes.c_byte, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_char_p)
        kind = pointer[1 : pointer.index(")")]
        numbers = [int(text.split("0x")[1], 16) for text in (project, pointer)]
        return bool(ctypes.CFUNCTYPE(*types_)(address)(*numbers, kind.encode()))


def host_of(folder: Path, text: str = DRUMS, **more: Any) -> Host:
    path = folder / "drums.RPP"
    path.write_text(text, "utf-8")
    engine = Engine(resource_path=folder, virtual_clock=True, **more)
    engine.open_project(path)
    return Host(engine)


@pytest.fixture
def R(tmp_path: Path) -> Iterator[Host]:
    host = host_of(tmp_path)
    yield host
    assert host.engine.failures == []


# ---- project text


def significant(data: bytes) -> list[bytes]:
    lines = (line.strip() for line in data.replace(b"\r", b"").split(b"\n"))
    return [line for line in lines if line and line != b"@noindex"]


def test_real_projects_come_back_line_by_line(shared_data: Path) -> None:
    for path in sorted((shared_data / "projects").glob("*.RPP")):
        data = path.read_bytes()
        project = model.load(data, path)
        written = project.to_text().encode("utf-8", "surrogateescape")
        assert significant(written) == significant(data), path.name
        assert written.count(b"\n") == written.count(b"\r\n")


def test_saved_projects_read_the_same_in_reaper_parser(shared_data: Path, tmp_path: Path) -> None:
    """Counts and values through the C table, from what reaper-parser reads of our file."""
    tracks = items = takes = envelopes = 0
    saved = tmp_path / "saved.RPP"
    for path in sorted((shared_data / "projects").glob("*.RPP")):
        engine = Engine(resource_path=tmp_path)
        R = Host(engine)
        project = engine.open_project(path)
        for place, track in enumerate(project.tracks):
            pointer = engine.text_pointer(track)
            assert R.SetMediaTrackInfo_Value(pointer, "D_VOL", 0.0123456789 + place / 1000)
        save(project, saved)
        try:
            peer = reaper_parser.parse(saved).project
        except reaper_parser.RPPParseError:
            continue
        assert len(peer.tracks) == R.CountTracks(0)
        for place, theirs in enumerate(peer.tracks):
            tracks += 1
            ours = R.GetTrack(0, place)
            assert theirs.volume == pytest.approx(0.0123456789 + place / 1000, abs=1e-14)
            assert theirs.volume == pytest.approx(R.GetMediaTrackInfo_Value(ours, "D_VOL"))
            assert theirs.pan == R.GetMediaTrackInfo_Value(ours, "D_PAN")
            assert theirs.muted == bool(R.GetMediaTrackInfo_Value(ours, "B_MUTE"))
            assert theirs.guid in (None, R.GetTrackGUID(ours))
            assert len(theirs.receives) == R.GetTrackNumSends(ours, -1)
            chain = theirs.fx_chain
            assert R.TrackFX_GetCount(ours) == (len(chain.fxs) if chain else 0)
            assert len(theirs.items) == R.CountTrackMediaItems(ours)
            own = [e for e in project.tracks[place].envelopes if e.parent is project.tracks[place]]
            for envelope, block in zip(theirs.envelopes, own, strict=True):
                envelopes += 1
                assert len(envelope.points) == len(block.points)
            for number, item in enumerate(theirs.items):
                items += 1
                mine = R.GetTrackMediaItem(ours, number)
                assert item.position == R.GetMediaItemInfo_Value(mine, "D_POSITION")
                assert item.length == R.GetMediaItemInfo_Value(mine, "D_LENGTH")
                chosen = [place for place, take in enumerate(item.takes) if take.selected]
                if len(item.takes) == R.CountTakes(mine) and len(chosen) == 1:
                    takes += 1
                    assert R.GetMediaItemInfo_Value(mine, "I_CURTAKE") == chosen[0]
                    take = R.GetActiveTake(mine)
                    assert R.GetTakeName(take) == (item.takes[chosen[0]].name or "")
        assert engine.failures == []
    assert (tracks > 1300, items > 2000, takes > 1900, envelopes >= 7) == (True,) * 4


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20))
def test_written_names_are_read_back(name: str) -> None:
    line = rpp.Line(values=("NAME", name))
    again = rpp.Line(line.text())
    if all(mark in name for mark in "\"'`"):
        # REAPER itself cannot keep these
        name = name.replace("`", "'")
    assert again.string(1) == name
    assert again.key == "NAME"


@given(st.floats(-1e6, 1e6))
def test_written_numbers_are_read_back(value: float) -> None:
    text = rpp.Line(values=("X", value)).text().split()[1]
    assert "e" not in text.lower()
    assert float(text) == pytest.approx(value, abs=1e-14)


@pytest.mark.parametrize(
    "text", ["", "NAME x", "<A\n<B\n>", "<A\n>\n>", "<A\n>\n<B\n>", "<A\n>\nx"]
)
def test_broken_text_is_refused(text: str) -> None:
    with pytest.raises(StandInError):
        rpp.parse(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_that_is_none_is_written(value: float) -> None:
    with pytest.raises(StandInError):
        rpp.number_text(value)


# ---- signatures


def test_signatures_are_read() -> None:
    signature = parse_signature(
        "bool GetSetMediaTrackInfo_String(MediaTrack* tr, const char* parmname,"
        " char* stringNeedBig, bool setNewValue)"
    )
    assert [p.kind for p in signature.params] == ["pointer", "text", "buffer", "bool"]
    sized = parse_signature("void F(char* bufOut, int bufOut_sz, double* xOut, int n)")
    assert [p.kind for p in sized.params] == ["buffer", "size", "out", "int"]
    assert parse_signature("const char* GetAppVersion()").result == "char*"


def test_the_table_can_be_called_as_plain_c(R: Host) -> None:
    """Without any Python module in front: address and documented types are enough."""
    address = R.table.addresses["GetMediaTrackInfo_Value"]
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_uint64, ctypes.c_char_p)(address)
    pointer = int(R.track("Kick In").split("0x")[1], 16)
    assert function(pointer, b"D_VOL") == 0.75


# ---- values


def test_tracks_tell_their_values(R: Host) -> None:
    kick, snare, kit = R.track("Kick In"), R.track("Snare"), R.track("Kit")
    values = {
        "D_VOL": 0.75,
        "D_PAN": 0.25,
        "B_MUTE": 1,
        "I_SELECTED": 1,
        "I_FOLDERDEPTH": 0,
        "I_NCHAN": 2,
        "I_FXEN": 1,
        "B_MAINSEND": 1,
        "I_AUTOMODE": 0,
        "IP_TRACKNUMBER": 2,
        "D_PANLAW": -1,
        "B_SHOWINTCP": 1,
        "I_FREEMODE": 0,
    }
    assert {n: R.GetMediaTrackInfo_Value(kick, n) for n in values} == values
    assert R.GetMediaTrackInfo_Value(kit, "I_FOLDERDEPTH") == 1
    assert R.GetMediaTrackInfo_Value(snare, "I_FOLDERDEPTH") == -1
    assert R.GetParentTrack(snare) == kit
    assert R.GetMediaTrackInfo_Value(kick, "P_PARTRACK") == int(kit.split("0x")[1], 16)
    assert R.GetParentTrack(kit) == "(MediaTrack*)0x0000000000000000"
    assert [R.GetMediaTrackInfo_Value(snare, f"C_LANEPLAYS:{n}") for n in range(4)] == [2, 0, 2, 0]
    assert R.GetMediaTrackInfo_Value(R.GetMasterTrack(0), "D_VOL") == 0.5
    assert R.GetSetTrackGroupMembership(kick, "VOLUME_LEAD", 0, 0) == 2
    assert R.GetSetTrackGroupMembership(kick, "VOLUME_FOLLOW", 0, 0) == 1
    assert R.GetSetMediaTrackInfo_String(kick, "P_NAME", "", False)[3] == "Kick In"
    assert R.GetTrackGUID(kick).endswith("2}")
    assert [R.TrackFX_GetFXName(kick, n, "", 512)[3] for n in (0, 1)] == [
        "VST: ReaComp (Cockos)",
        "My gain",
    ]
    assert [R.TrackFX_GetEnabled(kick, n) for n in (0, 1)] == [1, 0]


def test_sends_are_seen_from_both_ends(R: Host) -> None:
    kick, snare = R.track("Kick In"), R.track("Snare")
    assert (R.GetTrackNumSends(kick, -1), R.GetTrackNumSends(snare, 0)) == (1, 1)
    for track, category in ((kick, -1), (snare, 0)):
        value = {
            name: R.GetTrackSendInfo_Value(track, category, 0, name)
            for name in ("D_VOL", "D_PAN", "B_MONO", "I_SENDMODE", "I_SRCCHAN", "I_DSTCHAN")
        }
        assert value == {
            "D_VOL": 0.5,
            "D_PAN": -0.25,
            "B_MONO": 1,
            "I_SENDMODE": 3,
            "I_SRCCHAN": 1026,
            "I_DSTCHAN": 0,
        }
        to = R.GetTrackSendInfo_Value(track, category, 0, "P_DESTTRACK")
        assert f"(MediaTrack*)0x{int(to):016X}" == kick


def test_items_takes_and_sources(R: Host, tmp_path: Path) -> None:
    item = R.GetTrackMediaItem(R.track("Kick In"), 0)
    assert R.CountTakes(item) == 3
    first, second = R.GetTake(item, 0), R.GetActiveTake(item)
    assert R.GetTake(item, 2).endswith("0x0000000000000000")
    assert (R.GetTakeName(first), R.GetTakeName(second)) == ("first", "second")
    assert R.GetMediaItemInfo_Value(item, "D_VOL") == 0.5
    assert R.GetMediaItemInfo_Value(item, "I_CURTAKE") == 1
    take = {n: R.GetMediaItemTakeInfo_Value(first, n) for n in ("D_VOL", "D_PAN", "D_STARTOFFS")}
    assert take == {"D_VOL": -0.25, "D_PAN": 0, "D_STARTOFFS": 0.125}
    assert R.GetMediaItemTakeInfo_Value(first, "D_PLAYRATE") == 2
    assert R.GetMediaItemTakeInfo_Value(first, "I_CHANMODE") == 3
    assert R.GetMediaItemTakeInfo_Value(second, "D_VOL") == 0.75
    assert R.GetMediaItemTakeInfo_Value(second, "D_PAN") == 0.5
    assert R.GetTakeNumStretchMarkers(second) == 2
    section = R.GetMediaItemTake_Source(first)
    assert R.GetMediaSourceType(section, "", 32)[1] == "SECTION"
    assert R.GetMediaSourceFileName(section, "", 512)[1] == ""
    assert R.PCM_Source_GetSectionInfo(section, 0, 0, 0) == (1, section, 1.0, 3.0, 1)
    file = R.GetMediaSourceParent(section)
    assert R.GetMediaSourceFileName(file, "", 512)[1] == str(tmp_path / "media" / "kick.wav")
    other = R.GetMediaItemTake_Source(second)
    assert R.GetMediaSourceFileName(other, "", 512)[1] == "/no/where.wav"
    assert R.GetMediaSourceFileName(other, "", 5)[1] == "/no/"
    assert R.GetMediaSourceLength(other, 0)[0] == 0
    lanes = R.GetTrackMediaItem(R.track("Snare"), 0)
    assert R.GetMediaItemInfo_Value(lanes, "I_FIXEDLANE") == 1
    assert R.GetMediaItemInfo_Value(lanes, "C_LANEPLAYS") == 0
    assert R.CountTakes(lanes) == 0


def test_an_item_is_made_and_moved_to_a_fixed_lane(R: Host) -> None:
    kick = R.track("Kick In")
    count = R.CountTrackMediaItems(kick)
    R.SetMediaTrackInfo_Value(kick, "I_FREEMODE", 2)
    item = R.AddMediaItemToTrack(kick)
    assert R.CountTrackMediaItems(kick) == count + 1
    R.SetMediaItemInfo_Value(item, "I_FIXEDLANE", 2)
    assert R.GetMediaTrackInfo_Value(kick, "I_NUMFIXEDLANES") == 3
    lanes = [R.GetTrackMediaItem(kick, place) for place in range(count + 1)]
    assert [R.GetMediaItemInfo_Value(each, "I_FIXEDLANE") for each in lanes] == [*count * [0], 2]
    R.SetMediaTrackInfo_Value(kick, "C_LANEPLAYS:2", 1)
    plays = [R.GetMediaItemInfo_Value(each, "C_LANEPLAYS") for each in lanes]
    assert plays == [*count * [0], 1]


def test_markers_and_regions(R: Host) -> None:
    assert R.CountProjectMarkers(0, 0, 0)[2:] == (1, 1)
    found = R.EnumProjectMarkers3(0, 1, 0, 0, 0, "kept", 0, 0)
    assert found == (2, 0, 1, 1, 4.0, 8.0, "kept", 2, 0)
    assert R.EnumProjectMarkers3(0, 2, 0, 0, 0, "", 0, 0)[0] == 0


def test_selection_and_time_selection(R: Host) -> None:
    assert R.CountSelectedTracks2(0, False) == 1
    R.SetOnlyTrackSelected(R.track("Snare"))
    assert R.GetSelectedTrack2(0, 0, False) == R.track("Snare")
    assert R.GetSet_LoopTimeRange2(0, True, False, 1.5, 2.5, False)[3:5] == (1.5, 2.5)
    assert R.GetSet_LoopTimeRange2(0, False, False, 0, 0, False)[3:5] == (1.5, 2.5)


def test_a_fader_keeps_every_digit_until_it_is_saved(R: Host, tmp_path: Path) -> None:
    kick = R.track("Kick In")
    assert R.SetMediaTrackInfo_Value(kick, "D_VOL", 0.1234567890123456789)
    assert R.GetMediaTrackInfo_Value(kick, "D_VOL") == 0.1234567890123456789
    save(R.engine.project, tmp_path / "saved.RPP")
    line = next(x for x in (tmp_path / "saved.RPP").read_text().splitlines() if "0.1234" in x)
    assert line.strip() == "VOLPAN 0.12345678901235 0.25 -1 -1 1"


def test_stored_texts_travel_with_the_project(R: Host, tmp_path: Path) -> None:
    kick = R.track("Kick In")
    assert R.GetSetMediaTrackInfo_String(kick, "P_EXT:role", "", False)[0] == 0
    R.GetSetMediaTrackInfo_String(kick, "P_EXT:role", 'kick "in"', True)
    assert R.SetProjExtState(0, "Own", "key", "a b") == 3
    save(R.engine.project, tmp_path / "saved.RPP")
    again = Host(Engine(resource_path=tmp_path))
    again.engine.open_project(tmp_path / "saved.RPP")
    kick = again.track("Kick In")
    assert again.GetSetMediaTrackInfo_String(kick, "P_EXT:role", "", False)[3] == 'kick "in"'
    assert again.GetProjExtState(0, "own", "KEY", "", 512)[4] == "a b"
    again.GetSetMediaTrackInfo_String(kick, "P_EXT:role", "", True)
    assert b"<EXT\r" not in again.engine.project.to_text().encode()
    # reaper-parser agrees where the block stands
    peer = reaper_parser.parse(tmp_path / "saved.RPP").project
    blocks = [c for c in peer.tracks[1].children if getattr(c, "tag", None) == "EXT"]
    assert [(line.key, line.values) for line in blocks[0].children] == [("role", ['kick "in"'])]


# ---- envelopes


@given(st.floats(1e-6, 4.0))
def test_fader_scale_goes_both_ways(gain: float) -> None:
    assert from_fader_scale(to_fader_scale(gain)) == pytest.approx(gain, rel=1e-9)


def test_points_are_scaled_sorted_and_saved_as_gains(R: Host, tmp_path: Path) -> None:
    kick = R.track("Kick In")
    envelope = R.GetTrackEnvelopeByName(kick, "Volume")
    assert envelope == R.GetTrackEnvelopeByChunkName(kick, "<VOLENV2")
    mode = R.GetEnvelopeScalingMode(envelope)
    assert mode == 1
    value = R.GetEnvelopePointEx(envelope, -1, 1, 0, 0, 0, 0, 0)[5]
    assert value != 0.5
    assert R.ScaleFromEnvelopeMode(mode, value) == pytest.approx(0.5)
    scaled = R.ScaleToEnvelopeMode(mode, 0.25)
    done = R.InsertEnvelopePointEx(envelope, -1, 2.0, scaled, 0, 0, False, True)
    assert (len(done), done[0]) == (9, 1)
    assert [R.GetEnvelopePoint(envelope, n, 0, 0, 0, 0, 0)[3] for n in range(3)] == [0, 4, 2]
    assert not R.engine.project.tracks[1].envelopes[0].sorted
    R.Envelope_SortPoints(envelope)
    assert [R.GetEnvelopePoint(envelope, n, 0, 0, 0, 0, 0)[3] for n in range(3)] == [0, 2, 4]
    save(R.engine.project, tmp_path / "saved.RPP")
    peer = reaper_parser.parse(tmp_path / "saved.RPP").project.tracks[1].envelopes[0]
    assert len(peer.points) == 3
    assert [field.raw for field in peer.points[1]] == ["2", "0.25", "0"]
    assert R.DeleteEnvelopePointRangeEx(envelope, -1, 1.0, 3.0)
    assert R.CountEnvelopePoints(envelope) == 2


def test_an_envelope_that_never_was_is_null_until_it_is_shown(R: Host) -> None:
    snare = R.track("Snare")
    assert R.GetTrackEnvelopeByName(snare, "Volume").endswith("0x0000000000000000")
    R.SetOnlyTrackSelected(snare)
    R.Main_OnCommand(40406, 0)
    envelope = R.GetTrackEnvelopeByName(snare, "Volume")
    assert R.GetSetEnvelopeInfo_String(envelope, "ACTIVE", "", False)[3] == "1"
    R.GetSetEnvelopeInfo_String(envelope, "ACTIVE", "0", True)
    assert R.GetSetEnvelopeInfo_String(envelope, "ACTIVE", "", False)[3] == "0"
    assert R.Undo_CanUndo2(0) == "Toggle volume envelope"


def test_chunks_replace_a_track_and_keep_its_pointer(R: Host) -> None:
    kick = R.track("Kick In")
    chunk = R.GetTrackStateChunk(kick, "", 1 << 20, False)[2]
    assert chunk.startswith("<TRACK")
    assert "\nVOLPAN 0.75 0.25 -1 -1 1\n" in chunk
    assert R.SetTrackStateChunk(kick, chunk.replace("VOLPAN 0.75", "VOLPAN 0.5", 1), False)
    assert R.GetMediaTrackInfo_Value(kick, "D_VOL") == 0.5
    assert R.CountTrackMediaItems(kick) == 1


# ---- undo


def state_of(R: Host) -> str:
    return R.engine.project.to_text()


def test_undo_and_redo_restore_the_text(R: Host) -> None:
    kick, snare = R.track("Kick In"), R.track("Snare")
    before = state_of(R)
    R.Undo_BeginBlock2(0)
    R.SetMediaTrackInfo_Value(kick, "D_VOL", 0.5)
    R.SetMediaTrackInfo_Value(snare, "D_VOL", 0.125)
    envelope = R.GetTrackEnvelopeByName(kick, "Volume")
    R.InsertEnvelopePointEx(envelope, -1, 1, 300, 0, 0, False, False)
    R.Undo_EndBlock2(0, "balance", -1)
    after = state_of(R)
    assert (R.Undo_CanUndo2(0), after != before) == ("balance", True)
    with pytest.raises(AttributeError):
        R.Undo_CanRedo2(0)
    assert R.Undo_DoUndo2(0)
    assert state_of(R) == before
    assert R.Undo_CanRedo2(0) == "balance"
    assert R.valid(snare)
    assert R.Undo_DoRedo2(0)
    assert state_of(R) == after
    assert not R.Undo_DoRedo2(0)


def test_flags_name_what_an_undo_restores(R: Host) -> None:
    """A point for tracks alone leaves the envelope as it is, and the other way round."""
    for flags, fader, points in ((1, 0.75, 3), (32, 0.5, 2), (1 | 32, 0.75, 2)):
        host = host_of(R.engine.resource_path)
        kick = host.track("Kick In")
        envelope = host.GetTrackEnvelopeByName(kick, "Volume")
        host.Undo_BeginBlock2(0)
        host.SetMediaTrackInfo_Value(kick, "D_VOL", 0.5)
        host.InsertEnvelopePointEx(envelope, -1, 1, 300, 0, 0, False, False)
        host.Undo_EndBlock2(0, "x", flags)
        assert host.Undo_DoUndo2(0)
        assert host.GetMediaTrackInfo_Value(kick, "D_VOL") == fader
        assert host.CountEnvelopePoints(envelope) == points


def test_a_removed_track_comes_back_with_its_pointer(R: Host) -> None:
    snare = R.track("Snare")
    World(R.engine).do({"delete_track": "Snare"})
    assert not R.valid(snare)
    assert R.Undo_DoUndo2(0)
    assert R.valid(snare)
    assert R.GetSetMediaTrackInfo_String(snare, "P_NAME", "", False)[3] == "Snare"


def test_blocks_without_flags_make_no_point_and_nested_ones_only_one(R: Host) -> None:
    R.Undo_BeginBlock2(0)
    R.SetMediaTrackInfo_Value(R.track("Kick In"), "D_VOL", 0.5)
    R.Undo_EndBlock2(0, "nothing", 0)
    history = R.engine.history(R.engine.project)
    assert len(history.points) == 1
    R.Undo_BeginBlock2(0)
    R.Undo_BeginBlock2(0)
    R.Undo_EndBlock2(0, "inner", -1)
    R.Undo_EndBlock2(0, "outer", -1)
    assert [point.name for point in history.points] == ["", "outer"]


def test_a_new_point_forgets_what_was_undone(R: Host) -> None:
    world = World(R.engine)
    world.do({"fader": {"Snare": 0.5}})
    world.do({"undo": 1})
    world.do({"fader": {"Snare": 0.75}})
    with pytest.raises(ValueError, match="nothing to redo"):
        world.do({"redo": 1})


def test_changes_outside_of_undo_points_are_named(R: Host) -> None:
    project = R.engine.project
    R.SetMediaTrackInfo_Value(R.track("Snare"), "D_VOL", 0.5)
    found = history.differences(R.engine.history(project).points[0].state, project)
    assert found == ["track 'Snare': VOLPAN"]


# ---- loud failures


def refused(R: Host, match: str) -> Any:
    return pytest.raises(StandInError, match=match)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda R: R.GetMediaTrackInfo_Value(R.track("Kit"), "I_WNDH"), "I_WNDH.*not known"),
        (lambda R: R.SetMediaTrackInfo_Value(R.track("Kit"), "D_VOL", float("nan")), "NaN"),
        (lambda R: R.GetMediaTrackInfo_Value("(MediaTrack*)0x0000000000000000", "D_VOL"), "null"),
        (lambda R: R.Main_OnCommand(40001, 0), "action 40001"),
        (lambda R: R.Undo_EndBlock2(0, "x", -1), "without Undo_BeginBlock"),
        (lambda R: R.GetTrackSendInfo_Value(R.track("Kit"), 0, 7, "D_VOL"), "no send 7"),
        (lambda R: R.GetUserInputs("T", 1, "a", "1", 512), "does not answer"),
        (lambda R: R.GetUserInputs("T", 17, "a", "1", 512), "at most 16"),
        (lambda R: R.ShowMessageBox("sure?", "T", 4), "does not answer"),
        (lambda R: R.PreventUIRefresh(-1), "released"),
        (lambda R: R.GetSetProjectInfo(0, "PROJECT_FROBNICATE", 0, False), "not known"),
        (lambda R: R.SetProjExtState(0, "a", "b", "c\nd"), "several lines"),
        (lambda R: R.MIDI_CountEvts("", 0, 0, 0), "does not know this function"),
        (lambda R: R.GetEnvelopePointEx(volume_of(R), 0, 0, 0, 0, 0, 0, 0), "automation items"),
    ],
)
def test_what_is_not_known_fails_loudly(tmp_path: Path, call: Any, match: str) -> None:
    R = host_of(tmp_path)
    with pytest.raises(StandInError, match=match):
        call(R)
    assert len(R.engine.failures) == 1


def volume_of(R: Host) -> str:
    return str(R.GetTrackEnvelopeByName(R.track("Kick In"), "Volume"))


def test_a_dangling_pointer_is_a_failure_even_where_nobody_validates(tmp_path: Path) -> None:
    R = host_of(tmp_path)
    snare = R.track("Snare")
    World(R.engine).do({"delete_track": "Snare"})
    # python-reapy replaces the packing that validates by one that does not
    R.module.rpr_packp = lambda kind, value: int(str(value).split("0x")[1], 16)  # type: ignore[attr-defined]
    with refused(R, "dangling"):
        R.SetMediaTrackInfo_Value(snare, "D_VOL", 0.5)


def test_switching_tabs_within_a_block_is_a_failure(tmp_path: Path) -> None:
    R = host_of(tmp_path)
    first = R.EnumProjects(-1, "", 512)[0]
    R.engine.open_project(None)
    R.Undo_BeginBlock2(0)
    with refused(R, "within an undo block"):
        R.SelectProjectInstance(first)


def test_pointers_of_a_closed_project_are_invalid(R: Host) -> None:
    project, snare = R.EnumProjects(-1, "", 512)[0], R.track("Snare")
    assert R.valid(snare, project)
    assert R.valid(project)
    R.engine.open_project(None)
    R.engine.close_project(R.engine.projects[0])
    assert not R.valid(snare, project)
    assert R.CountTracks(0) == 0


# ---- misbehaviour


def test_older_versions_lack_functions(tmp_path: Path) -> None:
    old, new = host_of(tmp_path, version="7.18/win64"), host_of(tmp_path, version="7.19/win64")
    assert new.APIExists("GetSetEnvelopeInfo_String")
    assert not old.APIExists("GetSetEnvelopeInfo_String")
    assert not hasattr(old.module, "RPR_GetSetEnvelopeInfo_String")
    assert old.GetAppVersion() == "7.18/win64"
    lacking = host_of(tmp_path, faults=Faults(missing_functions=["GetTrackStateChunk"]))
    assert not hasattr(lacking.module, "RPR_GetTrackStateChunk")


def test_faults_change_what_reaper_does(tmp_path: Path) -> None:
    R = host_of(
        tmp_path,
        faults=Faults(
            null_envelopes=["Volume"],
            no_prefader_stems=True,
            undo_flags="none",
            stuck_faders={"Snare": 0.3},
        ),
    )
    assert volume_of(R).endswith("0x0000000000000000")
    R.GetSetProjectInfo(0, "RENDER_SETTINGS", 2 | 8192, True)
    assert R.GetSetProjectInfo(0, "RENDER_SETTINGS", 0, False) == 2
    R.Undo_BeginBlock2(0)
    R.SetMediaTrackInfo_Value(R.track("Snare"), "D_VOL", 0.5)
    R.Undo_EndBlock2(0, "x", -1)
    assert R.GetMediaTrackInfo_Value(R.track("Snare"), "D_VOL") == 0.3
    with pytest.raises(AttributeError):
        R.Undo_CanUndo2(0)


def test_planned_failures_of_calls(R: Host) -> None:
    snare = R.track("Snare")
    R.engine.plan_failure("SetMediaTrackInfo_Value", 2, "ignore")
    R.engine.plan_failure("SetMediaTrackInfo_Value", 3, "raise")
    assert R.SetMediaTrackInfo_Value(snare, "D_VOL", 0.5) == 1
    assert R.SetMediaTrackInfo_Value(snare, "D_VOL", 0.6) == 0
    with pytest.raises(RuntimeError, match="planned failure"):
        R.SetMediaTrackInfo_Value(snare, "D_VOL", 0.7)
    assert R.GetMediaTrackInfo_Value(snare, "D_VOL") == 0.5


def test_trim_moves_into_a_new_envelope_where_the_preference_says_so(tmp_path: Path) -> None:
    R = host_of(tmp_path, faults=Faults(trim_moves=True))
    snare = R.track("Snare")
    R.SetOnlyTrackSelected(snare)
    R.Main_OnCommand(40406, 0)
    assert R.GetMediaTrackInfo_Value(snare, "D_VOL") == 1.0
    assert R.engine.project.tracks[2].envelopes[0].points[0].number(2) == 0.25


# ---- dialogs


def test_dialogs_are_answered_as_scripted_and_noted(R: Host) -> None:
    R.engine.answers.extend(
        [
            {"kind": "GetUserInputs", "fields": {"Amount (%)": 50}},
            {"answer": "cancel"},
            {"csv": "1;2"},
            {"answer": "no"},
        ]
    )
    done = R.GetUserInputs("Settings", 2, "Method,Amount (%),extrawidth=100", "forest,100", 512)
    assert (done[0], done[4]) == (1, "forest,50")
    assert R.GetUserInputs("Settings", 1, "Method", "forest", 512)[0] == 0
    assert R.GetUserInputs("S", 2, "a,b,separator=;", "x;y", 512)[4] == "1;2"
    assert R.ShowMessageBox("sure?", "T", 4) == 7
    assert R.ShowMessageBox("done", "T", 0) == 1
    assert R.engine.dialogs[0]["values"] == ["forest", "100"]
    assert R.engine.dialogs[2]["values"] == ["x", "y"]
    assert [d["kind"] for d in R.engine.dialogs[3:]] == ["ShowMessageBox"] * 2


def test_the_module_looks_like_reapers(R: Host) -> None:
    module: types.ModuleType = R.module
    assert module._ft["CountTracks"] == R.table.addresses["CountTracks"]
    assert module.rpr_getfp("CountTracks") == module._ft["CountTracks"]
    assert module.rpr_unpackp("MediaTrack*", 0x1234) == "(MediaTrack*)0x0000000000001234"
    assert module.rpr_packp("MediaTrack*", "(MediaItem*)0x0000000000001234") == 0
    assert module.rpr_packp("MediaTrack*", "(MediaTrack*)0x0000000000001234") == 0
    kick = R.track("Kick In")
    assert module.rpr_packp("MediaTrack*", kick) == int(kick.split("0x")[1], 16)
    assert module.rpr_packsc("a").value == b"a"
    assert module.rpr_unpacks(module.rpr_packs("ä")) == "ä"
    assert not hasattr(module, "RPR_defer")
    assert R.SetExtState("s", "k", "v", False) is None
    assert (R.GetExtState("s", "k"), R.HasExtState("s", "k")) == ("v", 1)
    R.DeleteExtState("s", "k", True)
    assert (R.GetExtState("s", "k"), R.HasExtState("s", "k")) == ("", 0)
