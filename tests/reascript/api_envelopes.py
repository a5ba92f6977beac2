"""Functions about envelopes and their points."""

from __future__ import annotations

import math

from reascript import StandInError
from reascript.engine import Engine
from reascript.fader_scale import from_fader_scale, to_fader_scale
from reascript.history import TRACKENV
from reascript.model import (
    ENVELOPE_NAMES,
    Envelope,
    Item,
    Master,
    Project,
    Take,
    Track,
    new_envelope,
)
from reascript.rpp import Line
from reascript.signatures import Buffer, Cell, api


def _project_of(envelope: Envelope) -> Project:
    node = envelope.parent
    while node is not None and not isinstance(node, Project):
        node = node.parent
    assert isinstance(node, Project)
    return node


def _owner(envelope: Envelope) -> str:
    return envelope.parent.name if isinstance(envelope.parent, Track) else ""


def _wrote(engine: Engine, envelope: Envelope, function: str, value: object) -> None:
    engine.wrote(function, _owner(envelope), name_of(envelope), value, _project_of(envelope))


def name_of(envelope: Envelope) -> str:
    if envelope.key == "<PARMENV":
        parameter = envelope.head.string(1)
        return f"Parameter {parameter.split(':')[0]} / effect"
    if isinstance(envelope.parent, Item):
        return envelope.key[1:-3].capitalize().replace("Vol", "Volume")
    name = ENVELOPE_NAMES.get(envelope.key)
    if name is None:
        raise StandInError(f"the name of the envelope {envelope.key} is not known")
    return name


def _find(engine: Engine, track: Track | Master, key: str) -> Envelope | None:
    if isinstance(track, Master):
        raise StandInError("envelopes of the master track are not known")
    name = ENVELOPE_NAMES.get(key, "")
    if name in engine.faults.null_envelopes:
        return None
    found = next((e for e in track.envelopes if e.key == key), None)
    if found is None and engine.faults.dormant_envelopes and key.startswith("<VOLENV"):
        return track.dormant(key)
    return found


@api("TrackEnvelope* GetTrackEnvelopeByName(MediaTrack* track, const char* envname)")
def get_track_envelope_by_name(engine: Engine, track: Track | Master, name: str) -> Envelope | None:
    keys = [key for key, each in ENVELOPE_NAMES.items() if each == name]
    if not keys:
        raise StandInError(f"an envelope named {name!r} is not known")
    return _find(engine, track, keys[0])


@api("TrackEnvelope* GetTrackEnvelopeByChunkName(MediaTrack* tr, const char* cfgchunknameOrGUID)")
def get_track_envelope_by_chunk_name(
    engine: Engine, track: Track | Master, key: str
) -> Envelope | None:
    if key not in ENVELOPE_NAMES:
        raise StandInError(f"an envelope with the chunk name {key!r} is not known")
    return _find(engine, track, key)


@api("int CountTrackEnvelopes(MediaTrack* track)")
def count_track_envelopes(engine: Engine, track: Track | Master) -> int:
    return 0 if isinstance(track, Master) else len(track.envelopes)


@api("TrackEnvelope* GetTrackEnvelope(MediaTrack* track, int envidx)")
def get_track_envelope(engine: Engine, track: Track, place: int) -> Envelope | None:
    envelopes = track.envelopes
    return envelopes[place] if 0 <= place < len(envelopes) else None


def _take_envelopes(take: Take) -> list[Envelope]:
    return [n for n in take.nodes if isinstance(n, Envelope)]


@api("int CountTakeEnvelopes(MediaItem_Take* take)")
def count_take_envelopes(engine: Engine, take: Take) -> int:
    return len(_take_envelopes(take))


@api("TrackEnvelope* GetTakeEnvelope(MediaItem_Take* take, int envidx)")
def get_take_envelope(engine: Engine, take: Take, place: int) -> Envelope | None:
    envelopes = _take_envelopes(take)
    return envelopes[place] if 0 <= place < len(envelopes) else None


@api("TrackEnvelope* GetTakeEnvelopeByName(MediaItem_Take* take, const char* envname)")
def get_take_envelope_by_name(engine: Engine, take: Take, name: str) -> Envelope | None:
    return next((e for e in _take_envelopes(take) if name_of(e) == name), None)


@api("int GetGlobalAutomationOverride()")
def get_global_automation_override(engine: Engine) -> int:
    forced = engine.faults.automation_override
    return forced if forced >= 0 else int(engine.current.number("GLOBAL_AUTO", 1, -1.0))


@api("bool GetEnvelopeName(TrackEnvelope* env, char* bufOut, int bufOut_sz)")
def get_envelope_name(engine: Engine, envelope: Envelope, text: Buffer) -> bool:
    text.text = name_of(envelope)
    return True


