"""Tracks that follow another one: the same audio twice, and samples in step with a microphone.

A follower makes the move of its leader, so that how the two are mixed stays as the user set it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.faders.activity import CLOSE_ROLES
from reaper_drumgain.faders.levels import PathLevels
from reaper_drumgain.schema.session import Track
from reaper_drumgain.tracks.roles import Role, plays_with
from reaper_drumgain.tracks.selection import NOT_SELECTED, DrumTrack
from reaper_drumgain.units import to_decibel

#: correlation of two signals that are one, but for their gain and for a lossy format
_ONE_SIGNAL = 0.998
#: ... and of a track and one whose name says that it was made of it
_MADE_OF = 0.8
#: share of the loudest copy's power under which a copy is far lower (10 dB)
_FAR_LOWER = 0.1
#: correlation in the mix, less than 0, from which on two copies are said to cancel each other
_CANCELS = 0.5
#: share of a sample's hits at which its microphone has one, and share of the microphone's energy
#: at its own hits that the sample meets; the latter decides between microphones
_IN_STEP, _MET = 0.8, 0.5
_FEWEST_HITS = 4
_MADE = re.compile(
    r"[\s_.-]*(?:\(?(?:rendered|render|rend|copy|duplicate|dup|glued|bounced?|frozen|freeze|"
    r"consolidated)\)?|\(\d\))\s*\d*$"
)


@dataclass(frozen=True, slots=True)
class Following:
    """That a track makes the move of another one.

    Attributes
    ----------
    leader
        The place of the other track.
    why
        The reason in words.
    same
        Whether both hold the same audio, which then counts once.
    cancels
        Whether that audio comes from the two in opposite polarity.
    """

    leader: int
    why: str
    same: bool = False
    cancels: bool = False


def same_audio(
    drums: Sequence[DrumTrack], measurement: Measurement, path: PathLevels
) -> dict[int, Following]:
    """The tracks that hold the same audio as another one.

    Two sides of a pair are no copies. Where the name of a track says that it was made of the other
    ("Kick In - rendered"), that one follows; a sample follows a microphone; else the later track
    follows. But a copy that is far lower in the mix than another one follows, too: nobody hears the
    audio by its level, and the loud one must not make up for what the soft one lacks.

    Parameters
    ----------
    drums
        The n measured drum tracks.
    measurement
        What was measured of them.
    path
        The levels that they have behind their faders.

    Returns
    -------
    dict
        By place, whom a copy follows.
    """
    original = _originals(drums, measurement)
    powers = _powers_in_mix(drums, measurement, path, original)
    found: dict[int, Following] = {}
    for first in sorted(set(original.values())):
        group = [first, *(copy for copy in original if original[copy] == first)]
        group.sort(key=lambda place: drums[place].role.name == "sample")
        least = max(powers[place, place] for place in group) * _FAR_LOWER
        leader = next(place for place in group if powers[place, place] >= least)
        why = f"the same audio as {drums[leader].track.name}, the two count as one"
        for place in group:
            if place != leader:
                level = np.sqrt(powers[place, place] * powers[leader, leader])
                cancels = bool(powers[place, leader] < -_CANCELS * level)
                found[place] = Following(leader, why, same=True, cancels=cancels)
    return dict(sorted(found.items()))


def _originals(drums: Sequence[DrumTrack], measurement: Measurement) -> dict[int, int]:
    """By the place of each copy, the place of its original, which is no copy itself."""
    alike = np.abs(_correlations(measurement))
    found: dict[int, int] = {}
    for place, drum in enumerate(drums):
        for earlier in range(place):
            other = drums[earlier]
            if earlier in found or _are_sides(drum.role, other.role):
                continue
            made = made_of(drum.track.name) == made_of(other.track.name)
            items = _same_items(drum.track, other.track)
            if not (items or alike[place, earlier] >= (_MADE_OF if made else _ONE_SIGNAL)):
                continue
            copy, original = place, earlier
            if made and made_of(drum.track.name) == drum.track.name.casefold().strip():
                copy, original = earlier, place
            found[copy] = original
            break
    return {copy: _at_the_end(found, copy) for copy in found}


def _powers_in_mix(
    drums: Sequence[DrumTrack],
    measurement: Measurement,
    path: PathLevels,
    original: Mapping[int, int],
) -> dict[tuple[int, int], float]:
    """The power that two tracks with the same audio have in common in the mix, by their places.

    It is taken where the drums meet, with the faders as they are. Of a track with itself it is its
    own power; it is negative where two tracks cancel each other.
    """
    gains = path.gains.mix(np.array([to_decibel(drum.track.fader) for drum in drums]))
    powers, slices = measurement.mix.covariance(), measurement.mix.channel_slices
    first = {place: original.get(place, place) for place in range(len(drums))}
    return {
        (one, other): float(
            np.trace(
                gains[:, slices[one]]
                @ powers[slices[one], slices[other]]
                @ gains[:, slices[other]].T
            )
        )
        for one in first
        for other in first
        if first[one] == first[other]
    }


def all_following(
    drums: Sequence[DrumTrack],
    measurement: Measurement,
    active: NDArray[np.bool_],
    copies: Mapping[int, Following],
) -> dict[int, Following]:
    """The copies, and the samples whose hits are in step with a microphone of their drum.

    A sample that is itself a copy follows the track whose audio it holds. A sample that is grouped,
    or that the user selected without its microphone, follows none.

    Parameters
    ----------
    drums
        The n measured drum tracks.
    measurement
        What was measured of them.
    active
        Shape (n,): tracks that hold their own drum.
    copies
        What ``same_audio`` found.

    Returns
    -------
    dict
        By place, whom a track follows.
    """
    windows = measurement.onset_windows
    energy = windows.energy.sum(axis=2, dtype=np.float64)
    found: dict[int, Following] = {}
    for place, drum in enumerate(drums):
        hits = windows.own[place]
        if drum.role.name != "sample" or not active[place] or hits.sum() < _FEWEST_HITS:
            continue
        if drum.track.volume_groups or place in copies:
            continue
        best: tuple[float, int, float] | None = None
        for leader, other in enumerate(drums):
            if leader in copies or not active[leader]:
                continue
            if not _is_microphone_of(other.role, drum.role):
                continue
            own = windows.own[leader]
            step = float((hits & own).sum() / hits.sum())
            met = float(energy[leader, hits & own].sum() / max(energy[leader, own].sum(), 1e-30))
            if step >= _IN_STEP and met >= _MET and (best is None or met > best[0] + 0.05):
                best = met, leader, step
        if best is not None and not (drum.flag is None and drums[best[1]].flag == NOT_SELECTED):
            name = drums[best[1]].track.name
            found[place] = Following(
                best[1], f"follows {name}, {best[2]:.0%} of its hits in step".replace("%", " %")
            )
    at_end = {place: found.get(copy.leader, copy).leader for place, copy in copies.items()}
    return found | {place: replace(copies[place], leader=end) for place, end in at_end.items()}


def made_of(name: str) -> str:
    """A track's name without what says that it was rendered or copied from another one."""
    folded = name.casefold().strip()
    return _MADE.sub("", folded) or folded


