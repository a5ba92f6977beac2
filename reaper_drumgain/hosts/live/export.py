"""Audio setting ``export``: measure pre-fader stems that REAPER renders, instead of files.

It is for tracks that do not sound like their files, for example because of effects. The render
settings, the track selection and the time selection are restored in every case, within the same
tick, so the user never sees them changed.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from reaper_drumgain.errors import ConflictError, HostError, NothingToBalanceError
from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.reaper import RPR, Project
from reaper_drumgain.hosts.live.snapshot import Snapshot
from reaper_drumgain.schema.session import Clip, Session, Source, Track

#: envelopes that a stem contains already, so they must not be applied again
_IN_STEM = ("pre-fx volume",)
#: stems only, pre-fader, and mono files for tracks of mono media
_PRE_FADER_STEMS = 2 | 8192 | 16
#: they are documented since 7.37 to 7.40
OLDEST_REAPER = (7, 40)
_RENDER_AND_CLOSE = 42230
#: WAV in 32-bit float, which cannot clip
_FORMAT = "ZXZhdyAAAA=="
_NUMBERS = (
    *("RENDER_SETTINGS", "RENDER_BOUNDSFLAG", "RENDER_CHANNELS", "RENDER_SRATE"),
    *("RENDER_STARTPOS", "RENDER_ENDPOS", "RENDER_TAILFLAG", "RENDER_TAILMS"),
    *("RENDER_ADDTOPROJ", "RENDER_DITHER", "RENDER_NORMALIZE", "RENDER_FADEIN", "RENDER_FADEOUT"),
)
_STRINGS = ("RENDER_FILE", "RENDER_PATTERN", "RENDER_FORMAT", "RENDER_FORMAT2")
_SHORTER_S = 0.1


def with_stems(
    snapshot: Snapshot, tracks: Sequence[Track], folder: Path
) -> Generator[Any, None, Session]:
    """The session with stems, which REAPER renders, in place of the items of some tracks.

    Raises HostError if REAPER does not write every stem completely. Nothing is changed then.

    Parameters
    ----------
    snapshot
        The project as it was read.
    tracks
        The tracks to render.
    folder
        Where the stems go; it is made.

    Returns
    -------
    Session
        Other tracks are as they were.
    """
    # an older one may keep the bit for pre-fader stems without obeying it
    reaper.check_version(OLDEST_REAPER, "the audio setting 'export'")
    span = _span(tracks)
    yield
    folder.mkdir()
    paths = _render(snapshot, tracks, folder, span)
    stems = dict(zip((track.index for track in tracks), paths, strict=True))
    yield
    for track in tracks:
        _check(stems[track.index], track, span)
        yield
    replaced = tuple(
        _stem_track(track, stems[track.index], span) if track.index in stems else track
        for track in snapshot.session.tracks
    )
    return dataclasses.replace(snapshot.session, tracks=replaced)


def _span(tracks: Sequence[Track]) -> tuple[float, float]:
    clips = [clip for track in tracks for clip in track.clips if clip.plays]
    if not clips:
        raise NothingToBalanceError("the tracks to render have no items that play")
    start = max(0.0, min(clip.position for clip in clips))
    return start, max(clip.position + clip.length for clip in clips)


def _render(
    snapshot: Snapshot, tracks: Sequence[Track], folder: Path, span: tuple[float, float]
) -> list[Path]:
    """Render within one tick. Returns the files in track order."""
    project = snapshot.project
    reaper.require_current(project, "rendered")
    wanted = [snapshot.pointers[track.index] for track in tracks]
    if not all(reaper.is_track(project.pointer, pointer) for pointer in wanted):
        raise ConflictError("a track to render was deleted in the meantime: nothing was changed")
    before = _Settings(project)
    RPR.PreventUIRefresh(1)
    try:
        _prepare(project, folder, span)
        for track, selected in before.selection:
            if selected != (reaper.address(track) in wanted):
                RPR.SetTrackSelected(track, not selected)
        paths = _targets(project, folder, len(wanted))
        RPR.Main_OnCommandEx(_RENDER_AND_CLOSE, 0, project.pointer)
    finally:
        try:
            before.restore()
        finally:
            RPR.PreventUIRefresh(-1)
    return paths


class _Settings:
    """The user's settings that a render changes, and how to restore them."""

    def __init__(self, project: Project) -> None:
        self._project = project.pointer
        self._numbers = {name: _number(self._project, name) for name in _NUMBERS}
        self._strings = {name: _string(self._project, name) for name in _STRINGS}
        self._times = RPR.GetSet_LoopTimeRange2(self._project, False, False, 0.0, 0.0, False)[3:5]
        count = int(RPR.CountTracks(self._project))
        tracks = [str(RPR.GetTrack(self._project, place)) for place in range(count)]
        tracks.append(str(RPR.GetMasterTrack(self._project)))
        self.selection = [(track, bool(RPR.IsTrackSelected(track))) for track in tracks]

    def restore(self) -> None:
        """Restore all settings that differ, even if one of them fails."""
        failed: list[str] = []
        for name, value in self._numbers.items():
            self._try(failed, name, lambda name=name, value=value: self._put_number(name, value))
        for name, text in self._strings.items():
            self._try(failed, name, lambda name=name, text=text: self._put_string(name, text))
        self._try(failed, "the time selection", self._put_times)
        for track, selected in self.selection:
            self._try(
                failed,
                "the selection",
                lambda track=track, selected=selected: self._put_selected(track, selected),
            )
        if failed:
            raise HostError(
                f"these render settings could not be set back, check them: {', '.join(failed)}"
            )

    def _try(self, failed: list[str], name: str, put: Any) -> None:
        try:
            put()
        except Exception:
            failed.append(name)

    def _put_number(self, name: str, value: float) -> None:
        if _number(self._project, name) != value:
            RPR.GetSetProjectInfo(self._project, name, value, True)

    def _put_string(self, name: str, text: str) -> None:
        if _string(self._project, name) != text:
            RPR.GetSetProjectInfo_String(self._project, name, text, True)

    def _put_times(self) -> None:
        now = RPR.GetSet_LoopTimeRange2(self._project, False, False, 0.0, 0.0, False)[3:5]
        if now != self._times:
            RPR.GetSet_LoopTimeRange2(self._project, True, False, *self._times, False)

    def _put_selected(self, track: str, selected: bool) -> None:
        if bool(RPR.IsTrackSelected(track)) != selected:
            RPR.SetTrackSelected(track, selected)


