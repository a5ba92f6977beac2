"""The analyzer that every front end uses: with a cache and without, and what it keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import clip, hits, session, write

from reaper_drumgain.analysis.analyze import AnalysisRequest
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.cache import keys
from reaper_drumgain.cache.store import Store
from reaper_drumgain.schema.session import Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import select


@pytest.fixture
def request_of_two(tmp_path: Path) -> AnalysisRequest:
    tracks = []
    for index, name in enumerate(("Kick", "Snare")):
        audio = hits(2.0, every=0.4, frequency=100 * (index + 1), level=0.25, seed=index)
        path = write(tmp_path / f"{name}.wav", audio)
        tracks.append(Track(index=index, name=name, clips=(clip(path, 2.0),)))
    built = session(*tracks)
    return AnalysisRequest(built, select(built, Settings()).drums)


def test_the_last_analysis_is_kept_with_its_request(request_of_two: AnalysisRequest) -> None:
    analyzer = ProjectAnalyzer()
    assert analyzer.last is None
    analysis = analyzer.analyze(request_of_two)
    assert analyzer.last is not None
    assert analyzer.last.analysis is analysis
    assert analyzer.last.request == request_of_two
    assert analyzer.last.indexes == (0, 1)


def test_without_a_cache_audio_is_read_each_time(request_of_two: AnalysisRequest) -> None:
    analyzer = ProjectAnalyzer()
    analyzer.analyze(request_of_two)
    analyzer.analyze(request_of_two)
    analyzer.finish()
    assert analyzer.passes == 2


def test_with_a_cache_the_next_analyzer_reads_no_audio(
    request_of_two: AnalysisRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "SETTLED_S", -1e9)
    passes, peaks = [], []
    for _ in range(2):
        analyzer = ProjectAnalyzer(Store(pytest.fail, tmp_path / "cache.sqlite3"))
        analyzer.analyze(request_of_two)
        peaks.append(analyzer.peaks([np.ones((2, 2))]))
        analyzer.finish()
        passes.append(analyzer.passes)
    assert passes == [1, 0]
    assert peaks[0] == peaks[1]


def test_peaks_need_an_analysis() -> None:
    with pytest.raises(ValueError, match="nothing was analyzed"):
        ProjectAnalyzer().peaks([np.ones((2, 2))])


def test_progress_is_told_to_its_end(request_of_two: AnalysisRequest) -> None:
    told: list[tuple[str, float]] = []
    ProjectAnalyzer(progress=lambda doing, share: told.append((doing, share))).analyze(
        request_of_two
    )
    assert told[-1] == ("listening", 1.0)
