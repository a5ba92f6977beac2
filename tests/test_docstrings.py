"""Docstrings of public functions and classes name what the signature names, in numpydoc's form.

Asked of what has an array in its signature, or three or more parameters or fields. Whether shapes
and units are true, no test can say.
"""

import ast
import functools
import re
from importlib import resources
from pathlib import Path

import pytest

from reaper_drumgain import errors

PACKAGE = Path(str(resources.files("reaper_drumgain")))
#: rooms (folders or modules) that are held to the form
ROOMS = (
    "analysis",
    "api.py",
    "audio",
    "automation",
    "balance",
    "batch",
    "cache",
    "cli",
    "faders",
    "hosts",
    "learn",
    "methods",
    "report",
    "schema",
    "tracks",
    "units.py",
    "util",
    "worker.py",
)
#: the package's own errors: what raises one says so
OURS = {name for name, one in vars(errors).items() if isinstance(one, type)}
#: parameters or fields from which on a list of them is asked for
MANY = 3
_UNDERLINED = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def sections(docstring):
    """The sections of a docstring: title to text."""
    parts = _UNDERLINED.split(docstring)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def entries(section):
    """The names that a section describes: its lines that are not indented, types left out."""
    lines = [line for line in section.splitlines() if line and not line.startswith(" ")]
    names = [name for line in lines for name in line.split(" : ")[0].split(",")]
    return [name.strip().lstrip("*") for name in names]


def undescribed(section):
    """Entries of a section without an indented text below them."""
    return re.findall(r"^(\S.*)\n(?! {4}\S)", section.strip("\n") + "\n", re.MULTILINE)


class Signature:
    """What a docstring has to name: of a function, or of a class with its fields."""

    def __init__(self, names, annotations, result="", raised=()):
        self.names, self.result, self.raised = names, result, set(raised)
        self.words = set(re.findall(r"\w+", " ".join([*annotations, result])))

    @classmethod
    def of_function(cls, node, is_method):
        every = node.args
        arguments = [*every.posonlyargs, *every.args]
        if is_method and "staticmethod" not in map(ast.unparse, node.decorator_list):
            arguments = arguments[1:]
        arguments += [*every.kwonlyargs, *filter(None, (every.vararg, every.kwarg))]
        annotations = [ast.unparse(one.annotation) for one in arguments if one.annotation]
        result = ast.unparse(node.returns) if node.returns else ""
        result = "" if result in ("None", "Never", "NoReturn", "'NoReturn'") else result
        return cls([one.arg for one in arguments], annotations, result, raised_by(node))

    @classmethod
    def of_fields(cls, node):
        fields = [
            one
            for one in node.body
            if isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and not one.target.id.startswith("_")
            and "ClassVar" not in ast.unparse(one.annotation)
        ]
        annotations = [ast.unparse(one.annotation) for one in fields]
        return cls([one.target.id for one in fields], annotations)

    def asks(self, arrays):
        return bool(self.words & arrays) or len(self.names) >= MANY or bool(self.raised & OURS)


