"""Warnings of several kits in one project, and of the same audio on several tracks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reaper_drumgain.faders.followers import Following
from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.kits import Kits
from reaper_drumgain.tracks.selection import DrumTrack

_MOST_NAMES = 3


def sentences(
    session: Session, drums: Sequence[DrumTrack], kits: Kits, following: Mapping[int, Following]
) -> Iterator[str]:
    """Sentences on several kits, and on tracks that hold the same audio.

    Parameters
    ----------
    session
        The project, for the names of folders.
    drums
        The measured drum tracks.
    kits
        The places among them of the tracks of each kit.
    following
        By place the tracks that make the move of another one.

    Yields
    ------
    str
        One sentence on all kits, and one for each copy.
    """
    if len(kits) > 1:
        names = "; ".join(_kit(session, [drums[place] for place in kit]) for kit in kits)
        yield (
            f"{len(kits)} kits, each balanced on its own, with the level between them kept: {names}"
        )
    for place, own in following.items():
        if own.same:
            yield _same_audio(drums[place].track.name, drums[own.leader].track.name, own)


def _same_audio(copy: str, leader: str, own: Following) -> str:
    """That a track holds the audio of another one, and what to do."""
    if own.cancels:
        return (
            f"track {copy!r}: holds the same audio as {leader!r} with the opposite polarity, so "
            "the two cancel each other, and count as one: mute one of them or flip its polarity"
        )
    return (
        f"track {copy!r}: holds the same audio as {leader!r}, so the two count as one: mute one of "
        "them unless both are meant to play"
    )


def _kit(session: Session, drums: Sequence[DrumTrack]) -> str:
    """A kit by its folder, else by its first tracks."""
    around = [[f.index for f in session.folders_of(drum.track)] for drum in drums]
    common = [folder for folder in around[0] if all(folder in other for other in around)]
    if common:
        return repr(session.tracks[common[0]].name)
    more = ", ..." if len(drums) > _MOST_NAMES else ""
    return ", ".join(repr(drum.track.name) for drum in drums[:_MOST_NAMES]) + more
