"""The interface between features and gains. Knows neither hosts nor files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reaper_drumgain.analysis.descriptors import Descriptor
    from reaper_drumgain.analysis.features import FeatureTable, Measurement
    from reaper_drumgain.tracks.roles import Role


@dataclass(frozen=True, slots=True)
class MethodInput:
    """The drum tracks that a method balances, n of them, in project order.

    ``active`` (n,) is false where a track is silent or holds only bleed: such tracks are
    held by the plan whatever a method says, and must not pull on the others.
    """

    roles: tuple[Role, ...]
    table: FeatureTable
    measurement: Measurement
    active: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MethodGains:
    """What a method wants: (n,) fader gains in dB; their common offset carries no meaning.

    NaN where the method has no opinion (the track then keeps its place among the others).
    ``intervals_db`` (n, 2): lower and upper bound in the same scale, or None.
    """

    gains_db: NDArray[np.float64]
    intervals_db: NDArray[np.float64] | None = None


class Method(Protocol):
    """A rule that gives every drum track a gain.

    One that needs more than the ordinary measurement has an attribute ``descriptors``, a sequence
    of ``descriptors.Descriptor``; their results are in ``measurement.described``.
    """

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the tracks of ``given``."""
        ...


def descriptors_of(method: Method) -> Sequence[Descriptor]:
    """What the method wants measured besides."""
    descriptors: Sequence[Descriptor] = getattr(method, "descriptors", ())
    return descriptors
