"""Which audio file of a folder is the stem of which track, by REAPER's habits of naming renders.

``PROJECT-Track.wav``, ``01-Track.wav``, ``PROJECT-01-Track.wav``, ``Track.wav``; whatever is no
letter or digit separates words, because REAPER replaces what file names cannot hold. Standard
library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reaper_drumgain.schema.session import Track

_NUMBER = re.compile(r"(\d{1,4}) (?=.)")
_MORE = re.compile(r" (?:\d{3}|stem|stems)$")


@dataclass(frozen=True, slots=True)
class Matches:
    """Which files are the stems of which tracks.

    Attributes
    ----------
    found
        The file by the index of its track.
    several
        By the index of a track the files that might be its stem; none of them is taken.
    left
        Files of no track.
    """

    found: Mapping[int, str]
    several: Mapping[int, tuple[str, ...]]
    left: tuple[str, ...]


def match_stems(project: str, tracks: Sequence[Track], files: Sequence[str]) -> Matches:
    """The stems of tracks among files.

    A file with a number and a name that several tracks have belongs to the track of that number
    (REAPER's, from 1).

    Parameters
    ----------
    project
        The name of the project without ending.
    tracks
        The tracks of the project.
    files
        Names without folder and ending.

    Returns
    -------
    Matches
        By the names in ``files``.
    """
    options: dict[int, dict[int, list[str]]] = {}
    for file in files:
        for rank, number, name in _readings(project, file):
            same = [track for track in tracks if _words(track.name) == name]
            numbered = [track for track in same if number == track.index + 1]
            for track in numbered or same if len(same) > 1 else same:
                options.setdefault(track.index, {}).setdefault(rank, []).append(file)
    best = {index: ranks[min(ranks)] for index, ranks in options.items()}
    unnamed = {file for names in best.values() for file in names}
    claims = [file for names in best.values() for file in names]
    clear = {
        index: names[0]
        for index, names in best.items()
        if len(names) == 1 and claims.count(names[0]) == 1
    }
    several = {index: tuple(names) for index, names in best.items() if index not in clear}
    return Matches(clear, several, tuple(file for file in files if file not in unnamed))


def _readings(project: str, file: str) -> Iterator[tuple[int, int | None, str]]:
    """What a file's name may mean: a rank (the lowest is likeliest), a track's number, a name."""
    full = _words(file)
    heads = [(0, full)]
    if full.startswith(f"{_words(project)} "):
        heads.append((1, full[len(_words(project)) + 1 :]))
    for rank, words in heads:
        yield rank, None, words
        numbered = _NUMBER.match(words)
        if numbered:
            yield rank + 2, int(numbered[1]), words[numbered.end() :]
        shorter = _MORE.sub("", words)
        if shorter != words:
            yield rank + 4, None, shorter


def _words(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))
