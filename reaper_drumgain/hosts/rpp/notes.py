"""What DrumGain stores on the tracks of a project file: lines of their ``<EXT`` blocks.

Assumed of REAPER (to be checked against REAPER itself): a ``<EXT`` block may stand before the
lines of receives and sends, where REAPER's own files have it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.rpp.edits import Edit
from reaper_drumgain.hosts.rpp.lines import (
    indent_inside,
    line_ending,
    line_start,
    lines_of,
    next_line,
    place_of_envelopes,
)
from reaper_drumgain.hosts.rpp.read import ProjectFile
from reaper_drumgain.hosts.rpp.storage import name_of
from reaper_drumgain.hosts.rpp.syntax import own_lines
from reaper_drumgain.schema import envelope_note

#: the lines of a note, which may have several parts
_LINE = rb"\n[ \t\r]*+((?:%b)(?:_\d{1,4})?)[ \t]"
#: what a ``<EXT`` block comes before, as REAPER writes it
_AFTER_EXT = (b"AUXRECV", b"MIDIOUT", b"MAINSEND", b"HWOUT")


def note_edits(project: ProjectFile, index: int, notes: Mapping[str, str | None]) -> list[Edit]:
    """The spans that store texts on a track, or remove them.

    A block that held nothing else goes with the last note in it.

    Parameters
    ----------
    project
        The project as read.
    index
        The index of the track.
    notes
        The texts by their keys; None to remove one.

    Returns
    -------
    list of Edit
        The spans.

    Raises
    ------
    InputError
        A text is too long.
    """
    data, block = project.data, project.tracks[index]
    present = re.compile(_LINE % b"|".join(map(re.escape, (key.encode() for key in notes))))
    blocks = [child for child in block.children if child.keyword == b"EXT"]
    edits: list[Edit] = []
    others = False
    for ext in blocks:
        own = [match.start(1) for match in present.finditer(data, ext.body, ext.close)]
        edits += [Edit(line_start(data, at), next_line(data, at), b"") for at in own]
        lines = data[next_line(data, ext.body) : line_start(data, ext.close)].split(b"\n")
        others = others or sum(bool(line.strip()) for line in lines) > len(own)
    written = [
        f"{envelope_note.key_of_part(count, key)} {part}".encode("ascii")
        for key, note in notes.items()
        for count, part in enumerate(envelope_note.parts_of(note or ""), 1)
    ]
    if not written:
        # a block that held nothing else was made for the note
        return edits if others else [lines_of(data, ext) for ext in blocks]
    if any(len(note or "") > envelope_note.MAX_NOTE for note in notes.values()):
        name = project.session.tracks[index].name
        raise InputError(
            f"{name_of(project.path)}: track {index + 1} {name!r}: the note of the plan is too long"
        )
    margin, ending = indent_inside(data, block), line_ending(data, block)
    if blocks:
        place = next_line(data, blocks[-1].body)
        inside = indent_inside(data, blocks[-1])
        return [*edits, Edit(place, place, b"".join(inside + line + ending for line in written))]
    place = next(
        (line_start(data, at[0]) for key in _AFTER_EXT if (at := own_lines(data, block, key))),
        place_of_envelopes(data, block),
    )
    text = b"".join(margin + b"  " + line + ending for line in written)
    return [Edit(place, place, b"%b<EXT%b%b%b>%b" % (margin, ending, text, margin, ending))]
