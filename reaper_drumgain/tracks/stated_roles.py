"""The role of each track of a session: as the user states it, as stored on it, or by its name.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.role_names import role_of, says_drums
from reaper_drumgain.tracks.roles import Role

#: instead of a role: it is to be recognized by sound
LISTEN = "listen"
_MOST_TOLD = 40


def asks_for_role_by_sound(role_text: str) -> bool:
    """Whether a role text asks for the role to be recognized by sound."""
    return role_text.strip().casefold() == LISTEN


def stated_roles(session: Session, settings: Settings) -> dict[int, str]:
    """By the index of each track that the settings name, its role as text.

    Names of the table may be those of other projects; a name that several tracks have is for all
    of them. Those of ``settings.roles`` count before the table. Raises InputError where one of
    these names no track, or more than one.
    """
    stated: dict[int, str] = {}
    for name, text in settings.role_table:
        stated |= dict.fromkeys(_tracks_named(session, name), text)
    for name, text in settings.roles:
        stated |= dict.fromkeys(find_tracks(session, name), text)
    return stated


def names_of_no_track(session: Session, settings: Settings) -> tuple[str, ...]:
    """The names in the table of roles that no track of the session has."""
    return tuple(name for name, _ in settings.role_table if not _tracks_named(session, name))


def _tracks_named(session: Session, name: str) -> tuple[int, ...]:
    wanted = name.strip()
    try:
        return find_tracks(session, wanted)
    except InputError:
        folded = wanted.lower()
        return tuple(t.index for t in session.tracks if t.name.strip().lower() == folded)


def find_tracks(session: Session, name: str) -> tuple[int, ...]:
    """The index of the track that a user names.

    Parameters
    ----------
    session
        The project.
    name
        ``#3`` (REAPER's number), a GUID, or a name. Letter case counts only where it tells tracks
        apart.

    Returns
    -------
    tuple of int
        The index of one track.

    Raises
    ------
    InputError
        No track, or more than one, has the name.
    """
    wanted = name.strip()
    if wanted.startswith("#") and wanted[1:].isdecimal():
        digits = wanted[1:].lstrip("0")
        # Python refuses to read numbers of thousands of digits
        number = int(digits) if 0 < len(digits) < 10 else 0
        if 1 <= number <= len(session.tracks):
            return (number - 1,)
        raise InputError(
            f"there is no track {wanted[:40]}: the project has {len(session.tracks)} tracks"
        )
    by_guid = [t.index for t in session.tracks if t.guid and t.guid.lower() == wanted.lower()]
    exact = [t.index for t in session.tracks if t.name.strip() == wanted]
    folded = [t.index for t in session.tracks if t.name.strip().lower() == wanted.lower()]
    found = by_guid or exact or folded
    if len(found) == 1:
        return (found[0],)
    if found:
        numbers = ", ".join(f"#{index + 1}" for index in found)
        raise InputError(f"{len(found)} tracks are named {name!r}: say which one ({numbers})")
    names = {t.name.strip().lower(): t.name for t in session.tracks}
    near = [names[one] for one in get_close_matches(wanted.lower(), names, n=3)]
    if wanted.isdecimal() and 1 <= int(wanted[:9]) <= len(session.tracks):
        near = [f"#{wanted}"]
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    known = ", ".join(repr(t.name) for t in session.tracks[:_MOST_TOLD])
    more = ", ..." if len(session.tracks) > _MOST_TOLD else ""
    raise InputError(
        f"no track is named {name!r}.{hint} The project has {known or 'no tracks'}{more}"
    )


def session_roles(
    session: Session, given: Mapping[int, Role | None], warnings: list[str]
) -> dict[int, Role | None]:
    """The role of each track: as the user states it, as stored on it, or by its name.

    Rooms alone are no drums: a film and a choir have rooms, too. Beside drums "Ambiente" is one.

    Parameters
    ----------
    session
        The project.
    given
        The roles that the user states, by the index of the track; None for no drum.
    warnings
        Gets sentences on stored roles that are not known.

    Returns
    -------
    dict
        By the index of each track its role; None for no drum.
    """
    roles = {
        track.index: given[track.index]
        if track.index in given
        else track_role(session, track, warnings)
        for track in session.tracks
    }
    drums = any(
        role is not None and role.name not in ("room", "percussion") for role in roles.values()
    )
    for track in session.tracks:
        role = roles[track.index]
        if track.index in given or (track.role and not asks_for_role_by_sound(track.role)):
            continue
        folders = [folder.name for folder in session.folders_of(track)]
        if drums and role is None:
            roles[track.index] = role_of(track.name, folders, beside_drums=True)
        elif (
            not drums
            and role is not None
            and role.name == "room"
            and not says_drums(track.name, folders)
        ):
            roles[track.index] = None
    return roles


def track_role(session: Session, track: Track, warnings: list[str]) -> Role | None:
    """The role that is stored on a track, else the role by its name.

    Parameters
    ----------
    session
        The project, for the folders around the track.
    track
        The track.
    warnings
        Gets a sentence on a stored role that is not known.

    Returns
    -------
    Role or None
        None for no drum.
    """
    if track.role is not None and not asks_for_role_by_sound(track.role):
        try:
            return Role.parse(track.role)
        except InputError as error:
            warnings.append(f"track {track.name!r}: the role stored on it is ignored: {error}")
    return role_of(track.name, [folder.name for folder in session.folders_of(track)])
