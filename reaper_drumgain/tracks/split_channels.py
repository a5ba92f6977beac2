"""One file of many channels, and a track for each of its microphones.

A recorder writes all microphones into one file. In REAPER its item lies on a track of as many
channels, which is not heard itself, and one track for each microphone receives its channel. The
faders that balance the microphones are those of the receiving tracks, so these get the items as
if each played its channel. That holds where nothing on the way changes a channel alone; else
``split_hint`` says what to do. Standard library only.

Assumed of REAPER: a receive of one channel into the first two plays it on both; the pan law of
the file's track leaves its channels as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reaper_drumgain.schema.session import Clip, Send, Session, Track
from reaper_drumgain.tracks.reaper_rules import MAX_CHANNELS
from reaper_drumgain.units import LinearGain, is_off

#: what the pans of a centred track are: none, full width, left and right
_CENTRED = (None, (1.0, 0.0), (-1.0, 1.0))
#: REAPER's channel modes of takes: one channel, and from there on pairs
_ONE, _PAIR = 3, 67


def with_split_channels(
    tracks: Sequence[Track], sends: Iterable[Send]
) -> tuple[tuple[Track, ...], tuple[Send, ...]]:
    """The tracks and sends, where each track that plays channels of another one's file has the
    items itself, and receives nothing for it."""
    sends = tuple(sends)
    split = {id(send) for target in tracks for send in _whole_receives(target, tracks, sends)}
    if not split:
        return tuple(tracks), sends
    found = list(tracks)
    for send in sends:
        if id(send) in split:
            source = tracks[send.source]
            clips = tuple(_channel_of(clip, source, send) for clip in source.clips)
            found[send.target] = replace(tracks[send.target], clips=clips)
    return tuple(found), tuple(send for send in sends if id(send) not in split)


def split_hint(session: Session, track: Track) -> str | None:
    """What to do where a track plays channels of another one's file and has not its items; None
    where it does not."""
    name = _many_channel_source(track, session.tracks, session.sends)
    if name is None:
        return None
    return (
        f"gets its audio as channels of {name!r}: explode that item into one item per channel "
        "(REAPER: Item processing, Explode multichannel audio) to have it balanced"
    )


def _many_channel_source(
    track: Track, tracks: Sequence[Track], sends: Iterable[Send]
) -> str | None:
    """The name of the track whose item's channels this one receives; None where it does not."""
    receives = [s for s in sends if s.target == track.index and _carries(s)]
    if track.clips or len(receives) != 1:
        return None
    source = tracks[receives[0].source]
    heard = source.main_send and not source.folder
    one = receives[0].channels == 1 or receives[0].source_channel > 0
    return source.name if source.clips and one and not heard else None


def _whole_receives(track: Track, tracks: Sequence[Track], sends: Sequence[Send]) -> list[Send]:
    """The receive that makes a track play channels of another one's file, if all fits."""
    if _many_channel_source(track, tracks, sends) is None:
        return []
    (send,) = (s for s in sends if s.target == track.index and _carries(s))
    source = tracks[send.source]
    plain = (
        not (source.folder or source.main_send or source.muted or source.inverted)
        and not any(effect.enabled and source.effects_enabled for effect in source.effects)
        and not any(envelope.active for envelope in source.envelopes)
        and (source.pan, send.pan) == (0.0, 0.0)
        and source.dual_pan in _CENTRED
        and not any(s.target == source.index and _carries(s) for s in sends)
        and (send.channels in (1, 2) and send.target_channel == 0 and not send.mono)
        and send.source_channel + send.channels <= min(source.channels, MAX_CHANNELS)
        and not is_off(source.fader)
        and not any(clip.channel_mode for clip in source.clips)
    )
    return [send] if plain else []


def _carries(send: Send) -> bool:
    return not send.muted and send.source_channel >= 0


def _channel_of(clip: Clip, source: Track, send: Send) -> Clip:
    """An item of the source as the receiving track plays it, before its own fader."""
    gain = send.gain * (source.fader if send.mode == "post-fader" else 1.0)
    if send.inverted:
        gain = -gain
    mode = send.source_channel + (_ONE if send.channels == 1 else _PAIR)
    return replace(clip, channel_mode=mode, take_gain=LinearGain(clip.take_gain * gain))
