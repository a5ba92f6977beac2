"""Functions about tracks: counting, selection, values, names, sends, effects."""

from __future__ import annotations

import math
import re

from reascript import StandInError
from reascript.engine import Engine
from reascript.model import Field, Item, Master, Project, Track, new_guid
from reascript.rpp import Line, Node
from reascript.signatures import Buffer, api

VOLPAN = ("VOLPAN", 1, 0, -1, -1, 1)
#: where a track's values stand. ``default`` is what holds where the line is missing.
TRACK_FIELDS = {
    "D_VOL": Field("VOLPAN", 1, 1.0, VOLPAN, whole=False),
    "D_PAN": Field("VOLPAN", 2, 0.0, VOLPAN, whole=False),
    "D_PANLAW": Field("VOLPAN", 3, -1.0, VOLPAN, whole=False),
    "D_DUALPANL": Field("VOLPAN", 4, -1.0, VOLPAN, whole=False),
    "D_DUALPANR": Field("VOLPAN", 5, 1.0, VOLPAN, whole=False),
    "D_WIDTH": Field("WIDTH", 1, 1.0, whole=False),
    "I_PANMODE": Field("PANMODE", 1, -1),
    "B_MUTE": Field("MUTESOLO", 1, 0),
    "I_SOLO": Field("MUTESOLO", 2, 0),
    "B_SOLO_DEFEAT": Field("MUTESOLO", 3, 0),
    "B_PHASE": Field("IPHASE", 1, 0),
    "I_FOLDERDEPTH": Field("ISBUS", 2, 0),
    "I_FOLDERCOMPACT": Field("BUSCOMP", 1, 0),
    "B_SHOWINMIXER": Field("SHOWINMIX", 1, 1, ("SHOWINMIX", 1, 0.6667, 0.5, 1, 0.5, 0, 0, 0)),
    "B_SHOWINTCP": Field("SHOWINMIX", 4, 1, ("SHOWINMIX", 1, 0.6667, 0.5, 1, 0.5, 0, 0, 0)),
    "I_FREEMODE": Field("FREEMODE", 1, 0),
    "I_NUMFIXEDLANES": Field("ITEMLANES", 1, 1, read_only=True),
    "I_SELECTED": Field("SEL", 1, 0),
    "I_RECARM": Field("REC", 1, 0),
    "I_NCHAN": Field("NCHAN", 1, 2),
    "I_FXEN": Field("FX", 1, 1),
    "I_AUTOMODE": Field("AUTOMODE", 1, 0),
    "B_MAINSEND": Field("MAINSEND", 1, 1),
    "C_MAINSEND_OFFS": Field("MAINSEND", 2, 0),
    "C_MAINSEND_NCH": Field("MAINSEND_NCH", 1, 0),
    "I_CUSTOMCOLOR": Field("PEAKCOL", 1, 0),
    "I_PLAY_OFFSET_FLAG": Field("PLAYOFFS", 2, 0),
    "D_PLAY_OFFSET": Field("PLAYOFFS", 1, 0.0, whole=False),
}
MASTER_FIELDS = {
    "D_VOL": Field("MASTER_VOLUME", 1, 1.0, ("MASTER_VOLUME", 1, 0, -1, -1, 1), whole=False),
    "D_PAN": Field("MASTER_VOLUME", 2, 0.0, ("MASTER_VOLUME", 1, 0, -1, -1, 1), whole=False),
    "D_PANLAW": Field("MASTER_VOLUME", 3, -1.0, whole=False, read_only=True),
    "B_MUTE": Field("MASTERMUTESOLO", 1, 0),
    "I_NCHAN": Field("MASTER_NCH", 1, 2, read_only=True),
    "I_FXEN": Field("MASTER_FX", 1, 1),
    "I_SELECTED": Field("MASTER_SEL", 1, 0),
    "I_PANMODE": Field("MASTER_PANMODE", 1, -1, read_only=True),
}
#: the order of the numbers of GROUP_FLAGS
GROUPS = [
    "VOLUME_LEAD",
    "VOLUME_FOLLOW",
    "PAN_LEAD",
    "PAN_FOLLOW",
    "MUTE_LEAD",
    "MUTE_FOLLOW",
    "SOLO_LEAD",
    "SOLO_FOLLOW",
    "RECARM_LEAD",
    "RECARM_FOLLOW",
    "POLARITY_LEAD",
    "POLARITY_FOLLOW",
    "AUTOMODE_LEAD",
    "AUTOMODE_FOLLOW",
    "VOLUME_REVERSE",
    "PAN_REVERSE",
    "WIDTH_REVERSE",
    "NO_LEAD_WHEN_FOLLOW",
    "WIDTH_LEAD",
    "WIDTH_FOLLOW",
    "VOLUME_VCA_LEAD",
    "VOLUME_VCA_FOLLOW",
    "VOLUME_VCA_FOLLOW_ISPREFX",
    "MEDIA_EDIT_LEAD",
    "MEDIA_EDIT_FOLLOW",
]
_LANE = re.compile(r"C_LANEPLAYS:(\d+)$")


