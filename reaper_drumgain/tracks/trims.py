"""Which trim each drum track gets: its family, what is kept with the project, what is linked.

Standard library only, because REAPER's own Python changes trims without the worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reaper_drumgain.schema.trims import FAMILIES, TrimMark, Trims
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role, drum_of
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import Decibel

#: by the drum, where the family has another name
_FAMILY_OF = {"ride": "cymbals", "cymbal": "cymbals", "overhead": "overheads", "room": "rooms"} | {
    "sample": "samples"
}
_PLACES = 4


def family_of(role: Role) -> str:
    """The family of drums (one of ``schema.trims.FAMILIES``) that a role belongs to."""
    return "toms" if role.name == "tom" else _FAMILY_OF.get(drum_of(role), drum_of(role))


assert {family_of(Role(name)) for name in ROLE_NAMES} == set(FAMILIES)


def trims_in_use(drums: Sequence[DrumTrack], stated: Trims = ()) -> dict[str, Decibel]:
    """The trims in dB that are not 0, by family of drums.

    They are those kept with the project, and ``stated`` ones instead of them. Families without a
    track are left out.
    """
    kept: dict[str, Decibel] = {}
    for drum in drums:
        mark = TrimMark.parse(drum.track.trim)
        if mark is not None and mark.family == family_of(drum.role):
            kept.setdefault(mark.family, mark.wanted)
    present = {family_of(drum.role) for drum in drums}
    kept.update((family, level) for family, level in stated if family in present)
    return {family: level for family, level in kept.items() if level}


def made_trim(drum: DrumTrack) -> Decibel:
    """How much trim is in the fader of a drum track now."""
    mark = TrimMark.parse(drum.track.trim)
    return Decibel(0.0) if mark is None else mark.made


def wanted_trims(drums: Sequence[DrumTrack], trims: Mapping[str, Decibel]) -> dict[int, Decibel]:
    """The trim of each drum track, by its index: that of its family.

    Tracks that are linked make one move, so those of several families get the mean.
    """
    by_index = {drum.track.index: drum for drum in drums}
    wanted: dict[int, Decibel] = {}
    for index, drum in by_index.items():
        members = [drum, *(by_index[other] for other in drum.links if other in by_index)]
        levels = [trims.get(family_of(member.role), Decibel(0.0)) for member in members]
        wanted[index] = Decibel(round(sum(levels) / len(levels), _PLACES))
    return wanted


def trim_after(drum: DrumTrack, wanted: Decibel, *, held: bool) -> Decibel:
    """The trim that is in the fader of a drum track afterwards.

    A track that stays keeps what it has, and one that is held is never raised.

    Parameters
    ----------
    drum
        The track.
    wanted
        The trim in dB that is wanted.
    held
        Whether the track is held.

    Returns
    -------
    Decibel
        The trim in dB.
    """
    made = made_trim(drum)
    return made if drum.flag is not None or (held and wanted > made) else wanted


def mark_text(drum: DrumTrack, trims: Mapping[str, Decibel], made: Decibel) -> str | None:
    """What is to be stored on a drum track about its trim.

    Parameters
    ----------
    drum
        The track, with what is stored on it now.
    trims
        The trims in use in dB, by family of drums.
    made
        The trim in dB that is in its fader.

    Returns
    -------
    str or None
        Empty to take away what is stored; None where it is so already.
    """
    family = family_of(drum.role)
    text = TrimMark(family, trims.get(family, Decibel(0.0)), made).text
    return None if text == (drum.track.trim or "") else text
