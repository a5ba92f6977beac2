"""Which drum tracks are one kit: several kits in one project are several folders.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.roles import drum_of
from reaper_drumgain.tracks.selection import DrumTrack

#: what a folder holds that is a kit of its own
_CORE = {"kick", "snare"}

Kits = tuple[tuple[int, ...], ...]


def kits_of(session: Session, drums: Sequence[DrumTrack]) -> Kits:
    """The places in ``drums`` of the tracks of each kit, in project order.

    A kit is the innermost folder that holds microphones of a kick and of a snare; the tracks
    outside of such folders are one, too, where they hold both. Where that gives one kit, all tracks
    belong to it. Of several kits, tracks outside of all are balanced among themselves, and kits
    of which tracks are linked are one.
    """
    around = [[folder.index for folder in session.folders_of(drum.track)] for drum in drums]
    held: dict[int, set[str]] = {}
    for drum, folders in zip(drums, around, strict=True):
        for folder in folders:
            held.setdefault(folder, set()).add(drum_of(drum.role))
    full = {folder for folder, names in held.items() if names >= _CORE}
    outer = {
        parent.index for folder in full for parent in session.folders_of(session.tracks[folder])
    }
    inner = full - outer
    own = [next((folder for folder in folders if folder in inner), None) for folders in around]
    rest = {drum_of(d.role) for d, folder in zip(drums, own, strict=True) if folder is None}
    if len(inner) + (rest >= _CORE) < 2:
        return (tuple(range(len(drums))),)
    return _joined(drums, own)


def within_kit(drum: DrumTrack, kit: Sequence[DrumTrack]) -> DrumTrack:
    """A drum track with its links to tracks of its kit alone."""
    inside = {other.track.index for other in kit}
    if inside.issuperset(drum.links):
        return drum
    return replace(drum, links=tuple(index for index in drum.links if index in inside))


def _joined(drums: Sequence[DrumTrack], own: Sequence[int | None]) -> Kits:
    """The kits by the folders of their tracks; those with linked tracks are one."""
    folder_of = {drum.track.index: folder for drum, folder in zip(drums, own, strict=True)}
    name: dict[int | None, int | None] = {folder: folder for folder in own}

    def root(folder: int | None) -> int | None:
        while name[folder] != folder:
            folder = name[folder]
        return folder

    for drum in drums:
        for other in drum.links:
            if other in folder_of:
                name[root(folder_of[other])] = root(folder_of[drum.track.index])
    kits: dict[int | None, list[int]] = {}
    for place, folder in enumerate(own):
        kits.setdefault(root(folder), []).append(place)
    return tuple(map(tuple, kits.values()))
