"""From a method's relative gains to fader values.

In this order: the path behind each fader is taken off (``levels``); linked tracks make one move;
the amount makes it smaller; a common offset sets the level of the drums; tracks without their own
drum are held (never raised); moves are rounded to 0.01 dB; trims are added; a fader ends at its
upper end.

Trims (``schema.trims``) are exact: all is solved for the faders without them, so that a trim moves
the tracks of its family alone. A stated level, a peak or a loudness, is met with them.

The kit does not move for a track that would pass the end. Such a track ends there, linked tracks
stop with it, what it lacks is reported, and the drums are softer by what is missing. The common
offset is that of the unlimited moves: with it the drums would be as loud as before, or at the
stated level, had no fader an end. Where a stated level would take further tracks to their end, the
whole kit stops before that: the balance counts for more.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.faders.levels import PathLevels, offset_for
from reaper_drumgain.faders.links import any_linked, linked_moves, linked_places
from reaper_drumgain.faders.outliers import outlier_moves
from reaper_drumgain.faders.solution import Solution
from reaper_drumgain.faders.trims import TrackTrims
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import HEARD_DB, MAX_FADER, Decibel, to_decibel

Array = NDArray[np.float64]
#: measures the sample peaks, in dBFS, of mixes that are given as (2, channels) linear gains
PeakMeter = Callable[[Sequence[Array]], list[float]]

_ROUNDING = 2
_HALF_STEP = 0.5 * 10.0**-_ROUNDING


class Solver:
    """Finds fader values for n measured drum tracks.

    Parameters
    ----------
    drums
        The tracks in project order.
    active
        Shape (n,): tracks that hold their own drum. The others are held, that is never raised.
    readable
        Shape (n,): tracks whose media could be read. The others stay.
    path
        The levels that the tracks have behind their faders.
    settings
        Amount and level.
    peaks
        Called only for a peak level.
    start
        Shape (n,): faders in dB without trims, from which moves are counted where those are not the
        present ones (after an earlier run that made a part of each move).
    trims, follows
        The trims. For each track the place of the one whose move it makes, else None.
    """

    def __init__(
        self,
        drums: Sequence[DrumTrack],
        active: NDArray[np.bool_],
        readable: NDArray[np.bool_],
        path: PathLevels,
        settings: Settings,
        peaks: PeakMeter,
        start: Array | None = None,
        trims: TrackTrims | None = None,
        follows: Sequence[int | None] | None = None,
    ) -> None:
        self._drums = drums
        self._active = active
        self._path = path
        self._settings = settings
        self._share = settings.amount / 100.0
        self._peaks = peaks
        self._old: Array = np.array([to_decibel(drum.track.fader) for drum in drums])
        self._ends = np.maximum(MAX_FADER, self._old)
        self._movable = np.array([drum.flag is None for drum in drums]) & readable
        follows = follows or [None] * len(drums)
        self._leaders = np.array([i if to is None else to for i, to in enumerate(follows)], int)
        self._following = np.array([to is not None for to in follows], bool)
        trims = trims or TrackTrims.none(len(drums))
        self._old_trims = trims.made
        self._trims = trims.after(self._movable, active | self._following)
        self._untrimmed: Array = self._old - self._old_trims
        self._start = self._untrimmed if start is None else start
        free = active & ~self._following
        self._anchors = free & np.array([drum.anchors for drum in drums])
        self._leading = free & self._movable
        self._links = linked_places(drums)
        self._led = any_linked(active, self._links)
        self._warnings: list[str] = []
        self._known_peaks: tuple[Array, list[float]] | None = None

    def solve(
        self, gains: Array, intervals: Array | None = None, pair_db: Array | None = None
    ) -> Solution:
        """The fader values for a method's gains.

        Parameters
        ----------
        gains
            Shape (n,): relative gains in dB, NaN where the method has none for a track.
        intervals
            Shape (n, 2): lower and upper bounds in dB, on the scale of the gains.
        pair_db
            Shape (n,): the part of a gain in dB that corrects one side of a pair against the other.

        Returns
        -------
        Solution
            With intervals where they are given.
        """
        if self._share == 0.0 or not self._leading.any():
            return self._solution(*self._limited(self._trimmed(self._untrimmed)))
        targets = self._targets(self._path.fader_gains(gains))
        moves = linked_moves(targets - self._start, self._links, self._active)
        moves = moves + self._between_sides(pair_db)
        untrimmed = self._rounded(self._moved(moves, self._share, self._offset(moves)))
        unlimited = self._trimmed(untrimmed)
        faders, limited = self._limited(unlimited)
        solution = self._solution(faders, limited)
        if limited.any() and not self._anchors.any():
            kept = self._settings.level.kind == "keep" and not self._trims.any()
            asked = solution.before_lufs if kept else self._path.loudness(unlimited)
            short = asked - solution.after_lufs
            solution = dataclasses.replace(solution, short_db=short)
        if intervals is None:
            return solution
        around = self._around(untrimmed, intervals - gains[:, None])
        return dataclasses.replace(solution, intervals=around)

    def solve_outliers(self, gains: Array, intervals: Array) -> Solution:
        """The fader values where only those outside their interval move, to its edge.

        The others set the level (see ``faders.outliers``).

        Parameters
        ----------
        gains, intervals
            As for ``solve``.

        Returns
        -------
        Solution
            With ``within``.
        """
        if self._settings.level.kind != "keep":
            self._warn_of_level()
        around = intervals - gains[:, None]
        at_faders = self._path.fader_gains(gains)
        found = outlier_moves(
            self._start,
            at_faders,
            at_faders[:, None] + around,
            self._active & ~self._following,
            self._links,
        )
        moved = self._rounded(self._start + self._with_followers(found.moves) * self._share)
        faders, limited = self._limited(self._trimmed(moved))
        return dataclasses.replace(
            self._solution(faders, limited),
            intervals=np.where(self._leading[:, None], found.intervals, np.nan),
            within=found.within & self._leading,
        )

    def _around(self, faders: Array, intervals: Array) -> Array:
        """The intervals, given around 0 dB, around the faders; NaN for tracks that stay.

        They lie around the end of the full move, also where the amount makes only a part of it.
        """
        full = self._start + (faders - self._start) / self._share
        return np.where(self._leading[:, None], full[:, None] + intervals, np.nan)

    def _trimmed(self, faders: Array) -> Array:
        """The faders (n,) in dB with their trims; tracks that may not move as they are."""
        return np.where(self._movable, faders + self._trims, self._old)

    def _between_sides(self, pair_db: Array | None) -> Array:
        """What each side of a pair moves beyond their common move (n,), so that in the end they
        differ by their gains in ``pair_db`` along their paths. Sides without a gain of their own,
        and those that a volume group holds together, keep the difference that they have."""
        beyond = np.zeros(self._old.shape)
        along = self._start + np.nan_to_num(self._path.path_db)
        for place, members in enumerate(self._links):
            if pair_db is None or pair_db[place] == 0.0 or len(members) != 2:
                continue
            if any(self._drums[side].track.volume_groups for side in members):
                continue
            if self._movable[list(members)].all():
                other = members[0] + members[1] - place
                apart = float(along[place] - along[other])
                beyond[place] = pair_db[place] - apart / 2.0
        return beyond

    def _targets(self, gains: Array) -> Array:
        """The method's gains; a track without one keeps its place among the others."""
        known = np.isfinite(gains) & self._active & ~self._following
        shift = float(np.mean((gains - self._start)[known])) if known.any() else 0.0
        return np.where(known, gains, self._start + shift)

    def _moved(self, moves: Array, share: float, offset: float) -> Array:
        """The faders (n,) in dB, without trims, after ``share`` (0 to 1) of the moves and a
        common offset.

        A held track follows the tracks that it is linked to, else the kit; down, never up.
        """
        wanted = moves * share + offset
        room = self._ends - self._trims - self._start
        kit = float(np.mean(np.minimum(wanted, room)[self._leading]))
        held = np.minimum(0.0, np.where(self._led, wanted, kit))
        wanted = self._with_followers(np.where(self._active, wanted, held))
        return np.where(self._movable, self._start + wanted, self._untrimmed)

    def _with_followers(self, moves: Array) -> Array:
        """The moves (n,) in dB; those of followers are their leaders'."""
        return np.where(self._following, np.where(self._movable, moves, 0.0)[self._leaders], moves)

    def _offset(self, moves: Array) -> float:
        """The common offset in dB that the level setting asks for, or that the anchors set."""
        level = self._settings.level
        anchors = self._anchors
        if anchors.any():
            if level.kind != "keep":
                self._warn_of_level()
            # the median: a fader that stands far off does not take the kit along
            return -float(np.median(moves[anchors])) * self._share
        keep = self._keep_offset(moves)
        mean = -float(np.mean(moves[self._leading])) * self._share
        if level.target is None:
            offset = keep
        elif level.kind == "lufs":
            offset = self._loudness_offset(moves, level.target)
        else:
            offset = self._peak_offset(moves, keep or 0.0, level.target)
        if offset is None:
            self._tell_out_of_reach(moves, mean)
            return mean
        if level.kind == "keep":
            return offset
        return self._within_ends(moves, mean if keep is None else keep, offset)

    def _keep_offset(self, moves: Array) -> float | None:
        """The common offset in dB that keeps the drums' loudness, None where none does.

        It is that of the unlimited moves: no track moves for another that ends at +12 dB. A track
        that ended there in an earlier run counts with what it would need, before and after, so
        that a second run finds the same faders.
        """
        at_end = self._leading & (self._old >= MAX_FADER - HEARD_DB)
        at_end = self._leading & any_linked(at_end, self._links) | at_end

        def change(offset: float) -> float:
            wanted = self._moved(moves, self._share, offset)
            old = self._untrimmed
            before = np.where(at_end & (wanted > old), wanted, old)
            return self._path.loudness(wanted) - self._path.loudness(before)

        return offset_for(change, 0.0)

    def _last_offset(self, moves: Array, keep: float) -> tuple[float, int]:
        """The offset in dB at which the first further track meets its end, and its place.

        Tracks that pass their end with the offset ``keep`` already do not count.
        """
        room = self._ends - self._trimmed(self._moved(moves, self._share, keep))
        free = self._leading & ~any_linked(self._leading & (room < 0.0), self._links)
        if not free.any():
            return math.inf, 0
        room = np.where(free, room, math.inf)
        return keep + float(room.min()), int(room.argmin())

    def _loudness_offset(self, moves: Array, target: Decibel) -> float | None:
        """The offset in dB that brings the full move to a loudness, times the amount."""
        full = offset_for(
            lambda o: self._path.loudness(self._trimmed(self._moved(moves, 1.0, o))), target
        )
        return None if full is None else full * self._share

    def _tell_out_of_reach(self, moves: Array, offset: float) -> None:
        """Warn that tracks which stay keep the drums from their level, and by how much."""
        level = self._settings.level
        away = ""
        if level.kind != "peak":
            faders = self._moved(moves, self._share, offset)
            if level.target is None:
                target = self._path.loudness(self._untrimmed)
            else:
                faders, target = self._trimmed(faders), level.target
            reached = self._path.loudness(faders)
            if math.isfinite(reached - target):
                side = "over" if reached > target else "under"
                away = f" (the drums end {abs(reached - target):.1f} dB {side} it)"
        self._warnings.append(
            f"level {level} cannot be reached with the tracks that may move{away}: the mean of "
            "their faders is kept instead"
        )

    def _within_ends(self, moves: Array, keep: float, offset: float) -> float:
        """The offset in dB, lower where a louder kit would lose its balance at the faders' ends.

        ``keep``: the offset that keeps the drums' loudness. Tracks that pass their end with it do
        not count; no other track may pass its end.
        """
        most, first = self._last_offset(moves, keep)
        if offset <= most:
            return offset
        if offset - most >= HEARD_DB:
            self._warnings.append(
                f"level {self._settings.level} cannot be reached: the drums are "
                f"{offset - most:.1f} dB lower than asked, because the fader of "
                f"{self._drums[first].track.name!r} ends at +{MAX_FADER:g} dB"
            )
        return most

    def _warn_of_level(self) -> None:
        self._warnings.append(
            f"level {self._settings.level} is not applied: the tracks that are not moved set the "
            "level of the others"
        )

    def _peak_offset(self, moves: Array, guess: float, target: Decibel) -> float | None:
        """The offset in dB that brings the peak of the full move to the target, times the amount.

        The audio is read again only where the peak does not shift by the offset, because tracks
        are held or sends are pre-fader.
        """
        offset = guess
        for _ in range(3):
            faders = self._trimmed(self._moved(moves, 1.0, offset))
            peak = self._peak_of(faders)
            if not math.isfinite(peak):
                return None
            step = target - peak
            offset += step
            if self._shifts(faders, self._trimmed(self._moved(moves, 1.0, offset))):
                break
        return offset * self._share

    def _peak_of(self, faders: Array) -> float:
        before, after = self._peaks([self._path.gains.mix(self._old), self._path.gains.mix(faders)])
        self._known_peaks = (faders, [before, after])
        return after

    def _shifts(self, one: Array, other: Array) -> bool:
        """Whether the mixes with two sets of faders differ only by one common gain."""
        return bool(np.ptp(other - one) < 1e-9) and not self._path.gains.has_pre_fader

    def _rounded(self, faders: Array) -> Array:
        """The faders with rounded moves; linked tracks keep their offset to the last digit."""
        rounded = self._start + np.round(faders - self._start, _ROUNDING)
        return np.where(self._movable, rounded, faders)

    def _limited(self, faders: Array) -> tuple[Array, Array]:
        """The faders (n,) with none beyond its end, and what each would need more, both in dB.

        Linked tracks stop as one. A fader that stood beyond the end before may stay there.
        """
        may = self._leading | self._following & self._movable
        over = np.where(may, np.maximum(faders - self._ends, 0.0), 0.0)
        excess = np.array([over[list(members)].max() for members in self._links])
        excess = np.where(may, excess, 0.0)
        return faders - excess, excess

    def _solution(self, faders: Array, limited: Array) -> Solution:
        before_peak, after_peak = -math.inf, -math.inf
        if self._settings.level.kind == "peak":
            before_peak, after_peak = self._measured_peaks(faders)
        return Solution(
            self._old,
            faders,
            limited,
            self._trims,
            self._old_trims,
            before_lufs=self._path.loudness(self._old),
            after_lufs=self._path.loudness(faders),
            before_dbfs=before_peak,
            after_dbfs=after_peak,
            warnings=tuple(self._warnings),
        )

    def _measured_peaks(self, faders: Array) -> tuple[float, float]:
        if self._known_peaks is not None:
            known, (before, after) = self._known_peaks
            difference = faders - known
            # faders are rounded, so a shift is one up to half a step either way
            if np.ptp(difference) <= 2.0 * _HALF_STEP and not self._path.gains.has_pre_fader:
                return before, after + float(np.mean(difference))
        before, after = self._peaks([self._path.gains.mix(self._old), self._path.gains.mix(faders)])
        return before, after
