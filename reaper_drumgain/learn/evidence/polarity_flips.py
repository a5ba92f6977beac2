"""Is a flipped microphone found, and is no right one called wrong? Tried on rendered sessions.

Two microphones of one drum in a session of a whole kit with bleed, at random recording gains:

- *snare top and bottom*: of MuldjordKit, and nine other snares struck in its place (their own top,
  bottom and overheads);
- *kick in and out*: the kick microphone of each kit, and as the one outside the same, darker and
  later by up to 2.5 ms, with some of a microphone that stands farther away. This is simulated.

The second is delayed by random amounts, and each is handed in twice, once flipped. Which of the two
is right is told by the drum's strokes without any bleed: whether sum or difference of the two is
louder between 60 and 300 Hz at equal level. Less than ``CLEAR_DB`` apart neither is wrong in a way
that can be heard. Also counted are delays of 6 ms, and every other microphone that is accused.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.learn.data.human_faders import Float64
from reaper_drumgain.learn.data.kit_sessions import MICROPHONES
from reaper_drumgain.learn.data.kits import RATE, Audio, cached_kit
from reaper_drumgain.learn.data.performances import Performance, Stroke, choose_any_style
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.learn.data.rendered_songs import Progress
from reaper_drumgain.learn.data.snares import FOLDER, Snare, load_snares
from reaper_drumgain.learn.evidence.project_files import Balancer, recorded_louder, write_session
from reaper_drumgain.methods.base import Method
from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.roles import Role
from reaper_drumgain.util.processes import in_processes

FIGURES = "polarity and delay"
SNARE, KICK = "snare top and bottom", "kick in and out"
#: sum and difference at least so far apart: what counts as right or wrong
CLEAR_DB = 1.5
_BODY_HZ = (60.0, 300.0)
#: by how much the second microphone hears later, at random, and a shift that is wrong
_LATER_MS, _WRONG_MS = {SNARE: 0.8, KICK: 2.5}, 6.0
_GAIN_DB, _LEVEL_DB = 10.0, 1.0
_SECONDS, _RING_S, _FEWEST = 20.0, 2.0, {"snare": 12, "kick": 12}
_OUTSIDE_TILT_DB, _FARTHER = -9.0, 0.5
_FARTHER_MIC = {"muldjord": "AmbL", "gogodze": "front"}
_MULDJORD, _GOGODZE = "muldjord", "gogodze"


@dataclass(frozen=True)
class Pair:
    """Two microphones of one drum of a kit.

    Attributes
    ----------
    kind
        Where they stand.
    kit
        The name of the kit.
    snare
        The name of another snare in the place of the kit's; None for the kit's own.
    """

    kind: str
    kit: str
    snare: str | None = None

    @property
    def name(self) -> str:
        """In the figures."""
        return f"{self.kind}, {(self.snare and 'other snares') or self.kit}"


@dataclass(frozen=True)
class _Case:
    """``flip_db``: by how many dB a flip of the second microphone makes both together louder.
    ``told``, ``late``: a wrong polarity, or a delay, of the pair; ``others``: wrong polarities of
    other microphones. ``shifted``: by a delay that is wrong."""

    pair: Pair
    flip_db: float
    shifted: bool
    told: bool
    late: bool
    others: int


def try_polarity(
    data: Path,
    balancer: Balancer,
    methods: Mapping[str, Method],
    *,
    performances: int,
    seed: int,
    jobs: int = 1,
    progress: Progress,
) -> dict[str, Any]:
    """How often flipped and shifted microphones are found. Raises InputError.

    Parameters
    ----------
    data
        The folder with ``kits`` and ``groove``; snares that are not there are left out.
    balancer
        Makes the plans of several methods for one session.
    methods
        One of any kind, by name.
    performances
        Of each pair, a quarter of them of each other snare; each is tried right, flipped and
        shifted.
    seed
        Of the random generators.
    jobs
        Number of processes; it does not change the result.
    progress
        Called with what is done and its share, 0 to 1.

    Returns
    -------
    dict
        Counts by pair of microphones, as plain JSON data.
    """
    folder = data / "kits" / FOLDER
    snares = [snare.name for snare in load_snares(folder)] if folder.is_dir() else []
    pairs = [Pair(SNARE, _MULDJORD), Pair(KICK, _MULDJORD), Pair(KICK, _GOGODZE)]
    pairs += [Pair(SNARE, _MULDJORD, name) for name in snares]
    chosen = choose_any_style(data / "groove", performances, _SECONDS, [seed, 17], _FEWEST)
    few = max(performances // 4, 1)
    work = [(pair, n) for pair in pairs for n in range(few if pair.snare else performances)]
    judge = functools.partial(_judged, data, balancer, methods, chosen, seed)
    cases: list[_Case] = []
    for done, own in enumerate(in_processes(judge, work, jobs), 1):
        cases += own
        progress("flipped and shifted microphones", done / len(work))
    names = dict.fromkeys(pair.name for pair in pairs)
    return {name: _counts([case for case in cases if case.pair.name == name]) for name in names}


def _counts(cases: Sequence[_Case]) -> dict[str, int]:
    level = [case for case in cases if not case.shifted]
    wrong = [case for case in level if case.flip_db >= CLEAR_DB]
    right = [case for case in level if case.flip_db <= -CLEAR_DB]
    shifted = [case for case in cases if case.shifted]
    return {
        "wrong": len(wrong),
        "found": sum(case.told for case in wrong),
        "right": len(right),
        "accused": sum(case.told for case in right),
        "neither": len(level) - len(wrong) - len(right),
        "neither, told": sum(case.told for case in level if abs(case.flip_db) < CLEAR_DB),
        "right, delay told": sum(case.late for case in level),
        "shifted": len(shifted),
        "shift found": sum(case.late for case in shifted),
        "sessions": len(cases),
        "others accused": sum(case.others for case in cases),
    }


def _judged(
    data: Path,
    balancer: Balancer,
    methods: Mapping[str, Method],
    chosen: Sequence[Performance],
    seed: int,
    item: tuple[Pair, int],
) -> list[_Case]:
    """One performance with one pair: as it is and flipped, and shifted by a wrong delay."""
    pair, number = item
    random = np.random.default_rng([seed, number, len(pair.name)])
    roles, sound, alone, place = _session(data, pair, chosen[number].strokes, seed + number)
    delays = (random.uniform(0.0, _LATER_MS[pair.kind]), _WRONG_MS)
    gains = random.uniform(-_GAIN_DB, _GAIN_DB, len(roles))
    cases = []
    for delay in delays:
        shifted = delay == _WRONG_MS
        here = sound.copy()
        here[place + 1] = _later(sound[place + 1], delay)
        flip = flip_db(alone[0], _later(alone[1], delay))
        with tempfile.TemporaryDirectory() as folder:
            session = recorded_louder(write_session(Path(folder), roles, here), gains)
            for inverted in (False, True) if not shifted else (bool(random.integers(2)),):
                plans = balancer(_inverted(session, place + 1, inverted), methods)
                faults = next(iter(plans.values())).faults if plans else ()
                kinds = [(fault.kind, fault.track) for fault in faults]
                cases.append(
                    _Case(
                        pair,
                        -flip if inverted else flip,
                        shifted,
                        ("polarity", place + 1) in kinds,
                        ("delay", place + 1) in kinds,
                        sum(k == "polarity" and at not in (place, place + 1) for k, at in kinds),
                    )
                )
    return cases


def _session(
    data: Path, pair: Pair, strokes: Sequence[Stroke], seed: int
) -> tuple[list[Role], Audio, Audio, int]:
    """Roles and sound of all tracks, the pair alone without bleed (2, frames), and the place of the
    first of the pair; the other one follows it."""
    kit = cached_kit(data / "kits" / pair.kit)
    roles = dict(MICROPHONES[pair.kit])
    mics = {name: VirtualMic((name,)) for name in roles}
    length = max(stroke.time for stroke in strokes) + _RING_S
    pieces = ("snare", "side stick") if pair.kind == SNARE else ("kick",)
    drum = [stroke for stroke in strokes if stroke.piece in pieces]
    if pair.kind == KICK:
        return _with_kick_out(pair, kit, strokes, drum, length, seed)
    first = list(roles).index("Snare_top")
    if pair.snare is None:
        sound = render(kit, strokes, list(mics.values()), length, seed=seed)
        alone = render(kit, drum, [mics["Snare_top"], mics["Snare_bottom"]], length, seed=seed)
        return list(roles.values()), sound, alone, first
    rest = [stroke for stroke in strokes if stroke.piece not in pieces]
    sound = render(kit, rest, list(mics.values()), length, seed=seed)
    level = np.abs(render(kit, drum, [mics["Snare_top"]], length, seed=seed)).max()
    struck = _snare(data, pair.snare).render(strokes, sound.shape[1])
    struck *= level / np.abs(struck[0]).max()
    for row, name in zip(struck, ("Snare_top", "Snare_bottom", "OHL", "OHR"), strict=True):
        sound[list(roles).index(name)] += row
    return list(roles.values()), sound, struck[:2], first


def _with_kick_out(
    pair: Pair,
    kit: Any,
    strokes: Sequence[Stroke],
    drum: Sequence[Stroke],
    length: float,
    seed: int,
) -> tuple[list[Role], Audio, Audio, int]:
    """The session with a microphone outside the kick behind the one inside."""
    names = list(MICROPHONES[pair.kit])
    inside, below = names[0], "Snare_bottom"
    outside = VirtualMic((inside,), tilt_db=_OUTSIDE_TILT_DB)
    farther = VirtualMic((_FARTHER_MIC[pair.kit],))
    roles = [Role("kick in"), Role("kick out"), *list(MICROPHONES[pair.kit].values())[1:]]
    mics = [VirtualMic((inside,)), outside, *(VirtualMic((name,)) for name in names[1:])]
    sound = render(kit, strokes, mics, length, seed=seed)
    sound[1] += _FARTHER * render(kit, strokes, [farther], length, seed=seed)[0]
    if below in names:
        # as the kit is sampled it works against the one above, and is told rightly
        sound[names.index(below) + 1] *= -1.0
    alone = render(kit, drum, [mics[0], outside, farther], length, seed=seed)
    alone[1] += _FARTHER * alone[2]
    return roles, sound, alone[:2], 0


@functools.lru_cache(maxsize=1)
def _snares(folder: Path) -> dict[str, Snare]:
    return {snare.name: snare for snare in load_snares(folder)}


def _snare(data: Path, name: str) -> Snare:
    return _snares(data / "kits" / FOLDER)[name]


def _later(samples: Audio, ms: float) -> Audio:
    """(frames,) the samples so much later, by whole samples."""
    count = round(ms * RATE / 1000.0)
    return np.concatenate([np.zeros(count, np.float32), samples[: samples.size - count]])


def flip_db(first: Audio, second: Audio) -> float:
    """By how much two microphones together get louder where one of them is flipped.

    They are compared at equal level between 60 and 300 Hz, all strokes together.

    Parameters
    ----------
    first, second
        Shape (frames,): samples at ``kits.RATE``.

    Returns
    -------
    float
        In dB; above 0 where the flip is right.
    """
    spectra = np.fft.rfft(np.stack([first, second]).astype(np.float64), axis=1)
    frequencies = np.fft.rfftfreq(first.size, 1.0 / RATE)
    body = spectra[:, (frequencies >= _BODY_HZ[0]) & (frequencies < _BODY_HZ[1])]
    body /= np.sqrt(np.square(np.abs(body)).sum(axis=1, keepdims=True))
    power: Float64 = np.array(
        [np.square(np.abs(body[0] + sign * body[1])).sum() for sign in (-1.0, 1.0)]
    )
    return float(10.0 * np.log10(power[0] / power[1]))


def _inverted(session: Session, place: int, inverted: bool) -> Session:
    tracks = list(session.tracks)
    tracks[place] = replace(tracks[place], inverted=inverted)
    return replace(session, tracks=tuple(tracks))


def polarity_table(figures: Mapping[str, Any]) -> list[list[str]]:
    """The counts as rows of cells, the head first."""
    rows = [["", "flips found", "right ones accused", "6 ms found", "usual delays told", "others"]]
    for name, held in figures.items():
        level = held["wrong"] + held["right"] + held["neither"]
        rows.append(
            [
                name,
                _share(held["found"], held["wrong"]),
                _share(held["accused"], held["right"]),
                _share(held["shift found"], held["shifted"]),
                _share(held["right, delay told"], level),
                f"{held['others accused']} in {held['sessions']} sessions",
            ]
        )
    return rows


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100.0 * part / whole:.0f} %)" if whole else "")
