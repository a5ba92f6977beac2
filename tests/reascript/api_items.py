"""Functions about items, takes and their sources."""

from __future__ import annotations

from reascript import StandInError
from reascript.api_tracks import ext_get, ext_set, lane_plays
from reascript.engine import Engine
from reascript.media import Header, read_header
from reascript.model import EFFECT_KEYS, Field, Item, Project, Source, Take, Track
from reascript.rpp import Line
from reascript.signatures import Buffer, Cell, api

ITEM_FIELDS = {
    "D_POSITION": Field("POSITION", 1, 0.0, whole=False),
    "D_LENGTH": Field("LENGTH", 1, 0.0, whole=False),
    "D_SNAPOFFSET": Field("SNAPOFFS", 1, 0.0, whole=False),
    "D_VOL": Field("VOLPAN", 1, 1.0, ("VOLPAN", 1, 0, 1, -1), whole=False),
    "B_MUTE": Field("MUTE", 1, 0),
    "B_MUTE_ACTUAL": Field("MUTE", 1, 0),
    "C_MUTE_SOLO": Field("MUTE", 2, 0),
    "B_LOOPSRC": Field("LOOP", 1, 0),
    "B_ALLTAKESPLAY": Field("ALLTAKES", 1, 0),
    "B_UISEL": Field("SEL", 1, 0),
    "C_LOCK": Field("LOCK", 1, 0),
    "I_GROUPID": Field("GROUP", 1, 0),
    "C_FADEINSHAPE": Field("FADEIN", 1, 0),
    "C_FADEOUTSHAPE": Field("FADEOUT", 1, 0),
    "D_FADEINLEN": Field("FADEIN", 2, 0.0, whole=False),
    "D_FADEOUTLEN": Field("FADEOUT", 2, 0.0, whole=False),
    "F_FREEMODE_Y": Field("YPOS", 1, 0.0, whole=False),
    "F_FREEMODE_H": Field("YPOS", 2, 1.0, whole=False),
}


@api("int CountMediaItems(ReaProject* proj)")
def count_media_items(engine: Engine, project: Project) -> int:
    return sum(len(track.items) for track in project.all_tracks)


@api("MediaItem* GetMediaItem(ReaProject* proj, int itemidx)")
def get_media_item(engine: Engine, project: Project, place: int) -> Item | None:
    items = [item for track in project.all_tracks for item in track.items]
    return items[place] if 0 <= place < len(items) else None


def _selected_items(project: Project) -> list[Item]:
    return [i for t in project.all_tracks for i in t.items if i.number("SEL", 1)]


@api("int CountSelectedMediaItems(ReaProject* proj)")
def count_selected_media_items(engine: Engine, project: Project) -> int:
    return len(_selected_items(project))


@api("MediaItem* GetSelectedMediaItem(ReaProject* proj, int selitem)")
def get_selected_media_item(engine: Engine, project: Project, place: int) -> Item | None:
    items = _selected_items(project)
    return items[place] if 0 <= place < len(items) else None


@api("bool IsMediaItemSelected(MediaItem* item)")
def is_media_item_selected(engine: Engine, item: Item) -> bool:
    return item.number("SEL", 1) != 0


@api("int CountTrackMediaItems(MediaTrack* track)")
def count_track_media_items(engine: Engine, track: Track) -> int:
    return len(track.items)


@api("int GetTrackNumMediaItems(MediaTrack* tr)")
def get_track_num_media_items(engine: Engine, track: Track) -> int:
    return len(track.items)


@api("MediaItem* GetTrackMediaItem(MediaTrack* tr, int itemidx)")
def get_track_media_item(engine: Engine, track: Track, place: int) -> Item | None:
    items = track.items
    return items[place] if 0 <= place < len(items) else None


@api("MediaItem* AddMediaItemToTrack(MediaTrack* tr)")
def add_media_item_to_track(engine: Engine, track: Track) -> Item:
    item = Item(Line("<ITEM"))
    for text in ("POSITION 0", "LENGTH 0", "LOOP 1", "ALLTAKES 0", "MUTE 0 0", "SEL 0"):
        item.append(Line(text))
    track.append(item)
    engine.wrote("AddMediaItemToTrack", track.name, "", None, track.project)
    return item


