"""A project file to a Session, and everything that an edit of it needs to know."""

from __future__ import annotations

import contextlib
import gc
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reaper_drumgain.errors import ProjectError
from reaper_drumgain.hosts.rpp.items import ItemReader
from reaper_drumgain.hosts.rpp.storage import read_file
from reaper_drumgain.hosts.rpp.syntax import SETTING, Block, line_of, scan, tokens
from reaper_drumgain.hosts.rpp.tracks import TrackReader
from reaper_drumgain.hosts.rpp.values import Fields, text
from reaper_drumgain.schema.session import Marker, Session
from reaper_drumgain.tracks import item_mix
from reaper_drumgain.tracks.media import Resolver
from reaper_drumgain.tracks.reaper_rules import (
    MAX_SAMPLE_RATE,
    master_warnings,
    with_shared_guids_noted,
)
from reaper_drumgain.tracks.split_channels import with_split_channels

#: the project's own lines that are read
_KEYS = frozenset(
    b"PANLAW PANMODE TEMPO SAMPLERATE SELECTION MARKER RECORD_PATH MASTERMUTESOLO"
    b" PLAYRATE ITEMMIX GLOBAL_AUTO".split()
)
_VERSION = re.compile(rb"(\d+)")


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A project as read: its bytes, their blocks, and the session they describe.

    Attributes
    ----------
    path
        As given.
    session
        What is known of the project.
    mode
        The permissions of the file.
    data
        The bytes of the file.
    root
        The tree of blocks.
    made
        Whether it was made of audio files, and no file of it is there.
    """

    path: Path
    session: Session
    mode: int
    data: bytes
    root: Block
    made: bool = False

    def __repr__(self) -> str:
        return f"ProjectFile({str(self.path)!r}, {len(self.data)} bytes)"

    @property
    def tracks(self) -> list[Block]:
        """The blocks of the tracks, in the order of the session's tracks."""
        return track_blocks(self.root)


def track_blocks(root: Block) -> list[Block]:
    """The TRACK blocks directly inside a project."""
    return [child for child in root.children if child.keyword == b"TRACK"]


def read_project(path: str | os.PathLike[str]) -> ProjectFile:
    """The project in a file. Reads that file alone; media is looked for, not opened.

    Raises ProjectError, with file:line, where the file is no whole project, and
    StorageError where it cannot be read.
    """
    place = Path(path)
    data, mode = read_file(place)
    return project_of(data, place, mode=mode)


def project_of(data: bytes, path: Path, *, mode: int, made: bool = False) -> ProjectFile:
    """The project in bytes, as if they had been read from a file. Raises ProjectError.

    Parameters
    ----------
    data
        The bytes of the project.
    path
        The file.
    mode
        The permissions of the file.
    made
        Whether it was made of audio files, and no file of it is there.

    Returns
    -------
    ProjectFile
        With its session.
    """
    name = text(os.fsencode(path))
    with _no_collecting():
        root = scan(data, name)
        return ProjectFile(path, _session(data, root, path, name), mode, data, root, made)


@contextlib.contextmanager
def _no_collecting() -> Iterator[None]:
    """No garbage collection meanwhile.

    Nothing of a project refers back to itself, and to look for such garbage among its many objects
    takes a tenth of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _session(data: bytes, root: Block, path: Path, name: str) -> Session:
    warnings: list[str] = []
    lines = _project_lines(data, root)

    def fields(key: bytes) -> Fields:
        return Fields(key.decode(), lines.get(key, [b""])[-1].split(), warnings)

    record = tuple(
        text(token.value) for token in tokens(lines.get(b"RECORD_PATH", [b""])[-1], 0)[:2]
    )
    rate = fields(b"SAMPLERATE")
    own_rate = rate.whole(0, 0) if rate.flag(1) else 0
    sample_rate = own_rate if 1000 <= own_rate <= MAX_SAMPLE_RATE else None
    blocks = track_blocks(root)
    pan_mode = fields(b"PANMODE").whole(0, _usual_pan_mode(data, root))
    items = ItemReader(data, Resolver(path, record))
    reader = TrackReader(
        data,
        items,
        len(blocks),
        sample_rate,
        pan_mode,
        item_mix=fields(b"ITEMMIX").whole(0, item_mix.ENCLOSED),
        override=fields(b"GLOBAL_AUTO").whole(0, -1),
    )
    tracks = []
    for index, block in enumerate(blocks):
        try:
            tracks.append(reader.read(index, block))
        except ProjectError as error:
            raise ProjectError(f"{name}:{line_of(data, block.start)}: {error}") from error
    markers, regions = _markers(lines.get(b"MARKER", []), warnings)
    start, end = fields(b"SELECTION").real(0, 0.0), fields(b"SELECTION").real(1, 0.0)
    warnings += master_warnings(
        muted=fields(b"MASTERMUTESOLO").flag(0),
        play_rate=fields(b"PLAYRATE").real(0, 1.0),
        volume_envelope=any(
            child.keyword in (b"MASTERVOLENV", b"MASTERVOLENV2") for child in root.children
        ),
    )
    all_tracks, sends = with_split_channels(with_shared_guids_noted(tracks), reader.sends)
    return Session(
        path=name,
        tracks=all_tracks,
        sends=sends,
        sample_rate=sample_rate,
        tempo=_tempo(fields(b"TEMPO")),
        pan_law=max(0.0, fields(b"PANLAW").real(0, 1.0)),
        pan_mode=pan_mode,
        markers=markers,
        regions=regions,
        time_selection=(start, end) if end > start else None,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _project_lines(data: bytes, root: Block) -> dict[bytes, list[bytes]]:
    lines: dict[bytes, list[bytes]] = {}
    for start, end in root.segments():
        if end - start < 8:
            continue
        for match in SETTING.finditer(data, start, end):
            key, rest = match.groups()
            if key in _KEYS:
                lines.setdefault(key, []).append(rest)
    return lines


def _usual_pan_mode(data: bytes, root: Block) -> int:
    """The pan mode of a project that names none: REAPER 3 and before knew one only."""
    words = tokens(data, root.start, root.body)
    version = _VERSION.match(words[2].value) if len(words) > 2 else None
    return 3 if version is not None and int(version.group(1)[:4]) >= 4 else 0


def _tempo(tempo: Fields) -> float:
    value = tempo.real(0, 120.0)
    if 0.1 <= value <= 10_000.0:
        return value
    tempo.faults.append(f"TEMPO is {value:g}: 120 is assumed")
    return 120.0


def _markers(
    lines: list[bytes], warnings: list[str]
) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    """Markers and regions; a region is two lines of one number, the second its end."""
    markers: list[Marker] = []
    regions: list[Marker] = []
    open_regions: dict[int, Marker] = {}
    for line in lines:
        words = [token.value for token in tokens(line, 0)]
        fields = Fields("MARKER", words, warnings)
        number, position = fields.whole(0, 0), fields.real(1, 0.0)
        if not fields.whole(3, 0) & 1:
            markers.append(Marker(position, fields.word(2), number))
        elif number in open_regions:
            regions.append(replace(open_regions.pop(number), end=position))
        else:
            open_regions[number] = Marker(position, fields.word(2), number)
    warnings += [f"region {number} has no end: left out" for number in open_regions]
    return tuple(markers), tuple(sorted(regions, key=lambda region: region.position))
