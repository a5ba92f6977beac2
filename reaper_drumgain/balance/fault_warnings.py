"""Faults that no fader can correct: their numbers and the usual remedy. Nothing is corrected here.

Each track for itself: clipping, DC, hum. Two tracks (or channels): a dead side of a pair. Two
microphones at their strokes: polarity and delay (``analysis.polarity``).

Polarity is judged as the mix hears it: the negative gain of a take is in the audio already, the
switches of the track, its sends and folders count here, from its path.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import leakage, polarity
from reaper_drumgain.analysis.measurement import Measurement
from reaper_drumgain.analysis.polarity import OPPOSITE, Reading
from reaper_drumgain.analysis.recording_faults import ChannelFaults, Hum, dead_side
from reaper_drumgain.faders.activity import TrackActivity
from reaper_drumgain.schema.plan import Fault
from reaper_drumgain.tracks.roles import Role, drum_of
from reaper_drumgain.tracks.selection import DrumTrack

Bool = npt.NDArray[np.bool_]
Complex = npt.NDArray[np.complexfloating]
Intp = npt.NDArray[np.intp]

#: roles of which the one stands at the struck head (or inside), the other behind it, with the span
#: of ms by which the other hears later, and the largest usual delay in words
_THROUGH: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[float, float], str], ...] = (
    (("snare top", "snare"), ("snare bottom",), polarity.THROUGH_SNARE_MS, "1.5"),
    (("kick in", "kick"), ("kick out",), polarity.THROUGH_KICK_MS, "3"),
)
_PAIRS = ("overhead", "room")
#: drums that sound in all microphones, often together with others: their strokes may coincide
#: with those of the drum that is judged
_METAL = frozenset({"hi-hat", "ride", "cymbal"})
#: strokes of a drum that are read, and of each of kick and snare for the sides of a pair
_MOST_HITS, _MOST_SIDE_HITS = 40, 20
#: by how many dB a flip has to raise the two together for a warning
_WORTH_DB = 1.0


@dataclass(frozen=True)
class _Kit:
    """The measured tracks, and where each drum has strokes among the hits that were kept."""

    drums: Sequence[DrumTrack]
    activity: TrackActivity
    measurement: Measurement
    strokes: Mapping[str, Bool] = field(default_factory=dict)

    def name(self, place: int) -> str:
        return self.drums[place].track.name

    def places(self, names: Sequence[str], ordinal: int | None = None) -> list[int]:
        """The active tracks whose role has one of ``names`` and this number."""
        return [
            place
            for place, drum in enumerate(self.drums)
            if drum.role.name in names
            and drum.role.ordinal == ordinal
            and self.activity.states[place] is None
        ]

    def channels(self, place: int) -> range:
        own = self.measurement.mix.channel_slices[place]
        return range(own.start, own.stop)

    def spectra(self, hits: Intp, place: int, channel: int | None = None) -> Complex:
        """At ``hits``, in the polarity that reaches the mix; of the first channel that sounds."""
        own = self.channels(place)
        if channel is None:
            parts = self.measurement.hit_spectra.parts
            channel = next((one for one in own if parts[hits, one].any()), own.start)
        side = channel - own.start if len(own) == 2 else None
        return _sign(self.drums[place], side) * self.measurement.hit_spectra.of(hits, channel)

    def hits(self, drum: str, most: int = _MOST_HITS) -> Intp:
        """The strongest strokes of a drum, those without another drum's where there are enough."""
        own = self.strokes.get(drum)
        if own is None:
            return np.zeros(0, dtype=np.intp)
        alone = own.copy()
        for other, theirs in self.strokes.items():
            if other != drum and other not in _METAL:
                alone &= ~theirs
        chosen = np.flatnonzero(alone if alone.sum() >= polarity.FEWEST_HITS else own)
        rows = [p for p, one in enumerate(self.drums) if _drum(one.role) == drum]
        energy = self.measurement.hit_spectra.energy[rows].max(axis=0, initial=0.0)
        return np.asarray(chosen[np.argsort(-energy[chosen], kind="stable")[:most]])


