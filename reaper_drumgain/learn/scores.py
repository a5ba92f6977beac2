"""Leave one song out: methods against the median engineer, common offset removed.

Error of a song: mean over its tracks of |gain - target - common offset|, the offset being
the median over the tracks of gain - target. Scores are means over songs. "Shifted": every
raw track louder or softer by a random amount, its target the other way, as if it had been
recorded at another level; the same seeded draws for all methods. Where a method hears the
audio, each draw takes another of the song's renderings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reaper_drumgain.features import FeatureTable
from reaper_drumgain.learn.dataset import Progress, Rendering
from reaper_drumgain.learn.fit import (
    FitSettings,
    LevelPart,
    centred_error,
    fit_forest,
    fit_level_part,
    fit_role_levels,
)
from reaper_drumgain.learn.human_faders import Float64
from reaper_drumgain.methods.forest import predict
from reaper_drumgain.roles import Role

FOREST = "forest"


@dataclass(frozen=True)
class Case:
    """A session to balance: roles and channels of its tracks, and their features."""

    roles: Sequence[Role]
    channels: Sequence[int]
    table: FeatureTable


#: gains (tracks,) in dB of a session
GainRule = Callable[[Case], Float64]


@dataclass(frozen=True)
class Scores:
    """Errors in dB by method: ``recorded`` (songs,) and per shift width (songs, draws).

    ``slopes``: mean change of a track's own gain, relative to the mean of the others, per
    dB that it was recorded louder; ``widths_db``: what each fold chose.
    """

    songs: tuple[str, ...]
    recorded: Mapping[str, Float64]
    shifted: Mapping[float, Mapping[str, Float64]]
    slopes: Mapping[str, float]
    widths_db: tuple[float, ...]

    def summary(self) -> dict[str, dict[str, float]]:
        """Per method the mean over songs as recorded and shifted, in dB, and the slope."""
        rows: dict[str, dict[str, float]] = {}
        for method, recorded in self.recorded.items():
            row = {"recorded": float(recorded.mean())}
            for width, errors in self.shifted.items():
                row[f"shifted {width:g}"] = float(errors[method].mean())
            row["slope"] = self.slopes[method]
            rows[method] = {name: round(value, 4) for name, value in row.items()}
        return rows

    def text(self) -> str:
        """The table for people."""
        summary = self.summary()
        names = list(next(iter(summary.values())))
        wide = max(map(len, summary))
        heads = [name.replace("shifted ", "+-") for name in names]
        lines = [" " * wide + "".join(f"{head:>10}" for head in heads)]
        for method, row in summary.items():
            lines.append(f"{method:<{wide}}" + "".join(f"{row[name]:10.2f}" for name in names))
        return "\n".join(lines)


def leave_one_song_out(
    renderings: Sequence[Rendering],
    settings: FitSettings,
    *,
    draws: int,
    widths_db: Sequence[float] = (6.0, 12.0),
    progress: Progress | None = None,
) -> Scores:
    """Fits on all songs but one, measures on that one, for each song in turn."""
    songs = list({rendering.song.name: rendering.song for rendering in renderings}.values())
    recorded: dict[str, list[float]] = {}
    shifted: dict[float, dict[str, list[list[float]]]] = {width: {} for width in widths_db}
    slopes: dict[str, list[float]] = {}
    chosen = []
    for place, song in enumerate(songs):
        if progress:
            progress(f"without {song.name}", place / len(songs))
        rest = [item for item in renderings if item.song is not song]
        own = [item for item in renderings if item.song is song]
        rules, width = fold_rules(rest, settings)
        chosen.append(width)
        still = np.zeros(len(song.tracks))
        for method, rule in rules.items():
            errors = [_error(rule, item, still) for item in own]
            recorded.setdefault(method, []).append(float(np.mean(errors)))
            slopes.setdefault(method, []).append(_slope(rule, own[0]))
        for width_db in widths_db:
            chance = np.random.default_rng([settings.seed, place, round(width_db * 10)])
            shifts = chance.uniform(-width_db, width_db, (draws, len(song.tracks)))
            for method, rule in rules.items():
                errors = [
                    _error(rule, own[draw % len(own)], shift) for draw, shift in enumerate(shifts)
                ]
                shifted[width_db].setdefault(method, []).append(errors)
    if progress:
        progress("measured", 1.0)
    return Scores(
        songs=tuple(song.name for song in songs),
        recorded={method: np.array(errors) for method, errors in recorded.items()},
        shifted={
            width: {method: np.array(errors) for method, errors in held.items()}
            for width, held in shifted.items()
        },
        slopes={method: float(np.mean(held)) for method, held in slopes.items()},
        widths_db=tuple(chosen),
    )


def fold_rules(
    renderings: Sequence[Rendering], settings: FitSettings
) -> tuple[dict[str, GainRule], float]:
    """The baselines and the forest, fitted to these renderings alone; the width chosen."""
    songs = list({rendering.song.name: rendering.song for rendering in renderings}.values())
    forest = fit_forest(renderings, settings, {})
    part = fit_level_part(songs, forest.width_db, settings.shrink, settings.seed)
    levels = fit_role_levels(songs, settings.shrink)
    rules: dict[str, GainRule] = {
        "unity": lambda case: np.zeros(len(case.roles)),
        "equal-rms": lambda case: -case.table.column("rms_dbfs"),
        "equal-loudness": lambda case: -case.table.column("loudness_lufs"),
        "role-mean": _role_mean(levels.gain_db),
        "role-template": _role_template(levels.loudness_lu),
        "level part alone": _level_part(part),
        FOREST: lambda case: predict(forest, case.table, case.roles, case.channels),
    }
    return rules, forest.width_db


def _role_mean(means: Mapping[str, float]) -> GainRule:
    """Mean human gain of the role."""
    return lambda case: np.array([means[role.name] for role in case.roles])


def _role_template(means: Mapping[str, float]) -> GainRule:
    """Mean loudness of the role behind the fader, minus the track's loudness."""
    return lambda case: (
        np.array([means[role.name] for role in case.roles]) - case.table.column("loudness_lufs")
    )


