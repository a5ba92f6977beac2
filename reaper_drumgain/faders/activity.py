"""Which drum tracks play their own drum, in the song and in its sections, and why others are held.

``analysis.leakage`` says what only leaks; here its terms become those of a plan. This is the only
place where that is done: plans, gains over time and the evaluation of methods all call it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis import features, leakage
from reaper_drumgain.analysis.leak_excess import Microphone
from reaper_drumgain.analysis.leakage import Heard, Verdict
from reaper_drumgain.analysis.measurement import FINE, Measurement, TrackMeasures
from reaper_drumgain.faders.links import Links, linked_places
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.units import Decibel, to_power

Mask = NDArray[np.bool_]

#: roles whose microphone is close to one drum: when that drum rests, it picks up only bleed
CLOSE_ROLES = frozenset(
    {
        *("kick in", "kick out", "kick", "sub kick", "snare top", "snare bottom", "snare"),
        *("hi-hat", "tom", "ride", "cymbal"),
    }
)
#: cymbals ring in every microphone; kick and snare are played in nearly every song
_METAL, _USUAL = frozenset({"hi-hat", "ride", "cymbal"}), frozenset({"kick", "snare"})
#: roles of tracks without bleed from or into the microphones of the kit
_ELSEWHERE = ("sample", "percussion")
SILENT, FAINT, BLEED, UNREADABLE = "silent", "too short or quiet", "bleed only", "unreadable"
#: state of all tracks in a section that is too short to be balanced for itself
SHORT = "short section"
#: flags of media that could not be read; a track is unreadable where nothing else sounds
_UNREAD = frozenset({"missing media", "refused media", "unreadable media"})
#: a peak below this is silence in any format: 24 bit ends at -144 dBFS
_SILENCE_DBFS = -200.0
#: K-weighted under the track's whole power, and the most that a hop of a steady sound is over the
#: median: a tone of 15 Hz is 17 dB under it, one of 40 Hz 6 dB
_DEEP_DB, _STEADY_DB = Decibel(-15.0), Decibel(6.0)
#: hops of 100 ms: fewer say nothing; so many of the loudest may be clicks at the edges of items
_LEAST_HOPS, _EDGE_HOPS = 20, 5
#: a stroke up to so many steps of 10 ms before a section begins belongs to it, as ramps do
_EARLY_STEPS = 5


@dataclass(frozen=True, slots=True)
class TrackActivity:
    """The features of n measured tracks, and for each why it is not active.

    Attributes
    ----------
    table
        The features, shape (n, columns).
    states
        Per track None if it is active, else SILENT, FAINT, BLEED, UNREADABLE or SHORT.
    causes
        The same as the beginning of a sentence.
    short
        Shape (n,): tracks with too little sound to judge, which stay where they are.
    heard, verdicts
        The measurements and decisions that the states follow from.
    """

    table: features.FeatureTable
    states: tuple[str | None, ...]
    causes: tuple[str | None, ...]
    short: Mask
    heard: Heard
    verdicts: tuple[Verdict, ...]

    @property
    def loudness_lufs(self) -> NDArray[np.float64]:
        """Before the fader, NaN for silence."""
        return self.table.column("loudness_lufs")

    @property
    def peaks_dbfs(self) -> NDArray[np.float64]:
        """Before the fader, NaN for silence."""
        return self.table.column("peak_dbfs")

    @property
    def active(self) -> Mask:
        """Tracks that hold their own drum."""
        return np.array([state is None for state in self.states], dtype=bool)

    @property
    def readable(self) -> Mask:
        """Tracks of whose media something could be read."""
        return np.array([state != UNREADABLE for state in self.states], dtype=bool)

    @property
    def judged(self) -> Mask:
        """Tracks of which enough is known for their faders to move: readable, and not short."""
        return np.asarray(self.readable & ~self.short)


def track_activity(
    drums: Sequence[DrumTrack], measurement: Measurement, flags: Sequence[tuple[str, ...]]
) -> TrackActivity:
    """The activity of the drum tracks that were measured.

    Parameters
    ----------
    drums
        (n,) the tracks.
    measurement
        Of these n tracks.
    flags
        (n,) for each track the flags of its media, as ``MultitrackAnalysis`` has them.

    Returns
    -------
    TrackActivity
        Of n tracks.
    """
    return activity_of(
        [drum.role for drum in drums],
        measurement,
        features.feature_table(measurement),
        flags=flags,
        pairs=pairs_of(drums),
    )


def activity_of(
    roles: Sequence[Role],
    measurement: Measurement,
    table: features.FeatureTable,
    *,
    flags: Sequence[tuple[str, ...]] | None = None,
    pairs: Links | None = None,
) -> TrackActivity:
    """The activity of tracks of these roles.

    Parameters
    ----------
    roles
        (n,) of the tracks.
    measurement
        Of these n tracks.
    table
        The features of ``measurement``.
    flags
        (n,) for each track the flags of its media; None for none.
    pairs
        (n,) for each track the places of itself and of the other side of its pair: a pair is
        active where one side is. None for no pairs.

    Returns
    -------
    TrackActivity
        Of n tracks.
    """
    heard = hear_tracks(roles, measurement)
    verdicts = leakage.judge(heard)
    unread = [bool(_UNREAD & set(own)) for own in flags or [()] * len(roles)]
    deep = [sounds_below_hearing(track) for track in measurement.tracks]
    found = [
        _state(v, table, place, unread[place], deep=deep[place]) for place, v in enumerate(verdicts)
    ]
    states = [state for state, _ in found]
    for place, members in enumerate(pairs or ()):
        if found[place][0] == BLEED and any(found[other][0] is None for other in members):
            states[place] = None
    causes = [None if s is None else cause for s, (_, cause) in zip(states, found, strict=True)]
    short = np.array([verdict.state == leakage.SHORT for verdict in verdicts], dtype=bool)
    # a side that is too short goes where the other side goes
    for place, members in enumerate(pairs or ()):
        short[place] &= not any(states[other] is None for other in members)
    return TrackActivity(table, tuple(states), tuple(causes), short, heard, verdicts)


def plays_in_section(
    song: TrackActivity, measurement: Measurement, hops: tuple[int, int], pairs: Links
) -> Mask:
    """Which tracks play their own drum in a section; a pair does where one side does.

    Parameters
    ----------
    song
        The activity of the n tracks in the whole song.
    measurement
        Of the whole song.
    hops
        The first and the last (left out) hop of the section, in 100 ms.
    pairs
        (n,) for each track the places of itself and of the other side of its pair.

    Returns
    -------
    array
        Shape (n,), bool.
    """
    own = leakage.plays_in(song.heard, song.verdicts, section_onsets(measurement, hops))
    together = [song.active[list(members)] & own[list(members)] for members in pairs]
    return np.array([one.any() for one in together], dtype=bool) & song.active


def section_onsets(measurement: Measurement, hops: tuple[int, int]) -> Mask:
    """Which of a song's onsets lie in a section.

    Parameters
    ----------
    measurement
        Of the whole song.
    hops
        The first and the last (left out) hop of the section, in 100 ms.

    Returns
    -------
    array
        Shape (onsets,), bool.
    """
    steps = measurement.onset_windows.steps + _EARLY_STEPS
    return np.asarray((steps >= hops[0] * FINE) & (steps < hops[1] * FINE))


def hear_tracks(roles: Sequence[Role], measurement: Measurement) -> Heard:
    """What the onsets of a session say of its tracks.

    Parameters
    ----------
    roles
        (n,) of the tracks.
    measurement
        Of these n tracks.

    Returns
    -------
    Heard
        Of n tracks.
    """
    windows = measurement.onset_windows
    return leakage.hear(
        microphones(roles),
        [track.envelope for track in measurement.tracks],
        windows.own.sum(axis=1).tolist(),
        windows.energy.astype(np.float64),
        windows.before.astype(np.float64),
    )


def microphones(roles: Sequence[Role]) -> tuple[Microphone, ...]:
    """What roles say of microphones, in the terms of ``analysis.leak_excess``.

    Parameters
    ----------
    roles
        (n,) of the tracks.

    Returns
    -------
    tuple
        (n,) microphones.
    """
    return tuple(
        Microphone(
            drum=label,
            close=role.name in CLOSE_ROLES,
            metal=role.name in _METAL,
            usual=drum_of(role) in _USUAL,
            overheard=drum_of(role) == "snare",
        )
        for role, label in zip(roles, drum_labels(roles), strict=True)
    )


def drum_labels(roles: Sequence[Role]) -> list[Hashable]:
    """One label per track: the same for those that do not explain each other's sound.

    The close microphones of one drum share a label, every other track has its own. None for
    tracks that were not recorded in the room with the kit: triggered samples sound together with
    their drum, and a tambourine is overdubbed. Sound at the same time is no bleed there.

    Parameters
    ----------
    roles
        (n,) of the tracks.

    Returns
    -------
    list
        (n,) labels.
    """
    return [
        None if role.name in _ELSEWHERE else drum_of(role) if role.name in CLOSE_ROLES else place
        for place, role in enumerate(roles)
    ]


def pairs_of(drums: Sequence[DrumTrack]) -> Links:
    """For each measured track the places of itself and of the other side of its pair.

    Groups are left out: the toms of a group play one by one.

    Parameters
    ----------
    drums
        (n,) the tracks.

    Returns
    -------
    tuple
        (n,) tuples of places.
    """
    return tuple(
        tuple(
            other
            for other in members
            if other == place or _are_sides(drums[other].role, drums[place].role)
        )
        for place, members in enumerate(linked_places(drums))
    )


def _are_sides(one: Role, other: Role) -> bool:
    """Whether two linked microphones of these roles are the sides of one pair."""
    same = one.ordinal == other.ordinal or one.name not in CLOSE_ROLES
    return one.name == other.name and same


def sounds_below_hearing(track: TrackMeasures) -> bool:
    """Whether a track holds hum below hearing, or an offset (DC) with hiss, and nothing else.

    It is steady, and what is heard of it (K-weighted) is far below its power. Drums with an
    offset or with rumble are not steady.

    Parameters
    ----------
    track
        Its measures.

    Returns
    -------
    bool
        False also where the track is too short to tell.
    """
    heard = np.sort(track.hop_powers[track.hop_powers > 0.0])
    if heard.size < _LEAST_HOPS:
        return False
    frames = track.frames / max(track.hop_powers.size, 1) * heard.size
    power = 2.0 * track.energy / (frames * track.channels)
    # where it begins and ends the weighting hears a click
    inside = heard[:-_EDGE_HOPS]
    middle = float(np.median(inside))
    return bool(
        middle <= power * to_power(_DEEP_DB) and inside[-1] <= middle * to_power(_STEADY_DB)
    )


def _state(
    verdict: Verdict, table: features.FeatureTable, place: int, unread: bool, *, deep: bool
) -> tuple[str | None, str | None]:
    """The state of a track, and the cause in words; both None for an active track."""
    loudness = float(table.column("loudness_lufs")[place])
    peak = float(table.column("peak_dbfs")[place])
    if _without_loudness(peak) == SILENT:
        return (UNREADABLE, None) if unread else (SILENT, "silent")
    if verdict.state == leakage.SHORT:
        return FAINT, f"too short to judge (only {verdict.seconds:.2f} s of sound)"
    if not math.isfinite(loudness):
        # shorter than a gating block, or under the absolute gate
        return (
            (UNREADABLE, None) if unread else (FAINT, "too short or too quiet to have a loudness")
        )
    if deep:
        return FAINT, "holds only sound too low in frequency to be heard, or a DC offset"
    if verdict.state == leakage.EMPTY:
        return FAINT, "holds no hits, only hiss or hum"
    if verdict.state == leakage.RESIDUE:
        return BLEED, "holds only what is left after cleaning (gate or cuts)"
    if verdict.state == leakage.LEAK:
        return BLEED, "holds only bleed from the other drums"
    return None, None


def _without_loudness(peak_dbfs: float) -> str:
    """The state of a track that has no loudness."""
    return FAINT if peak_dbfs > _SILENCE_DBFS else SILENT