@api("MediaTrack* GetMediaItemTrack(MediaItem* item)")
def get_media_item_track(engine: Engine, item: Item) -> Track:
    return item.track


@api("MediaTrack* GetMediaItem_Track(MediaItem* item)")
def get_media_item_track2(engine: Engine, item: Item) -> Track:
    return item.track


@api("ReaProject* GetItemProjectContext(MediaItem* item)")
def get_item_project_context(engine: Engine, item: Item) -> Project:
    return item.track.project


def _lane(item: Item) -> int | None:
    track = item.track
    if track.number("FREEMODE", 1) != 2:
        return None
    lanes = max(1, int(track.number("ITEMLANES", 1, 1)))
    return min(lanes - 1, max(0, round(item.number("YPOS", 1) * lanes)))


def _set_lane(item: Item, lane: int) -> None:
    """Move an item to a lane; a track that has fewer gets as many, and its items keep theirs."""
    track = item.track
    if track.number("FREEMODE", 1) != 2:
        raise StandInError("what a lane does on a track without fixed lanes is not known")
    lanes = max(lane + 1, int(track.number("ITEMLANES", 1, 1)))
    of_items = {id(each): _lane(each) or 0 for each in track.items} | {id(item): lane}
    track.put("ITEMLANES", 1, lanes)
    for each in track.items:
        each.put("YPOS", 1, of_items[id(each)] / lanes, ("YPOS", 0, 1))
        each.put("YPOS", 2, 1 / lanes)


def _fade(item: Item, key: str, name: str) -> float:
    """Curvature and automatic length: at places that depend on how many fields there are."""
    line = item.line(key)
    if line is None:
        return 0.0 if name.endswith("DIR") else -1.0
    if name.endswith("_AUTO"):
        return line.number(3, -1.0)
    return line.number(6, 0.0) if len(line.tokens) > 6 else 0.0


@api("double GetMediaItemInfo_Value(MediaItem* item, const char* parmname)")
def get_media_item_info_value(engine: Engine, item: Item, name: str) -> float:
    found = ITEM_FIELDS.get(name)
    if found is not None:
        return item.number(found.key, found.place, found.default)
    if name == "I_CURTAKE":
        return item.active
    if name == "IP_ITEMNUMBER":
        return next(i for i, each in enumerate(item.track.items) if each is item)
    if name == "P_TRACK":
        return float(engine.pointer(item.track))
    if name == "I_FIXEDLANE":
        return 0 if engine.faults.first_lane_only else _lane(item) or 0
    if name == "C_LANEPLAYS":
        lane = _lane(item)
        if lane is None:
            lanes = max(1, int(item.track.number("ITEMLANES", 1, 1)))
            lane = min(lanes - 1, max(0, round(item.number("YPOS", 1) * lanes)))
        return lane_plays(item.track, lane)
    if name in ("D_FADEINDIR", "D_FADEINLEN_AUTO"):
        return _fade(item, "FADEIN", name)
    if name in ("D_FADEOUTDIR", "D_FADEOUTLEN_AUTO"):
        return _fade(item, "FADEOUT", name)
    raise StandInError(f"the value {name!r} of an item is not known")


@api("bool SetMediaItemInfo_Value(MediaItem* item, const char* parmname, double newvalue)")
def set_media_item_info_value(engine: Engine, item: Item, name: str, value: float) -> bool:
    found = ITEM_FIELDS.get(name)
    if name == "I_FIXEDLANE":
        _set_lane(item, int(value))
        engine.wrote("SetMediaItemInfo_Value", item.track.name, name, value, item.track.project)
        return True
    if found is None:
        raise StandInError(f"the value {name!r} of an item cannot be set here")
    item.put(found.key, found.place, int(value) if found.whole else value, found.fill)
    project = item.track.project
    engine.wrote("SetMediaItemInfo_Value", item.track.name, name, value, project)
    return True


@api(
    "bool GetSetMediaItemInfo_String(MediaItem* item, const char* parmname, char* stringNeedBig,"
    " bool setNewValue)"
)
def get_set_media_item_info_string(
    engine: Engine, item: Item, name: str, text: Buffer, is_set: bool
) -> bool:
    if name.startswith("P_EXT:"):
        if is_set:
            ext_set(item, name[6:], text.text)
            engine.wrote("GetSetMediaItemInfo_String", "", name, text.text, item.track.project)
            return True
        stored = ext_get(item, name[6:])
        text.text = stored or ""
        return stored is not None
    if is_set or name != "GUID":
        raise StandInError(f"the text {name!r} of an item is not known")
    text.text = item.string("IGUID")
    return True


