"""Media paths of a project that moves to another folder."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_drumgain.errors import InputError, ProjectError
from reaper_drumgain.hosts.rpp.edits import Edit
from reaper_drumgain.hosts.rpp.storage import name_of
from reaper_drumgain.hosts.rpp.syntax import MAX_LINE, Block, Token, line_of, tokens
from reaper_drumgain.hosts.rpp.values import text
from reaper_drumgain.tracks.media import Resolver
from reaper_drumgain.tracks.media_paths import is_absolute, network_root

if TYPE_CHECKING:
    from reaper_drumgain.hosts.rpp.read import ProjectFile

_OURS = re.compile(r"-drumgain(?:-\d+)?$")
_RECORD_PATH = re.compile(rb"\n[ \t\r]*+(RECORD_PATH)[ \t]")
_FILE = re.compile(rb"\n[ \t\r]*+(FILE)[ \t]")


def free_name_beside(project: Path) -> Path:
    """The first free name for a balanced copy beside a project: ``song-drumgain.RPP``."""
    suffix = project.suffix or ".RPP"
    names = (
        project.with_name(f"{project.stem}-drumgain{'' if count == 1 else f'-{count}'}{suffix}")
        for count in itertools.count(1)
    )
    return next(path for path in names if not os.path.lexists(path))


def is_own_output(name: str) -> bool:
    """Whether a file name is one that ``free_name_beside`` gives."""
    return _OURS.search(Path(name).stem) is not None


def relocation(project: ProjectFile, new_folder: Path) -> list[Edit]:
    """The spans that make media findable from another folder.

    Relative paths become absolute, pointing to where the file was found, or else to where
    it was looked for first. An absolute path stays, unless its file is gone and was found
    beside the project, where it would be missed from the new folder. No edits where the
    folder is the project's own.
    """
    data = project.data
    old_folder = os.path.dirname(os.path.abspath(project.path))  # noqa: PTH100, PTH120
    real_folder = os.path.dirname(os.path.realpath(project.path))  # noqa: PTH120
    # behind a link media may lie beside the real file, where the new one would not look
    if {os.path.realpath(new_folder), real_folder} == {os.path.realpath(old_folder)}:
        return []
    record = _record_paths(project)
    resolver = _resolver(project, record)
    edits = [
        _edit(project, token, _joined(old_folder, token.value))
        for token in record
        if token.value and not is_absolute(text(token.value))
    ]
    for token in _media(data, project.root):
        written = text(token.value)
        if not written:
            continue
        found = resolver.find(written)
        if network_root(written) is not None and not found.found:
            continue
        if is_absolute(written):
            if found.found and found.path is not None and not _same(found.path, written):
                edits.append(_edit(project, token, os.fsencode(found.path)))
        elif found.found and found.path is not None:
            edits.append(_edit(project, token, os.fsencode(found.path)))
        else:
            edits.append(_edit(project, token, _joined(old_folder, token.value)))
    return edits


def refuse_media(project: ProjectFile, target: Path) -> None:
    """Checks that a path is no media file of the project, whether that file exists or not.

    Parameters
    ----------
    project
        The project as read.
    target
        The file that is to be written.

    Raises
    ------
    InputError
        It is a media file of the project.
    """
    resolver = _resolver(project, _record_paths(project))
    for token in _media(project.data, project.root):
        path = resolver.find(text(token.value)).path
        if path is not None and os.path.realpath(path) == str(target):
            raise InputError(
                f"{name_of(target)} is a media file of the project ({text(token.value)!r}): give "
                "the output another name"
            )


def _record_paths(project: ProjectFile) -> list[Token]:
    return [
        token
        for start, end in project.root.segments()
        for match in _RECORD_PATH.finditer(project.data, start, end)
        for token in tokens(project.data, match.start(1))[1:3]
    ]


def _resolver(project: ProjectFile, record: list[Token]) -> Resolver:
    return Resolver(project.path, tuple(text(token.value) for token in record))


def _media(data: bytes, root: Block) -> Iterator[Token]:
    """The path tokens of the FILE lines of all sources, those of frozen items included."""
    stack = [root]
    while stack:
        block = stack.pop()
        stack.extend(block.children)
        if block.keyword != b"SOURCE":
            continue
        for start, end in block.segments():
            for match in _FILE.finditer(data, start, end):
                yield from tokens(data, match.start(1))[1:2]


def _same(found: str, written: str) -> bool:
    return os.path.normpath(found) == os.path.normpath(written)


def _joined(folder: str, written: bytes) -> bytes:
    """A path below a folder; the bytes of the path are kept, whatever their encoding."""
    if os.name != "nt":
        written = written.replace(b"\\", b"/")
    return os.fsencode(folder).rstrip(os.sep.encode()) + os.sep.encode() + written


def _edit(project: ProjectFile, token: Token, path: bytes) -> Edit:
    data = project.data
    where = f"{name_of(project.path)}:{line_of(data, token.start)}"
    own = data[token.start : token.start + 1]
    quotes = ([own] if own in (b'"', b"'", b"`") else []) + [b'"', b"'", b"`"]
    quote = next((quote for quote in quotes if quote not in path), None)
    if quote is None or b"\n" in path or b"\r" in path or not token.closed:
        raise ProjectError(
            f"{where}: the path {text(path)!r} cannot be written in a project file (quotes or "
            "line ends in it): choose an output in the project's own folder"
        )
    new = quote + path + quote
    start = data.rfind(b"\n", 0, token.start) + 1
    end = data.find(b"\n", token.end)
    length = (len(data) if end < 0 else end) - start - (token.end - token.start) + len(new)
    if length > MAX_LINE:
        raise ProjectError(
            f"{where}: the path {text(path)[:80]!r}... makes a line longer than REAPER reads: "
            "choose an output in the project's own folder"
        )
    return Edit(token.start, token.end, new)
