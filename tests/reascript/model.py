"""Projects, tracks, items, takes, sources and envelopes as views of the project's text.

The tree of lines is the state: reading a fader reads its token, writing it replaces the
line. So what is saved is what was loaded but for what was changed, and an undo state is a
copy of the lists of lines (see ``history``).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from reascript.rpp import Line, Node, Value, parse

ENVELOPE_NAMES = {
    "<VOLENV": "Volume (Pre-FX)",
    "<VOLENV2": "Volume",
    "<VOLENV3": "Trim Volume",
    "<PANENV": "Pan (Pre-FX)",
    "<PANENV2": "Pan",
    "<WIDTHENV": "Width (Pre-FX)",
    "<WIDTHENV2": "Width",
    "<MUTEENV": "Mute",
}
EFFECT_KEYS = ("<VST", "<AU", "<JS", "<CLAP", "<DX", "<LV2", "<VIDEO_EFFECT", "<CONTAINER")


def new_guid() -> str:
    return "{" + str(uuid.uuid4()).upper() + "}"


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value stands in the text: the line's key, the token's place, and what holds
    where there is none. ``fill`` makes a missing line."""

    key: str
    place: int
    default: float
    fill: tuple[Value, ...] = ()
    whole: bool = True
    read_only: bool = False


class Block(Node):
    """Chooses the class of a block from its first word."""

    @staticmethod
    def of(head: Line, parent: Node | None) -> Node:
        key = head.key
        if parent is None and key == "<REAPER_PROJECT":
            return Project(head)
        if key == "<TRACK" and isinstance(parent, Project | None):
            return Track(head, parent)
        if key == "<ITEM" and isinstance(parent, Track | None):
            return Item(head, parent)
        if key == "<SOURCE" and isinstance(parent, Item | Source):
            return Source(head, parent)
        envelope = key in ENVELOPE_NAMES or key in ("<PARMENV", "<AUXVOLENV", "<AUXPANENV")
        if envelope or (key.endswith("ENV") and isinstance(parent, Item)):
            return Envelope(head, parent)
        return Node(head, parent)


class Envelope(Node):
    """A volume, pan, mute ... envelope. ``sorted`` is false between an insertion that put
    sorting off and the call that sorts."""

    sorted = True

    @property
    def points(self) -> list[Line]:
        return list(self.lines("PT"))

    @property
    def fader_scaled(self) -> bool:
        return self.number("VOLTYPE", 1) == 1

    @property
    def active(self) -> bool:
        return self.number("ACT", 1) != 0

    @property
    def pooled(self) -> int:
        return sum(1 for _ in self.lines("POOLEDENVINST"))

    def set_points(self, points: list[Line]) -> None:
        keep = [c for c in self.children if c.key != "PT"]
        self.children = [*keep, *points]
        self.changed()


def new_envelope(key: str) -> Envelope:
    """A volume or trim envelope that is off and not shown, with one point at unity."""
    envelope = Envelope(Line(key))
    for text in (f"EGUID {new_guid()}", "ACT 0 -1", "VIS 0 1 1", "LANEHEIGHT 0 0", "ARM 0"):
        envelope.append(Line(text))
    for text in ("DEFSHAPE 0 -1 -1", "VOLTYPE 1", "PT 0 1 0"):
        envelope.append(Line(text))
    return envelope


class Source(Node):
    """Where a take's sound comes from. ``kind`` is WAVE, MIDI, SECTION ..."""

    @property
    def kind(self) -> str:
        return self.head.string(1)

    @property
    def written(self) -> str:
        return self.string("FILE")

    @property
    def inner(self) -> Source | None:
        return next((c for c in self.nodes("<SOURCE") if isinstance(c, Source)), None)


