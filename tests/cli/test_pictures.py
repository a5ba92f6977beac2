"""Pictures obey no configuration file of a project's folder, and names in them are no markup."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from batch_support import make_media, make_project

from reaper_drumgain.cli import main

NAMES = (r"Kick $\frac{$ $x_{$", r"Snare $$ \\ ^_ $\foo$", r"OH $ $")
HOSTILE = "text.usetex: True\nfigure.dpi: 7\nsavefig.dpi: 7\nbackend: no_such_backend\n"


@pytest.fixture
def song(tmp_path: Path) -> Path:
    make_media(tmp_path / "media", 1.8)
    path = tmp_path / "song.RPP"
    make_project(path, tmp_path / "media", names=NAMES)
    return path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--picture", "plan.png"), 1),
        (("--picture", "plan.png", "--write", "automation", "--method", "cross-adaptive"), 1),
        (("--report", "report"), 4),
    ],
)
def test_names_are_drawn_as_they_are(
    song: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], expected: int
) -> None:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    texts: list[list[tuple[str, bool, bool]]] = []
    real = Figure.savefig

    def savefig(figure: Figure, *arguments: object, **more: object) -> None:
        real(figure, *arguments, **more)
        found = figure.findobj(Text)
        texts.append([(t.get_text(), t.get_parse_math(), t.get_usetex()) for t in found])

    monkeypatch.setattr(Figure, "savefig", savefig)
    monkeypatch.chdir(song.parent)
    assert main(["balance", str(song), "--dry-run", "--no-cache", *options]) == 0
    assert len(texts) == expected
    for of_figure in texts:
        whole = "\n".join(text for text, *_ in of_figure)
        assert all(name[:20] in whole for name in NAMES)
        assert not any(markup or latex for _, markup, latex in of_figure)


def python(folder: Path, code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_working_folder_s_matplotlibrc_is_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfigure.dpi: 7\n")
    ours = (
        "import os\nfrom reaper_drumgain.util.plotting import drawing\n"
        "with drawing() as mpl: print(mpl.rcParams['text.usetex'], mpl.rcParams['figure.dpi'])\n"
        "print(os.getcwd())"
    )
    assert python(tmp_path, ours).splitlines() == ["False 100.0", str(tmp_path.resolve())]
    trap = (
        "import matplotlib as mpl; print(mpl.rcParams['text.usetex'], mpl.rcParams['figure.dpi'])"
    )
    assert python(tmp_path, trap) == "True 7.0", "this trap can spring"


def test_a_hostile_matplotlibrc_changes_no_picture(song: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reaper_drumgain", "balance", str(song), "--dry-run"]
    pictures = []
    for place in ("clean", "hostile"):
        folder = tmp_path / place
        folder.mkdir()
        if place == "hostile":
            (folder / "matplotlibrc").write_text(HOSTILE)
        done = subprocess.run(
            [*command, "--no-cache", "--picture", "plan.png"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        pictures.append((folder / "plan.png").read_bytes())
        assert {p.name for p in folder.iterdir()} <= {"plan.png", "matplotlibrc"}
    assert pictures[0] == pictures[1]


def test_settings_of_the_caller_are_as_before(tmp_path: Path) -> None:
    import matplotlib as mpl

    from reaper_drumgain.util.plotting import drawing

    with mpl.rc_context({"font.size": 17.0}):
        with drawing() as ours:
            assert ours.rcParams["font.size"] == 10.0
        assert mpl.rcParams["font.size"] == 17.0
