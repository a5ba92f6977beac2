"""Which tracks of a session are drum microphones, which of them may move, and why not.

Standard library only, so that a host can decide without reading any audio.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reaper_drumgain.schema.plan import Untouched
from reaper_drumgain.schema.session import EnvelopeKind, Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.linking import linked_families, sides_by_pan, stereo_pairs
from reaper_drumgain.tracks.role_names import says_nothing
from reaper_drumgain.tracks.roles import Role
from reaper_drumgain.tracks.routing import Kind, Path, kind_of, path_of
from reaper_drumgain.tracks.split_channels import split_hint
from reaper_drumgain.tracks.stated_roles import (
    asks_for_role_by_sound,
    find_tracks,
    names_of_no_track,
    session_roles,
    stated_roles,
    track_role,
)
from reaper_drumgain.units import is_off

#: flags of tracks that keep their fader and whose level anchors that of the others
LOCKED, NOT_SELECTED = "locked", "not selected"
#: why a track is not taken for a drum
NO_DRUM = "not a drum microphone, by its name"
NAMELESS = "its name does not say what it is"
#: what to do about names that say nothing
NAMES_HINT = (
    "name the tracks like 'Kick In', 'Snare Top' or 'OH L' in REAPER, or state their roles: "
    "--role 'Audio 01=kick in' for one track, --roles FILE for many, with a line like 'Audio "
    "01,kick in' for each"
)
#: why a track with a drum's name is no microphone
EMPTY = "has a drum's name, but no audio items that play, no instrument, and receives nothing"
#: why a drum track stays that is not among those that were chosen
NOT_CHOSEN = "not selected: not moved, the others are balanced around it"
#: flag of tracks that stay because one that they are linked to does
LINKED = "linked"
#: tracks that do not play take no part, also not in a pair or group
_SILENT = ("muted", "hidden")
_PATH_KINDS: dict[Kind, str] = {
    "folder": "folder: on the way to the master, never moved",
    "bus": "bus: gets its audio from other tracks, never moved",
    "return": "return: gets its audio from other tracks, never moved",
    "vca": "VCA leader: moves other faders, never moved itself",
}


@dataclass(frozen=True, slots=True)
class DrumTrack:
    """A drum microphone of the session.

    Attributes
    ----------
    track, role, path
        The track, what the microphone is placed at, and the way to the master.
    flag, why
        None where its fader may move; otherwise a short word, and the reason as a sentence.
    measured
        Whether its audio is analyzed: it plays and can be read.
    links
        The indexes of the tracks that move with it (the other side of its pair, its group).
    note
        What is to be said beside the reason for its move: that a linked track stays.
    """

    track: Track
    role: Role
    path: Path
    flag: str | None = None
    why: str | None = None
    measured: bool = True
    links: tuple[int, ...] = ()
    note: str | None = None

    @property
    def anchors(self) -> bool:
        """Whether its fader stays by the user's will, so that its level anchors the others'."""
        return self.measured and self.flag in (LOCKED, NOT_SELECTED, LINKED)


@dataclass(frozen=True, slots=True)
class Selection:
    """The tracks of a session, sorted into drum tracks and others.

    Attributes
    ----------
    drums
        The drum tracks in project order.
    untouched
        The other tracks, each with the reason why it stays.
    warnings
        Sentences for the user.
    """

    drums: tuple[DrumTrack, ...]
    untouched: tuple[Untouched, ...]
    warnings: tuple[str, ...] = ()

    @property
    def measured(self) -> tuple[DrumTrack, ...]:
        """The drum tracks whose audio counts, in project order: those that are analyzed."""
        return tuple(drum for drum in self.drums if drum.measured)


def select(session: Session, settings: Settings) -> Selection:
    """The drum tracks of a session under the user's settings.

    Raises InputError where the settings name a track or role that is not there.
    """
    locks = {i for name in settings.locks for i in find_tracks(session, name)}
    only = {i for name in settings.only for i in find_tracks(session, name)}
    given = {
        index: Role.parse(text)
        for index, text in stated_roles(session, settings).items()
        if not asks_for_role_by_sound(text)
    }
    drums: list[DrumTrack] = []
    untouched: list[Untouched] = []
    warnings: list[str] = []
    roles = session_roles(session, given, warnings)
    for track in session.tracks:
        kind = kind_of(session, track)
        role = roles[track.index]
        if kind in _PATH_KINDS:
            hint = split_hint(session, track) if role is not None else None
            warnings += [f"track {track.name!r} {hint}"] if hint else []
            untouched.append(Untouched(track.index, track.name, hint or _PATH_KINDS[kind]))
        elif role is None:
            nameless = track.index not in given and _says_nothing(session, track)
            why = NAMELESS if nameless and kind != "empty" else NO_DRUM
            untouched.append(Untouched(track.index, track.name, why))
        elif kind == "empty":
            untouched.append(Untouched(track.index, track.name, EMPTY))
        else:
            selected = not only or track.index in only
            locked = track.index in locks or track.locked
            drums.append(_drum_track(session, track, role, kind, selected, locked))
            if drums[-1].measured:
                warnings += _envelope_warnings(track, settings)
    _take_partners_along(drums, warnings)
    strange = names_of_no_track(session, settings)
    if settings.role_table and len(strange) == len(settings.role_table):
        warnings.append(
            f"none of the {len(strange)} names in the table of roles is the name of a track (the "
            f"first is {strange[0]!r})"
        )
    found = {drum.track.index for drum in drums}
    # of a folder that was selected with what is in it nothing is to be said
    around = {f.index for index in only for f in session.folders_of(session.tracks[index])}
    named = {*locks, *given}
    for index in sorted({*named, *only - around} - found):
        if index not in given or given[index] is not None:
            name = session.tracks[index].name
            how = "is named in the settings" if index in named else "was selected"
            warnings.append(f"track {name!r} {how}, but is not a drum microphone")
    soloed = [track.name for track in session.tracks if track.soloed]
    if soloed and drums:
        shown = ", ".join(map(repr, soloed[:5])) + (", ..." if len(soloed) > 5 else "")
        warnings.append(f"{shown} soloed: solo is ignored, all drums are balanced together")
    return Selection(tuple(_linked(session, drums)), tuple(untouched), tuple(warnings))


def wants_roles_by_sound(session: Session, settings: Settings) -> bool:
    """Whether any role is to be recognized by sound: by the settings, or as stored on a track."""
    stated = list(stated_roles(session, settings).values())
    stored = [track.role for track in session.tracks if track.role is not None]
    return settings.listen or any(map(asks_for_role_by_sound, stated + stored))


def tracks_to_classify(session: Session, settings: Settings) -> tuple[DrumTrack, ...]:
    """The tracks whose role is to be recognized by sound, in project order.

    Those that the settings name, or that store, ``listen`` for a role; with ``Settings.listen``
    those whose names say nothing, unless a role is stated. Tracks without
    audio are left out. The roles of the result are placeholders. Raises InputError where the
    settings name a track that is not there.
    """
    named = stated_roles(session, settings)
    tracks = []
    for track in session.tracks:
        asked = named.get(track.index, track.role)
        wanted = (
            settings.listen
            and track_role(session, track, []) is None
            and _says_nothing(session, track)
            if asked is None
            else asks_for_role_by_sound(asked)
        )
        kind = kind_of(session, track)
        if wanted and kind != "empty" and kind not in _PATH_KINDS:
            placeholder = Role("percussion")
            drum = _drum_track(session, track, placeholder, kind, selected=True, locked=False)
            if drum.measured:
                tracks.append(drum)
    return tuple(tracks)


def _says_nothing(session: Session, track: Track) -> bool:
    if track.role is not None and not asks_for_role_by_sound(track.role):
        return False
    return says_nothing(track.name, [folder.name for folder in session.folders_of(track)])


def _drum_track(
    session: Session, track: Track, role: Role, kind: Kind, selected: bool, locked: bool
) -> DrumTrack:
    path = path_of(session, track)
    flag, why = _obstacle(session, track, kind, path)
    if flag is not None:
        return DrumTrack(track, role, path, flag, why, measured=False)
    if locked:
        return DrumTrack(
            track, role, path, LOCKED, "locked: not moved, the others are balanced around it"
        )
    if not selected:
        why = NOT_CHOSEN
        return DrumTrack(track, role, path, NOT_SELECTED, why)
    return DrumTrack(track, role, path)


def _envelope_warnings(track: Track, settings: Settings) -> Iterable[str]:
    """Envelopes behind the effects: what they do over time is in no level of the plan."""
    written: EnvelopeKind | None = None
    replaces = settings.automation.existing == "replace" or track.automation_note
    if settings.write == "automation" and replaces:
        written = "volume" if settings.automation.envelope == "volume" else "trim volume"
    for envelope in track.envelopes:
        if not envelope.active or envelope.kind == written:
            continue
        if envelope.kind in ("volume", "trim volume", "mute"):
            hint = " ('drumgain clear-automation' removes one that DrumGain wrote)"
            yield (
                f"track {track.name!r}: its {envelope.kind} envelope keeps changing the level "
                "after the fader and is not counted in the "
                f"levels{hint if track.automation_note else ''}"
            )


def _obstacle(
    session: Session, track: Track, kind: Kind, path: Path
) -> tuple[str | None, str | None]:
    """Why a drum microphone can be neither moved nor measured, or (None, None)."""
    if track.muted:
        return "muted", "muted: not moved"
    if track.hidden:
        return "hidden", "hidden in track panel and mixer: not moved"
    if kind == "instrument":
        return (
            "instrument",
            "its sound comes from an instrument plug-in: there is no media file to measure",
        )
    if not any(c.plays and c.source.kind == "file" for c in track.clips):
        formats = sorted({c.source.format or c.source.kind for c in track.clips if c.plays})
        return "not readable", (
            f"its items ({', '.join(formats)}) are not audio files: glue or render them (or in "
            "REAPER choose 'export' in the setting 'audio')"
        )
    files = [c.source for c in track.clips if c.plays and c.source.kind == "file"]
    if not any(source.found for source in files):
        first = files[0].written or files[0].path or "no file name"
        return "missing media", f"its media file is missing or was refused ({first}): not moved"
    if track.unwritable is not None:
        return "unwritable", f"{track.unwritable}: not moved"
    if is_off(track.fader):
        return "fader at -inf", "its fader is at -inf: not moved"
    driven = [e for e in track.envelopes if e.kind == "volume" and e.active]
    if driven and track.automation_mode != "trim/read":
        mode = track.automation_mode
        return (
            "automation",
            f"its volume envelope moves the fader ({mode} mode): not moved by DrumGain",
        )
    if not path.fader_reaches_master and path.muted_by is not None:
        return "muted", f"muted by {path.muted_by!r} on its way to the master: not moved"
    if not path.fader_reaches_master and track.main_send:
        return "not heard", f"{path.blocked_by or 'nothing of it reaches the master'}: not moved"
    if not path.fader_reaches_master or not (track.main_send or _is_wired_to_bus(session, track)):
        why = (
            "its master/parent send is off, so its fader changes only what goes to its sends: not "
            "moved"
        )
        return "no main send", why
    return None, None


def _is_wired_to_bus(session: Session, track: Track) -> bool:
    """Whether a send stands in for the parent send of a track.

    A drum bus wired by sends shows in two or more microphones that reach it so; one track
    alone may as well be a trigger or an effect's feed.
    """

    def buses(source: int) -> set[int]:
        sends = [s for s in session.sends if s.source == source and s.mode == "post-fader"]
        return {s.target for s in sends if kind_of(session, session.tracks[s.target]) == "bus"}

    others = {s.source for s in session.sends if not session.tracks[s.source].main_send}
    return any(buses(track.index) & buses(other) for other in others - {track.index})


def _linked(session: Session, drums: Sequence[DrumTrack]) -> list[DrumTrack]:
    """The drum tracks with those named that have to move together.

    The offsets between linked tracks are kept, so one that stays holds the others, also
    where it is no drum; those that are muted or hidden do not count. Both sides say so.
    """
    roles = sides_by_pan([(drum.track, drum.role) for drum in drums])
    drums = [replace(drum, role=role) for drum, role in zip(drums, roles, strict=True)]
    families = linked_families(session, [(drum.track, drum.role) for drum in drums])
    by_index = {drum.track.index: drum for drum in drums}
    holders: dict[int, int] = {}
    for index, drum in by_index.items():
        holding = [other for other in families[index] if _holds(session, by_index, other)]
        if drum.flag is None and holding:
            holders[index] = holding[0]
    return [_with_links(session, d, by_index, families[d.track.index], holders) for d in drums]


def _take_partners_along(drums: list[DrumTrack], warnings: list[str]) -> None:
    """Selects the other side of each pair of which one side is selected, and says so."""
    roles = sides_by_pan([(drum.track, drum.role) for drum in drums])
    microphones = [(drum.track, role) for drum, role in zip(drums, roles, strict=True)]
    place_of = {drum.track.index: place for place, drum in enumerate(drums)}
    for pair in stereo_pairs(microphones):
        for chosen, other in (pair, pair[::-1]):
            one, two = drums[place_of[chosen]], drums[place_of[other]]
            if one.flag is None and two.flag == NOT_SELECTED:
                drums[place_of[other]] = replace(two, flag=None, why=None)
                warnings.append(
                    f"track {two.track.name!r} is not selected, but moves with "
                    f"{one.track.name!r}, the other side of its pair"
                )


def _with_links(
    session: Session,
    drum: DrumTrack,
    drums: Mapping[int, DrumTrack],
    family: Sequence[int],
    holders: Mapping[int, int],
) -> DrumTrack:
    """The drum track with the tracks that move with it, and a note where one of them stays.

    ``family``: the indexes of the tracks that are linked to it. ``holders``: by the index of a drum
    track that stays for another one, the index of that one.
    """
    links = tuple(i for i in family if i in drums and drums[i].measured) if drum.measured else ()
    flag, why = drum.flag, drum.why
    if drum.track.index in holders:
        holder = holders[drum.track.index]
        held_by = drums[holder].flag if holder in drums else None
        flag = held_by if held_by in (LOCKED, NOT_SELECTED) else LINKED
        state = f"which is {held_by}" if held_by else "which is not a drum microphone"
        why = f"moves only together with {session.tracks[holder].name!r}, {state}: not moved"
    others = [drums[index] for index in family if index in drums]
    held = [other for other in others if holders.get(other.track.index) == drum.track.index]
    free = [other for other in others if other.flag is None and other.track.index not in holders]
    note = None
    if why is not None and held:
        why = f"{why}; {_names(held)} {'is' if len(held) == 1 else 'are'} not moved either"
    elif why is not None and flag in _SILENT and free:
        why = f"{why}; {_names(free)} {'moves' if len(free) == 1 else 'move'} without it"
    elif flag is None:
        away = [other for other in others if other.flag in _SILENT]
        note = f"{_names(away)} ({away[0].flag}) belongs to it but is not moved" if away else None
    return replace(drum, flag=flag, why=why, links=links, note=note)


def _names(drums: Sequence[DrumTrack]) -> str:
    return " and ".join(repr(drum.track.name) for drum in drums)


def _holds(session: Session, drums: Mapping[int, DrumTrack], index: int) -> bool:
    if index not in drums:
        return not session.tracks[index].muted
    return drums[index].flag is not None and drums[index].flag not in _SILENT