@api("int CountTracks(ReaProject* projOptional)")
def count_tracks(engine: Engine, project: Project) -> int:
    return len(project.tracks)


@api("int GetNumTracks()")
def get_num_tracks(engine: Engine) -> int:
    return len(engine.project.tracks)


@api("MediaTrack* GetTrack(ReaProject* proj, int trackidx)")
def get_track(engine: Engine, project: Project, place: int) -> Track | None:
    tracks = project.tracks
    return tracks[place] if 0 <= place < len(tracks) else None


@api("MediaTrack* GetMasterTrack(ReaProject* proj)")
def get_master_track(engine: Engine, project: Project) -> Master:
    return project.master


def _selected(project: Project, want_master: bool) -> list[Track | Master]:
    found: list[Track | Master] = [t for t in project.all_tracks if t.selected]
    return [project.master, *found] if want_master and project.master.selected else found


@api("int CountSelectedTracks(ReaProject* proj)")
def count_selected_tracks(engine: Engine, project: Project) -> int:
    return len(_selected(project, False))


@api("int CountSelectedTracks2(ReaProject* proj, bool wantmaster)")
def count_selected_tracks2(engine: Engine, project: Project, want_master: bool) -> int:
    return len(_selected(project, want_master))


@api("MediaTrack* GetSelectedTrack(ReaProject* proj, int seltrackidx)")
def get_selected_track(engine: Engine, project: Project, place: int) -> Track | Master | None:
    found = _selected(project, False)
    return found[place] if 0 <= place < len(found) else None


@api("MediaTrack* GetSelectedTrack2(ReaProject* proj, int seltrackidx, bool wantmaster)")
def get_selected_track2(
    engine: Engine, project: Project, place: int, want_master: bool
) -> Track | Master | None:
    found = _selected(project, want_master)
    return found[place] if 0 <= place < len(found) else None


@api("bool IsTrackSelected(MediaTrack* track)")
def is_track_selected(engine: Engine, track: Track | Master) -> bool:
    return track.selected


@api("void SetTrackSelected(MediaTrack* track, bool selected)")
def set_track_selected(engine: Engine, track: Track | Master, selected: bool) -> None:
    set_value(engine, track, "I_SELECTED", float(selected), "SetTrackSelected")


@api("void SetOnlyTrackSelected(MediaTrack* track)")
def set_only_track_selected(engine: Engine, track: Track | Master) -> None:
    every: list[Track | Master] = [*track.project.all_tracks, track.project.master]
    for each in every:
        if each.selected != (each is track):
            set_value(engine, each, "I_SELECTED", float(each is track), "SetOnlyTrackSelected")


def _home(track: Track | Master) -> tuple[Node, dict[str, Field]]:
    if isinstance(track, Master):
        return track.project, MASTER_FIELDS
    return track, TRACK_FIELDS


def lane_plays(track: Track, lane: int) -> int:
    """0 where a fixed lane does not play, 1 where it alone does, 2 with others; on a track that
    formerly had lanes -1 where it did not play."""
    if track.number("FREEMODE", 1) != 2:
        former = track.line("LANESOLO") is not None and track.number("ITEMLANES", 1) > 1
        hidden = former and not int(track.number("LANESOLO", 1)) >> lane & 1
        return -1 if hidden and track.number("FREEMODE", 1) == 0 else 0
    lanes = max(1, int(track.number("ITEMLANES", 1, 1)))
    line = track.line("LANESOLO")
    if line is None:
        mask = (1 << lanes) - 1
    else:
        mask = sum((int(line.number(1 + w)) & 0xFFFFFFFF) << (32 * w) for w in range(8))
        mask &= (1 << lanes) - 1
    if lane >= lanes or not mask >> lane & 1:
        return 0
    return 1 if mask == 1 << lane else 2


