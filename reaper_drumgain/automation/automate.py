"""Gains over time: per section of the song, or following it without sections.

The constant part stays in the faders (with sections: the faders as without automation; for gains
that follow the song: where each is most of the time). An envelope carries the rest. Both ways
share these rules:

- linked tracks get the same curve; where one of them can have none, none of them gets one;
- fader and envelope together end where a fader ends (+12 dB), and so does the envelope alone;
- with a span (a time selection) the faders stay, and all changes lie inside of it.

``section_gains`` and ``gain_riding`` make the gains, ``envelope_points`` the points.
"""

from __future__ import annotations

import math
from dataclasses import replace

from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.loudness import gated_loudness
from reaper_drumgain.analysis.segments import SEGMENT_DESCRIPTORS
from reaper_drumgain.automation.envelope_points import GainCurve, multiplied, replaced
from reaper_drumgain.automation.existing_envelopes import ExistingEnvelope
from reaper_drumgain.automation.gain_riding import riding_gains
from reaper_drumgain.automation.inputs import AutomationInput
from reaper_drumgain.automation.records import AutomationResult
from reaper_drumgain.automation.section_gains import section_gains
from reaper_drumgain.errors import InputError
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.plan import SectionGain, TrackAutomation
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel


def follows_song(settings: Settings, method: Method) -> bool:
    """Whether gains follow the song without sections.

    Parameters
    ----------
    settings
        What the user wants; ``automation.sections`` decides.
    method
        The method of the run.

    Returns
    -------
    bool
        True for gains that follow the song, False for one gain in each section.

    Raises
    ------
    InputError
        The settings ask for gains that follow the song, and the method has none.
    """
    able = method.has_running_gains
    if settings.automation.sections == "running" and not able:
        raise InputError(
            f"the method {settings.method} needs sections: use regions or markers, or the method "
            "cross-adaptive, which follows a song without sections"
        )
    return able and settings.automation.sections in ("usual", "running")


def descriptors_for(settings: Settings, method: Method) -> tuple[Descriptor, ...]:
    """What automation needs measured beside the method's own descriptors."""
    whole = follows_song(settings, method) or method.rides_playing
    return () if whole else SEGMENT_DESCRIPTORS


def automate(given: AutomationInput) -> AutomationResult:
    """The envelopes and faders of the drum tracks.

    Raises
    ------
    InputError
        Gains per section are asked for, and the song has no sections.
    """
    if follows_song(given.settings, given.method):
        gains = riding_gains(given)
    else:
        gains = section_gains(given)
    tracks = tuple(
        _track_automation(existing, curve, own, given.span) if able else None
        for existing, curve, own, able in zip(
            given.existing, gains.curves, gains.sections, gains.automatable, strict=True
        )
    )
    after = gated_loudness(gains.powers)
    return AutomationResult(
        faders_db=gains.faders_db,
        tracks=tracks,
        refusals=given.refusals,
        after_lufs=after if math.isfinite(after) else -math.inf,
        warnings=gains.warnings,
    )


def _track_automation(
    existing: ExistingEnvelope,
    curve: GainCurve,
    sections: tuple[SectionGain, ...],
    span: tuple[float, float] | None,
) -> TrackAutomation | None:
    """The envelope that gives a track the curve; None where it needs no change."""
    if existing.operation == "replace":
        points = replaced(curve, existing.base, bounded=span is not None)
    else:
        points = multiplied(curve, existing.base)
    made = existing.automation(points)
    within = Decibel(round(curve.tolerance_db, 2))
    return None if made is None else replace(made, sections=sections, within_db=within)
