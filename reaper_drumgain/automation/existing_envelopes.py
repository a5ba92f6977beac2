"""What the envelopes that a track has already allow: nothing yet, replace, multiply, or refuse.

- An envelope that does nothing (no points, or all of them 0 dB) is nobody's work: written over.
- One that DrumGain wrote and nobody changed since counts as what was there before it, but for
  the level that it gave each section, which is kept: so a second run comes out like the first
  one (gains that follow the song without sections: mostly within their dead band and
  twice ``TrackAutomation.within_db``, because they are followed anew: 98 % of the time on four
  rendered songs, 76 % on a fifth, where faders met their end). Where a track
  holds, it has its fader as that is now. Within a time selection it stays outside of it.
- Any other is the user's: ``Automation.existing`` says what becomes of it. One that is switched
  off is not heard: it can be replaced, but not multiplied.
- Where an envelope cannot be described by its points (automation items), or its points make no
  sense, and in automation modes in which it would drive the fader, the track is refused.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from reaper_drumgain.errors import ConflictError
from reaper_drumgain.schema import envelope_note
from reaper_drumgain.schema.plan import TrackAutomation
from reaper_drumgain.schema.session import Envelope, EnvelopeKind, EnvelopePoint, Track
from reaper_drumgain.schema.settings import Settings

#: flag of tracks whose envelope may not be written
NOT_AUTOMATED = "no automation"
_NOTHING = 1e-6
_SHAPES = range(6)
#: more than a performance has; a plan is to be looked at
MOST_POINTS = 20_000


@dataclass(frozen=True, slots=True)
class ExistingEnvelope:
    """What new automation of a track stands on.

    ``present``: the envelope as it is now; ``former``: as it was before DrumGain wrote it, the
    same where it did not. ``heard``: what the new curve multiplies or leads over from (None:
    0 dB); ``how``: whether the curve multiplies it or takes its place. ``refused``: why the
    track gets no automation. ``ours``: whether DrumGain wrote the present one.
    """

    kind: EnvelopeKind
    present: Envelope | None = None
    former: Envelope | None = None
    heard: Envelope | None = None
    how: Literal["multiply", "replace"] = "multiply"
    refused: str | None = None
    ours: bool = False

    @property
    def written_before(self) -> tuple[Envelope, Envelope | None] | None:
        """The envelope that DrumGain wrote, as it is now, and what was there before it."""
        if self.present is None or not self.ours:
            return None
        return self.present, self.former

    def automation(self, points: tuple[EnvelopePoint, ...]) -> TrackAutomation | None:
        """The plan for an envelope with these points; None where it has them already, or needs
        none."""
        old = self.present.points if self.present is not None else ()
        if not points:
            if not self.ours:
                return None
            # REAPER's envelopes have one at least
            points = (EnvelopePoint(0.0, 1.0),)
        if points == old and self.present is not None and self.present.active:
            return None
        before, after = _same_ends(old, points)
        was = self.former.points if self.former is not None else ()
        ours_before, ours_after = _same_ends(was, points)
        written = points[ours_before : len(points) - ours_after]
        return TrackAutomation(
            envelope=self.kind,
            points=points[before : len(points) - after],
            mark=envelope_note.note_of(self.kind, written, ours_before, ours_after, self.former),
            old_points=len(old),
            kept_before=before,
            kept_after=after,
        )


def existing_envelope(
    track: Track, settings: Settings, span: tuple[float, float] | None
) -> ExistingEnvelope:
    """What automation of a track stands on; ``span``: outside of it nothing may change."""
    wanted = settings.automation
    kind: EnvelopeKind = "volume" if wanted.envelope == "volume" else "trim volume"
    found = [envelope for envelope in track.envelopes if envelope.kind == kind]
    present = found[0] if found else None
    existing = ExistingEnvelope(kind, present, present, present)
    refused = _obstacle(track, found, kind)
    if refused is not None:
        return replace(existing, refused=refused)
    try:
        taken = envelope_note.take_back(track)
    except ConflictError:
        taken = None
    if taken is not None and taken.envelope != kind:
        return replace(
            existing,
            refused=f"its {taken.envelope} envelope is DrumGain's already: take it back first "
            "(drumgain clear-automation)",
        )
    if taken is not None and present is not None:
        existing = replace(existing, ours=True)
        former = None
        if not taken.removed:
            points = taken.result(present.points)
            former = replace(present, points=points, active=taken.active)
        if span is None:
            existing = replace(existing, former=former, heard=former)
        elif former is None:
            return replace(existing, former=None, how="replace")
    return _judged(existing, wanted.existing, span)


def _judged(
    existing: ExistingEnvelope, policy: str, span: tuple[float, float] | None
) -> ExistingEnvelope:
    envelope = existing.heard
    if envelope is None or all(abs(p.value - 1.0) <= _NOTHING for p in envelope.points):
        idle = envelope is None or not envelope.active or span is None
        return replace(existing, heard=None if idle else envelope)
    name = f"{existing.kind} envelope"
    if policy == "replace":
        if not envelope.active:
            return replace(existing, heard=None, how="replace")
        damaged = span is not None and _damage(envelope)
        return replace(existing, how="replace", refused=damaged or None)
    if not envelope.active:
        return replace(
            existing,
            refused=f"its {name} is switched off but holds points: delete them, switch it on, or "
            "have it replaced (--existing replace)",
        )
    if policy == "trim":
        return replace(existing, refused=_damage(envelope))
    return replace(
        existing,
        refused=f"its {name} does something already: have it kept and multiplied "
        "(--existing trim) or replaced (--existing replace)",
    )


def _obstacle(track: Track, found: list[Envelope], kind: EnvelopeKind) -> str | None:
    if track.automation_mode != "trim/read":
        return (
            f"in {track.automation_mode} mode an envelope drives the fader instead of adding to "
            "it: set the track to trim/read"
        )
    if len(found) > 1:
        return f"it has more than one {kind} envelope: open and save the project in REAPER"
    if found and found[0].pooled:
        return f"its {kind} envelope holds automation items: glue or remove them"
    times = [point.time for point in found[0].points] if found else []
    if times != sorted(times):
        return f"the points of its {kind} envelope are out of order: open and save the project"
    if len(times) > MOST_POINTS:
        return f"its {kind} envelope has {len(times)} points: thin them out (at most {MOST_POINTS})"
    return None


def _damage(envelope: Envelope) -> str | None:
    """Why the curve of an envelope cannot be known."""
    shapes = sorted({p.shape for p in envelope.points} - set(_SHAPES))
    if shapes:
        return f"its {envelope.kind} envelope has points of unknown shape {shapes[0]}: change them"
    if any(point.value < 0.0 for point in envelope.points):
        return f"its {envelope.kind} envelope goes below zero: change those points"
    return None


def _same_ends(old: tuple[EnvelopePoint, ...], new: tuple[EnvelopePoint, ...]) -> tuple[int, int]:
    """How many points both have in common at the beginning and, besides, at the end."""
    most = min(len(old), len(new))
    before = next((n for n in range(most) if old[n] != new[n]), most)
    most -= before
    after = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    return before, after
