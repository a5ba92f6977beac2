"""The sections of the song that get gains of their own: regions, markers, times, or a span.

No two sections overlap. Projects are seldom that tidy, so: an empty section, and one in which no
drum plays, is left out with a warning; a section that holds others whole ("Song" around "Verse"
and "Chorus") gives way to them with a warning; overlaps of up to ``OVERLAP_S`` come from drawing by
hand, and the earlier section ends where the later one begins; other overlaps are refused.

A section shorter than ``SHORTEST_S`` is not balanced for itself, because it is too short for a
reliable loudness: the gains of the section next to it go on. Measured on four rendered songs (11
microphones of one sampled kit, performances by three drummers, up to 300 s; the raw levels are
drawn at random), with windows at random within parts of 30 s and all methods that go by level:
how far the faders of a window are from those of the 30 s around it.

    seconds               0.5    1    2    3    4    6    8   12   16
    median, dB            3.2  2.8  2.4  2.0  1.7  1.3  1.0  0.7  0.6
    over 6 dB, % of all    27   24   19   17   15   11    5    4    3

The longer the section the nearer, up to about 8 s. A part of that is the music: these windows are
at random, and a section is marked because it differs. 3 s are our choice, the window of short-term
loudness (EBU Tech 3341); the gains of sections of 3 to 6 s are still rough. A track that sounds
for less than a gating block (0.4 s within 10 LU of its own loudness) has no reliable loudness
either, however long the section: of windows of 3 s and more 50 % of such faders are over 6 dB
away, of those of tracks that sound longer 8 %.

Standard library only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reaper_drumgain.errors import InputError
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import SectionKind, Settings

#: seconds; our choice: as long as the ramp between two sections
OVERLAP_S = 0.05
#: more than any song has; each costs some milliseconds
MOST_SECTIONS = 1_000
#: shorter ones are not balanced for themselves
SHORTEST_S = 3.0
_WAYS = "give the project regions or markers, or a file of times (--sections FILE)"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the song that gets gains of its own.

    Attributes
    ----------
    name
        As the user called it.
    start, end
        Seconds of the project.
    """

    name: str
    start: float
    end: float

    def __str__(self) -> str:
        return f"{self.name!r} ({self.start:.3f} to {self.end:.3f} s)"


def span_of(session: Session, settings: Settings) -> tuple[float, float] | None:
    """Start and end in seconds of the time in which drums are analyzed and changed; None for the
    whole song.

    Parameters
    ----------
    session
        The project, for its time selection.
    settings
        Asks for a span or for the time selection.

    Returns
    -------
    tuple of float or None
        Start and end in seconds.

    Raises
    ------
    InputError
        The time selection is asked for, and there is none, or it is too short.
    """
    if settings.span is not None or settings.automation.sections != "time selection":
        return settings.span
    if session.time_selection is None:
        raise InputError(f"{session.path} has no time selection: make one and save the project")
    selected = Section("time selection", *session.time_selection)
    if is_short(selected):
        raise InputError(
            f"the time selection is {selected.end - selected.start:.2f} s long: drums are balanced "
            f"over {SHORTEST_S:g} s at least, so select more"
        )
    return session.time_selection


