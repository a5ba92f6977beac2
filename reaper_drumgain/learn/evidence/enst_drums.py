"""ENST-Drums as a data set for ``run`` (``--enst DIR``): real audio, estimated target gains.

A take is a song, its raw tracks are real, its target comes from ``reverse_engineering``. Takes of
one drummer are left out together. All mixes are by one engineer, so there are no human references.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.analysis.measurement import MEASUREMENT_VERSION, Measurement
from reaper_drumgain.errors import InputError, MediaError
from reaper_drumgain.learn.data.array_files import cache_key
from reaper_drumgain.learn.data.enst import PROVENANCE, EnstDrums, EnstSong, load_enst
from reaper_drumgain.learn.data.enst_cache import files_key
from reaper_drumgain.learn.data.measurements import load_measurement, save_measurement
from reaper_drumgain.learn.data.rendered_songs import Rendering
from reaper_drumgain.learn.data.streams import measure_files
from reaper_drumgain.learn.evidence import tables
from reaper_drumgain.learn.evidence.run import DataSet, Evaluation, LoadedData, LoadOptions
from reaper_drumgain.learn.fitting.fold import Models
from reaper_drumgain.learn.fitting.leave_one_out import songs_of

#: below this a take says nothing about balance
_FEWEST_TRACKS = 2
_CARD = """\
# Model card: forests trained on ENST-Drums

Made by `drumgain train --enst`. {provenance}.

{takes} takes of {drummers} drummers; left out: {left_out}. A take's target gains are what its
mix was found to be made of, their mean removed. Takes of one drummer are left out together, and
count as one in the intervals: with {drummers} drummers these are not worth much. One engineer
made all mixes, so nothing here says how far engineers differ, and a constant per role
(`role-mean`) is a strong baseline.

```
{tables}
```
"""


@dataclass(frozen=True)
class EnstMixes(DataSet):
    """ENST-Drums as a data set. It has many takes, so there are fewer ``draws`` of each.

    Attributes
    ----------
    folder
        ENST-Drums as published.
    taps
        Length in samples of the filters that are fitted to find the gains of a mix.
    draws
        Random shifts of the recorded levels for each take and width.
    """

    folder: Path
    taps: int = 64
    draws: int = 5

    @classmethod
    def reduced(cls, folder: Path) -> EnstMixes:
        """With short filters, for a quick run."""
        return cls(folder, taps=16)

    def load(self, options: LoadOptions) -> LoadedEnstMixes:
        """As ``DataSet.load``: finds the gains of all mixes and measures the takes.

        Raises InputError for another layout, too many takes that cannot be used, or fewer than two
        drummers.
        """
        found = load_enst(
            self.folder,
            taps=self.taps,
            cache=options.cache,
            jobs=options.jobs,
            progress=options.progress,
        )
        made, left_out = enst_renderings(found, options.descriptors, options.cache)
        drummers = {rendering.song.group for rendering in made}
        if len(drummers) < 2:
            raise InputError(
                f"{self.folder}: usable takes of {len(drummers)} drummers, expected 2 or more: one "
                "is measured by what the others teach"
            )
        return LoadedEnstMixes(made, left_out)


@dataclass(frozen=True)
class LoadedEnstMixes(LoadedData):
    """The takes that can be used. ``left_out``: the others, and why."""

    renderings: Sequence[Rendering]
    left_out: Sequence[str]

    @property
    def mixes(self) -> int:
        """One per take."""
        return len(self.renderings)

    @property
    def provenance(self) -> Sequence[str]:
        """What is real and what is estimated."""
        return (PROVENANCE,)

    def training_data(self) -> dict[str, Any]:
        """The takes, and those that were left out."""
        return {
            "name": "ENST-Drums",
            "takes": [song.name for song in songs_of(self.renderings)],
            "left_out": list(self.left_out),
        }

    def model_card(self, evaluation: Evaluation, models: Models) -> str:  # noqa: ARG002
        """The card with the tables of this evaluation."""
        return _CARD.format(
            provenance=PROVENANCE.removeprefix("ENST-Drums: ").capitalize(),
            takes=len(songs_of(self.renderings)),
            drummers=len({rendering.song.group for rendering in self.renderings}),
            left_out="; ".join(self.left_out) or "none",
            tables=tables.text(evaluation.figures),
        )


def enst_renderings(
    found: EnstDrums, descriptors: Sequence[Descriptor], cache: Path | None = None
) -> tuple[list[Rendering], list[str]]:
    """The songs with their measured audio, of the tracks that have a target.

    Parameters
    ----------
    found
        The takes with their gains.
    descriptors
        What is measured besides the features.
    cache
        A folder for measurements. None for none.

    Returns
    -------
    made : list of Rendering
        The songs.
    left_out : list of str
        The takes that are left out, with the reason.
    """
    made: list[Rendering] = []
    left_out = list(found.faults)
    for song in found.songs:
        known, table = song.as_song()
        if len(known.tracks) < _FEWEST_TRACKS:
            left_out.append(f"{known.name}: {len(known.tracks)} tracks with a gain that is known")
            continue
        files = [song.take.tracks[track.raw_file] for track in known.tracks]
        try:
            measurement = _measured(song, files, descriptors, cache)
        except MediaError as error:
            left_out.append(f"{known.name}: {error}")
            continue
        made.append(Rendering(known, "ENST-Drums", song.take.name, table, measurement))
    return made, left_out


def _measured(
    song: EnstSong, files: Sequence[Path], descriptors: Sequence[Descriptor], cache: Path | None
) -> Measurement:
    if cache is None:
        return measure_files(files, descriptors)
    key = cache_key(
        *(features.VERSION, MEASUREMENT_VERSION, features.COLUMNS),
        *(song.take.drummer, song.take.name),
        *([path.parent.name for path in files], [descriptor.name for descriptor in descriptors]),
        files_key(song.take),
    )
    where = cache / f"enst-{key}.npz"
    if where.is_file():
        return load_measurement(where)
    measurement = measure_files(files, descriptors)
    save_measurement(measurement, where)
    return measurement
