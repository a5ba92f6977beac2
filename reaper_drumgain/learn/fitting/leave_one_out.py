"""Leave-one-out cross-validation over songs, or over groups of songs of one drummer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reaper_drumgain.learn.data.human_faders import Song
from reaper_drumgain.learn.data.rendered_songs import Rendering


def songs_of(renderings: Sequence[Rendering]) -> list[Song]:
    """The songs of the renderings, each once, in order."""
    return list({rendering.song.name: rendering.song for rendering in renderings}.values())


def leave_one_out(songs: Sequence[Song]) -> Iterator[tuple[list[Song], list[Song]]]:
    """Yields (training songs, left-out songs) for each group of songs in turn, in order.

    Where there is only one group, its songs are left out one by one. The training songs are empty
    for a single song.
    """
    groups = dict.fromkeys(song.group for song in songs)
    if len(groups) == 1:
        for place, song in enumerate(songs):
            yield [*songs[:place], *songs[place + 1 :]], [song]
        return
    for group in groups:
        others = [song for song in songs if song.group != group]
        yield others, [song for song in songs if song.group == group]
