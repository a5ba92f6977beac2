"""What REAPER plays differently from the media file of a clip: the one list of it.

The plan says it of each clip, in REAPER the audio setting leaves such tracks out or has them
rendered. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reaper_drumgain.schema.session import Clip, Track

#: source types that not every installation of DrumGain can decode; REAPER always can
_NEED_EXTRA = frozenset(("WAVPACK", "VIDEO"))
#: sources that are no file, in words
_NO_FILES = {
    "RPP_PROJECT": "a subproject (RPP_PROJECT)",
    "CLICK": "REAPER's click (CLICK)",
    "LTC": "time code (LTC)",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that REAPER plays differently from a media file.

    Attributes
    ----------
    flag
        A short stable word for plans.
    what
        The same in words, as in "has ...".
    sentence
        What is done about it, and what the user can do. It follows the name of the clip.
    """

    flag: str
    what: str
    sentence: str


def clip_differences(clip: Clip) -> Iterator[Difference]:
    """How what REAPER plays of a clip differs from what is measured from its file."""
    if clip.source.kind == "other":
        yield _no_file(clip)
    if clip.stretched:
        yield Difference(
            "stretched",
            "stretch markers",
            "has stretch markers: it is measured without stretching. Glue it.",
        )
    if clip.preserve_pitch and clip.play_rate != 1.0:
        yield Difference(
            "pitch-preserved rate",
            "a preserved pitch",
            f"keeps its pitch at rate {clip.play_rate:g}: it is measured with the pitch changed. "
            "Glue it.",
        )
    if clip.pitch:
        yield Difference(
            "pitch shifted",
            "a shifted pitch",
            f"is pitched by {clip.pitch:g} semitones: it is measured at its own pitch. Glue it.",
        )
    if clip.spectral_edits:
        yield Difference(
            "spectral edits",
            "spectral edits",
            "has spectral edits: it is measured without them. Glue it.",
        )
    if any(effect.enabled for effect in clip.effects):
        yield Difference(
            "take effects",
            "take effects",
            "has take effects: it is measured without them. Glue it.",
        )
    for envelope in clip.envelopes:
        if not envelope.active:
            continue
        if envelope.pooled:
            yield Difference(
                "automation items",
                "automation items",
                "has automation items, which are not read. Glue it.",
            )
        elif envelope.kind not in ("volume", "mute"):
            yield Difference(
                "take envelope",
                f"a {envelope.kind} envelope",
                f"has a {envelope.kind} envelope, which is left out. Glue it.",
            )


def _no_file(clip: Clip) -> Difference:
    name = clip.source.format or "unknown"
    what = _NO_FILES.get(name, f"a source of the kind {name}")
    return Difference(
        "unsupported source",
        what,
        f"is {what}, which cannot be read: it counts as silence. Glue or render it to an audio "
        "file.",
    )


def track_difference(track: Track) -> str | None:
    """Why REAPER plays something else than a track's files before its fader, None if it does not.

    Of several reasons the one that changes most.
    """
    on = [e for e in track.effects if e.enabled] if track.effects_enabled else []
    clips = [clip for clip in track.clips if clip.plays]
    if any(effect.instrument for effect in on):
        return "an instrument"
    unmeasured = bool(on) and track.effects_db is None
    if unmeasured or any(effect.enabled for clip in clips for effect in clip.effects):
        return "effects"
    if any(e.kind == "pre-fx volume" and e.active and e.pooled for e in track.envelopes):
        return "automation items"
    return next((found.what for clip in clips for found in clip_differences(clip)), None)


def is_better_rendered(track: Track) -> bool:
    """Whether a stem that REAPER renders is nearer to what a track plays than its files are."""
    if track_difference(track) is not None:
        return True
    return any(clip.plays and clip.source.format in _NEED_EXTRA for clip in track.clips)
