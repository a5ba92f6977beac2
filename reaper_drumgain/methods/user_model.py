"""A user's own model: departures from the bundled one, and what they were learned from.

A model holds, for each role, by how many dB the user's faders depart from the bundled model's
against the mean of the kit, and how that changes with the recorded level. The bundled forest still
makes the gains. A file is one JSON document. It is untrusted input like every model: its size, its
types and its numbers are checked before anything is made of it (``parse``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reaper_drumgain.errors import InputError, ModelError
from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.model_name import check_name
from reaper_drumgain.tracks.roles import ROLE_NAMES, Role

Float64 = npt.NDArray[np.float64]

KIND, FORMAT = "drumgain user model", 1
MAX_BYTES = 4 << 20
MAX_PROJECTS, MAX_TRACKS = 1000, 256
#: bounds of what is plausible: departures in dB, dB per dB, levels
MAX_OFFSET_DB, MAX_SLOPE, MAX_LEVEL_DB = 40.0, 1.0, 200.0
#: a level counts as at most so many dB away from the usual one
MAX_DEPARTURE_DB = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTaste:
    """How a user treats one role.

    ``offset_db``: the departure from the bundled model, against the mean of the kit, ``sd_db`` its
    standard deviation. ``slope``: what is added for each dB by which a track was recorded louder
    than usual for its role, against the mean of the kit. ``tracks``, ``projects``: how many were
    seen; 0 for a role that takes after its family.
    """

    offset_db: float
    sd_db: float
    slope: float = 0.0
    slope_sd: float = 0.0
    tracks: int = 0
    projects: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTrack:
    """A drum track of a finished project: where the user has it, and where the bundled model would.

    ``target_db``: fader and path together; ``bundled_db``: the bundled gain; only differences
    within a project have a meaning. ``loudness_lufs``: before the fader. ``effects``: effects
    whose level was not measured stand between the audio and the fader.
    """

    name: str
    role: str
    target_db: float
    bundled_db: float
    loudness_lufs: float
    effects: bool = False
    side: str | None = None
    ordinal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedProject:
    """What is learned from one project. ``media``: its drum files as ``name:bytes``, by which two
    projects of one session are known. ``left_out``: drum tracks that say nothing, and why."""

    name: str
    tracks: tuple[FinishedTrack, ...]
    media: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How a model did on projects that it was not learned from, one session left out at a time.

    ``sessions``: how many there were. ``error_db``, ``bundled_db``: mean error of the user's and of
    the bundled model's faders, the common level removed; None where there was one session only.
    ``verdict``: what follows, in sentences.
    """

    sessions: int
    error_db: float | None = None
    bundled_db: float | None = None
    verdict: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """A model as it is kept.

    ``created``: when, in ISO 8601. ``bundled_sha256``: of the bundled forest that it departs from.
    ``template_lufs``: by role, the usual loudness that levels are compared with. ``noise_db``: how
    much the user's faders scatter around the model. ``range_db``: the levels that were seen lie
    within so many dB of the usual ones.
    """

    name: str
    created: str
    version: str
    bundled_sha256: str
    template_lufs: dict[str, float]
    roles: dict[str, RoleTaste]
    noise_db: float
    range_db: float
    projects: tuple[FinishedProject, ...]
    check: Check

    def departures(self, roles: Sequence[Role], loudness_lufs: Float64) -> Float64:
        """(tracks,) dB that the user adds to the bundled gains of a kit; mean 0.

        ``loudness_lufs`` (tracks,): before the faders, finite.
        """
        if not len(roles):
            return np.zeros(0)
        level = level_departures(
            [role.name for role in roles], loudness_lufs, self.template_lufs, self.range_db
        )
        held = [self.roles[role.name] for role in roles]
        added = np.array([taste.offset_db for taste in held])
        added = added + np.array([taste.slope for taste in held]) * level
        return np.asarray(added - added.mean())


def level_departures(
    roles: Sequence[str], loudness_lufs: Float64, template_lufs: dict[str, float], range_db: float
) -> Float64:
    """(tracks,) how much louder than usual for its role each track is, in dB, against the mean of
    the kit and within ``range_db``."""
    over = np.asarray(loudness_lufs) - np.array([template_lufs[role] for role in roles])
    return np.asarray(np.clip(over - over.mean(), -range_db, range_db))


def dump(model: UserModel) -> bytes:
    """The bytes of a model's file."""
    return (json_codec.dumps(model, kind=KIND, schema=FORMAT, indent=1) + "\n").encode("utf-8")


def parse(content: bytes, name: str) -> UserModel:
    """The model that ``dump`` wrote. ``name``: of the file, for messages. Raises ModelError."""
    if len(content) > MAX_BYTES:
        raise ModelError(f"{name}: larger than {MAX_BYTES} bytes")
    try:
        model = json_codec.loads(content, UserModel, kind=KIND, schema=FORMAT)
    except (InputError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{name}: {error}: learn the model again") from error
    wrong = _fault(model)
    if wrong:
        raise ModelError(f"{name}: {wrong}: learn the model again")
    return model


def _fault(model: UserModel) -> str | None:
    """What is out of bounds, None where nothing is."""
    try:
        check_name(model.name)
    except InputError as error:
        return str(error)
    if set(model.roles) != set(ROLE_NAMES) or set(model.template_lufs) != set(ROLE_NAMES):
        return "does not hold a level for each role"
    if not all(abs(level) <= MAX_LEVEL_DB for level in model.template_lufs.values()):
        return f"holds what is no level within +-{MAX_LEVEL_DB:g} dB"
    for role, taste in model.roles.items():
        sane = abs(taste.offset_db) <= MAX_OFFSET_DB and abs(taste.slope) <= MAX_SLOPE
        sane = sane and min(taste.sd_db, taste.slope_sd, taste.tracks, taste.projects) >= 0
        if not (sane and max(taste.sd_db, taste.slope_sd) <= MAX_LEVEL_DB):
            return f"what it adds to {role} is out of bounds"
    if not (0 <= model.noise_db <= MAX_LEVEL_DB and 0 <= model.range_db <= MAX_DEPARTURE_DB):
        return "its scatter or its range of levels is out of bounds"
    if len(model.projects) > MAX_PROJECTS:
        return f"holds more than {MAX_PROJECTS} projects"
    return next((fault for fault in map(_project_fault, model.projects) if fault), None)


def _project_fault(project: FinishedProject) -> str | None:
    if len(project.tracks) > MAX_TRACKS:
        return f"project {project.name[:80]!r} holds more than {MAX_TRACKS} tracks"
    for track in project.tracks:
        levels = (track.target_db, track.bundled_db, track.loudness_lufs)
        if track.role not in ROLE_NAMES or not all(abs(one) <= MAX_LEVEL_DB for one in levels):
            return f"track {track.name[:80]!r} has an unknown role or impossible levels"
        if not all(map(math.isfinite, levels)):
            return f"track {track.name[:80]!r} has levels that are no numbers"
    return None
