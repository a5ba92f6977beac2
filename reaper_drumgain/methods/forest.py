"""The default method: a multi-output random forest over named role slots, on a linear part.

    gain of track m = role(m) + stereo(m) + forest_slot(m) - s (d_m - mean d)
    d_m = L_m - template(role of m),   s = V / (V + W),   V = variance of d (n - 1)

L is the gated loudness of the raw track, ``template`` the loudness at which the role was
recorded in the training songs, V the variance of d, W its average over those songs; ``stereo``
applies to tracks with two channels. Where a kit was recorded with care, V is about W and s about
a half, which is the share that engineers undo; where it was not, V is large, s is near 1, and the
levels are undone. The inputs of the trees do not depend on recording gain, so s alone decides the
slope: a track recorded louder never gets a higher fader relative to any other. Proof: with
D = d - mean d, raising track j by a little e moves its gain against that of track m by
-e (s + s' 2 D_j (D_j - D_m) / (n - 1)) with s' = W / (V + W)^2; D_j (D_j - D_m) is at least
-0.21 (n - 1) V, so the bracket is at least s (1 - 0.42 W / (V + W)), which is above 0.

The interval of a track is its gain -+ interval(role) (1 + rise s): see ``learn.fitting.intervals``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.forest_file import Forest, LinearPart, bundled_folder, load
from reaper_drumgain.tracks.roles import Role

Float64 = npt.NDArray[np.float64]

#: how much of a departure that is playing is undone, and of how many dB at most
PLAYING_SHARE, PLAYING_DB = 0.2, 4.0

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


def departures(loudness: Float64, roles: Sequence[Role], template: Mapping[str, float]) -> Float64:
    """(tracks,) how far each was recorded above its role's template, their mean removed."""
    above = loudness - np.array([template[role.name] for role in roles])
    return np.asarray(above - above.mean())


def slope(departure: Float64, width_db: float) -> float:
    """How much of the departures to undo, 0 to 1: see the module's formula (W = width^2)."""
    if len(departure) < 2:
        return 1.0
    variance = float(np.var(departure, ddof=1))
    total = variance + width_db**2
    return variance / total if total > 0.0 else 1.0


class ForestMethod(Method):
    """The bundled forest, or another model of the same make."""

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
        wanted = np.full(len(given.roles), np.nan)
        intervals = np.full((len(given.roles), 2), np.nan)
        chosen, roles, channels, table = sounding(given)
        if chosen.size:
            linear = linear_part(self.model)
            wanted[chosen] = predict(self.model, table, roles, channels)
            half = interval_halves(linear, table.column("loudness_lufs"), roles)
            intervals[chosen] = wanted[chosen, None] + np.stack([-half, half], axis=1)
        return MethodGains(wanted, intervals)

    def playing_gains(self, departures_db: Float64) -> Float64:
        """A share of what is playing is undone, and no more than of 4 dB."""
        return -PLAYING_SHARE * np.clip(departures_db, -PLAYING_DB, PLAYING_DB)

    def warm_up(self) -> None:
        """Load the bundled model before it is needed; ``model`` raises where that fails."""
        with contextlib.suppress(ModelError):
            ForestMethod._bundled = load(bundled_folder())


class LinearMethod(ForestMethod):
    """The forest's linear part alone: roles, stereo tracks and levels, no trees."""

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the active tracks, NaN for the others."""
        wanted = np.full(len(given.roles), np.nan)
        chosen, roles, channels, table = sounding(given)
        if chosen.size:
            linear = linear_part(self.model)
            wanted[chosen] = linear_gains(linear, table.column("loudness_lufs"), roles, channels)
        return MethodGains(wanted)


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


def predict(
    model: Forest, table: FeatureTable, roles: Sequence[Role], channels: Sequence[int]
) -> Float64:
    """(tracks,) gains in dB of tracks with a loudness; their common offset carries no meaning."""
    linear = linear_part(model)
    return np.asarray(
        linear_gains(linear, table.column("loudness_lufs"), roles, channels)
        + slot_values(model, table, roles, channels)
    )


def slot_values(
    model: Forest, table: FeatureTable, roles: Sequence[Role], channels: Sequence[int]
) -> Float64:
    """(tracks,) the trees' outputs for the slots of the tracks."""
    assigned = assign_slots(roles, channels, table.column(model.tie_column))
    values = model.predict(input_row(table, assigned, model.columns)[None, :])[0]
    return np.asarray(values[[one.slot for one in assigned]])


def linear_gains(
    linear: LinearPart, loudness: Float64, roles: Sequence[Role], channels: Sequence[int]
) -> Float64:
    """(tracks,) gains in dB without the trees."""
    away = departures(loudness, roles, linear.template_lufs)
    fixed = np.array([linear.role_db[role.name] for role in roles])
    stereo = linear.stereo_db * is_stereo(roles, channels)
    return np.asarray(fixed + stereo - slope(away, linear.width_db) * away)


def is_stereo(roles: Sequence[Role], channels: Sequence[int]) -> Float64:
    """(tracks,) 1 where ``stereo_db`` counts, 0 elsewhere."""
    pairs = zip(roles, channels, strict=True)
    return np.array([float(r.name in STEREO and (c == 2 or r.side == "stereo")) for r, c in pairs])


def interval_halves(linear: LinearPart, loudness: Float64, roles: Sequence[Role]) -> Float64:
    """(tracks,) half the width of each track's interval in dB."""
    undone = slope(departures(loudness, roles, linear.template_lufs), linear.width_db)
    widths = np.array([linear.interval_db[role.name] for role in roles])
    return np.asarray(widths * (1.0 + linear.interval_rise * undone))


def _number(role: Role) -> float:
    """Sort key: a tom without a number is a floor tom, the last; other drums the first."""
    if role.ordinal is not None:
        return role.ordinal
    return np.inf if role.name == "tom" else 1.0


def _tie(value: float) -> float:
    """Sort key: NaN would break the order."""
    return value if np.isfinite(value) else np.inf
