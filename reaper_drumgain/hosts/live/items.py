"""Items of a track to clips: takes, sources, lanes and fades, as ``hosts.rpp`` reads them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Literal

from reaper_drumgain.hosts.live.envelopes import take_envelopes
from reaper_drumgain.hosts.live.reaper import Calls
from reaper_drumgain.schema.session import Clip, Effect, Envelope, Fade, Source
from reaper_drumgain.tracks.item_rules import (
    MAX_SECTIONS,
    item_fade,
    item_muted,
    play_rate,
    source_type,
)
from reaper_drumgain.tracks.media import Resolver
from reaper_drumgain.units import LinearGain

_ITEM, _TAKE = "GetMediaItemInfo_Value", "GetMediaItemTakeInfo_Value"


@dataclass(frozen=True, slots=True)
class ItemContext:
    """What an item needs to know of its track.

    ``lanes`` says whether the track has fixed lanes, ``shift`` is its playback offset in seconds.
    """

    lanes: bool
    shift: float


class ItemReader:
    """Reads the items of one project.

    Parameters
    ----------
    calls
        REAPER's functions.
    folder
        The folder of the project's file.
    media
        Finds its media.
    """

    def __init__(self, calls: Calls, folder: str, media: Resolver) -> None:
        self._calls = calls
        self._folder = folder
        self._media = media

    def read(
        self, item: int, context: ItemContext, warnings: list[str]
    ) -> Generator[None, None, list[Clip]]:
        """The clips of an item: of its active take, or of all takes if all of them play.

        Parameters
        ----------
        item
            The address of the item.
        context
            What the item needs to know of its track.
        warnings
            Gets sentences on what is not followed.

        Returns
        -------
        list of Clip
            One for each take that plays.
        """
        calls = self._calls
        faults: list[str] = []

        def value(key: bytes) -> float:
            return calls.number(_ITEM, item, key)

        muted = item_muted(mute=value(b"B_MUTE") != 0.0, solo=value(b"C_MUTE_SOLO"))
        lane = int(value(b"I_FIXEDLANE")) if context.lanes else None
        # -1: on a lane that neither plays nor shows, also where the track has no lanes any more
        lane_plays = value(b"C_LANEPLAYS")
        plays = not muted and (lane_plays > 0.0 if context.lanes else lane_plays >= 0.0)
        position = value(b"D_POSITION") + context.shift
        base = Clip(
            position=position,
            length=max(0.0, value(b"D_LENGTH")),
            source=Source(),
            loop=value(b"B_LOOPSRC") != 0.0,
            plays=plays,
            item_gain=LinearGain(value(b"D_VOL")),
            fade_in=self._fade(item, "in", faults),
            fade_out=self._fade(item, "out", faults),
            lane=lane,
        )
        spectral = self._spectral_takes(item)
        clips = []
        for take in self._takes(item, value(b"B_ALLTAKESPLAY") != 0.0):
            found = self._clip(take, base, spectral, faults, warnings)
            clips.append((yield from found) if take else base)
            yield
        warnings += [f"item at {position:.3f} s: {fault}" for fault in faults]
        return clips

    def _takes(self, item: int, every: bool) -> list[int]:
        """The takes that play; 0 stands for an empty take."""
        calls = self._calls
        if not every:
            return [calls.child("GetActiveTake", item)]
        count = calls.whole("CountTakes", item)
        takes = [calls.child("GetTake", item, place) for place in range(count)]
        return [take for take in takes if take] or [0]

    def _spectral_takes(self, item: int) -> frozenset[int]:
        """The numbers of the takes that have spectral edits, for which there is no function."""
        text = self._calls.state_text("GetItemStateChunk", item)
        if b"SPECTRAL_EDIT" not in text:
            return frozenset()
        found, take, depth = set(), 0, 0
        for line in text.split(b"\n"):
            word = line.split(None, 1)[:1]
            depth += line.lstrip().startswith(b"<") - (word == [b">"])
            if depth == 1 and word == [b"TAKE"]:
                take += 1
            elif depth == 1 and word == [b"SPECTRAL_EDIT"]:
                found.add(take)
        return frozenset(found)

    def _fade(self, item: int, side: Literal["in", "out"], faults: list[str]) -> Fade:
        def value(kind: str, what: str) -> float:
            return self._calls.number(_ITEM, item, f"{kind}_FADE{side.upper()}{what}".encode())

        return item_fade(
            side,
            value("C", "SHAPE"),
            value("D", "LEN"),
            value("D", "LEN_AUTO"),
            value("D", "DIR"),
            faults,
        )

    def _clip(
        self,
        take: int,
        base: Clip,
        spectral: frozenset[int],
        faults: list[str],
        warnings: list[str],
    ) -> Generator[None, None, Clip]:
        calls = self._calls

        def value(key: bytes) -> float:
            return calls.number(_TAKE, take, key)

        envelopes: tuple[Envelope, ...] = ()
        pitched = False
        if calls.whole("CountTakeEnvelopes", take):
            envelopes, pitched = yield from take_envelopes(calls, take)
        if pitched:
            faults.append(
                "the pitch of the take is automated: its audio is measured without pitch changes"
            )
        source = calls.child("GetMediaItemTake_Source", take)
        return replace(
            base,
            source=self._source(source, faults, warnings) if source else Source(),
            offset=value(b"D_STARTOFFS"),
            play_rate=play_rate(value(b"D_PLAYRATE"), faults),
            preserve_pitch=value(b"B_PPITCH") != 0.0,
            pitch=value(b"D_PITCH"),
            take_gain=LinearGain(value(b"D_VOL")),
            take_pan=value(b"D_PAN"),
            channel_mode=int(value(b"I_CHANMODE")),
            envelopes=envelopes,
            stretched=pitched or calls.whole("GetTakeNumStretchMarkers", take) > 0,
            spectral_edits=bool(spectral) and int(value(b"IP_TAKENUMBER")) in spectral,
            effects=self._effects(take),
            name=calls.returned("GetTakeName", take),
        )

    def _effects(self, take: int) -> tuple[Effect, ...]:
        calls = self._calls
        return tuple(
            Effect(
                calls.written("TakeFX_GetFXName", take, place),
                enabled=calls.truth("TakeFX_GetEnabled", take, place)
                and not calls.truth("TakeFX_GetOffline", take, place),
            )
            for place in range(calls.whole("TakeFX_GetCount", take))
        )

    def _source(self, source: int, faults: list[str], warnings: list[str]) -> Source:
        """The file inside any section sources, and the part of it that they select."""
        calls = self._calls
        start, length, reverse = ctypes.c_double(), ctypes.c_double(), ctypes.c_byte()
        places = [ctypes.addressof(out) for out in (start, length, reverse)]
        section = calls.function(
            "PCM_Source_GetSectionInfo", "bool", "pointer", "out", "out", "out"
        )
        bounds: tuple[float | None, float | None] = (None, None)
        backwards, depth = False, 0
        kind = calls.written("GetMediaSourceType", source)
        while kind == "SECTION" and depth < MAX_SECTIONS:
            inner = calls.child("GetMediaSourceParent", source)
            if not inner:
                break
            depth += 1
            if section(source, *places):
                backwards ^= bool(reverse.value)
                if start.value or length.value > 0.0:
                    bounds = start.value, length.value if length.value > 0.0 else None
            source = inner
            kind = calls.written("GetMediaSourceType", source)
        if depth > 1:
            faults.append(
                "a section source within a section source: only the bounds of the inner one count"
            )
        found = self._file(kind, source, warnings)
        if not depth:
            return found
        return replace(found, section_start=bounds[0], section_length=bounds[1], reversed=backwards)

    def _file(self, type_name: str, source: int, warnings: list[str]) -> Source:
        name, kind, offline = source_type(type_name)
        if offline:
            warnings.append("has media that is offline: measured as if it were online")
        if kind == "empty":
            return Source(kind=kind, format=name)
        path = self._calls.written("GetMediaSourceFileName", source)
        if kind == "other":
            return Source(kind=kind, format=name, written=self._written(path) or None)
        if not path:
            if kind == "file":
                warnings.append(f"a {name} source names no file")
            return Source(kind=kind, format=name)
        written = self._written(path)
        found = self._media.find(written)
        if found.problem is not None and kind == "file":
            warnings.append(f"{written!r} {found.problem}")
        return Source(kind=kind, format=name, path=found.path, written=written, found=found.found)

    def _written(self, path: str) -> str:
        """A path as the project's file has it: relative if it is in the project's folder."""
        inside = self._folder + os.sep
        if self._folder and path.startswith(inside):
            return path.removeprefix(inside)
        return path
