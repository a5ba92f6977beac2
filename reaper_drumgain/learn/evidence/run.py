"""The frame of ``drumgain evaluate`` and ``drumgain train``: data in, figures and models out.

A data set (see ``DataSet``) loads its songs; here every method is measured on them with one song
(or all songs of one drummer) left out at a time, models are fitted to all of them, and models and
model card are written. The same data, settings and library versions give the same bytes, whatever
``jobs`` is.
"""

from __future__ import annotations

import importlib.metadata
import platform
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import soundfile

import reaper_drumgain
from reaper_drumgain import methods
from reaper_drumgain.analysis.descriptors import Descriptor
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.learn.data.kit_sessions import Kits
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering
from reaper_drumgain.learn.evidence import tables
from reaper_drumgain.learn.evidence.evaluate import SongResult, evaluate
from reaper_drumgain.learn.evidence.figures import summary
from reaper_drumgain.learn.fitting.fold import Models, fit_models
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods import forest_file
from reaper_drumgain.methods.forest_file import Forest
from reaper_drumgain.methods.tree_checks import MAX_TREES

SEED = 527
#: few trees: shows that the way works, not how good the forest is
REDUCED_SETTINGS = FitSettings(trees=20, inner_trees=5)
#: shares of the running time: loading ends, measuring ends
_LOADED, _COMPARED, _MEASURED = 0.35, 0.7, 0.97


@dataclass(frozen=True)
class LoadOptions:
    """What loading a data set depends on.

    Attributes
    ----------
    settings
        How models are fitted.
    descriptors
        What is measured besides the features.
    jobs
        Number of processes.
    cache
        A folder for measurements, to be used again. None for none.
    progress
        Called with what is being done and the share of the loading that is done, 0 to 1.
    """

    settings: FitSettings
    descriptors: Sequence[Descriptor]
    jobs: int
    cache: Path | None
    progress: Progress


class LoadedData(ABC):
    """The songs of one data set, and what a report has to say about them."""

    renderings: Sequence[Rendering]
    #: little audio: the figures show only that the way works
    reduced: bool = False

    @property
    def kits(self) -> Kits:
        """Sessions of kits, from which it is learned how microphones hear drums."""
        return {}

    @property
    @abstractmethod
    def mixes(self) -> int:
        """How many human mixes the songs have together."""

    @property
    @abstractmethod
    def provenance(self) -> Sequence[str]:
        """Sentences that say what is real in this data, and what is simulated."""

    @property
    def left_out_text(self) -> str:
        """What was left out, for a person; empty where there is nothing to say."""
        return ""

    def more_figures(
        self,
        settings: FitSettings,  # noqa: ARG002
        jobs: int,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
    ) -> Mapping[str, Any]:
        """Figures of this data set alone.

        Parameters
        ----------
        settings, jobs
            How models are fitted. Number of processes, which does not change the result.
        progress
            Called with what is being done and its share, 0 to 1.

        Returns
        -------
        dict
            Plain JSON data.
        """
        return {}

    @abstractmethod
    def training_data(self) -> dict[str, Any]:
        """What the models are made from, for the manifest of a model."""

    def more_models(
        self,
        settings: FitSettings,  # noqa: ARG002
        about: Mapping[str, Any],  # noqa: ARG002
        figures: Mapping[str, Any],  # noqa: ARG002
    ) -> Mapping[str, Forest]:
        """Models of this data set alone.

        Parameters
        ----------
        settings
            How models are fitted.
        about, figures
            What is noted in the manifests of models, and what was measured.

        Returns
        -------
        dict
            The models by the name of their file.
        """
        return {}

    def more_pages(self, evaluation: Evaluation) -> Mapping[str, str]:  # noqa: ARG002
        """Pages beside the model card, as Markdown by the name of their file."""
        return {}

    @abstractmethod
    def model_card(self, evaluation: Evaluation, models: Models) -> str:
        """The model card as Markdown."""


