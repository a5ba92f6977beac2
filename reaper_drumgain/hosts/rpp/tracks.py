"""Tracks of a project file.

Assumed, to be checked against REAPER itself: ``<EXT`` holds a key and a value per line, which
is what scripts stored through P_EXT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reaper_drumgain.hosts.rpp.chains import read_chain, read_envelope
from reaper_drumgain.hosts.rpp.items import ItemReader
from reaper_drumgain.hosts.rpp.lanes import lanes_of
from reaper_drumgain.hosts.rpp.syntax import SETTING, Block, compiled, first_value, tokens, values
from reaper_drumgain.hosts.rpp.track_lines import (
    NO_GROUPS,
    NO_VOLPAN,
    PLAIN_LINES,
    PlainValues,
    dual_pan,
    fader_groups,
    volpan,
)
from reaper_drumgain.hosts.rpp.values import Fields, Memo, text
from reaper_drumgain.schema import envelope_note, fader_note, trims
from reaper_drumgain.schema.session import (
    AUTOMATION_MODES,
    Clip,
    Effect,
    Envelope,
    EnvelopeKind,
    Send,
    Track,
)
from reaper_drumgain.tracks import item_mix
from reaper_drumgain.tracks.reaper_rules import (
    LOCK_KEY,
    ROLE_KEY,
    FolderDepth,
    clamp_pan,
    media_shift,
    send_channels,
    send_mode,
)
from reaper_drumgain.units import LinearGain

_ENVELOPES: dict[bytes, EnvelopeKind] = {
    b"VOLENV": "pre-fx volume",
    b"VOLENV2": "volume",
    b"VOLENV3": "trim volume",
    b"PANENV2": "pan",
    b"WIDTHENV2": "width",
    b"MUTEENV": "mute",
}
_OTHER_ENVELOPES = {
    b"PANENV": "pre-FX pan",
    b"WIDTHENV": "pre-FX width",
    b"DUALPANENV": "pre-FX right pan",
    b"DUALPANENVL": "pre-FX left pan",
    b"DUALPANENV2": "right pan",
    b"DUALPANENVL2": "left pan",
    b"AUXVOLENV": "receive volume",
    b"AUXPANENV": "receive pan",
    b"AUXMUTEENV": "receive mute",
}
#: the lines that differ between most tracks; the colour is not read
_OWN = re.compile(
    rb"\n[ \t\r]*+(?=[NVTAP])(NAME|VOLPAN|TRACKID|AUXRECV|PEAKCOL)(?![^ \t\r\n])([^\r\n]*)"
)
#: how those lines begin that are read beside the plain ones
_OTHERS = (b"LANESOLO", b"GROUP_FLAGS")
_EXT_LINE = rb"\n[ \t\r]*+(%b|%b|%b|%b|%b(?:_\d{1,4})?)[ \t]" % tuple(
    key.encode() for key in (ROLE_KEY, LOCK_KEY, fader_note.KEY, trims.KEY, envelope_note.KEY)
)
#: how many texts between a track's own lines are kept as read, and how long they may be
_MAX_KNOWN, _LONGEST_KNOWN = 1024, 4096
_VOLPAN_TWICE = "it has more than one VOLPAN line: open and save the project in REAPER"


@dataclass(frozen=True, slots=True)
class _Content:
    """What the blocks inside a track's block hold."""

    effects: tuple[Effect, ...]
    envelopes: tuple[Envelope, ...]
    clips: tuple[Clip, ...]
    frozen: bool


#: what the common lines say: the plain ones, the rest of the others by key, and a sentence per
#: damaged value
_Common = tuple[PlainValues, dict[bytes, bytes], list[str]]


