"""Checks of what is assumed about dry runs, for ``selftest``: see ``effects_level``.

They play a tone of two seconds, once through an effect that takes 6 dB off.
"""

from __future__ import annotations

import math
import struct
import tempfile
import wave
from pathlib import Path

from reaper_drumgain.hosts.live import effects_level, reaper
from reaper_drumgain.hosts.live.assumptions import Check
from reaper_drumgain.hosts.live.reaper import RPR
from reaper_drumgain.hosts.live.self_test_tab import Tab, expect, result
from reaper_drumgain.hosts.live.snapshot import take_snapshot
from reaper_drumgain.hosts.live.state_chunks import Chunks
from reaper_drumgain.hosts.live.temporary_changes import Change, changed, mend, read

_RATE, _SECONDS, _TONE_HZ, _LEVEL = 44100, 2.0, 997.0, 0.25
_FADER = 0.5
_EFFECT_DB, _CLOSE_DB = -6.0, 0.3
_ITEM_AND_EFFECT = """<FXCHAIN
SHOW 0
LASTSEL 0
DOCKED 0
BYPASS 0 0 0
<JS utility/volume ""
-6.000000 0.000000 - - - -
>
WAK 0 0
>
<ITEM
POSITION 0
LENGTH {length}
LOOP 0
<SOURCE WAVE
FILE "{path}"
>
>
>
"""


def _write_tone(path: Path) -> None:
    count = int(_RATE * _SECONDS)
    step = 2.0 * math.pi * _TONE_HZ / _RATE
    samples = (round(32767 * _LEVEL * math.sin(step * place)) for place in range(count))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(struct.pack(f"<{count}h", *samples))


def _dry_run(tab: Tab) -> str | None:
    """The loudness of a dry run does not depend on the fader, and shows the effect."""
    chunks, track = Chunks(reaper.Calls()), reaper.address(tab.two)
    before = chunks.of_track(track)
    # REAPER may still hold the file when the folder is removed
    with tempfile.TemporaryDirectory(prefix="drumgain-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "tone.wav"
        _write_tone(path)
        added = _ITEM_AND_EFFECT.format(length=_SECONDS, path=path).encode()
        chunks.set_track(track, before.rstrip()[:-1] + added)
        tab.set_fader(tab.two, _FADER)
        try:
            return _measured(tab)
        finally:
            chunks.set_track(track, before)


def _measured(tab: Tab) -> str | None:
    snapshot = result(take_snapshot(tab.project))
    track = snapshot.session.tracks[1]
    action = effects_level.WHOLE
    wet, dry = (
        effects_level.loudness(snapshot, [track], action, bypass=bypass)[0]
        for bypass in (False, True)
    )
    if not -60.0 < dry < 0.0:
        return f"a tone has {dry:.1f} LUFS, expected a level between -60 and 0"
    if abs(wet - dry - _EFFECT_DB) > _CLOSE_DB:
        return f"an effect of {_EFFECT_DB:g} dB makes {wet - dry:+.2f} dB"
    one = snapshot.pointers[1]
    return expect(
        "what was changed for the moment",
        (read(one, "D_VOL"), read(one, "P_NAME"), read(one, "I_FXEN")),
        (_FADER, track.name, 1.0),
    )


def _mended(tab: Tab) -> str | None:
    """What is changed for a moment is put back by the next action where nobody did it before."""
    tab.set_fader(tab.one, _FADER)
    track = reaper.address(tab.one)
    guid = str(RPR.GetSetMediaTrackInfo_String(tab.one, "GUID", "", False)[3])
    change = Change(track, guid, "D_VOL", _FADER, 1.0)
    with changed(tab.project, [change]):
        during = tab.fader(tab.one)
        # as the next action would do it
        mend(tab.project)
        after = tab.fader(tab.one)
    return expect("D_VOL for the moment", during, 1.0) or expect("D_VOL mended", after, _FADER)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("temporary changes are noted and set back", _mended),
    ("a dry run measures the loudness with effects and without", _dry_run),
)
