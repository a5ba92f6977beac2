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

    Attributes
    ----------
    roles
        The role of each track.
    table
        Their features, shape (n, columns).
    measurement
        What was measured of them.
    active
        Shape (n,): false where a track is silent or holds only bleed. The plan keeps such tracks
        whatever a method says, and they must not influence the gains of the others.
    """

    roles: tuple[Role, ...]
    table: FeatureTable
    measurement: Measurement
    active: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MethodGains:
    """The result of a method for n tracks. Of all gains the common offset has no meaning.

    A gain is that of the microphone's audio on its whole path to the master. What the path behind
    the fader gives is taken off afterwards (``faders.levels``), except for methods that set faders
    (``Method.sets_faders``).

    Attributes
    ----------
    gains_db
        Shape (n,), in dB. NaN where the method has no gain: the track then keeps its place among
        the others.
    intervals_db
        Shape (n, 2): lower and upper bound on the same scale. None without intervals.
    pair_db
        Shape (n,), in dB: the part of a gain that corrects one side of a pair against the other, of
        opposite sign for the two; 0 for other tracks. None where the method does not tell: both
        sides then make one move.
    recording_gain_db, recording_gain_sd_db
        Shape (n,), in dB: how much louder than usual for its role each track was recorded, against
        the mean of the tracks, and the standard deviation of that. NaN for tracks, and None for
        methods, without an estimate.
    undone_db
        Shape (n,), in dB: the part of a gain that makes up for how a track was recorded and
        played, against the mean of the tracks; NaN and None likewise.
    bundled_db
        Shape (n,), in dB: with a user's own model the gains of the bundled one, else None.
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

    Hop h covers the loudness from hop h - 3 to h (400 ms).

    Attributes
    ----------
    gains_db
        Shape (n, hops), in dB; NaN before a track first plays.
    open
        Shape (n, hops): where it plays.
    """

    gains_db: NDArray[np.float64]
    open: NDArray[np.bool_]

    def static(self) -> NDArray[np.float64]:
        """The mean gain over the time that each track plays.

        Returns
        -------
        array
            Shape (n,), in dB; NaN where a track never plays.
        """
        time = self.open.sum(axis=1)
        total = np.where(self.open, self.gains_db, 0.0).sum(axis=1)
        return np.asarray(np.where(time > 0, total / np.maximum(time, 1), np.nan))


class Method(ABC):
    """A rule that gives every drum track a gain. Only ``gains`` has to be written.

    Attributes
    ----------
    descriptors
        What has to be measured beside the usual features; the results are in
        ``MethodInput.measurement.described``.
    has_intervals
        Whether ``gains`` gives intervals.
    has_running_gains
        Whether the method also gives gains over time, by ``running``.
    rides_playing
        How it balances sections. True, for methods that tell recording gain from playing: its gains
        hold for the whole song, and ``playing_gains`` gives what changes with how the drums are
        played in a section. False: each section is balanced for itself.
    sets_faders
        True: its gains are fader positions, chosen without regard to levels, whatever the path
        behind the faders does. False: they are gains on the whole path to the master, of which the
        fader gives what the path does not.
    """

    descriptors: tuple[Descriptor, ...] = ()
    has_intervals: ClassVar[bool] = False
    has_running_gains: ClassVar[bool] = False
    rides_playing: ClassVar[bool] = False
    sets_faders: ClassVar[bool] = False
    #: whether its gains are known for one whole session only, so that kits are not balanced apart
    whole_session: ClassVar[bool] = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the warnings of every plan."""
        return ()

    @abstractmethod
    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the tracks of ``given``."""

    def running(self, given: MethodInput) -> RunningGains:
        """The gains over time.

        Raises
        ------
        NotImplementedError
            The method has none, see ``has_running_gains``.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no gains over time")

    def playing_gains(self, departures_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """The gains for drums that are played louder or softer than usual.

        Parameters
        ----------
        departures_db
            Any shape, in dB: how much louder than in the whole song they are played.

        Returns
        -------
        array
            The same shape: gains in dB.

        Raises
        ------
        NotImplementedError
            The method has none, see ``rides_playing``.
        """
        raise NotImplementedError(f"{type(self).__name__} rides no playing: {departures_db.shape}")

    def warm_up(self) -> None:  # noqa: B027
        """Load what the first call of ``gains`` would load. Never raises DrumGainError."""
