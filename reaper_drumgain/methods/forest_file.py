"""A trained forest in two files: its trees (NAME.npz) and a manifest (NAME.json).

A model is untrusted input: nothing in it is run (no pickle), all sizes are checked before
anything is allocated (``util.npz``), and the links of the trees are checked, so that every
prediction ends. The manifest's SHA-256 finds files that do not belong together; it does not
protect against someone who changes both. Needs numpy only.

The arrays hold the nodes of all trees, one tree after the other: ``root`` (trees,) the first
node of each tree; ``left``, ``right`` (nodes,) indexes of the children, -1 at leaves;
``feature``, ``threshold`` (nodes,) go left where input[feature] <= threshold, compared as
float32 with float64 as scikit-learn does; ``missing_left`` (nodes,) 1 where NaN goes left;
``leaf`` (nodes,) the row of ``value`` (leaves, outputs), -1 at inner nodes.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reaper_drumgain.analysis import features
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods.drum_responses import DrumResponses, from_plain
from reaper_drumgain.methods.tree_checks import MAX_LEVEL_DB, MAX_NODES, check_arrays
from reaper_drumgain.schema.json_codec import read_json
from reaper_drumgain.tracks.roles import ROLE_NAMES
from reaper_drumgain.util.npz import read_npz, write_npz

FORMAT = 5
#: the names of the forests that come with the package
DEFAULT, MULTIOUTPUT, BY_SOUND = "forest", "forest-multioutput", "by-sound"
ARRAYS_NAME, MANIFEST_NAME = f"{DEFAULT}.npz", f"{DEFAULT}.json"

MAX_ARRAYS_BYTES = 8 << 20
MAX_MANIFEST_BYTES = 512 << 10
MAX_INPUTS, MAX_OUTPUTS = 4096, 256
#: arrays by name: dtype and number of axes
_ARRAYS: Mapping[str, tuple[str, int]] = {
    "root": ("<i4", 1),
    "left": ("<i4", 1),
    "right": ("<i4", 1),
    "feature": ("<i4", 1),
    "threshold": ("<f8", 1),
    "missing_left": ("|u1", 1),
    "leaf": ("<i4", 1),
    "value": ("<f8", 2),
}
#: a named pipe must not block the opening
if sys.platform == "win32":
    _OPEN_FLAGS = os.O_RDONLY | os.O_BINARY
else:
    _OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearPart:
    """What ``methods.forest`` adds to its trees. Every mapping holds all roles.

    Attributes
    ----------
    template_lufs
        The loudness in LUFS at which a role is usually recorded.
    role_db, stereo_db
        Gain in dB of a role, and of a stereo picture on top.
    interval_db
        Half the width of a role's interval in dB.
    interval_rise
        By which share the interval is wider for each dB of the recording gain's standard deviation.
    coverage
        Share of tracks, 0 to 1, whose median engineer lies within.
    """

    template_lufs: Mapping[str, float]
    role_db: Mapping[str, float]
    stereo_db: float
    interval_db: Mapping[str, float]
    interval_rise: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Forest:
    """A forest that predicts, and what its method needs to know about it.

    Attributes
    ----------
    inputs, outputs
        Names of the columns of what ``predict`` takes and gives.
    columns
        The feature columns that each slot's inputs consist of.
    tie_column
        The feature column that orders tracks of one role.
    linear
        The linear part, None for a forest that stands alone.
    arrays
        The nodes of all trees by name, see the module.
    about
        The rest of the manifest: training data, versions, scores.
    responses
        How microphones usually hear drums, None for a forest that stands alone.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    columns: tuple[str, ...]
    tie_column: str
    linear: LinearPart | None
    arrays: Mapping[str, npt.NDArray[Any]]
    about: Mapping[str, Any]
    responses: DrumResponses | None = None

    def predict(self, x: Float64) -> Float64:
        """The mean of the trees' outputs.

        Parameters
        ----------
        x
            Shape (rows, inputs); NaN is a missing value.

        Returns
        -------
        array
            Shape (rows, outputs).

        Raises
        ------
        ValueError
            ``x`` has another shape.
        """
        if x.ndim != 2 or x.shape[1] != len(self.inputs):
            raise ValueError(f"expected (rows, {len(self.inputs)}) inputs, got {x.shape}")
        held = self.arrays
        leaf, left, right = held["leaf"], held["left"], held["right"]
        values = x.astype(np.float32)
        node = np.tile(held["root"], (x.shape[0], 1))
        rows = np.arange(x.shape[0])[:, None]
        while True:
            inner = leaf[node] < 0
            if not inner.any():
                break
            value = values[rows, held["feature"][node]]
            missing = np.isnan(value)
            below = value <= held["threshold"][node]
            goes_left = np.where(missing, held["missing_left"][node] == 1, below)
            child = np.where(goes_left, left[node], right[node])
            node = np.where(inner, child, node)
        return np.asarray(held["value"][leaf[node]].mean(axis=1))


