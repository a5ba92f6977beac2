"""Track and folder names to drum roles. Standard library only.

A name is cut into words and numbers, each word is looked up in one vocabulary, and the
meanings found decide: words of another instrument or of a bus or effect return rule a drum
out, then overhead and room outweigh the drum that they hang over. Words that also mean
something else ("room", "ride", "Tom") count only where nothing speaks against them: a word
that is no drum vocabulary, or a folder of another instrument. Folder names fill in what a
short name leaves out ("In" in the folder "Kick").
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reaper_drumgain.tracks.roles import SIDES, Role
from reaper_drumgain.tracks.vocabulary import WEAK, Token, Words, read

#: folders further out are not read
_MAX_FOLDERS = 16
#: meanings, and further words, of names that only count recordings
_NOTHING = frozenset({"noise", "number"})
_RECORDER = frozenset(
    {
        *("rec", "recording", "input", "inp", "line", "untitled", "mono", "source", "src"),
        *("wav", "wave", "file", "clip", "item", "region"),
        *("spur", "piste", "pista", "canal", "kanal", "sciezka"),
    }
)
#: drum sizes in inches begin here, ordinals end before
_SMALLEST_DRUM = 8


def role_of(name: str, folders: Sequence[str] = ()) -> Role | None:
    """The drum role that a track's name means, or None where it means no drum.

    ``folders``: names of the folder tracks around it, the nearest first. Never raises.
    """
    words = read(name)
    if words.has("other") or _is_processing(words):
        return None
    around = _surroundings(folders)
    group = _group(words, around)
    if group is None:
        return None
    return _role(group, words, None if _kinds(words) else around.instrument)


def says_nothing(name: str, folders: Sequence[str] = ()) -> bool:
    """Whether a name is only what a recorder gives ("Audio 07", "03-210514_1530", "").

    And none of the ``folders`` around it, the nearest first, is of another instrument.
    """
    tokens = read(name).tokens
    if any(token.meaning not in _NOTHING and token.text not in _RECORDER for token in tokens):
        return False
    return not any(read(folder).has("other") for folder in folders[:_MAX_FOLDERS])


def is_processing_name(name: str) -> bool:
    """Whether a name means a bus, an effect return or a parallel track, not a source.

    "Drum Bus", "Snare Verb", "Kick Crush" and "NY Comp" do; "OHL COMP_01" does not, because
    that is how a comped take is named.
    """
    return _is_processing(read(name))


# --- what the words mean together ------------------------------------------------------------

#: the drum that a meaning names; racks and floors are toms
_KINDS = {
    "kick": "kick",
    "snare": "snare",
    "hat": "hi-hat",
    "tom": "tom",
    "rack": "tom",
    "floor": "tom",
    "ride": "ride",
    "cymbal": "cymbal",
    "percussion": "percussion",
    "overhead": "overhead",
    "over": "overhead",
    "room": "room",
}
_DRUMS = frozenset(("kick", "snare", "hi-hat", "tom", "ride", "cymbal"))
#: the wider picture first: "OH ride" is an overhead, "Ride cymbal" a ride
_PRECEDENCE = ("overhead", "room", "ride", "hi-hat", "cymbal")


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the folders say: among the drums, among others, samples, the nearest drum's folder."""

    drums: bool
    others: bool
    sampled: bool
    instrument: Words | None


_NOWHERE = _Surroundings(False, False, False, None)


def _surroundings(folders: Sequence[str]) -> _Surroundings:
    drums = others = sampled = False
    instrument: Words | None = None
    for folder in itertools.islice(folders, _MAX_FOLDERS):
        words = read(folder)
        if words.has("other"):
            others = not (words.has("kit") or _kinds(words))
            if others:
                break
            continue
        group = _group(words, _NOWHERE)
        sampled = sampled or (words.has("sample") and not words.foreign)
        if group is not None and group != "sample" and instrument is None:
            instrument = words
        drums = words.has("kit") or len(_kinds(words)) > 1
        if drums:
            break
    if others and instrument is not None and _is_ambiguous(instrument, beside_others=True):
        instrument = None
    drums = drums or (instrument is not None and not _is_ambiguous(instrument))
    return _Surroundings(drums, others, sampled, instrument)


def _kinds(words: Words) -> set[str]:
    kinds = {_KINDS[meaning] for meaning in words.meanings if meaning in _KINDS}
    if "over" in words.meanings and "snare" in kinds:
        kinds.discard("overhead")
    return kinds


