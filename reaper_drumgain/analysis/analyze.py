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

    ``drums``: tracks of ``session``, in the order of the results. ``span``: from and up to
    which second of the project, None for all that plays. ``descriptors``: what is measured
    besides what every analysis holds.
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

    ``progress`` is called with what is being done and the share of it that is done.
    Media that cannot be read count as silence, and are named in the result's ``flags`` and
    ``warnings``.
    """
    return _multitrack(request, progress).measure(threads, request.descriptors)


def mix_peaks(
    analyzed: Analyzed, mixes: Sequence[Float64], progress: Progress | None = None
) -> list[float]:
    """The sample peak in dBFS of each mix of the analyzed channels; see ``Multitrack.peaks``.

    ``mixes``: (2, channels) linear gains each.
    """
    request = analyzed.request
    return _multitrack(request, progress).peaks(mixes, analyzed.analysis)


def _multitrack(request: AnalysisRequest, progress: Progress | None) -> Multitrack:
    trust_shares_of(request.session.path)
    return Multitrack(request.session, request.drums, progress, request.span)
