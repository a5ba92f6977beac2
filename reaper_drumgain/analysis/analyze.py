"""Which audio is analyzed, and the analysis of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.loudness import Float64
from reaper_drumgain.analysis.measurement import MultitrackAnalysis, Progress
from reaper_drumgain.analysis.multitrack import Multitrack
from reaper_drumgain.audio.safe_open import trust_shares_of
from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.selection import DrumTrack


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """The tracks whose audio is analyzed, before their faders.

    Attributes
    ----------
    session
        The session that holds the tracks.
    drums
        The tracks to analyze, in the order of the results.
    span
        Start and end in seconds of the project. None for all that plays.
    descriptors
        What is measured in addition to what every analysis holds.
    """

    session: Session
    drums: tuple[DrumTrack, ...]
    span: tuple[float, float] | None = None
    descriptors: tuple[Descriptor, ...] = ()


@dataclass(frozen=True, slots=True)
class Analyzed:
    """An analysis and the request that it answers."""

    request: AnalysisRequest
    analysis: MultitrackAnalysis

    @property
    def indexes(self) -> tuple[int, ...]:
        """The index of each analyzed track in its session."""
        return tuple(drum.track.index for drum in self.request.drums)


def analyze(
    request: AnalysisRequest, *, threads: int = 2, progress: Progress | None = None
) -> MultitrackAnalysis:
    """Read the audio of the requested tracks once, and measure it.

    Parameters
    ----------
    request
        Which tracks, and what to measure.
    threads
        How many threads decode the audio.
    progress
        Called with what is being done and the share of it that is done, 0 to 1.

    Returns
    -------
    MultitrackAnalysis
        One entry per requested track. Media that cannot be read count as silence, and are named
        in ``flags`` and ``warnings``.
    """
    return _multitrack(request, progress).measure(threads, request.descriptors)


def mix_peaks(
    analyzed: Analyzed, mixes: Sequence[Float64], progress: Progress | None = None
) -> list[float]:
    """Find the sample peaks of mixes of the analyzed channels (see ``Multitrack.peaks``).

    Parameters
    ----------
    analyzed
        An analysis with its request.
    mixes
        Of each mix the linear gains, shape (2, channels): left and right.
    progress
        Called with what is being done and the share of it that is done, 0 to 1.

    Returns
    -------
    list
        The peak of each mix in dBFS.
    """
    request = analyzed.request
    return _multitrack(request, progress).peaks(mixes, analyzed.analysis)


def _multitrack(request: AnalysisRequest, progress: Progress | None) -> Multitrack:
    trust_shares_of(request.session.path)
    return Multitrack(request.session, request.drums, progress, request.span)
