"""Models that are whole are read as they were written; all others are refused."""

import hashlib
import io
import json
import os
import shutil
import tracemalloc
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_drumgain.analysis import features
from reaper_drumgain.errors import ModelError
from reaper_drumgain.methods import forest_file, tree_checks
from reaper_drumgain.methods.forest_file import (
    ARRAYS_NAME,
    MANIFEST_NAME,
    Forest,
    LinearPart,
    load,
    save,
)
from reaper_drumgain.tracks.roles import ROLE_NAMES
from reaper_drumgain.util.npz import write_npz


def arrays():
    """Two trees: one that splits twice, one that is a leaf."""
    return {
        "root": np.array([0, 5], "<i4"),
        "left": np.array([1, -1, 3, -1, -1, -1], "<i4"),
        "right": np.array([2, -1, 4, -1, -1, -1], "<i4"),
        "feature": np.array([0, 0, 1, 0, 0, 0], "<i4"),
        "threshold": np.array([0.5, 0, -1.0, 0, 0, 0], "<f8"),
        "missing_left": np.array([1, 0, 0, 0, 0, 0], "|u1"),
        "leaf": np.array([-1, 0, -1, 1, 2, 3], "<i4"),
        "value": np.array([[1, 10], [2, 20], [4, 40], [0, 100]], "<f8"),
    }


LINEAR = LinearPart(
    template_lufs=dict.fromkeys(ROLE_NAMES, -25.0),
    role_db=dict.fromkeys(ROLE_NAMES, 1.0),
    stereo_db=2.0,
    interval_db=dict.fromkeys(ROLE_NAMES, 4.0),
    interval_rise=0.5,
    coverage=0.8,
)