def faults(
    drums: Sequence[DrumTrack], activity: TrackActivity, measurement: Measurement
) -> tuple[Fault, ...]:
    """All faults of n measured drum tracks, those of pairs of microphones first.

    Parameters
    ----------
    drums
        The tracks in project order.
    activity
        Which of them play their own drum.
    measurement
        What was measured of them.

    Returns
    -------
    tuple of Fault
        Empty where nothing was found.
    """
    kit = _Kit(drums, activity, measurement, _strokes(drums, activity, measurement))
    return (
        *_one_drum(kit),
        *_against_overheads(kit),
        *_sides(kit),
        *_dead_sides(kit),
        *_of_tracks(kit),
    )


def _drum(role: Role) -> str:
    """What is struck: another snare is another drum."""
    return drum_of(role) if role.name == "tom" else f"{drum_of(role)} {role.ordinal or ''}".strip()


def _sign(drum: DrumTrack, side: int | None) -> float:
    """-1 where the polarity that reaches the mix is not that of the audio before the fader."""
    (a, b), (c, d) = drum.path.through_fader
    gains = ((a, c), (b, d))[side] if side is not None else (a, b, c, d)
    return -1.0 if max(gains, key=abs) < 0.0 else 1.0


def _strokes(
    drums: Sequence[DrumTrack], activity: TrackActivity, measurement: Measurement
) -> dict[str, Bool]:
    """For each drum with an active close microphone which of the kept hits are strokes of it: own
    onsets of its microphone that exceed what leaks into it from the others."""
    spectra, windows, heard = measurement.hit_spectra, measurement.onset_windows, activity.heard
    if not spectra.steps.size:
        return {}
    at = np.searchsorted(windows.steps, spectra.steps)
    found: dict[str, Bool] = {}
    for place, microphone in enumerate(heard.microphones):
        judged = activity.verdicts[place].state == leakage.ACTIVE
        if not microphone.close or microphone.drum is None or not judged:
            continue
        over = heard.over[place][at]
        # a drum alone: nothing could leak into it
        limit = heard.limits_db[place] if np.isfinite(heard.over[place]).any() else -math.inf
        own = (np.nan_to_num(over, nan=0.0) >= limit) & (spectra.energy[place] > 0.0)
        drum = _drum(drums[place].role)
        found[drum] = found[drum] | own if drum in found else own
    return found


def _one_drum(kit: _Kit) -> Iterator[Fault]:
    """Two microphones of one drum, as top and bottom."""
    frequencies = kit.measurement.hit_spectra.frequencies
    numbers = {drum.role.ordinal for drum in kit.drums}
    for firsts, seconds, span, usual in _THROUGH:
        for ordinal in sorted(numbers, key=lambda number: number or 0):
            for second in kit.places(seconds, ordinal):
                for first in kit.places(firsts, ordinal)[:1]:
                    hits = kit.hits(_drum(kit.drums[first].role))
                    reading = polarity.read_one_drum(
                        kit.spectra(hits, first), kit.spectra(hits, second), frequencies, span
                    )
                    yield from _told_of_drum(kit, first, second, reading, usual)


def _told_of_drum(
    kit: _Kit, first: int, second: int, reading: Reading, usual: str
) -> Iterator[Fault]:
    one, two = kit.name(first), kit.name(second)
    index = kit.drums[second].track.index
    if reading.late:
        later = reading.delay_ms > 0.0
        about = max(round(abs(reading.delay_ms)), 1)
        sentence = (
            f"{two!r} is heard about {about} ms {'after' if later else 'before'} {one!r} (usual: "
            f"{f'up to {usual} ms after it' if later else 'not before it'}, {reading.hits} hits): "
            f"move its items {'earlier' if later else 'later'} by that, then check the polarity "
            "again"
        )
        numbers = {"delay_ms": float(round(reading.delay_ms)), "hits": float(reading.hits)}
        yield Fault(index, "delay", numbers, sentence)
    elif reading.polarity == OPPOSITE:
        gain = polarity.flip_gain_db(reading.now)
        if gain < _WORTH_DB:
            return
        sum_db = polarity.sum_db(reading.now)
        than = f"{abs(sum_db):.0f} dB {'quieter' if sum_db < 0.0 else 'louder'} than one alone"
        sentence = (
            f"{two!r} has the opposite polarity of {one!r}: at equal level the two together are "
            f"{than} (60 to 300 Hz, {reading.hits} hits). Flip the polarity of {two!r}: the two "
            f"get {gain:.0f} dB louder"
        )
        numbers = {
            "correlation": round(reading.now, 3),
            "pull": round(reading.score, 3),
            "sum_db": round(sum_db, 1),
            "flip_db": round(gain, 1),
            "hits": float(reading.hits),
        }
        yield Fault(index, "polarity", numbers, sentence)


