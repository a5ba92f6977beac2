"""Checks of the assumptions about REAPER that its documentation leaves open, for ``selftest``.

Each check stands for an assumption of the other modules. It works in a temporary project tab and
returns what is wrong, or None.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live import lane_and_group_checks, reaper, undo_block
from reaper_drumgain.hosts.live.points import Scale, by_calls, by_text, check, lines_of
from reaper_drumgain.hosts.live.reaper import RPR
from reaper_drumgain.hosts.live.self_test_tab import ALL, PROJECT, Tab, expect, result
from reaper_drumgain.hosts.live.snapshot import take_snapshot
from reaper_drumgain.hosts.live.state_chunks import Chunks, is_on, switched, without_block
from reaper_drumgain.hosts.live.undo_block import EnvelopeEdit
from reaper_drumgain.schema.session import EnvelopeKind, EnvelopePoint

T = TypeVar("T")
Check = Callable[["Tab"], str | None]


def _fader_is_linear(tab: Tab) -> str | None:
    tab.set_fader(tab.one, 0.5)
    return expect("D_VOL after 0.5 was written", tab.fader(tab.one), 0.5)


def _undo_restores(tab: Tab) -> str | None:
    tab.set_fader(tab.one, 0.5)
    RPR.Undo_OnStateChangeEx2(tab.project.pointer, "self-test: start", ALL, -1)
    problem = tab.fader_step(0.25)
    if problem is not None:
        return problem
    RPR.Undo_DoUndo2(tab.project.pointer)
    undone = tab.fader(tab.one)
    RPR.Undo_DoRedo2(tab.project.pointer)
    redone = tab.fader(tab.one)
    return expect("the fader after undo", undone, 0.5) or expect(
        "the fader after redo", redone, 0.25
    )


def _no_point_without_flags(tab: Tab) -> str | None:
    before = RPR.Undo_CanUndo2(tab.project.pointer)
    RPR.Undo_BeginBlock2(tab.project.pointer)
    RPR.Undo_EndBlock2(tab.project.pointer, "self-test: nothing", 0)
    return expect("the last undo point", RPR.Undo_CanUndo2(tab.project.pointer), before)


def _track_text(tab: Tab) -> str | None:
    key, text = "P_EXT:drumgain_selftest", 'tom 2 "floor" ä'
    RPR.GetSetMediaTrackInfo_String(tab.one, key, text, True)
    got = RPR.GetSetMediaTrackInfo_String(tab.one, key, "", False)[3]
    RPR.GetSetMediaTrackInfo_String(tab.one, key, "", True)
    return expect("P_EXT", got, text)


def _project_text(tab: Tab) -> str | None:
    text = json.dumps({"name": 'Kick "in"', "long": "x" * 20_000})
    RPR.SetProjExtState(tab.project.pointer, "DrumGain", "selftest", text)
    got = RPR.GetProjExtState(tab.project.pointer, "DrumGain", "selftest", "", 4 << 20)[4]
    RPR.SetProjExtState(tab.project.pointer, "DrumGain", "selftest", "")
    return expect("the length of the project's ext state", len(got), len(text))


def _project_text_outlives_undo(tab: Tab) -> str | None:
    problem = tab.fader_step(0.75)
    if problem is not None:
        return problem
    RPR.SetProjExtState(tab.project.pointer, "DrumGain", "selftest", "kept")
    RPR.Undo_DoUndo2(tab.project.pointer)
    got = RPR.GetProjExtState(tab.project.pointer, "DrumGain", "selftest", "", 4096)[4]
    return expect("the project's ext state after undo", got, "kept")


def _project_text_outlives_a_marker(tab: Tab) -> str | None:
    """The undo point of a marker holds the project's state, of which ext state may be a part."""
    project = tab.project.pointer
    RPR.SetProjExtState(project, "DrumGain", "selftest", "before")
    RPR.Undo_OnStateChangeEx2(project, "self-test: start", ALL, -1)
    RPR.Undo_BeginBlock2(project)
    try:
        RPR.AddProjectMarker(project, False, 3.0, 0.0, "self-test", -1)
    finally:
        RPR.Undo_EndBlock2(project, "self-test: marker", PROJECT)
    RPR.SetProjExtState(project, "DrumGain", "selftest", "after")
    RPR.Undo_DoUndo2(project)
    got = RPR.GetProjExtState(project, "DrumGain", "selftest", "", 4096)[4]
    RPR.SetProjExtState(project, "DrumGain", "selftest", "")
    return expect("the project's ext state after the undo of a marker", got, "after")


