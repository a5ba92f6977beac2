"""There is one bound on the work that a project can ask for, and a sentence for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from reaper_drumgain.analysis import multitrack
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Clip, Session, Source, Track
from reaper_drumgain.schema.settings import Settings

RATE = 8000
SETTINGS = Settings(method="equal-loudness")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    samples = np.random.default_rng(0).normal(size=RATE) * np.linspace(0.3, 0.0, RATE) ** 3
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    return Source(kind="file", format="WAVE", path=str(tmp_path / "a.wav"), found=True)


def session(*clips: Clip, tracks: int = 1) -> Session:
    kicks = tuple(Track(index=n, name="Kick", clips=clips) for n in range(tracks))
    return Session(path="a.RPP", tracks=kicks, sample_rate=RATE)


def test_ten_hours_at_the_highest_rate_are_refused_by_name(source: Source) -> None:
    clip = Clip(position=0.0, length=36_000.0, source=source, play_rate=255.0, loop=True)
    with pytest.raises(InputError, match=r"2550 hours of audio .* 'Kick'.*--role"):
        balance(session(clip), SETTINGS)


def test_a_source_that_ends_costs_no_more_than_it_holds(source: Source) -> None:
    clip = Clip(position=0.0, length=36_000.0, source=source, play_rate=255.0)
    assert len(balance(session(clip), SETTINGS).tracks) == 1


def test_very_many_items_are_refused(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multitrack, "_MOST_HOURS", 0.5)
    clips = [Clip(position=n / 1000, length=0.01, source=source) for n in range(2000)]
    with pytest.raises(InputError, match="very many"):
        balance(session(*clips), SETTINGS)
    assert len(balance(session(*clips[:500]), SETTINGS).tracks) == 1


def test_a_thousand_identical_tracks_are_refused(source: Source) -> None:
    clip = Clip(position=0.0, length=1.0, source=source)
    with pytest.raises(InputError, match="1000 drum tracks"):
        balance(session(clip, tracks=1000), SETTINGS)
