"""The interface of gain methods: what a method gets, what it returns, what it may offer.

Methods know neither hosts nor files of projects; they see measurements and roles only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reaper_drumgain.analysis.descriptors import Descriptor
    from reaper_drumgain.analysis.features import FeatureTable
    from reaper_drumgain.analysis.measurement import Measurement
    from reaper_drumgain.tracks.roles import Role


@dataclass(frozen=True, slots=True)
class MethodInput:
    """The drum tracks that a method balances, n of them, in project order.

    ``active`` (n,) is false where a track is silent or holds only bleed: the plan holds such
    tracks whatever a method says, and they must not influence the gains of the others.
    """

    roles: tuple[Role, ...]
    table: FeatureTable
    measurement: Measurement
    active: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MethodGains:
    """The result of a method: (n,) gains in dB; their common offset carries no meaning.

    A gain is that of the microphone's audio on its whole way to the master; what the path behind
    the fader gives is taken off afterwards (``faders.levels``), but for methods that set faders
    (``Method.sets_faders``). NaN where the
    method has no gain (the track then keeps its place among the others).
    ``intervals_db`` (n, 2): lower and upper bound in the same scale, or None where the method
    gives no intervals. ``pair_db`` (n,): the part of a gain that sets one side of a pair right
    against the other, the two of opposite sign; 0 for all other tracks. None where the method
    tells no such thing: the sides of a pair then make one move.
    ``recording_gain_db``, ``recording_gain_sd_db`` (n,): how much louder than usual for its role
    each track was recorded, against the mean of them, and the standard deviation of that; NaN for
    tracks, and None for methods, that tell no such thing.
    ``undone_db`` (n,): the part of a gain that makes up for how a track was recorded and played,
    against the mean of the tracks, likewise.
    ``bundled_db`` (n,): of a user's own model, the gains of the bundled one, else None.
    """

    gains_db: NDArray[np.float64]
    intervals_db: NDArray[np.float64] | None = None
    pair_db: NDArray[np.float64] | None = None
    recording_gain_db: NDArray[np.float64] | None = None
    recording_gain_sd_db: NDArray[np.float64] | None = None
    undone_db: NDArray[np.float64] | None = None
    bundled_db: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class RunningGains:
    """Gains over time, a value per hop of 100 ms.

    ``gains_db`` (n, hops), NaN before a track first plays; ``open`` (n, hops): where it plays.
    Hop h covers the loudness from h - 3 to h (400 ms).
    """

    gains_db: NDArray[np.float64]
    open: NDArray[np.bool_]

    def static(self) -> NDArray[np.float64]:
        """(n,) mean gain over the time that each track plays, NaN where it never does."""
        time = self.open.sum(axis=1)
        total = np.where(self.open, self.gains_db, 0.0).sum(axis=1)
        return np.asarray(np.where(time > 0, total / np.maximum(time, 1), np.nan))


class Method(ABC):
    """A rule that gives every drum track a gain. Only ``gains`` has to be written.

    ``has_intervals``: whether ``gains`` gives intervals.
    ``descriptors``: what has to be measured beside the usual features; the results are in
    ``MethodInput.measurement.described``. ``has_running_gains``: whether the method also gives
    gains over time, by ``running``. ``rides_playing``: how it goes by sections. True: its gains
    stand for the whole song, and a section rides what is played in it, by ``playing_gains``; a
    method that tells recording gain from playing. False: each section is balanced for itself.
    ``sets_faders``: its gains are fader positions, chosen without regard to levels, and stay what
    they are whatever the path behind the faders does. False: they are gains on the whole way to
    the master, of which the fader gives what the path does not.
    """

    descriptors: tuple[Descriptor, ...] = ()
    has_intervals: ClassVar[bool] = False
    has_running_gains: ClassVar[bool] = False
    rides_playing: ClassVar[bool] = False
    sets_faders: ClassVar[bool] = False
    #: whether its gains are those of one session as a whole: no kit or copy is taken out of it
    whole_session: ClassVar[bool] = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the warnings of every plan."""
        return ()

    @abstractmethod
    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the tracks of ``given``."""

    def running(self, given: MethodInput) -> RunningGains:
        """The gains over time. Raises NotImplementedError unless ``has_running_gains``."""
        raise NotImplementedError(f"{type(self).__name__} gives no gains over time")

    def playing_gains(self, departures_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the method makes of playing that departs from the usual: gains in dB for
        departures in dB (louder is positive), of their shape.

        Raises NotImplementedError unless ``rides_playing``.
        """
        raise NotImplementedError(f"{type(self).__name__} rides no playing: {departures_db.shape}")

    def warm_up(self) -> None:  # noqa: B027
        """Load what the first call of ``gains`` would load; never raises DrumGainError."""
