"""What a track is (microphone, bus, return ...) and how a microphone reaches the master.

The drums are summed at the input of the master track; its fader and effects are left out,
because they scale all drums alike. The path there is taken as linear: faders, pans, polarity,
folders and plain sends multiply. Effects on the path itself count as unity gain, those of the
microphone's own track with what a host measured (``Track.effects_db``). What a further
send into a track with effects adds is not known without rendering, so it is reported and left
out of the levels.

Assumed of REAPER (not confirmed here): stereo balance and classic balance attenuate the far
side by 1 - |pan| under the 0 dB pan law; another law L multiplies by L at the centre, rising
linearly to 1 at the sides; dual pan pans each channel so; all other modes narrow by the track's
width before they balance; a muted track mutes its sends too. Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from reaper_drumgain.schema.session import Send, Session, Track
from reaper_drumgain.tracks.role_names import is_processing_name
from reaper_drumgain.units import is_off, to_linear

#: 2 x 2 linear gains, rows left and right out, columns left and right in
Matrix = tuple[tuple[float, float], tuple[float, float]]
Kind = Literal["microphone", "instrument", "folder", "bus", "return", "vca", "empty"]

_ZERO: Matrix = ((0.0, 0.0), (0.0, 0.0))
_UNIT: Matrix = ((1.0, 0.0), (0.0, 1.0))
_FIRST_CHANNEL: Matrix = ((1.0, 0.0), (0.0, 0.0))
#: deeper routing than any studio's counts as feedback, so that no project can exhaust the stack
_MAX_DEPTH = 100
#: what plain buses are called, together with the drum that they carry
_BUS_WORDS = re.compile(
    r"(?i)(?<![^\W_])(bus+|busse|group|grp|gruppe|sub|submix|mix|sum|summe)(?![^\W_])"
)
_MODE_DUAL_PAN = 6


def kind_of(session: Session, track: Track) -> Kind:
    """What a track is in the balance; only a ``microphone`` or ``instrument`` may move.

    ``instrument``: audio made by a plug-in on this track or sent from one, which no media
    file holds. A folder is never a microphone, even where it holds items: its fader moves its
    children.
    """
    if track.vca_leader:
        return "vca"
    if track.folder:
        return "folder"
    plays_audio = any(c.plays and c.source.kind in ("file", "other") for c in track.clips)
    if plays_audio:
        return "microphone"
    instrument = track.effects_enabled and any(e.instrument and e.enabled for e in track.effects)
    receives = [s for s in session.sends if s.target == track.index and _carries_audio(s)]
    if instrument and (track.clips or any(s.target == track.index for s in session.sends)):
        return "instrument"
    if receives:
        sources = [session.tracks[s.source] for s in receives]
        if all(_has_instrument(source) for source in sources):
            return "instrument"
        return "return" if _is_return_name(track.name) else "bus"
    return "empty"


def _is_return_name(name: str) -> bool:
    """Whether a name means an effect return ("Snare Verb", "Crush Bus") and no plain bus."""
    return is_processing_name(_BUS_WORDS.sub(" ", name))


def _has_instrument(track: Track) -> bool:
    return any(effect.instrument and effect.enabled for effect in track.effects)


def has_effects(track: Track) -> bool:
    """Whether effects of a track play, instruments among them."""
    return track.effects_enabled and any(effect.enabled for effect in track.effects)


def _effects_gain(track: Track) -> float:
    """What the effects of a track multiply its level by, where that was measured."""
    return 1.0 if track.effects_db is None else to_linear(track.effects_db)


def _carries_audio(send: Send) -> bool:
    return not send.muted and send.source_channel >= 0


@dataclass(frozen=True, slots=True)
class Path:
    """How a track reaches the point where the drums are summed.

    What arrives is ``(fader * through_fader + pre_fader) @ audio``, with the audio before the fader
    as left and right, and ``fader`` as a linear gain.

    Attributes
    ----------
    through_fader, pre_fader
        Linear gains of 2 x 2: rows left and right out, columns left and right in.
    muted_by
        A muted track on the way, else None.
    blocked_by
        What else keeps a track on the way from passing it on, as a sentence; else None.
    uncounted_sends
        Tracks with effects that it is also sent to; what goes there is not counted.
    effects_on_way
        Tracks on the way that have effects.
    loops
        Whether part of the way feeds back, or is nested too deep, and is not counted.
    """

    through_fader: Matrix
    pre_fader: Matrix
    muted_by: str | None = None
    blocked_by: str | None = None
    uncounted_sends: tuple[str, ...] = ()
    effects_on_way: tuple[str, ...] = ()
    loops: bool = False

    @property
    def fader_reaches_master(self) -> bool:
        """Whether the fader changes anything that reaches the master."""
        return any(value != 0.0 for row in self.through_fader for value in row)


def path_of(session: Session, track: Track) -> Path:
    """The way of a track from before its fader to the master's input."""
    walk = _Walk(session)
    walk.visiting.add(track.index)
    through, pre_fader = walk.leave(track, with_fader=False)
    return Path(
        through,
        pre_fader,
        muted_by=walk.muted_by,
        blocked_by=walk.blocked_by,
        uncounted_sends=tuple(dict.fromkeys(walk.uncounted)),
        effects_on_way=tuple(dict.fromkeys(walk.effects)),
        loops=walk.loops,
    )


