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
# Model card: faders follow the recording, not the performance

Made by `drumgain train` together with the [model card](README.md), or by `drumgain evaluate --part
recording --card FILE`; `--json FILE` has every figure and the faders of each track. Seed {seed}.
{libraries}.

These are two kits and one real band: others will differ. Forests are fitted to ten songs with human
faders, played on these kits. A kit or song that is "left out" is left out of all fitting."""

_SCATTER = """\
The sessions are ten performances in ten styles on one kit at fixed recording gains, and half
minutes of a real band. "scatter": standard deviation of a fader over the sessions in dB, mean over
microphones (95 % interval by the jackknife over sessions). "widest": the largest range of a fader.
"undone" and "left": all raw tracks are shifted at random by up to 12 dB; the share of the shift
that the method takes back, and what stays of it in the mix in dB (bootstrap over sessions). "one
track undone": the same share for 20 dB on one microphone alone. "file forms": by how many dB a
fader changes at most if the same microphone is a file of two channels, has a take pan of 0.01, or
has a silent stereo item on its track. A method that ignores the audio scatters little, too:
`unity` and `role-mean` undo nothing. "{left_out}": fitted without it.
Hits and bleed are real and sampled, performances are real and recorded as MIDI, their sum is
simulated; the band is a real recording, to which nothing was fitted."""
_LEFT_OUT = """\
Songs of which the kit was left out, too: error against the median engineer in dB, the mean over
{songs} songs and {kits} kits (bootstrap over songs). The columns are
all microphones; those that play where no tom is hit; the same with shifts of up to 12 dB
({draws} draws). Faders and loudness are real, the audio is simulated, because there are no
recordings here together with an engineer's mix of them."""
_CALIBRATION = """\
Known gains are applied to sessions of each kit. "within": how many of them lie within the 80 %
interval of the recording gain, where nothing of the tested kit is known (responses and factors by
role come from the other kit). All sessions of a kit share the gains at which it was recorded, which
count as an error ("kit's own": its size in dB), so there are only as many independent errors as
microphones. "without the kit's own": this error is subtracted. The kits are real, performances and
gains simulated:"""
_HELD = """\
Microphones that are not raised ("held") because their drum is not played, and those that are held
by mistake, in rendered sessions with unusual playing, with 95 % intervals of the shares (Wilson;
microphones of one session count as independent, which is not quite true):"""
_ODD = """\
Unusual grooves on each kit at its own recording gains, and a whole song of a real band, by the
bundled forest. Counted are the moves over {listed:g} dB and over {explained:g} dB; of the latter
those whose reason names no recording gain, and the faders without such a reason that are as far
from the mean move of their session ("against the others": the rest of a move is the level of all
drums, which is kept); microphones that are held although their drum is played, and that are not
held although it is not played. The last four should be 0: a fader may move far to correct a
recording gain, not to follow a performance. Hits and bleed are real and sampled, grooves are
invented. "plain beat": the move of the same fader where a plain beat is played."""
_POLARITY = """\
Flipped and shifted microphones in rendered sessions. "Flips found": where a flip makes the two
microphones of a drum together {clear:g} dB louder, judged by hits without bleed. The snares'
microphones are real; those outside a kick are simulated from the one inside. The limits were
chosen on other performances:"""
_MIXED = """\
Sessions that an engineer has mixed ({mixes} mixes, real faders): the error against the other
engineers of the song in dB, of the mix as it was and after each mode, with the song left out; and
how many tracks move by 0.3 dB or more (bootstrap over songs; only the audio that the forest
analyses is simulated):"""


def parts(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Heading and text of each part that was measured, in Markdown."""
    found: list[tuple[str, str]] = []
    if held := figures.get(invariance_figures.FIGURES):
        blocks = [_SCATTER.format(left_out=LEFT_OUT.removeprefix(", "))]
        for where in held:
            blocks.append(f"{_named(where)}, {held[where]['sessions']} sessions:")
            blocks.append(_block(invariance_figures.invariance_table(held, where)))
        found.append(("Independence of the performance", "\n\n".join(blocks)))
    if held := figures.get(kit_left_out.FIGURES):
        said = _LEFT_OUT.format(
            songs=len(held["songs"]), kits=len(held["kits"]), draws=held["draws"]
        )
        found.append(("A kit that was left out", _with(said, kit_left_out.left_out_table(held))))
    if held := figures.get(calibration.FIGURES):
        text = _with(_CALIBRATION, calibration.calibration_table(held))
        found.append(("Is the recording gain's interval right?", text))
    if held := figures.get(held_tracks.FIGURES):
        found.append(("Silent tracks and bleed", _with(_HELD, held_tracks.held_table(held))))
    if held := figures.get(odd_sessions.FIGURES):
        found.append(("Unusual playing: every large move", _odd(held)))
    if held := figures.get(polarity_flips.FIGURES):
        said = _POLARITY.format(clear=polarity_flips.CLEAR_DB)
        found.append(("Polarity and delay", _with(said, polarity_flips.polarity_table(held))))
    if held := figures.get(mixed_sessions.FIGURES):
        said = _MIXED.format(mixes=held["mixes"])
        found.append(("Existing mixes", _with(said, mixed_sessions.mixed_table(held))))
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
