"""What installers read, and the README's lines that set everything up."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from powershell import powershell_errors

ROOT = Path(__file__).parents[1]
MARKER = 'python_version >= "3.11"'


def test_nothing_is_asked_for_by_a_python_that_the_package_does_not_take():
    metadata = ROOT / "pyproject.toml"
    if not metadata.is_file():
        pytest.skip("needs a checkout")
    project = tomllib.loads(metadata.read_text("utf-8"))["project"]
    assert project["requires-python"].startswith(">=3.11,")
    # pip tells of the Python only where no package contradicts before
    assert [need for need in project["dependencies"] if not need.endswith(MARKER)] == []
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if line and not line.endswith(MARKER)] == []


def blocks(language):
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [
        block
        for page in pages
        for block in re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.S | re.M)
    ]


def test_windows_is_told_the_same_commands_as_others():
    readme = (ROOT / "README.md").read_text("utf-8")
    posix = re.findall(r"<!-- command: \w+ -->\n```sh\n(.*?)\n```", readme)
    assert len(posix) == 2
    windows = [
        line.replace("python3 ", "py ")
        .replace(" &&", ";")
        .replace(".venv/bin/", ".venv\\Scripts\\")
        for line in posix
    ]
    assert blocks("powershell") == ["".join(f"{line}\n" for line in windows)]


def test_what_is_printed_for_powershell_is_in_its_grammar():
    for block in blocks("powershell"):
        assert powershell_errors(block) == []
    assert powershell_errors("py -m pip install (.\npy -m venv .venv\n") != []


def test_every_package_that_is_imported_is_asked_for_and_no_other():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    always = {package_of(need) for need in project["dependencies"]}
    asked = always | {package_of(need) for name in ("cluster", "formats") for need in extras[name]}
    # REAPER's own module, and one that Jinja2 brings and hands on
    given = {"reaper_drumgain", "reaper_python", "markupsafe"}
    imported = set()
    for path in (ROOT / "reaper_drumgain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.partition(".")[0])
    others = {"sklearn": "scikit-learn", "reapy": "python-reapy"}
    packages = {others.get(name, name) for name in imported - sys.stdlib_module_names - given}
    assert packages - asked == set()
    assert always - packages == set()


def package_of(need):
    return re.match(r"[\w-]+", need)[0].lower()
