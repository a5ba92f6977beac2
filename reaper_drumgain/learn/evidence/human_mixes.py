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
from reaper_drumgain.learn.data.odd_grooves import HABITS
from reaper_drumgain.learn.data.performances import Performance, choose_performances
from reaper_drumgain.learn.data.rendered_songs import Progress, Rendering, renderings
from reaper_drumgain.learn.evidence import (
    calibration,
    held_tracks,
    invariance_figures,
    kit_left_out,
    mixed_sessions,
    odd_sessions,
    polarity_flips,
    recording_card,
)
from reaper_drumgain.learn.evidence.across_kits import across_kits
from reaper_drumgain.learn.evidence.figures import REAL
from reaper_drumgain.learn.evidence.model_card import model_card
from reaper_drumgain.learn.evidence.project_files import Balancer
from reaper_drumgain.learn.evidence.run import DataSet, Evaluation, LoadedData, LoadOptions
from reaper_drumgain.learn.fitting.by_sound import fit_by_sound
from reaper_drumgain.learn.fitting.fold import Models
from reaper_drumgain.learn.fitting.leave_one_out import songs_of
from reaper_drumgain.learn.fitting.linear_part import usual_loudness
from reaper_drumgain.learn.fitting.settings import FitSettings
from reaper_drumgain.methods import forest_file
from reaper_drumgain.methods.baselines import Unity
from reaper_drumgain.methods.forest_file import Forest

BY_SOUND_FIGURES = "roles by sound"
_FEWEST_SONGS = 3
#: shares of the time of what is tried after the songs: calibration, another kit, mixes, faders,
#: odd sessions
_TRIED, _MIXED, _PLAYED, _BALANCED, _LISTED = 0.05, 0.2, 0.4, 0.75, 0.85
#: shares of the loading time: songs, sounds, and sessions of kits rendered
_RENDERED, _SOUNDS, _KITS = 0.45, 0.7, 0.8