def _against_overheads(kit: _Kit) -> Iterator[Fault]:
    """Snare and toms against the overheads, where two drums say which of the two is the wrong
    one."""
    overheads = [p for p, d in enumerate(kit.drums) if d.role.name == "overhead"]
    overheads = [place for place in overheads if kit.activity.states[place] is None]
    readings: dict[str, Reading] = {}
    places: dict[str, int] = {}
    for place, drum in enumerate(kit.drums):
        name = _drum(drum.role)
        close = drum.role.name in ("snare top", "snare", "tom") and name not in readings
        if not close or not overheads or kit.activity.states[place] is not None:
            continue
        hits = kit.hits(name)
        distant = [kit.spectra(hits, one, c) for one in overheads for c in kit.channels(one)]
        readings[name] = polarity.read_overheads(
            kit.spectra(hits, place), distant, kit.measurement.hit_spectra.frequencies
        )
        places[name] = place
    wrong = polarity.against_overheads(readings)
    if not _costs_level(readings, wrong):
        return
    opposite = [name for name, found in readings.items() if found.polarity == OPPOSITE]
    scores = {f"{name} dB".replace(" ", "_"): round(readings[name].score, 1) for name in opposite}
    if wrong is None:
        names = " and ".join(repr(kit.name(places[name])) for name in opposite)
        which = " and ".join(repr(kit.name(place)) for place in overheads)
        sentence = (
            f"the overheads have the opposite polarity of {names} ({_dbs(readings, opposite)}): "
            f"flip the polarity of {which} and listen: the kit should sound fuller"
        )
        yield Fault(kit.drums[overheads[0]].track.index, "polarity", scores, sentence)
        return
    for drum_name in wrong:
        place, score = places[drum_name], readings[drum_name].score
        sentence = (
            f"{kit.name(place)!r} has the opposite polarity of the overheads ({score:.1f} dB), "
            f"the other drums do not: flip the polarity of {kit.name(place)!r}"
        )
        numbers = {"direct_db": round(score, 1), "hits": float(readings[drum_name].hits)}
        yield Fault(kit.drums[place].track.index, "polarity", numbers, sentence)


def _costs_level(readings: Mapping[str, Reading], wrong: tuple[str, ...] | None) -> bool:
    """Whether the drums that run against the overheads lose level where both play, as recorded."""
    names = [n for n, found in readings.items() if found.polarity == OPPOSITE]
    names = names if wrong is None else [n for n in names if n in wrong]
    gains = [polarity.flip_gain_db(readings[name].now) for name in names]
    return bool(gains) and float(np.mean(gains)) >= _WORTH_DB


def _dbs(readings: Mapping[str, Reading], names: Sequence[str]) -> str:
    return ", ".join(f"{readings[name].score:.1f} dB" for name in names)


def _side_channels(kit: _Kit) -> Iterator[tuple[tuple[int, int], tuple[int, int], str, str]]:
    """The two sides (track, channel) of each pair of overheads and rooms, with their names."""
    for name in _PAIRS:
        sides: dict[tuple[int | None, str | None], int] = {}
        for place, drum in enumerate(kit.drums):
            if drum.role.name != name:
                continue
            own = kit.channels(place)
            if len(own) == 2:
                track = kit.name(place)
                left, right = (f"the {side} side of {track!r}" for side in ("left", "right"))
                yield (place, own.start), (place, own.start + 1), left, right
            else:
                sides[drum.role.ordinal, drum.role.side] = place
        for (ordinal, side), place in sides.items():
            other = sides.get((ordinal, "right"))
            if side == "left" and other is not None:
                one, two = (place, kit.channels(place).start), (other, kit.channels(other).start)
                yield one, two, repr(kit.name(place)), repr(kit.name(other))


