"""A prediction from arrays against scikit-learn's, on a forest of the bundled one's shape.

Run ``python tests/bench/bench_forest.py [--rounds 200] [--trees 200]``. One row of inputs, as a
session is, in one thread; both take turns, and the best round counts. Then what the methods take
for a session of 24 tracks whose features exist (seats, linear part, trees, intervals).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.features import FeatureTable
from reaper_drumgain.learn.fitting.forests import as_arrays
from reaper_drumgain.methods import forest_file
from reaper_drumgain.methods.forest import slot_values
from reaper_drumgain.methods.forest_file import Forest, bundled_folder, load
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

TRACKS = 24


def best(rounds: int, *works: Callable[[], object]) -> list[float]:
    """The best wall clock of each in seconds; they take turns."""
    times = [[] for _ in works]
    for _ in range(rounds):
        for held, work in zip(times, works, strict=True):
            start = time.perf_counter()
            work()
            held.append(time.perf_counter() - start)
    return [min(held) for held in times]


def of_scikit_learn(model: Forest, trees: int) -> tuple[RandomForestRegressor, Forest]:
    """A forest with as many inputs and outputs and about as many leaves a tree, in both forms."""
    rng = np.random.default_rng(1)
    rows = 360
    x = rng.normal(size=(rows, len(model.inputs)))
    x[rng.uniform(size=x.shape) < 0.5] = np.nan
    y = rng.normal(size=(rows, len(model.outputs)))
    leaves = len(model.arrays["value"]) / len(model.arrays["root"])
    theirs = RandomForestRegressor(trees, max_leaf_nodes=max(round(leaves), 2), random_state=1)
    theirs.fit(x, y)
    ours = Forest(model.inputs, model.outputs, (), "", None, as_arrays(theirs), {})
    return theirs, ours


def session() -> tuple[FeatureTable, list[Role]]:
    """24 tracks of all roles, with plausible features."""
    rng = np.random.default_rng(2)
    values = rng.uniform(1.0, 100.0, (TRACKS, len(features.COLUMNS)))
    values[:, features.COLUMNS.index("loudness_lufs")] = rng.uniform(-45.0, -15.0, TRACKS)
    roles = [Role(ROLE_NAMES[place % len(ROLE_NAMES)]) for place in range(TRACKS)]
    return FeatureTable(features.COLUMNS, values), roles


def compare(name: str, rounds: int, trees: int) -> str:
    """A row for a bundled model."""
    model = load(bundled_folder(), name)
    theirs, ours = of_scikit_learn(model, trees)
    row = np.random.default_rng(3).normal(size=(1, len(model.inputs)))
    np.testing.assert_allclose(ours.predict(row), theirs.predict(row), atol=1e-6)
    table, roles = session()
    channels = [1] * TRACKS

    def whole() -> None:
        slot_values(model, table, roles, channels)

    arrays, peer, one_session = best(
        rounds, lambda: ours.predict(row), lambda: theirs.predict(row), whole
    )
    return (
        f"{name}: {1e3 * arrays:.2f} ms from arrays, {1e3 * peer:.2f} ms by scikit-learn, "
        f"ratio {arrays / peer:.2f}; {TRACKS} tracks in {1e3 * one_session:.2f} ms"
    )


def main() -> None:
    """Print a row per bundled model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--trees", type=int, default=200, help="of the forest that is compared")
    arguments = parser.parse_args()
    for name in (forest_file.DEFAULT, forest_file.MULTIOUTPUT):
        print(compare(name, arguments.rounds, arguments.trees))


if __name__ == "__main__":
    main()
