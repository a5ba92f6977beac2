"""The open project to a Session, in slices that REAPER's main thread does not feel.

``take_snapshot`` is a generator: each step takes a fraction of a millisecond, its result is a
``Snapshot``. The values are those that ``hosts.rpp`` reads from the project's file, so the same
project gives the same plan. What REAPER does not tell its scripts:

- the project's own pan law, pan mode and item mix behavior, and the global automation override
  of a tab in the background: read from the head of the saved file; a project that was never
  saved has REAPER's defaults, and says so where a track relies on a pan law;
- whether a track is frozen (its media is what the freeze made, as in the file), the effects
  inside containers: left out.
"""

from __future__ import annotations

import ctypes
import math
import os
import re
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.envelopes import fader_gain, track_envelopes
from reaper_drumgain.hosts.live.items import ItemReader, TrackFacts
from reaper_drumgain.hosts.live.reaper import RPR, Calls, Project, is_open
from reaper_drumgain.hosts.live.tasks import tick_number
from reaper_drumgain.schema.session import (
    AUTOMATION_MODES,
    Clip,
    Effect,
    Marker,
    Send,
    SendMode,
    Session,
    Track,
)
from reaper_drumgain.tracks import item_mix
from reaper_drumgain.tracks.reaper_rules import FolderDepth
from reaper_drumgain.units import LinearGain

