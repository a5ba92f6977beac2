"""An invented ENST-Drums for the tests of loading and of training."""

import shutil
from pathlib import Path

import pytest
from enst_tree import FOLDERS, LEFT_OUT, NAMES, write_take

from reaper_drumgain.learn.data.enst import load_enst


@pytest.fixture(scope="session")
def whole_tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("enst") / "ENST-drums-public"
    for number, (drummer, folders) in enumerate(FOLDERS.items()):
        audio = root / drummer / "audio"
        for folder in (*folders, "dry_mix", "wet_mix", "accompaniment"):
            (audio / folder).mkdir(parents=True)
        (root / drummer / "annotation").mkdir()
        for place, name in enumerate((*NAMES, *LEFT_OUT)):
            write_take(audio, folders, name, 10 * number + place)
            (root / drummer / "annotation" / f"{name}.txt").write_text("0.1 bd\n")
    return root


@pytest.fixture
def tree(whole_tree, tmp_path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(whole_tree, tmp_path / "enst"))


@pytest.fixture(scope="session")
def known(tmp_path_factory) -> Path:
    """A cache; copies of the tree have the times of their files, so it serves them too."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def loaded(whole_tree, known):
    return load_enst(whole_tree, taps=16, cache=known)
