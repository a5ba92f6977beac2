"""Functions about routing and effects: sends, receives, effect chains."""

from __future__ import annotations

from typing import Any

from reascript import StandInError
from reascript.engine import Engine
from reascript.model import Master, Track
from reascript.rpp import Line, Node
from reascript.signatures import Buffer, api

#: AUXRECV: source mode volume pan mute mono phase srcchannel dstchannel panlaw midi automode
SEND_FIELDS = {
    "I_SENDMODE": (2, 0.0),
    "D_VOL": (3, 1.0),
    "D_PAN": (4, 0.0),
    "B_MUTE": (5, 0.0),
    "B_MONO": (6, 0.0),
    "B_PHASE": (7, 0.0),
    "I_SRCCHAN": (8, 0.0),
    "I_DSTCHAN": (9, 0.0),
    "D_PANLAW": (10, -1.0),
    "I_MIDIFLAGS": (11, 0.0),
    "I_AUTOMODE": (12, -1.0),
}


def _sends(track: Track | Master, category: int) -> list[tuple[Line, Track]]:
    """The lines behind a track's receives (< 0) or sends (0), each with its receiver."""
    if isinstance(track, Master):
        if category > 0:
            raise StandInError("hardware outputs of the master track are not known")
        return []
    if category < 0:
        return [(line, track) for line in track.receives]
    tracks = track.project.tracks
    own = next(i for i, t in enumerate(tracks) if t is track)
    return [(line, to) for to in tracks for line in to.receives if int(line.number(1)) == own]


@api("int GetTrackNumSends(MediaTrack* tr, int category)")
def get_track_num_sends(engine: Engine, track: Track | Master, category: int) -> int:
    if category > 0 and isinstance(track, Track):
        return len(list(track.lines("HWOUT")))
    return len(_sends(track, category))


@api(
    "double GetTrackSendInfo_Value(MediaTrack* tr, int category, int sendidx, const char* parmname)"
)
def get_track_send_info_value(
    engine: Engine, track: Track, category: int, place: int, name: str
) -> float:
    if category > 0:
        raise StandInError("values of hardware outputs are not known")
    sends = _sends(track, category)
    if not 0 <= place < len(sends):
        raise StandInError(f"{track.name!r} has no send {place} of category {category}")
    line, receiver = sends[place]
    if name == "P_DESTTRACK":
        return float(engine.pointer(receiver))
    if name == "P_SRCTRACK":
        return float(engine.pointer(track.project.tracks[int(line.number(1))]))
    if name not in SEND_FIELDS:
        raise StandInError(f"the value {name!r} of a send is not known")
    return line.number(*SEND_FIELDS[name])


@api("int CreateTrackSend(MediaTrack* tr, MediaTrack* desttrInOptional)")
def create_track_send(engine: Engine, track: Track, to: Track) -> int:
    own = next(i for i, t in enumerate(track.project.all_tracks) if t is track)
    line = Line(f"AUXRECV {own} 0 1 0 0 0 0 0 0 -1:U 0 -1 ''")
    nodes = (i for i, c in enumerate(to.children) if isinstance(c, Node))
    to.insert(next(nodes, len(to.children)), line)
    engine.wrote("CreateTrackSend", track.name, to.name, None, track.project)
    return len(_sends(track, 0)) - 1


def effect_flags(track: Any, place: int) -> tuple[bool, bool]:
    """(enabled, offline) of an effect: its BYPASS line stands before it."""
    chain = track.node("<FXCHAIN")
    flags = [c for c in chain.children if isinstance(c, Line) and c.key == "BYPASS"]
    line = flags[place]
    return line.number(1) == 0, line.number(2) != 0


def _chain_of(track: Track | Master) -> list[Node]:
    if isinstance(track, Master):
        chain = track.project.node("<MASTERFXLIST")
        return [] if chain is None else [c for c in chain.nodes() if c.key.isupper()]
    return track.effects


@api("int TrackFX_GetCount(MediaTrack* track)")
def track_fx_get_count(engine: Engine, track: Track | Master) -> int:
    return len(_chain_of(track))


@api("bool TrackFX_GetEnabled(MediaTrack* track, int fx)")
def track_fx_get_enabled(engine: Engine, track: Track, place: int) -> bool:
    return effect_flags(track, place)[0]


@api("bool TrackFX_GetOffline(MediaTrack* track, int fx)")
def track_fx_get_offline(engine: Engine, track: Track, place: int) -> bool:
    return effect_flags(track, place)[1]


@api("bool TrackFX_GetFXName(MediaTrack* track, int fx, char* bufOut, int bufOut_sz)")
def track_fx_get_fx_name(engine: Engine, track: Track | Master, place: int, text: Buffer) -> bool:
    chain = _chain_of(track)
    if not 0 <= place < len(chain):
        return False
    text.text = effect_name(chain[place])
    return True


def effect_name(effect: Node) -> str:
    """The name that the chain shows: a name given by the user, or the plug-in's."""
    if effect.key == "<JS":
        return effect.head.string(2) or "JS: " + effect.head.string(1)
    given = effect.head.string(4) if effect.key == "<VST" else ""
    return given or effect.head.string(1)


@api("int TrackFX_GetInstrument(MediaTrack* track)")
def track_fx_get_instrument(engine: Engine, track: Track) -> int:
    """The first instrument, or -1: plug-ins say what they are with VSTi:, VST3i:, AUi: ..."""
    for place, effect in enumerate(track.effects):
        if effect.head.string(1).split(":")[0] in ("VSTi", "VST3i", "AUi", "CLAPi", "LV2i", "DXi"):
            return place
    return -1
