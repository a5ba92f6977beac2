"""The installed actions in a program in C that embeds Python as REAPER does, from press to fader.

Each script has an interpreter of its own there, no standard streams, and reaches REAPER's functions
through C alone. Skipped where there is no C compiler, or no Python with a library.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reascript.embedded import build, run_embedded

from reaper_drumgain.hosts.installation import python_library

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
SLOW = "time.sleep(60)\n"

pytestmark = pytest.mark.skipif(
    COMPILER is None or sys.platform == "win32", reason="needs a C compiler of POSIX"
)


def libraries():
    """The libraries of the Pythons that are here and that the actions are made for."""
    found = {}
    own = python_library.own_library()
    if own is not None:
        found[own.version] = own.path
    for version in ((3, 11), (3, 12), (3, 13), (3, 14)):
        name = "{}.{}".format(*version)
        for path in Path.home().glob(f".pyenv/versions/{name}*/lib/libpython{name}.*"):
            if path.suffix in (".so", ".dylib") or path.name.endswith(".so.1.0"):
                found.setdefault(version, path)
    return [pytest.param(path, id="{}.{}".format(*v)) for v, path in sorted(found.items())]


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    try:
        return build(folder, COMPILER)
    except subprocess.CalledProcessError as error:
        pytest.fail(f"the program cannot be compiled:\n{error.stderr}")


@pytest.fixture
def embed(program, tmp_path):
    """Play a scenario of a ``Reaper`` in the program."""

    def play(reaper, library, *steps, env=None, **more):
        options = {k: v for k, v in reaper.options.items() if k != "block_imports"}
        scenario = {
            "projects": [str(reaper.project)],
            "resource_path": str(reaper.resource_path),
            **options,
            "steps": list(steps),
            **more,
        }
        folder = tmp_path / "embedded, ünïcode"
        temporary = tmp_path / "tmp ü"
        for each in (folder, temporary):
            each.mkdir(exist_ok=True)
        own = {"TMPDIR": str(temporary), "DRUMGAIN_CACHE": str(reaper.cache)}
        report = run_embedded(program, library, scenario, folder, env={**own, **(env or {})})
        assert report.data, f"exit status {report.returncode}\n{report.stderr[-3000:]}"
        assert report.ok, f"{report.problems}\n{report.stderr[-3000:]}"
        assert report.returncode == 0, report.stderr[-3000:]
        assert report.data["children"] == 0
        assert [path.name for path in temporary.iterdir()] == []
        return report

    return play


def home_of(library):
    return str(library.resolve().parents[1])


@pytest.mark.parametrize("library", libraries())
def test_the_press_moves_the_faders(embed, reaper, library, demo_plan):
    """With the real worker, PYTHONHOME set, and spaces and umlauts in every path."""
    env = {"PYTHONHOME": home_of(library), "PYTHONPATH": "/nowhere"}
    report = embed(reaper, library, reaper.press("balance_all"), env=env)
    assert "moved 11 of 11" in report.console
    want = {t.name: 10 ** (t.new_db / 20) for t in demo_plan.moves}
    got = report.faders()
    assert {name: got[name] for name in want} == pytest.approx(want, rel=1e-4)
    assert report.undo() == ["DrumGain: balance 11 drum tracks (forest)"]


@pytest.mark.parametrize("library", libraries())
def test_every_action_runs_in_an_interpreter_of_its_own(embed, fake, library):
    from reaper_drumgain.hosts.live.action_list import TITLES

    answers = {name: [{"answer": "ok"}] for name in ("settings", "set_role", "trims")}
    answers["learn"] = [{"answer": "cancel"}]
    names = sorted(set(TITLES) - {"self_test"})
    steps = [{"do": {"select": ["Bass"]}}, fake.press("balance_all")]
    steps += [fake.press(name, *answers.get(name, [])) for name in names]
    report = embed(fake, library, *steps)
    assert "moved 11 of 11" in report.console
    assert "unexpected" not in str(report.data["dialogs"])


@pytest.mark.parametrize("library", libraries())
def test_presses_that_overlap(embed, make_fake, library):
    """A press during a run cancels it and ends; another one runs again."""
    reaper = make_fake(SLOW)
    reaper.options["clock"] = "real"
    report = embed(
        reaper,
        library,
        {"ticks": 1},
        reaper.press("balance_all", ticks=12),
        reaper.press("compare", ticks=2),
        reaper.press("balance_all", {"kind": "TaskControl", "answer": "new"}),
    )
    assert "cancelled, nothing was changed" in report.console
    assert report.faders() == report.faders(0)


@pytest.mark.parametrize("at_exit", [True, False], ids=["told", "silent"])
@pytest.mark.parametrize("library", libraries())
def test_an_instance_that_is_terminated_leaves_nothing(embed, make_fake, library, at_exit):
    reaper = make_fake(SLOW)
    reaper.options["clock"] = "real"
    report = embed(
        reaper,
        library,
        {"ticks": 1},
        reaper.press("balance_all", ticks=12),
        reaper.press("balance_all", {"kind": "TaskControl", "answer": "terminate"}, ticks=30),
        {"ticks": 30},
        faults={"terminated_at_exit": at_exit},
    )
    assert report.faders() == report.faders(0)


def test_an_older_python_says_what_is_right(program, reaper, tmp_path):
    """The engine needs a newer Python, so this one only runs an action's file."""
    found = sorted(Path.home().glob(".pyenv/versions/3.8*/lib/libpython3.8.so"))
    if not found:
        pytest.skip("there is no Python 3.8 with a library")
    said = tmp_path / "said"
    fake = tmp_path / "reaper_python.py"
    fake.write_text(
        "def RPR_GetResourcePath(): return '/nowhere'\n"
        f"def RPR_ShowMessageBox(*a): open({str(said)!r}, 'w').write(a[0])\n"
    )
    driver = tmp_path / "driver.py"
    driver.write_text(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); RPR_defer = print\n"
        "exec(compile(open(argument_1, encoding='utf-8').read(), argument_1, 'exec'))\n"
    )
    subprocess.run(
        [program, found[0], driver, reaper.action("balance_all")], check=True, env=dict(os.environ)
    )
    assert "REAPER uses Python 3.8." in said.read_text()
    assert "3.11, 3.12, 3.13 or 3.14" in said.read_text()
