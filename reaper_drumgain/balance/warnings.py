"""What the user should look at after a balance: warnings in the plan, as sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.balance.reasons import beyond_fader_sentence
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.faders.links import linked_places
from reaper_drumgain.faders.solution import Solution
from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.routing import has_effects
from reaper_drumgain.tracks.selection import DrumTrack, Selection
from reaper_drumgain.units import HEARD_DB, MAX_FADER, LinearGain, to_decibel

#: how many tracks one line names, and how many lines on one track come from the project reader
_MOST_NAMES, _MOST_TOLD = 6, 5
#: a sentence about one track
_OF_TRACK = re.compile(r"""track ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"): (.+)""", re.DOTALL)
#: names and numbers, in which sentences of one kind differ
_DETAIL = re.compile(r"""'[^']*'|"[^"]*"|\d+(?:\.\d+)?""")
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
    found = []
    for track in told:
        lines = _by_kind((repr(track.name), warning) for warning in track.warnings)
        found += [pair for pairs in lines[:_MOST_TOLD] for pair in pairs]
        left = sum(len(pairs) for pairs in lines[_MOST_TOLD:])
        if left:
            found.append((repr(track.name), f"{left} more, which 'drumgain tracks' lists"))
    for pairs in _by_kind(found):
        yield _one_line(pairs, ", which 'drumgain tracks' lists")


def one_line_each(warnings: Iterable[str]) -> tuple[str, ...]:
    """The warnings in their order, with one line for those of one kind on several tracks."""
    told = []
    for warning in dict.fromkeys(warnings):
        found = _OF_TRACK.fullmatch(warning)
        told.append((found[1], found[2]) if found else ("", warning))
    return tuple(_one_line(pairs, "") for pairs in _by_kind(told))


def _by_kind(told: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Pairs of a track's name and a warning, those of one kind together; "" for no track."""
    kinds: dict[tuple[bool, str], list[tuple[str, str]]] = {}
    for name, text in told:
        kind = (True, _DETAIL.sub("#", text)) if name else (False, text)
        kinds.setdefault(kind, []).append((name, text))
    return list(kinds.values())


def _one_line(pairs: Sequence[tuple[str, str]], where: str) -> str:
    """One line for warnings of one kind; ``where``: what shows those that it leaves out."""
    name, text = pairs[0]
    names = list(dict.fromkeys(name for name, _ in pairs))
    if not name:
        return text
    if all(other == text for _, other in pairs):
        return (
            f"track {name}: {text}" if len(names) == 1 else f"tracks {_list(names)}, each: {text}"
        )
    left = f"and {len(pairs) - 1} more like it"
    if len(names) > 1:
        left += f" on {_list([other for other in names if other != name])}"
    return f"track {name}: {text} ({left}{where})"


def _list(names: Sequence[str]) -> str:
    """Names in a sentence, the first few of many."""
    shown = list(names[:_MOST_NAMES])
    left = len(names) - len(shown)
    if left:
        return f"{', '.join(shown)} and {left} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]


def limit_warnings(drums: Sequence[DrumTrack], solution: Solution) -> Iterator[str]:
    """The tracks whose faders end before they are loud enough, and how much the level is short.

    Linked tracks, which stop as one, are named together.
    """
    told: set[int] = set()
    found: list[tuple[list[str], float]] = []
    for place, members in enumerate(linked_places(drums)):
        missing = float(solution.limited_db[place])
        if place in told or missing < HEARD_DB:
            continue
        stopped = [other for other in members if solution.limited_db[other] > 0.0]
        told.update(stopped)
        found.append(([repr(drums[other].track.name) for other in stopped], missing))
    if len(found) == 1:
        names, missing = found[0]
        tracks = "track" if len(names) == 1 else "tracks"
        yield f"{tracks} {_list(names)} {beyond_fader_sentence(missing, len(names))}"
    elif found:
        gains = [f"{_list(names)} by {missing:.1f} dB" for names, missing in found]
        yield (
            f"these faders end at +{MAX_FADER:g} dB before their tracks are loud enough: raise "
            f"the item gain of {', '.join(gains)}"
        )
    if solution.short_db >= HEARD_DB:
        yield (
            f"the drums are {solution.short_db:.1f} dB quieter than asked, because faders end at "
            f"+{MAX_FADER:g} dB"
        )


def level_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, solution: Solution
) -> Iterator[str]:
    """What plays differently from the levels of the plan.

    These are loops of sends; effects on the tracks; and effects on sends and buses that now get
    another level. The plan's levels are those without any effects.

    Parameters
    ----------
    drums
        The n measured drum tracks.
    path
        The levels that they have behind their faders.
    solution
        Their old and new faders.

    Yields
    ------
    str
        One sentence for each kind, and for each send or bus.
    """
    for drum in drums:
        if drum.path.loops:
            yield (
                f"track {drum.track.name!r}: part of its routing feeds back or is nested too "
                "deep, and is not counted in the levels"
            )
    dry = [
        drum.track.name
        for drum in drums
        if has_effects(drum.track) and drum.track.effects_db is None
    ]
    if dry:
        yield f"measured without their effects: {', '.join(map(repr, dry))}"
    yield from _send_warnings(drums, solution)
    yield from _bus_warnings(drums, path, solution)


