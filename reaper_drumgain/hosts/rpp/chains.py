"""Effect chains and envelopes, of tracks and of takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reaper_drumgain.errors import ProjectError
from reaper_drumgain.hosts.rpp.syntax import Block, compiled, tokens
from reaper_drumgain.hosts.rpp.values import number, text
from reaper_drumgain.schema.session import Effect, Envelope, EnvelopeKind, EnvelopePoint

_EFFECTS = frozenset((b"VST", b"AU", b"JS", b"CLAP", b"DX", b"LV2", b"VIDEO_EFFECT", b"CONTAINER"))
_INSTRUMENT = r"(?:VST\d?|AUv?\d?|CLAP|DX|LV2)i: "
_BYPASS = rb"\n[ \t\r]*+BYPASS[ \t]+(\S+)(?:[ \t]+(\S+))?"
_ENVELOPE_LINE = rb"\n[ \t\r]*+(ACT|VOLTYPE|POOLEDENVINST)[ \t]+(\S+)"
_POINT = rb"\n[ \t\r]*+PT[ \t]++([^\r\n]+)"
#: more points than a performance recorded for days; a bound on what one envelope can cost
MAX_POINTS = 500_000


def read_chain(data: bytes, chain: Block) -> tuple[Effect, ...]:
    """The effects of a chain in order; those inside containers follow their container."""
    return tuple(_effects(data, chain))


def _effects(data: bytes, chain: Block) -> Iterator[Effect]:
    # a stack of chains under way instead of recursion: containers nest as files please
    stack = [(_children(data, chain), True)]
    while stack:
        children, enabled = stack[-1]
        entry = next(children, None)
        if entry is None:
            stack.pop()
            continue
        block, on = entry
        if block.keyword not in _EFFECTS:
            continue
        yield _effect(data, block, enabled=enabled and on)
        if block.keyword == b"CONTAINER":
            stack.append((_children(data, block), enabled and on))


def _children(data: bytes, chain: Block) -> Iterator[tuple[Block, bool]]:
    """The blocks of a chain, each with whether the BYPASS line before it leaves it on."""
    on = True
    for child, (start, end) in zip(chain.children, chain.segments(), strict=False):
        for bypassed, offline in compiled(_BYPASS).findall(data, start, end):
            on = not number(bypassed) and not (offline and number(offline))
        yield child, on


def _effect(data: bytes, block: Block, *, enabled: bool) -> Effect:
    words = [token.value for token in tokens(data, block.start, block.body)[1:3]]
    name = next((text(word) for word in words if word), "") or text(block.keyword)
    return Effect(name, enabled, instrument=re.match(_INSTRUMENT, name) is not None)


def read_envelope(
    data: bytes,
    block: Block,
    kind: EnvelopeKind,
    faults: list[str],
    *,
    with_lines: bool = False,
) -> Envelope:
    """One envelope. Values of volume envelopes are linear gains in the file already.

    An envelope without a line ACT is active, as in files of REAPER's first years.

    Parameters
    ----------
    data
        The bytes of the project.
    block
        The block of the envelope.
    kind
        Which envelope it is.
    faults
        Gets half a sentence on damaged points, which are left out.
    with_lines
        Keep the line of each point too, as Latin-1 text.

    Returns
    -------
    Envelope
        Times in seconds.

    Raises
    ------
    ProjectError
        It holds more than MAX_POINTS points.
    """
    settings = {b"ACT": b"1", b"VOLTYPE": b"0"}
    settings |= dict(compiled(_ENVELOPE_LINE).findall(data, block.body, block.close))
    points = []
    damaged = 0
    for match in compiled(_POINT).finditer(data, block.body, block.close):
        fields = match.group(1).split()
        time, value = _time_and_value(fields)
        if time is None or value is None:
            damaged += 1
            continue
        shape = number(fields[2]) if len(fields) > 2 else 0.0
        tension = number(fields[6]) if len(fields) > 6 else 0.0
        points.append(EnvelopePoint(time, value, int(shape or 0.0), tension or 0.0))
        if len(points) > MAX_POINTS:
            raise ProjectError(f"an envelope holds more than {MAX_POINTS} points: not read")
    if damaged:
        faults.append(f"{damaged} points of the {kind} envelope are no numbers: left out")
    return Envelope(
        kind,
        active=bool(number(settings[b"ACT"])),
        points=tuple(points),
        fader_scaled=bool(number(settings[b"VOLTYPE"])),
        pooled=b"POOLEDENVINST" in settings,
        written=tuple(_lines(data, block)) if with_lines else (),
    )


def _lines(data: bytes, block: Block) -> Iterator[str]:
    for start, end in point_lines(data, block):
        yield data[start:end].removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")


def _time_and_value(fields: list[bytes]) -> tuple[float | None, float | None]:
    return number(fields[0]), number(fields[1]) if len(fields) > 1 else 0.0


def point_lines(data: bytes, block: Block) -> list[tuple[int, int]]:
    """Start and end of the line of each point that ``read_envelope`` reads."""
    found = []
    for match in compiled(_POINT).finditer(data, block.body, block.close):
        if None not in _time_and_value(match.group(1).split()):
            end = data.find(b"\n", match.end())
            found.append((data.rfind(b"\n", 0, match.end()) + 1, end + 1))
    return found
