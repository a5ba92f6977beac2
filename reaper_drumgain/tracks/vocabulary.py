"""Names of tracks and folders as words with meanings, for ``role_names``.

The words themselves are in ``word_lists``. Names and words are folded before they are compared:
lower case, letters without accents, compatibility forms unified. A meaning is a drum ("kick"),
what places a microphone ("in", "top", "left"), the whole "kit", "process" (bus, return, effect),
"other" (another instrument), or "noise" (says nothing).

To add a word: write it under its meaning in ``word_lists.WORDS``, or in ``PHRASES`` where
several words say it. A drum's word that means other things as well ("ride", "room") goes into
``WEAK_WORDS`` too: it counts only where nothing speaks against it. What may begin a word that is
written together ("snbot") goes into ``_GLUED_FIRST``, a microphone's model into ``_MODELS``.
Then add names with it to ``tests/data/role_names.tsv``, with what each must be; a word has one
meaning only, and the tests say where a row does not hold.

A new word is another name of a role that is known. A new role is more: its name in
``roles.ROLE_NAMES``, the rule that finds it in ``role_names``, whether other drums bleed into
it in ``faders/activity``, its slots in ``methods/forest``, its microphone in
``learn/data/microphones``, the role that stands for it where no engineer had it in
``learn/fitting/role_means``; then ``drumgain train``, because models list every role.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reaper_drumgain.tracks.word_lists import PHRASES, WEAK_WORDS, WORDS

#: a name is read up to here: what follows in a longer one is no name
_MAX_NAME = 200


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: what may stand first in a word that is written together, like "snbot" or "ohl"
_GLUED_FIRST = _set(
    """perc kick kik bd kd snare snr sn sd k tom rack floor oh ohs ovh ovhd overhead overheads room
        rm hat hh hihat ride crash cym cymbal drum drums drm dr kit sub amb tamb shaker conga
        bongo mono bass"""
)
#: the last letter may be a side only after these: "ohl" and "roomr", but not "rider"
_SIDED = _set("oh ovh ovhd overhead room rm amb")

#: model designations, which hold numbers that are no ordinals
_MODELS = (
    r"m8[0-2][ _-]?sh"
    r"|(?:sm|md|km|kms|kmr|tlm|re|ns|ar|cu|at|atm|mkh|nt|ksm|pga|cmc|adx|elam|fet|beta)"
    r"[ _-]?\d{1,4}[a-z]?|[aciekmuv][1-9]\d{1,3}[a-z]?|b(?:52|56|57|91|98)a?|d112|d1?[246]|i5"
    r"|r(?:10|44|84|88|92|121|122)|47[ _]?fet"
)
#: models of singers; a name of a person beside one is no drum
_VOICE_MODELS = (
    r"sm[ _-]?(?:7b?|7db|58|86|87a?)|beta[ _-]?(?:58|87)a?|ksm[ _-]?[89]|u[ _-]?(?:67|87)"
)
#: models that stand at the same place on a kick drum wherever they are used
_PLACED_MODELS = {
    "in": r"(?:beta[ _]?|b)91a?",
    "out": r"u[ _]?47|fet[ _]?47|47[ _]?fet",
    "sub": r"ns[ _-]?10",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of a name.

    Attributes
    ----------
    text
        As it is looked up.
    meaning
        What the vocabulary says of it.
    separator
        What separates it from the word before.
    """

    text: str
    meaning: str
    separator: str


@dataclass(frozen=True, slots=True)
class Words:
    """A name that was read.

    Attributes
    ----------
    tokens
        Its words and numbers in order.
    meanings
        All that its words mean.
    placed
        Where its microphone model stands on a kick drum; None for another or no model.
    model
        Whether it names a microphone's model.
    voice
        Whether that is a model which mostly stands before a singer.
    """

    tokens: tuple[Token, ...]
    meanings: frozenset[str]
    placed: str | None
    model: bool = False
    voice: bool = False

    def has(self, *meanings: str) -> bool:
        """Whether a word has one of these meanings."""
        return not self.meanings.isdisjoint(meanings)

    @property
    def foreign(self) -> bool:
        """Whether a word is no vocabulary of drum recordings."""
        return "unknown" in self.meanings


