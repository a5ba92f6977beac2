"""For which processors a program or library was built, from its first bytes.

Sources: the ELF specification (``e_machine``), Microsoft's PE format, Apple's ``mach-o/fat.h`` and
``mach-o/loader.h``.
"""

from __future__ import annotations

import platform
import struct
import sys
from pathlib import Path

_ELF = {3: "x86", 40: "arm", 62: "x86_64", 183: "arm64"}
_PE = {0x14C: "x86", 0x8664: "x86_64", 0xAA64: "arm64"}
_MACH = {7: "x86", 0x01000007: "x86_64", 0x0100000C: "arm64"}
_FAT, _MACH_64, _MACH_32 = 0xCAFEBABE, 0xFEEDFACF, 0xFEEDFACE
_MOST_PARTS = 16


def architectures(path: Path) -> tuple[str, ...]:
    """The processors that a file was built for, like ``("x86_64",)``.

    Returns () if it is no program or library. Raises OSError.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head[:4] == b"\x7fELF" and len(head) >= 20:
        order = "<" if head[5] == 1 else ">"
        return _known(_ELF, [struct.unpack_from(order + "H", head, 18)[0]])
    if head[:2] == b"MZ" and len(head) >= 64:
        place = struct.unpack_from("<I", head, 60)[0]
        if head[place : place + 4] == b"PE\0\0" and len(head) >= place + 6:
            return _known(_PE, [struct.unpack_from("<H", head, place + 4)[0]])
    return _mach(head)


def _mach(head: bytes) -> tuple[str, ...]:
    if len(head) < 8:
        return ()
    magic, count = struct.unpack_from(">II", head)
    if magic == _FAT and count <= _MOST_PARTS and len(head) >= 8 + 20 * count:
        return _known(_MACH, [struct.unpack_from(">I", head, 8 + 20 * n)[0] for n in range(count)])
    little, kind = struct.unpack_from("<II", head)
    return _known(_MACH, [kind]) if little in (_MACH_64, _MACH_32) else ()


def _known(names: dict[int, str], numbers: list[int]) -> tuple[str, ...]:
    return tuple(names.get(number, f"processor {number:#x}") for number in numbers)


def own_architecture() -> str:
    """The processor that this process runs on, in the same words."""
    machine = platform.machine().lower()
    names = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64", "i386": "x86", "i686": "x86"}
    found = names.get(machine, machine)
    # a 32-bit Python on a 64-bit Windows says AMD64
    return "x86" if found == "x86_64" and sys.maxsize < 2**32 else found