def _level_part(part: LevelPart) -> GainRule:
    return lambda case: part.gains(case.roles, case.table.column("loudness_lufs"))


def _gains(rule: GainRule, rendering: Rendering, shift: Float64) -> Float64:
    tracks = rendering.song.tracks
    table = shifted_table(rendering.table, shift)
    return rule(Case([t.role for t in tracks], [t.channels for t in tracks], table))


def _error(rule: GainRule, rendering: Rendering, shift: Float64) -> float:
    return centred_error(_gains(rule, rendering, shift), rendering.song.target_db - shift)


def _slope(rule: GainRule, rendering: Rendering, step_db: float = 3.0) -> float:
    """Mean over tracks of the own gain's change against the mean of the others, per dB."""
    count = len(rendering.song.tracks)
    changes = []
    for track in range(count):
        shift = np.zeros(count)
        shift[track] = step_db
        change = _gains(rule, rendering, shift) - _gains(rule, rendering, np.zeros(count))
        changes.append((change[track] - np.delete(change, track).mean()) / step_db)
    return float(np.mean(changes))


def shifted_table(table: FeatureTable, shift: Float64) -> FeatureTable:
    """The columns that the rules above read, as if the tracks had been recorded that much
    louder; columns that compare tracks are NaN, so that nothing reads them unshifted."""
    values = np.full_like(table.values, np.nan)
    for place, name in enumerate(table.columns):
        if name in LEVEL_COLUMNS:
            values[:, place] = table.values[:, place] + shift
        elif name in OWN_COLUMNS:
            values[:, place] = table.values[:, place]
    return FeatureTable(table.columns, values)


#: columns that rise with the recording level, dB for dB
LEVEL_COLUMNS = frozenset({"loudness_lufs", "rms_dbfs", "peak_dbfs"})
#: columns that a change of recording level leaves alone
OWN_COLUMNS = frozenset({"crest_db", "centroid_hz", "bandwidth_hz", "rolloff_hz", "flatness"})