class Take:
    """A take is a run of lines within its item, up to the next TAKE line."""

    def __init__(self, item: Item, number: int) -> None:
        self.item = item
        self.index = number

    def _span(self) -> tuple[int, int]:
        return self.item.spans()[self.index]

    def line(self, key: str) -> Line | None:
        start, end = self._span()
        for child in self.item.children[start:end]:
            if child.key == key and isinstance(child, Line):
                return child
        return None

    def node(self, key: str) -> Node | None:
        start, end = self._span()
        for child in self.item.children[start:end]:
            if child.key == key and isinstance(child, Node):
                return child
        return None

    @property
    def nodes(self) -> list[Node]:
        start, end = self._span()
        return [c for c in self.item.children[start:end] if isinstance(c, Node)]

    @property
    def lines(self) -> list[Line]:
        start, end = self._span()
        return [c for c in self.item.children[start:end] if isinstance(c, Line)]

    @property
    def source(self) -> Source | None:
        node = self.node("<SOURCE")
        return node if isinstance(node, Source) else None

    @property
    def name(self) -> str:
        line = self.line("NAME")
        return line.string(1) if line else ""

    @property
    def volume(self) -> float:
        if self.index == 0:
            return self.item.number("VOLPAN", 3, 1.0)
        line = self.line("TAKEVOLPAN")
        return line.number(2, 1.0) if line else 1.0

    @property
    def pan(self) -> float:
        line = self.line("VOLPAN" if self.index == 0 else "TAKEVOLPAN")
        return line.number(2 if self.index == 0 else 1, 0.0) if line else 0.0

    def number(self, key: str, place: int, default: float) -> float:
        line = self.line(key)
        return line.number(place, default) if line else default


class Item(Node):
    def __init__(self, head: Line, parent: Node | None = None) -> None:
        super().__init__(head, parent)
        self._takes: list[Take] = []
        self._spans: list[tuple[int, int]] | None = None

    def changed(self) -> None:
        super().changed()
        self._spans = None

    def spans(self) -> list[tuple[int, int]]:
        """The children of each take, from one TAKE line to the next."""
        if self._spans is None:
            cuts = [i for i, c in enumerate(self.children) if c.key == "TAKE"]
            empty = not cuts and self.line("NAME") is None and self.node("<SOURCE") is None
            starts = [] if empty else [0, *cuts]
            self._spans = list(
                zip(starts, [*starts[1:], len(self.children)], strict=True) if starts else []
            )
        return self._spans

    @property
    def takes(self) -> list[Take | None]:
        """All takes; a TAKE NULL is None."""
        spans = self.spans()
        while len(self._takes) < len(spans):
            self._takes.append(Take(self, len(self._takes)))
        found: list[Take | None] = []
        for take, (start, _) in zip(self._takes, spans, strict=False):
            first = self.children[start]
            null = take.index > 0 and isinstance(first, Line) and first.string(1) == "NULL"
            found.append(None if null else take)
        return found

    @property
    def active(self) -> int:
        """The number of the active take."""
        for number, (start, _) in enumerate(self.spans()):
            first = self.children[start]
            if number and isinstance(first, Line) and "SEL" in first.tokens:
                return number
        return 0

    @property
    def track(self) -> Track:
        assert isinstance(self.parent, Track)
        return self.parent

    @property
    def position(self) -> float:
        return self.number("POSITION", 1)

    @property
    def length(self) -> float:
        return self.number("LENGTH", 1)


