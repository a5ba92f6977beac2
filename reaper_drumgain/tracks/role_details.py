"""Where a microphone stands on its drum, which of several drums that is, and on which side.

From the words of a name that ``role_names`` has read as that drum. Standard library only.
"""

from __future__ import annotations

import itertools
import re

from reaper_drumgain.tracks.roles import SIDES, Role
from reaper_drumgain.tracks.vocabulary import Words

#: drum sizes in inches begin here, ordinals end before
_SMALLEST_DRUM = 8


def microphone_role(group: str, words: Words, folder: Words | None) -> Role:
    """The role of a microphone at a drum; the folder says what the name leaves out.

    Parameters
    ----------
    group
        The drum, as a role name that does not say the place on the drum yet.
    words
        The name of the track, as it was read.
    folder
        The name of the folder that names the drum, as it was read.

    Returns
    -------
    Role
        With side and number where one of the names says them.
    """
    name = group
    if group == "kick":
        name = _place_on_kick(words) or (folder and _place_on_kick(folder)) or group
    elif group == "snare":
        name = _place_on_snare(words) or (folder and _place_on_snare(folder)) or group
    side = side_of(words) or (side_of(folder) if folder else None)
    ordinal = _ordinal(group, words, folder)
    if group == "tom" and side in ("left", "right") and _is_one_of_two_toms(words, folder):
        floor = ordinal is None
        return Role(name, None, None if floor else 1 if side == "left" else 2)
    return Role(name, side, ordinal)


def _place_on_kick(words: Words) -> str | None:
    for place, name in (("sub", "sub kick"), ("in", "kick in"), ("out", "kick out")):
        if words.has(place):
            return name
    if words.placed is None:
        return None
    return {"sub": "sub kick", "in": "kick in", "out": "kick out"}[words.placed]


def _place_on_snare(words: Words) -> str | None:
    if words.has("bottom"):
        return "snare bottom"
    if words.has("top", "over"):
        return "snare top"
    if words.has("letter b"):
        return "snare bottom"
    return "snare top" if words.has("letter t") else None


def side_of(words: Words) -> str | None:
    """The side that the words say, or None."""
    if words.has("left") and words.has("right"):
        return "stereo"
    return next((side for side in SIDES if words.has(side)), None)


def _ordinal(group: str, words: Words, folder: Words | None) -> int | None:
    if group in ("room", "percussion"):
        return None
    number = _number(words, group)
    if number is None and folder is not None:
        number = _bare_number(words) or _number(folder, group)
    if group != "tom":
        return number if number is not None and 1 < number < _SMALLEST_DRUM else None
    if number is not None:
        return number if number < _SMALLEST_DRUM else None
    meanings = words.meanings | (folder.meanings if folder else frozenset())
    for meaning, ordinal in _UNNUMBERED:
        if meaning in meanings:
            return ordinal
    plural = all(token.text in _PLURALS for token in words.tokens if token.meaning == "tom")
    return None if plural else 1


def _is_one_of_two_toms(words: Words, folder: Words | None) -> bool:
    """Whether a tom with a side is a drum of its own ("Tom L", "Floor R"), not one of two
    microphones or channels of it ("Tom 2 R", "Toms L", "Hi Tom L")."""
    meanings = words.meanings | (folder.meanings if folder else frozenset())
    numbered = _number(words, "tom") or (folder is not None and _number(folder, "tom"))
    plural = any(token.text in _PLURALS for token in words.tokens)
    return not numbered and not plural and not meanings & _ONE_TOM


#: names of one tom, of which left and right are two channels
_ONE_TOM = frozenset(("low", "low tom", "hi", "high tom", "mid", "middle tom"))
#: meanings that say which tom it is
_WHICH_TOM = ("rack", "hi", "high tom", "mid", "middle tom")
#: the first that is said decides
_UNNUMBERED = (
    ("floor", None),
    ("low", None),
    ("low tom", None),
    ("hi", 1),
    ("high tom", 1),
    ("mid", 2),
    ("middle tom", 2),
    ("rack", 1),
)
_PLURALS = frozenset(
    (
        "toms",
        "томы",
        "томики",
        "tomy",
        "prechody",
        "kotle",
        "tamok",
        "tamek",
        "tomit",
        "tomlar",
        "tomovi",
    )
)


def _number(words: Words, group: str) -> int | None:
    """The number that counts the drum: directly behind its words, and no take's number.

    Takes and duplicates are numbered "_02", ".09", "-01", or ".1" behind a whole name.
    """
    for before, token in itertools.pairwise(words.tokens):
        counts = before.meaning not in ("number", "noise", "comp", "unknown", "kit", "letter")
        if token.meaning != "number" or not counts or len(token.text) > 2:
            continue
        joined = token.separator.strip() == ""
        if joined or (token.text[0] != "0" and len(token.text) == 1):
            if token.separator == "." and group != "tom":
                continue
            return int(token.text) or None
    return None


def _bare_number(words: Words) -> int | None:
    """The number that is a whole name, as "2" in the folder "Toms"."""
    texts = [token.text for token in words.tokens]
    return int(texts[0]) if len(texts) == 1 and re.fullmatch("[1-9]", texts[0]) else None


def said_tom(words: Words) -> int | None:
    """The number of a tom where the words say which it is, None for a floor tom or any."""
    if _number(words, "tom") is None and not words.has(*_WHICH_TOM):
        return None
    return _ordinal("tom", words, None)
