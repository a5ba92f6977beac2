"""The default method: a multi-output random forest over named role slots, on a linear part.

    gain of track m = role(m) + stereo(m) + forest_slot(m) - undone(m)

``role`` and ``stereo``: what engineers gave to a track of this role, and to stereo pictures on
top; ``undone``: what of its recorded level is recording gain, and a small bounded share of the
rest (``gain_law``). The inputs of the trees do not depend on recording gain, so ``undone`` alone
decides how a fader follows its track's level: recorded louder, it never gets a higher fader
relative to any other.

The interval of a track is its gain -+ interval(role) (1 + rise sd), sd the standard deviation of
its recording gain in dB: see ``learn.fitting.intervals``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.analysis.hit_levels import HitLevels
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest_file import Forest, LinearPart, bundled_folder, load
from reaper_drumgain.methods.gain_law import (
    LIMIT_DB,
    SHARE,
    GainDecision,
    SessionLevels,
    decide,
)
from reaper_drumgain.tracks.roles import Role

Float64 = npt.NDArray[np.float64]

_COUNTS: Mapping[str, int] = {
    "kick in": 1,
    "kick out": 1,
    "kick": 2,
    "sub kick": 1,
    "snare top": 2,
    "snare bottom": 1,
    "snare": 2,
    "hi-hat": 1,
    "tom": 4,
    "ride": 1,
    "cymbal": 2,
    "overhead left": 2,
    "overhead right": 2,
    "overhead stereo": 2,
    "overhead mono": 3,
    "room left": 2,
    "room right": 2,
    "room stereo": 3,
    "room mono": 3,
    "sample": 1,
    "percussion": 2,
}
#: every slot by name: its family and its number within it
SLOTS: tuple[str, ...] = tuple(
    f"{family} {number}" for family, count in _COUNTS.items() for number in range(1, count + 1)
)
#: roles that have a slot for each side
SIDED = ("overhead", "room")
#: roles whose two-channel tracks are stereo pictures of the kit, not one microphone twice
STEREO = (*SIDED, "cymbal")


@dataclass(frozen=True, slots=True)
class SlotAssignment:
    """The slot of one track. ``overflow``: its family has more tracks than slots, and this one
    takes the last slot's output but gives no input."""

    slot: int
    overflow: bool


def assign_slots(
    roles: Sequence[Role], channels: Sequence[int], tie: Float64
) -> list[SlotAssignment]:
    """The slot of each track.

    Tracks of one family take slots in the order of their ordinals (a missing one counts as 1,
    but for toms, where it is the floor tom's and comes last), then of ``tie`` (tracks,), which
    must depend neither on the order of tracks nor on their levels. "SnT2" alone takes
    "snare top 1". A track beyond its family's last slot takes that slot's gain (with its own
    level part) and gives no input.
    """
    families = [family_of(role, count) for role, count in zip(roles, channels, strict=True)]
    order = sorted(
        range(len(roles)),
        key=lambda place: (_number(roles[place]), _tie(float(tie[place]))),
    )
    taken: dict[str, int] = {}
    assigned: dict[int, SlotAssignment] = {}
    for place in order:
        family = families[place]
        number = taken[family] = taken.get(family, 0) + 1
        last = _COUNTS[family]
        slot = SLOTS.index(f"{family} {min(number, last)}")
        assigned[place] = SlotAssignment(slot, overflow=number > last)
    return [assigned[place] for place in range(len(roles))]


def family_of(role: Role, channels: int) -> str:
    """The family of slots for a role: the role, and for overheads and rooms the side."""
    if role.name not in SIDED:
        return role.name
    if channels == 2 or role.side == "stereo":
        return f"{role.name} stereo"
    return f"{role.name} {role.side or 'mono'}"


def role_of_slot(slot: str) -> str:
    """The role name of a slot."""
    family = slot.rpartition(" ")[0]
    return family.split(" ")[0] if family.startswith(SIDED) else family


def input_names(columns: Sequence[str]) -> tuple[str, ...]:
    """The forest's inputs: the count of tracks, then per slot presence and ``columns``."""
    return ("tracks", *(f"{slot}: {c}" for slot in SLOTS for c in ("present", *columns)))


