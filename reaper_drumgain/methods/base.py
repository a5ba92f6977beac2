"""The interface between features and gains. Knows neither hosts nor files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from reaper_drumgain.records import record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reaper_drumgain.features import FeatureTable, Measurement
    from reaper_drumgain.probes import Probe
    from reaper_drumgain.roles import Role


@record
class MethodInput:
    """The drum tracks that a method balances, n of them, in project order.

    ``active`` (n,) is false where a track is silent or holds only bleed: such tracks are
    held by the plan whatever a method says, and must not pull on the others.
    """

    roles: tuple[Role, ...]
    table: FeatureTable
    measurement: Measurement
    active: NDArray[np.bool_]


@record
class MethodGains:
    """What a method wants: (n,) fader gains in dB; their common offset carries no meaning.

    NaN where the method has no opinion (the track then keeps its place among the others).
    ``intervals_db`` (n, 2): lower and upper bound in the same scale, or None.
    """

    gains_db: NDArray[np.float64]
    intervals_db: NDArray[np.float64] | None = None


class Method(Protocol):
    """A rule that gives every drum track a gain.

    One that needs more than the ordinary measurement has an attribute ``probes``, a sequence
    of ``probes.Probe``; their results are in ``measurement.probed``.
    """

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains of the tracks of ``given``."""
        ...


def probes_of(method: Method) -> Sequence[Probe]:
    """What the method wants measured besides."""
    probes: Sequence[Probe] = getattr(method, "probes", ())
    return probes