def _fold(text: str) -> str:
    """Lower case, and letters without their accents; the marks of kana stay."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFD", text.casefold().translate(_PLAIN))
    plain = "".join(c for c in letters if unicodedata.category(c) != "Mn" or c in _KANA_MARKS)
    return unicodedata.normalize("NFC", plain)


#: letters whose strokes Unicode does not count as accents
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
_KANA_MARKS = "\u3099\u309a"

#: word -> meaning
_MEANINGS = {_fold(word): meaning for meaning, words in WORDS.items() for word in words.split()}
#: words in a row -> words that say the same
_PHRASES = {
    tuple(_fold(phrase).split()): tuple(words.split())
    for words, phrases in PHRASES.items()
    for phrase in phrases.split("|")
}
#: words of drums that mean other things too
WEAK = _set(_fold(WEAK_WORDS))

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_MODEL = re.compile(rf"(?<![^\W_])(?:{_MODELS})(?![^\W_])")
_PLACED = re.compile(
    "(?<![^\\W_])(?:"
    + "|".join(f"(?P<{place}>{models})" for place, models in _PLACED_MODELS.items())
    + ")(?![^\\W_])"
)
_VOICE = re.compile(rf"(?<![^\W_])(?:{_VOICE_MODELS})(?![^\W_])")
_LONGEST_PHRASE = max(map(len, _PHRASES))
_PHRASE_STARTS = frozenset(phrase[0] for phrase in _PHRASES)


def read(name: str) -> Words:
    """The words of a name with their meanings. Never raises, in bounded time."""
    return _read(name[:_MAX_NAME])


@lru_cache(maxsize=1024)
def _read(name: str) -> Words:
    text = _fold(_CAMEL.sub(" ", unicodedata.normalize("NFKC", name)))[: 2 * _MAX_NAME]
    placed = _PLACED.search(text)
    without_models, models = _MODEL.subn(" mic ", text)
    tokens = tuple(_tokens(without_models))
    meanings = frozenset(token.meaning for token in tokens)
    voice = _VOICE.search(text) is not None
    return Words(tokens, meanings, placed.lastgroup if placed else None, models > 0, voice)


def _tokens(text: str) -> Iterator[Token]:
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _PARTS.finditer(text):
        separator = text[end : match.start()]
        for part in _cut(match.group()):
            parts.append((part, separator))
            separator = ""
        end = match.end()
    place = 0
    while place < len(parts):
        words, length = _phrase(parts, place)
        separator = parts[place][1]
        for word in words:
            yield Token(word, _meaning(word), separator)
            separator = " "
        place += length


def _phrase(parts: list[tuple[str, str]], place: int) -> tuple[tuple[str, ...], int]:
    """The words that the phrase at this place stands for, and its length in parts."""
    if parts[place][0] in _PHRASE_STARTS:
        for length in range(min(_LONGEST_PHRASE, len(parts) - place), 0, -1):
            phrase = tuple(part for part, _ in parts[place : place + length])
            if phrase in _PHRASES:
                return _PHRASES[phrase], length
    return (parts[place][0],), 1


def _meaning(word: str) -> str:
    if word.isdecimal():
        return "number"
    return _MEANINGS.get(word) or ("letter" if len(word) == 1 else "unknown")


def _cut(run: str) -> tuple[str, ...]:
    """A run of letters as the words that are written together in it, or as it is."""
    if run in _MEANINGS or (run,) in _PHRASES or len(run) > 24:
        return (run,)
    for place in range(len(run) - 1, 0, -1):
        first, rest = run[:place], run[place:]
        if first not in (_GLUED_FIRST if run.isascii() else _MEANINGS):
            continue
        if rest in _MEANINGS and _may_follow(first, rest):
            return (first, rest)
        after = _cut(rest)
        if len(after) > 1 and _may_follow(first, after[0]):
            return (first, *after)
    return (run,)


def _may_follow(first: str, rest: str) -> bool:
    if first == "k":
        return _MEANINGS[rest] in ("in", "out", "sub", "sample") and len(rest) > 1
    if _MEANINGS[first] == "snare" and _MEANINGS[rest] in ("in", "out"):
        return False
    if len(rest) == 1 and rest.isascii():
        if _MEANINGS[rest] in ("left", "right"):
            return first in _SIDED or not first.isascii()
        return _MEANINGS[first] == "snare" and rest in "tb"
    return len(rest) > 3 or _MEANINGS[rest] != "noise"
