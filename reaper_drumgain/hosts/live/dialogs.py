"""The settings dialog and the text of a result."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from reaper_drumgain.errors import InputError
from reaper_drumgain.hosts.live.console import one_line
from reaper_drumgain.hosts.live.last_result import LastResult, TrackResult
from reaper_drumgain.hosts.live.preferences import (
    AUDIOS,
    ENVELOPES,
    EXISTING,
    MODES,
    SCOPES,
    SECTIONS,
    WRITES,
    Preferences,
)
from reaper_drumgain.hosts.live.reaper import RPR, Project
from reaper_drumgain.hosts.live.setup import MODEL, Setup
from reaper_drumgain.schema.settings import Level
from reaper_drumgain.schema.trims import parse_trims, trims_text
from reaper_drumgain.units import Decibel, LinearGain, to_decibel

T = TypeVar("T")
_SEPARATOR = "|"
_MAX_ANSWER = 4096
_NO_YES = ("no", "yes")


def ask(title: str, fields: list[tuple[str, str]]) -> list[str] | None:
    """Asks the user for some values.

    Parameters
    ----------
    title
        Of the dialog.
    fields
        Caption and present value of each field.

    Returns
    -------
    list of str or None
        The values; None if the dialog was cancelled.

    Raises
    ------
    InputError
        A value holds the character that stands between two values.
    """
    captions = [caption.replace(",", ";") for caption, _ in fields]
    captions += ["extrawidth=160", f"separator={_SEPARATOR}"]
    values = _SEPARATOR.join(value.replace(_SEPARATOR, "/") for _, value in fields)
    answer: Any = RPR.GetUserInputs(title, len(fields), ",".join(captions), values, _MAX_ANSWER)
    if not answer[0]:
        return None
    given = str(answer[4]).split(_SEPARATOR)
    if len(given) != len(fields):
        raise InputError(
            f"a field has the character {_SEPARATOR!r}, which is not allowed: nothing was saved"
        )
    return [value.strip() for value in given]


def ask_preferences(
    now: Preferences, setup: Setup, trims: Mapping[str, Decibel]
) -> tuple[Preferences, dict[str, Decibel]] | None:
    """Shows the settings dialog with the current values and trims filled in.

    Raises InputError if a field cannot be used; nothing is saved then.

    Parameters
    ----------
    now
        The current preferences.
    setup
        The methods that there are.
    trims
        The current trims in dB, by family of drums.

    Returns
    -------
    tuple or None
        The new preferences and trims; None if the dialog was cancelled.
    """
    given = ask(
        "DrumGain: settings of this project",
        [
            ("Method (name; number; ? lists)", now.method),
            ("Amount in %", f"{now.amount:g}"),
            ("Level (keep; peak:-6; lufs:-18)", str(now.level)),
            ("Scope (selected; all; time)", now.scope),
            (f"Write ({'; '.join(WRITES)})", now.write),
            (f"Audio ({'; '.join(AUDIOS)})", now.audio),
            ("Sections (? lists them)", now.sections),
            (f"Envelope ({'; '.join(ENVELOPES)})", now.envelope),
            ("Existing (refuse; replace; trim)", now.existing),
            ("Find kicks by sound (no; yes)", _NO_YES[now.listen]),
            ("Cache analysis (no; yes)", _NO_YES[now.remember]),
            (f"Mode ({'; '.join(MODES)})", now.mode),
            ("Trims (kick=+1 cymbals=-2)", trims_text(trims.items())),
        ],
    )
    if given is None:
        return None
    method, amount, level, scope, write, audio, sections, envelope, existing, *others = given
    listen, remember, mode, given_trims = others
    wanted = Preferences(
        method=_method(method, setup),
        amount=_amount(amount),
        level=Level.parse(level.replace(",", ".")),
        scope=_choice("scope", scope, SCOPES),
        write=_choice("write", write, WRITES),
        audio=_choice("audio", audio, AUDIOS),
        sections=_choice("sections", sections, SECTIONS),
        envelope=_choice("envelope", envelope, ENVELOPES),
        existing=_choice("existing", existing, EXISTING),
        listen=_choice("find kicks by sound", listen, _NO_YES) == "yes",
        remember=_choice("cache analysis", remember, _NO_YES) == "yes",
        mode=_choice("mode", mode, MODES),
    )
    wanted.settings()
    return wanted, {f: level for f, level in parse_trims([given_trims]) if level}


def _method(text: str, setup: Setup) -> str:
    if text.isdecimal() and 1 <= int(text[:9]) <= len(setup.names):
        return setup.names[int(text) - 1]
    for name in setup.names:
        # the name of a model is enough
        if text.casefold() in (name.casefold(), name.removeprefix(MODEL).casefold()):
            return name
    known = ", ".join(f"{number} {name}" for number, name in enumerate(setup.names, 1))
    raise InputError(f"method {text[:100]!r} is not known: expected {known}. Nothing was saved")


def _amount(text: str) -> float:
    try:
        value = float(text.removesuffix("%").strip().replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 100.0:
        raise InputError(f"amount {text[:100]!r}: expected 0 to 100 percent. Nothing was saved")
    return value


def _choice(what: str, text: str, choices: tuple[T, ...]) -> T:
    begun = [choice for choice in choices if str(choice).startswith(text.lower())]
    for choice in choices:
        # the beginning of a word is enough where no other one begins so
        if text.lower() == choice or (text and begun == [choice]):
            return choice
    expected = ", ".join(str(choice) for choice in choices)
    raise InputError(f"{what} {text[:100]!r}: expected one of {expected}. Nothing was saved")


def preferences_line(project: Project, wanted: Preferences) -> str:
    """The saved settings in one line."""
    line = (
        f"DrumGain: settings of {one_line(project.name)}: {wanted.method} at "
        f"{wanted.amount:g} %, mode {wanted.mode}, level {wanted.level}, repeat on "
        f"{wanted.scope}, audio {wanted.audio}"
    )
    if wanted.listen:
        line += ", kicks found by sound"
    if not wanted.remember:
        line += ", analysis results not cached"
    if wanted.write == "automation":
        line += (
            f", automation by {wanted.sections} in the {wanted.envelope} envelope, existing "
            f"envelopes: {wanted.existing}"
        )
    return line


def report(result: LastResult) -> str:
    """The last result as text: per track the old and new fader in dB, and why."""
    width = max([len(one_line(track.name)) for track in result.tracks] + [5])
    lines = [result.summary, f"{'track':<{width}}  {'old':>7}  {'new':>7}  role and reason"]
    for track in result.tracks:
        flags = f" [{', '.join(track.flags)}]" if track.flags else ""
        reason = f": {one_line(track.reason)}" if track.reason else ""
        lines.append(
            f"{one_line(track.name):<{width}}  {_decibel(track.before)}  {_decibel(track.after)}  "
            f"{one_line(track.role)}{one_line(flags)}{reason}"
        )
        lines += [f"{'':<{width}}  {line}" for line in _automation(track)]
    lines += [f"note: {one_line(warning)}" for warning in result.warnings]
    return "\n".join([one_line(lines[0]), *lines[1:]])


def _automation(track: TrackResult) -> Iterator[str]:
    """Lines on the envelope of a track, section by section."""
    if track.not_automated:
        yield f"no automation: {one_line(track.not_automated)}"
    if track.automated and not track.sections:
        yield "automation that follows the song"
    for section in track.sections:
        name = f" {one_line(section.name)}" if section.name else ""
        state = f" ({one_line(section.state)})" if section.state else ""
        span = f"{_clock(section.start)} to {_clock(section.end)}"
        yield f"{span}: {section.fader_db:+7.2f} dB{name}{state}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60.0)
    return f"{minutes:.0f}:{rest:04.1f}"


def _decibel(fader: float) -> str:
    return f"{to_decibel(LinearGain(fader)):+7.2f}" if fader > 0.0 else f"{'-inf':>7}"