class _Walk:
    """One walk along the routing from a microphone to the master; collects what it meets."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.sends: dict[int, list[Send]] = {}
        for send in session.sends:
            self.sends.setdefault(send.source, []).append(send)
        self.vca_leaders: dict[int, list[Track]] = {}
        for track in session.tracks:
            for group in track.vca_led:
                self.vca_leaders.setdefault(group, []).append(track)
        self.muted_by: str | None = None
        self.blocked_by: str | None = None
        self.uncounted: list[str] = []
        self.effects: list[str] = []
        self.loops = False
        self.visiting: set[int] = set()
        self.known: dict[int, Matrix] = {}

    def leave(self, track: Track, *, with_fader: bool) -> tuple[Matrix, Matrix]:
        """What reaches the master of a track's signal: post-fader, and by pre-fader sends.

        Without the fader, polarity and pan still count.
        """
        if track.muted:
            self.muted_by = self.muted_by or track.name
            return _ZERO, _ZERO
        # where the track begins, its effects may have been measured; they are before its pan
        effects = 1.0 if with_fader else _effects_gain(track)
        post = _scale(_pan_matrix(self.session, track), effects)
        sign = -1.0 if track.inverted else 1.0
        post = _scale(post, sign * (track.fader if with_fader else 1.0) * self._vca_gain(track))
        if with_fader and is_off(track.fader):
            self.blocked_by = f"the fader of {track.name!r} on its way to the master is at -inf"
        if with_fader and not track.main_send and track.index not in self.sends:
            self.blocked_by = (
                f"the master/parent send of {track.name!r} on its way to the master is off"
            )
        through, pre_fader = _ZERO, _ZERO
        if track.main_send:
            sent = _multiply(_FIRST_CHANNEL, post) if track.main_send_channels == 1 else post
            through = _add(through, _multiply(self._enter_parent(track), sent))
        for send in self.sends.get(track.index, ()):
            if with_fader and send.mode == "pre-receive":
                # what came from another track is not in it
                continue
            arriving = self._enter_send(track, send)
            if arriving is None:
                continue
            if send.mode == "post-fader":
                through = _add(through, _multiply(arriving, post))
            else:
                before_effects = send.mode in ("pre-fx", "pre-receive")
                pre_fader = _add(pre_fader, _scale(arriving, 1.0 if before_effects else effects))
        return through, pre_fader

    def _vca_gain(self, track: Track) -> float:
        """What VCA leaders multiply a fader by; a leader may follow others."""
        gain = 1.0
        waiting, seen = list(track.vca_followed), {track.index}
        while waiting:
            for leader in self.vca_leaders.get(waiting.pop(), ()):
                if leader.index not in seen:
                    seen.add(leader.index)
                    gain *= leader.fader
                    waiting += leader.vca_followed
        if is_off(gain):
            self.blocked_by = "a VCA leader on its way to the master is at -inf"
        return gain

    def _enter_parent(self, track: Track) -> Matrix:
        if track.parent is None:
            return _UNIT
        return self._enter(self.session.tracks[track.parent])

    def _enter_send(self, track: Track, send: Send) -> Matrix | None:
        target = self.session.tracks[send.target]
        if not _carries_audio(send) or send.source_channel > 1 or send.target_channel > 1:
            return None
        if target.muted:
            return None
        is_way = not track.main_send and not _is_return_name(target.name)
        if has_effects(target) and not is_way:
            self.uncounted.append(target.name)
            return None
        return _multiply(self._enter(target), _send_matrix(send))

    def _enter(self, track: Track) -> Matrix:
        """What reaches the master of a signal that enters a track which is not the start."""
        if track.index in self.known:
            return self.known[track.index]
        if track.index in self.visiting or len(self.visiting) >= _MAX_DEPTH:
            self.loops = True
            self.blocked_by = (
                self.blocked_by or "its routing to the master is nested too deep or feeds back"
            )
            return _ZERO
        if has_effects(track):
            self.effects.append(track.name)
        self.visiting.add(track.index)
        through, pre_fader = self.leave(track, with_fader=True)
        self.visiting.discard(track.index)
        self.known[track.index] = _add(through, pre_fader)
        return self.known[track.index]


def _balance(pan: float, law: float) -> tuple[float, float]:
    """Gains of left and right at a pan position under a pan law (linear, 1 is 0 dB)."""
    pan = min(1.0, max(-1.0, pan))
    centre = law + (1.0 - law) * abs(pan) if 0.0 < law < 1.0 else 1.0
    return centre * min(1.0, 1.0 - pan), centre * min(1.0, 1.0 + pan)


def _pan_matrix(session: Session, track: Track) -> Matrix:
    law = session.pan_law if track.pan_law is None or track.pan_law < 0 else track.pan_law
    mode = session.pan_mode if track.pan_mode is None else track.pan_mode
    if mode == _MODE_DUAL_PAN and track.dual_pan is not None:
        left, right = (_balance(pan, law) for pan in track.dual_pan)
        return (left[0], right[0]), (left[1], right[1])
    left_gain, right_gain = _balance(track.pan, law)
    if mode != _MODE_DUAL_PAN and track.dual_pan is not None:
        width = min(1.0, max(-1.0, track.dual_pan[0]))
        near, far = (1.0 + width) / 2.0, (1.0 - width) / 2.0
        return (left_gain * near, left_gain * far), (right_gain * far, right_gain * near)
    return (left_gain, 0.0), (0.0, right_gain)


def _send_matrix(send: Send) -> Matrix:
    left, right = _balance(send.pan, 1.0)
    gain = -send.gain if send.inverted else send.gain
    matrix = _scale(((left, 0.0), (0.0, right)), gain)
    if send.mono or send.channels == 1:
        # a mono send takes one channel or the mean of both, and plays it on one or on both
        (a, b), (c, d) = ((0.5, 0.5), (0.5, 0.5)) if send.mono else _pick(send)
        matrix = _multiply(matrix, ((a, b), (c, d)))
    return matrix


def _pick(send: Send) -> Matrix:
    row = (1.0, 0.0) if send.source_channel == 0 else (0.0, 1.0)
    nothing = (0.0, 0.0)
    return (row, nothing) if send.target_channel == 0 else (nothing, row)


def _multiply(a: Matrix, b: Matrix) -> Matrix:
    rows = [tuple(sum(a[i][k] * b[k][j] for k in range(2)) for j in range(2)) for i in range(2)]
    return ((rows[0][0], rows[0][1]), (rows[1][0], rows[1][1]))


def _add(a: Matrix, b: Matrix) -> Matrix:
    return (
        (a[0][0] + b[0][0], a[0][1] + b[0][1]),
        (a[1][0] + b[1][0], a[1][1] + b[1][1]),
    )


def _scale(a: Matrix, factor: float) -> Matrix:
    return (
        (a[0][0] * factor, a[0][1] * factor),
        (a[1][0] * factor, a[1][1] * factor),
    )
