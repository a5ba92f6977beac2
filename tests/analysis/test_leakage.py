"""What only leaks is told from what plays, at any recording gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper_drumgain.analysis.leak_excess import Microphone, strengths
from reaper_drumgain.analysis.leakage import (
    ACTIVE,
    EMPTY,
    LEAK,
    RESIDUE,
    SHORT,
    Heard,
    hear,
    is_short,
    judge,
    plays_in,
)

BANDS = 4
#: level in dB of each drum (columns) in each microphone (rows): the diagonal is its own
KIT = ("kick", "snare", "hat", "tom 1", "tom 2", "overhead")
WAYS = np.array(
    [
        [0.0, -26.0, -38.0, -25.0, -22.0],
        [-28.0, 0.0, -22.0, -20.0, -26.0],
        [-36.0, -20.0, 0.0, -28.0, -34.0],
        [-24.0, -18.0, -27.0, 0.0, -16.0],
        [-20.0, -24.0, -33.0, -15.0, 0.0],
        [-14.0, -10.0, -12.0, -12.0, -13.0],
    ]
)
MICROPHONES = tuple(
    Microphone(
        drum=name,
        close=name != "overhead",
        metal=name == "hat",
        usual=name in ("kick", "snare"),
        overheard=name == "snare",
    )
    for name in KIT
)


def song(
    *, resting: tuple[str, ...] = (), gains_db: np.ndarray | None = None, onsets: int = 240
) -> Heard:
    """A made-up song: kick, snare, hi-hat and fills of toms, with strokes that coincide."""
    energy = drums(np.random.default_rng(3), onsets=onsets, resting=resting)
    gains = np.zeros(len(KIT)) if gains_db is None else gains_db
    return heard(energy * 10.0 ** (gains / 10.0)[:, None, None])


def drums(random: np.random.Generator, *, onsets: int, resting: tuple[str, ...] = ()) -> np.ndarray:
    """The energies (tracks, onsets, bands) of that song."""
    strokes = np.zeros((5, onsets))
    strokes[0, ::4] = 1.0
    strokes[1, 2::4] = 1.0
    strokes[2] = 1.0
    strokes[3, 30::40] = strokes[4, 32::40] = 1.0
    levels = random.uniform(-12.0, 0.0, strokes.shape) - 8.0 * (np.arange(5) == 2)[:, None]
    for name in resting:
        strokes[KIT.index(name)] = 0.0
    sources = strokes * 10.0 ** (levels / 10.0)
    colour = random.uniform(-6.0, 6.0, (len(KIT), 5, BANDS))
    ways = 10.0 ** ((WAYS[:, :, None] + colour) / 10.0)
    jitter = 10.0 ** (random.normal(0.0, 0.4, (len(KIT), onsets, BANDS)) / 10.0)
    return np.asarray(np.einsum("tdb,do->tob", ways, sources) * jitter + 1e-9)


def heard(energy: np.ndarray, microphones: tuple[Microphone, ...] = MICROPHONES) -> Heard:
    total = energy.sum(axis=2)
    envelopes = [np.repeat(row, 10) for row in total]
    hits = [int((row > 1e-3 * row.max(initial=0.0)).sum()) for row in total]
    return hear(microphones, envelopes, hits, energy, energy * 1e-3)


def states(found: Heard) -> dict[str, str]:
    return dict(zip(KIT, (verdict.state for verdict in judge(found)), strict=True))


def test_all_that_play_are_active() -> None:
    assert set(states(song()).values()) == {ACTIVE}


@pytest.mark.parametrize("name", ["tom 1", "tom 2", "hat"])
def test_a_microphone_whose_drum_rests_is_held(name: str) -> None:
    found = states(song(resting=(name,)))
    assert found.pop(name) == LEAK
    assert set(found.values()) == {ACTIVE}


def test_a_snare_at_rest_is_held_and_does_not_explain_the_kick_away() -> None:
    assert states(song(resting=("snare",))) == {**dict.fromkeys(KIT, ACTIVE), "snare": LEAK}
    random = np.random.default_rng(5)
    kick, hat = np.where(random.uniform(size=(2, 200, 1)) < 0.5, 1.0, 1e-6)
    jitter = 10.0 ** random.normal(0.0, 0.02, (3, 200, BANDS))
    # the snare's microphone holds hardly anything but the kick, of which the kick's is a multiple
    energy = np.stack([kick + 1e-3 * hat, 1e-2 * kick + 3e-5 * hat, 1e-3 * kick + hat]) * jitter
    found = heard(energy, MICROPHONES[:3])
    assert [verdict.state for verdict in judge(found)] == [ACTIVE, LEAK, ACTIVE]
    assert found.excess_db[0] > 15.0


def test_a_drum_that_plays_does_so_in_all_of_its_microphones() -> None:
    energy = drums(np.random.default_rng(4), onsets=240)
    # the outer microphone of the kick holds more of the snare than of the kick
    outside = 1e-3 * energy[0] + energy[1] + 0.1 * energy[5]
    found = heard(
        np.concatenate([energy, outside[None]]), (*MICROPHONES, MICROPHONES[KIT.index("kick")])
    )
    assert found.excess_db[6] < found.limits_db[6]
    assert [verdict.state for verdict in judge(found)] == [ACTIVE] * 7


def test_a_cymbal_whose_strokes_hardly_rise_is_told_by_its_ring() -> None:
    energy = drums(np.random.default_rng(4), onsets=240)
    total = energy.sum(axis=2)
    # it is as loud before each onset but those of the snare, which leaks into it
    risen = total.copy()
    risen[2] = np.where(np.arange(240) % 4 == 2, total[2], 0.0)
    np.testing.assert_array_equal(strengths(MICROPHONES, total, risen)[2], total[2])
    before = np.where(risen[:, :, None] > 0.0, 1e-3, 0.9) * energy
    envelopes = [np.repeat(row, 10) for row in total]
    found = hear(MICROPHONES, envelopes, [60] * 6, energy, before)
    assert judge(found)[2].state == ACTIVE
    # without an overhead that explains cymbals without a microphone, their ring is no stroke
    np.testing.assert_array_equal(strengths(MICROPHONES[:5], total[:5], risen[:5]), risen[:5])


def test_a_track_of_hiss_explains_no_cymbal_that_rings_throughout() -> None:
    energy = drums(np.random.default_rng(4), onsets=240)
    random = np.random.default_rng(6)
    # struck at each onset, with a ring that is nearly as loud: only the kick's leak is softer
    energy[2] = 0.03 * energy[2] + 0.02 * 10.0 ** random.normal(0.0, 0.05, energy[2].shape)
    hiss = 1e-4 * 10.0 ** random.normal(0.0, 0.01, (1, *energy.shape[1:]))
    tom = Microphone(drum="tom 3", close=True)
    sounds = np.concatenate([energy, hiss])
    before = np.concatenate([1e-3 * energy, hiss])
    before[2] = 0.7 * energy[2]
    before[2, 2::4] = 0.3 * energy[2, 2::4]
    envelopes = [np.repeat(row, 10) for row in sounds.sum(axis=2)]
    alone = hear(MICROPHONES, envelopes[:6], [60] * 6, energy, before[:6])
    with_it = hear((*MICROPHONES, tom), envelopes, [*[60] * 6, 0], sounds, before)
    assert alone.excess_db[2] > alone.limits_db[2]
    np.testing.assert_array_equal(with_it.over[:6], alone.over)
    assert [verdict.state for verdict in judge(with_it)] == [ACTIVE] * 6 + [EMPTY]


def test_tracks_of_a_drum_machine_that_always_coincide_are_not_held() -> None:
    # no leak at all: the kick falls on every second stroke of the hi-hat, the snare on every third
    energy = np.full((3, 240, BANDS), 1e-9)
    level = 10.0 ** np.random.default_rng(7).uniform(-0.3, 0.0, (3, 240, 1))
    for track, every in enumerate((2, 3, 1)):
        energy[track, ::every] = level[track, ::every]
    energy[:, 1::16] = 0.02 * energy[:, ::16]
    found = heard(energy, MICROPHONES[:3])
    assert {verdict.state for verdict in judge(found)} == {ACTIVE}


def test_both_toms_at_rest_are_held() -> None:
    found = states(song(resting=("tom 1", "tom 2")))
    assert [name for name, state in found.items() if state == LEAK] == ["tom 1", "tom 2"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-40.0, 40.0), min_size=6, max_size=6), st.booleans())
def test_recording_gains_change_no_verdict(gains: list[float], rests: bool) -> None:
    resting = ("tom 1",) if rests else ()
    assert states(song(resting=resting, gains_db=np.array(gains))) == states(song(resting=resting))


def test_a_tom_that_rests_in_a_section_is_held_there_alone() -> None:
    found = song()
    verdicts = judge(found)
    without = np.zeros(240, dtype=bool)
    without[34:64] = True  # between two fills
    with_fill = np.zeros(240, dtype=bool)
    with_fill[20:80] = True
    assert dict(zip(KIT, plays_in(found, verdicts, without), strict=True)) == {
        **dict.fromkeys(KIT, True),
        "tom 1": False,
        "tom 2": False,
    }
    assert plays_in(found, verdicts, with_fill).all()


def test_where_one_drum_alone_sounds_nothing_is_held() -> None:
    found = states(song(resting=("kick", "snare", "tom 1", "tom 2")))
    assert set(found.values()) == {ACTIVE}


def test_a_cleaned_tom_is_active_with_its_strokes_and_residue_far_below_the_kit() -> None:
    energy = np.einsum("to,b->tob", np.ones((6, 200)), np.ones(BANDS)) * 1e-2
    random = np.random.default_rng(5)
    energy *= 10.0 ** (random.uniform(-8.0, 0.0, energy.shape) / 10.0)
    energy[0, ::2] *= 100.0
    energy[1, 1::4] *= 300.0
    energy[2, 3::4] *= 300.0
    for tom, level in ((3, 1.0), (4, 1e-6)):
        energy[tom] = 0.0
        energy[tom, 10 * tom :: 40] = level
    found = states(heard(energy))
    assert (found["tom 1"], found["tom 2"]) == (ACTIVE, RESIDUE)


def test_silence_is_empty_and_changes_nothing_for_the_others() -> None:
    random = np.random.default_rng(1)
    energy = 10.0 ** random.uniform(-3.0, 0.0, (6, 100, BANDS))
    energy[3] = 0.0
    found = states(heard(energy))
    assert found["tom 1"] == EMPTY


@pytest.mark.parametrize(
    ("seconds", "hits", "expected"),
    [(0.001, 1, True), (0.39, 2, True), (0.39, 3, False), (2.0, 1, True), (5.0, 1, False)],
)
def test_a_leftover_item_is_too_short_to_judge_and_three_strokes_are_not(
    seconds: float, hits: int, expected: bool
) -> None:
    assert is_short(seconds, hits) is expected


def test_a_track_with_one_sample_is_too_short() -> None:
    energy = 10.0 ** np.random.default_rng(2).uniform(-3.0, 0.0, (6, 100, BANDS))
    envelopes = [np.ones(1000), *[np.ones(1000)] * 2, np.eye(1, 1000)[0], *[np.ones(1000)] * 2]
    found = hear(MICROPHONES, envelopes, [50, 50, 50, 1, 50, 50], energy, 0 * energy)
    assert judge(found)[3].state == SHORT


@pytest.mark.filterwarnings("error")
def test_copies_nothing_and_numbers_that_are_none_end_in_a_verdict() -> None:
    one = 10.0 ** np.random.default_rng(2).uniform(-3.0, 0.0, (1, 50, BANDS))
    assert set(states(heard(np.repeat(one, 6, axis=0))).values()) == {ACTIVE}
    nothing = np.zeros((6, 0, BANDS))
    assert len(judge(heard(nothing))) == 6
    damaged = np.repeat(one, 6, axis=0) * np.arange(1, 7)[:, None, None]
    damaged[2, 3] = np.nan
    assert len(judge(heard(damaged))) == 6
