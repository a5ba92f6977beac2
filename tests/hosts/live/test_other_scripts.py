"""Other scripts change the project between two ticks, without an undo point that would tell."""

import json

import pytest

from .test_slices import write_project

SEEN = "os.replace(os.path.join(folder, 'request.json'), {!r})\nsys.exit(1)\n"


@pytest.mark.parametrize("tick", [2, 4])
def test_an_item_that_is_deleted_while_it_is_read_is_not_touched(make_fake, tmp_path, tick):
    """The stand-in fails where REAPER would crash; the project is read again as it is then."""
    project = write_project(tmp_path / "items.RPP", 1, 300)
    seen = tmp_path / "seen.json"
    reaper = make_fake(SEEN.format(str(seen)))
    deleted = {"tick": tick, "do": {"script_deletes_items": "Tom 0"}}
    report = reaper.play(
        {"ticks": 1}, reaper.press("balance_all", events=[deleted]), projects=[str(project)]
    )
    assert report.state()["tracks"][0]["items"] == 0
    (track,) = json.loads(seen.read_text())["session"]["tracks"]
    assert not track.get("clips")
