"""From a method's relative gains to fader values.

In this order: linked tracks make one move; the amount makes it smaller; a common offset sets the
level of the drums; tracks without their own drum are held (never raised); moves are rounded to
0.01 dB; the whole kit goes down where a fader would pass its upper end.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.faders.levels import PathLevels, offset_for
from reaper_drumgain.faders.links import any_linked, linked_moves, linked_places
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import HEARD_DB, MAX_FADER, Decibel, to_decibel

Array = NDArray[np.float64]
#: measures the sample peaks, in dBFS, of mixes that are given as (2, channels) linear gains
PeakMeter = Callable[[Sequence[Array]], list[float]]

_ROUNDING = 2
_HALF_STEP = 0.5 * 10.0**-_ROUNDING


@dataclass(frozen=True, slots=True)
class Solution:
    """Old and new fader values of n measured tracks, and the level of the drums with both.

    ``old``, ``faders`` (n,): in dB. ``before_lufs``, ``after_lufs``: gated loudness of the drums
    along their path. ``before_dbfs``, ``after_dbfs``: their sample peak, -inf unless the level
    setting asks for a peak. ``limited_db``: by how much the whole kit is lower than asked, because
    a fader would pass its upper end. ``intervals`` (n, 2): the method's intervals around the
    faders in dB, NaN where there is none.
    """

    old: Array
    faders: Array
    before_lufs: float
    after_lufs: float
    before_dbfs: float = -math.inf
    after_dbfs: float = -math.inf
    limited_db: float = 0.0
    intervals: Array | None = None
    warnings: tuple[str, ...] = ()


class Solver:
    """Finds fader values for n measured drum tracks.

    ``active`` (n,): tracks that hold their own drum; the others are held, that is never raised.
    ``readable`` (n,): tracks whose media could be read; the others stay. ``peaks`` is called only
    for a peak level.
    """

    def __init__(
        self,
        drums: Sequence[DrumTrack],
        active: NDArray[np.bool_],
        readable: NDArray[np.bool_],
        path: PathLevels,
        settings: Settings,
        peaks: PeakMeter,
    ) -> None:
        self._drums = drums
        self._active = active
        self._path = path
        self._settings = settings
        self._share = settings.amount / 100.0
        self._peaks = peaks
        self._old: Array = np.array([to_decibel(drum.track.fader) for drum in drums])
        self._movable = np.array([drum.flag is None for drum in drums]) & readable
        self._anchors = active & np.array([drum.anchors for drum in drums])
        self._leading = active & self._movable
        self._links = linked_places(drums)
        self._led = any_linked(active, self._links)
        self._warnings: list[str] = []
        self._known_peaks: tuple[Array, list[float]] | None = None

    def solve(self, gains: Array, intervals: Array | None = None) -> Solution:
        """The fader values for a method's gains.

        Parameters
        ----------
        gains
            (n,) relative gains in dB, NaN where the method has none for a track.
        intervals
            (n, 2) lower and upper bounds in dB, on the scale of the gains.
        """
        if self._share == 0.0 or not self._leading.any():
            return self._solution(self._old, 0.0)
        moves = linked_moves(self._targets(gains) - self._old, self._links, self._active)
        faders, limited = self._limited(
            self._rounded(self._moved(moves, self._share, self._offset(moves)))
        )
        solution = self._solution(faders, limited)
        if intervals is None:
            return solution
        return dataclasses.replace(solution, intervals=self._shifted(faders, gains, intervals))

    def _shifted(self, faders: Array, gains: Array, intervals: Array) -> Array:
        """The intervals moved to the faders; NaN for tracks that are held or stay.

        They lie around the end of the full move, also where the amount makes only a part of it.
        """
        full = self._old + (faders - self._old) / self._share
        shifted = full[:, None] + (intervals - gains[:, None])
        return np.where(self._leading[:, None], shifted, np.nan)

    def _targets(self, gains: Array) -> Array:
        """The method's gains; a track without one keeps its place among the others."""
        known = np.isfinite(gains) & self._active
        shift = float(np.mean((gains - self._old)[known])) if known.any() else 0.0
        return np.where(known, gains, self._old + shift)

    def _moved(self, moves: Array, share: float, offset: float) -> Array:
        """The faders (n,) in dB after ``share`` (0 to 1) of the moves and a common offset.

        A held track follows the tracks that it is linked to, else the kit; down, never up.
        """
        wanted = moves * share + offset
        kit = float(np.mean(wanted[self._leading]))
        held = np.minimum(0.0, np.where(self._led, wanted, kit))
        wanted = np.where(self._active, wanted, held)
        return np.where(self._movable, self._old + wanted, self._old)

    def _offset(self, moves: Array) -> float:
        """The common offset in dB that the level setting asks for, or that the anchors set."""
        level = self._settings.level
        anchors = self._anchors
        if anchors.any():
            if level.kind != "keep":
                self._warnings.append(
                    f"level {level} is not applied: the tracks that stay set the level of the rest"
                )
            return -float(np.mean(moves[anchors])) * self._share
        keep = offset_for(
            lambda o: self._path.loudness(self._moved(moves, self._share, o)),
            self._path.loudness(self._old),
        )
        offset = keep
        if level.kind == "lufs" and level.target is not None:
            full = offset_for(
                lambda o: self._path.loudness(self._moved(moves, 1.0, o)), level.target
            )
            offset = None if full is None else full * self._share
        elif level.kind == "peak" and level.target is not None:
            offset = self._peak_offset(moves, keep or 0.0, level.target)
        if offset is None:
            self._warnings.append(
                f"level {level} cannot be reached with the tracks that may move: their faders "
                "keep their mean instead"
            )
            return -float(np.mean(moves[self._leading])) * self._share
        return offset

    def _peak_offset(self, moves: Array, guess: float, target: Decibel) -> float | None:
        """The offset in dB that brings the peak of the full move to the target, times the amount.

        The audio is read again only where the peak does not shift by the offset, because tracks
        are held or sends are pre-fader.
        """
        offset = guess
        for _ in range(3):
            faders = self._moved(moves, 1.0, offset)
            peak = self._peak_of(faders)
            if not math.isfinite(peak):
                return None
            step = target - peak
            offset += step
            if self._shifts(faders, self._moved(moves, 1.0, offset)):
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
        rounded: Array = self._old + np.round(faders - self._old, _ROUNDING)
        return rounded

    def _limited(self, faders: Array) -> tuple[Array, float]:
        """The faders with the whole kit so low that none passes its end, and by how much in dB."""
        over = self._movable & (faders > MAX_FADER) & (faders > self._old)
        if not over.any():
            return faders, 0.0
        steps = (faders[over] - MAX_FADER).max() * 10.0**_ROUNDING
        excess = math.ceil(round(steps, 6)) / 10.0**_ROUNDING
        lowered = np.where(self._movable, self._rounded(faders - excess), faders)
        if excess >= HEARD_DB:
            self._warnings.append(
                f"the whole kit is {excess:.1f} dB lower than asked, so that no fader passes "
                f"+{MAX_FADER:g} dB"
            )
        return lowered, excess

    def _solution(self, faders: Array, limited: float) -> Solution:
        before_peak, after_peak = -math.inf, -math.inf
        if self._settings.level.kind == "peak":
            before_peak, after_peak = self._measured_peaks(faders)
        return Solution(
            self._old,
            faders,
            before_lufs=self._path.loudness(self._old),
            after_lufs=self._path.loudness(faders),
            before_dbfs=before_peak,
            after_dbfs=after_peak,
            limited_db=limited,
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
