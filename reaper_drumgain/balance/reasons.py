"""Why a fader is where it is, in sentences whose numbers follow from the plan.

"The engineers' range" is the plan's ``interval_db`` and nothing else, here as in tables, reports
and pictures; with a model of the user's own it is called "your model's range".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from reaper_drumgain.faders.activity import UNREADABLE
from reaper_drumgain.faders.followers import Following
from reaper_drumgain.schema.plan import ENGINEERS_RANGE, OWN_RANGE, TrackPlan
from reaper_drumgain.tracks.selection import DrumTrack, Selection
from reaper_drumgain.units import HEARD_DB

_REFERENCES = ("snare top", "snare", "kick in", "kick", "kick out", "snare bottom")
#: a recording gain explains a move where 80 % of what it may be lies on one side of 0 dB, and
#: where the two differ by no more than this factor
_SURE_SD, _LEAST_GAIN_DB, _MOST_RATIO = 1.2816, 1.0, 3.0
#: a smaller common move of all drums is not mentioned for each track
_KIT_DB = 0.3
#: from this on a move of a track is given with its parts
_LARGE_DB = 4.0
#: a smaller mean move of all tracks is not given as a part of its own
_SHARED_DB = 0.5


@dataclass(frozen=True, slots=True)
class KitMove:
    """By how many dB all drums are moved together.

    Attributes
    ----------
    made_db
        The move that is made.
    full_db
        The same with an amount of 100 %.
    mean_db
        The mean move of the tracks beyond that. The level that is kept is that of all drums
        together, not that of the mean fader.
    """

    made_db: float = 0.0
    full_db: float = 0.0
    mean_db: float = 0.0


def with_reasons(
    plans: Sequence[TrackPlan],
    selection: Selection,
    causes: Mapping[int, str],
    kit: KitMove | None = None,
    follows: Mapping[int, Following] = MappingProxyType({}),
    *,
    effects_count: bool = True,
) -> tuple[TrackPlan, ...]:
    """The plans of the drum tracks, each with the reason for its fader.

    Parameters
    ----------
    plans
        One for each of ``selection.drums``, in the same order.
    selection
        The drum tracks.
    causes
        Why tracks are held, by their index.
    kit
        What a level setting moves all tracks by. None for nothing.
    follows
        By index the tracks that make the move of another one.
    effects_count
        Whether what effects add is taken off the faders.

    Returns
    -------
    tuple of TrackPlan
        In the same order.
    """
    kit = kit or KitMove()
    by_index = {plan.index: plan for plan in plans}
    compared = references([p for p in plans if p.index not in causes and UNREADABLE not in p.flags])

    def reason(plan: TrackPlan, drum: DrumTrack) -> str | None:
        if plan.reason is not None:
            return plan.reason
        linked = [by_index[index] for index in drum.links]
        if UNREADABLE in plan.flags:
            text = "none of its media files can be read: not moved"
        elif plan.index in follows:
            text = f"{follows[plan.index].why}: {_done(_move(plan))}"
            text += _by_trim(plan) if _only_trim(plan) else _with_trim(plan, "with")
            text += _beyond(plan)
        elif plan.index in causes:
            leading = [other for other in linked if other.index not in causes]
            text = held_sentence(plan, causes[plan.index], leading)
        else:
            following = [other for other in linked if other.index in causes]
            sides = [other for other in linked if other.index not in causes]
            text = sentence(plan, compared, sides, kit) + _left_behind(plan, following)
        told = [text, _effects(drum) if effects_count else None, drum.note]
        return "; ".join(part for part in told if part)

    pairs = zip(plans, selection.drums, strict=True)
    return tuple(replace(plan, reason=reason(plan, drum)) for plan, drum in pairs)


def _effects(drum: DrumTrack) -> str | None:
    """What the track's effects do to its level, where that was measured."""
    measured = drum.track.effects_db
    return None if measured is None else f"{measured:+.1f} dB added by its effects subtracted"


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


