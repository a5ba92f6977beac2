"""Trims: what the user adds to the balance by taste, one number in dB per family of drums.

``kick=+1 cymbals=-2``. Trims are kept with the project, as a line of text on each drum track of
the family, so that they go with an undo, a restore and a copied track:

    1;cymbals;-2;-2

version, family, the trim that the user wants, and how much of it is in the fader of this track
now (less where the track stays, or moves only with tracks of another family). A project may come
from anybody, so the text is checked. Standard library only.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from reaper_drumgain.errors import InputError
from reaper_drumgain.units import Decibel

#: the families, as they are named everywhere
FAMILIES = (
    *("kick", "snare", "toms", "hi-hat", "cymbals"),
    *("overheads", "rooms", "percussion", "samples"),
)
#: trims are between minus this and this, in steps of ``_STEP``
MAX_TRIM = Decibel(12.0)
#: under ``P_EXT:`` in REAPER, and in the ``<EXT`` block of a track in project files
KEY = "drumgain_trim"
#: what ``parse_trims`` takes, for help texts and messages
TRIM_FORMS = "FAMILY=DB, like kick=+1 or cymbals=-2"

_STEP = 0.01
_MAX_TEXT = 400
#: other words for a family; ``_HINTS``: words for which a message suggests a family
_WORDS = {
    "kick": ("kicks", "bass drum"),
    "snare": ("snares",),
    "toms": ("tom",),
    "hi-hat": ("hi-hats", "hihat", "hi hat", "hat", "hats", "hh"),
    "cymbals": ("cymbal",),
    "overheads": ("overhead", "oh"),
    "rooms": ("room",),
    "percussion": ("perc",),
    "samples": ("sample",),
}
_HINTS = {"ride": "cymbals", "crash": "cymbals", "ambience": "rooms", "trigger": "samples"}
_ALSO = {word: family for family, words in _WORDS.items() for word in words}
_PAIR = re.compile(r"\s*([^=;,]+?)\s*=\s*([^\s;=]*?)[,;]?(?:\s+|$)")
_NUMBER = r"-?\d{1,2}(?:\.\d{1,4})?"
_MARK = re.compile(rf"1;({'|'.join(FAMILIES)});({_NUMBER});({_NUMBER})", re.ASCII)

Trims = tuple[tuple[str, Decibel], ...]


@dataclass(frozen=True, slots=True)
class TrimMark:
    """What is stored on a track about its trim.

    Attributes
    ----------
    family
        Its family of drums.
    wanted
        The trim that the user wants, in dB.
    made
        How much of it is in the fader now, in dB.
    """

    family: str
    wanted: Decibel
    made: Decibel

    @property
    def text(self) -> str:
        """As it is stored; empty where there is nothing to keep."""
        if not self.wanted and not self.made:
            return ""
        return f"1;{self.family};{_digits(self.wanted)};{_digits(self.made)}"

    @classmethod
    def parse(cls, text: str | None) -> TrimMark | None:
        """The mark that was stored, None where the text is none."""
        found = _MARK.fullmatch(text.strip()) if text else None
        if found is None:
            return None
        wanted, made = Decibel(float(found[2])), Decibel(float(found[3]))
        return cls(found[1], wanted, made) if max(abs(wanted), abs(made)) <= MAX_TRIM else None


def parse_trims(texts: Iterable[str]) -> Trims:
    """The trims that texts like ``kick=+1`` name.

    Parameters
    ----------
    texts
        Each holds one or several trims. A trim of 0 takes one back.

    Returns
    -------
    tuple
        Family and trim in dB of each.

    Raises
    ------
    InputError
        A family is not known or named twice, or a number is none or out of range.
    """
    found: dict[str, Decibel] = {}
    for text in texts:
        for family, level in _pairs(text):
            if family in found:
                raise InputError(f"trim {text[:_MAX_TEXT]!r}: {family} is named twice")
            found[family] = level
    return tuple(found.items())


def check_trim(family: str, level: float) -> None:
    """Check a trim that does not come from ``parse_trims``.

    Parameters
    ----------
    family
        One of ``FAMILIES``.
    level
        In dB, up to ``MAX_TRIM`` either way, in steps of 0.01.

    Raises
    ------
    InputError
        The family is not known, or the level is no such number.
    """
    if family not in FAMILIES:
        raise InputError(_unknown(family))
    if not abs(level) <= MAX_TRIM:
        raise InputError(
            f"trim {family}={level:+g} is not within -{MAX_TRIM:g} to +{MAX_TRIM:g} dB"
        )
    if not math.isclose(level / _STEP, round(level / _STEP), abs_tol=1e-6):
        raise InputError(f"trim {family}={level:+g}: expected steps of {_STEP:g} dB")


def trims_text(trims: Iterable[tuple[str, float]]) -> str:
    """Trims as ``parse_trims`` takes them, in the order of ``FAMILIES``."""
    ordered = sorted(trims, key=lambda pair: FAMILIES.index(pair[0]))
    return " ".join(f"{family}={_digits(level, sign=True)}" for family, level in ordered)


def _pairs(text: str) -> Iterable[tuple[str, Decibel]]:
    at = 0
    if len(text) > _MAX_TEXT:
        raise InputError(f"trim {text[:40]!r}... is too long: expected {TRIM_FORMS}")
    while text[at:].strip():
        pair = _PAIR.match(text, at)
        if pair is None:
            raise InputError(f"trim {text!r}: expected {TRIM_FORMS}")
        at = pair.end()
        family = _family(pair[1])
        try:
            level = Decibel(float(pair[2].replace(",", ".")))
        except ValueError:
            raise InputError(
                f"trim {pair[1]}={pair[2]}: expected a number from -{MAX_TRIM:g} to "
                f"+{MAX_TRIM:g} dB, like {family}=+1"
            ) from None
        check_trim(family, level)
        yield family, level


def _family(text: str) -> str:
    name = " ".join(text.casefold().split())
    name = _ALSO.get(name, name)
    if name not in FAMILIES:
        raise InputError(_unknown(text))
    return name


def _unknown(text: str) -> str:
    named = _ALSO | _HINTS | {family: family for family in FAMILIES}
    close = difflib.get_close_matches(text.casefold()[:80], named, n=1)
    meant = f": did you mean {named[close[0]]!r}?" if close else ""
    return f"{text[:80]!r} is no family of drums{meant} (families: {', '.join(FAMILIES)})"


def _digits(level: float, *, sign: bool = False) -> str:
    text = f"{level:+.4f}" if sign else f"{level:.4f}"
    return text.rstrip("0").rstrip(".")