@dataclass(frozen=True)
class HumanMixes(DataSet):
    """Songs with human faders, whose audio is rendered.

    What needs ``balancer`` goes through all of the program; without one it is left out.

    Attributes
    ----------
    folder
        Holds ``human_faders``, ``kits`` and ``groove``.
    performances, seconds
        How many are rendered with each kit, besides one in which no tom is struck, and their
        length.
    sounds
        Performances for the forest that tells drums by their sound.
    kit_performances, kit_seconds
        Performances of the sessions of kits, and their length.
    habits, habit_seconds
        Performances of any style, with drums at rest, in which held tracks are counted; their
        length.
    draws
        Random shifts of the recorded levels for each song and width.
    styles, shifts
        Performances in which it is tried what a fader must not depend on, and random shifts of
        each.
    flips
        Performances with flipped microphones.
    odd
        Grooves of odd habits.
    balancer
        Makes the plans of several methods for one session.
    is_reduced
        Whether there is little audio.
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
    styles: int = 10
    shifts: int = 2
    flips: int = 8
    odd: int = len(HABITS)
    balancer: Balancer | None = None
    is_reduced: bool = False

    @classmethod
    def reduced(cls, folder: Path, balancer: Balancer | None = None) -> HumanMixes:
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
            styles=3,
            shifts=1,
            flips=1,
            odd=3,
            balancer=balancer,
            is_reduced=True,
        )

    def check(self) -> None:
        """Checks the settings before any work is done.

        Raises
        ------
        InputError
            A setting is out of range.
        """
        if self.performances < 1:
            raise InputError(f"performances is {self.performances}, expected 1 or more")
        if self.sounds < 2:
            raise InputError(
                f"sounds is {self.sounds}, expected 2 or more: to learn from and to try on"
            )

    def load(self, options: LoadOptions) -> LoadedHumanMixes:
        """As ``DataSet.load``: reads the faders, renders the songs, measures them."""
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
        return LoadedHumanMixes(self, rendered, faders, chosen, sounds, kits, held)


@dataclass(frozen=True)
class LoadedHumanMixes(LoadedData):
    """The songs with human faders, rendered.

    Attributes
    ----------
    asked
        The data set as it was asked for.
    renderings
        All songs, rendered.
    faders
        The songs with the engineers' faders.
    performances
        What was played.
    sounds
        Tracks for the forest by sound.
    kit_sessions
        Sessions of both kits.
    held
        Which tracks are held, as ``held_tracks`` counts.
    """

    asked: HumanMixes
    renderings: Sequence[Rendering]
    faders: HumanFaders
    performances: Sequence[Performance]
    sounds: LabelledSounds
    kit_sessions: Kits
    held: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reduced(self) -> bool:  # type: ignore[override]
        """Whether there is little audio."""
        return self.asked.is_reduced

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

    def more_figures(
        self, settings: FitSettings, jobs: int, progress: Progress
    ) -> Mapping[str, Any]:
        """As ``LoadedData.more_figures``: all that is measured beside the errors of methods.

        How well drums are told by their sound, which tracks are held, whether the recording gain is
        calibrated, songs on a kit that was left out, and what goes through all of the program.
        """
        progress("drums told by their sound", 0.0)
        usual = usual_loudness(songs_of(self.renderings), settings.shrink)
        figures = {
            BY_SOUND_FIGURES: across_kits(self.sounds, trees=settings.trees, seed=settings.seed),
            held_tracks.FIGURES: self.held,
            calibration.FIGURES: calibration.calibration(self.kits, usual, settings.seed),
            kit_left_out.FIGURES: kit_left_out.evaluate_left_out(
                self.renderings,
                self.kits,
                settings,
                jobs=jobs,
                progress=lambda what, share: progress(what, _TRIED + share * (_MIXED - _TRIED)),
            ),
            mixed_sessions.FIGURES: mixed_sessions.mixed_by_song(
                self.renderings,
                self.kits,
                settings,
                jobs=jobs,
                progress=lambda what, share: progress(what, _MIXED + share * (_PLAYED - _MIXED)),
            ),
        }
        if self.asked.balancer is None:
            return figures
        return figures | self._through_the_program(self.asked.balancer, settings, jobs, progress)

    def _through_the_program(
        self, balancer: Balancer, settings: FitSettings, jobs: int, progress: Progress
    ) -> dict[str, Any]:
        """What a user would get, for sessions of files."""
        asked = self.asked
        return {
            invariance_figures.FIGURES: invariance_figures.try_invariance(
                asked.folder,
                self.renderings,
                self.kits,
                settings,
                balancer,
                performances=asked.styles,
                shifts=asked.shifts,
                jobs=jobs,
                progress=lambda what, share: progress(
                    what, _PLAYED + share * (_BALANCED - _PLAYED)
                ),
            ),
            odd_sessions.FIGURES: odd_sessions.try_odd_sessions(
                asked.folder,
                self.renderings,
                self.kits,
                settings,
                balancer,
                habits=asked.odd,
                jobs=jobs,
                progress=lambda what, share: progress(
                    what, _BALANCED + share * (_LISTED - _BALANCED)
                ),
            ),
            polarity_flips.FIGURES: polarity_flips.try_polarity(
                asked.folder,
                balancer,
                {"unity": Unity()},
                performances=asked.flips,
                seed=settings.seed,
                jobs=jobs,
                progress=lambda what, share: progress(what, _LISTED + share * (1.0 - _LISTED)),
            ),
        }

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
            "sha256": _digests(self.asked.folder, self.performances),
        }

    def more_models(
        self, settings: FitSettings, about: Mapping[str, Any], figures: Mapping[str, Any]
    ) -> Mapping[str, Forest]:
        """As ``LoadedData.more_models``: the forest that tells drums by their sound."""
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

    def more_pages(self, evaluation: Evaluation) -> Mapping[str, str]:
        """What was measured beside the faders of engineers."""
        return {recording_card.PAGE: recording_card.page(evaluation.figures)}

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
