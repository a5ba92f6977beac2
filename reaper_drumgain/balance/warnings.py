"""What the user should look at after a balance: warnings in the plan, as sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.balance.reasons import beyond_fader_sentence
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.links import linked_places
from reaper_drumgain.faders.solver import Solution
from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.routing import has_effects
from reaper_drumgain.tracks.selection import DrumTrack, Selection
from reaper_drumgain.units import HEARD_DB, MAX_FADER, LinearGain, to_decibel

#: warnings shown per track; one line per file of a missing disk would hide everything else
_MOST_TOLD = 5
#: a smaller change of level into the effects of a bus is not worth a warning
_BUS_DB = 0.5


def reader_warnings(session: Session, selection: Selection) -> Iterator[str]:
    """What the reader of the project could not represent, of the drum tracks and on their path."""
    waiting = [drum.track for drum in selection.drums]
    seen = {track.index for track in waiting}
    told = list(waiting)
    while waiting:
        track = waiting.pop()
        targets = [session.tracks[s.target] for s in session.sends if s.source == track.index]
        for other in (*session.folders_of(track), *targets):
            if other.index not in seen:
                seen.add(other.index)
                told.append(other)
                waiting.append(other)
    for track in told:
        shown = track.warnings[:_MOST_TOLD]
        yield from (f"track {track.name!r}: {warning}" for warning in shown)
        left = len(track.warnings) - len(shown)
        if left:
            yield f"track {track.name!r}: {left} more, which 'drumgain tracks' lists"


def limit_warnings(drums: Sequence[DrumTrack], solution: Solution) -> Iterator[str]:
    """The tracks whose faders end before they are loud enough, and how much the level is short.

    Linked tracks, which stop as one, are told together.
    """
    told: set[int] = set()
    for place, members in enumerate(linked_places(drums)):
        missing = float(solution.limited_db[place])
        if place in told or missing < HEARD_DB:
            continue
        stopped = [other for other in members if solution.limited_db[other] > 0.0]
        told.update(stopped)
        names = " and ".join(repr(drums[other].track.name) for other in stopped)
        tracks = "track" if len(stopped) == 1 else "tracks"
        yield f"{tracks} {names} {beyond_fader_sentence(missing, len(stopped))}"
    if solution.short_db >= HEARD_DB:
        yield (
            f"the drums are {solution.short_db:.1f} dB softer than asked, because faders end at "
            f"+{MAX_FADER:g} dB"
        )


def level_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, solution: Solution
) -> Iterator[str]:
    """What plays differently from the levels of the plan, for n measured drum tracks.

    Loops of sends; effects on the tracks; and effects on sends and buses that now get another
    level. The plan's levels are those without any effects.
    """
    for drum in drums:
        if drum.path.loops:
            yield (
                f"track {drum.track.name!r}: part of its way feeds back or is nested too deep, and "
                "is not counted in the levels"
            )
    dry = [drum.track.name for drum in drums if has_effects(drum.track)]
    if dry:
        yield f"measured before their effects: {', '.join(map(repr, dry))}"
    yield from _send_warnings(drums, solution)
    yield from _bus_warnings(drums, path, solution)


def _send_warnings(drums: Sequence[DrumTrack], solution: Solution) -> Iterator[str]:
    for drum, move in zip(drums, solution.faders - solution.old, strict=True):
        if abs(move) >= HEARD_DB and drum.path.uncounted_sends:
            targets = ", ".join(repr(name) for name in drum.path.uncounted_sends)
            yield (
                f"track {drum.track.name!r} also feeds {targets} (with effects), which now hears "
                f"it {move:+.1f} dB"
            )


def _bus_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, solution: Solution
) -> Iterator[str]:
    buses = dict.fromkeys(name for drum in drums for name in drum.path.effects_on_way)
    for bus in buses:
        through = np.array([bus in drum.path.effects_on_way for drum in drums])
        change = path.loudness(solution.faders, through) - path.loudness(solution.old, through)
        if math.isfinite(change) and abs(change) >= _BUS_DB:
            yield (
                f"the drums now reach {bus!r} (with effects) {change:+.1f} dB: check its thresholds"
            )


def headroom_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, peaks_dbfs: NDArray[np.float64]
) -> Iterator[str]:
    """Tracks that pass full scale by themselves, before any other adds to them.

    ``peaks_dbfs`` (n,): of the tracks behind their faders. The peak of all drums together takes
    another reading of the audio; ``--level peak`` does that.
    """
    over = []
    for place, drum in enumerate(drums):
        gain = path.gains.peak_gain(place)
        level = peaks_dbfs[place] + to_decibel(LinearGain(gain))
        if level > HEARD_DB:
            over.append(f"{drum.track.name!r} by {level:.1f} dB")
    if over:
        yield (
            f"over full scale at the master: {', '.join(over)}; "
            "--level peak:-1 (in REAPER the action 'settings') lowers the whole kit"
        )
