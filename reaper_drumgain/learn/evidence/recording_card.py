"""What is measured beside engineers' faders, as text: for terminals and for the model card.

Each part has a heading, what is simulated in it and what is real, and its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reaper_drumgain.learn.evidence import (
    calibration,
    held_tracks,
    invariance_figures,
    kit_left_out,
    mixed_sessions,
    odd_sessions,
    polarity_flips,
    tables,
)
from reaper_drumgain.learn.evidence.invariance import LEFT_OUT, RECORDING

#: the page beside the model card
PAGE = "recording.md"
_PAGE = """\
# Model card: by the recording, not by the performance

Made by `drumgain train` together with the [model card](README.md), or by `drumgain evaluate --part
recording --card FILE`; `--json FILE` has every figure and the faders of each track. Seed {seed}.
{libraries}.

Two kits and one real band: others will differ. Forests are fitted to ten songs of human faders,
played on these kits; where a kit or song is said to be left out, it is left out of all fitting."""

_SCATTER = """\
Ten performances of ten styles on one kit at fixed recording gains, and half minutes of a real
band: "scatter" is the standard deviation of each fader around its place in dB, the mean over
microphones (95 % interval by the jackknife over sessions), "widest" the largest range of a fader.
Then shifts of all raw tracks by up to 12 dB: the share that is undone, and what is left of it in
the mix in dB (bootstrap over sessions); the share undone of 20 dB on one microphone alone; and by
how many dB a fader moves at most where the same microphone is a file of two channels, has a take
pan of 0.01, or has a silent stereo item beside it. What scatters little may do so because it does
not listen at all: `unity` and `role-mean` undo nothing. "{left_out}": fitted without it.
Hits and bleed are real and sampled, performances are real and recorded as MIDI, their sum is
simulated; the band is a real recording, to which nothing was fitted."""
_LEFT_OUT = """\
Songs on a kit that was left out as well: error against the median engineer in dB, the mean over
{songs} songs and {kits} kits (bootstrap over songs). Of all microphones; of those that play where
no tom is struck; of these with shifts of up to 12 dB ({draws} draws). Faders and loudness are real,
the audio is simulated. It stands in for recordings with an engineer's mix of them, of which there
are none here."""
_CALIBRATION = """\
Known gains on sessions of each kit: how many lie within the 80 % interval of the recording gain,
where nothing of the tested kit is known (responses and factors by role from the other kit). All
sessions of a kit share what it was recorded at, which counts as error ("kit's own", its size in
dB), so that there are only as many independent errors as microphones: "without the kit's own"
takes it off. The kits are real, performances and gains simulated:"""
_HELD = """\
Microphones that are held because their drum rests, and those held by mistake, in rendered sessions
of odd habits, with 95 % intervals of the shares (Wilson; microphones of one session count as
independent, which they are not quite):"""
_ODD = """\
Grooves of odd habits on each kit at its own recording gains, and a whole song of a real band, by
the forest as it is shipped. Counted are the moves over {listed:g} dB and over {explained:g} dB; of
the latter those whose reason names no recording gain, and the faders without such a reason that are
as far from the mean move of their session ("against the others": the rest of a move is the level of
all drums, which is kept); microphones that are held though their drum is struck, and that are not
held though nobody strikes it. There ought to be none of the last four: a fader may go far to undo a
preamp, not to follow a performance. Hits and bleed are real and sampled, grooves are invented.
"plain beat": the move of the same fader where a plain beat is played."""
_POLARITY = """\
Flipped and shifted microphones in rendered sessions. "Flips found": where a flip makes the two
microphones of a drum together {clear:g} dB louder, told by the strokes without bleed. The snares'
microphones are real; those of a kick outside are simulated from the one inside. The limits were
chosen on other performances:"""
_MIXED = """\
Sessions that an engineer has mixed ({mixes} mixes, real faders): the error against the other
engineers of the song in dB, as it was and after each mode, the song left out; and how many tracks
move by 0.3 dB and more (bootstrap over songs; only the audio that the forest hears is
simulated):"""


def parts(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Heading and text of each part that was measured, in Markdown."""
    found: list[tuple[str, str]] = []
    if held := figures.get(invariance_figures.FIGURES):
        blocks = [_SCATTER.format(left_out=LEFT_OUT.removeprefix(", "))]
        for where in held:
            blocks.append(f"{_named(where)}, {held[where]['sessions']} sessions:")
            blocks.append(_block(invariance_figures.invariance_table(held, where)))
        found.append(("What a fader must not depend on", "\n\n".join(blocks)))
    if held := figures.get(kit_left_out.FIGURES):
        said = _LEFT_OUT.format(
            songs=len(held["songs"]), kits=len(held["kits"]), draws=held["draws"]
        )
        found.append(("A kit that was left out", _with(said, kit_left_out.left_out_table(held))))
    if held := figures.get(calibration.FIGURES):
        text = _with(_CALIBRATION, calibration.calibration_table(held))
        found.append(("Is the recording gain's interval right?", text))
    if held := figures.get(held_tracks.FIGURES):
        found.append(("What is held", _with(_HELD, held_tracks.held_table(held))))
    if held := figures.get(odd_sessions.FIGURES):
        found.append(("Odd habits: every large move", _odd(held)))
    if held := figures.get(polarity_flips.FIGURES):
        said = _POLARITY.format(clear=polarity_flips.CLEAR_DB)
        found.append(("Polarity and delay", _with(said, polarity_flips.polarity_table(held))))
    if held := figures.get(mixed_sessions.FIGURES):
        said = _MIXED.format(mixes=held["mixes"])
        found.append(("A mix that is there", _with(said, mixed_sessions.mixed_table(held))))
    return found


def _named(where: str) -> str:
    return "A real band" if where == RECORDING else f"The kit {where}"


def _odd(held: Mapping[str, Any]) -> str:
    said = _ODD.format(listed=odd_sessions.LISTED_DB, explained=odd_sessions.EXPLAINED_DB)
    blocks = [_with(said, odd_sessions.odd_table(held))]
    for heading, lines in odd_sessions.move_lists(held):
        blocks.append(f"{heading}:\n\n" + "\n".join(f"- {line}" for line in lines))
    return "\n\n".join(blocks)


def _with(said: str, rows: list[list[str]]) -> str:
    return f"{said}\n\n{_block(rows)}"


def _block(rows: list[list[str]]) -> str:
    return f"```\n{tables.table(rows)}\n```"


def page(figures: Mapping[str, Any]) -> str:
    """All parts as a page beside the model card; says where nothing was measured."""
    run = figures["run"]
    found = parts(figures)
    texts = [f"## {heading}\n{text}" for heading, text in found] or ["Not measured in this run."]
    libraries = ", ".join(f"{name} {version}" for name, version in run["made with"].items())
    head = _PAGE.format(seed=run["seed"], libraries=libraries)
    return "\n\n".join([head, *([tables.REDUCED] if run["reduced"] else []), *texts]) + "\n"


def terminal_text(figures: Mapping[str, Any]) -> list[str]:
    """The same for a terminal."""
    return [f"{heading}\n{text.replace('```', '').strip()}" for heading, text in parts(figures)]