def own_nodes(node):
    """What a function holds, functions within it left out."""
    for inner in ast.iter_child_nodes(node):
        if not isinstance(inner, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            yield inner
            yield from own_nodes(inner)


def raised_by(node):
    """Names of the exceptions that a function makes and raises itself."""
    every = list(own_nodes(node))
    caught = {
        raising
        for block in every
        if isinstance(block, ast.Try)
        for inner in block.body
        for raising in [inner, *own_nodes(inner)]
        if named(raising) and named(raising) in words([one.type for one in block.handlers])
    }
    names = {named(one) for one in every if one not in caught}
    return {name for name in names if name and not name.startswith("_")}


def named(node):
    """The name of the exception that a statement makes and raises; None for other statements."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return ast.unparse(node.exc.func).split(".")[-1]
    return None


def words(nodes):
    """All names in some expressions."""
    return set(re.findall(r"\w+", " ".join(ast.unparse(node) for node in nodes if node)))


def faults(docstring, signature, title):
    """What is missing or too much in a docstring that has to describe all of a signature."""
    parts = sections(docstring)
    found = []
    if signature.names or title in parts:
        named = entries(parts.get(title, ""))
        if title not in parts:
            found.append(f"no section {title}")
        elif sorted(named) != sorted(signature.names):
            missing, more = set(signature.names) - set(named), set(named) - set(signature.names)
            found.append(f"{title} lacks {sorted(missing)}, too much {sorted(more)}")
    if signature.result and not {"Returns", "Yields"} & set(parts):
        found.append("no section Returns")
    untold = signature.raised - set(entries(parts.get("Raises", "")))
    found += [f"Raises lacks {name}" for name in sorted(untold)]
    found += [
        f"{name}: nothing is said of {one}"
        for name in (title, "Returns", "Yields", "Raises")
        for one in undescribed(parts.get(name, ""))
    ]
    return found


def is_dataclass(node):
    decorators = " ".join(map(ast.unparse, node.decorator_list))
    return "dataclass" in decorators or "NamedTuple" in map(ast.unparse, node.bases)


def is_exempt(node, described):
    """Properties, and what begins with 'As ``Class.method``', which describes the parameters."""
    decorators = {ast.unparse(one).split(".")[-1] for one in node.decorator_list}
    if decorators & {"property", "cached_property", "setter", "overload"}:
        return True
    other = re.match(r"As ``([\w.]+)``", ast.get_docstring(node) or "")
    return other is not None and other[1] in described


def qualified(body, prefix=""):
    """The public functions, methods and classes of a module with their names."""
    for node in body:
        name = prefix + getattr(node, "name", "_")
        if name.removeprefix(prefix).startswith("_"):
            continue
        yield name, node
        if isinstance(node, ast.ClassDef):
            yield from qualified(node.body, f"{name}.")


def constructor(node):
    """The ``__init__`` of a class, whose parameters the docstring of the class describes."""
    return next((one for one in node.body if getattr(one, "name", "") == "__init__"), None)


def findings(tree, arrays, described):
    """(line, name, fault) of all public functions, methods and classes of a module."""
    found = []
    for name, node in qualified(tree.body):
        if isinstance(node, ast.ClassDef) and is_dataclass(node):
            title, signature = "Attributes", Signature.of_fields(node)
        elif isinstance(node, ast.ClassDef) and constructor(node):
            title, signature = "Parameters", Signature.of_function(constructor(node), True)
        elif isinstance(node, ast.FunctionDef) and not is_exempt(node, described):
            title, signature = "Parameters", Signature.of_function(node, "." in name)
        else:
            continue
        if signature.asks(arrays):
            text = ast.get_docstring(node) or ""
            found += [(node.lineno, name, one) for one in faults(text, signature, title)]
    return found


@functools.cache
def modules():
    paths = sorted(PACKAGE.rglob("*.py"))
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@functools.cache
def array_names():
    """``NDArray`` and the names in the package that stand for such a type."""
    names = {"NDArray", "ArrayLike", "ndarray"}
    for node in (node for tree in modules().values() for node in tree.body):
        if isinstance(node, ast.Assign) and "NDArray[" in ast.unparse(node.value):
            names |= {name.id for name in node.targets if isinstance(name, ast.Name)}
    return names


@functools.cache
def described_names():
    """Functions and methods with a section ``Parameters``, to which others may refer."""
    return {
        name
        for tree in modules().values()
        for name, node in qualified(tree.body)
        if "Parameters" in sections(ast.get_docstring(node) or "")
    }


def of_room(room):
    own = {path: tree for path, tree in modules().items() if path.is_relative_to(PACKAGE / room)}
    assert own, f"there is no room {room}"
    return [
        f"{path.relative_to(PACKAGE)}:{line} {name}: {fault}"
        for path, tree in own.items()
        for line, name, fault in findings(tree, array_names(), described_names())
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_describe_what_signatures_name(room):
    assert of_room(room) == []


GOOD = '''
def gain(level: Float64, scale: float = 1.0) -> Float64:
    """Linear gains of levels.

    Parameters
    ----------
    level
        Shape (tracks,), in dB.
    scale
        Factor of all gains.

    Returns
    -------
    array
        Shape (tracks,).

    Raises
    ------
    InputError
        A level is not finite.
    """
    if bad(level):
        raise errors.InputError("no")
    return level
'''


def faults_of(source):
    return [fault for _, _, fault in findings(ast.parse(source), {"Float64"}, {"Other.gain"})]


def test_a_whole_docstring_has_no_fault():
    assert faults_of(GOOD) == []


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("Parameters\n    ----------", "Notes\n    -----", "no section Parameters"),
        ("Returns\n    -------", "Notes\n    -----", "no section Returns"),
        (
            "    scale\n        Factor of all gains.\n",
            "",
            "Parameters lacks ['scale'], too much []",
        ),
        ("    scale\n", "    factor\n", "Parameters lacks ['scale'], too much ['factor']"),
        ("scale: float = 1.0", "*scales: float", "Parameters lacks ['scales'], too much ['scale']"),
        ("        Factor of all gains.\n", "", "Parameters: nothing is said of scale"),
        ("        Shape (tracks,).\n", "", "Returns: nothing is said of array"),
        ("    InputError\n", "    ValueError\n", "Raises lacks InputError"),
    ],
)
def test_that_guard_can_fire(right, wrong, fault):
    assert right in GOOD
    assert fault in faults_of(GOOD.replace(right, wrong))


def test_an_error_of_our_own_or_three_parameters_ask_for_the_form_too():
    plain = GOOD.replace("Float64", "float").replace("Parameters\n    ----------", "Notes\n    ---")
    assert "no section Parameters" in faults_of(plain)
    quiet = plain.replace("errors.InputError", "StopIteration")
    assert faults_of(quiet) == []
    assert "no section Parameters" in faults_of(quiet.replace("scale:", "a, b:"))


def test_an_error_that_is_caught_in_the_function_is_not_raised_by_it():
    lines = "    try:\n        raise ValueError(1)\n    except %s:\n        pass\n"
    start = GOOD.index("    if bad")
    kept = GOOD[:start] + lines % "(OSError, ValueError)" + GOOD[start:]
    assert faults_of(kept) == []
    assert faults_of(kept.replace("(OSError, ValueError)", "OSError")) == [
        "Raises lacks ValueError"
    ]


def test_fields_of_dataclasses_are_described():
    source = '''
@dataclass
class Levels:
    """Levels.

    Attributes
    ----------
    level_db
        Shape (tracks,), in dB.
    """

    level_db: Float64
'''
    assert faults_of(source) == []
    more = source + "    share: Float64\n    _own: int\n"
    assert faults_of(more) == ["Attributes lacks ['share'], too much []"]


def test_parameters_of_a_constructor_are_described_with_the_class():
    source = '''
class Meter:
    """Measures.

    Parameters
    ----------
    rate
        In Hz.
    levels
        Shape (tracks,), in dB.
    """

    def __init__(self, rate: int, levels: Float64) -> None:
        self.rate = rate
'''
    assert faults_of(source) == []
    more = source.replace("rate: int", "rate: int, size: int")
    assert faults_of(more) == ["Parameters lacks ['size'], too much []"]


def test_a_docstring_may_refer_to_one_that_describes_the_parameters():
    source = 'class A:\n    def gain(self, level: Float64) -> Float64:\n        """As ``%s``."""\n'
    assert faults_of(source % "Other.gain") == []
    assert faults_of(source % "Nobody.gain") == ["no section Parameters", "no section Returns"]
