"""What microphones usually hear: places, what kits add, and models that are refused."""

import copy
import json

import numpy as np
import pytest

from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods import microphone_places as places
from reaper_drumgain.methods.drum_responses import DrumResponses, from_plain
from reaper_drumgain.methods.forest_file import bundled_folder, load
from reaper_drumgain.tracks.roles import ROLE_NAMES

BUNDLED = load(bundled_folder()).responses


def test_every_role_and_tom_has_a_place():
    for name in ROLE_NAMES:
        for ordinal in (None, 1, 2, 3):
            key = places.microphone_key(name, ordinal)
            assert np.isfinite([places.level_db(key, drum) for drum in places.DRUMS]).all()
    assert places.drum_key("tom 1") == "tom high"
    assert places.drum_key("tom None") == "tom low"
    assert places.drum_key("snare") == "snare"


def test_nothing_hears_a_drum_as_its_own_microphone_does():
    for drum in places.DRUMS:
        own = [mic for mic in places.MICROPHONES if places.is_own(mic, drum)]
        others = [mic for mic in places.MICROPHONES if mic not in own and mic not in places.FAR]
        for mic in own:
            levels = [places.level_db(other, drum) for other in others]
            assert places.level_db(mic, drum) > max(levels)


def test_learned_levels_lie_over_the_places_and_are_known_better():
    key = "overhead|snare"
    learned = DrumResponses(links={key: (1.0, 2.0, 3.0, 4.0)}, link_kits={key: 2.0})
    bare = DrumResponses().expected(["overhead", "room"], ["snare"])
    found = learned.expected(["overhead", "room"], ["snare"])
    np.testing.assert_allclose(found.level_db[0, 0] - bare.level_db[0, 0], [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(found.level_db[0, 1], bare.level_db[0, 1])
    assert found.variance[0, 0] < bare.variance[0, 0] / 3.0


def test_a_role_of_more_kits_is_known_better():
    found = DrumResponses(kits={"overhead": 2.0}).gauge_variance(["overhead", "ride"])
    assert found[0] < found[1]


def test_the_bundled_ones_are_written_and_read_alike():
    plain = json.loads(json.dumps(BUNDLED.as_plain()))
    assert from_plain(plain) == BUNDLED
    assert set(BUNDLED.kits) <= set(places.MICROPHONES)
    assert max(BUNDLED.kits.values()) == 2.0


def changed(path, value):
    plain = json.loads(json.dumps(BUNDLED.as_plain()))
    held = plain
    for name in path[:-1]:
        held = held[name]
    held[path[-1]] = value
    return copy.deepcopy(plain)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["links"], None),
        (["links"], []),
        (["links", "trumpet|kick"], [0.0, 0.0, 0.0, 0.0]),
        (["links", "overhead|snare"], [0.0, 0.0, 0.0]),
        (["links", "overhead|snare"], [0.0, 0.0, 0.0, 1e9]),
        (["links", "overhead|snare"], [0.0, 0.0, 0.0, "loud"]),
        (["links", "overhead|snare"], [0.0, 0.0, 0.0, True]),
        (["link_kits", "overhead|snare"], -1.0),
        (["kits", "overhead"], float("nan")),
        (["stroke_db", "overhead"], float("inf")),
        (["widening", "overhead"], 0.0),
        (["drum_db", "snare"], float("nan")),
        (["drum_db"], None),
        (["widening"], {f"role {number}": 1.0 for number in range(500)}),
    ],
)
def test_damaged_ones_are_refused(path, value):
    with pytest.raises(ModelError, match="responses"):
        from_plain(changed(path, value))


def test_a_model_from_before_usual_playing_was_learned_holds_none_of_it():
    plain = BUNDLED.as_plain()
    del plain["drum_db"]
    assert from_plain(plain).drum_levels(["snare", "kick"]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("held", [None, [], {}, {"links": {}}, "links"])
def test_what_is_no_table_is_refused(held):
    with pytest.raises(ModelError, match="does not hold"):
        from_plain(held)
