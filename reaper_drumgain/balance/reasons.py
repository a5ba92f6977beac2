"""Why a fader stands where it stands, in a person's words whose numbers follow from the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reaper_drumgain.schema.plan import TrackPlan
from reaper_drumgain.units import HEARD_DB

_REFERENCES = ("snare top", "snare", "kick in", "kick", "kick out", "snare bottom")


def level_of(track: TrackPlan) -> float | None:
    """The level in LUFS of a track among the drums after the move, None where unknown."""
    if track.loudness_lufs is None or track.path_db is None or track.new_db is None:
        return None
    return track.loudness_lufs + track.path_db + track.new_db


def references(tracks: Sequence[TrackPlan]) -> tuple[TrackPlan, ...]:
    """The tracks that others are compared with: the snare, and the kick for the snare."""
    sounding = [t for t in tracks if level_of(t) is not None]
    best: dict[str, TrackPlan] = {}
    for track in sounding:
        known = best.get(track.role)
        if known is None or (level_of(track) or 0.0) > (level_of(known) or 0.0):
            best[track.role] = track
    chosen = [best[role] for role in _REFERENCES if role in best]
    loudest = sorted(sounding, key=lambda t: -(level_of(t) or 0.0))
    return (*chosen, *(t for t in loudest if t not in chosen))[:2]


def ranks(tracks: Sequence[TrackPlan]) -> Mapping[int, str]:
    """By track index, what is remarkable about how loud it was recorded."""
    recorded = {t.index: t.loudness_lufs for t in tracks if t.loudness_lufs is not None}
    if len(recorded) < 3:
        return {}
    loudest, quietest = (
        max(recorded, key=recorded.__getitem__),
        min(recorded, key=recorded.__getitem__),
    )
    return {loudest: "recorded loudest", quietest: "recorded quietest"}


def held_sentence(track: TrackPlan, cause: str) -> str:
    """The reason for a track that is never raised."""
    move = _move(track)
    return f"{cause}: not raised, {_done(move)}{' with the kit' if move else ''}"


def _done(move: float) -> str:
    if move == 0.0:
        return "stays"
    places = 1 if abs(move) >= HEARD_DB else 2
    return f"{'raised' if move > 0 else 'lowered'} {abs(move):.{places}f} dB"


def _move(track: TrackPlan) -> float:
    if track.new_db is None or track.old_db is None:
        return 0.0
    return round(track.new_db - track.old_db, 2)


def sentence(
    track: TrackPlan, compared: Sequence[TrackPlan], partners: Sequence[str], rank: str | None
) -> str:
    """The reason for one moved or kept fader.

    ``partners``: names of the tracks that make the same move. ``rank``: what it is among
    the drums as recorded ("quietest track"), where it is remarkable.
    """
    move = _move(track)
    done = _done(move)
    parts = [f"{rank}, {done}" if rank else done]
    other = next((c for c in compared if c.index != track.index), None)
    level, reference = level_of(track), None if other is None else level_of(other)
    if other is not None and level is not None and reference is not None:
        distance = level - reference
        if abs(distance) < HEARD_DB:
            parts.append(f"to sit level with {other.name}")
        else:
            side = "over" if distance > 0 else "under"
            parts.append(f"to sit {abs(distance):.1f} dB {side} {other.name}")
    text = " ".join(parts)
    return f"{text}; the same move as {' and '.join(partners)}" if partners else text