def held_sentence(track: TrackPlan, cause: str, leading: Sequence[TrackPlan]) -> str:
    """The reason for a track that is never raised.

    Parameters
    ----------
    track
        The plan of the track.
    cause
        Why it is held, as the beginning of a sentence.
    leading
        The linked tracks that are not held; the track follows them down.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    move = _move(track)
    beside = _names(leading) if leading else "the kit"
    text = f"{cause}: not raised"
    if move:
        text += f", {_done(move)}"
    if _own_move(track) != move:
        return f"{text} with its trim of {track.trim_db:+.1f} dB"
    if move:
        return f"{text} with {beside}"
    moving = [other for other in leading if _move(other)]
    return (
        f"{text}; {_names(moving)} {_verb(moving, 'moves', 'move')} without it" if moving else text
    )


def sentence(
    track: TrackPlan, compared: Sequence[TrackPlan], linked: Sequence[TrackPlan], kit: KitMove
) -> str:
    """The reason for one moved or kept fader.

    It says what the recording level explains and how the fader stood against the engineers' range;
    for methods without ranges, the level beside another drum's.

    Parameters
    ----------
    track
        The plan of the track.
    compared
        The tracks that it is compared with.
    linked
        The tracks that move with it.
    kit
        By what all drums are moved together.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    move, own = _move(track), _own_move(track)
    text = _done(move)
    if own and abs(kit.made_db) >= _KIT_DB:
        text += f" (the kit {kit.made_db:+.1f} dB)"
    if _only_trim(track):
        text += _by_trim(track)
    elif track.interval_db is not None:
        recorded = _recorded(track, own - kit.made_db) if move else None
        told = [recorded, _stood(track, kit), _parts(track, own - kit.made_db, kit.mean_db)]
        because = "; ".join(part for part in told if part)
        where = _within(track, kit)
        text += where + _with_trim(track, "plus" if where else "with")
        text += f": {because}" if because else ""
    elif move:
        text += _beside(track, compared) + _with_trim(track, "with")
    return text + _together(track, linked) + _beyond(track)


def _beyond(track: TrackPlan) -> str:
    if track.limited_db is None or track.limited_db < HEARD_DB:
        return ""
    return f"; {beyond_fader_sentence(track.limited_db)}"


def _recorded(track: TrackPlan, own_move: float) -> str | None:
    """What the recording gain says, where it explains the move that is the track's own."""
    gain, sd = track.recording_gain_db, track.recording_gain_sd_db
    if gain is None or sd is None or abs(gain) < max(_SURE_SD * sd, _LEAST_GAIN_DB):
        return None
    if gain * own_move >= 0.0 or not 1.0 / _MOST_RATIO <= abs(own_move / gain) <= _MOST_RATIO:
        return None
    side = "louder" if gain > 0.0 else "quieter"
    article = "an" if track.role[0] in "aeiou" else "a"
    what = track.role if track.role == "sample" else f"{track.role} microphone"
    return f"recorded {abs(gain):.0f} dB {side} than usual for {article} {what}"


def _parts(track: TrackPlan, own_move: float, mean_move: float) -> str | None:
    """What a large move of the track's own is made of. ``mean_move``: of all tracks."""
    if track.undone_db is None or track.limited_db or abs(own_move) < _LARGE_DB:
        return None
    shared = mean_move if abs(mean_move) >= _SHARED_DB else 0.0
    return (
        f"{own_move - shared - track.undone_db:+.1f} dB for its role, {track.undone_db:+.1f} dB "
        "for how it was recorded and played"
    ) + (f", {shared:+.1f} dB common to all drums" if shared else "")


def _stood(track: TrackPlan, kit: KitMove) -> str | None:
    """That the old fader of a moved track, moved with the kit, is outside the engineers' range."""
    away = _away(track, kit)
    return f"was {away} {_range_name(track)}" if away and _move(track) else None


def _within(track: TrackPlan, kit: KitMove) -> str:
    """Where a track stays, or where it goes within the engineers' range."""
    away = _away(track, kit)
    if track.interval_db is None or track.new_db is None or away is None:
        return ""
    if not _move(track):
        return f", {away or 'within'} {_range_name(track)}"
    if away:
        return ""
    # half of the rounding of faders and of both bounds
    middle = sum(track.interval_db) / 2.0
    at_middle = abs(track.new_db - track.trim_db - middle) < HEARD_DB
    return f" {'to' if at_middle else 'towards'} the middle of {_range_name(track)}"


