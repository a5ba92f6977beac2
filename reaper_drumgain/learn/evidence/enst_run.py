"""``--enst DIR``: ``drumgain evaluate`` and ``drumgain train`` on ENST-Drums.

The second data set behind the same evaluation and fit: a take is a song, its raw tracks are
real, its target comes from ``reverse``. Takes of one drummer are left out together. All mixes
are by one engineer, so there are no human references.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reaper_drumgain import methods
from reaper_drumgain.analysis import features
from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.errors import InputError, MediaError, StorageError
from reaper_drumgain.learn.data.dataset import Progress, Rendering
from reaper_drumgain.learn.data.enst import (
    PROVENANCE,
    EnstDrums,
    EnstSong,
    files_key,
    load_enst,
    measure_files,
)
from reaper_drumgain.learn.data.store import load_measurement, save_measurement
from reaper_drumgain.learn.evidence import report
from reaper_drumgain.learn.evidence.evaluate import SongResult, evaluate
from reaper_drumgain.learn.fitting.fit import FitSettings, songs_of
from reaper_drumgain.learn.fitting.fold import fit_models
from reaper_drumgain.learn.fitting.train import SEED, library_versions, scores
from reaper_drumgain.methods import forest_file

#: takes are many: fewer shifts of each than of a song with human faders
DRAWS = 5
REDUCED: dict[str, Any] = {"settings": FitSettings(trees=20, inner_trees=5), "taps": 16}
#: below this a take says nothing about balance
_FEWEST_TRACKS = 2
#: shares of the time
_LOADED, _MEASURED = 0.5, 0.9
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
class EnstEvaluation:
    """What was measured, and what it was measured on. ``left_out``: takes, and why."""

    renderings: Sequence[Rendering]
    left_out: Sequence[str]
    settings: FitSettings
    draws: int
    results: Sequence[SongResult]
    figures: dict[str, Any]

    @classmethod
    def run(
        cls,
        root: Path,
        *,
        draws: int = DRAWS,
        settings: FitSettings | None = None,
        seed: int = SEED,
        jobs: int = 2,
        taps: int = 64,
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> EnstEvaluation:
        """Finds the gains of all mixes below ``root``, and measures all methods with one drummer
        left out at a time. ``taps``: of ``reverse``; the rest is as in ``train.Evaluation``.

        Raises InputError for another layout, too many takes that cannot be used, or fewer than
        two drummers.
        """
        if draws < 1 or jobs < 1:
            raise InputError(f"draws is {draws} and jobs {jobs}: expected 1 or more")
        settings = replace(settings or FitSettings(), seed=seed)
        tell = progress or (lambda _what, _share: None)
        found = load_enst(
            root,
            taps=taps,
            cache=cache,
            jobs=jobs,
            progress=lambda what, share: tell(what, share * _LOADED),
        )
        made, left_out = enst_renderings(found, methods.all_descriptors(), cache)
        drummers = {rendering.song.group for rendering in made}
        if len(drummers) < 2:
            raise InputError(
                f"{root}: usable takes of {len(drummers)} drummers, expected 2 or more: one is "
                "measured by what the others teach"
            )
        results = evaluate(
            made,
            settings,
            draws=draws,
            jobs=jobs,
            progress=lambda what, share: tell(what, _LOADED + share * (_MEASURED - _LOADED)),
        )
        figures = report.summary(results, settings, mixes=len(results), what_is_what=(PROVENANCE,))
        return cls(made, left_out, settings, draws, results, figures)


def enst_renderings(
    found: EnstDrums, descriptors: Sequence[Descriptor], cache: Path | None = None
) -> tuple[list[Rendering], list[str]]:
    """The songs with their measured audio, of the tracks that have a target; and the takes that
    are left out, with the reason. ``cache``: a folder for what was measured."""
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
) -> features.Measurement:
    if cache is None:
        return measure_files(files, descriptors)
    decides = [
        *(features.VERSION, features.MEASUREMENT_VERSION, features.COLUMNS),
        *(song.take.drummer, song.take.name),
        *([path.parent.name for path in files], [descriptor.name for descriptor in descriptors]),
        files_key(song.take),
    ]
    key = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:24]
    where = cache / f"enst-{key}.npz"
    if where.is_file():
        return load_measurement(where)
    measurement = measure_files(files, descriptors)
    save_measurement(measurement, where)
    return measurement


@dataclass(frozen=True)
class EnstTraining:
    """What a training run did; ``text``: the tables."""

    evaluation: EnstEvaluation
    folder: Path
    text: str


def train_enst(
    root: Path, output: Path, *, progress: Progress | None = None, **options: Any
) -> EnstTraining:
    """Evaluates, fits on all takes, writes both forests and a model card into ``output``.

    ``options`` are those of ``EnstEvaluation.run``. Raises InputError for data that cannot be
    used, StorageError where nothing can be written.
    """
    done = EnstEvaluation.run(root, progress=progress, **options)
    if progress:
        progress("fitting on all takes", _MEASURED)
    models = fit_models(done.renderings, done.settings, _about(done))
    tables = report.text(done.figures)
    drummers = {rendering.song.group for rendering in done.renderings}
    card = _CARD.format(
        provenance=PROVENANCE.removeprefix("ENST-Drums: ").capitalize(),
        takes=len(songs_of(done.renderings)),
        drummers=len(drummers),
        left_out="; ".join(done.left_out) or "none",
        tables=tables,
    )
    try:
        forest_file.save(models.forest, output)
        forest_file.save(models.multioutput, output, forest_file.MULTIOUTPUT)
        (output / "README.md").write_text(card, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageError(f"{output}: cannot be written: {error.strerror}") from error
    if progress:
        progress("done", 1.0)
    return EnstTraining(done, output, f"{tables}\n\nwritten to {output}")


def _about(done: EnstEvaluation) -> dict[str, Any]:
    songs = songs_of(done.renderings)
    return {
        "made_with": library_versions(),
        "training_data": {
            "name": "ENST-Drums",
            "takes": [song.name for song in songs],
            "left_out": list(done.left_out),
        },
        "settings": done.settings.as_plain(),
        "scores": scores(done.figures, done.draws),
    }
