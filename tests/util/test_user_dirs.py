"""Where the user's own files go, as the environment names it."""

from pathlib import Path

import pytest

from reaper_drumgain.errors import InputError
from reaper_drumgain.util.user_dirs import cache_folder, state_folder

BOTH = [("DRUMGAIN_CACHE", cache_folder), ("DRUMGAIN_STATE", state_folder)]


@pytest.mark.parametrize(("variable", "folder"), BOTH)
def test_the_environment_names_another_folder(variable, folder, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, str(tmp_path / "mine"))
    assert folder() == tmp_path / "mine"
    monkeypatch.setenv(variable, "~/mine")
    assert folder() == Path.home() / "mine"
    monkeypatch.delenv(variable)
    assert folder().name == "drumgain"
    assert folder().is_absolute()


@pytest.mark.parametrize(("variable", "folder"), BOTH)
@pytest.mark.parametrize("value", ["mine", "./mine", "~nobody-of-this-name/mine"])
def test_a_folder_that_is_another_one_elsewhere_is_refused(variable, folder, value, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError, match=f"{variable} is '.*': name a folder with its whole path"):
        folder()
