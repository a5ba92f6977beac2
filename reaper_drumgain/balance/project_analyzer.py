"""The analysis of one project's audio with its cache: used by every front end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain import methods
from reaper_drumgain.analysis.analyze import AnalysisRequest, Analyzed, analyze, mix_peaks
from reaper_drumgain.analysis.measurement import MultitrackAnalysis, Progress
from reaper_drumgain.cache.analysis_cache import AnalysisCache
from reaper_drumgain.cache.store import Store


class ProjectAnalyzer:
    """Analyzes audio, or takes the analysis from the cache.

    ``last`` is the last request with its analysis, None before the first one.

    Parameters
    ----------
    store
        Where results are cached; None for no cache.
    threads
        How many threads read and measure.
    progress
        Called with what is being done and the share of it that is done, 0 to 1.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        threads: int = 2,
        progress: Progress | None = None,
    ) -> None:
        self.threads = threads
        self.progress = progress
        self.last: Analyzed | None = None
        #: how often audio was read and measured
        self.passes = 0
        self._cache = None if store is None else AnalysisCache(store, methods.all_descriptors)

    def analyze(self, request: AnalysisRequest) -> MultitrackAnalysis:
        """The analysis of the requested tracks; the same with the cache and without."""
        if self._cache is None:
            analysis = self._measure(request)
        else:
            analysis = self._cache.analyze(request, self._measure)
        self.last = Analyzed(request, analysis)
        return analysis

    def peaks(self, mixes: Sequence[NDArray[np.float64]]) -> list[float]:
        """The sample peaks of mixes of the channels that were analyzed last. Reads audio.

        Parameters
        ----------
        mixes
            Shape (2, channels) each: linear gains to the left and the right side.

        Returns
        -------
        list of float
            The peak of each mix in dBFS.

        Raises
        ------
        ConflictError
            Media have changed since they were analyzed.
        ValueError
            Nothing was analyzed yet.
        """
        if self.last is None:
            raise ValueError("nothing was analyzed yet")
        return mix_peaks(self.last, mixes, self.progress)

    def finish(self) -> None:
        """Store new results in the cache; call it once the user has the answer."""
        if self._cache is not None:
            self._cache.finish()

    def _measure(self, request: AnalysisRequest) -> MultitrackAnalysis:
        self.passes += 1
        return analyze(request, threads=self.threads, progress=self.progress)
