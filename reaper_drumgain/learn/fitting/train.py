"""``drumgain evaluate`` and ``drumgain train``: data in, figures and models out.

The same data, settings and library versions give the same bytes, whatever ``jobs`` is.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import reaper_drumgain
from reaper_drumgain import methods
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.learn.data.dataset import (
    Performance,
    Progress,
    Rendering,
    choose_performances,
    renderings,
)
from reaper_drumgain.learn.data.human_faders import HumanFaders, load_human_faders
from reaper_drumgain.learn.data.render import KITS
from reaper_drumgain.learn.evidence import report
from reaper_drumgain.learn.evidence.card import model_card
from reaper_drumgain.learn.evidence.evaluate import SongResult, evaluate
from reaper_drumgain.learn.fitting import by_sound
from reaper_drumgain.learn.fitting.fit import FitSettings
from reaper_drumgain.learn.fitting.fold import fit_models
from reaper_drumgain.methods import forest_file

DRAWS, SEED = 50, 527
PERFORMANCES, EXCERPT_SECONDS = 3, 12.0
#: for a quick run that shows the way works, not how good the forest is
REDUCED: dict[str, Any] = {
    "settings": FitSettings(trees=20, inner_trees=5),
    "performances": 1,
    "seconds": 8.0,
    "sounds": 2,
}
#: shares of the time that a full run takes
_RENDERED, _HEARD, _MEASURED = 0.3, 0.45, 0.95


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured, and what it was measured on."""

    faders: HumanFaders
    renderings: Sequence[Rendering]
    performances: Sequence[Performance]
    settings: FitSettings
    draws: int
    results: Sequence[SongResult]
    heard: by_sound.Sounds
    figures: dict[str, Any]

    @classmethod
    def run(
        cls,
        data: Path,
        *,
        draws: int = DRAWS,
        settings: FitSettings | None = None,
        seed: int = SEED,
        jobs: int = 2,
        performances: int = PERFORMANCES,
        seconds: float = EXCERPT_SECONDS,
        sounds: int = by_sound.PERFORMANCES,
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> Evaluation:
        """Renders the songs, and measures all methods with one song left out at a time.

        ``data``: the folder with ``human_faders``, ``kits`` and ``groove``. ``draws``: random
        shifts of the recorded levels for each song and width. ``performances`` of ``seconds``
        each are rendered with each kit, and one in which no tom is struck; ``sounds`` others
        teach the ear for drums. ``cache``: a folder for what was measured, to be used again.
        ``settings``: of the fit, but for the seed. ``progress`` is called with what is being
        done and the share that is done. Raises InputError for data that cannot be used.
        """
        settings = replace(settings or FitSettings(), seed=seed)
        _check(draws, settings.trees, performances, sounds, jobs)
        tell = progress or (lambda _what, _share: None)
        faders = load_human_faders(data / "human_faders")
        if len(faders.songs) < 3:
            raise InputError(f"{data}: {len(faders.songs)} songs, expected 3 or more to learn from")
        chosen = choose_performances(data / "groove", performances, seconds, seed)
        rendered = renderings(
            faders,
            data,
            kits=KITS,
            performances=chosen,
            resting=choose_performances(data / "groove", 1, seconds, seed, resting=True),
            descriptors=methods.all_descriptors(),
            seed=seed,
            cache=cache,
            jobs=jobs,
            progress=lambda what, share: tell(what, share * _RENDERED),
        )
        heard = by_sound.sounds(
            data,
            performances=sounds,
            seed=seed,
            cache=cache,
            jobs=jobs,
            progress=lambda what, share: tell(what, _RENDERED + share * (_HEARD - _RENDERED)),
        )
        results = evaluate(
            rendered,
            settings,
            draws=draws,
            jobs=jobs,
            progress=lambda what, share: tell(what, _HEARD + share * (_MEASURED - _HEARD)),
        )
        figures = report.summary(results, settings, mixes=faders.mixes)
        figures["roles by sound"] = by_sound.across_kits(heard, trees=settings.trees, seed=seed)
        return cls(faders, rendered, chosen, settings, draws, results, heard, figures)


@dataclass(frozen=True)
class TrainReport:
    """What a training run did: the figures, where the models are, and the tables as text."""

    evaluation: Evaluation
    folder: Path
    text: str


def train(
    data: Path, output: Path, *, progress: Progress | None = None, **options: Any
) -> TrainReport:
    """Evaluates, fits on all songs, writes all forests and the model card into ``output``.

    ``options`` are those of ``Evaluation.run``. Raises InputError for data that cannot be
    used, StorageError where nothing can be written.
    """
    done = Evaluation.run(data, progress=progress, **options)
    if progress:
        progress("fitting on all songs", _MEASURED)
    playing = [rendering for rendering in done.renderings if not rendering.resting]
    about = _about(data, done)
    models = fit_models(playing, done.settings, about)
    ear = by_sound.fit_by_sound(
        done.heard,
        np.ones(len(done.heard.labels), bool),
        trees=done.settings.trees,
        seed=done.settings.seed,
        about=_about_sounds(about, done),
    )
    try:
        forest_file.save(models.forest, output)
        forest_file.save(models.multioutput, output, forest_file.MULTIOUTPUT)
        forest_file.save(ear, output, forest_file.BY_SOUND)
        card = model_card(models, done.faders, done.results, done.figures, done.draws)
        (output / "README.md").write_text(card, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageError(f"{output}: cannot be written: {error.strerror}") from error
    if progress:
        progress("done", 1.0)
    left_out = (
        f"{len(done.faders.songs)} songs, {done.faders.mixes} mixes; {done.faders.mutes} faders in "
        f"effect muted and {done.faders.without_raw} without a raw track left out"
    )
    if done.faders.too_small:
        left_out += f"; too few tracks to balance in {', '.join(done.faders.too_small)}"
    text = f"{left_out}\n\n{report.text(done.figures)}\n\nwritten to {output}"
    return TrainReport(done, output, text)


def _check(draws: int, trees: int, performances: int, sounds: int, jobs: int) -> None:
    for name, value in (
        ("draws", draws),
        ("trees", trees),
        ("performances", performances),
        ("jobs", jobs),
    ):
        if value < 1:
            raise InputError(f"{name} is {value}, expected 1 or more")
    if sounds < 2:
        raise InputError(f"sounds is {sounds}, expected 2 or more: to learn from and to try on")
    if trees > forest_file.MAX_TREES:
        raise InputError(f"trees is {trees}, expected at most {forest_file.MAX_TREES}")


def _about(data: Path, done: Evaluation) -> dict[str, Any]:
    faders = done.faders
    return {
        "made_with": library_versions(),
        "training_data": {
            "songs": [song.name for song in faders.songs],
            "mixes": faders.mixes,
            "faders_muted_left_out": faders.mutes,
            "faders_without_raw_left_out": faders.without_raw,
            "tracks_without_target": list(faders.without_target),
            "performances": [[item.id, item.start] for item in done.performances],
            "sha256": _hashes(data, done.performances),
        },
        "settings": done.settings.as_plain(),
        "scores": scores(done.figures, done.draws),
    }


def library_versions() -> dict[str, str]:
    """Of everything that a model's bytes depend on."""
    return {
        "reaper-drumgain": reaper_drumgain.__version__,
        "python": ".".join(platform.python_version_tuple()[:2]),
        "libsndfile": soundfile.__libsndfile_version__,
        **{
            name: importlib.metadata.version(name)
            for name in ("numpy", "scikit-learn", "scipy", "soundfile", "mido")
        },
    }


def scores(figures: dict[str, Any], draws: int) -> dict[str, Any]:
    """The errors of all methods, for the manifest of a model."""
    held = figures["against the median engineer"]["with gate"]
    return {
        "draws": draws,
        "error_db": {
            name: {condition: found["error"] for condition, found in by.items()}
            for name, by in held.items()
        },
    }


def _about_sounds(about: dict[str, Any], done: Evaluation) -> dict[str, object]:
    """Of the ear for drums: its tracks, and the digests of the kits that they come from."""
    digests = about["training_data"]["sha256"]
    return {
        "made_with": about["made_with"],
        "training_data": {
            "tracks": len(done.heard.labels),
            "other_sounds": int(done.heard.others.sum()),
            "performances": int(done.heard.performances.max()) + 1,
            "seed": done.settings.seed,
            "sha256": {kit: digests[kit] for kit in KITS},
        },
        "scores": done.figures["roles by sound"],
    }


def _hashes(data: Path, performances: Sequence[Performance]) -> dict[str, str]:
    """Digests of everything that the model was made from; a kit's is over all its files."""
    hashes = {
        name: hashlib.sha256((data / "human_faders" / name).read_bytes()).hexdigest()
        for name in ("engineer_mixes.csv", "roles.csv")
    }
    for kit in KITS:
        digest = hashlib.sha256()
        for path in sorted((data / "kits" / kit).rglob("*.flac")):
            digest.update(path.relative_to(data).as_posix().encode())
            digest.update(path.read_bytes())
        hashes[kit] = digest.hexdigest()
    strokes = repr([item.strokes for item in performances]).encode()
    hashes["performances"] = hashlib.sha256(strokes).hexdigest()
    return hashes