def _range_name(track: TrackPlan) -> str:
    """What the interval of a track is called: the bundled model's, or that of the user's own."""
    return ENGINEERS_RANGE if track.bundled_db is None else OWN_RANGE


def _away(track: TrackPlan, kit: KitMove) -> str | None:
    """How far the old fader, moved with the kit, lies outside the engineers' range ("3.0 dB
    above"), "" where it does not, None where nothing is known."""
    if track.interval_db is None or track.old_db is None:
        return None
    low, high = track.interval_db
    level = track.old_db + kit.full_db
    if level - high >= HEARD_DB:
        return f"{level - high:.1f} dB above"
    return f"{low - level:.1f} dB below" if low - level >= HEARD_DB else ""


def _only_trim(track: TrackPlan) -> bool:
    return bool(_move(track)) and not _own_move(track)


def _by_trim(track: TrackPlan) -> str:
    return f" by its trim of {track.trim_db:+.1f} dB" if track.trim_db else ": its trim was removed"


def _with_trim(track: TrackPlan, word: str) -> str:
    """That there is a trim in the fader."""
    if not track.trim_db:
        return ""
    if _move(track):
        return f" {word} its trim of {track.trim_db:+.1f} dB"
    return f"; this includes its trim of {track.trim_db:+.1f} dB"


def _beside(track: TrackPlan, compared: Sequence[TrackPlan]) -> str:
    other = next((c for c in compared if c.index != track.index), None)
    level, reference = level_of(track), None if other is None else level_of(other)
    if other is None or level is None or reference is None:
        return ""
    distance = level - reference
    if abs(distance) < HEARD_DB:
        return f" to be as loud as {other.name}"
    return (
        f" to be {abs(distance):.1f} dB {'louder' if distance > 0 else 'quieter'} than {other.name}"
    )


def _together(track: TrackPlan, linked: Sequence[TrackPlan]) -> str:
    """What the tracks that move with it do."""
    same = [other for other in linked if _move(other) == _move(track)]
    text = f"; the same move as {_names(same)}" if same and _move(track) else ""
    for other in linked:
        apart = _move(track) - _move(other)
        if abs(apart) >= HEARD_DB:
            side = "more" if apart > 0.0 else "less"
            text += f"; {abs(apart):.1f} dB {side} than {other.name}, its other side"
    return text


def _left_behind(track: TrackPlan, held: Sequence[TrackPlan]) -> str:
    """That linked tracks are held while this one moves."""
    staying = [other for other in held if not _move(other)]
    if not staying or not _move(track):
        return ""
    return f"; {_names(staying)} {_verb(staying, 'is', 'are')} not moved"


def _names(tracks: Sequence[TrackPlan]) -> str:
    return " and ".join(track.name for track in tracks)


def _verb(tracks: Sequence[TrackPlan], one: str, several: str) -> str:
    return one if len(tracks) == 1 else several


def _done(move: float) -> str:
    if move == 0.0:
        return "not moved"
    places = 1 if abs(move) >= HEARD_DB else 2
    return f"{'raised' if move > 0 else 'lowered'} {abs(move):.{places}f} dB"


def _move(track: TrackPlan) -> float:
    if track.new_db is None or track.old_db is None:
        return 0.0
    return round(track.new_db - track.old_db, 2)


def _own_move(track: TrackPlan) -> float:
    """The move without the change of the trim."""
    return round(_move(track) - (track.trim_db - track.old_trim_db), 2)


def beyond_fader_sentence(missing_db: float, count: int = 1) -> str:
    """What to do about one track, or ``count`` linked ones, whose fader meets its upper end."""
    verb, owner = ("needs", "its") if count == 1 else ("need", "their")
    return (
        f"{verb} {missing_db:.1f} dB more than a fader gives: raise {owner} item gain by "
        f"{missing_db:.1f} dB"
    )