def _session_text(tab: Tab) -> str | None:  # noqa: ARG001 - all checks take the tab
    text = json.dumps({"name": 'Kick "in" ä', "long": "x" * 200_000})
    RPR.SetExtState("DrumGain kept", "selftest", text, False)
    got = RPR.GetExtState("DrumGain kept", "selftest")
    RPR.DeleteExtState("DrumGain kept", "selftest", False)
    return expect("the length of REAPER's ext state", len(got), len(text))


def _envelope(tab: Tab) -> str | None:
    never = RPR.GetTrackEnvelopeByName(tab.two, "Volume")
    scaled = RPR.ScaleToEnvelopeMode(1, 0.5)
    back = RPR.ScaleFromEnvelopeMode(1, scaled)
    return expect("a volume envelope that was never shown", reaper.address(never), 0) or (
        None if abs(back - 0.5) < 1e-6 else f"fader scaling gives {back!r} back for 0.5"
    )


def _write_envelope(tab: Tab, kind: EnvelopeKind, place: int) -> str | None:
    """Make and write an envelope as the automation action does; check its undo and redo."""
    points = tuple(EnvelopePoint(*row) for row in ((0.0, 0.5), (1.0, 0.25, 1), (2.0, 0.75)))
    calls = reaper.Calls()
    scale, chunks = Scale(calls), Chunks(calls)
    track = reaper.address(tab.two)
    tab.set_fader(tab.two, 0.5)
    RPR.Undo_OnStateChangeEx2(tab.project.pointer, "self-test: start", ALL, -1)
    noted = undo_block.note_on(calls, track)
    edit = EnvelopeEdit(track, "", kind, None, points, note=f"1;{place}", old_note=noted)
    try:
        prepared = result(undo_block.prepare(calls, chunks, edit, few=True))
        undo_block.write(tab.project, calls, scale, [prepared], (), f"self-test: {kind}")
    except HostError as error:
        return str(error)
    envelope = undo_block.find_envelope(calls, track, kind)
    shown = bool(envelope) and calls.whole("CountTrackEnvelopes", track) == place
    problem = expect("the envelope is there", shown, True) or expect(
        "D_VOL after activation", tab.fader(tab.two), 0.5
    )
    if problem is not None:
        return problem
    RPR.Undo_DoUndo2(tab.project.pointer)
    left = undo_block.find_envelope(calls, reaper.address(tab.two), kind)
    gone = not left or not is_on(chunks.of_envelope(left))
    note = undo_block.note_on(calls, reaper.address(tab.two))
    RPR.Undo_DoRedo2(tab.project.pointer)
    again = undo_block.find_envelope(calls, reaper.address(tab.two), kind)
    return (
        expect("the envelope is gone after undo", gone, True)
        or expect("the note on the track after undo", note, noted)
        or expect("the envelope is back after redo", again != 0, True)
    )


def _volume_envelope(tab: Tab) -> str | None:
    return _write_envelope(tab, "volume", 1)


def _trim_envelope(tab: Tab) -> str | None:
    return _write_envelope(tab, "trim volume", 2)


def _sorted(tab: Tab) -> str | None:
    """Points that are inserted out of order are in order after sorting."""
    calls = reaper.Calls()
    chunks, scale = Chunks(calls), Scale(calls)
    envelope = undo_block.find_envelope(calls, reaper.address(tab.two), "volume")
    if not envelope:
        return "there is no volume envelope to try it on"
    first, second, third = (EnvelopePoint(*row) for row in ((0.0, 0.5), (1.0, 0.25), (2.0, 2.0)))
    try:
        by_calls(calls, scale, envelope, (-1.0, 1e9), (third, first, second))
        wanted = (first, second, third)
        lines = result(lines_of(wanted))
        check(calls, scale, envelope, chunks.of_envelope(envelope), (0, 0), wanted, lines)
    except HostError as error:
        return str(error)
    return None


def _by_text(tab: Tab) -> str | None:
    """Points that are written as text read back as the same points."""
    calls = reaper.Calls()
    chunks, scale = Chunks(calls), Scale(calls)
    envelope = undo_block.find_envelope(calls, reaper.address(tab.two), "volume")
    if not envelope:
        return "there is no volume envelope to try it on"
    written = (EnvelopePoint(1.5, 0.125, 5, 0.5), EnvelopePoint(1.5, 2.0))
    lines = result(lines_of(written))
    try:
        by_text(chunks, envelope, (2, 1), lines)
        check(calls, scale, envelope, chunks.of_envelope(envelope), (2, 1), written, lines)
        chunks.set_envelope(envelope, switched(chunks.of_envelope(envelope), active=False))
    except HostError as error:
        return str(error)
    return expect("an envelope switched off", is_on(chunks.of_envelope(envelope)), False)