def input_row(
    table: FeatureTable, assigned: Sequence[SlotAssignment], columns: Sequence[str]
) -> Float64:
    """(inputs,) of one session; NaN where a slot is empty or a feature could not be measured.

    ``assigned`` holds one slot assignment per row of ``table``.
    """
    values = np.full((len(SLOTS), 1 + len(columns)), np.nan)
    values[:, 0] = 0.0
    held = [table.column(name) for name in columns]
    for place, one in enumerate(assigned):
        if not one.overflow:
            values[one.slot] = (1.0, *(column[place] for column in held))
    return np.concatenate(([float(len(assigned))], values.ravel()))


class ForestMethod(Method):
    """The bundled forest, or another model of the same make."""

    has_intervals = True
    rides_playing = True

    #: the bundled model, where ``warm_up`` has loaded it
    _bundled: ClassVar[Forest | None] = None

    def __init__(self, model: Forest | None = None) -> None:
        self._model = model

    @property
    def model(self) -> Forest:
        """The model, loaded at its first use. Raises ModelError."""
        if self._model is None:
            self._model = ForestMethod._bundled or load(bundled_folder())
        check_fits(self._model)
        return self._model

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks with their intervals, NaN for the others."""
        levels, chosen, channels, table = session(given)
        if levels.held.all():
            return MethodGains(np.full(len(given.roles), np.nan))
        gains, decision = predict(self.model, levels, table, channels)
        half = interval_halves(linear_part(self.model), levels.roles, decision.gain.sd_db)
        intervals = np.full((len(given.roles), 2), np.nan)
        intervals[chosen] = gains[:, None] + np.stack([-half, half], axis=1)
        return replace(_method_gains(given, chosen, gains, decision), intervals_db=intervals)

    def playing_gains(self, departures_db: Float64) -> Float64:
        """A share of what is playing is undone, and no more than of 4 dB: see ``gain_law``."""
        return -SHARE * np.clip(departures_db, -LIMIT_DB, LIMIT_DB)

    def warm_up(self) -> None:
        """Load the bundled model before it is needed; ``model`` raises where that fails."""
        with contextlib.suppress(ModelError):
            ForestMethod._bundled = load(bundled_folder())


class LinearMethod(ForestMethod):
    """The forest's linear part alone: roles, stereo tracks and levels, no trees."""

    has_intervals = False

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks, NaN for the others."""
        levels, chosen, channels, _ = session(given)
        if levels.held.all():
            return MethodGains(np.full(len(given.roles), np.nan))
        linear, responses = linear_part(self.model), responses_of(self.model)
        gains, decision = linear_gains(linear, responses, levels, channels)
        return _method_gains(given, chosen, gains, decision)


def _method_gains(
    given: MethodInput, chosen: npt.NDArray[np.intp], gains: Float64, decision: GainDecision
) -> MethodGains:
    """The gains and what was decided on ``chosen`` tracks, by all tracks of ``given``."""
    wanted, recording, sd, undone = np.full((4, len(given.roles)), np.nan)
    pair = np.zeros(len(given.roles))
    wanted[chosen], pair[chosen] = gains, -decision.pair_db
    known = np.isfinite(gains)
    recording[chosen] = np.where(known, decision.gain.mean_db, np.nan)
    sd[chosen] = np.where(known, decision.gain.sd_db, np.nan)
    undone[chosen] = np.where(
        known, np.mean(decision.undone_db[known]) - decision.undone_db, np.nan
    )
    return MethodGains(
        wanted,
        pair_db=pair,
        recording_gain_db=recording,
        recording_gain_sd_db=sd,
        undone_db=undone,
    )


def check_fits(model: Forest) -> None:
    """Raises ModelError where the model is for other slots or inputs than this version's."""
    if model.outputs != SLOTS:
        raise ModelError("the model has other slots than this version of DrumGain")
    if model.inputs != input_names(model.columns):
        raise ModelError("the model has other inputs than this version of DrumGain")


def linear_part(model: Forest) -> LinearPart:
    """The model's linear part. Raises ModelError where it has none."""
    if model.linear is None:
        raise ModelError("the model has no linear part: it belongs to another method")
    return model.linear


def responses_of(model: Forest) -> DrumResponses:
    """How the model expects drums in microphones. Raises ModelError where it does not say."""
    if model.responses is None:
        raise ModelError("the model does not say how microphones hear drums: train it again")
    return model.responses


