"""The level of the drums in each section.

In every section the drums stay as loud along their path as they were before; an earlier envelope of
DrumGain's counts as part of that. Ends of faders are not considered for this. Where the whole song
gets louder or softer (another level than ``keep``), each section does by as much. Where locked or
unselected tracks play, they set the level of the section, as they do in the plan. Where fader and
envelope together would pass their end, a track stops there, with those that it is linked to; the
other tracks do not change for that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.loudness import gated_loudness
from reaper_drumgain.automation.inputs import AutomationInput
from reaper_drumgain.automation.sections import Section
from reaper_drumgain.faders.levels import PathLevels, offset_for
from reaper_drumgain.units import HEARD_DB, MAX_FADER

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def hops_of(given: AutomationInput, section: Section) -> tuple[int, int]:
    """The first hop of a section, and the hop after its last one."""
    return given.analysis.hop_of(section.start), given.analysis.hop_of(section.end)


def at_section_level(
    given: AutomationInput, faders: Array, active: Mask, path: PathLevels, powers_before: Array
) -> Array:
    """The faders of a section with the offset that gives it its level.

    Parameters
    ----------
    given
        What automation starts from, of n tracks.
    faders
        Shape (n,): faders of the section in dB, right except for a common offset.
    active
        Shape (n,): tracks that play in the section.
    path
        The levels of the section.
    powers_before
        Shape (hops,): power of the drums in the section before, per 100 ms.

    Returns
    -------
    ndarray
        Shape (n,): faders in dB; unchanged where a track that stays plays and sets the level.
    """
    anchors = active & given.anchors
    moving = given.automatable & active
    if anchors.any() or not moving.any():
        return faders
    target = gated_loudness(powers_before) + given.level_change_db
    own = any(envelope.written_by_drumgain for envelope in given.existing)

    def loudness(offset: float) -> float:
        at = faders + offset * moving
        # an earlier run stopped at the end of faders: its level is that of faders with an end
        return path.loudness(_ended(given, at, moving) if own else at)

    offset = offset_for(loudness, target)
    levelled: Array = faders + (offset or 0.0) * moving
    return levelled


def below_fader_end(
    given: AutomationInput, faders: Array, active: Mask, section: Section
) -> tuple[Array, tuple[str, ...]]:
    """The faders of a section, none beyond its end.

    Parameters
    ----------
    given
        What automation starts from, of n tracks.
    faders
        Shape (n,): faders of the section in dB.
    active
        Shape (n,): tracks that play in the section.
    section
        The section, for the warning.

    Returns
    -------
    faders : ndarray
        Shape (n,): faders in dB. Linked tracks stop together.
    warnings : tuple of str
        One sentence where a track is softer than asked.
    """
    ended = _ended(given, faders, given.automatable & active)
    missing = faders - ended
    told = [
        f"{given.drums[place].track.name!r} by {missing[place]:.1f} dB"
        for place in np.flatnonzero(missing >= HEARD_DB)
    ]
    if not told:
        return ended, ()
    warning = (
        f"quieter than asked in section {section}, because fader and envelope together end at "
        f"+{MAX_FADER:g} dB: {', '.join(told)}"
    )
    return ended, (warning,)


def _ended(given: AutomationInput, faders: Array, moving: Mask) -> Array:
    """The faders (n,) in dB with the moving ones no higher than their end; linked ones as one."""
    over = np.where(moving, np.maximum(faders - given.highest_faders_db, 0.0), 0.0)
    excess = np.array([over[list(members)].max() for members in given.links])
    return np.asarray(faders - np.where(moving, excess, 0.0), dtype=np.float64)


def powers_with_sections(
    given: AutomationInput, sections: Sequence[Section], faders_db: Array
) -> Array:
    """The power of the drums along their path, with the faders of each section.

    Parameters
    ----------
    given
        What automation starts from, of n tracks.
    sections
        The sections; outside of them the constant part holds.
    faders_db
        Shape (sections, n): fader and envelope together, in dB.

    Returns
    -------
    ndarray
        Shape (hops,): power per 100 ms.
    """
    powers = given.path.powers(given.faders_db)
    for section, faders in zip(sections, faders_db, strict=True):
        hops = slice(*hops_of(given, section))
        powers[hops] = given.path.powers(faders)[hops]
    return powers
