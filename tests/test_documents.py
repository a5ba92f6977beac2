"""README and CONTRIBUTING name what the package has."""

import importlib.util
import json
import re
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image
from test_architecture import FLOORS, PACKAGE

import reaper_drumgain as drumgain
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


def evidence_tool():
    path = ROOT / "tools" / "evidence_figure.py"
    spec = importlib.util.spec_from_file_location("evidence_figure", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_of_the_evidence_is_drawn_from_the_model_card():
    tool = evidence_tool()
    found = tool.errors()
    assert sorted(found) == sorted(methods.names())
    with Image.open(tool.PICTURE) as picture:
        assert picture.text["Description"] == tool.description(found)
    assert tool.PICTURE.stat().st_size < 100_000


def test_the_picture_of_the_demo_shows_its_balance():
    session = Path(str(resources.files("reaper_drumgain"))) / "demo" / "session"
    plan = drumgain.open_project(session / "DrumGain demo.RPP").balance()
    with Image.open(ROOT / "docs" / "demo.png") as picture:
        said = picture.text["Description"]
    moves = [float(move) for move in re.findall(r" ([+-][\d.]+) dB", said)]
    assert moves == pytest.approx([t.new_db - t.old_db for t in plan.tracks], abs=0.1)


def test_the_errors_in_readme_and_evidence_are_those_of_the_bundled_model():
    scores = json.loads((ROOT / "models" / "forest.json").read_text("utf-8"))["scores"]["error_db"]
    evidence = (ROOT / "docs" / "evidence.md").read_text("utf-8")
    now = {name: f"{scores[name]['recorded']:.1f}" for name in scores}
    far = {name: f"{scores[name]['+-12']:.1f}" for name in scores}
    for name in ("forest", "linear", "unity", "equal-loudness"):
        row = re.search(rf"^\| `{name}`.*?\| ([\d.]+) \| ([\d.]+) \|", evidence, re.MULTILINE)
        assert row.groups() == (now[name], far[name]), name
    readme = " ".join(README.split())
    equal = "equal-loudness"
    assert (
        f"{now['forest']} dB from those of the median engineer on careful recordings (`unity`, "
        f"leaving them as recorded: {now['unity']}; `{equal}`: {now[equal]}) and "
        f"{far['forest']} dB where raw levels are shifted at random by up to 12 dB "
        f"({far['unity']}; {far[equal]})"
    ) in readme


def scatters():
    """Scatter of the forest by kit that was left out, and on the band: text as in the README."""
    card = (ROOT / "models" / "recording.md").read_text("utf-8")
    number = r"(\d+\.\d+)"
    row = rf"{number} \({number} \.\. {number}\)"
    found = re.findall(rf"^forest, kit left out +{row}", card, re.MULTILINE)[:2]
    found += re.findall(rf"^forest +{row}", card.split("A real band")[1], re.MULTILINE)[:1]
    return [tuple(f"{float(value):.1f}" for value in one) for one in found]


@pytest.mark.parametrize("page", ["README.md", "docs/evidence.md"])
def test_the_scatter_in_the_pages_is_that_of_the_model_card(page):
    text = " ".join((ROOT / page).read_text("utf-8").split())
    (first, one, two), (second, *ends), (band, *band_ends) = scatters()
    spread = f"varies by {first} dB (standard deviation; 95 % interval {one} to {two})"
    assert f"{spread} and {second} dB" in text
    assert f"{second} dB ({ends[0]} to {ends[1]})" in text
    assert f"by {band} dB ({band_ends[0]} to {band_ends[1]})" in text
