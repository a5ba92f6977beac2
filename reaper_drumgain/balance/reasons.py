"""Why a fader is where it is, in sentences whose numbers follow from the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reaper_drumgain.faders.activity import UNREADABLE
from reaper_drumgain.schema.plan import TrackPlan
from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.selection import EMPTY, NAMELESS, DrumTrack, Selection
from reaper_drumgain.units import HEARD_DB

_REFERENCES = ("snare top", "snare", "kick in", "kick", "kick out", "snare bottom")
#: tracks that an error names
_MOST_TOLD = 8


def with_reasons(
    plans: Sequence[TrackPlan], selection: Selection, causes: Mapping[int, str]
) -> tuple[TrackPlan, ...]:
    """The plans of ``selection.drums``, each with the reason for its fader.

    ``causes``: why tracks are held, by their index.
    """
    by_index = {plan.index: plan for plan in plans}
    sounding = [p for p in plans if p.index not in causes and UNREADABLE not in p.flags]
    compared, recorded = references(sounding), ranks(sounding)

    def reason(plan: TrackPlan, drum: DrumTrack) -> str | None:
        if plan.reason is not None:
            return plan.reason
        if UNREADABLE in plan.flags:
            return "none of its media can be read: stays"
        if plan.index in causes:
            return held_sentence(plan, causes[plan.index])
        linked = [by_index[index] for index in drum.links]
        partners = [other.name for other in linked if _move(other) == _move(plan)]
        return sentence(plan, compared, partners, recorded.get(plan.index))

    pairs = zip(plans, selection.drums, strict=True)
    return tuple(replace(plan, reason=reason(plan, drum)) for plan, drum in pairs)


def why_nothing_moves(session: Session, selection: Selection) -> str:
    """The error message for a session in which no drum track may be moved."""
    if not selection.drums:
        empty = sum(other.why == EMPTY for other in selection.untouched)
        unnamed = any(other.why == NAMELESS for other in selection.untouched)
        nameless = (
            "; --listen (in REAPER the settings) tells a kick drum by its sound" if unnamed else ""
        )
        without_items = f", {empty} have the name but no items" if empty else ""
        return (
            f"{session.path}: no drum track to balance: none of its {len(session.tracks)} tracks "
            f"has a drum's name and items that play{without_items}; 'drumgain tracks' shows what "
            f"each is taken for, and --role says what one is (in REAPER the action 'set "
            f"role'){nameless}"
        )
    stays = "; ".join(f"{d.track.name!r}: {d.why}" for d in selection.drums[:_MOST_TOLD])
    left = len(selection.drums) - _MOST_TOLD
    more = f"; and {left} more" if left > 0 else ""
    return f"{session.path}: no drum track to balance: {stays}{more}"


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
    if partners:
        text += f"; the same move as {' and '.join(partners)}"
    if track.limited_db is not None and track.limited_db >= HEARD_DB:
        text += f"; {beyond_fader_sentence(track.limited_db)}"
    return text


def beyond_fader_sentence(missing_db: float, count: int = 1) -> str:
    """What to do about one track, or ``count`` linked ones, whose fader meets its upper end."""
    verb, owner = ("needs", "its") if count == 1 else ("need", "their")
    return (
        f"{verb} {missing_db:.1f} dB more than a fader gives: raise {owner} item gain by "
        f"{missing_db:.1f} dB"
    )