class DataSet(ABC):
    """Where songs with target gains come from.

    ``draws``: random shifts of the recorded levels for each song and width, unless the user asks
    for another number.
    """

    draws: int

    def check(self) -> None:  # noqa: B027
        """Raises InputError for settings out of range, before any work is done."""

    @abstractmethod
    def load(self, options: LoadOptions) -> LoadedData:
        """The songs, measured. Raises InputError for data that cannot be used.

        Parameters
        ----------
        options
            Where measurements are kept, and how many processes work.

        Returns
        -------
        LoadedData
            The songs that can be used.
        """


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured, and what it was measured on.

    Attributes
    ----------
    data
        The songs.
    settings
        How models were fitted.
    draws
        Random shifts of the recorded levels for each song and width.
    results
        Of each song; empty where songs were not asked for.
    figures
        Plain JSON data.
    """

    data: LoadedData
    settings: FitSettings
    draws: int
    results: Sequence[SongResult]
    figures: dict[str, Any]


@dataclass(frozen=True)
class Training:
    """What a training run did.

    Attributes
    ----------
    evaluation
        The figures.
    folder, text
        Where the models are, and the tables as text.
    """

    evaluation: Evaluation
    folder: Path
    text: str


def run_evaluation(
    data_set: DataSet,
    *,
    draws: int | None = None,
    settings: FitSettings | None = None,
    seed: int = SEED,
    jobs: int = 2,
    cache: Path | None = None,
    progress: Progress | None = None,
    songs: bool = True,
) -> Evaluation:
    """Loads the songs, and measures all methods with one song (or drummer) left out at a time.

    Raises InputError for settings out of range and data that cannot be used.

    Parameters
    ----------
    data_set, songs
        Where the songs come from. Without ``songs`` only its own figures are measured.
    draws
        Random shifts for each song and width. None for those of the data set.
    settings, seed
        How models are fitted; the seed replaces that of the settings.
    jobs, cache
        Number of processes. A folder for measurements, to be used again.
    progress
        Called with what is being done and its share, 0 to 1.

    Returns
    -------
    Evaluation
        Everything that was measured.
    """
    settings = replace(settings or FitSettings(), seed=seed)
    draws = data_set.draws if draws is None else draws
    _check(draws=draws, trees=settings.trees, jobs=jobs)
    data_set.check()
    tell = progress or (lambda _what, _share: None)
    loading = LoadOptions(
        settings,
        methods.all_descriptors(),
        jobs,
        cache,
        progress=lambda what, share: tell(what, share * _LOADED),
    )
    data = data_set.load(loading)
    results = _results(data, settings, draws, jobs, tell) if songs else []
    compared: Mapping[str, Any] = {"data": {"what is what": list(data.provenance)}}
    if songs:
        compared = summary(results, settings, mixes=data.mixes, what_is_what=data.provenance)
    figures = {
        "run": _record(settings, draws, reduced=data.reduced),
        **compared,
        **data.more_figures(
            settings,
            jobs,
            lambda what, share: tell(what, _COMPARED + share * (_MEASURED - _COMPARED)),
        ),
    }
    return Evaluation(data, settings, draws, results, figures)


def _results(
    data: LoadedData, settings: FitSettings, draws: int, jobs: int, tell: Progress
) -> list[SongResult]:
    """The results of every song, each left out of the fit."""
    return evaluate(
        data.renderings,
        data.kits,
        settings,
        draws=draws,
        jobs=jobs,
        progress=lambda what, share: tell(what, _LOADED + share * (_COMPARED - _LOADED)),
    )


def _record(settings: FitSettings, draws: int, *, reduced: bool) -> dict[str, Any]:
    """What the figures of a run depend on, as plain JSON data."""
    return {
        "seed": settings.seed,
        "draws": draws,
        "reduced": reduced,
        "made with": library_versions(),
        "settings": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in settings.as_plain().items()
        },
    }


def train(
    data_set: DataSet, output: Path, *, progress: Progress | None = None, **options: Any
) -> Training:
    """Evaluates, fits on all songs, and writes all forests and the model card.

    Raises InputError for data that cannot be used.

    Parameters
    ----------
    data_set
        Where the songs come from.
    output
        The folder of the models.
    progress
        Called with what is being done and its share, 0 to 1.
    **options
        Those of ``run_evaluation``.

    Returns
    -------
    Training
        With the tables as text.

    Raises
    ------
    StorageError
        Nothing can be written.
    """
    done = run_evaluation(data_set, progress=progress, **options)
    if progress:
        progress("fitting on all songs", _MEASURED)
    about = {
        "made_with": library_versions(),
        "training_data": done.data.training_data(),
        "settings": done.settings.as_plain(),
        "scores": scores(done.figures, done.draws),
    }
    playing = [rendering for rendering in done.data.renderings if not rendering.resting]
    models = fit_models(playing, done.data.kits, done.settings, about)
    more = done.data.more_models(done.settings, about, done.figures)
    card = done.data.model_card(done, models)
    try:
        forest_file.save(models.forest, output)
        forest_file.save(models.multioutput, output, forest_file.MULTIOUTPUT)
        for name, model in more.items():
            forest_file.save(model, output, name)
        (output / "README.md").write_text(card, encoding="utf-8", newline="\n")
        for name, page in done.data.more_pages(done).items():
            (output / name).write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageError(f"{output}: cannot be written: {error.strerror}") from error
    if progress:
        progress("done", 1.0)
    said = [done.data.left_out_text, tables.text(done.figures), f"written to {output}"]
    return Training(done, output, "\n\n".join(part for part in said if part))


def _check(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise InputError(f"{name} is {value}, expected 1 or more")
    if numbers["trees"] > MAX_TREES:
        raise InputError(f"trees is {numbers['trees']}, expected at most {MAX_TREES}")


def library_versions() -> dict[str, str]:
    """Versions of everything that a model's bytes depend on, by name."""
    return {
        "reaper-drumgain": reaper_drumgain.__version__,
        "python": ".".join(platform.python_version_tuple()[:2]),
        "libsndfile": soundfile.__libsndfile_version__,
        **{
            name: importlib.metadata.version(name)
            for name in ("numpy", "scikit-learn", "scipy", "soundfile", "mido")
        },
    }


def scores(figures: Mapping[str, Any], draws: int) -> dict[str, Any]:
    """The errors of all methods in dB by condition, for the manifest of a model."""
    held = figures["against the median engineer"]["with gate"]
    return {
        "draws": draws,
        "error_db": {
            name: {condition: found["error"] for condition, found in by.items()}
            for name, by in held.items()
        },
    }
