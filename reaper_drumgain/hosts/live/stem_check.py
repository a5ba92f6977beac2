"""The self-test's check that pre-fader stems are what they should be: REAPER renders one."""

from __future__ import annotations

import array
import math
import sys
import tempfile
import wave
from pathlib import Path

from reaper_drumgain.hosts.live import export, reaper
from reaper_drumgain.hosts.live.reaper import RPR
from reaper_drumgain.hosts.live.self_test_tab import Tab, result
from reaper_drumgain.hosts.live.snapshot import take_snapshot

_RATE, _PEAK, _FADER = 44_100, 0.5, 0.25
#: the item as REAPER's state chunks write it
_ITEM = '<ITEM\nPOSITION 0\nLENGTH 1\nLOOP 0\n<SOURCE WAVE\nFILE "{}"\n>\n>\n'


def check(tab: Tab) -> str | None:
    """What is wrong with a stem of a track whose fader is down, None if nothing is."""
    if reaper.version_number() < export.OLDEST_REAPER:
        # the audio setting 'export' is refused there
        return None
    with tempfile.TemporaryDirectory(prefix="drumgain-self-test-") as made:
        folder = Path(made)
        tone = folder / "tone.wav"
        _write_tone(tone)
        item = RPR.AddMediaItemToTrack(tab.one)
        RPR.SetItemStateChunk(item, _ITEM.format(tone), False)
        peaks = [_peak_at(tab, fader, folder / f"stems {fader:g}") for fader in (1.0, _FADER)]
    if peaks[0] <= 0.0:
        return "a stem is silent"
    share = peaks[1] / peaks[0]
    if math.isclose(share, 1.0, rel_tol=0.02):
        return None
    where = "rendered post-fader" if math.isclose(share, _FADER, rel_tol=0.02) else "no such"
    return f"with the fader at {_FADER} a stem has {share:.4f} of its level at 1: it is {where}"


def _peak_at(tab: Tab, fader: float, folder: Path) -> float:
    """The peak of a stem of the first track, at this fader (linear gain)."""
    tab.set_fader(tab.one, fader)
    snapshot = result(take_snapshot(tab.project))
    session = result(export.with_stems(snapshot, snapshot.session.tracks[:1], folder))
    return _peak_of(Path(session.tracks[0].clips[0].source.path or ""))


def _write_tone(path: Path) -> None:
    """A second of 441 Hz, which reaches its peak within whole samples."""
    samples = array.array("h", (_sample(place) for place in range(_RATE)))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, _RATE, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())


def _sample(place: int) -> int:
    return round(32767 * _PEAK * math.sin(2.0 * math.pi * 441.0 * place / _RATE))


def _peak_of(path: Path) -> float:
    """The highest sample of a WAV in 32-bit float, as ``export`` asks for."""
    content = path.read_bytes()
    start = content.index(b"data") + 8
    samples = array.array("f", content[start : start + (len(content) - start) // 4 * 4])
    if sys.byteorder == "big":
        samples.byteswap()
    return max((abs(sample) for sample in samples), default=0.0)