@api("int CountTakes(MediaItem* item)")
def count_takes(engine: Engine, item: Item) -> int:
    return len(item.takes)


@api("int GetMediaItemNumTakes(MediaItem* item)")
def get_media_item_num_takes(engine: Engine, item: Item) -> int:
    return len(item.takes)


def _take(item: Item, place: int) -> Take | None:
    takes = item.takes
    return takes[place] if 0 <= place < len(takes) else None


@api("MediaItem_Take* GetTake(MediaItem* item, int takeidx)")
def get_take(engine: Engine, item: Item, place: int) -> Take | None:
    return _take(item, place)


@api("MediaItem_Take* GetMediaItemTake(MediaItem* item, int tk)")
def get_media_item_take(engine: Engine, item: Item, place: int) -> Take | None:
    return _take(item, item.active if place == -1 else place)


@api("MediaItem_Take* GetActiveTake(MediaItem* item)")
def get_active_take(engine: Engine, item: Item) -> Take | None:
    return _take(item, item.active)


@api("MediaItem* GetMediaItemTake_Item(MediaItem_Take* take)")
def get_media_item_take_item(engine: Engine, take: Take) -> Item:
    return take.item


@api("MediaTrack* GetMediaItemTake_Track(MediaItem_Take* take)")
def get_media_item_take_track(engine: Engine, take: Take) -> Track:
    return take.item.track


@api("const char* GetTakeName(MediaItem_Take* take)")
def get_take_name(engine: Engine, take: Take) -> str:
    return take.name


@api(
    "bool GetSetMediaItemTakeInfo_String(MediaItem_Take* tk, const char* parmname,"
    " char* stringNeedBig, bool setNewValue)"
)
def get_set_take_info_string(
    engine: Engine, take: Take, name: str, text: Buffer, is_set: bool
) -> bool:
    if is_set or name not in ("P_NAME", "GUID"):
        raise StandInError(f"the text {name!r} of a take is not known here")
    line = take.line("GUID")
    text.text = take.name if name == "P_NAME" else (line.string(1) if line else "")
    return True


@api("double GetMediaItemTakeInfo_Value(MediaItem_Take* take, const char* parmname)")
def get_media_item_take_info_value(engine: Engine, take: Take, name: str) -> float:
    simple = {
        "D_STARTOFFS": ("SOFFS", 1, 0.0),
        "D_PLAYRATE": ("PLAYRATE", 1, 1.0),
        "B_PPITCH": ("PLAYRATE", 2, 0.0),
        "D_PITCH": ("PLAYRATE", 3, 0.0),
        "I_PITCHMODE": ("PLAYRATE", 4, -1.0),
        "I_CHANMODE": ("CHANMODE", 1, 0.0),
    }
    if name in simple:
        return take.number(*simple[name])
    if name == "D_VOL":
        return take.volume
    if name == "D_PAN":
        return take.pan
    if name == "D_PANLAW":
        place, key = (4, "VOLPAN") if take.index == 0 else (3, "TAKEVOLPAN")
        return take.number(key, place, -1.0)
    if name == "IP_TAKENUMBER":
        return take.index
    raise StandInError(f"the value {name!r} of a take is not known")


@api("int GetTakeNumStretchMarkers(MediaItem_Take* take)")
def get_take_num_stretch_markers(engine: Engine, take: Take) -> int:
    # one SM line holds several markers, with + between them
    return sum(1 + line.tokens.count("+") for line in take.lines if line.key == "SM")


@api("int TakeFX_GetCount(MediaItem_Take* take)")
def take_fx_get_count(engine: Engine, take: Take) -> int:
    chain = take.node("<TAKEFX")
    return len(list(chain.nodes(*EFFECT_KEYS))) if chain else 0


