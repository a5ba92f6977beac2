"""The mixes of many engineers as a data set for ``run``: real faders, rendered audio."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data import labelled_sounds
from reaper_drumgain.learn.data.human_faders import HumanFaders, load_human_faders
from reaper_drumgain.learn.data.kit_sessions import PERFORMANCES, SECONDS, Kits, kit_sessions
from reaper_drumgain.learn.data.kits import KITS
from reaper_drumgain.learn.data.labelled_sounds import LabelledSounds
from reaper_drumgain.learn.data.performances import Performance, choose_performances
from reaper_drumgain.learn.data.rendered_songs import Rendering, renderings
from reaper_drumgain.learn.evidence import held_tracks
from reaper_drumgain.learn.evidence.across_kits import across_kits
from reaper_drumgain.learn.evidence.figures import REAL
from reaper_drumgain.learn.evidence.model_card import model_card
from reaper_drumgain.learn.evidence.run import DataSet, Evaluation, LoadedData, LoadOptions
from reaper_drumgain.learn.fitting.by_sound import fit_by_sound
from reaper_drumgain.learn.fitting.fold import Models
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods import forest_file
from reaper_drumgain.methods.forest_file import Forest

BY_SOUND_FIGURES = "roles by sound"
_FEWEST_SONGS = 3
#: shares of the loading time: songs, sounds, and sessions of kits rendered
_RENDERED, _SOUNDS, _KITS = 0.45, 0.7, 0.8


@dataclass(frozen=True)
class HumanMixes(DataSet):
    """``folder``: the one with ``human_faders``, ``kits`` and ``groove``.

    ``performances`` of ``seconds`` each are rendered with each kit, and one in which no tom is
    struck; ``sounds`` others are for the forest that tells drums by their sound, and in
    ``habits`` of ``habit_seconds``, of any style and with drums at rest, it is counted which tracks
    are held.
    """

    folder: Path
    performances: int = 3
    seconds: float = 12.0
    sounds: int = labelled_sounds.PERFORMANCES
    kit_performances: int = PERFORMANCES
    kit_seconds: float = SECONDS
    habits: int = 48
    habit_seconds: float = 40.0
    draws: int = 50

    @classmethod
    def reduced(cls, folder: Path) -> HumanMixes:
        """With little audio, for a quick run."""
        return cls(
            folder,
            performances=1,
            seconds=8.0,
            sounds=2,
            kit_performances=2,
            kit_seconds=8.0,
            habits=2,
            habit_seconds=16.0,
        )

    def check(self) -> None:
        """Raises InputError for settings out of range."""
        if self.performances < 1:
            raise InputError(f"performances is {self.performances}, expected 1 or more")
        if self.sounds < 2:
            raise InputError(
                f"sounds is {self.sounds}, expected 2 or more: to learn from and to try on"
            )

    def load(self, options: LoadOptions) -> LoadedHumanMixes:
        """Reads the faders, renders the songs, measures them. Raises InputError."""
        faders = load_human_faders(self.folder / "human_faders")
        if len(faders.songs) < _FEWEST_SONGS:
            raise InputError(
                f"{self.folder}: {len(faders.songs)} songs, expected {_FEWEST_SONGS} or more to "
                "learn from"
            )
        seed, groove = options.settings.seed, self.folder / "groove"
        chosen = choose_performances(groove, self.performances, self.seconds, seed)
        rendered = renderings(
            faders,
            self.folder,
            kits=KITS,
            performances=chosen,
            resting=choose_performances(groove, 1, self.seconds, seed, resting=True),
            descriptors=options.descriptors,
            seed=seed,
            cache=options.cache,
            jobs=options.jobs,
            progress=lambda what, share: options.progress(what, share * _RENDERED),
        )
        sounds = labelled_sounds.render_labelled_sounds(
            self.folder,
            performances=self.sounds,
            seed=seed,
            cache=options.cache,
            jobs=options.jobs,
            progress=lambda what, share: options.progress(
                what, _RENDERED + share * (_SOUNDS - _RENDERED)
            ),
        )
        kits = kit_sessions(
            self.folder,
            performances=self.kit_performances,
            seconds=self.kit_seconds,
            seed=seed,
            cache=options.cache,
            jobs=options.jobs,
            progress=lambda what, share: options.progress(
                what, _SOUNDS + share * (_KITS - _SOUNDS)
            ),
        )
        held = held_tracks.count_held_tracks(
            self.folder,
            sessions=self.habits,
            seconds=self.habit_seconds,
            seed=seed,
            jobs=options.jobs,
            progress=lambda what, share: options.progress(what, _KITS + share * (1.0 - _KITS)),
        )
        return LoadedHumanMixes(self.folder, rendered, faders, chosen, sounds, kits, held)


@dataclass(frozen=True)
class LoadedHumanMixes(LoadedData):
    """The songs with human faders, rendered.

    ``sounds``: for the forest by sound. ``held``: which tracks are held, as ``held_tracks`` counts.
    """

    folder: Path
    renderings: Sequence[Rendering]
    faders: HumanFaders
    performances: Sequence[Performance]
    sounds: LabelledSounds
    kit_sessions: Kits
    held: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kits(self) -> Kits:
        """Sessions of both kits."""
        return self.kit_sessions

    @property
    def mixes(self) -> int:
        """How many mixes the songs have together."""
        return self.faders.mixes

    @property
    def provenance(self) -> Sequence[str]:
        """What is real and what is simulated."""
        return REAL

    @property
    def left_out_text(self) -> str:
        """How many songs, mixes, and faders that were left out."""
        faders = self.faders
        text = (
            f"{len(faders.songs)} songs, {faders.mixes} mixes; {faders.mutes} faders in "
            f"effect muted and {faders.without_raw} without a raw track left out"
        )
        if faders.too_small:
            text += f"; too few tracks to balance in {', '.join(faders.too_small)}"
        return text

    def more_figures(self, settings: FitSettings) -> Mapping[str, Any]:
        """How well drums are told by their sound, and which tracks are held."""
        tried = across_kits(self.sounds, trees=settings.trees, seed=settings.seed)
        return {BY_SOUND_FIGURES: tried, held_tracks.FIGURES: self.held}

    def training_data(self) -> dict[str, Any]:
        """Songs, mixes, what was left out, performances, and digests of all files."""
        faders = self.faders
        return {
            "songs": [song.name for song in faders.songs],
            "mixes": faders.mixes,
            "faders_muted_left_out": faders.mutes,
            "faders_without_raw_left_out": faders.without_raw,
            "tracks_without_target": list(faders.without_target),
            "performances": [[item.id, item.start] for item in self.performances],
            "sha256": _digests(self.folder, self.performances),
        }

    def more_models(
        self, settings: FitSettings, about: Mapping[str, Any], figures: Mapping[str, Any]
    ) -> Mapping[str, Forest]:
        """The forest that tells drums by their sound."""
        digests = about["training_data"]["sha256"]
        own_about: dict[str, object] = {
            "made_with": about["made_with"],
            "training_data": {
                "tracks": len(self.sounds.labels),
                "other_sounds": int(self.sounds.others.sum()),
                "performances": int(self.sounds.performances.max()) + 1,
                "seed": settings.seed,
                "sha256": {kit: digests[kit] for kit in KITS},
            },
            "scores": figures[BY_SOUND_FIGURES],
        }
        forest = fit_by_sound(
            self.sounds,
            np.ones(len(self.sounds.labels), bool),
            trees=settings.trees,
            seed=settings.seed,
            about=own_about,
        )
        return {forest_file.BY_SOUND: forest}

    def model_card(self, evaluation: Evaluation, models: Models) -> str:
        """The card with the tables of this evaluation."""
        return model_card(
            models, self.faders, evaluation.results, evaluation.figures, evaluation.draws
        )


def _digests(folder: Path, performances: Sequence[Performance]) -> dict[str, str]:
    """SHA-256 of everything that the models are made from; a kit's is over all its files."""
    hashes = {
        name: hashlib.sha256((folder / "human_faders" / name).read_bytes()).hexdigest()
        for name in ("engineer_mixes.csv", "roles.csv")
    }
    for kit in KITS:
        digest = hashlib.sha256()
        for path in sorted((folder / "kits" / kit).rglob("*.flac")):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
        hashes[kit] = digest.hexdigest()
    strokes = repr([item.strokes for item in performances]).encode()
    hashes["performances"] = hashlib.sha256(strokes).hexdigest()
    return hashes