def _group(words: Words, around: _Surroundings) -> str | None:
    """The drum that is meant, as a role name that does not say the place on the drum yet."""
    kinds = _kinds(words)
    drums = around.drums or words.has("kit")
    if words.has("sample"):
        return "sample" if drums or kinds or _spelled(words) else None
    group = _one(kinds) if kinds else _vague(words, around)
    if group is None:
        return None
    if around.sampled and group in _DRUMS:
        return "sample"
    if around.others and _is_ambiguous(words, beside_others=True):
        return None
    sided = group == "overhead" and words.has("left", "right", "stereo")
    if words.foreign and not (drums or sided) and _is_ambiguous(words):
        return None
    return group


def _one(kinds: set[str]) -> str | None:
    """The one drum that these words mean; None where a track holds several."""
    if len(kinds) == 1:
        return next(iter(kinds))
    for kind in _PRECEDENCE:
        if kind in kinds and (kind in ("overhead", "room") or kinds <= {kind, "cymbal"}):
            return kind
    return None


def _is_ambiguous(words: Words, *, beside_others: bool = False) -> bool:
    """Whether the words that name the drum mean other things as well.

    ``beside_others``: among other instruments, which have overheads and rooms too.
    """
    if beside_others and _kinds(words) & {"overhead", "room"}:
        return True
    return all(token.text in WEAK for token in words.tokens if token.meaning in _KINDS)


def _vague(words: Words, around: _Surroundings) -> str | None:
    """The drum that a name without a drum's word means, by itself or by its folders."""
    if words.foreign or not words.tokens:
        return None
    if spelled := _spelled(words):
        return spelled
    if words.has("kit"):
        alone = all(token.text == "kit" or token.meaning in _SILENT for token in words.tokens)
        return "room" if alone or words.has("mono", "far") else None
    if around.instrument is not None:
        return _group(around.instrument, _NOWHERE)
    return _by_place(words) if around.drums else None


def _spelled(words: Words) -> str | None:
    """The drum that one letter means: "K in", "S top", "T1"."""
    if words.has("letter k") and words.has("in", "out", "sub", "sample"):
        return "kick"
    if words.has("letter s") and words.has("top", "bottom"):
        return "snare"
    return "tom" if _numbered_t(words.tokens) else None


#: says nothing about the drum
_SILENT = frozenset(("noise", "number", "comp"))


def _numbered_t(tokens: tuple[Token, ...]) -> bool:
    named = [place for place, token in enumerate(tokens) if token.meaning != "number"]
    place = named[0] if named else len(tokens)
    if place + 1 >= len(tokens) or tokens[place].meaning != "letter t":
        return False
    number = tokens[place + 1]
    counts = number.meaning == "number" and number.separator in ("", " ", "-", "_")
    return counts and len(number.text.lstrip("0")) == 1 and len(number.text) <= 2


def _by_place(words: Words) -> str | None:
    """What a bare "In", "Top" or "K" means among the drums."""
    for group, *meanings in (
        ("kick", "in", "out", "sub", "letter k"),
        ("snare", "top", "bottom", "letter s"),
        ("tom", "high tom", "middle tom", "low tom"),
        ("room", "far", "mono"),
    ):
        if words.has(*meanings):
            return group
    return None


def _role(group: str, words: Words, folder: Words | None) -> Role:
    """The role of a microphone in this group; the folder says what the name leaves out."""
    name = group
    if group == "kick":
        name = _place_on_kick(words) or (folder and _place_on_kick(folder)) or group
    elif group == "snare":
        name = _place_on_snare(words) or (folder and _place_on_snare(folder)) or group
    side = _side(words) or (_side(folder) if folder else None)
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


def _side(words: Words) -> str | None:
    if words.has("left") and words.has("right"):
        return "stereo"
    return next((side for side in SIDES if words.has(side)), None)


def _ordinal(group: str, words: Words, folder: Words | None) -> int | None:
    if group in ("room", "percussion", "sample"):
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
_PLURALS = frozenset(("toms", "томы"))


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


def _is_processing(words: Words) -> bool:
    drums = bool(_kinds(words)) or words.has("kit")
    if words.has("process") or (words.has("effects") and not words.foreign):
        return True
    if words.has("mix") and drums:
        return True
    return words.has("kit") and not _kinds(words) and _compressed(words.tokens)


def _compressed(tokens: tuple[Token, ...]) -> bool:
    """Whether "comp" is a compressor; before a number it is a comped take."""
    following = [*(token.meaning for token in tokens[1:]), ""]
    return any(
        token.meaning == "comp" and after != "number"
        for token, after in zip(tokens, following, strict=True)
    )
