"""One track of the open project to a Track, with its sends, effects, envelopes and items."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Generator, Iterator
from dataclasses import replace

from reaper_drumgain.hosts.live.envelopes import fader_gain, track_envelopes
from reaper_drumgain.hosts.live.items import ItemContext, ItemReader
from reaper_drumgain.hosts.live.project_settings import ProjectSettings
from reaper_drumgain.hosts.live.reaper import Calls, has
from reaper_drumgain.hosts.live.state_chunks import Chunks, item_mix_of
from reaper_drumgain.schema import envelope_note, fader_note, trims
from reaper_drumgain.schema.session import (
    AUTOMATION_MODES,
    AutomationMode,
    Clip,
    Effect,
    Send,
    Track,
)
from reaper_drumgain.tracks import item_mix
from reaper_drumgain.tracks.media import Resolver
from reaper_drumgain.tracks.reaper_rules import (
    DUAL_PAN,
    FIXED_LANES,
    LOCK_KEY,
    MAX_CHANNELS,
    ROLE_KEY,
    FolderDepth,
    clamp_pan,
    media_shift,
    send_channels,
    send_mode,
    width_of,
)
from reaper_drumgain.units import LinearGain

_TRACK, _SEND = "GetMediaTrackInfo_Value", "GetTrackSendInfo_Value"
_STRING = "GetSetMediaTrackInfo_String"
_GROUP_KINDS = (b"VOLUME_LEAD", b"VOLUME_FOLLOW", b"VOLUME_VCA_LEAD", b"VOLUME_VCA_FOLLOW")
#: the first group that each function knows, and the function
_GROUP_FUNCTIONS = ((1, "GetSetTrackGroupMembership"), (33, "GetSetTrackGroupMembershipHigh"))
#: of groups 65 to 128, in 32s from an offset (about REAPER 7.23)
_MORE_GROUPS = "GetSetTrackGroupMembershipEx"
_INSTRUMENT = re.compile(r"(?:VST\d?|AUv?\d?|CLAP|DX|LV2)i: ")


class TrackReader:
    """Reads the tracks of one project, in order; collects their receives as ``sends``.

    Parameters
    ----------
    calls
        REAPER's functions.
    settings
        What tracks need to know of their project.
    pointers
        The addresses of all tracks.
    path
        The project's file, empty for one that was never saved.
    """

    def __init__(
        self, calls: Calls, settings: ProjectSettings, pointers: tuple[int, ...], path: str
    ) -> None:
        self._calls = calls
        self._settings = settings
        self._index = {pointer: index for index, pointer in enumerate(pointers)}
        # as in hosts.rpp: absolute, but links are not resolved
        folder = os.path.dirname(os.path.abspath(path)) if path else ""  # noqa: PTH100, PTH120
        self._items = ItemReader(calls, folder, Resolver(path, settings.record_paths))
        self._folders = FolderDepth()
        self.sends: list[Send] = []

    def read(self, index: int, pointer: int) -> Generator[None, None, Track]:
        """Read one track in slices."""
        calls = self._calls
        warnings: list[str] = []
        change = int(calls.number(_TRACK, pointer, b"I_FOLDERDEPTH"))
        parent, folder = self._folders.place(index, change, warnings)
        self._read_receives(index, pointer, warnings)
        yield
        track = self._with_groups(Track(index=index, name=""), pointer, warnings)
        yield
        track = self._with_texts(track, pointer)
        yield
        envelopes = yield from track_envelopes(calls, pointer, warnings)
        effects = self._effects(pointer)
        yield
        clips = yield from self._clips(pointer, warnings)
        return replace(
            self._with_values(track, pointer, warnings),
            parent=parent,
            folder=folder,
            effects=effects,
            envelopes=envelopes,
            clips=clips,
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def _with_values(self, track: Track, pointer: int, warnings: list[str]) -> Track:
        """The track with its fader, pan and all other plain values."""

        def value(key: bytes) -> float:
            return self._calls.number(_TRACK, pointer, key)

        mode = int(value(b"I_PANMODE"))
        law = value(b"D_PANLAW")
        automation_mode = self._automation_mode(int(value(b"I_AUTOMODE")), warnings)
        if value(b"C_MAINSEND_OFFS"):
            warnings.append("sends to higher channels of its parent: measured as channels 1 and 2")
        fader = value(b"D_VOL")
        if math.isnan(fader):
            warnings.append("its fader is not a number: -inf is assumed")
        return replace(
            track,
            fader=fader_gain(fader),
            pan=clamp_pan(value(b"D_PAN")),
            pan_mode=mode if mode >= 0 else None,
            pan_law=law if law >= 0.0 else None,
            dual_pan=self._dual_pan(mode if mode >= 0 else self._settings.pan_mode, pointer),
            muted=value(b"B_MUTE") != 0.0,
            soloed=value(b"I_SOLO") != 0.0,
            inverted=value(b"B_PHASE") != 0.0,
            main_send=value(b"B_MAINSEND") != 0.0,
            main_send_channels=int(value(b"C_MAINSEND_NCH")),
            channels=min(MAX_CHANNELS, max(1, int(value(b"I_NCHAN")))),
            effects_enabled=value(b"I_FXEN") != 0.0,
            automation_mode=automation_mode,
            hidden=not value(b"B_SHOWINMIXER") and not value(b"B_SHOWINTCP"),
            selected=value(b"I_SELECTED") != 0.0,
        )

    def _automation_mode(self, number: int, warnings: list[str]) -> AutomationMode:
        if not 0 <= number < len(AUTOMATION_MODES):
            warnings.append(f"has the unknown automation mode {number}: trim/read is assumed")
            number = 0
        override = self._settings.automation_override
        return AUTOMATION_MODES[override if 0 < override < len(AUTOMATION_MODES) else number]

    def _dual_pan(self, mode: int, pointer: int) -> tuple[float, float] | None:
        def value(key: bytes) -> float:
            return clamp_pan(self._calls.number(_TRACK, pointer, key))

        if mode == DUAL_PAN:
            return value(b"D_DUALPANL"), value(b"D_DUALPANR")
        return width_of(mode, value(b"D_WIDTH"))

    def _with_texts(self, track: Track, pointer: int) -> Track:
        """The track with its name, its GUID and what DrumGain stored on it."""

        def stored(key: str) -> str:
            return (self._calls.stored(_STRING, pointer, f"P_EXT:{key}".encode()) or "").strip()

        return replace(
            track,
            name=self._calls.stored(_STRING, pointer, b"P_NAME") or "",
            guid=self._calls.stored(_STRING, pointer, b"GUID") or None,
            role=stored(ROLE_KEY) or None,
            locked=stored(LOCK_KEY) not in ("", "0"),
            automation_note=envelope_note.joined(stored) or None,
            fader_note=stored(fader_note.KEY) or None,
            trim=stored(trims.KEY) or None,
        )

    def _with_groups(self, track: Track, pointer: int, warnings: list[str]) -> Track:
        """The track with the numbers of its volume and VCA groups."""
        found: dict[bytes, list[int]] = {kind: [] for kind in _GROUP_KINDS}
        for first, bits in self._group_bits(pointer):
            for kind, members in found.items():
                members += [first + bit for bit in range(32) if bits[kind] >> bit & 1]
            linked = bits[b"VOLUME_LEAD"] | bits[b"VOLUME_FOLLOW"]
            if linked & bits[b"VOLUME_REVERSE"]:
                warnings.append("follows its volume group in reverse: treated as a normal member")
        return replace(
            track,
            volume_groups=tuple(sorted({*found[b"VOLUME_LEAD"], *found[b"VOLUME_FOLLOW"]})),
            vca_led=tuple(found[b"VOLUME_VCA_LEAD"]),
            vca_followed=tuple(found[b"VOLUME_VCA_FOLLOW"]),
        )

    def _group_bits(self, pointer: int) -> Iterator[tuple[int, dict[bytes, int]]]:
        """The first of 32 groups, and a track's bits in them by kind."""
        kinds = (*_GROUP_KINDS, b"VOLUME_REVERSE")
        for first, name in _GROUP_FUNCTIONS:
            read = self._calls.function(name, "int", "pointer", "text", "int", "int")
            yield first, {kind: read(pointer, kind, 0, 0) & 0xFFFFFFFF for kind in kinds}
        if has(_MORE_GROUPS):
            of = self._calls.function(_MORE_GROUPS, "int", "pointer", "text", "int", "int", "int")
            for offset in (64, 96):
                bits = {kind: of(pointer, kind, offset, 0, 0) & 0xFFFFFFFF for kind in kinds}
                yield offset + 1, bits

    def _read_receives(self, index: int, pointer: int, warnings: list[str]) -> None:
        calls = self._calls
        read = calls.function(_SEND, "double", "pointer", "int", "int", "text")
        for place in range(calls.whole("GetTrackNumSends", pointer, -1)):

            def value(key: bytes, place: int = place) -> float:
                return float(read(pointer, -1, place, key))

            source = self._index.get(int(value(b"P_SRCTRACK")))
            if source is None:
                warnings.append("receives from a track that does not exist: ignored")
                continue
            channels = send_channels(int(value(b"I_SRCCHAN")), int(value(b"I_DSTCHAN")))
            self.sends.append(
                Send(
                    source=source,
                    target=index,
                    mode=send_mode(int(value(b"I_SENDMODE")), warnings),
                    gain=LinearGain(value(b"D_VOL")),
                    pan=clamp_pan(value(b"D_PAN")),
                    muted=value(b"B_MUTE") != 0.0,
                    mono=value(b"B_MONO") != 0.0 or channels.mono,
                    inverted=value(b"B_PHASE") != 0.0,
                    source_channel=channels.source,
                    target_channel=channels.target,
                    channels=channels.count,
                )
            )

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

    def _clips(self, pointer: int, warnings: list[str]) -> Generator[None, None, tuple[Clip, ...]]:
        calls = self._calls
        free_mode = calls.number(_TRACK, pointer, b"I_FREEMODE")
        offset = calls.number(_TRACK, pointer, b"D_PLAY_OFFSET")
        flags = int(calls.number(_TRACK, pointer, b"I_PLAY_OFFSET_FLAG"))
        shift = media_shift(offset, flags, self._settings.sample_rate, warnings)
        context = ItemContext(lanes=free_mode == FIXED_LANES, shift=shift)
        items: list[list[Clip]] = []
        handles: list[int] = []
        for place in range(calls.whole("CountTrackMediaItems", pointer)):
            item = calls.child("GetTrackMediaItem", pointer, place)
            if item:
                handles.append(item)
                items.append((yield from self._items.read(item, context, warnings)))
            yield
        if not item_mix.one_after_another(items):
            items = yield from self._with_own_mix(handles, items)
        return item_mix.with_covered_ranges(
            items, self._settings.item_mix_behavior, int(free_mode), warnings
        )

    def _with_own_mix(
        self, handles: list[int], items: list[list[Clip]]
    ) -> Generator[None, None, list[list[Clip]]]:
        """The items with their own mix behavior, which REAPER tells in their state text alone."""
        chunks, found = Chunks(self._calls), []
        for item, clips in zip(handles, items, strict=True):
            own = item_mix_of(chunks.of_item(item))
            found.append([replace(clip, mix_behavior=own) for clip in clips])
            yield
        return found
