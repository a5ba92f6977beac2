"""README and CONTRIBUTING name what the package has."""

import re
from pathlib import Path

import pytest
from test_architecture import FLOORS, PACKAGE

from reaper_drumgain import __version__, methods
from reaper_drumgain.hosts.live import BALANCE_SCOPES
from reaper_drumgain.hosts.live.action_list import TITLES, file_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
REAPER_PAGE = (ROOT / "docs" / "reaper.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


@pytest.mark.parametrize("name", methods.names())
def test_the_readme_names_every_method(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", TITLES)
def test_the_page_on_reaper_names_every_action(name):
    assert TITLES[name] in REAPER_PAGE


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))])
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_balance_action_has_a_script():
    assert all((ROOT / "actions" / file_of(name)).is_file() for name in (*BALANCE_SCOPES, *TITLES))


def test_the_map_names_every_room_from_the_top_down():
    table = re.findall(r"^\| (`.*?) \|", CONTRIBUTING, re.MULTILINE)
    paths = [path for cell in table for path in re.findall("`(.+?)`", cell)]
    assert all((PACKAGE / path).exists() for path in paths)
    rooms = dict.fromkeys(path.split("/")[0].removesuffix(".py") for path in paths)
    assert tuple(rooms) == FLOORS


def test_the_recipes_name_files_that_are_there():
    recipes = CONTRIBUTING.split("## How to")[1].split("## Style")[0]
    named = re.findall(r"`([a-z_/]+/[\w./]+)`", recipes)
    assert len(named) > 20
    missing = [
        path
        for path in named
        if "NAME" not in path
        and not (ROOT / path).exists()
        and not (PACKAGE / path).exists()
        and not (PACKAGE / path.split(".")[0]).with_suffix(".py").exists()
    ]
    assert missing == []


def test_the_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [__version__]
