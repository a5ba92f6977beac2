"""The settings of a fit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a forest is fitted.

    Attributes
    ----------
    trees
        The number of trees.
    inner_trees
        The number of trees of the forests that calibrate the intervals.
    copies
        Augmented copies of each rendering.
    leaf
        The least share of the rows in a leaf.
    multioutput_leaf
        The same for the forest that has to follow levels.
    max_features
        Share of the inputs tried per split.
    kind
        The kind of trees.
    columns
        Features that are inputs.
    tie_column
        The feature that orders tracks without a number.
    ridge
        Penalty of the linear part; it counts like so many tracks without a difference between
        roles.
    shrink
        The same for role means.
    drop
        Share of tracks left out of a copy.
    coverage
        Share of the tracks that intervals are to hold.
    seed
        Of the random generators.
    jobs
        How many threads fit trees; it does not change the result.
    """

    trees: int = 200
    inner_trees: int = 40
    copies: int = 6
    leaf: float = 0.12
    multioutput_leaf: float = 0.02
    max_features: float = 0.3
    kind: Literal["random forest", "extra trees"] = "random forest"
    columns: tuple[str, ...] = ("crest_db", "centroid_hz", "bandwidth_hz", "flatness")
    tie_column: str = "centroid_hz"
    ridge: float = 1.0
    shrink: float = 4.0
    drop: float = 0.15
    coverage: float = 0.8
    seed: int = 527
    jobs: int = 1

    def as_plain(self) -> dict[str, Any]:
        """All that decides a fit, for the manifest of a model."""
        return {name: value for name, value in asdict(self).items() if name != "jobs"}