@api("int GetEnvelopeScalingMode(TrackEnvelope* env)")
def get_envelope_scaling_mode(engine: Engine, envelope: Envelope) -> int:
    return int(envelope.fader_scaled)


@api("double ScaleToEnvelopeMode(int scaling_mode, double val)")
def scale_to_envelope_mode(engine: Engine, mode: int, value: float) -> float:
    return to_fader_scale(value) if mode == 1 else value


@api("double ScaleFromEnvelopeMode(int scaling_mode, double val)")
def scale_from_envelope_mode(engine: Engine, mode: int, value: float) -> float:
    return from_fader_scale(value) if mode == 1 else value


@api("int CountAutomationItems(TrackEnvelope* env)")
def count_automation_items(engine: Engine, envelope: Envelope) -> int:
    return envelope.pooled


def _own_points(envelope: Envelope, auto_item: int) -> list[Line]:
    if auto_item != -1:
        raise StandInError("points of automation items are not known")
    return envelope.points


@api("int CountEnvelopePoints(TrackEnvelope* envelope)")
def count_envelope_points(engine: Engine, envelope: Envelope) -> int:
    return len(envelope.points)


@api("int CountEnvelopePointsEx(TrackEnvelope* envelope, int autoitem_idx)")
def count_envelope_points_ex(engine: Engine, envelope: Envelope, auto_item: int) -> int:
    return len(_own_points(envelope, auto_item))


@api(
    "bool GetEnvelopePointEx(TrackEnvelope* envelope, int autoitem_idx, int ptidx,"
    " double* timeOutOptional, double* valueOutOptional, int* shapeOutOptional,"
    " double* tensionOutOptional, bool* selectedOutOptional)"
)
def get_envelope_point_ex(
    engine: Engine, envelope: Envelope, auto_item: int, place: int, *out: Cell
) -> bool:
    points = _own_points(envelope, auto_item)
    if not 0 <= place < len(points):
        return False
    line = points[place]
    value = line.number(2)
    values = (
        line.number(1),
        to_fader_scale(value) if envelope.fader_scaled else value,
        int(line.number(3)),
        line.number(7),
        int(line.number(5)),
    )
    for cell, each in zip(out, values, strict=True):
        cell.value = each
    return True


@api(
    "bool GetEnvelopePoint(TrackEnvelope* envelope, int ptidx, double* timeOutOptional,"
    " double* valueOutOptional, int* shapeOutOptional, double* tensionOutOptional,"
    " bool* selectedOutOptional)"
)
def get_envelope_point(engine: Engine, envelope: Envelope, place: int, *out: Cell) -> bool:
    return get_envelope_point_ex(engine, envelope, -1, place, *out)


def _sort(envelope: Envelope) -> None:
    envelope.set_points(sorted(envelope.points, key=lambda line: line.number(1)))
    envelope.sorted = True


def _insert(
    engine: Engine,
    envelope: Envelope,
    point: tuple[float, float, int, float, bool],
    no_sort: bool,
    function: str,
) -> bool:
    time, value, shape, tension, selected = point
    if not (math.isfinite(time) and math.isfinite(value)):
        raise StandInError(f"a point at {time} with the value {value}")
    gain = from_fader_scale(value) if envelope.fader_scaled else value
    if engine.faults.envelope_range is not None:
        gain = min(gain, engine.faults.envelope_range)
    values: tuple[str | int | float, ...] = ("PT", time, gain, shape)
    if selected or tension:
        values = (*values, 0, int(selected), 0, tension)
    envelope.set_points([*envelope.points, Line(values=values)])
    if no_sort:
        envelope.sorted = False
    else:
        _sort(envelope)
    _wrote(engine, envelope, function, (time, gain))
    return True


@api(
    "bool InsertEnvelopePointEx(TrackEnvelope* envelope, int autoitem_idx, double time,"
    " double value, int shape, double tension, bool selected, bool* noSortInOptional)"
)
def insert_envelope_point_ex(
    engine: Engine,
    envelope: Envelope,
    auto_item: int,
    time: float,
    value: float,
    shape: int,
    tension: float,
    selected: bool,
    no_sort: Cell,
) -> bool:
    _own_points(envelope, auto_item)
    point = (time, value, shape, tension, selected)
    return _insert(engine, envelope, point, bool(no_sort.value), "InsertEnvelopePointEx")


@api(
    "bool InsertEnvelopePoint(TrackEnvelope* envelope, double time, double value, int shape,"
    " double tension, bool selected, bool* noSortInOptional)"
)
def insert_envelope_point(
    engine: Engine,
    envelope: Envelope,
    time: float,
    value: float,
    shape: int,
    tension: float,
    selected: bool,
    no_sort: Cell,
) -> bool:
    point = (time, value, shape, tension, selected)
    return _insert(engine, envelope, point, bool(no_sort.value), "InsertEnvelopePoint")