def value_of(engine: Engine, track: Track | Master, name: str) -> float:
    """A track's value. What the stand-in does not know is an error."""
    home, fields = _home(track)
    found = fields.get(name)
    if found is not None:
        return home.number(found.key, found.place, found.default)
    if name == "IP_TRACKNUMBER":
        if isinstance(track, Master):
            return -1
        return 1 + next(i for i, t in enumerate(track.project.all_tracks) if t is track)
    if name == "P_PROJECT":
        return float(engine.pointer(track.project))
    if isinstance(track, Track):
        if name == "P_PARTRACK":
            return float(engine.pointer(track.project.parent_of(track)))
        lane = _LANE.match(name)
        if lane:
            return lane_plays(track, int(lane.group(1)))
    raise StandInError(f"the value {name!r} of {track.name!r} is not known")


def set_value(
    engine: Engine, track: Track | Master, name: str, value: float, function: str
) -> bool:
    """Set a track's value as the given function."""
    home, fields = _home(track)
    found = fields.get(name)
    lane = _LANE.match(name)
    if lane and value == 1.0 and isinstance(track, Track):
        for word in range(8):
            alone = 1 << int(lane.group(1)) >> 32 * word & 0xFFFFFFFF
            track.put("LANESOLO", 1 + word, alone, ("LANESOLO", *8 * (0,)))
        engine.wrote(function, track.name, name, value, track.project)
        return True
    if found is None or found.read_only:
        raise StandInError(f"the value {name!r} of {track.name!r} cannot be set here")
    if math.isnan(value):
        raise StandInError(f"{name} of {track.name!r} was set to NaN")
    if name == "D_VOL":
        value = engine.faults.stuck_faders.get(track.name, value)
    home.put(found.key, found.place, int(value) if found.whole else value, found.fill)
    engine.wrote(function, track.name, name, value, track.project)
    return True


@api("double GetMediaTrackInfo_Value(MediaTrack* tr, const char* parmname)")
def get_media_track_info_value(engine: Engine, track: Track | Master, name: str) -> float:
    return value_of(engine, track, name)


@api("bool SetMediaTrackInfo_Value(MediaTrack* tr, const char* parmname, double newvalue)")
def set_media_track_info_value(
    engine: Engine, track: Track | Master, name: str, value: float
) -> bool:
    return set_value(engine, track, name, value, "SetMediaTrackInfo_Value")


@api("int GetTrackAutomationMode(MediaTrack* tr)")
def get_track_automation_mode(engine: Engine, track: Track | Master) -> float:
    return value_of(engine, track, "I_AUTOMODE")


@api("void SetTrackAutomationMode(MediaTrack* tr, int mode)")
def set_track_automation_mode(engine: Engine, track: Track | Master, mode: int) -> None:
    set_value(engine, track, "I_AUTOMODE", mode, "SetTrackAutomationMode")


def ext_get(node: Node, key: str) -> str | None:
    """What P_EXT:key of a track or item holds: a line of its EXT block."""
    block = node.node("<EXT")
    line = block.line(key) if block else None
    return line.string(1) if line else None


def ext_set(node: Node, key: str, value: str) -> None:
    """Set P_EXT:key; an empty value removes it."""
    if "\n" in value or "\r" in value or not key or " " in key:
        raise StandInError(f"how REAPER stores P_EXT:{key} = {value!r} is not known")
    block = node.node("<EXT")
    if block is None:
        if not value:
            return
        block = Node(Line("<EXT"))
        items = (i for i, c in enumerate(node.children) if isinstance(c, Item))
        node.insert(next(items, len(node.children)), block)
    old = block.line(key)
    if old is not None:
        block.remove(old)
    if value:
        block.append(Line(values=(key, value)))
    if not block.children:
        node.remove(block)


@api(
    "bool GetSetMediaTrackInfo_String(MediaTrack* tr, const char* parmname, char* stringNeedBig,"
    " bool setNewValue)"
)
def get_set_media_track_info_string(
    engine: Engine, track: Track | Master, name: str, text: Buffer, is_set: bool
) -> bool:
    if isinstance(track, Master):
        if name == "GUID" and not is_set:
            text.text = track.guid
            return True
        if name == "P_NAME" and not is_set:
            return False
        raise StandInError(f"{name!r} of the master track is not known")
    value = text.text
    if is_set:
        if name == "P_NAME":
            track.put("NAME", 1, value)
        elif name.startswith("P_EXT:"):
            ext_set(track, name[6:], value)
        elif name == "GUID":
            track.head = track.head.with_value(1, value)
            track.parent.changed() if track.parent else None
        else:
            raise StandInError(f"the text {name!r} of a track cannot be set here")
        engine.wrote("GetSetMediaTrackInfo_String", track.name, name, value, track.project)
        return True
    if name == "P_NAME":
        text.text = track.name
    elif name == "GUID":
        text.text = track.guid
    elif name.startswith("P_EXT:"):
        stored = ext_get(track, name[6:])
        text.text = stored or ""
        return stored is not None
    else:
        raise StandInError(f"the text {name!r} of a track is not known")
    return True


