"""ReaPack's index as the tool makes it, against the form that ReaPack documents and loads."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from reaper_drumgain import __version__
from reaper_drumgain.hosts.live.action_list import MENU_FILE, TITLES, file_of

ROOT = Path(__file__).resolve().parents[2]
URL = "https://example.org/drumgain/raw/$commit/$path"
BASE = "https://example.org/drumgain/raw/abc123/"
#: element -> (attributes that it must have, others that it may have, elements within, with text)
FORM = {
    "index": ({"version"}, {"name", "commit"}, {"category", "metadata"}, False),
    "category": ({"name"}, set(), {"reapack"}, False),
    "reapack": ({"name", "type"}, {"desc"}, {"version", "metadata"}, False),
    "version": ({"name"}, {"author", "time"}, {"source", "changelog"}, False),
    "source": (set(), {"file", "main", "platform", "type", "hash"}, set(), True),
    "changelog": (set(), set(), set(), True),
    "metadata": (set(), set(), {"description", "link"}, False),
    "description": (set(), set(), set(), True),
    "link": ({"rel"}, {"href"}, set(), True),
}
TYPES = {"script", "effect", "extension", "data", "theme", "langpack", "webinterface"}
SECTIONS = {"main", "midi_editor", "midi_inlineeditor", "midi_eventlisteditor", "mediaexplorer"}


def problems(root):
    """What of an index is not of the documented form, or would be refused when it is loaded."""
    return [*form_problems(root), *version_problems(root), *source_problems(root)]


def form_problems(root):
    if (root.tag, root.get("version")) != ("index", "1"):
        yield "no index of version 1"
    for element in root.iter():
        must, may, inside, text = FORM[element.tag]
        given = set(element.attrib)
        if must - given or given - must - may:
            yield f"{element.tag} has the attributes {sorted(given)}"
        if {child.tag for child in element} - inside:
            yield f"{element.tag} holds {[child.tag for child in element]}"
        if text != bool((element.text or "").strip()):
            yield f"{element.tag}: text {element.text!r}"
        if any(not value.strip() for value in element.attrib.values()):
            yield f"{element.tag} has an empty attribute"


def version_problems(root):
    for package in root.iter("reapack"):
        if package.get("type") not in TYPES:
            yield f"no type {package.get('type')}"
        names = [version.get("name") for version in package.iter("version")]
        if len(set(names)) < len(names):
            yield f"versions twice: {names}"
    for version in root.iter("version"):
        if not re.fullmatch(r"\d+(\.\d+)*([a-z-][\w.-]*)?", version.get("name")):
            yield f"version {version.get('name')}"
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", version.get("time", "")):
            yield f"time {version.get('time')}"
        files = [source.get("file") for source in version.iter("source")]
        if not files or len(set(files)) < len(files):
            yield f"sources {files}"


def source_problems(root):
    for source in root.iter("source"):
        url = urllib.parse.urlsplit(source.text.strip())
        if url.scheme not in ("http", "https") or re.search(r"[^!-~]", source.text.strip()):
            yield f"URL {source.text}"
        if not set(source.get("main", "main").split()) <= SECTIONS:
            yield f"section {source.get('main')}"


def make(folder, *arguments, tools=ROOT / "tools"):
    output = folder / "index.xml"
    command = [sys.executable, str(tools / "reapack_index.py"), "--output", str(output)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    return done, output


@pytest.fixture
def index(tmp_path):
    done, output = make(tmp_path, "--url", URL, "--commit", "abc123")
    assert done.returncode == 0, done.stderr
    return ET.parse(output).getroot()


def test_the_index_has_the_documented_form(index):
    assert problems(index) == []
    (package,) = index.iter("reapack")
    assert package.get("type") == "script"
    assert [version.get("name") for version in package.iter("version")] == [__version__]
    assert package.findtext("metadata/description").startswith("{\\rtf1 ")


def test_it_holds_every_action_and_every_part_of_the_menu(index):
    sources = {source.get("file"): source for source in index.iter("source")}
    actions = {MENU_FILE, *map(file_of, TITLES)}
    parts = {f"menu/{path.name}" for path in (ROOT / "actions" / "menu").iterdir()}
    assert set(sources) == actions | parts
    assert {name for name, source in sources.items() if source.get("main")} == actions
    for name, source in sources.items():
        path = urllib.parse.unquote(source.text.strip().removeprefix(BASE))
        assert path == f"actions/{name}"
        assert (ROOT / path).is_file()


def test_a_later_version_is_added_and_the_same_one_replaced(tmp_path):
    copy = tmp_path / "copy"
    for name in ("tools", "actions"):
        shutil.copytree(ROOT / name, copy / name)
    package = copy / "actions" / "DrumGain.lua"
    text = package.read_text("utf-8")
    for version, commit in (("0.1.0", "one"), ("0.2.0", "two"), ("0.2.0", "three")):
        package.write_text(text.replace(f"@version {__version__}", f"@version {version}"), "utf-8")
        make(tmp_path, "--url", URL, "--commit", commit, tools=copy / "tools")
    root = ET.parse(tmp_path / "index.xml").getroot()
    assert problems(root) == []
    urls = {v.get("name"): v.findtext("source").split("/")[5] for v in root.iter("version")}
    assert urls == {"0.1.0": "one", "0.2.0": "three"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("DrumGain_Menu.lua", "DrumGain_Gone.lua", "there is no such file"),
        ("-- @author DrumGain\n", "", "no @author"),
    ],
)
def test_a_header_that_is_wrong_makes_no_index(tmp_path, old, new, expected):
    for name in ("tools", "actions"):
        shutil.copytree(ROOT / name, tmp_path / name)
    package = tmp_path / "actions" / "DrumGain.lua"
    package.write_text(package.read_text("utf-8").replace(old, new), "utf-8")
    done, output = make(tmp_path, "--url", URL, tools=tmp_path / "tools")
    assert done.returncode != 0
    assert expected in done.stderr
    assert not output.exists()


def test_a_url_without_a_path_is_refused(tmp_path):
    assert make(tmp_path, "--url", "https://example.org")[0].returncode == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda root: root.set("version", "2"), "no index of version 1"),
        (lambda root: root.find(".//source").attrib.update(main="true"), "section"),
        (lambda root: setattr(root.find(".//source"), "text", "https://a/b c"), "URL"),
        (lambda root: root.find(".//version").attrib.update(name="first"), "version first"),
        (lambda root: root.find(".//reapack").attrib.update(extra="1"), "reapack has the attrib"),
    ],
)
def test_that_check_can_fail(index, change, expected):
    change(index)
    assert any(problem.startswith(expected) for problem in problems(index))


@pytest.mark.parametrize("path", sorted((ROOT / "actions").glob("DrumGain*")), ids=lambda p: p.name)
def test_every_script_has_a_complete_header_of_this_version(path):
    text = path.read_text("utf-8")
    for tag in ("description", "author", "about", "changelog"):
        assert re.search(rf"^(--|#) @{tag}\b", text, re.MULTILINE), tag
    assert re.search(rf"^(--|#) @version {re.escape(__version__)}$", text, re.MULTILINE)
    # the package alone is listed by ReaPack, these are parts of it
    assert bool(re.search(r"^(--|#) @noindex$", text, re.M)) is (path.name != "DrumGain.lua")