@api("bool Envelope_SortPoints(TrackEnvelope* envelope)")
def envelope_sort_points(engine: Engine, envelope: Envelope) -> bool:
    _sort(envelope)
    return True


@api("bool Envelope_SortPointsEx(TrackEnvelope* envelope, int autoitem_idx)")
def envelope_sort_points_ex(engine: Engine, envelope: Envelope, auto_item: int) -> bool:
    _own_points(envelope, auto_item)
    _sort(envelope)
    return True


@api("bool DeleteEnvelopePointRange(TrackEnvelope* envelope, double time_start, double time_end)")
def delete_envelope_point_range(
    engine: Engine, envelope: Envelope, start: float, end: float
) -> bool:
    return delete_envelope_point_range_ex(engine, envelope, -1, start, end)


@api(
    "bool DeleteEnvelopePointRangeEx(TrackEnvelope* envelope, int autoitem_idx,"
    " double time_start, double time_end)"
)
def delete_envelope_point_range_ex(
    engine: Engine, envelope: Envelope, auto_item: int, start: float, end: float
) -> bool:
    points = _own_points(envelope, auto_item)
    keep = [line for line in points if not start <= line.number(1) < end]
    envelope.set_points(keep)
    _wrote(engine, envelope, "DeleteEnvelopePointRangeEx", (start, end))
    return len(keep) < len(points)


_SWITCHES = {"ACTIVE": ("ACT", 1), "VISIBLE": ("VIS", 1), "ARM": ("ARM", 1), "SHOWLANE": ("VIS", 2)}


@api(
    "bool GetSetEnvelopeInfo_String(TrackEnvelope* env, const char* parmname,"
    " char* stringNeedBig, bool setNewValue)",
    since=(7, 19),
)
def get_set_envelope_info_string(
    engine: Engine, envelope: Envelope, name: str, text: Buffer, is_set: bool
) -> bool:
    if name == "GUID" and not is_set:
        text.text = envelope.string("EGUID")
        return True
    if name not in _SWITCHES:
        raise StandInError(f"the text {name!r} of an envelope is not known")
    key, place = _SWITCHES[name]
    if not is_set:
        text.text = str(int(envelope.number(key, place)))
        return True
    value = text.text
    if value not in ("0", "1"):
        raise StandInError(f"{name} of an envelope was set to {value!r}")
    if name == "ACTIVE" and value == "1" and not envelope.active:
        wake(envelope)
        activated(engine, envelope)
    envelope.put(key, place, int(value), (key, 0, 1, 1))
    _wrote(engine, envelope, "GetSetEnvelopeInfo_String", (name, value))
    return True


def wake(envelope: Envelope) -> None:
    """An envelope that was never shown becomes part of its track's text."""
    track = envelope.parent
    if isinstance(track, Track) and envelope not in track.children:
        lines = [i for i, c in enumerate(track.children) if isinstance(c, Line)]
        track.insert(lines[-1] + 1 if lines else 0, envelope)


def activated(engine: Engine, envelope: Envelope) -> None:
    """What may happen to the fader when its volume envelope becomes active."""
    track = envelope.parent
    if engine.faults.trim_moves and envelope.key == "<VOLENV2" and isinstance(track, Track):
        fader = track.fader
        points = [line.with_value(2, line.number(2) * fader) for line in envelope.points]
        envelope.set_points(points)
        track.put("VOLPAN", 1, 1.0, ("VOLPAN", 1, 0, -1, -1, 1))


def new_volume_envelope(track: Track) -> Envelope:
    """A volume envelope as the first show of it makes one: one point at unity."""
    envelope = new_envelope("<VOLENV2")
    envelope.put("VIS", 1, 1)
    envelope.parent = track
    wake(envelope)
    return envelope


def toggle_volume_envelope(engine: Engine, what: str) -> None:
    """Actions 40406 (visible) and 40052 (active) on the selected tracks."""
    project = engine.project
    for track in [t for t in project.all_tracks if t.selected]:
        envelope = next((e for e in track.envelopes if e.key == "<VOLENV2"), None)
        if envelope is None:
            envelope = new_volume_envelope(track)
            envelope.put("VIS", 1, 0)
        if what == "VIS":
            shown = envelope.number("VIS", 1) != 0
            envelope.put("VIS", 1, int(not shown), ("VIS", 0, 1, 1))
            if not shown and not envelope.active:
                activated(engine, envelope)
                envelope.put("ACT", 1, 1, ("ACT", 0, -1))
        else:
            if not envelope.active:
                activated(engine, envelope)
            envelope.put("ACT", 1, int(not envelope.active), ("ACT", 0, -1))
        engine.wrote("Main_OnCommand", track.name, f"Volume {what}", None, project)
    engine.history(project).note("Toggle volume envelope", TRACKENV)
