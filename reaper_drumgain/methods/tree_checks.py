"""Checks that the arrays of a forest are trees: every walk from a root ends at a leaf.

A model is untrusted input; ``forest_file`` has the form of its arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reaper_drumgain.errors import ModelError

MAX_TREES, MAX_NODES = 4096, 1 << 20
#: branches on the longest way through a tree: what a prediction costs
MAX_DEPTH = 64
MAX_LEVEL_DB = 200.0

Indexes = npt.NDArray[np.int32]


def check_arrays(
    path: Path, arrays: Mapping[str, npt.NDArray[Any]], inputs: int, outputs: int
) -> None:
    """Check the arrays of a forest.

    Parameters
    ----------
    path
        The file, for messages.
    arrays
        All arrays by name.
    inputs, outputs
        How many the forest has.

    Raises
    ------
    ModelError
        Not every walk from a root ends at a leaf with finite values.
    """

    def check(good: object, reason: str) -> None:
        if not good:
            raise ModelError(f"{path}: {reason}")

    root, leaf, value = arrays["root"], arrays["leaf"], arrays["value"]
    left, right, feature = arrays["left"], arrays["right"], arrays["feature"]
    nodes = len(leaf)
    check(
        all(len(array) == nodes for name, array in arrays.items() if name not in ("root", "value")),
        "its arrays have different numbers of nodes",
    )
    check(nodes <= MAX_NODES and len(root) <= MAX_TREES, "too many nodes or trees")
    check(value.shape[1] == outputs, f"{value.shape[1]} values a leaf for {outputs} outputs")
    check(np.isfinite(value).all(), "a value is not finite")
    check(np.abs(value).max() <= MAX_LEVEL_DB, f"a value is beyond {MAX_LEVEL_DB:g} dB")
    check(np.isfinite(arrays["threshold"]).all(), "a threshold is not finite")
    check(
        root[0] == 0 and (np.diff(root.astype(np.int64)) > 0).all() and root[-1] < nodes,
        "its roots are not in order",
    )
    check((arrays["missing_left"] <= 1).all(), "missing_left is neither 0 nor 1")
    check((leaf < len(value)).all(), "a leaf has no value")
    check(((feature >= 0) & (feature < inputs)).all(), "a feature index is out of range")
    _check_links(check, root, left, right, leaf < 0)


def _check_links(
    check: Callable[[object, str], None],
    root: Indexes,
    left: Indexes,
    right: Indexes,
    inner: npt.NDArray[np.bool_],
) -> None:
    nodes = len(inner)
    index = np.arange(nodes)
    ends = np.append(root[1:], nodes)[np.searchsorted(root, index, side="right") - 1]
    for child in (left, right):
        check((child[inner] > index[inner]).all(), "a child does not come after its parent")
        check((child[inner] < ends[inner]).all(), "a child lies outside its tree")
    parents = np.bincount(np.concatenate([left[inner], right[inner]]), minlength=nodes)
    parents[root] += 1
    check((parents == 1).all(), "a node has not exactly one parent")
    level, depth = root, 0
    while (inside := level[inner[level]]).size:
        level = np.concatenate([left[inside], right[inside]])
        depth += 1
        check(depth <= MAX_DEPTH, f"a tree is deeper than {MAX_DEPTH}")
