"""Functions about state chunks: the text of a track, an item or an envelope."""

from __future__ import annotations

from reascript import StandInError
from reascript.api_envelopes import activated
from reascript.engine import Engine
from reascript.model import Block, Envelope, Item, Project, Track
from reascript.rpp import parse
from reascript.signatures import Buffer, api


def _get_chunk(node: Envelope | Track | Item, text: Buffer) -> bool:
    chunk = "".join(line.lstrip() + "\n" for line in node.text("\n").splitlines())
    # one that is too long for the buffer is cut: a script that writes it back loses the rest
    text.text = chunk
    return True


def _set_chunk(engine: Engine, node: Envelope | Track | Item, text: str, function: str) -> bool:
    """Replace what a node holds by what a chunk says; the node keeps its pointer."""
    new = parse(text, Block)
    if new.key != node.key:
        raise StandInError(f"the chunk starts with {new.key}, {node.key} was wanted")
    before = _active(node)
    if len(new.head.tokens) > 1 or not isinstance(node, Track):
        node.head = new.head
    node.children = list(new.children)
    for child in new.nodes():
        child.parent = node
    node.changed()
    for key in _active(node) - before:
        activated(engine, next(e for e in _envelopes(node) if e.key == key))
    project: Project | None = None
    at = node.parent
    while at is not None:
        project, at = (at if isinstance(at, Project) else None), at.parent
    assert project is not None
    engine.wrote(function, getattr(node, "name", node.key), "chunk", len(text), project)
    return True


def _envelopes(node: Envelope | Track | Item) -> list[Envelope]:
    if isinstance(node, Track):
        return node.envelopes
    return [node] if isinstance(node, Envelope) else []


def _active(node: Envelope | Track | Item) -> set[str]:
    return {envelope.key for envelope in _envelopes(node) if envelope.active}


@api(
    "bool GetTrackStateChunk(MediaTrack* track, char* strNeedBig, int strNeedBig_sz,"
    " bool isundoOptional)"
)
def get_track_state_chunk(engine: Engine, track: Track, text: Buffer, undo: bool) -> bool:
    return _get_chunk(track, text)


@api("bool SetTrackStateChunk(MediaTrack* track, const char* str, bool isundoOptional)")
def set_track_state_chunk(engine: Engine, track: Track, text: str, undo: bool) -> bool:
    return _set_chunk(engine, track, text, "SetTrackStateChunk")


@api(
    "bool GetEnvelopeStateChunk(TrackEnvelope* env, char* strNeedBig, int strNeedBig_sz,"
    " bool isundoOptional)"
)
def get_envelope_state_chunk(engine: Engine, envelope: Envelope, text: Buffer, undo: bool) -> bool:
    return _get_chunk(envelope, text)


@api("bool SetEnvelopeStateChunk(TrackEnvelope* env, const char* str, bool isundoOptional)")
def set_envelope_state_chunk(engine: Engine, envelope: Envelope, text: str, undo: bool) -> bool:
    return _set_chunk(engine, envelope, text, "SetEnvelopeStateChunk")


@api(
    "bool GetItemStateChunk(MediaItem* item, char* strNeedBig, int strNeedBig_sz,"
    " bool isundoOptional)"
)
def get_item_state_chunk(engine: Engine, item: Item, text: Buffer, undo: bool) -> bool:
    return _get_chunk(item, text)


@api("bool SetItemStateChunk(MediaItem* item, const char* str, bool isundoOptional)")
def set_item_state_chunk(engine: Engine, item: Item, text: str, undo: bool) -> bool:
    return _set_chunk(engine, item, text, "SetItemStateChunk")