#: keys of what the user stored on the track itself, the same as in project files
ROLE_KEY, LOCK_KEY = "drumgain_role", "drumgain_lock"
#: that of ``marks``, which the plain press does not need
NOTE_KEY = "drumgain_automation"
_TRACK, _SEND = "GetMediaTrackInfo_Value", "GetTrackSendInfo_Value"
_STRING = "GetSetMediaTrackInfo_String"
_SEND_MODES: dict[int, SendMode] = {0: "post-fader", 1: "pre-fx", 2: "pre-fader", 3: "pre-fader"}
_GROUP_KINDS = (b"VOLUME_LEAD", b"VOLUME_FOLLOW", b"VOLUME_VCA_LEAD", b"VOLUME_VCA_FOLLOW")
_INSTRUMENT = re.compile(r"(?:VST\d?|AUv?\d?|CLAP|DX|LV2)i: ")
_HEAD_LINE = re.compile(
    rb"^[ \t]*(PANLAW|PANMODE|ITEMMIX|GLOBAL_AUTO|<TRACK)[ \t]+([^ \t\r\n]+)", re.MULTILINE
)
_HEAD_BYTES = 1 << 16
_MAX_MARKERS = 10_000
_MOST_READINGS = 5
#: REAPER 7's limit (64 before)
_MAX_CHANNELS = 128
_MAX_RATE = 1_536_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session, and the pointers of its tracks in the same order."""

    project: Project
    session: Session
    pointers: tuple[int, ...]


def take_snapshot(project: Project) -> Generator[None, None, Snapshot]:
    """What the project holds now; read anew where it changes under the reading.

    Raises ConflictError where it is closed, or changes all the time.
    """
    for _ in range(_MOST_READINGS):
        found = yield from _unchanged(project)
        if found is not None:
            return found
    raise ConflictError(f"{project.name} changed all the time while it was read: press again")


def _unchanged(project: Project) -> Generator[None, None, Snapshot | None]:
    """One reading; None where the project changed. No pointer outlives a change."""
    count, tick = state_of(project), tick_number()
    calls = Calls()
    pointers = tuple(
        calls.child("GetTrack", project.address, place)
        for place in range(calls.whole("CountTracks", project.address))
    )
    steps = _Reader(calls, project, pointers).session()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return Snapshot(project, end.value, pointers)
        yield
        if tick_number() != tick:
            tick = tick_number()
            if state_of(project) != count:
                return None


def state_of(project: Project) -> int:
    """A number that changes with the project. Raises ConflictError where it is closed."""
    if not is_open(project):
        raise ConflictError(f"{project.name} was closed meanwhile: nothing was changed")
    return int(RPR.GetProjectStateChangeCount(project.pointer))


class _Reader:
    def __init__(self, calls: Calls, project: Project, pointers: tuple[int, ...]) -> None:
        self._calls = calls
        self._project = project
        self._pointers = pointers
        self._index = {pointer: index for index, pointer in enumerate(pointers)}
        # as the project file host has it: absolute, without links resolved
        self._folder = os.path.dirname(os.path.abspath(project.path)) if project.path else ""  # noqa: PTH100, PTH120
        self._items = ItemReader(calls, self._folder)
        self._folders = FolderDepth()
        self._sends: list[Send] = []
        self._rate: int | None = None
        self._pan_mode = 3
        self._item_mix = item_mix.ENCLOSED
        self._override = -1

    def session(self) -> Generator[None, None, Session]:
        calls, address = self._calls, self._project.address
        warnings: list[str] = []
        setting = calls.function("GetSetProjectInfo", "double", "pointer", "text", "double", "bool")
        rate = int(setting(address, b"PROJECT_SRATE", 0.0, 0))
        use = setting(address, b"PROJECT_SRATE_USE", 0.0, 0) != 0.0
        self._rate = rate if use and 1000 <= rate <= _MAX_RATE else None
        pan_law, known = self._saved_settings()
        # REAPER tells that of the current tab alone
        current = reaper.current_project().address == address
        if current and reaper.has("GetGlobalAutomationOverride"):
            self._override = int(RPR.GetGlobalAutomationOverride())
        yield
        tracks: list[Track] = []
        for index, pointer in enumerate(self._pointers):
            tracks.append((yield from self._track(index, pointer)))
            yield
        if not known and any(t.pan_law is None and t.pan_mode != 6 for t in tracks):
            warnings.append(
                "the project was never saved, so its pan law is not known: taken as 0 dB"
            )
        markers, regions = self._markers()
        yield
        master = calls.child("GetMasterTrack", address)
        warnings += self._master_warnings(master)
        tempo = float(RPR.GetProjectTimeSignature2(self._project.pointer, 0.0, 0.0)[1])
        return Session(
            path=self._project.path or self._project.name,
            tracks=_mark_shared_guids(tracks),
            sends=tuple(self._sends),
            sample_rate=self._rate,
            tempo=tempo if 0.1 <= tempo <= 10_000.0 else 120.0,
            pan_law=pan_law,
            pan_mode=self._pan_mode,
            markers=markers,
            regions=regions,
            time_selection=reaper.time_selection(self._project),
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def _saved_settings(self) -> tuple[float, bool]:
        """The project's pan law, and whether it is known; keeps what else only its file tells."""
        law = 1.0
        if not self._project.path:
            return law, False
        try:
            with Path(self._project.path).open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except (OSError, ValueError):
            return law, False
        for key, raw in _HEAD_LINE.findall(head):
            if key == b"<TRACK":
                break
            try:
                value = float(raw)
            except ValueError:
                continue
            if key == b"PANLAW" and 0.0 <= value < 1e6:
                law = value
            elif key == b"PANMODE" and abs(value) < 1e6:
                self._pan_mode = int(value)
            elif key == b"ITEMMIX" and abs(value) < 1e6:
                self._item_mix = int(value)
            elif key == b"GLOBAL_AUTO" and abs(value) < 1e6:
                self._override = int(value)
        return law, True

    def _track(self, index: int, pointer: int) -> Generator[None, None, Track]:
        calls = self._calls
        warnings: list[str] = []

        def value(key: bytes) -> float:
            return calls.number(_TRACK, pointer, key)

        parent, folder = self._folders.place(index, int(value(b"I_FOLDERDEPTH")), warnings)
        self._receives(index, pointer, warnings)
        groups = self._groups(pointer, warnings)
        yield
        name = calls.stored(_STRING, pointer, b"P_NAME") or ""
        guid = calls.stored(_STRING, pointer, b"GUID")
        role = (calls.stored(_STRING, pointer, f"P_EXT:{ROLE_KEY}".encode()) or "").strip()
        lock = (calls.stored(_STRING, pointer, f"P_EXT:{LOCK_KEY}".encode()) or "").strip()
        mark = (calls.stored(_STRING, pointer, f"P_EXT:{NOTE_KEY}".encode()) or "").strip()
        yield
        envelopes = yield from track_envelopes(calls, pointer, warnings)
        effects = self._effects(pointer)
        yield
        clips = yield from self._clips(pointer, warnings)
        mode = int(value(b"I_PANMODE"))
        law = value(b"D_PANLAW")
        automation = int(value(b"I_AUTOMODE"))
        if not 0 <= automation < len(AUTOMATION_MODES):
            warnings.append(f"has automation mode {automation}: taken as trim/read")
            automation = 0
        if 0 < self._override < len(AUTOMATION_MODES):
            automation = self._override
        if value(b"C_MAINSEND_OFFS"):
            warnings.append("sends to higher channels of its parent: taken as the first ones")
        fader = value(b"D_VOL")
        if math.isnan(fader):
            warnings.append("its fader is no number: taken as -inf")
        return Track(
            index=index,
            name=name,
            guid=guid or None,
            fader=fader_gain(fader),
            pan=_pan(value(b"D_PAN")),
            pan_mode=mode if mode >= 0 else None,
            pan_law=law if law >= 0.0 else None,
            dual_pan=self._dual_pan(mode if mode >= 0 else self._pan_mode, pointer),
            muted=value(b"B_MUTE") != 0.0,
            soloed=value(b"I_SOLO") != 0.0,
            inverted=value(b"B_PHASE") != 0.0,
            parent=parent,
            folder=folder,
            main_send=value(b"B_MAINSEND") != 0.0,
            channels=min(_MAX_CHANNELS, max(1, int(value(b"I_NCHAN")))),
            effects_enabled=value(b"I_FXEN") != 0.0,
            effects=effects,
            automation_mode=AUTOMATION_MODES[automation],
            envelopes=envelopes,
            hidden=not value(b"B_SHOWINMIXER") and not value(b"B_SHOWINTCP"),
            selected=value(b"I_SELECTED") != 0.0,
            volume_groups=groups["volume"],
            vca_led=groups["vca led"],
            vca_followed=groups["vca followed"],
            role=role or None,
            locked=lock not in ("", "0"),
            automation_note=mark or None,
            clips=clips,
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def _clips(self, pointer: int, warnings: list[str]) -> Generator[None, None, tuple[Clip, ...]]:
        calls = self._calls
        free = calls.number(_TRACK, pointer, b"I_FREEMODE")
        facts = TrackFacts(
            lanes=free == 2.0,
            shift=self._shift(pointer, warnings),
        )
        items: list[list[Clip]] = []
        for place in range(calls.whole("CountTrackMediaItems", pointer)):
            item = calls.child("GetTrackMediaItem", pointer, place)
            if item:
                items.append((yield from self._items.read(item, facts, warnings)))
            yield
        behavior = item_mix.behavior_on_track(self._item_mix, int(free))
        return item_mix.with_covered_ranges(items, behavior, warnings)

    def _shift(self, pointer: int, warnings: list[str]) -> float:
        """By how many seconds the track plays its media later."""
        offset = self._calls.number(_TRACK, pointer, b"D_PLAY_OFFSET")
        flags = int(self._calls.number(_TRACK, pointer, b"I_PLAY_OFFSET_FLAG"))
        if offset == 0.0 or flags & 1:
            return 0.0
        if not flags & 2:
            return offset
        if self._rate is None:
            warnings.append(f"plays its media {offset:g} samples later: taken as in time")
            return 0.0
        return offset / self._rate

    def _receives(self, index: int, pointer: int, warnings: list[str]) -> None:
        calls = self._calls
        read = calls.function(_SEND, "double", "pointer", "int", "int", "text")
        for place in range(calls.whole("GetTrackNumSends", pointer, -1)):

            def value(key: bytes, place: int = place) -> float:
                return float(read(pointer, -1, place, key))

            source = self._index.get(int(value(b"P_SRCTRACK")))
            if source is None:
                warnings.append("receives from a track that does not exist: left out")
                continue
            mode = int(value(b"I_SENDMODE"))
            if mode not in _SEND_MODES:
                warnings.append(f"a receive has mode {mode}: taken as post-fader")
            origin, target = int(value(b"I_SRCCHAN")), int(value(b"I_DSTCHAN"))
            width = origin >> 10
            self._sends.append(
                Send(
                    source=source,
                    target=index,
                    mode=_SEND_MODES.get(mode, "post-fader"),
                    gain=LinearGain(value(b"D_VOL")),
                    pan=_pan(value(b"D_PAN")),
                    muted=value(b"B_MUTE") != 0.0,
                    mono=value(b"B_MONO") != 0.0 or bool(target >= 0 and target & 1024),
                    inverted=value(b"B_PHASE") != 0.0,
                    source_channel=-1 if origin < 0 else origin & 1023,
                    target_channel=max(0, target) & 1023,
                    channels=2
                    if width <= 0
                    else 1
                    if width == 1
                    else min(2 * width, _MAX_CHANNELS),
                )
            )

    def _groups(self, pointer: int, warnings: list[str]) -> dict[str, tuple[int, ...]]:
        """The groups in which the fader leads or follows, leads a VCA, and follows one."""
        found: dict[bytes, list[int]] = {kind: [] for kind in _GROUP_KINDS}
        names = ("GetSetTrackGroupMembership", "GetSetTrackGroupMembershipHigh")
        for first, name in zip((1, 33), names, strict=True):
            read = self._calls.function(name, "int", "pointer", "text", "int", "int")

            def flags(kind: bytes, read: object = read) -> int:
                return read(pointer, kind, 0, 0) & 0xFFFFFFFF  # type: ignore[operator, no-any-return]

            bits = {kind: flags(kind) for kind in _GROUP_KINDS}
            for kind, members in found.items():
                members += [first + bit for bit in range(32) if bits[kind] >> bit & 1]
            linked = bits[b"VOLUME_LEAD"] | bits[b"VOLUME_FOLLOW"]
            if linked & flags(b"VOLUME_REVERSE"):
                warnings.append("follows its volume group in reverse: taken as an ordinary member")
        volume = sorted({*found[b"VOLUME_LEAD"], *found[b"VOLUME_FOLLOW"]})
        return {
            "volume": tuple(volume),
            "vca led": tuple(found[b"VOLUME_VCA_LEAD"]),
            "vca followed": tuple(found[b"VOLUME_VCA_FOLLOW"]),
        }

    def _effects(self, pointer: int) -> tuple[Effect, ...]:
        calls = self._calls
        count = calls.whole("TrackFX_GetCount", pointer)
        first = calls.whole("TrackFX_GetInstrument", pointer) if count else -1
        found = []
        for place in range(count):
            name = calls.written("TrackFX_GetFXName", pointer, place)
            enabled = calls.truth("TrackFX_GetEnabled", pointer, place)
            enabled = enabled and not calls.truth("TrackFX_GetOffline", pointer, place)
            # the user may have renamed an instrument; REAPER still knows the first one
            instrument = place == first or _INSTRUMENT.match(name) is not None
            found.append(Effect(name, enabled, instrument))
        return tuple(found)

    def _dual_pan(self, mode: int, pointer: int) -> tuple[float, float] | None:
        def value(key: bytes) -> float:
            return _pan(self._calls.number(_TRACK, pointer, key))

        if mode == 5:
            return value(b"D_WIDTH"), 0.0
        if mode == 6:
            return value(b"D_DUALPANL"), value(b"D_DUALPANR")
        return None

    def _markers(self) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
        calls, address = self._calls, self._project.address
        region, colour = ctypes.c_byte(), ctypes.c_int()
        start, end, number = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
        # a pointer to REAPER's own text, which holds until the next call
        text = ctypes.c_char_p()
        cells = (region, start, end, text, number, colour)
        read = calls.function("EnumProjectMarkers3", "int", "pointer", "int", *["out"] * 6)
        places = [ctypes.addressof(cell) for cell in cells]
        markers: list[Marker] = []
        regions: list[Marker] = []
        for place in range(_MAX_MARKERS):
            text.value = None
            if not read(address, place, *places):
                break
            name = reaper.text_of(text.value or b"")
            if region.value:
                regions.append(Marker(start.value, name, number.value, end=end.value))
            else:
                markers.append(Marker(start.value, name, number.value))
        return tuple(markers), tuple(regions)

    def _master_warnings(self, master: int) -> Iterator[str]:
        calls = self._calls
        if calls.number(_TRACK, master, b"B_MUTE"):
            yield "the master is muted: levels are taken as if it were not"
        if reaper.has("Master_GetPlayRate"):
            rate = float(RPR.Master_GetPlayRate(self._project.pointer))
            if rate != 1.0:
                yield f"the project plays at rate {rate:g}: levels are taken at 1"
        if calls.whole("CountTrackEnvelopes", master):
            find = calls.function("GetTrackEnvelopeByChunkName", "pointer", "pointer", "text")
            if find(master, b"<VOLENV") or find(master, b"<VOLENV2"):
                yield "the master has a volume envelope: it is not followed"


def _pan(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _mark_shared_guids(tracks: list[Track]) -> tuple[Track, ...]:
    counts = Counter(track.guid for track in tracks)
    shared = "shares its GUID with another track: name it by number"
    return tuple(
        replace(track, warnings=(*track.warnings, shared))
        if track.guid is not None and counts[track.guid] > 1
        else track
        for track in tracks
    )
