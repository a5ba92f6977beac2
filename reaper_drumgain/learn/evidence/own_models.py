"""What a user's own model is worth: invented engineers with a known taste, and human mixes.

``python -m reaper_drumgain.learn.evidence.own_models --data DATA`` prints the figures. Projects are
songs with real track lists and loudness and rendered audio (``data.rendered_songs``). An invented
engineer's faders are the bundled plan on the carefully recorded project, plus a taste and noise of
1 dB. Models are learned from some songs and measured on others; all errors are as in
``taste.check``. For invented engineers the bundled plan is the truth, so it does not matter that
the bundled model has seen these songs. For human mixes it does: there each song's gains come from
the linear part of the bundled model, fitted anew without that song (the trees add next to nothing).
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reaper_drumgain.learn.data.human_faders import load_human_faders
from reaper_drumgain.learn.data.kits import KITS
from reaper_drumgain.learn.data.performances import choose_performances
from reaper_drumgain.learn.data.rendered_songs import renderings
from reaper_drumgain.learn.evidence.recorded_songs import (
    Float64,
    Generator,
    Recorded,
    recorded,
    without,
)
from reaper_drumgain.learn.taste.check import error_db, predicted
from reaper_drumgain.learn.taste.fit import fit
from reaper_drumgain.methods.forest import ForestMethod, linear_part
from reaper_drumgain.methods.user_model import (
    MAX_DEPARTURE_DB,
    FinishedProject,
    FinishedTrack,
    level_departures,
)

#: what an engineer adds to a role, for a level so many dB over the usual
Taste = Callable[[str, float], float]

SECONDS, NOISE_DB = 12.0, 1.0
_CONSTANT = {"snare top": 3.0, "snare bottom": 3.0, "snare": 3.0, "overhead": -4.0, "room": -5.0}
_WIDE = ("overhead", "room")


def constant(role: str, over: float) -> float:  # noqa: ARG001 - a taste is given the level
    """Snare +3, overheads -4, rooms -5 dB."""
    return _CONSTANT.get(role, 0.0)


def by_level(role: str, over: float) -> float:
    """As ``constant``; besides, louder tracks are set louder still, wide microphones softer."""
    return constant(role, over) + (-0.3 if role in _WIDE else 0.3) * over


@dataclass(frozen=True)
class Bench:
    """Songs to learn from and to measure on. ``template``: by role, the usual loudness."""

    songs: Sequence[Recorded]
    template: dict[str, float]

    def project(
        self, song: Recorded, taste: Taste, rng: Generator, *, careless: bool = False
    ) -> FinishedProject:
        """An invented engineer's project of a song.

        Parameters
        ----------
        song
            The song.
        taste
            What the engineer adds to a role.
        rng
            Draws the noise.
        careless
            Use the careless levels.

        Returns
        -------
        FinishedProject
            To learn from, or to measure on.
        """
        over = level_departures(song.roles, song.loudness_lufs, self.template, MAX_DEPARTURE_DB)
        wanted = np.array([taste(role, x) for role, x in zip(song.roles, over, strict=True)])
        target = song.bundled_db + wanted + rng.normal(0.0, NOISE_DB, wanted.size)
        bundled, loudness = song.bundled_db, song.loudness_lufs
        if careless:
            target, bundled, loudness = target - song.shift_db, song.careless_db, song.careless_lufs
        return finished(song, target, bundled, loudness, f"{rng.integers(1 << 60)}")

    def split(self, rng: Generator, count: int) -> tuple[list[Recorded], list[Recorded]]:
        """So many songs to learn from, each in one of its renderings, and all renderings of the
        songs that are left."""
        by_song: dict[str, list[Recorded]] = defaultdict(list)
        for song in self.songs:
            by_song[song.song].append(song)
        names = rng.permutation(sorted(by_song)).tolist()
        seen = [by_song[name][int(rng.integers(len(by_song[name])))] for name in names[:count]]
        return seen, [song for name in names[count:] for song in by_song[name]]


def finished(
    song: Recorded, target: Float64, bundled: Float64, loudness: Float64, name: str
) -> FinishedProject:
    """A project with certain gains; tracks without a target are left out.

    Parameters
    ----------
    song
        The song, for its roles.
    target, bundled
        Shape (tracks,): the user's gains and the bundled model's in dB; targets may be NaN.
    loudness
        Shape (tracks,): in LUFS.
    name
        The name of the project.

    Returns
    -------
    FinishedProject
        Of a session of its own.
    """
    return FinishedProject(
        name=name,
        media=(f"{name}:1",),
        tracks=tuple(
            FinishedTrack(
                name=role,
                role=role,
                target_db=float(target[place]),
                bundled_db=float(bundled[place]),
                loudness_lufs=float(loudness[place]),
            )
            for place, role in enumerate(song.roles)
            if np.isfinite(target[place])
        ),
    )


def plain_offsets(projects: Sequence[FinishedProject]) -> dict[str, float]:
    """The mean departure of each role, kits centred: what is compared with."""
    found: dict[str, list[float]] = defaultdict(list)
    for project in projects:
        departures = np.array([track.target_db - track.bundled_db for track in project.tracks])
        for track, value in zip(project.tracks, departures - departures.mean(), strict=True):
            found[track.role].append(float(value))
    return {role: float(np.mean(values)) for role, values in found.items()}


def draw(
    bench: Bench, taste: Taste, rng: Generator, count: int, *, careless: bool = False
) -> dict[str, float]:
    """The errors of one draw on songs that were not learned from.

    Parameters
    ----------
    bench
        Songs to learn from and to measure on.
    taste
        What the engineer adds to a role.
    rng
        Draws songs and noise.
    count
        Songs to learn from.
    careless
        Use the careless levels.

    Returns
    -------
    dict
        Mean errors in dB, by what predicts.
    """
    seen, unseen = bench.split(rng, count)
    projects = [bench.project(song, taste, rng, careless=careless) for song in seen]
    found, plain = fit(projects, bench.template), plain_offsets(projects)
    errors: dict[str, list[float]] = defaultdict(list)
    for song in unseen:
        held = bench.project(song, taste, rng, careless=careless)
        bundled = np.array([track.bundled_db for track in held.tracks])
        over = level_departures(song.roles, song.loudness_lufs, bench.template, MAX_DEPARTURE_DB)
        true = np.array([taste(role, x) for role, x in zip(song.roles, over, strict=True)])
        added = np.array([plain.get(role, 0.0) for role in song.roles])
        for name, gains in {
            "own model": predicted(found, bench.template, held),
            "bundled": bundled,
            "plain offsets": bundled + added,
            "true taste": bundled + true,
        }.items():
            errors[name].append(error_db(gains, held))
    return {name: float(np.mean(values)) for name, values in errors.items()}


def any_engineer(rng: Generator) -> Taste:
    """An engineer by chance: half of them have no taste of their own, the others depart by 2 dB
    (standard deviation) on each role."""
    has_taste = rng.uniform() < 0.5
    offsets: dict[str, float] = defaultdict(lambda: float(rng.normal(0.0, 2.0)) * has_taste)
    return lambda role, _over: offsets[role]


def invented(bench: Bench, draws: int, seed: int, tell: Callable[[str], None]) -> str:
    """The figures of invented engineers.

    Parameters
    ----------
    bench
        Songs to learn from and to measure on.
    draws
        Of each case.
    seed
        Of the random generators.
    tell
        Called with the case that is under way.

    Returns
    -------
    str
        A table as text.
    """
    cases: Mapping[str, tuple[Taste | None, int, bool, int]] = {
        "constant taste, 8 projects": (constant, 8, False, draws),
        "... careless levels (+-12 dB)": (constant, 8, True, draws),
        "taste by level and role, 8 projects": (by_level, 8, False, draws),
        "constant taste, 3 projects": (constant, 3, False, draws),
        "any engineer, 3 projects": (None, 3, False, draws),
        "constant taste, 1 project": (constant, 1, False, 200),
        "any engineer, 1 project": (None, 1, False, 200),
    }
    names = ("own model", "bundled", "plain offsets", "true taste")
    head = "  ".join(f"{name:>13}" for name in names)
    lines = [f"{'mean error in dB':36}  {head}  worse by over 0.2 dB"]
    for case, (taste, count, careless, times) in cases.items():
        tell(case)
        found = []
        for number in range(times):
            rng = np.random.default_rng([seed, number])
            found.append(draw(bench, taste or any_engineer(rng), rng, count, careless=careless))
        means = {name: float(np.mean([one[name] for one in found])) for name in names}
        worse = float(np.mean([one["own model"] > one["bundled"] + 0.2 for one in found]))
        row = "  ".join(f"{means[name]:13.2f}" for name in names)
        lines.append(f"{case:36}  {row}  {worse:6.1%} of {times}")
    return "\n".join(lines)


def human(bench: Bench, tell: Callable[[str], None]) -> str:
    """The figures of human mixes as text.

    Each mix is predicted by a model of the other mixes of its song, and by one of the mixes of the
    other songs. The data does not name the engineers.
    """
    first = {song.song: song for song in reversed(bench.songs)}
    mixes = {
        name: [
            project
            for number, target in enumerate(song.mixes_db)
            if len((project := _mix(song, target, f"{name} {number}")).tracks) >= 3
        ]
        for name, song in first.items()
    }
    lines = [f"{'song':28}  mixes  own model of the song  of other songs  without any"]
    sums: list[tuple[float, float, float]] = []
    for name, projects in mixes.items():
        if len(projects) < 3:
            continue
        tell(name)
        others = [project for other, held in mixes.items() if other != name for project in held]
        elsewhere = fit(others, bench.template)
        found = []
        for project in projects:
            rest = [other for other in projects if other is not project]
            own = predicted(fit(rest, bench.template), bench.template, project)
            bundled = np.array([track.bundled_db for track in project.tracks])
            away = predicted(elsewhere, bench.template, project)
            found.append([error_db(gains, project) for gains in (own, away, bundled)])
        row = np.mean(found, axis=0).tolist()
        sums.append((row[0], row[1], row[2]))
        lines.append(
            f"{name[:28]:28}  {len(projects):5}  {row[0]:21.2f}  {row[1]:14.2f}  {row[2]:11.2f}"
        )
    mean = np.mean(sums, axis=0).tolist()
    wins = sum(own < bundled for own, _, bundled in sums)
    lines.append(f"{'mean':28}  {'':5}  {mean[0]:21.2f}  {mean[1]:14.2f}  {mean[2]:11.2f}")
    lines.append(f"mixes of one song predict its other mixes better in {wins} of {len(sums)} songs")
    return "\n".join(lines)


def _mix(song: Recorded, target: Float64, name: str) -> FinishedProject:
    return finished(song, target, song.unseen_db, song.loudness_lufs, name)


def load(
    data: Path, cache: Path | None, performances: int, seed: int, tell: Callable[[str], None]
) -> Bench:
    """The songs, rendered with both kits and measured.

    Parameters
    ----------
    data
        The folder with ``human_faders``, ``kits`` and ``groove``.
    cache
        A folder for measurements. None for none.
    performances
        Of each song and kit.
    seed
        Of the random generators.
    tell
        Called with what is being done.

    Returns
    -------
    Bench
        With all renderings.
    """
    made = renderings(
        load_human_faders(data / "human_faders"),
        data,
        kits=KITS,
        performances=choose_performances(data / "groove", performances, SECONDS, seed),
        seed=seed,
        cache=cache,
        progress=lambda what, share: tell(f"{what} {share:.0%}"),
    )
    rng = np.random.default_rng(seed)
    template = dict(linear_part(ForestMethod().model).template_lufs)
    unseen = {name: without(name, made) for name in dict.fromkeys(r.song.name for r in made)}
    found = [recorded(rendering, unseen[rendering.song.name], rng) for rendering in made]
    return Bench(found, template)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="what a user's own model is worth")
    parser.add_argument("--data", type=Path, required=True, help="with human_faders, kits, groove")
    parser.add_argument("--cache", type=Path, help="keep what was measured here")
    parser.add_argument("--performances", type=int, default=2, help="of each song and kit")
    parser.add_argument("--draws", type=int, default=60, help="of each case but those with one")
    parser.add_argument("--seed", type=int, default=527)
    parser.add_argument("--human", action="store_true", help="human mixes alone")
    options = parser.parse_args(arguments)

    def tell(doing: str) -> None:
        sys.stderr.write(f"{doing}\n")

    bench = load(options.data, options.cache, options.performances, options.seed, tell)
    if not options.human:
        sys.stdout.write(f"{invented(bench, options.draws, options.seed, tell)}\n\n")
    sys.stdout.write(f"{human(bench, tell)}\n")


if __name__ == "__main__":
    main()
