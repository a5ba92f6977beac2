"""Sounds of drums and of other instruments: rendered, labelled, cached."""

from __future__ import annotations

import numpy as np
import pytest

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.kits import KITS
from reaper_drumgain.learn.data.labelled_sounds import render_labelled_sounds
from reaper_drumgain.learn.data.other_sounds import KINDS, other_sound
from reaper_drumgain.learn.data.performances import choose_any_style
from reaper_drumgain.methods.by_sound import COLUMNS


@pytest.mark.parametrize("kind", KINDS)
def test_other_sounds_are_sounds_and_the_same_each_time(kind):
    one, again = (other_sound(kind, np.random.default_rng(7), 3.0) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.size == 3 * 44100
    assert np.isfinite(one).all()
    assert 0.9 < np.abs(one).max() < 1.1


def test_sounds_are_rendered_labelled_and_kept(shared_data, tmp_path):
    options = {"performances": 1, "seed": 5, "cache": tmp_path}
    told: list[float] = []
    made = render_labelled_sounds(
        shared_data, **options, progress=lambda _what, share: told.append(share)
    )
    assert made.values.shape == (len(made.labels), len(COLUMNS))
    assert np.isfinite(made.values).mean() > 0.99
    assert set(made.kits) == set(KITS)
    assert "kick" in made.labels
    assert made.others.sum() == 2 * 2 * 2
    assert told[-1] == 1.0
    again = render_labelled_sounds(shared_data, **options)
    np.testing.assert_array_equal(again.values, made.values)
    np.testing.assert_array_equal(again.labels, made.labels)
    (held,) = tmp_path.iterdir()
    held.write_bytes(held.read_bytes()[:-40])
    with pytest.raises(InputError, match="damaged, delete it"):
        render_labelled_sounds(shared_data, **options)


def test_too_few_performances_are_told(shared_data, tmp_path):
    with pytest.raises(InputError, match="not the Groove data set"):
        choose_any_style(tmp_path, 1, 12.0, [0], {})
    head, row, *_ = (shared_data / "groove" / "info.csv").read_text("utf-8").splitlines()
    (tmp_path / "info.csv").write_text(f"{head}\n{row}\n", "utf-8")
    (tmp_path / "drummer1").symlink_to(shared_data / "groove" / "drummer1")
    with pytest.raises(InputError, match="expected 2 performances"):
        choose_any_style(tmp_path, 2, 12.0, [0], {})
