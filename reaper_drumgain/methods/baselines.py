"""The simple published gain methods, each a rule on one level per track."""

from __future__ import annotations

import numpy as np

from reaper_drumgain.methods.base import Method, MethodGains, MethodInput


class Unity(Method):
    """Every fader at 0 dB: the balance of the recorded levels."""

    sets_faders = True

    def gains(self, given: MethodInput) -> MethodGains:
        """Zero for every track."""
        return MethodGains(np.zeros(len(given.roles)))


class EqualRms(Method):
    """G = -20 log10 rms: every track at the same RMS level."""

    def gains(self, given: MethodInput) -> MethodGains:
        """The negative RMS level of each track, NaN where it is silent."""
        return MethodGains(-given.table.column("rms_dbfs"))


class EqualLoudness(Method):
    """G = -L, L the gated loudness of ITU-R BS.1770-4."""

    def gains(self, given: MethodInput) -> MethodGains:
        """The negative loudness of each track, NaN where it has none."""
        return MethodGains(-given.table.column("loudness_lufs"))