def _number(project: str, name: str) -> float:
    return float(RPR.GetSetProjectInfo(project, name, 0.0, False))


def _string(project: str, name: str) -> str:
    return str(RPR.GetSetProjectInfo_String(project, name, "", False)[3])


def _prepare(project: Project, folder: Path, span: tuple[float, float]) -> None:
    """Set up REAPER to render pre-fader stems into our folder."""
    numbers = {
        "RENDER_SETTINGS": float(_PRE_FADER_STEMS),
        "RENDER_BOUNDSFLAG": 0.0,
        "RENDER_STARTPOS": span[0],
        "RENDER_ENDPOS": span[1],
        "RENDER_CHANNELS": 2.0,
        "RENDER_SRATE": 0.0,
        **dict.fromkeys(("RENDER_TAILFLAG", "RENDER_TAILMS", "RENDER_ADDTOPROJ"), 0.0),
        **dict.fromkeys(("RENDER_DITHER", "RENDER_NORMALIZE"), 0.0),
        **dict.fromkeys(("RENDER_FADEIN", "RENDER_FADEOUT"), 0.0),
    }
    for name, value in numbers.items():
        RPR.GetSetProjectInfo(project.pointer, name, value, True)
    if int(_number(project.pointer, "RENDER_SETTINGS")) != _PRE_FADER_STEMS:
        raise HostError(
            f"REAPER {reaper.version()} cannot render pre-fader stems: update REAPER, or choose "
            "'files' as audio in DrumGain's settings. Nothing was changed"
        )
    strings = {
        "RENDER_FILE": str(folder),
        "RENDER_PATTERN": "$tracknumber",
        "RENDER_FORMAT": _FORMAT,
        "RENDER_FORMAT2": "",
    }
    for name, text in strings.items():
        RPR.GetSetProjectInfo_String(project.pointer, name, text, True)


def _targets(project: Project, folder: Path, count: int) -> list[Path]:
    """The files that REAPER would write. Raises HostError if they are not one per track in our
    folder."""
    named = _string(project.pointer, "RENDER_TARGETS")
    paths = [Path(name) for name in named.split(";") if name]
    if len(paths) != count or any(path.parent != folder for path in paths):
        raise HostError(
            f"REAPER would render {len(paths)} files for {count} tracks, or not into the folder "
            "that was given: nothing was rendered or changed"
        )
    return paths


def _check(path: Path, track: Track, span: tuple[float, float]) -> None:
    """Raises HostError if a stem is missing or too short."""
    seconds = _wave_seconds(path)
    if seconds is None or seconds < span[1] - span[0] - _SHORTER_S:
        what = "was not rendered" if seconds is None else f"has only {seconds:.1f} s"
        raise HostError(
            f"the stem of {track.name!r} {what}: the render was cancelled or the disk is full. "
            "Nothing was changed"
        )


def _wave_seconds(path: Path) -> float | None:
    """The length of a WAV file in seconds, from the size of the file; None if it is no WAV file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return None
    if head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        return None
    place, rate, frame = 12, 0, 0
    while place + 8 <= len(head):
        name, length = head[place : place + 4], struct.unpack_from("<I", head, place + 4)[0]
        if name == b"fmt " and place + 24 <= len(head):
            rate = struct.unpack_from("<I", head, place + 12)[0]
            frame = struct.unpack_from("<H", head, place + 20)[0]
        elif name == b"data":
            return (size - place - 8) / frame / rate if frame and rate else None
        place += 8 + length + (length & 1)
    return None


def _stem_track(track: Track, path: Path, span: tuple[float, float]) -> Track:
    """The track with its stem in place of its items, effects and pre-FX envelopes."""
    source = Source(kind="file", format="WAVE", path=str(path), written=path.name, found=True)
    return dataclasses.replace(
        track,
        clips=(Clip(position=span[0], length=span[1] - span[0], source=source),),
        effects=(),
        envelopes=tuple(e for e in track.envelopes if e.kind not in _IN_STEM),
    )
