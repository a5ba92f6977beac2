"""``reaper.ini`` gets its three lines on Python, and no other byte changes."""

import configparser
import difflib
import os
import re
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import ConflictError, InputError, StorageError
from reaper_drumgain.hosts.installation import reaper_ini
from reaper_drumgain.hosts.installation.python_library import Library

LIBRARY = Library(Path("/opt/Müsic py/lib/libpython3.12.so.1.0"), (3, 12), ("x86_64",))
KEYS = ("reascript", "pythonlibpath64", "pythonlibdll64")
#: what REAPER and people leave in the file, one for each system, and worse
FILES = {
    "windows": "[reaper]\r\n"
    "lastproject=C:\\Söngs\\drüms.RPP\r\nreascript=0\r\n\r\n[Recent]\r\na=1\r\n",
    "windows, old lines": "[REAPER]\r\n"
    "PythonLibPath64=C:\\Python38\r\npythonlibdll64=python38.dll\r\n",
    "macos": "[REAPER]\npythonlibpath64=\nvst_path=/Library/Audio\n[audioconfig]\nmode=2\n",
    "linux": "; by hand\n[REAPER]\n" + "".join(f"key{n}=välue {n}\n" for n in range(5000)),
    "no section": "[Recent]\nrecent01=/music/a.RPP\n",
    "decoy": "[other]\nreascript=0\npythonlibpath64=/decoy\n[reaper]\nx=1\n[more]\nreascript=0\n",
    "empty": "",
    "no line end": "[REAPER]\nfoo=1",
    "no line end in the header": "[REAPER]",
    "mark of UTF-8": "\ufeff[REAPER]\r\nfoo=1\r\n",
    "twice": "[REAPER]\nreascript=0\nreascript=7\nreascript=8\n",
}


def independent(content):
    """The section's values, read without the code under test: the first line of a key counts."""
    text = content.decode("utf-8").lstrip("\ufeff").replace("\r\n", "\n")
    found = re.search(r"^\[reaper\]\s*$(.*?)(?=^\[|\Z)", text, re.M | re.S | re.I)
    values = {}
    for line in found[1].splitlines():
        key, equals, value = line.partition("=")
        if equals:
            values.setdefault(key.strip().lower(), value.strip())
    return values


@pytest.mark.parametrize("name", FILES)
def test_the_lines_are_there_and_the_others_as_they_were(name):
    before = FILES[name].encode()
    after = reaper_ini.with_python(before, LIBRARY)
    values = independent(after)
    assert [values[key] for key in KEYS] == ["1", LIBRARY.folder, LIBRARY.file]
    assert reaper_ini.python_lines(after) == reaper_ini.PythonLines(
        "1", LIBRARY.folder, LIBRARY.file
    )
    assert others(after) == others(before)
    assert (b"\r\n" in after) == (b"\r\n" in before)
    assert reaper_ini.with_python(after, LIBRARY) == after
    parser = configparser.ConfigParser(strict=False, delimiters="=", interpolation=None)
    parser.read_string(after.decode("utf-8-sig"))
    section = next(each for each in parser.sections() if each.lower() == "reaper")
    assert parser[section]["pythonlibdll64"] == LIBRARY.file


def others(content):
    """All lines but those that may change, in their order, without the section that may be new."""
    lines = [line.rstrip(b"\r\n") for line in content.splitlines()]
    ours = tuple(key.encode() for key in KEYS)
    section, kept = b"", []
    for line in lines:
        if line.removeprefix(b"\xef\xbb\xbf").startswith(b"["):
            section = line.lower()
        plain = line.lower().partition(b"=")[0]
        first = section.endswith(b"[reaper]") and plain in ours and (section, plain) not in kept
        if first:
            kept.append((section, plain))
        elif line != b"[REAPER]":
            kept.append(line)
    return [each for each in kept if isinstance(each, bytes)]


LINES = st.sampled_from(
    [b"[REAPER]", b"[reaper]", b"[other]", b"reascript=0", b"ReaScript = 1", b"x=1", b"", b"; c"]
)
TEXT = st.lists(
    st.tuples(st.one_of(LINES, st.binary(max_size=12)), st.sampled_from([b"\n", b"\r\n", b"\r"]))
)


@given(TEXT)
def test_any_file_keeps_its_other_lines_and_a_second_time_changes_nothing(parts):
    before = b"".join(line + end for line, end in parts)
    after = reaper_ini.with_python(before, LIBRARY)
    assert reaper_ini.with_python(after, LIBRARY) == after
    lines = reaper_ini.python_lines(after)
    assert lines == reaper_ini.PythonLines("1", LIBRARY.folder, LIBRARY.file)
    # beside the three lines and a header nothing is taken away or put in
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    assert kept >= len(old) - 4
    assert len(old) <= len(new) <= len(old) + 4


def test_the_file_is_replaced_as_a_whole_and_what_stood_there_is_kept(tmp_path):
    real = tmp_path / "dotfiles" / "reaper.ini"
    real.parent.mkdir()
    before = FILES["windows"].encode()
    real.write_bytes(before)
    link = tmp_path / "reaper.ini"
    link.symlink_to(real)
    if sys.platform != "win32":
        real.chmod(0o640)
    new = reaper_ini.with_python(before, LIBRARY)
    backups = [reaper_ini.write(link, before, new) for _ in range(1)]
    backups.append(reaper_ini.write(link, new, before))
    assert link.is_symlink()
    assert real.read_bytes() == before
    assert [path.read_bytes() for path in backups] == [before, new]
    assert len(set(backups)) == 2
    if sys.platform != "win32":
        assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(p.name for p in real.parent.iterdir()) == sorted(
        ["reaper.ini", *(p.name for p in backups)]
    )


def test_a_file_that_changed_meanwhile_is_left(tmp_path):
    path = tmp_path / "reaper.ini"
    path.write_bytes(b"[REAPER]\nnew=1\n")
    with pytest.raises(ConflictError, match="changed in the meantime"):
        reaper_ini.write(path, b"[REAPER]\n", b"x")
    assert path.read_bytes() == b"[REAPER]\nnew=1\n"
    assert not list(tmp_path.glob("*part"))


def test_a_full_disk_leaves_the_file(tmp_path, monkeypatch):
    path = tmp_path / "reaper.ini"
    path.write_bytes(b"[REAPER]\n")

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="No space left"):
        reaper_ini.write(path, b"[REAPER]\n", b"new")
    assert path.read_bytes() == b"[REAPER]\n"


def test_other_encodings_are_refused(tmp_path):
    path = tmp_path / "reaper.ini"
    path.write_bytes("[REAPER]\n".encode("utf-16"))
    with pytest.raises(InputError, match="UTF-16"):
        reaper_ini.read(path)
    with pytest.raises(StorageError, match="cannot be read"):
        reaper_ini.read(tmp_path / "none")


def test_bytes_that_are_no_utf_8_stay(tmp_path):
    before = b"[REAPER]\nlast=\xe4\xff\n" + os.fsencode("pythonlibdll64=x\n")
    after = reaper_ini.with_python(before, LIBRARY)
    assert b"last=\xe4\xff\n" in after
