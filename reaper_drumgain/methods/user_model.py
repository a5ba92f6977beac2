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

    Attributes
    ----------
    offset_db, sd_db
        The departure from the bundled model in dB, against the mean of the kit, and its standard
        deviation.
    slope, slope_sd
        What is added for each dB by which a track was recorded louder than usual for its role,
        against the mean of the kit, in dB per dB, and its standard deviation.
    tracks, projects
        How many were seen; 0 for a role that gets the values of its family.
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

    Attributes
    ----------
    name, role, side, ordinal
        The track's name, and its role with side and number.
    target_db, bundled_db
        Fader and path together, and the bundled gain, in dB. Only differences within a project
        have a meaning.
    loudness_lufs
        Loudness before the fader.
    effects
        Effects whose level was not measured stand between the audio and the fader.
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
    """What is learned from one project.

    Attributes
    ----------
    name
        Name of the project.
    tracks
        Its drum tracks.
    media
        Its drum files as ``name:bytes``, by which two projects of one session are recognized.
    left_out
        Drum tracks that say nothing, and why.
    """

    name: str
    tracks: tuple[FinishedTrack, ...]
    media: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How a model did on projects that it was not learned from, one session left out at a time.

    Attributes
    ----------
    sessions
        How many there were.
    error_db, bundled_db
        Mean absolute error in dB of the user's and of the bundled model's faders, the common level
        removed; None where there was one session only.
    verdict
        What follows, in sentences.
    """

    sessions: int
    error_db: float | None = None
    bundled_db: float | None = None
    verdict: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """A user's own model as it is kept.

    Attributes
    ----------
    name
        Its name.
    created, version
        When it was made, in ISO 8601, and by which version of DrumGain.
    bundled_sha256
        Digest of the bundled forest that it departs from.
    template_lufs
        By role the usual loudness in LUFS that levels are compared with.
    roles
        How the user treats each role.
    noise_db
        Standard deviation in dB of the user's faders around the model.
    range_db
        Up to how many dB from the usual levels the levels that were seen lie.
    projects
        What it was learned from.
    check
        How it did on projects that it was not learned from.
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
        """What the user adds to the bundled gains of a kit.

        Parameters
        ----------
        roles
            Of n tracks.
        loudness_lufs
            Shape (n,): loudness before the faders, finite.

        Returns
        -------
        array
            Shape (n,), in dB, with mean 0.
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
    """How much louder than usual for its role each track of a kit is.

    Parameters
    ----------
    roles
        Names of the roles of n tracks.
    loudness_lufs
        Shape (n,): loudness before the faders.
    template_lufs
        By role the usual loudness.
    range_db
        Bound of the result.

    Returns
    -------
    array
        Shape (n,), in dB, against the mean of the kit, within -+ ``range_db``.
    """
    over = np.asarray(loudness_lufs) - np.array([template_lufs[role] for role in roles])
    return np.asarray(np.clip(over - over.mean(), -range_db, range_db))


def dump(model: UserModel) -> bytes:
    """The bytes of a model's file."""
    return (json_codec.dumps(model, kind=KIND, schema=FORMAT, indent=1) + "\n").encode("utf-8")


def parse(content: bytes, name: str) -> UserModel:
    """Read the model that ``dump`` wrote.

    Parameters
    ----------
    content
        The bytes of the file, from anybody.
    name
        Name of the file, for messages.

    Returns
    -------
    UserModel
        A model whose numbers were checked.

    Raises
    ------
    ModelError
        The file is damaged, of another version, or holds impossible numbers.
    """
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
        return f"holds a value that is no level within +-{MAX_LEVEL_DB:g} dB"
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