def bundled_folder() -> Path:
    """The folder of the models that come with the package: in a wheel, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_models"
    return installed if installed.is_dir() else package.parent / "models"


def load(folder: Path, name: str = DEFAULT) -> Forest:
    """Read the forest that ``save`` wrote.

    Parameters
    ----------
    folder
        Where its two files are.
    name
        Their name without suffix.

    Returns
    -------
    Forest
        With arrays that were checked.

    Raises
    ------
    ModelError
        A file cannot be read, is damaged or of another version, or the two do not belong together.
    """
    manifest_path, arrays_path = folder / f"{name}.json", folder / f"{name}.npz"
    manifest = _parse_manifest(manifest_path, read_bounded(manifest_path, MAX_MANIFEST_BYTES))
    content = read_bounded(arrays_path, MAX_ARRAYS_BYTES)
    if manifest.pop("sha256") != hashlib.sha256(content).hexdigest():
        raise ModelError(
            f"{arrays_path}: is not the file that {manifest_path.name} was written for"
        )
    arrays = _parse_arrays(arrays_path, content)
    inputs, outputs = tuple(manifest.pop("inputs")), tuple(manifest.pop("outputs"))
    check_arrays(arrays_path, arrays, len(inputs), len(outputs))
    return Forest(
        inputs=inputs,
        outputs=outputs,
        columns=tuple(manifest.pop("columns")),
        tie_column=manifest.pop("tie_column"),
        linear=_linear_part(manifest.pop("linear")),
        arrays=arrays,
        responses=_responses(manifest_path, manifest.pop("responses", None)),
        about=manifest,
    )


def save(forest: Forest, folder: Path, name: str = DEFAULT) -> None:
    """Write both files of a forest. The same forest gives the same bytes.

    Parameters
    ----------
    forest
        The forest.
    folder
        Made where it does not exist.
    name
        Name of the files without suffix.

    Raises
    ------
    ModelError
        The forest is larger than ``load`` takes, or its arrays are no trees.
    """
    path = folder / f"{name}.npz"
    plain = {key: forest.arrays[key].astype(dtype) for key, (dtype, _) in _ARRAYS.items()}
    check_arrays(path, plain, len(forest.inputs), len(forest.outputs))
    content = write_npz(plain)
    if len(content) > MAX_ARRAYS_BYTES:
        raise ModelError(f"the forest takes {len(content)} bytes, at most {MAX_ARRAYS_BYTES}")
    manifest = {
        "kind": "drumgain forest",
        "format": FORMAT,
        "feature_version": features.VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        **forest.about,
        "columns": list(forest.columns),
        "tie_column": forest.tie_column,
        "linear": _linear_data(forest.linear),
        "responses": None if forest.responses is None else forest.responses.as_plain(),
        "outputs": list(forest.outputs),
        "inputs": list(forest.inputs),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    (folder / f"{name}.json").write_bytes(text.encode("ascii"))


def read_bounded(path: Path, limit: int) -> bytes:
    """Read a regular file of bounded size.

    Parameters
    ----------
    path
        The file.
    limit
        The largest number of bytes that it may have.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    ModelError
        It is larger, no regular file, or cannot be read.
    """
    try:
        with os.fdopen(os.open(path, _OPEN_FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ModelError(f"{path}: not a regular file")
            content = file.read(limit + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > limit:
        raise ModelError(f"{path}: larger than {limit} bytes")
    return content


def _parse_manifest(path: Path, content: bytes) -> dict[str, Any]:
    try:
        manifest = read_json(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("kind") != "drumgain forest":
        raise ModelError(f"{path}: not the manifest of a DrumGain forest")
    if manifest.get("format") != FORMAT:
        raise ModelError(f"{path}: format {manifest.get('format')!r}, expected {FORMAT}")
    if manifest.get("feature_version") != features.VERSION:
        raise ModelError(
            f"{path}: made for feature version {manifest.get('feature_version')!r}, this DrumGain "
            f"computes version {features.VERSION}: train the model again"
        )
    _check_names(path, manifest)
    _check_linear(path, manifest.get("linear", ""))
    if not isinstance(manifest.get("sha256"), str):
        raise ModelError(f"{path}: has no sha256 of its arrays")
    return manifest


def _check_names(path: Path, manifest: Mapping[str, Any]) -> None:
    for name, limit in (("inputs", MAX_INPUTS), ("outputs", MAX_OUTPUTS), ("columns", MAX_INPUTS)):
        names = manifest.get(name)
        if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
            raise ModelError(f"{path}: {name} is not a list of names")
        if len(names) > limit or len(set(names)) != len(names):
            raise ModelError(f"{path}: {name} holds names twice, or more than {limit}")
    for column in (*manifest["columns"], manifest.get("tie_column")):
        if column not in features.COLUMNS:
            raise ModelError(f"{path}: {column!r} is no feature column")


def _check_linear(path: Path, linear: object) -> None:
    if linear is None:
        return
    fields = LinearPart.__annotations__
    if not isinstance(linear, dict) or set(linear) != set(fields):
        raise ModelError(f"{path}: linear does not hold {', '.join(fields)}")
    for name, kind in fields.items():
        if kind == "float":
            if not _is_level(linear[name]):
                raise ModelError(f"{path}: {name} is {linear[name]!r}, no level within +-200 dB")
        elif not isinstance(linear[name], dict) or set(linear[name]) != set(ROLE_NAMES):
            raise ModelError(f"{path}: {name} does not hold a level for each role")
        elif not all(map(_is_level, linear[name].values())):
            raise ModelError(f"{path}: {name} holds a value that is no level within +-200 dB")
    for name in ("interval_rise", "coverage"):
        if linear[name] < 0:
            raise ModelError(f"{path}: {name} is {linear[name]!r}, expected 0 or more")
    if min(linear["interval_db"].values()) < 0:
        raise ModelError(f"{path}: interval_db holds a width below 0")


def _linear_part(linear: dict[str, Any] | None) -> LinearPart | None:
    if linear is None:
        return None
    values: dict[str, Any] = {
        name: value if isinstance(value, dict) else float(value) for name, value in linear.items()
    }
    return LinearPart(**values)


def _responses(path: Path, held: object) -> DrumResponses | None:
    try:
        return None if held is None else from_plain(held)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def _linear_data(linear: LinearPart | None) -> dict[str, Any] | None:
    if linear is None:
        return None
    return asdict(linear)


def _is_level(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -MAX_LEVEL_DB <= value <= MAX_LEVEL_DB


def _parse_arrays(path: Path, content: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        found = read_npz(content, max_total_bytes=MAX_ARRAYS_BYTES, names=_ARRAYS)
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from error
    for name, array in found.items():
        kind, axes = _ARRAYS[name]
        if array.dtype.str != kind or array.ndim != axes:
            got = f"{array.dtype} {array.shape}"
            raise ModelError(f"{path}: {name} is {got}, expected {np.dtype(kind)} with {axes} axes")
        if not 0 < array.size <= MAX_NODES * (8 if axes == 2 else 1):
            raise ModelError(f"{path}: {name} has the shape {array.shape}, out of bounds")
    return found
