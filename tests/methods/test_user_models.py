"""Models of the user's own on disk: names, older ones, and files from strangers."""

import dataclasses
import json
import os
import sys

import numpy as np
import pytest
from learn.taste.invented import TEMPLATE, constant, model_of, project

from reaper_drumgain.errors import InputError, ModelError
from reaper_drumgain.learn.taste.fit import fit
from reaper_drumgain.methods import create_own, user_models
from reaper_drumgain.methods.user_model import MAX_BYTES, dump, parse
from reaper_drumgain.schema.model_name import check_name


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DRUMGAIN_DATA", str(tmp_path))


@pytest.fixture(scope="module")
def model():
    projects = [project(np.random.default_rng(1), constant, 0)]
    return model_of(fit(projects, TEMPLATE), projects)


def test_a_model_comes_back_as_it_was_kept(model):
    path, former = user_models.save(model, "card")
    assert (path.name, former) == ("mine.json", None)
    assert user_models.load("MINE") == model
    assert path.with_suffix(".md").read_text() == "card"
    assert user_models.names() == ("mine",)


def test_a_model_that_is_replaced_is_kept(model):
    path, _ = user_models.save(model, "first")
    before = path.read_bytes()
    for count in (1, 2):
        _, former = user_models.save(model, "again")
        assert former.read_bytes() == before
        (kept,) = user_models.kept()
        assert kept.older == count


def test_older_ones_are_counted_for_their_own_name(model):
    for name in ("rock", "rock hard", "rock 2024"):
        for _ in range(2):
            user_models.save(dataclasses.replace(model, name=name), "")
    user_models.save(dataclasses.replace(model, name="rock hard"), "")
    assert {one.name: one.older for one in user_models.kept()} == {
        "rock": 1,
        "rock hard": 2,
        "rock 2024": 1,
    }


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "../x", "a/b", "a\\b", "/etc/passwd", ".hidden", "a.json", "con", "LPT1"),
        *("x" * 41, "a\nb", "a\0b", "-x", "~", "C:x"),
    ],
)
def test_a_name_is_no_path(name):
    with pytest.raises(InputError, match="name"):
        check_name(name)
    with pytest.raises(InputError, match="name"):
        create_own("forest", name or " ")


def test_names_of_people(model):
    for name in ("Rock 70s", "my-drums_2", "Übung", "ドラム"):
        assert check_name(f" {name} ") == name


def test_a_missing_model_names_those_that_are_there(model):
    user_models.save(model, "")
    with pytest.raises(InputError, match=r"no model 'jazz' \(there are: mine\)"):
        create_own("forest", "jazz")


def test_a_model_departs_from_the_forest_only(model):
    user_models.save(model, "")
    with pytest.raises(InputError, match="goes with method forest, not with unity"):
        create_own("unity", "mine")


def _changed(model, change):
    document = json.loads(dump(model))
    change(document)
    return json.dumps(document).encode()


HOSTILE = {
    "not JSON": lambda d: None,
    "role missing": lambda d: d["roles"].pop("room"),
    "huge offset": lambda d: d["roles"]["room"].update(offset_db=1e6),
    "huge slope": lambda d: d["roles"]["room"].update(slope=-7.0),
    "negative deviation": lambda d: d["roles"]["room"].update(sd_db=-1.0),
    "text for a number": lambda d: d["roles"]["room"].update(offset_db="3"),
    "unknown role": lambda d: d["projects"][0]["tracks"][0].update(role="cowbell"),
    "impossible level": lambda d: d["projects"][0]["tracks"][0].update(target_db=1e9),
    "unknown field": lambda d: d.update(run="rm -rf"),
    "a path for a name": lambda d: d.update(name="../../rock"),
    "other format": lambda d: d.update(schema=99),
    "template": lambda d: d["template_lufs"].update(room=-1e5),
    "range": lambda d: d.update(range_db=500.0),
    "too many projects": lambda d: d.update(projects=d["projects"] * 1001),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused(model, what):
    content = b"{" if what == "not JSON" else _changed(model, HOSTILE[what])
    with pytest.raises(ModelError, match="learn the model again"):
        parse(content, "file")


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"1e999"])
def test_what_is_no_number_is_refused(model, literal):
    content = dump(model).replace(b'"noise_db": ', b'"noise_db": ' + literal + b', "x": ')
    with pytest.raises(ModelError):
        parse(content, "file")


def test_deep_and_large_files_are_refused(model):
    with pytest.raises(ModelError):
        parse(b"[" * 100_000, "file")
    with pytest.raises(ModelError, match="larger"):
        parse(b" " * (MAX_BYTES + 1), "file")


def test_a_damaged_model_is_listed_and_is_not_in_the_way(model):
    path, _ = user_models.save(model, "")
    path.write_bytes(b"{")
    (kept,) = user_models.kept()
    assert kept.model is None
    assert "learn the model again" in kept.problem
    _, former = user_models.save(model, "")
    assert former.read_bytes() == b"{"
    assert user_models.load("mine") == model


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_in_place_of_a_model_is_refused(model):
    path, _ = user_models.save(model, "")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ModelError, match="not a regular file"):
        user_models.load("mine")
