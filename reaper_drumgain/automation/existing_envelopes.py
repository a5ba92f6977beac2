"""The envelope that a track has already, and what new automation may do with it.

- A flat 0 dB envelope, or one without points, is overwritten.
- An envelope that DrumGain wrote and nobody changed since counts as what was there before it.
  Only the level that it gave each section is kept, so that a second run gives the same result.
  (Gains that follow the song without sections are followed anew: mostly they stay within their
  dead band and twice ``TrackAutomation.within_db``, 98 % of the time on four rendered songs, 76 %
  on a fifth, where faders met their end.) Where a track is held, its gain is that of the present
  fader. Outside of a time selection the envelope stays.
- Any other envelope is the user's: ``Automation.existing`` says whether the track is refused, or
  the envelope is replaced or multiplied. One that is switched off can be replaced, but not
  multiplied.
- A track is refused where its envelope cannot be described by its points (automation items),
  where its points make no sense, and in automation modes in which an envelope drives the fader.

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
_FLAT = 1e-6
_SHAPES = range(6)
#: longer envelopes are refused: more points than any performance has
MOST_POINTS = 20_000


@dataclass(frozen=True, slots=True)
class ExistingEnvelope:
    """The envelope of one track before new automation.

    Attributes
    ----------
    kind
        Which of the track's envelopes it is.
    present
        The envelope as it is now; None where the track has none.
    original
        The envelope before DrumGain wrote it; the same as ``present`` where DrumGain did not.
    base
        What the new curve multiplies, or fades from and back to where it replaces. None for 0 dB.
    operation
        Whether the new curve multiplies or replaces.
    refusal
        Why the track gets no automation, else None.
    written_by_drumgain
        Whether DrumGain wrote the present envelope.
    still_original
        How many of the first and of the last points are those of ``original``; None where DrumGain
        did not write the envelope, or within a time selection.
    """

    kind: EnvelopeKind
    present: Envelope | None = None
    original: Envelope | None = None
    base: Envelope | None = None
    operation: Literal["multiply", "replace"] = "multiply"
    refusal: str | None = None
    written_by_drumgain: bool = False
    still_original: tuple[int, int] | None = None

    def automation(self, points: tuple[EnvelopePoint, ...]) -> TrackAutomation | None:
        """The plan for an envelope with these points.

        None where the track has them already, or needs no envelope.
        """
        old = self.present.points if self.present is not None else ()
        if not points:
            if not self.written_by_drumgain:
                return None
            # an envelope of REAPER has at least one point
            points = (EnvelopePoint(0.0, 1.0),)
        if points == old and self.present is not None and self.present.active:
            return None
        before, after = _same_ends(old, points)
        was = self.original.points if self.original is not None else ()
        own_before, own_after = _same_ends(was, points)
        if self.still_original is not None:
            # a point that was replaced once was written anew, even if its values are the same
            own_before = min(own_before, before, self.still_original[0])
            own_after = min(own_after, after, self.still_original[1])
        written = points[own_before : len(points) - own_after]
        return TrackAutomation(
            envelope=self.kind,
            points=points[before : len(points) - after],
            mark=envelope_note.note_of(self.kind, written, own_before, own_after, self.original),
            old_points=len(old),
            kept_before=before,
            kept_after=after,
        )


def existing_envelope(
    track: Track, settings: Settings, span: tuple[float, float] | None
) -> ExistingEnvelope:
    """The envelope of a track that automation is written to, and what may be done with it.

    Parameters
    ----------
    track
        The track with all its envelopes.
    settings
        Which envelope is written, and what happens to one that the user made.
    span
        Start and end in seconds outside of which nothing may change. None for the whole song.

    Returns
    -------
    ExistingEnvelope
        With a ``refusal`` where the track can get no automation.
    """
    wanted = settings.automation
    kind: EnvelopeKind = "volume" if wanted.envelope == "volume" else "trim volume"
    found = [envelope for envelope in track.envelopes if envelope.kind == kind]
    present = found[0] if found else None
    existing = ExistingEnvelope(kind, present, present, present)
    refusal = _obstacle(track, found, kind)
    if refusal is not None:
        return replace(existing, refusal=refusal)
    try:
        taken = envelope_note.take_back(track)
    except ConflictError:
        taken = None
    if taken is not None and taken.envelope != kind:
        return replace(
            existing,
            refusal=f"DrumGain has written its {taken.envelope} envelope: remove that first "
            f"(drumgain clear-automation)",
        )
    if taken is not None and present is not None:
        existing = replace(existing, written_by_drumgain=True)
        original = taken.envelope_before(present)
        if span is None:
            kept = (taken.kept_before, taken.kept_after)
            existing = replace(existing, original=original, base=original, still_original=kept)
        elif original is None:
            return replace(existing, original=None, operation="replace")
    if existing.original is not None and not envelope_note.can_keep(existing.original):
        return replace(
            existing,
            refusal=f"its {kind} envelope has too many points to be stored with the track and "
            f"restored later: delete some points",
        )
    return _by_policy(existing, wanted.existing, span)


def _by_policy(
    existing: ExistingEnvelope, policy: str, span: tuple[float, float] | None
) -> ExistingEnvelope:
    """What the setting ``Automation.existing`` says of an envelope that the user made."""
    envelope = existing.base
    if envelope is None or all(abs(p.value - 1.0) <= _FLAT for p in envelope.points):
        idle = envelope is None or not envelope.active or span is None
        return replace(existing, base=None if idle else envelope)
    name = f"{existing.kind} envelope"
    if policy == "replace":
        if not envelope.active:
            return replace(existing, base=None, operation="replace")
        damaged = span is not None and _damage(envelope)
        return replace(existing, operation="replace", refusal=damaged or None)
    if not envelope.active:
        return replace(
            existing,
            refusal=f"its {name} is bypassed but has points: delete them, activate the "
            f"envelope, or replace it (--existing replace)",
        )
    if policy == "trim":
        return replace(existing, refusal=_damage(envelope))
    return replace(
        existing,
        refusal=f"its {name} already changes the level: keep and multiply it (--existing trim) "
        f"or replace it (--existing replace)",
    )


def _obstacle(track: Track, found: list[Envelope], kind: EnvelopeKind) -> str | None:
    """Why a track can have no automation under any settings."""
    if track.automation_mode != "trim/read":
        return (
            f"in {track.automation_mode} mode an envelope moves the fader itself: set the track "
            "to trim/read"
        )
    if len(found) > 1:
        return f"it has more than one {kind} envelope: open and save the project in REAPER"
    if found and found[0].pooled:
        return f"its {kind} envelope holds automation items: glue or remove them"
    times = [point.time for point in found[0].points] if found else []
    if times != sorted(times):
        return f"the points of its {kind} envelope are out of order: open and save the project"
    if len(times) > MOST_POINTS:
        return (
            f"its {kind} envelope has {len(times)} points: delete some of them (at most "
            f"{MOST_POINTS} are allowed)"
        )
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