@api("bool GetTrackName(MediaTrack* track, char* bufOut, int bufOut_sz)")
def get_track_name(engine: Engine, track: Track | Master, text: Buffer) -> bool:
    if isinstance(track, Track) and not track.name:
        text.text = f"Track {int(value_of(engine, track, 'IP_TRACKNUMBER'))}"
    else:
        text.text = track.name
    return True


@api("const char* GetTrackGUID(MediaTrack* tr)")
def get_track_guid(engine: Engine, track: Track | Master) -> str:
    return track.guid


@api("int GetTrackDepth(MediaTrack* track)")
def get_track_depth(engine: Engine, track: Track) -> int:
    depth, parent = 0, track.project.parent_of(track)
    while parent is not None:
        depth, parent = depth + 1, track.project.parent_of(parent)
    return depth


@api("MediaTrack* GetParentTrack(MediaTrack* track)")
def get_parent_track(engine: Engine, track: Track) -> Track | None:
    return track.project.parent_of(track)


@api("int GetTrackColor(MediaTrack* track)")
def get_track_color(engine: Engine, track: Track) -> float:
    return track.number("PEAKCOL", 1, 0)


@api("void InsertTrackAtIndex(int idx, bool wantDefaults)")
def insert_track_at_index(engine: Engine, place: int, defaults: bool) -> None:
    project = engine.project
    guid = new_guid()
    track = Track(Line(values=("<TRACK", guid)))
    plain = ("AUTOMODE 0", "VOLPAN 1 0 -1 -1 1", "MUTESOLO 0 0 0", "IPHASE 0", "ISBUS 0 0")
    for text in ('NAME ""', *plain, "SEL 0", "NCHAN 2", "FX 1", f"TRACKID {guid}", "MAINSEND 1 0"):
        track.append(Line(text))
    spots = [i for i, c in enumerate(project.children) if isinstance(c, Track)]
    end = spots[-1] + 1 if spots else len(project.children)
    project.insert(spots[place] if place < len(spots) else end, track)
    engine.wrote("InsertTrackAtIndex", "", str(place), None, project)


@api("void DeleteTrack(MediaTrack* tr)")
def delete_track(engine: Engine, track: Track) -> None:
    project = track.project
    project.remove(track)
    engine.wrote("DeleteTrack", track.name, "", None, project)


@api(
    "unsigned int GetSetTrackGroupMembership(MediaTrack* tr, const char* groupname,"
    " unsigned int setmask, unsigned int setvalue)"
)
def get_set_track_group_membership(
    engine: Engine, track: Track, name: str, mask: int, value: int
) -> int:
    return _membership(engine, track, name, mask, value, "GROUP_FLAGS")


@api(
    "unsigned int GetSetTrackGroupMembershipHigh(MediaTrack* tr, const char* groupname,"
    " unsigned int setmask, unsigned int setvalue)"
)
def get_set_track_group_membership_high(
    engine: Engine, track: Track, name: str, mask: int, value: int
) -> int:
    return _membership(engine, track, name, mask, value, "GROUP_FLAGS_HIGH")


@api(
    "unsigned int GetSetTrackGroupMembershipEx(MediaTrack* tr, const char* groupname, int offset,"
    " unsigned int setmask, unsigned int setvalue)",
)
def get_set_track_group_membership_ex(
    engine: Engine, track: Track, name: str, offset: int, mask: int, value: int
) -> int:
    # how project files hold the groups beyond 64 is not known: a line of the stand-in's own
    more = {0: "GROUP_FLAGS", 32: "GROUP_FLAGS_HIGH"}
    key = more.get(offset, f"GROUP_FLAGS_STAND_IN_{offset}")
    return _membership(engine, track, name, mask, value, key)


def _membership(engine: Engine, track: Track, name: str, mask: int, value: int, key: str) -> int:
    name = name.replace("_MASTER", "_LEAD").replace("_SLAVE", "_FOLLOW")
    if name not in GROUPS:
        raise StandInError(f"the group {name!r} is not known")
    place = GROUPS.index(name) + 1
    before = int(track.number(key, place)) & 0xFFFFFFFF
    if mask & 0xFFFFFFFF:
        after = before & ~mask | value & mask
        track.put(key, place, after & 0xFFFFFFFF)
        engine.wrote("GetSetTrackGroupMembership", track.name, name, after, track.project)
    # the C result is an unsigned int, which Python's module reads as a signed one
    return before - (1 << 32) if before >> 31 else before