def sections_of(
    session: Session, settings: Settings, playing: tuple[float, float]
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """The sections that the settings ask for.

    Parameters
    ----------
    session
        The project, with its regions and markers.
    settings
        Which of them count; ``settings.span`` cuts all sections.
    playing
        Seconds at which the drums begin and end to play.

    Returns
    -------
    sections : tuple of Section
        One or more, in order.
    warnings : tuple of str
        Sentences on sections that are left out.

    Raises
    ------
    InputError
        There are no sections, too many, or two of them overlap.
    """
    kind = _kind(session, settings)
    span = span_of(session, settings)
    found = list(_found(session, settings, kind, span, playing))
    if len(found) > MOST_SECTIONS:
        raise InputError(f"{len(found)} sections, at most {MOST_SECTIONS} are allowed")
    warnings: list[str] = []
    kept: list[Section] = []
    for section in found:
        if not (math.isfinite(section.start) and math.isfinite(section.end)):
            raise InputError(
                f"section {section.name!r}: {section.start} to {section.end} is not a time"
            )
        low, high = span or (-math.inf, math.inf)
        cut = replace(section, start=max(section.start, low, 0.0), end=min(section.end, high))
        if section.end <= section.start:
            warnings.append(f"section {section} is empty: left out")
        elif cut.end <= max(cut.start, playing[0]) or cut.start >= playing[1]:
            if cut.end > cut.start:
                warnings.append(f"no drum plays in section {section}: left out")
        else:
            kept.append(cut)
    kept = _apart(kept, warnings)
    if not kept:
        raise InputError(f"{session.path}: no section in which a drum plays: {_WAYS}")
    return tuple(kept), tuple(warnings)


def _kind(session: Session, settings: Settings) -> SectionKind:
    kind = settings.automation.sections
    if kind != "usual":
        return kind
    if settings.span is not None:
        return "time selection"
    if not session.regions and not session.markers:
        raise InputError(
            f"{session.path}: gains over time need sections, and the project has no regions and "
            f"no markers: {_WAYS}, or use the method cross-adaptive, which needs none"
        )
    return "regions" if session.regions else "markers"


def _found(
    session: Session,
    settings: Settings,
    kind: SectionKind,
    span: tuple[float, float] | None,
    playing: tuple[float, float],
) -> Iterator[Section]:
    if kind == "regions":
        if not session.regions:
            raise InputError(f"{session.path} has no regions: {_WAYS}")
        for region in session.regions:
            end = region.position if region.end is None else region.end
            yield Section(region.name or f"region {region.number}", region.position, end)
    elif kind == "markers":
        if not session.markers:
            raise InputError(f"{session.path} has no markers: {_WAYS}")
        rows = [(m.position, None, m.name or f"marker {m.number}") for m in session.markers]
        if all(position > playing[0] for position, _, _ in rows):
            rows.append((playing[0], None, "start"))
        yield from _until_next(rows, playing[1])
    elif kind == "times":
        yield from _until_next(settings.automation.times, playing[1])
    elif span is not None:
        yield Section("time selection", *span)


def _until_next(rows: Sequence[tuple[float, float | None, str]], end: float) -> Iterator[Section]:
    """Rows of (start, end, name); without an end one goes to the next start, the last to
    ``end``."""
    rows = sorted(rows, key=lambda row: row[0])
    for place, (start, stop, name) in enumerate(rows):
        later = next((row[0] for row in rows[place + 1 :] if row[0] > start), max(end, start))
        same = stop is None and any(row[0] == start for row in rows[place + 1 :])
        yield Section(
            name or f"section {place + 1}",
            start,
            start if same else later if stop is None else stop,
        )


def _apart(sections: Sequence[Section], warnings: list[str]) -> list[Section]:
    """Sections without those that hold others, in order, none reaching into the next."""
    ordered = sorted(sections, key=lambda s: (s.start, -s.end))
    kept: list[Section] = []
    for place, section in enumerate(ordered):
        later = (s for s in ordered[place + 1 :] if s.start < section.end)
        if any(
            s.end <= section.end + OVERLAP_S and s.start < section.end - OVERLAP_S for s in later
        ):
            warnings.append(f"section {section} contains other sections, which are used instead")
        else:
            kept.append(section)
    for place, (one, two) in enumerate(itertools.pairwise(kept)):
        if one.end <= two.start:
            continue
        if one.end - two.start > OVERLAP_S:
            raise InputError(
                f"sections {one} and {two} overlap: move one of them, or give the times in a file "
                "(--sections FILE)"
            )
        kept[place] = replace(one, end=two.start)
    return kept


def is_short(section: Section) -> bool:
    """Whether a section is too short to be balanced for itself."""
    # a region's ends are written with few digits
    return section.end - section.start < SHORTEST_S - 0.05


def neighbour(sections: Sequence[Section], place: int) -> int | None:
    """The place of the section whose gains a short section takes over.

    The nearest one before it that is not short, else the nearest one behind it, where only short
    sections lie between; None where there is none.
    """
    for step in (-1, 1):
        here = place
        while 0 <= here + step < len(sections) and _adjoin(sections, here, here + step):
            here += step
            if not is_short(sections[here]):
                return here
    return None


def _adjoin(sections: Sequence[Section], one: int, other: int) -> bool:
    first, second = sections[min(one, other)], sections[max(one, other)]
    return second.start - first.end <= OVERLAP_S
