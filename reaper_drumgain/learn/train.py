"""``drumgain train``: data in, model folder and table out. The same bytes each time."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import soundfile

import reaper_drumgain
from reaper_drumgain import modelfile
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.learn.card import model_card
from reaper_drumgain.learn.dataset import Performance, Progress, choose_performances, renderings
from reaper_drumgain.learn.fit import FitSettings, fit_forest, fit_role_levels
from reaper_drumgain.learn.human_faders import HumanFaders, load_human_faders
from reaper_drumgain.learn.render import KITS
from reaper_drumgain.learn.scores import Scores, leave_one_song_out
from reaper_drumgain.methods.role_levels import KEY

DRAWS, TREES, SEED = 50, 200, 527
PERFORMANCES, EXCERPT_SECONDS = 3, 12.0
#: for a quick run that shows the way works, not how good the forest is
REDUCED: dict[str, Any] = {"trees": 20, "performances": 1, "seconds": 8.0}
#: shares of the time that a full run takes
_RENDERED, _MEASURED = 0.7, 0.95


@dataclass(frozen=True)
class TrainReport:
    """What a training run did: the scores, where the model is, and all of it as text."""

    scores: Scores
    folder: Path
    text: str


def train(
    data: Path,
    output: Path,
    *,
    draws: int = DRAWS,
    trees: int = TREES,
    seed: int = SEED,
    jobs: int = 2,
    performances: int = PERFORMANCES,
    seconds: float = EXCERPT_SECONDS,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> TrainReport:
    """Renders the songs, measures leave one song out, fits on all, writes into ``output``.

    ``data``: the folder with ``human_faders``, ``kits`` and ``groove``. ``draws``: random
    shifts of the recorded levels for each song and width. ``performances`` of ``seconds``
    each are rendered with each kit. ``cache``: a folder for what was measured, to be used
    again. ``progress`` is called with what is being done and the share that is done.
    Written are the arrays, the manifest and the model card.
    Raises InputError for data that cannot be used, StorageError where nothing can be written.
    """
    _check(draws, trees, performances, jobs)
    tell = progress or (lambda _what, _share: None)
    faders = load_human_faders(data / "human_faders")
    chosen = choose_performances(data / "groove", performances, seconds, seed)
    rendered = renderings(
        faders,
        data,
        kits=KITS,
        performances=chosen,
        seed=seed,
        cache=cache,
        progress=lambda what, share: tell(what, share * _RENDERED),
    )
    settings = FitSettings(trees=trees, seed=seed, jobs=jobs)
    scores = leave_one_song_out(
        rendered,
        settings,
        draws=draws,
        progress=lambda what, share: tell(what, _RENDERED + share * (_MEASURED - _RENDERED)),
    )
    tell("fitting on all songs", _MEASURED)
    about = _about(data, faders, chosen, settings, scores, draws)
    about[KEY] = asdict(fit_role_levels(faders.songs, settings.shrink))
    forest = fit_forest(rendered, settings, about)
    card = model_card(forest, faders, scores, draws)
    try:
        modelfile.save(forest, output)
        (output / "README.md").write_text(card, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageError(f"{output}: cannot be written: {error.strerror}") from error
    tell("done", 1.0)
    return TrainReport(scores, output, _text(faders, scores, draws, output))


def _check(draws: int, trees: int, performances: int, jobs: int) -> None:
    for name, value in (
        ("draws", draws),
        ("trees", trees),
        ("performances", performances),
        ("jobs", jobs),
    ):
        if value < 1:
            raise InputError(f"{name} is {value}, expected 1 or more")
    if trees > modelfile.MAX_TREES:
        raise InputError(f"trees is {trees}, expected at most {modelfile.MAX_TREES}")


def _text(faders: HumanFaders, scores: Scores, draws: int, output: Path) -> str:
    lines = [
        f"{len(faders.songs)} songs, {faders.mixes} mixes; {faders.mutes} faders in effect muted "
        f"and {faders.without_raw} without a raw track left out",
        f"error in dB against the median engineer on songs left out ({draws} draws of shifts):",
        "",
        scores.text(),
        "",
        f"written to {output}",
    ]
    return "\n".join(lines)


def _about(
    data: Path,
    faders: HumanFaders,
    performances: Sequence[Performance],
    settings: FitSettings,
    scores: Scores,
    draws: int,
) -> dict[str, object]:
    fitted = {name: value for name, value in asdict(settings).items() if name != "jobs"}
    return {
        "made_with": {
            "reaper-drumgain": reaper_drumgain.__version__,
            "python": ".".join(platform.python_version_tuple()[:2]),
            "libsndfile": soundfile.__libsndfile_version__,
            **{
                name: importlib.metadata.version(name)
                for name in ("numpy", "scikit-learn", "scipy", "soundfile", "mido")
            },
        },
        "training_data": {
            "songs": [song.name for song in faders.songs],
            "mixes": faders.mixes,
            "faders_muted_left_out": faders.mutes,
            "faders_without_raw_left_out": faders.without_raw,
            "tracks_without_target": list(faders.without_target),
            "performances": [[item.id, item.start] for item in performances],
            "sha256": _hashes(data, performances),
        },
        "settings": fitted,
        "scores": {
            "draws": draws,
            "error_db": scores.summary(),
            "widths_db": list(scores.widths_db),
        },
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
