"""The menu's JSON, in both versions of Lua, against Python's."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lupa")
SOURCE = Path(__file__).resolve().parents[3] / "actions" / "menu" / "json.lua"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module", params=["5.3", "5.4"])
def lua(request):
    """``decode`` and ``encode`` in one: the text that comes back, or None and why not."""
    module = importlib.import_module(f"lupa.lua{request.param.replace('.', '')}")
    runtime = module.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    made = runtime.execute(SOURCE.read_bytes())
    again = runtime.eval(
        b"function(json) return function(text) local node, why = json.decode(text)"
        b" if not node then return nil, why end return json.encode(node) end end"
    )(made)

    def there_and_back(text):
        found = again(text if isinstance(text, bytes) else text.encode())
        return found.decode() if isinstance(found, bytes) else None

    return there_and_back


@given(value=VALUES, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_every_document_comes_back(lua, value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    back = lua(text)
    assert back is not None
    assert repr(json.loads(back)) == repr(value)
    # what a line of a project file can hold
    assert re.fullmatch(r"[ -~]*", back)
    assert not re.search("['`<>]", back)


@given(text=st.text(max_size=20) | st.text('{}[]":,0123456789.eE+- truefalsn\\u', max_size=20))
def test_what_is_no_json_is_refused_and_nothing_breaks(lua, text):
    back = lua(text.encode("utf-8", "surrogatepass"))
    try:
        value = json.loads(text)
    except ValueError:
        # Lua takes some numbers that JSON does not: 01, 1. and -.5 do no harm
        strict = re.search(r"(^|[^\d])-?0\d|\d\.($|[^\d])|NaN|Infinity", text)
        assert back is None or strict
    else:
        if re.search("NaN|Infinity", text):
            return
        assert back is not None
        assert json.loads(back) == value


def test_what_is_nested_without_end_is_refused(lua):
    assert lua("[" * 100_000) is None
    assert lua("[" * 50 + "]" * 50) == "[" * 50 + "]" * 50


def test_bytes_that_are_no_utf8_are_taken_for_latin_1(lua):
    assert json.loads(lua(b'["caf\xe9"]')) == ["café"]