def forest(**changes):
    made = Forest(
        inputs=("a", "b"),
        outputs=("x", "y"),
        columns=("crest_db",),
        tie_column="centroid_hz",
        linear=LINEAR,
        arrays=arrays(),
        about={"scores": {"error_db": 3.0}},
    )
    return replace(made, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(forest(), tmp_path)
    return tmp_path


def put_manifest(folder: Path, **changes) -> None:
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def put_arrays(folder: Path, content: bytes) -> None:
    (folder / ARRAYS_NAME).write_bytes(content)
    put_manifest(folder, sha256=hashlib.sha256(content).hexdigest())


def test_what_was_saved_is_loaded(folder: Path):
    found = load(folder)
    assert found.inputs == ("a", "b")
    assert found.outputs == ("x", "y")
    assert found.linear == LINEAR
    assert found.about["scores"] == {"error_db": 3.0}
    for name, array in arrays().items():
        np.testing.assert_array_equal(found.arrays[name], array)


def test_the_same_forest_gives_the_same_bytes(folder: Path, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    save(load(folder), other)
    assert (other / ARRAYS_NAME).read_bytes() == (folder / ARRAYS_NAME).read_bytes()
    kept = json.loads((folder / MANIFEST_NAME).read_text())
    assert json.loads((other / MANIFEST_NAME).read_text()) == kept


def test_prediction_follows_the_branches(folder: Path):
    rows = np.array([[0.5, 0.0], [0.6, -1.0], [0.6, -0.9], [np.nan, 5.0], [1.0, np.nan]])
    first = np.array([[1, 10], [2, 20], [4, 40], [1, 10], [4, 40]])
    expected = (first + np.array([0, 100])) / 2
    np.testing.assert_array_equal(load(folder).predict(rows), expected)


def test_prediction_refuses_another_number_of_inputs(folder: Path):
    with pytest.raises(ValueError, match=r"expected \(rows, 2\)"):
        load(folder).predict(np.zeros((1, 3)))


@pytest.mark.parametrize("name", [forest_file.DEFAULT, forest_file.MULTIOUTPUT])
def test_the_bundled_models_load(name: str):
    found = load(forest_file.bundled_folder(), name)
    assert found.arrays["value"].shape[1] == len(found.outputs)
    assert (found.linear is None) == (name == forest_file.MULTIOUTPUT)


def test_the_bundled_models_take_less_than_8_mb_together():
    folder = forest_file.bundled_folder()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8e6


def test_a_forest_may_stand_alone_and_have_another_name(tmp_path: Path):
    save(forest(linear=None), tmp_path, "other")
    assert load(tmp_path, "other").linear is None
    with pytest.raises(ModelError, match=r"forest\.json: cannot be read"):
        load(tmp_path)


BAD_ARRAYS = {
    "another number of nodes": ({"left": np.array([1, -1], "<i4")}, "different numbers of nodes"),
    "nan value": ({"value": np.full((4, 2), np.nan)}, "value is not finite"),
    "huge value": ({"value": np.full((4, 2), 1e9)}, "value is beyond"),
    "outputs": ({"value": np.ones((4, 3))}, "3 values a leaf for 2 outputs"),
    "nan threshold": ({"threshold": np.full(6, np.nan)}, "threshold is not finite"),
    "infinite threshold": ({"threshold": np.full(6, np.inf)}, "threshold is not finite"),
    "feature": ({"feature": np.array([0, 0, 2, 0, 0, 0], "<i4")}, "feature index"),
    "feature of a leaf": ({"feature": np.array([0, 0, 0, 0, 0, 99], "<i4")}, "feature index"),
    "negative feature": ({"feature": np.array([-1, 0, 0, 0, 0, 0], "<i4")}, "feature index"),
    "itself": ({"left": np.array([0, -1, 3, -1, -1, -1], "<i4")}, "after its parent"),
    "backwards": ({"right": np.array([2, -1, 1, -1, -1, -1], "<i4")}, "after its parent"),
    "no child": ({"left": np.array([-1, -1, 3, -1, -1, -1], "<i4")}, "after its parent"),
    "other tree": ({"right": np.array([2, -1, 5, -1, -1, -1], "<i4")}, "outside its tree"),
    "far away": ({"right": np.array([2, -1, 77, -1, -1, -1], "<i4")}, "outside its tree"),
    "shared child": ({"left": np.array([2, -1, 3, -1, -1, -1], "<i4")}, "exactly one parent"),
    "leaf": ({"leaf": np.array([-1, 0, -1, 1, 2, 4], "<i4")}, "leaf has no value"),
    "missing": ({"missing_left": np.full(6, 2, "|u1")}, "missing_left"),
    "roots": ({"root": np.array([0, 6], "<i4")}, "roots are not in order"),
    "wrapping roots": (
        {"root": np.array([0, 2**31 - 1, -(2**31)], "<i4")},
        "roots are not in order",
    ),
    "another type": ({"value": np.ones((4, 2), "<f4")}, "expected float64"),
    "big endian": ({"root": np.array([0, 5], ">i4")}, "expected int32"),
    "axes": ({"value": np.ones(4)}, "with 2 axes"),
    "text": ({"value": np.array([["a", "b"]])}, "expected float64"),
    "empty": ({"value": np.ones((0, 2))}, "out of bounds"),
    "too many": ({"missing_left": np.zeros(tree_checks.MAX_NODES + 1, "|u1")}, "out of bounds"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_arrays_that_are_not_a_forest_are_refused(folder: Path, case: str):
    changes, reason = BAD_ARRAYS[case]
    put_arrays(folder, write_npz(arrays() | changes))
    with pytest.raises(ModelError, match=reason):
        load(folder)


def test_a_tree_too_deep_to_walk_quickly_is_refused(folder: Path):
    depth = tree_checks.MAX_DEPTH + 1
    nodes = 2 * depth + 1
    inner = np.arange(nodes) % 2 == 0
    inner[-1] = False
    chain = {
        "root": np.array([0], "<i4"),
        "left": np.where(inner, np.arange(nodes) + 1, -1).astype("<i4"),
        "right": np.where(inner, np.arange(nodes) + 2, -1).astype("<i4"),
        "feature": np.zeros(nodes, "<i4"),
        "threshold": np.zeros(nodes),
        "missing_left": np.zeros(nodes, "|u1"),
        "leaf": np.where(inner, -1, 0).astype("<i4"),
        "value": np.ones((1, 2)),
    }
    put_arrays(folder, write_npz(chain))
    with pytest.raises(ModelError, match="deeper than"):
        load(folder)


def archive(*, compress=False, **changes) -> bytes:
    """The archive of ``arrays`` with the members named in ``changes`` replaced by these bytes."""
    out = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with (
        zipfile.ZipFile(io.BytesIO(write_npz(arrays()))) as plain,
        zipfile.ZipFile(out, "w", kind) as made,
    ):
        for entry in plain.infolist():
            content = changes.get(entry.filename.removesuffix(".npy"), plain.read(entry))
            made.writestr(entry.filename, content)
    return out.getvalue()


def npy(array, **options) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def declared(shape: str, content: bytes = b"") -> bytes:
    """An array file that declares this shape of float64."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + content


BAD_FILES = {
    "empty": (b"", "no .npz archive"),
    "text": (b"hello", "no .npz archive"),
    "no directory": (b"PK\x03\x04" + bytes(100), "damaged"),
    "declares too much": (archive(value=declared("(1000000000, 2)")), "has another size"),
    "declares less than there is": (archive(value=declared("(1, 2)", bytes(64))), "another size"),
    "expands beyond the bound": (
        archive(compress=True, value=npy(np.zeros((forest_file.MAX_ARRAYS_BYTES // 8, 4)))),
        "more than",
    ),
    "a pickle": (archive(value=npy(np.array([{}], object), allow_pickle=True)), "dtype object"),
    "a structure": (archive(value=npy(np.zeros(2, "<f8,<f8"))), "not plain numbers"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_beyond_their_bounds_are_refused(folder: Path, case: str):
    content, reason = BAD_FILES[case]
    put_arrays(folder, content)
    with pytest.raises(ModelError, match=reason):
        load(folder)


def test_nothing_is_allocated_for_an_archive_that_expands_beyond_the_bound(folder: Path):
    put_arrays(folder, BAD_FILES["expands beyond the bound"][0])
    tracemalloc.start()
    try:
        with pytest.raises(ModelError):
            load(folder)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # the reading of the file takes that much
    assert peak < 1.1 * forest_file.MAX_ARRAYS_BYTES


def test_a_compressed_archive_is_read_as_well(folder: Path):
    put_arrays(folder, archive(compress=True))
    np.testing.assert_array_equal(load(folder).arrays["value"], arrays()["value"])


def test_missing_and_extra_arrays_are_refused(folder: Path):
    held = arrays()
    del held["leaf"]
    put_arrays(folder, write_npz(held))
    with pytest.raises(ModelError, match="lacks arrays \\['leaf'\\]"):
        load(folder)
    put_arrays(folder, write_npz(arrays() | {"more": np.zeros(1)}))
    with pytest.raises(ModelError, match="unknown arrays \\['more'\\]"):
        load(folder)


def test_a_file_that_the_manifest_was_not_written_for_is_refused(folder: Path):
    other = arrays() | {"value": np.ones((4, 2))}
    (folder / ARRAYS_NAME).write_bytes(write_npz(other))
    with pytest.raises(ModelError, match="is not the file"):
        load(folder)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_file_is_refused_or_harmless(folder: Path, data):
    """Cut short or with a byte changed, under a checksum that fits: ModelError and no other."""
    save(forest(), folder)
    content = bytearray((folder / ARRAYS_NAME).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    put_arrays(folder, bytes(content))
    try:
        found = load(folder)
    except ModelError:
        return
    assert np.isfinite(found.predict(np.zeros((1, 2)))).all()


def linear(**changes):
    return {"linear": asdict(LINEAR) | changes}


BAD_MANIFESTS = {
    "kind": ({"kind": "other"}, "not the manifest"),
    "format": ({"format": 3}, "format 3, expected 5"),
    "feature version": ({"feature_version": features.VERSION + 1}, "train the model again"),
    "inputs": ({"inputs": "ab"}, "not a list of names"),
    "names": ({"outputs": [1, 2]}, "not a list of names"),
    "doubled": ({"inputs": ["a", "a"]}, "holds names twice"),
    "many": ({"outputs": [f"{n}" for n in range(300)]}, "more than 256"),
    "column": ({"columns": ["no such"]}, "is no feature column"),
    "tie": ({"tie_column": ["centroid_hz"]}, "is no feature column"),
    "no linear part": ({"linear": "none"}, "linear does not hold template_lufs"),
    "linear": (linear(more=1.0), "linear does not hold"),
    "no template": (linear(template_lufs=None), "level for each role"),
    "a role is missing": (linear(role_db={"kick": -20.0}), "level for each role"),
    "template": (linear(template_lufs=dict.fromkeys(ROLE_NAMES, "loud")), "no level"),
    "huge template": (linear(template_lufs=dict.fromkeys(ROLE_NAMES, 10**400)), "too many digits"),
    "responses": ({"responses": {"links": {}}}, "responses does not hold links"),
    "true": (linear(stereo_db=True), "stereo_db"),
    "interval": (linear(interval_db=dict.fromkeys(ROLE_NAMES, -1.0)), "a width below 0"),
    "rise": (linear(interval_rise=-0.5), "interval_rise is -0.5"),
    "checksum": ({"sha256": 5}, "has no sha256"),
}


@pytest.mark.parametrize("case", BAD_MANIFESTS)
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, case: str):
    changes, reason = BAD_MANIFESTS[case]
    put_manifest(folder, **changes)
    with pytest.raises(ModelError, match=reason):
        load(folder)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '{"stereo_db": NaN}', "[" * 100_000, "\x00", '{"a": ' + "9" * 5000 + "}"],
)
def test_what_is_no_manifest_is_refused(folder: Path, text: str):
    (folder / MANIFEST_NAME).write_text(text)
    with pytest.raises(ModelError, match=r"not JSON|not the manifest"):
        load(folder)


@pytest.mark.parametrize("name", [ARRAYS_NAME, MANIFEST_NAME])
def test_files_that_are_missing_too_large_or_not_regular_are_refused(folder: Path, name: str):
    path = folder / name
    with path.open("ab") as file:
        file.truncate(forest_file.MAX_ARRAYS_BYTES + 1)
    with pytest.raises(ModelError, match="larger than"):
        load(folder)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load(folder)
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        with pytest.raises(ModelError, match="not a regular file"):
            load(folder)


def test_save_refuses_what_load_would(tmp_path: Path):
    with pytest.raises(ModelError, match="not finite"):
        save(forest(arrays=arrays() | {"value": np.full((4, 2), np.inf)}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_loading_imports_no_scikit_learn(folder: Path):
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path;"
        "from reaper_drumgain.methods.forest_file import load;"
        f"load(Path({str(folder)!r}));"
        "assert not {'sklearn', 'scipy', 'joblib', 'pickle5'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_folder_in_a_wheel_comes_first(tmp_path: Path, monkeypatch):
    package = tmp_path / "site" / "reaper_drumgain"
    (package / "_models").mkdir(parents=True)
    monkeypatch.setattr(forest_file, "__file__", str(package / "methods" / "forest_file.py"))
    assert forest_file.bundled_folder() == package / "_models"
    shutil.rmtree(package / "_models")
    assert forest_file.bundled_folder() == tmp_path / "site" / "models"
