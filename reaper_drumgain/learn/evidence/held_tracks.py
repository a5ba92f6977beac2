"""Are the microphones held whose drum rests, and only those? Counted in rendered sessions.

Performances of any style are rendered with a kit, some of them with odd habits: no hi-hat, ride,
tom, snare or kick at all, side stick for the snare, softly played. Every track gets a recording
gain of its own. Then the tracks that ``faders.activity`` holds are compared with the strokes: a
drum is *played* where at least one stroke of it is among them, of any velocity. Counted are

- *unplayed held*: microphones of drums that rest, and how many of them are held;
- *played held by mistake*: the same of drums that are played, and of those with three strokes or
  more;

in the whole song, and in one section of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.analysis.features import feature_table
from reaper_drumgain.analysis.loudness import HOPS_PER_SECOND
from reaper_drumgain.analysis.measure import measure
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.faders.activity import activity_of, plays_in_section
from reaper_drumgain.learn.data.kits import KITS, Kit, load_kit
from reaper_drumgain.learn.data.microphones import virtual_mics_for
from reaper_drumgain.learn.data.performances import HI_HATS, TOMS, Stroke, choose_any_style
from reaper_drumgain.learn.data.render import render
from reaper_drumgain.learn.data.streams import ArrayStream
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.util.decibels import db_to_gain
from reaper_drumgain.util.processes import in_processes

FIGURES = "held tracks"
_CLOSE = ("snare top", "hi-hat", "tom 1", "tom 2", "tom 3", "ride")
#: the microphones of the sessions of each kit: MuldjordKit has little bleed, gogodze much
MICROPHONES: Mapping[str, tuple[str, ...]] = {
    "muldjord": (
        *("kick", *_CLOSE, "snare bottom"),
        *("overhead left", "overhead right", "room left", "room right"),
    ),
    "gogodze": ("kick", "kick out", *_CLOSE, "overhead mono", "room left", "room right"),
}
_PIECES: Mapping[str, tuple[str, ...]] = {
    "kick": ("kick",),
    "snare": ("snare", "side stick"),
    "hi-hat": HI_HATS,
    **{tom: (tom,) for tom in TOMS},
    "ride": ("ride", "ride bell"),
}
#: drums that are counted together, by the name in the tables
GROUPS: Mapping[str, tuple[str, ...]] = {
    "toms": TOMS,
    "hi-hat and ride": ("hi-hat", "ride"),
    "kick and snare": ("kick", "snare"),
}
#: how often each drum is struck out of a performance
_RESTS: Mapping[str, float] = {
    **dict.fromkeys(("hi-hat", "ride"), 0.25),
    **dict.fromkeys(TOMS, 0.2),
    **dict.fromkeys(("kick", "snare"), 0.08),
}
_SOFT, _SIDE_STICK = 0.15, 0.1
#: recording gains are drawn within so many dB
_GAIN_DB = 12.0
_SECTION_S, _RING_S = 15.0, 2.0
SONG, SECTION = "song", f"section of {_SECTION_S:g} s"
_COUNTS = (
    *("unplayed", "unplayed held", "played", "played held by mistake"),
    *("played three times", "played three times held by mistake"),
)


@dataclass(frozen=True, slots=True)
class HeldTrack:
    """One close microphone in one song or section.

    Attributes
    ----------
    where
        SONG or SECTION.
    drum
        The drum that it stands at.
    strokes
        How many strokes of that drum there are.
    held
        Whether the track is held.
    """

    where: str
    drum: str
    strokes: int
    held: bool


def count_held_tracks(
    folder: Path,
    *,
    sessions: int,
    seconds: float = 40.0,
    seed: int,
    jobs: int = 1,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """How many microphones are held, of drums that rest and of drums that are played.

    Parameters
    ----------
    folder
        With ``kits`` and ``groove``.
    sessions
        How many are rendered with each kit.
    seconds
        How long each of them is, at most.
    seed
        Decides which performances, habits, recording gains and sections.
    jobs
        Processes at a time.
    progress
        Called with what is done, and the share of it that is done.

    Returns
    -------
    dict
        The counts by kit, by song or section, and by ``GROUPS``: plain JSON data.

    Raises
    ------
    InputError
        Where the data set holds fewer sessions, or cannot be read.
    """
    chosen = choose_any_style(folder / "groove", sessions, seconds, [seed, 13], {})
    strokes = [habitual(one.strokes, [seed, place]) for place, one in enumerate(chosen)]
    figures: dict[str, Any] = {}
    for number, name in enumerate(KITS):
        found: list[HeldTrack] = []
        judge = functools.partial(_held_tracks, folder / "kits" / name, seed=seed)
        for done, own in enumerate(in_processes(judge, list(enumerate(strokes)), jobs), 1):
            found += own
            if progress:
                share = (number + done / len(strokes)) / len(KITS)
                progress(f"sessions with drums at rest, {name}", share)
        figures[name] = {
            where: {group: _counts(found, where, drums) for group, drums in GROUPS.items()}
            for where in (SONG, SECTION)
        }
    return figures


def habitual(strokes: Sequence[Stroke], seed: Sequence[int]) -> tuple[Stroke, ...]:
    """A performance as a drummer with odd habits plays it.

    Parameters
    ----------
    strokes
        Of the performance.
    seed
        Decides which habits: drums at rest, soft strokes, side stick.

    Returns
    -------
    tuple
        The strokes that are left, as they are played.
    """
    random = np.random.default_rng(seed)
    resting = [drum for drum, often in _RESTS.items() if random.uniform() < often]
    softer = random.uniform(0.3, 0.6) if random.uniform() < _SOFT else 1.0
    stick = random.uniform() < _SIDE_STICK
    left_out = {piece for drum in resting for piece in _PIECES[drum]}
    return tuple(
        Stroke(
            stroke.time,
            "side stick" if stick and stroke.piece == "snare" else stroke.piece,
            stroke.velocity * softer,
        )
        for stroke in strokes
        if stroke.piece not in left_out
    )


def rendered_session(
    kit: Kit, strokes: Sequence[Stroke], roles: Sequence[Role], seconds: float, seed: Sequence[int]
) -> Measurement:
    """A performance in microphones of these roles, measured at recording gains that are drawn.

    Parameters
    ----------
    kit
        What it is rendered with.
    strokes
        Of the performance.
    roles
        One for each microphone.
    seconds
        The length of the session.
    seed
        Decides which hits are taken, and the gains, within 12 dB.

    Returns
    -------
    Measurement
        Of tracks in the order of ``roles``.
    """
    random = np.random.default_rng(seed)
    mics = [mic for role in roles for mic in virtual_mics_for(role, 1, kit.name)]
    sound = render(kit, strokes, mics, seconds, seed=int(random.integers(2**31)))
    sound *= db_to_gain(random.uniform(-_GAIN_DB, _GAIN_DB, (len(mics), 1))).astype(np.float32)
    return measure([ArrayStream(row[None]) for row in sound], threads=1)


def _held_tracks(
    folder: Path, session: tuple[int, Sequence[Stroke]], *, seed: int
) -> list[HeldTrack]:
    """What is held in one session, and in one section of it."""
    number, strokes = session
    if not strokes:
        return []
    seconds = strokes[-1].time + _RING_S
    roles = [role for name in MICROPHONES[folder.name] if (role := Role.parse(name)) is not None]
    measurement = rendered_session(_kit(folder), strokes, roles, seconds, [seed, number, 1])
    activity = activity_of(roles, measurement, feature_table(measurement))
    start = float(
        np.random.default_rng([seed, number, 2]).uniform(0.0, max(seconds - _SECTION_S, 0.0))
    )
    hops = round(start * HOPS_PER_SECOND), round((start + _SECTION_S) * HOPS_PER_SECOND)
    alone = [(place,) for place in range(len(roles))]
    plays = plays_in_section(activity, measurement, hops, tuple(alone))
    # a stroke at the very end is hardly heard in the section
    inside = [s for s in strokes if start <= s.time < start + _SECTION_S - 0.1]
    return [
        *_compared(SONG, roles, strokes, activity.active.tolist()),
        *_compared(SECTION, roles, inside, plays.tolist()),
    ]


@functools.lru_cache(maxsize=1)
def _kit(folder: Path) -> Kit:
    return load_kit(folder)


def _compared(
    where: str, roles: Sequence[Role], strokes: Sequence[Stroke], plays: Sequence[bool]
) -> Iterable[HeldTrack]:
    """The close microphones among ``roles``, with the strokes of their drums."""
    for role, active in zip(roles, plays, strict=True):
        drum = drum_of(role)
        if drum in _PIECES:
            count = sum(stroke.piece in _PIECES[drum] for stroke in strokes)
            yield HeldTrack(where, drum, count, held=not active)


def _counts(found: Sequence[HeldTrack], where: str, drums: Sequence[str]) -> dict[str, int]:
    own = [track for track in found if track.where == where and track.drum in drums]
    kinds = (
        [track for track in own if track.strokes == 0],
        [track for track in own if track.strokes > 0],
        [track for track in own if track.strokes >= 3],
    )
    numbers = [n for kind in kinds for n in (len(kind), sum(track.held for track in kind))]
    return dict(zip(_COUNTS, numbers, strict=True))


def held_table(figures: Mapping[str, Any]) -> list[list[str]]:
    """The counts as a table.

    Parameters
    ----------
    figures
        Of ``count_held_tracks``.

    Returns
    -------
    list
        Rows of cells, the head first. Each share has its 95 % interval in percent (Wilson 1927),
        for which microphones count as independent: those of one session are not quite, so that it
        is rather too narrow.
    """
    rows = [["", "unplayed held", "played held by mistake", "of those with three strokes"]]
    for kit, by_place in figures.items():
        for where, by_group in by_place.items():
            for group, held in by_group.items():
                cells = [
                    _share(held[few], held[all_of])
                    for all_of, few in zip(_COUNTS[::2], _COUNTS[1::2], strict=True)
                ]
                rows.append([f"{kit}, {where}: {group}", *cells])
    return rows


def _share(part: int, whole: int) -> str:
    """A count, its percentage and the interval of that."""
    if not whole:
        return f"{part} of {whole}"
    # statistics of scipy take long to import
    from scipy.stats import binomtest

    interval = binomtest(part, whole).proportion_ci(0.95, method="wilson")
    low, high = 100.0 * interval.low, 100.0 * interval.high
    return f"{part} of {whole} ({100.0 * part / whole:.0f} %, {low:.0f} .. {high:.0f})"
