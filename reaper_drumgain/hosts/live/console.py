"""What the user is told, in REAPER's console and help line.

``print_line`` opens the console: for what needs to be read. ``print_result`` is for what went as it
should: it opens the console once in a session, and adds to it afterwards. Before 7.00 nothing can
be added without opening it, so results are only in the help line then, and under 'show last
result'.
"""

from __future__ import annotations

from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.reaper import RPR
from reaper_drumgain.schema.printable import printable

_SECTION, _OPENED = "DrumGain", "console"
#: from this version on a text with this beginning is added without opening the window
_QUIET_SINCE, _QUIET = (7, 0), "!SHOW:"
#: characters of a project's text in one line of the console
_LONGEST = 400


def one_line(text: str) -> str:
    """A text from a project, made safe for one line of the console and no longer than that."""
    return printable(text[:_LONGEST])


def print_line(text: str) -> None:
    """Print one line in REAPER's console, and open it."""
    RPR.SetExtState(_SECTION, _OPENED, "opened", False)
    RPR.ShowConsoleMsg(f"{text}\n")


def print_result(text: str) -> None:
    """Print one line without opening the console at every press."""
    if reaper.has("Help_Set"):
        RPR.Help_Set(text, True)
    if not RPR.GetExtState(_SECTION, _OPENED):
        print_line(text)
    elif reaper.version_number() >= _QUIET_SINCE:
        RPR.ShowConsoleMsg(f"{_QUIET}{text}\n")
