"""Settings, and what a plan with automation plays, for tests of gains over time."""

import dataclasses

import numpy as np
import pyloudnorm
from envelope_reader import PlainEnvelope
from support import RATE, changed, gain

from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Envelope, Marker
from reaper_drumgain.schema.settings import Automation, Settings

#: where the sections end, and by how many dB each track is louder or softer in them
BORDERS = (8.0, 16.0, 24.0)


LEVELS = {
    "Kick": (0.0, -8.0, 3.0),
    "Snare Top": (0.0, 4.0, -4.0),
    "Hi-Hat": (0.0, 0.0, 5.0),
    "OH L": (0.0, -3.0, 2.0),
    "OH R": (0.0, -3.0, 2.0),
}


SECONDS = BORDERS[-1]


REGIONS = (
    Marker(0.0, "verse", 1, end=8.0),
    Marker(8.0, "chorus", 2, end=16.0),
    Marker(16.0, "bridge", 3, end=24.0),
)


def automated(method="equal-loudness", **wishes):
    fields = {k: wishes.pop(k) for k in ("level", "amount", "locks", "span") if k in wishes}
    return Settings(method=method, write="automation", automation=Automation(**wishes), **fields)


def envelope_of(built, planned):
    """What the planned envelope plays, by the other reader."""
    kind = "volume" if planned.automation is None else planned.automation.envelope
    found = [e for e in built.tracks[planned.index].envelopes if e.kind == kind]
    old = found[0].points if found else ()
    active = found[0].active if found else True
    points = old if planned.automation is None else planned.automation.result(old)
    rows = [(p.time, p.value, p.shape, p.tension) for p in points]
    return PlainEnvelope(rows, active or planned.automation is not None)


def level_at(built, planned, time):
    return planned.new_db + 20 * np.log10(envelope_of(built, planned).gain(time))


def mixed(built, plan: GainPlan, sounds, start, end):
    """The drums of a stretch, fader and envelope per sample (of the constant middle)."""
    first, last = int(start * RATE), int(end * RATE)
    times = np.arange(first, last) / RATE
    total = np.zeros(last - first)
    for planned in plan.tracks:
        envelope = envelope_of(built, planned)
        knots = sorted({start, end, *(p[0] for p in envelope.points if start < p[0] < end)})
        fine = np.unique(np.concatenate([knots, np.linspace(start, end, 2_000)]))
        curve = np.interp(times, fine, envelope.gains(fine))
        total += gain(planned.new_db) * curve * sounds[planned.name][first:last]
    return total


def loudness(audio):
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    return meter.integrated_loudness(np.stack([audio, audio], axis=1))


def written(built, plan):
    """The session as it is after the plan was applied."""
    for planned in plan.tracks:
        fields = {"fader": gain(planned.new_db)}
        if planned.note is not None:
            fields["fader_note"] = planned.note
        made = planned.automation
        if made is not None:
            track = built.tracks[planned.index]
            found = [e for e in track.envelopes if e.kind == made.envelope]
            old = found[0] if found else Envelope(made.envelope, True, (), fader_scaled=True)
            new = dataclasses.replace(old, active=True, points=made.result(old.points))
            others = tuple(e for e in track.envelopes if e.kind != made.envelope)
            fields |= {"envelopes": (*others, new), "automation_note": made.mark}
        built = changed(built, planned.index, **fields)
    return built