@api("bool TakeFX_GetFXName(MediaItem_Take* take, int fx, char* bufOut, int bufOut_sz)")
def take_fx_get_fx_name(engine: Engine, take: Take, place: int, text: Buffer) -> bool:
    from reascript.api_routing import effect_name

    chain = take.node("<TAKEFX")
    effects = list(chain.nodes(*EFFECT_KEYS)) if chain else []
    if not 0 <= place < len(effects):
        return False
    text.text = effect_name(effects[place])
    return True


def _take_effect_flags(take: Take, place: int) -> Line:
    chain = take.node("<TAKEFX")
    flags = list(chain.lines("BYPASS")) if chain else []
    if not 0 <= place < len(flags):
        raise StandInError(f"take {take.name!r} has no effect {place}")
    return flags[place]


@api("bool TakeFX_GetEnabled(MediaItem_Take* take, int fx)")
def take_fx_get_enabled(engine: Engine, take: Take, place: int) -> bool:
    return _take_effect_flags(take, place).number(1) == 0


@api("bool TakeFX_GetOffline(MediaItem_Take* take, int fx)")
def take_fx_get_offline(engine: Engine, take: Take, place: int) -> bool:
    return _take_effect_flags(take, place).number(2) != 0


@api("bool TakeIsMIDI(MediaItem_Take* take)")
def take_is_midi(engine: Engine, take: Take) -> bool:
    source = take.source
    return source is not None and source.kind.startswith("MIDI")


@api("PCM_source* GetMediaItemTake_Source(MediaItem_Take* take)")
def get_media_item_take_source(engine: Engine, take: Take) -> Source | None:
    return take.source


@api("PCM_source* GetMediaSourceParent(PCM_source* src)")
def get_media_source_parent(engine: Engine, source: Source) -> Source | None:
    return source.inner if source.kind == "SECTION" else None


@api("void GetMediaSourceType(PCM_source* source, char* typebuf, int typebuf_sz)")
def get_media_source_type(engine: Engine, source: Source, text: Buffer) -> None:
    text.text = source.kind


def project_of(source: Source) -> Project:
    node = source.parent
    while node is not None and not isinstance(node, Project):
        node = node.parent
    assert isinstance(node, Project)
    return node


def file_of(source: Source) -> str:
    return project_of(source).media_path(source.written)


@api("void GetMediaSourceFileName(PCM_source* source, char* filenamebuf, int filenamebuf_sz)")
def get_media_source_file_name(engine: Engine, source: Source, text: Buffer) -> None:
    text.text = file_of(source)


@api(
    "bool PCM_Source_GetSectionInfo(PCM_source* src, double* offsOut, double* lenOut, bool* revOut)"
)
def pcm_source_get_section_info(
    engine: Engine, source: Source, start: Cell, length: Cell, reverse: Cell
) -> bool:
    if source.kind != "SECTION":
        return False
    start.value = source.number("STARTPOS", 1)
    length.value = source.number("LENGTH", 1)
    reverse.value = int(source.number("MODE", 1) in (2, 3))
    return True


def _header(source: Source) -> Header | None:
    inner = source
    while inner.kind == "SECTION" and inner.inner is not None:
        inner = inner.inner
    return read_header(file_of(inner))


@api("double GetMediaSourceLength(PCM_source* source, bool* lengthIsQNOut)")
def get_media_source_length(engine: Engine, source: Source, in_quarters: Cell) -> float:
    in_quarters.value = 0
    if source.kind.startswith("MIDI"):
        ticks = source.number("HASDATA", 2, 960)
        events = [c for c in source.children if c.key in ("E", "e", "Em", "em")]
        in_quarters.value = 1
        return sum(c.number(1) for c in events if isinstance(c, Line)) / ticks
    if source.kind == "SECTION" and source.number("LENGTH", 1):
        return source.number("LENGTH", 1)
    if not source.written and source.kind != "SECTION":
        raise StandInError(f"the length of a source of type {source.kind} is not known")
    header = _header(source)
    return header.seconds if header else 0.0


@api("int GetMediaSourceSampleRate(PCM_source* source)")
def get_media_source_sample_rate(engine: Engine, source: Source) -> int:
    header = None if source.kind.startswith("MIDI") else _header(source)
    return header.rate if header else 0


@api("int GetMediaSourceNumChannels(PCM_source* source)")
def get_media_source_num_channels(engine: Engine, source: Source) -> int:
    header = None if source.kind.startswith("MIDI") else _header(source)
    return header.channels if header else 0
