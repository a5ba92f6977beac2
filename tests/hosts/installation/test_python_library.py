"""Which Python library is for REAPER's preferences, on each system."""

import struct
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from reaper_drumgain.hosts.installation import binary_header, environment, python_library
from reaper_drumgain.hosts.installation.python_library import Library


def first(platform, prefix, version, **config):
    return next(python_library.candidates(platform, Path(prefix), version, config.get))


def posix(path):
    return str(PurePosixPath(path))


def test_each_system_has_its_name():
    assert first("win32", "C:/Python312", (3, 12)).name == "python312.dll"
    framework = "/Library/Frameworks/Python.framework/Versions/3.13"
    assert posix(first("darwin", framework, (3, 13))) == f"{framework}/lib/libpython3.13.dylib"
    pyenv = "/home/me/.pyenv/versions/3.11.7"
    assert posix(first("linux", pyenv, (3, 11))) == f"{pyenv}/lib/libpython3.11.so.1.0"


def test_debians_folder_is_among_them():
    found = python_library.candidates(
        "linux",
        Path("/usr"),
        (3, 11),
        {
            "LIBDIR": "/usr/lib",
            "MULTIARCH": "x86_64-linux-gnu",
            "LDLIBRARY": "libpython3.11.a",
        }.get,
    )
    names = [posix(path) for path in found]
    assert "/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0" in names
    assert not any(name.endswith(".a") for name in names)


def test_the_library_of_this_python_can_be_loaded():
    library = python_library.own_library()
    if library is None:
        pytest.skip("this Python was built without a library")
    assert library.version == sys.version_info[:2]
    assert binary_header.own_architecture() in library.architectures
    load = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).Py_IsInitialized)"
    subprocess.run([sys.executable, "-c", load, str(library.path)], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("libpython3.12.so.1.0", (3, 12)),
        ("libpython3.14.dylib", (3, 14)),
        ("python311.dll", (3, 11)),
        ("python38.dll", (3, 8)),
        ("libpython3.6m.so.1.0", (3, 6)),
        ("libfoo.so", None),
    ],
)
def test_the_version_is_in_the_name(name, version):
    assert python_library.version_of(name) == version
    if version is not None:
        assert python_library.is_right(version) == ((3, 11) <= version <= (3, 14))


def elf(machine):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(40)


def pe(machine):
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine)


def fat(*kinds):
    return struct.pack(">II", 0xCAFEBABE, len(kinds)) + b"".join(
        struct.pack(">5I", kind, 0, 0, 0, 0) for kind in kinds
    )


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (elf(62), ("x86_64",)),
        (elf(183), ("arm64",)),
        (pe(0x8664), ("x86_64",)),
        (pe(0x14C), ("x86",)),
        (pe(0xAA64), ("arm64",)),
        (fat(0x01000007, 0x0100000C), ("x86_64", "arm64")),
        (struct.pack("<II", 0xFEEDFACF, 0x0100000C), ("arm64",)),
        (b"", ()),
        (b"!<arch>\n", ()),
        (b"\x7fELF", ()),
        (b"MZ", ()),
        (b"MZ" + b"\xff" * 100, ()),
        (struct.pack(">II", 0xCAFEBABE, 0xFFFFFFFF), ()),
        (b"# a script\n", ()),
    ],
)
def test_the_processor_is_in_the_first_bytes(tmp_path, content, found):
    path = tmp_path / "library"
    path.write_bytes(content)
    assert binary_header.architectures(path) == found


def test_the_store_is_told_by_its_folders():
    store = (
        r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12_3.12.2544.0_x64__qbz5n2"
    )
    assert python_library.is_store(store)
    local = r"C:\Users\me\AppData\Local\Microsoft\WindowsApps\python3.12.exe"
    assert python_library.is_store(local)
    assert not python_library.is_store(r"C:\Users\me\AppData\Local\Programs\Python\Python312")


def test_a_python_that_was_moved_is_told(tmp_path):
    moved = tmp_path / "libpython3.12.so.1.0"
    moved.write_bytes(elf(62) + b"\0/install\0")
    library = Library(moved, (3, 12), ("x86_64",))
    assert python_library.forgets_its_home(library, tmp_path, "linux")
    assert python_library.forgets_its_home(library, tmp_path, "darwin")
    assert not python_library.forgets_its_home(library, Path("/install"), "linux")
    # from 3.14 on a library finds its modules by its own place; on Windows always
    newer = Library(moved, (3, 14), ("x86_64",))
    assert not python_library.forgets_its_home(newer, tmp_path, "linux")
    assert not python_library.forgets_its_home(library, tmp_path, "win32")


def test_the_pythons_that_are_here_stand_where_they_were_built():
    library = python_library.own_library()
    if library is None:
        pytest.skip("this Python was built without a library")
    assert not python_library.forgets_its_home(library, Path(sys.base_prefix))


@pytest.mark.parametrize(
    ("prefix", "temporary"),
    [
        ("/home/me/.cache/uv/archive-v0/AbC", True),
        ("/home/me/.cache/pipx/0123abc", True),
        ("/home/me/.local/share/pipx/.cache/0123abc", True),
        ("/home/me/.local/share/uv/tools/reaper-drumgain", False),
        ("/home/me/.local/share/pipx/venvs/reaper-drumgain", False),
        ("/home/me/uv/.venv", False),
        (r"/C:/Users/me/AppData/Local/uv/cache/archive-v0/x", True),
    ],
)
def test_environments_for_one_run_are_told(prefix, temporary):
    assert environment.is_temporary(Path(prefix)) == temporary


def test_what_is_not_compiled_is_compiled(tmp_path):
    """Seen from outside, in an environment of its own whose packages nobody compiled."""
    import venv

    venv.create(tmp_path / "env", with_pip=False, symlinks=sys.platform != "win32")
    where = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    python = tmp_path / "env" / where
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-c", ask], text=True).strip())
    package = Path(environment.__file__).parents[2]
    paths = [str(package.parent), *(p for p in sys.path if p.endswith("site-packages"))]
    (site / "here.pth").write_text("\n".join(paths))
    module = site / "uncompiled.py"
    module.write_text("x = 1\n")
    code = "from reaper_drumgain.hosts.installation import environment as e; e.byte_compile()"
    subprocess.run([python, "-c", code], check=True)
    assert list((site / "__pycache__").glob("uncompiled.*.pyc"))
