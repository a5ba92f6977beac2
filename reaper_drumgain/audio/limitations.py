"""What of a track is not played as REAPER plays it: flags, and a sentence for each.

Flags are short words that plans hold and that do not change between versions. Sentences name clip
and file and say what to do. Of several files with the same limitation the first ones
are named, the others counted.
"""

from __future__ import annotations

from reaper_drumgain.audio.clip_reader import Grid
from reaper_drumgain.audio.media_pool import probe
from reaper_drumgain.audio.safe_open import MediaInfo, UnplayableMediaError
from reaper_drumgain.audio.source_reader import (
    MAX_RATIO,
    MIN_RATIO,
    TRUNCATED,
    Report,
    channel_pick,
)
from reaper_drumgain.schema.session import Clip, Track
from reaper_drumgain.tracks.playback import clip_differences

#: files of one track that are named for the same limitation; more are counted
MOST_TOLD = 5


class Limitations:
    """The limitations of one track, collected while it is opened and read."""

    def __init__(self, track: Track) -> None:
        self._found: dict[tuple[str, str], tuple[str, int]] = {}
        if any(effect.instrument and effect.enabled for effect in track.effects):
            self.add("instrument", "An instrument makes its sound: render or freeze the track.")

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags, in the order in which they were found."""
        return tuple(dict.fromkeys(flag for flag, _ in self._found))

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence for each flag and file, sorted by flag."""
        told: dict[str, list[str]] = {}
        left: dict[str, int] = {}
        for (flag, _), (sentence, count) in self._found.items():
            more = f" ({count - 1} more items likewise.)" if count > 1 else ""
            if len(told.setdefault(flag, [])) < MOST_TOLD:
                told[flag].append(sentence + more)
            else:
                left[flag] = left.get(flag, 0) + count
        for flag, count in left.items():
            told[flag].append(f"{count} more items with other files likewise: {flag}.")
        return tuple(sentence for sentences in told.values() for sentence in sentences)

    def add(self, flag: str, sentence: str, subject: str = "") -> None:
        """Note a limitation once for each subject, and count how often it occurs.

        Parameters
        ----------
        flag
            The short word for it.
        sentence
            The same for the user, with what to do.
        subject
            What it is a limitation of, such as a file. "" for the track.
        """
        kept, count = self._found.get((flag, subject), (sentence, 0))
        self._found[flag, subject] = (kept, count + 1)

    def reporter(self, clip: Clip) -> Report:
        """A function that adds a flag for a clip, with the reason, the first time it is called."""
        said: set[str] = set()

        def report(flag: str, reason: str) -> None:
            if flag not in said:
                said.add(flag)
                self.add(flag, _media_sentence(clip, flag, reason), _subject(clip))

        return report

    def examine(self, clip: Clip, grid: Grid) -> MediaInfo | None:
        """Note everything in a clip that is not read as REAPER plays it.

        Returns the header of its file, None where nothing of the clip can be read.
        """
        where, subject = clip_words(clip), _subject(clip)
        info = self._source(clip, where, subject)
        if info is None:
            return None
        if info.truncated:
            self.add(
                "truncated media", _media_sentence(clip, "truncated media", TRUNCATED), subject
            )
        if info.unfinished:
            self.add(
                "unfinished media",
                f"{where} plays {subject!r}, whose header is unfinished or gives too small a "
                "size: the file is read to its end.",
                subject,
            )
        if not MIN_RATIO <= info.rate * clip.play_rate / grid.rate <= MAX_RATIO:
            self.add("bad clip values", f"{where} plays at rate {clip.play_rate:g}: left out.")
            return None
        for found in clip_differences(clip):
            self.add(found.flag, f"{where} {found.sentence}", subject)
        self._channels(clip, info, where, subject)
        return info

    def _channels(self, clip: Clip, info: MediaInfo, where: str, subject: str) -> None:
        pick, _ = channel_pick(clip.channel_mode, info.channels)
        if any(channel >= info.channels for channel in pick):
            self.add(
                "missing channel",
                f"{where} plays channel {max(pick) + 1} of a file that has {info.channels}: "
                "that channel is silent. Check the channel mode of the take.",
                subject,
            )
        if info.channels > 2 and clip.channel_mode < 2:
            self.add(
                "more than two channels",
                f"{where} has {info.channels} channels: only the first two are measured.",
                subject,
            )

    def _source(self, clip: Clip, where: str, subject: str) -> MediaInfo | None:
        source = clip.source
        if source.kind == "midi":
            self.add("MIDI", f"{where} is MIDI, which has no sound of its own.", subject)
        elif source.kind == "other":
            found = next(clip_differences(clip))
            self.add(found.flag, f"{where} {found.sentence}", subject)
        elif source.kind == "file" and not source.path:
            self.add(
                "missing media", _media_sentence(clip, "missing media", "it was not found"), subject
            )
        elif source.kind == "file" and source.path:
            try:
                return probe(source.path)
            except UnplayableMediaError as error:
                self.add(error.fault, _media_sentence(clip, error.fault, str(error)), subject)
        return None


def clip_words(clip: Clip) -> str:
    """A clip's name and position, to begin a sentence with."""
    name = clip.name or clip.source.written or clip.source.path or "without a name"
    return f"The item {name!r} at {clip.position:.3f} s"


def _subject(clip: Clip) -> str:
    """The file of a clip as the project names it: each limitation is reported once per file."""
    return clip.source.written or clip.source.path or ""


def _media_sentence(clip: Clip, flag: str, reason: str) -> str:
    advice = "Put the file back, or mute the item."
    if flag == "unreadable media":
        advice = "Glue the item or put another file in its place, or mute the item."
    return (
        f"{clip_words(clip)} plays {_subject(clip)!r}, but {reason}: the missing audio counts as "
        f"silence. {advice}"
    )
