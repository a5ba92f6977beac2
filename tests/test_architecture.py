"""Imports go downwards only, and nothing heavy is imported on the way to a plan."""

import ast
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

PACKAGE = Path(str(resources.files("reaper_drumgain")))
HEAVY = ("scipy", "sklearn", "librosa", "numba", "matplotlib", "joblib")
#: rooms and modules that may import nothing but the standard library and each other
STDLIB_ONLY = ("errors", "units", "schema", "tracks")
#: from the top down: a room imports only from those in later lines
FLOORS = (
    "__main__",
    "cli",
    "worker",
    "api",
    "batch",
    "balance",
    "automation",
    "report",
    "learn",
    "methods",
    "cache",
    "faders",
    "analysis",
    "hosts",
    "audio",
    "tracks",
    "schema",
    "util",
    "units",
    "errors",
)
#: the same for the folders of the learn room
LEARN_FLOORS = ("evidence", "taste", "fitting", "data", "reverse_engineering")
FLOOR = {room: place for place, room in enumerate(FLOORS)}


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def dotted(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(path):
    """Names of imported modules; those for type checkers alone are left out."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def room_of(name):
    return name.split(".")[1] if name.count(".") else ""


def upward(files):
    """Imports of a room in an earlier line: (module, imported name)."""
    return [
        (dotted(path), name)
        for path in files
        for name in imported(path)
        if name.startswith("reaper_drumgain.")
        and (own := dotted(path).split(".")[0])
        and (room := room_of(name)) in FLOOR
        and FLOOR[room] < FLOOR[own]
    ]


def test_every_room_has_its_floor():
    assert {dotted(path).split(".")[0] for path in modules()} - {""} <= set(FLOOR)


def test_imports_go_downwards_only():
    assert upward(modules()) == []


def test_that_guard_can_fire(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    (tmp_path / "schema").mkdir()
    wrong = tmp_path / "schema" / "session.py"
    wrong.write_text("from reaper_drumgain.hosts import rpp")
    assert ("schema.session", "reaper_drumgain.hosts.rpp") in upward([wrong])


def test_imports_go_downwards_only_within_learn():
    floor = {folder: place for place, folder in enumerate(LEARN_FLOORS)}
    prefix = "reaper_drumgain.learn."
    own = [path for path in modules() if dotted(path).startswith("learn.")]
    assert {dotted(path).split(".")[1] for path in own} == set(floor)
    wrong = [
        (dotted(path), name)
        for path in own
        for name in imported(path)
        if name.startswith(prefix)
        and floor[name.removeprefix(prefix).split(".")[0]] < floor[dotted(path).split(".")[1]]
    ]
    assert wrong == []


@pytest.mark.parametrize("room", STDLIB_ONLY)
def test_plain_rooms_import_only_the_standard_library(room):
    for path in modules():
        if dotted(path).split(".")[0] != room:
            continue
        for module in imported(path):
            top = module.split(".")[0]
            if top == "reaper_drumgain":
                assert module == top or room_of(module) in STDLIB_ONLY, module
            else:
                assert top in sys.stdlib_module_names, module


def test_only_the_command_line_prints():
    printing = [
        dotted(path)
        for path in modules()
        if not dotted(path).startswith("cli")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit")
    ]
    assert set(printing) <= {"__main__", "worker"}


#: what a reader holds at one sitting; tables of words are no code
LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
TABLES = {"tracks.word_lists"}


def test_no_module_is_too_long_to_read():
    lengths = {dotted(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    long = {name: n for name, n in lengths.items() if n > LONGEST_MODULE and name not in TABLES}
    assert long == {}


def functions(path):
    """(name, lines) of every function of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_is_too_long_to_read():
    long = {
        f"{dotted(path)}.{name}": lines
        for path in modules()
        for name, lines in functions(path)
        if lines > LONGEST_FUNCTION
    }
    assert long == {}


def test_each_room_says_what_it_is_for():
    short = []
    for path in modules():
        if path.name != "__init__.py" or path.parent == PACKAGE:
            continue
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if len(text.split()) < 20:
            short.append(dotted(path))
    assert short == []


def import_graph():
    """Module -> the modules of the package that it imports when it is imported itself.

    Imports inside functions come later and close no circle.
    """
    names = {dotted(path): path for path in modules()}
    graph = {}
    for name, path in names.items():
        graph[name] = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            base = node.module.removeprefix("reaper_drumgain").lstrip(".")
            if not node.module.startswith("reaper_drumgain"):
                continue
            inner = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            graph[name] |= {target for target in {base, *inner} if target in names} - {name}
    return graph


def circle(graph):
    """A list of modules that import one another in a circle; empty where there is none."""
    done, way = set(), []

    def visit(name):
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        way.append(name)
        found = next((c for target in sorted(graph[name]) if (c := visit(target))), [])
        way.pop()
        done.add(name)
        return found

    return next((found for name in sorted(graph) if (found := visit(name))), [])


def test_no_modules_import_one_another_in_a_circle():
    assert circle(import_graph()) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


CHECK = """
import sys
from reaper_drumgain.cli import main
status = main(sys.argv[1:])
heavy = [name for name in {heavy!r} if name in sys.modules]
print("imported:", heavy)
sys.exit(status)
"""


def test_a_dry_run_of_the_demo_imports_nothing_heavy():
    project = PACKAGE / "demo" / "session" / "DrumGain demo.RPP"
    arguments = ["balance", str(project), "--dry-run"]
    result = subprocess.run(
        [sys.executable, "-c", CHECK.format(heavy=HEAVY), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "imported: []"


def test_that_guard_sees_what_is_imported():
    result = subprocess.run(
        [sys.executable, "-c", CHECK.format(heavy=(*HEAVY, "numpy")), "methods"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "imported: []"
    project = PACKAGE / "demo" / "session" / "DrumGain demo.RPP"
    result = subprocess.run(
        [
            *(sys.executable, "-c", CHECK.format(heavy=(*HEAVY, "numpy"))),
            *("balance", str(project), "--dry-run", "--method", "unity"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "imported: ['numpy']"
