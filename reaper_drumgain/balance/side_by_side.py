"""The plans of several methods for one session, whose audio is read once.

The evaluation passes methods that were fitted without some songs or kits; everything else is
what a user gets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from reaper_drumgain import methods as registry
from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.analysis.measurement import MultitrackAnalysis, Progress
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import NothingToBalanceError
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings


class _ListensOnce(ProjectAnalyzer):
    """Measures once, for the first method, what all methods need."""

    def _measure(self, request: AnalysisRequest) -> MultitrackAnalysis:
        if self.last is None:
            wanted = dataclasses.replace(request, descriptors=registry.all_descriptors())
            return super()._measure(wanted)
        return self.last.analysis


def plans_of(
    session: Session, methods: Mapping[str, Method], progress: Progress | None = None
) -> dict[str, GainPlan]:
    """The plans that balance all drum tracks of a session, whatever their faders now.

    Nothing is read from or written to a cache.

    Parameters
    ----------
    session
        The session.
    methods
        The methods by name.
    progress
        Called with what is being done and the share of it that is done, 0 to 1.

    Returns
    -------
    dict
        The plans by the names of the methods. Empty where no track may be moved.
    """
    analyzer = _ListensOnce(threads=1, progress=progress)
    try:
        return {
            name: balance(
                session, Settings(method=name, mode="all"), analyzer=analyzer, method=method
            )
            for name, method in methods.items()
        }
    except NothingToBalanceError:
        return {}