class TrackReader:
    """Reads the tracks of one project, in order.

    Parameters
    ----------
    data
        The bytes of the project.
    items
        Reads the items.
    count
        How many tracks there are.
    sample_rate
        The project's in Hz; None where it follows the audio device.
    pan_mode
        REAPER's number of the project's pan mode.
    item_mix
        REAPER's number of its item mix behavior, see ``tracks.item_mix``.
    override
        REAPER's number of an automation mode for all tracks; 0 and below for none.
    """

    def __init__(
        self,
        data: bytes,
        items: ItemReader,
        count: int,
        sample_rate: int | None = None,
        pan_mode: int = 3,
        item_mix: int = item_mix.ENCLOSED,
        override: int = -1,
    ) -> None:
        self._data = data
        self._items = items
        self._count = count
        self._sample_rate = sample_rate
        self._pan_mode = pan_mode
        self._item_mix = item_mix
        self._override = override if 0 < override < len(AUTOMATION_MODES) else 0
        self._folders = FolderDepth()
        self._memo = Memo()
        self._known: dict[tuple[bytes, ...], _Common] = {}
        self.sends: list[Send] = []

    def read(self, index: int, block: Block) -> Track:
        """The track of a TRACK block; its receives go to ``sends``."""
        warnings: list[str] = []
        own, common = self._lines(block)
        # of a line that stands twice the last counts
        lines = dict(own)
        plain, others, faults = self._plain(common)
        warnings += faults
        parent, folder = self._folders.place(index, plain.folder, warnings)
        groups = fader_groups(others, warnings) if others else NO_GROUPS
        stored = self._stored(block)
        if b"AUXRECV" in lines:
            self._receives(index, [line for key, line in own if key == b"AUXRECV"], warnings)
        content = self._content(block, plain, others.get(b"LANESOLO"), warnings)
        muted, soloed = plain.mute_solo
        main_send, channel = plain.main_send
        if channel:
            warnings.append("sends to higher channels of its parent: measured as channels 1 and 2")
        volume_lines = sum(key == b"VOLPAN" for key, _ in own) if len(own) > len(lines) else 1
        if volume_lines > 1:
            warnings.append("has more than one VOLPAN line: the last counts, it cannot be set")
        (fader, pan, law), two_pans = self._fader(lines.get(b"VOLPAN"), plain, warnings)
        return Track(
            index=index,
            name=_string(lines.get(b"NAME")),
            guid=_guid(self._data, block, lines),
            fader=fader,
            pan=pan,
            pan_mode=plain.pan_mode if plain.pan_mode >= 0 else None,
            pan_law=law if law >= 0.0 else None,
            dual_pan=two_pans,
            muted=muted,
            soloed=soloed,
            inverted=plain.inverted,
            parent=parent,
            folder=folder,
            main_send=main_send,
            main_send_channels=plain.main_send_channels,
            channels=plain.channels,
            effects_enabled=plain.effects,
            effects=content.effects,
            automation_mode=AUTOMATION_MODES[self._override or plain.automation],
            envelopes=content.envelopes,
            frozen=content.frozen,
            hidden=plain.hidden,
            selected=plain.selected,
            volume_groups=groups.volume,
            vca_led=groups.vca_led,
            vca_followed=groups.vca_followed,
            unwritable=_VOLPAN_TWICE if volume_lines > 1 else None,
            role=stored.get(ROLE_KEY) or None,
            locked=stored.get(LOCK_KEY, "") not in ("", "0"),
            automation_note=envelope_note.joined(stored.get) or None,
            fader_note=stored.get(fader_note.KEY) or None,
            trim=stored.get(trims.KEY) or None,
            clips=content.clips,
            warnings=tuple(dict.fromkeys(warnings)) if warnings else (),
        )

    def _fader(
        self, line: bytes | None, plain: PlainValues, warnings: list[str]
    ) -> tuple[tuple[LinearGain, float, float], tuple[float, float] | None]:
        """Fader, pan and pan law of the VOLPAN line, and the two pans of a dual pan mode."""
        fader_and_pan = NO_VOLPAN
        if line is not None:
            fader_and_pan = self._memo.read(b"VOLPAN", line, volpan, warnings, values)
        mode = plain.pan_mode if plain.pan_mode >= 0 else self._pan_mode
        return fader_and_pan, dual_pan(mode, line, plain.width, warnings)

    def _lines(self, block: Block) -> tuple[list[tuple[bytes, bytes]], tuple[bytes, ...]]:
        """Key and rest of each of the block's own lines that differ between most tracks, and the
        text between these lines."""
        own: list[tuple[bytes, bytes]] = []
        common: list[bytes] = []
        for start, end in block.segments():
            if end - start >= 8:
                parts = _OWN.split(self._data[start:end])
                common += parts[::3]
                own += zip(parts[1::3], parts[2::3], strict=False)
        return own, tuple(common)

    def _plain(self, common: tuple[bytes, ...]) -> _Common:
        """The values of the common lines.

        They are the same on most tracks, so most are known already.
        """
        known = self._known.get(common)
        if known is not None:
            return known
        pairs = (match.groups() for part in common for match in SETTING.finditer(part))
        lines = {key: line for key, line in pairs if key in PLAIN_LINES or key.startswith(_OTHERS)}
        faults: list[str] = []
        read = self._memo.read
        plain = PlainValues(
            *(
                read(name, lines.pop(name, b""), parse, faults)
                for name, parse in PLAIN_LINES.items()
            )
        )
        found = plain, lines, faults
        if len(self._known) < _MAX_KNOWN and sum(map(len, common)) <= _LONGEST_KNOWN:
            self._known[common] = found
        return found

    def _content(
        self, block: Block, plain: PlainValues, lane_solo: bytes | None, warnings: list[str]
    ) -> _Content:
        """What the blocks inside the track's block hold."""
        lanes = lanes_of(plain.lane_mode, plain.lane_count, lane_solo, warnings)
        shift = media_shift(*plain.offset, self._sample_rate, warnings)
        effects: tuple[Effect, ...] = ()
        envelopes: list[Envelope] = []
        items: list[list[Clip]] = []
        frozen = False
        for child in block.children:
            keyword = child.keyword
            if keyword == b"ITEM":
                items.append(self._items.read(child, lanes, shift, warnings))
            elif keyword == b"FXCHAIN":
                effects += read_chain(self._data, child)
            elif keyword == b"FREEZE":
                frozen = True
            elif keyword in _ENVELOPES:
                kind = _ENVELOPES[keyword]
                ours = kind in ("volume", "trim volume")
                envelopes.append(read_envelope(self._data, child, kind, warnings, with_lines=ours))
            elif keyword in _OTHER_ENVELOPES:
                envelope = read_envelope(self._data, child, "pan", warnings)
                if envelope.active and (envelope.points or envelope.pooled):
                    warnings.append(f"automates its {_OTHER_ENVELOPES[keyword]}: not followed")
        clips: tuple[Clip, ...] = ()
        if items:
            clips = item_mix.with_covered_ranges(items, self._item_mix, plain.lane_mode, warnings)
        return _Content(effects, tuple(envelopes), clips, frozen)

    def _receives(self, index: int, receives: Iterable[bytes], warnings: list[str]) -> None:
        for line in receives:
            fields = Fields("AUXRECV", line.split(), warnings)
            source = fields.whole(0, -1)
            if not 0 <= source < self._count:
                warnings.append(f"receives from track {source + 1}, which does not exist: left out")
                continue
            channels = send_channels(fields.whole(7, 0), fields.whole(8, 0))
            self.sends.append(
                Send(
                    source=source,
                    target=index,
                    mode=send_mode(fields.whole(1, 0), warnings),
                    gain=LinearGain(fields.real(2, 1.0)),
                    pan=clamp_pan(fields.real(3, 0.0)),
                    muted=fields.flag(4),
                    mono=fields.flag(5) or channels.mono,
                    inverted=fields.flag(6),
                    source_channel=channels.source,
                    target_channel=channels.target,
                    channels=channels.count,
                )
            )

    def _stored(self, block: Block) -> dict[str, str]:
        """Role, lock and notes by their keys, as DrumGain stores them on the track."""
        stored: dict[str, str] = {}
        for child in block.children:
            if child.keyword != b"EXT":
                continue
            for match in compiled(_EXT_LINE).finditer(self._data, child.body, child.close):
                words = tokens(self._data, match.start(1))
                value = text(words[1].value).strip() if len(words) > 1 else ""
                stored[match.group(1).decode()] = value
        return stored


def _string(line: bytes | None) -> str:
    return text(first_value(line)) if line else ""


def _guid(data: bytes, block: Block, lines: dict[bytes, bytes]) -> str | None:
    words = values(data[block.start : block.body])
    if len(words) > 1 and words[1].startswith(b"{"):
        return text(words[1])
    return _string(lines.get(b"TRACKID")) or None