class Track(Node):
    def __init__(self, head: Line, parent: Node | None = None) -> None:
        super().__init__(head, parent)
        self._dormant: dict[str, Envelope] = {}

    @property
    def project(self) -> Project:
        assert isinstance(self.parent, Project)
        return self.parent

    @property
    def guid(self) -> str:
        return self.head.string(1)

    @property
    def name(self) -> str:
        return self.string("NAME")

    @property
    def items(self) -> list[Item]:
        return [c for c in self.blocks if isinstance(c, Item)]

    @property
    def envelopes(self) -> list[Envelope]:
        """The track's own envelopes, then those of its effects."""
        own = [c for c in self.blocks if isinstance(c, Envelope)]
        chain = self.node("<FXCHAIN")
        return own + [c for c in chain.children if isinstance(c, Envelope)] if chain else own

    def dormant(self, key: str) -> Envelope:
        """An envelope that the text does not have until it is switched on."""
        # one that was on came and went with an undo
        if key not in self._dormant or self._dormant[key].active:
            self._dormant[key] = new_envelope(key)
            self._dormant[key].parent = self
        return self._dormant[key]

    def sleeps(self, child: Node) -> bool:
        return child in self._dormant.values()

    @property
    def effects(self) -> list[Node]:
        chain = self.node("<FXCHAIN")
        return list(chain.nodes(*EFFECT_KEYS)) if chain else []

    @property
    def fader(self) -> float:
        return self.number("VOLPAN", 1, 1.0)

    @property
    def selected(self) -> bool:
        return self.number("SEL", 1) != 0

    @property
    def receives(self) -> list[Line]:
        return list(self.lines("AUXRECV"))


class Master:
    """The master track: its values are lines of the project."""

    name = "MASTER"
    guid = "{00000000-0000-0000-0000-000000000000}"

    def __init__(self, project: Project) -> None:
        self.project = project

    @property
    def selected(self) -> bool:
        return self.project.number("MASTER_SEL", 1) != 0


@dataclass(slots=True)
class RenderSettings:
    """The render settings that the API reads and writes. Not part of the undo history."""

    numbers: dict[str, float] = field(default_factory=dict)
    strings: dict[str, str] = field(default_factory=dict)


class Project(Node):
    """An open project. ``path`` is None while it was never saved."""

    def __init__(self, head: Line) -> None:
        super().__init__(head)
        self.path: Path | None = None
        self.open = True
        self.dirty = False
        self.state_count = 0
        self.master = Master(self)
        self.render = RenderSettings()

    @property
    def tracks(self) -> list[Track]:
        return [c for c in self.blocks if isinstance(c, Track)]

    @property
    def all_tracks(self) -> Iterator[Track]:
        return (c for c in self.blocks if isinstance(c, Track))

    @property
    def name(self) -> str:
        return self.path.name if self.path else ""

    def touched(self) -> None:
        """Note that the state changed."""
        self.dirty = True
        self.state_count += 1

    def parent_of(self, track: Track) -> Track | None:
        """The folder track around a track, from the running sum of the depth changes."""
        folders: list[Track] = []
        for each in self.all_tracks:
            if each is track:
                return folders[-1] if folders else None
            change = int(each.number("ISBUS", 2))
            if change > 0:
                folders.append(each)
            elif change < 0:
                del folders[change:]
        return None

    def media_path(self, written: str) -> str:
        """The full path that REAPER shows for a written one: relative to the project."""
        if not written or PurePosixPath(written).is_absolute():
            return written
        if PureWindowsPath(written).drive:
            return written
        folder = self.path.parent if self.path else Path.cwd()
        return str(folder.joinpath(*PureWindowsPath(written).parts))

    def to_text(self) -> str:
        return self.text()


def load(data: bytes, path: Path | None) -> Project:
    """A project from the bytes of its file. Raises StandInError where it is no whole one."""
    text = data.decode("utf-8", "surrogateescape")
    project = parse(text, Block)
    assert isinstance(project, Project), "no REAPER project"
    project.path = path
    # projects of versions 1 to 3 have tracks without a GUID: REAPER gives them one
    for track in project.all_tracks:
        if not track.guid:
            track.head = Line(values=("<TRACK", new_guid()))
    return project


def empty() -> Project:
    """A new project, as a new tab holds it."""
    text = (
        '<REAPER_PROJECT 0.1 "7.18/linux-x86_64" 0\n  RIPPLE 0\n  PANLAW 1\n  PANMODE 3\n'
        "  SAMPLERATE 44100 0 0\n  TEMPO 120 4 4\n  MASTER_VOLUME 1 0 -1 -1 1\n"
        "  MASTER_SEL 0\n  SELECTION 0 0\n  SELECTION2 0 0\n>\n"
    )
    return load(text.encode(), None)