def _send_warnings(drums: Sequence[DrumTrack], solution: Solution) -> Iterator[str]:
    """A line for each target with effects that is not on the way of the drum tracks."""
    fed: dict[str, list[tuple[str, float]]] = {}
    for drum, move in zip(drums, (solution.faders - solution.old).tolist(), strict=True):
        if abs(move) >= HEARD_DB:
            for target in dict.fromkeys(drum.path.uncounted_sends):
                fed.setdefault(target, []).append((drum.track.name, move))
    for target, sources in fed.items():
        moves = [move for _, move in sources]
        if len(sources) == 1:
            yield (
                f"track {sources[0][0]!r} also feeds {target!r} (with effects): its level there "
                f"changes by {moves[0]:+.1f} dB"
            )
        else:
            yield (
                f"{len(sources)} drum tracks feed {target!r} (with effects): their levels there "
                f"change by {_range(moves)} dB"
            )


def _range(moves: Sequence[float]) -> str:
    low, high = f"{min(moves):+.1f}", f"{max(moves):+.1f}"
    return low if low == high else f"{low} to {high}"


def _bus_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, solution: Solution
) -> Iterator[str]:
    buses = dict.fromkeys(name for drum in drums for name in drum.path.effects_on_way)
    changes: dict[str, float] = {}
    for bus in buses:
        through = np.array([bus in drum.path.effects_on_way for drum in drums])
        change = path.loudness(solution.faders, through) - path.loudness(solution.old, through)
        if math.isfinite(change) and abs(change) >= _BUS_DB:
            changes[bus] = change
    if len(changes) == 1:
        ((bus, change),) = changes.items()
        yield (
            f"the level of the drums at {bus!r} (with effects) changes by {change:+.1f} dB: check "
            "the thresholds there"
        )
    elif changes:
        told = [f"{bus!r} {change:+.1f} dB" for bus, change in changes.items()]
        yield (
            f"the level of the drums changes at {', '.join(told)} (all with effects): check the "
            "thresholds there"
        )


def headroom_warnings(
    drums: Sequence[DrumTrack], path: PathLevels, peaks_dbfs: NDArray[np.float64]
) -> Iterator[str]:
    """Tracks that pass full scale by themselves, before any other adds to them.

    The peak of all drums together takes another reading of the audio; ``--level peak`` does that.

    Parameters
    ----------
    drums
        The n measured drum tracks.
    path
        The levels that they have behind their faders.
    peaks_dbfs
        Shape (n,): peaks of the tracks behind their faders, in dBFS.

    Yields
    ------
    str
        One sentence on all such tracks, or none.
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