def _sides(kit: _Kit) -> Iterator[Fault]:
    """The sides of a pair of overheads or rooms against each other."""
    chosen = [kit.hits(drum, _MOST_SIDE_HITS) for drum in ("kick", "snare")]
    hits = np.unique(np.concatenate(chosen))
    for one, two, left, right in _side_channels(kit):
        reading = polarity.read_sides(
            kit.spectra(hits, *one),
            kit.spectra(hits, *two),
            kit.measurement.hit_spectra.frequencies,
        )
        if reading.polarity == OPPOSITE:
            sentence = (
                f"{right} has the opposite polarity of {left} (60 to 300 Hz: correlation "
                f"{reading.now:.1f}, {reading.hits} hits): flip the polarity of one of them"
            )
            numbers = {"correlation": round(reading.now, 3), "hits": float(reading.hits)}
            yield Fault(kit.drums[two[0]].track.index, "polarity", numbers, sentence)


def _dead_sides(kit: _Kit) -> Iterator[Fault]:
    for one, two, left, right in _side_channels(kit):
        found = dead_side(_channel(kit, *one).seconds, _channel(kit, *two).seconds)
        if found is None or not found.told:
            continue
        dead, sound = (left, right) if found.side == 0 else (right, left)
        index = kit.drums[(one, two)[found.side][0]].track.index
        if found.share >= 0.9 and found.difference_db >= 100.0:
            said = f"{dead} is silent: use {sound} alone, panned to the centre"
        else:
            said = (
                f"{dead} is 40 dB or more quieter than {sound} for {found.seconds} s in a row: "
                "check the cable, the edit and mutes"
            )
        numbers = {"difference_db": round(found.difference_db, 1), "in_a_row_s": found.seconds}
        yield Fault(index, "dead side", {k: float(v) for k, v in numbers.items()}, said)


def _channel(kit: _Kit, place: int, channel: int) -> ChannelFaults:
    return kit.measurement.tracks[place].faults[channel - kit.channels(place).start]


def _of_tracks(kit: _Kit) -> Iterator[Fault]:
    """Clipping, DC and hum of each track, of its worst channel."""
    rate = kit.measurement.rate
    for drum, track in zip(kit.drums, kit.measurement.tracks, strict=True):
        name, index = repr(drum.track.name), drum.track.index
        if not track.faults:
            continue
        clipping = max((own.clipping for own in track.faults), key=lambda c: (c.told, c.samples))
        if clipping.told:
            times = "once" if clipping.runs == 1 else f"{clipping.runs} times"
            longest = 1000.0 * clipping.longest / rate
            sentence = (
                f"{name} is clipped in the recording: {times} up to {clipping.longest} samples "
                f"({longest:.1f} ms) stay at {clipping.level_db:.1f} dBFS: use a declipper or "
                "another take, a fader does not help"
            )
            numbers = {
                "runs": float(clipping.runs),
                "longest_samples": float(clipping.longest),
                "level_dbfs": round(clipping.level_db, 1),
            }
            yield Fault(index, "clipping", numbers, sentence)
        offset = max(track.faults, key=lambda own: (own.dc_told, own.dc_share))
        if offset.dc_told:
            sentence = (
                f"{name} has a DC offset of {100.0 * offset.dc_share:.0f} % of its RMS: use a "
                "high-pass filter at 20 Hz"
            )
            numbers = {"dc": round(offset.dc, 6), "of_rms_percent": round(100 * offset.dc_share, 1)}
            yield Fault(index, "dc", numbers, sentence)
        hum = max((own.hum for own in track.faults), key=lambda h: (h.told, len(h.lines)))
        if hum.told:
            yield _hum_fault(index, name, hum)


def _hum_fault(index: int, name: str, hum: Hum) -> Fault:
    lines = ", ".join(map(str, hum.lines))
    notches = ", ".join(f"{hum.mains_hz * line:g}" for line in hum.lines[:3])
    sentence = (
        f"{name} hums at {hum.mains_hz:g} Hz (harmonics {lines}), {-hum.under_db:.0f} dB below "
        f"its loudest second: use a gate, or notch filters at {notches} Hz"
    )
    numbers = {
        "mains_hz": hum.mains_hz,
        "lines": float(len(hum.lines)),
        "under_db": round(hum.under_db, 1),
    }
    return Fault(index, "hum", numbers, sentence)