def sounding(
    given: MethodInput,
) -> tuple[npt.NDArray[np.intp], list[Role], list[int], FeatureTable]:
    """The places, roles, channels and features of the active tracks that have a loudness.

    Channels: 2 for a stereo picture, 1 for one microphone, also where its file has two.
    """
    loudness = given.table.column("loudness_lufs")
    chosen = np.flatnonzero(given.active & np.isfinite(loudness))
    roles = [given.roles[place] for place in chosen]
    channels = [2 if given.measurement.stereo[place] else 1 for place in chosen]
    return chosen, roles, channels, FeatureTable(given.table.columns, given.table.values[chosen])


def session(
    given: MethodInput,
) -> tuple[SessionLevels, npt.NDArray[np.intp], list[int], FeatureTable]:
    """The levels, places, channels and features of the tracks that have a loudness. Those that are
    not active are held."""
    loudness = given.table.column("loudness_lufs")
    chosen = np.flatnonzero(np.isfinite(loudness))
    levels = SessionLevels.of(
        given.roles, given.measurement.onset_windows, loudness, given.active, chosen
    )
    channels = [2 if given.measurement.stereo[place] else 1 for place in chosen]
    return levels, chosen, channels, FeatureTable(given.table.columns, given.table.values[chosen])


def predict(
    model: Forest,
    levels: SessionLevels,
    table: FeatureTable,
    channels: Sequence[int],
    hits: HitLevels | None = None,
) -> tuple[Float64, GainDecision]:
    """(n,) gains in dB of tracks with a loudness, NaN for held ones; their common offset carries no
    meaning. And what was decided on their levels. ``hits``: those of ``session_hits``, where they
    are known already."""
    gains, decision = linear_gains(linear_part(model), responses_of(model), levels, channels, hits)
    free = np.flatnonzero(~levels.held).tolist()
    gains[free] += slot_values(
        model,
        FeatureTable(table.columns, table.values[free]),
        [levels.roles[place] for place in free],
        [channels[place] for place in free],
    )
    return gains, decision


def slot_values(
    model: Forest, table: FeatureTable, roles: Sequence[Role], channels: Sequence[int]
) -> Float64:
    """(tracks,) the trees' outputs for the slots of the tracks."""
    assigned = assign_slots(roles, channels, table.column(model.tie_column))
    values = model.predict(input_row(table, assigned, model.columns)[None, :])[0]
    return np.asarray(values[[one.slot for one in assigned]])


def linear_gains(
    linear: LinearPart,
    responses: DrumResponses,
    levels: SessionLevels,
    channels: Sequence[int],
    hits: HitLevels | None = None,
) -> tuple[Float64, GainDecision]:
    """As ``predict``, without the trees."""
    decision = decide(levels, responses, linear.template_lufs, hits=hits)
    gains = fixed_gains(linear, levels.roles, channels) - decision.undone_db
    return np.where(levels.held, np.nan, gains), decision


def fixed_gains(linear: LinearPart, roles: Sequence[Role], channels: Sequence[int]) -> Float64:
    """(n,) gains in dB of roles and of stereo pictures, whatever the recorded levels."""
    fixed = np.array([linear.role_db[role.name] for role in roles])
    return np.asarray(fixed + linear.stereo_db * is_stereo(roles, channels))


def is_stereo(roles: Sequence[Role], channels: Sequence[int]) -> Float64:
    """(tracks,) 1 where ``stereo_db`` counts, 0 elsewhere."""
    pairs = zip(roles, channels, strict=True)
    return np.array([float(r.name in STEREO and (c == 2 or r.side == "stereo")) for r, c in pairs])


def interval_halves(linear: LinearPart, roles: Sequence[Role], sd_db: Float64) -> Float64:
    """(n,) half the width of each track's interval in dB; ``sd_db`` (n,): of its recording gain."""
    widths = np.array([linear.interval_db[role.name] for role in roles])
    return np.asarray(widths * (1.0 + linear.interval_rise * sd_db))


def _number(role: Role) -> float:
    """Sort key: a tom without a number is a floor tom, the last; other drums the first."""
    if role.ordinal is not None:
        return role.ordinal
    return np.inf if role.name == "tom" else 1.0


def _tie(value: float) -> float:
    """Sort key: NaN would break the order."""
    return value if np.isfinite(value) else np.inf