def _at_the_end(found: Mapping[int, int], copy: int) -> int:
    """The place at the end of the chain of originals."""
    while copy in found:
        copy = found[copy]
    return copy


def _are_sides(one: Role, other: Role) -> bool:
    return one.name == other.name and {one.side, other.side} == {"left", "right"}


def _same_items(one: Track, other: Track) -> bool:
    """Whether two tracks play the same stretches of the same files at the same times."""

    def items(track: Track) -> list[tuple[object, ...]]:
        return sorted(
            (
                *(clip.position, clip.length, clip.offset, clip.play_rate),
                *(clip.source.path or "", clip.channel_mode),
            )
            for clip in track.clips
            if clip.plays
        )

    return bool(items(one)) and items(one) == items(other)


def _is_microphone_of(role: Role, sample: Role) -> bool:
    """Whether a microphone stands at the drum of a sample; at any where none is known."""
    return role.name in CLOSE_ROLES and (sample.drum is None or plays_with(sample, role))


def _correlations(measurement: Measurement) -> NDArray[np.float64]:
    """(n, n) correlations of the K-weighted tracks, their sides summed; 0 for silence."""
    powers = measurement.mix.covariance()
    slices = measurement.mix.channel_slices
    total = np.array([[powers[one, other].sum() for other in slices] for one in slices])
    level = np.sqrt(np.maximum(np.diag(total), 0.0))
    product = level[:, None] * level
    return np.asarray(np.divide(total, product, out=np.zeros_like(total), where=product > 0.0))
