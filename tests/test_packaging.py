"""What installers read: older Pythons get one clear sentence, not a conflict of packages."""

import tomllib
from pathlib import Path

import pytest

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
