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
from collections.abc import Sequence
from dataclasses import dataclass

from reaper_drumgain.tracks.role_details import microphone_role, said_tom, side_of
from reaper_drumgain.tracks.roles import SAMPLED_DRUMS, Role
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


def role_of(name: str, folders: Sequence[str] = (), *, beside_drums: bool = False) -> Role | None:
    """The drum role that a track's name means. Never raises.

    Parameters
    ----------
    name
        The name of the track.
    folders
        Names of the folder tracks around it, the nearest first.
    beside_drums
        Whether other tracks of the project are drums, so that "Ambiente" is their room.

    Returns
    -------
    Role or None
        None where the name means no drum.
    """
    words = read(name)
    if words.has("other") or _is_processing(words):
        return None
    around = _surroundings(folders)
    if _needs_drums(words) and not (beside_drums or around.drums or around.sampled):
        return None
    group = _group(words, around)
    if group is None:
        return None
    folder = None if _kinds(words) else around.instrument
    if group == "sample":
        drum = _sampled_drum(words) or (_sampled_drum(folder) if folder else None)
        return Role("sample", side_of(words) or (side_of(folder) if folder else None), drum=drum)
    return microphone_role(group, words, folder)


def says_drums(name: str, folders: Sequence[str] = ()) -> bool:
    """Whether a name, or a folder around it, says that it is of drums ("Drum Room")."""
    return read(name).has("kit") or _surroundings(folders).drums


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
    "chamber": "room",
}
_DRUMS = frozenset(SAMPLED_DRUMS)
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
    if group == "tom" and _is_person(words, drums=drums):
        return None
    sided = group == "overhead" and words.has("left", "right", "stereo")
    if words.foreign and not (drums or sided) and _is_ambiguous(words):
        return None
    return group


def _one(kinds: set[str]) -> str | None:
    """The one drum that these words mean; None where a track holds several."""
    if kinds == {"percussion", "tom"}:
        return "tom"
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


#: drums and rooms in the middle of a kit, but mostly something else where there is none
_NEED_DRUMS = frozenset(("ambiente", "ambientes", "ambienti", "stand", "hall", "空间", "氛围"))


def _needs_drums(words: Words) -> bool:
    """Whether the words that name the drum mean one only among other drums."""
    naming = [token.text for token in words.tokens if token.meaning in _KINDS]
    return bool(naming) and not words.has("kit") and all(text in _NEED_DRUMS for text in naming)


def _is_person(words: Words, *, drums: bool) -> bool:
    """Whether "Tom" is somebody: "Tom DI", "Tom SM7", "Tom's mic"."""
    if any(
        token.meaning in ("tom", "rack", "floor") and token.text != "tom" for token in words.tokens
    ):
        return False
    if words.has("number", "hi", "mid", "low", "top", "bottom", "left", "right"):
        return False
    if any(token.text == "di" for token in words.tokens):
        return True
    owner = any(token.text == "s" and token.separator in ("'", "’") for token in words.tokens)
    return (owner or words.voice) and not drums


def _vague(words: Words, around: _Surroundings) -> str | None:
    """The drum that a name without a drum's word means, by itself or by its folders."""
    if words.foreign or not words.tokens:
        return None
    if spelled := _spelled(words):
        return spelled
    if words.has("kit"):
        alone = all(token.text == "kit" or token.meaning in _SILENT for token in words.tokens)
        return "room" if alone or words.has("mono", "far", "close") else None
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
    numbers = sum(token.meaning == "number" for token in words.tokens)
    if numbers > 1 and words.has("letter s", "letter k"):
        # "S 5/6": two channels of something
        return None
    for group, *meanings in (
        ("kick", "in", "out", "sub", "letter k"),
        ("snare", "top", "bottom", "letter s"),
        ("tom", "high tom", "middle tom", "low tom"),
        ("room", "far", "mono"),
    ):
        if words.has(*meanings):
            return group
    return None


def _sampled_drum(words: Words) -> str | None:
    """The one drum that a sample track is of, a tom with its number."""
    kinds = _kinds(words) & _DRUMS
    drum = _one(kinds) if kinds else _spelled(words)
    if drum != "tom":
        return drum
    ordinal = said_tom(words)
    return drum if ordinal is None else f"tom {ordinal}"


def _is_processing(words: Words) -> bool:
    drums = bool(_kinds(words)) or words.has("kit")
    if words.has("chamber") and not words.model:
        return True
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