def _removal(tab: Tab) -> str | None:
    calls = reaper.Calls()
    chunks, track = Chunks(calls), reaper.address(tab.two)
    chunks.set_track(track, without_block(chunks.of_track(track), undo_block.KEYS["trim volume"]))
    left = undo_block.find_envelope(calls, track, "trim volume")
    off = not left or not is_on(chunks.of_envelope(left))
    still = reaper.is_track(tab.project.pointer, track)
    return expect("the track is the same one", still, True) or expect(
        "the envelope is off or gone", off, True
    )


def _marker_names(tab: Tab) -> str | None:
    if not reaper.has("AddProjectMarker"):
        return "there is no AddProjectMarker"
    RPR.AddProjectMarker(tab.project.pointer, True, 1.0, 2.0, "verse", -1)
    (region,) = result(take_snapshot(tab.project)).session.regions
    return expect("the region", (region.name, region.position, region.end), ("verse", 1.0, 2.0))


def _stems_bit(tab: Tab) -> str | None:
    project = tab.project.pointer
    before = RPR.GetSetProjectInfo(project, "RENDER_SETTINGS", 0.0, False)
    RPR.GetSetProjectInfo(project, "RENDER_SETTINGS", float(2 | 8192 | 16), True)
    got = RPR.GetSetProjectInfo(project, "RENDER_SETTINGS", 0.0, False)
    RPR.GetSetProjectInfo(project, "RENDER_SETTINGS", before, True)
    return expect("RENDER_SETTINGS", int(got), 2 | 8192 | 16)


def _direct_calls(tab: Tab) -> str | None:
    calls = reaper.Calls()
    track = reaper.address(tab.one)
    guid = calls.stored("GetSetMediaTrackInfo_String", track, b"GUID")
    wanted = RPR.GetSetMediaTrackInfo_String(tab.one, "GUID", "", False)[3]
    fader = calls.number("GetMediaTrackInfo_Value", track, b"D_VOL")
    return expect("the GUID", guid, wanted) or expect("D_VOL", fader, tab.fader(tab.one))


def _dialog(_: Tab) -> str | None:
    captions = "Please press OK without a change,b,extrawidth=100,separator=|"
    answer = RPR.GetUserInputs("DrumGain self-test", 2, captions, "a,b|c", 1024)
    return expect("GetUserInputs", (bool(answer[0]), answer[4]), (True, "a,b|c"))


#: what is known to differ from REAPER to REAPER, and is provided for
MARKER = (
    "the project's ext state is still there after the undo of a marker (if not, DrumGain stores "
    "it again)"
)
PROVIDED_FOR = frozenset({MARKER})
#: what each assumes, and the check
CHECKS: tuple[tuple[str, Check], ...] = (
    ("a fader is a linear gain and keeps the value that is written", _fader_is_linear),
    ("undo of a block with flag 1 restores a fader, and redo sets it again", _undo_restores),
    ("an undo block without flags makes no undo point", _no_point_without_flags),
    ("texts on tracks (P_EXT) are kept", _track_text),
    ("20 kB of project ext state are kept", _project_text),
    (
        "the project's ext state is still there after the undo of a fader",
        _project_text_outlives_undo,
    ),
    (MARKER, _project_text_outlives_a_marker),
    ("200 kB of REAPER's own ext state are kept", _session_text),
    ("groups beyond 32 can be read", lane_and_group_checks.high_groups),
    (
        "grouped faders do not follow a fader that a script sets",
        lane_and_group_checks.groups_do_not_follow_scripts,
    ),
    ("an envelope that was never shown is null, and fader scaling can be reversed", _envelope),
    ("a volume envelope can be created, written, undone and redone", _volume_envelope),
    ("the same for a trim volume envelope", _trim_envelope),
    ("points are sorted by the function for it", _sorted),
    ("points that are written as text are read back the same", _by_text),
    ("an envelope can be removed again", _removal),
    ("the names of regions can be read", _marker_names),
    ("the setting for pre-fader stems can be read and set", _stems_bit),
    ("fixed lanes can be read", lane_and_group_checks.lanes),
    (
        "hidden lanes that do not play are silent",
        lane_and_group_checks.hidden_lanes,
    ),
    ("direct calls return the same as those of reapy", _direct_calls),
    ("the dialog returns its values", _dialog),
)
