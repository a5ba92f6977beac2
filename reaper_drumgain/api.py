"""The public interface: balance a project file, or arrays in memory, from a Python program.

All names are also in the package itself (``import reaper_drumgain``). They follow semantic
versions: what is documented here changes in an incompatible way only with the first number of
the version (before 1.0: with the second). Everything else of the package is internal.

>>> import numpy as np
>>> import reaper_drumgain as drumgain
>>> rate = 48000
>>> time = np.arange(4 * rate) / rate
>>> decay = np.exp(-20.0 * (time % 0.5))  # two strokes a second
>>> kick = 0.5 * decay * np.sin(2.0 * np.pi * 60.0 * time)
>>> snare = 0.05 * decay * np.sin(2.0 * np.pi * 200.0 * time)
>>> settings = drumgain.Settings(method="equal-loudness")
>>> plan = drumgain.balance_arrays([kick, snare], rate, ["Kick", "Snare"], settings)
>>> [(track.name, track.role_text) for track in plan.tracks]
[('Kick', 'kick'), ('Snare', 'snare')]
>>> kick_db, snare_db = (track.new_db for track in plan.tracks)
>>> kick_db < 0.0 < snare_db
True

A project file is the same, and the plan can be written:

    project = drumgain.open_project("song.RPP")
    plan = project.balance(drumgain.Settings(amount=50.0))
    for track in plan.tracks:
        print(track.name, track.old_db, track.new_db, track.reason)
    written = project.apply(plan)          # in place; written.backup is the former file
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_drumgain.errors import DrumGainError, InputError
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Automation, Level, Settings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reaper_drumgain.hosts.rpp import ProjectFile, WriteReport

__all__ = [
    "Automation",
    "DrumGainError",
    "GainPlan",
    "Level",
    "Project",
    "Settings",
    "TrackPlan",
    "balance_arrays",
    "method_names",
    "open_project",
]

#: called with what is being done and the share of it that is done, 0 to 1
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Project:
    """A project file (.RPP) as it was when it was opened. Made by ``open_project``."""

    file: ProjectFile

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def session(self) -> Session:
        """Tracks, items, sends and markers, as plain data."""
        return self.file.session

    def balance(
        self,
        settings: Settings | None = None,
        *,
        cache: bool = False,
        progress: Progress | None = None,
    ) -> GainPlan:
        """The faders that the settings' method gives to the drum tracks. Nothing is written.

        Parameters
        ----------
        settings
            Method, amount (percent), level, roles, locks. None for the defaults.
        cache
            Whether the analysis of the audio is taken from the user's cache, and stored in it.
        progress
            Called with what is being done and the share of it, 0 to 1.

        Returns
        -------
        GainPlan
            For each drum track the old and the new fader in dB and the reason.

        Raises
        ------
        InputError
            The settings name a track, role or method that is not there, or a field has a value of
            another type.
        NothingToBalanceError
            No drum track may be moved.
        """
        from reaper_drumgain.balance.pipeline import balance
        from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer

        store = None
        if cache:
            from reaper_drumgain.cache.store import Store

            store = Store(lambda _: None)
        analyzer = ProjectAnalyzer(store, progress=progress)
        plan = balance(self.session, _checked(settings), analyzer=analyzer)
        analyzer.finish()
        return plan

    def apply(
        self,
        plan: GainPlan,
        output: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
    ) -> WriteReport:
        """Write the faders and envelopes of a plan.

        Parameters
        ----------
        plan
            What ``balance`` gave for this project.
        output
            The new file. None for the project itself, of which a backup is then made.
        overwrite
            Whether ``output`` may replace a file that exists.

        Returns
        -------
        WriteReport
            ``path`` of what was written and ``backup`` of the former file (None without one).

        Raises
        ------
        ConflictError
            The file has changed since it was opened, or the plan belongs to another project.
        InputError, ProjectError
            ``output`` is no project, or the place of a fader in the file is not clear.
        StorageError
            The system refuses to write, or the output exists. All files are as before.
        """
        from reaper_drumgain.hosts import rpp

        return rpp.apply_plan(self.file, plan, output, overwrite=overwrite)


def open_project(path: str | os.PathLike[str]) -> Project:
    """Read a REAPER project file.

    Parameters
    ----------
    path
        The file (.RPP).

    Returns
    -------
    Project
        The project as it is in the file now.

    Raises
    ------
    ProjectError
        The file is no whole REAPER project.
    StorageError
        The file cannot be read.
    """
    from reaper_drumgain.hosts import rpp

    return Project(rpp.read_project(path))


def balance_arrays(
    signals: Sequence[ArrayLike],
    rate: int,
    names: Sequence[str],
    settings: Settings | None = None,
    *,
    roles: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> GainPlan:
    """The faders for recordings in memory, one per track, all starting together.

    The signals are analyzed as tracks of a project with faders at 0 dB and no pan. They lie in
    temporary files (32 bits, floating point) for the time of the call.

    Parameters
    ----------
    signals
        Per track an array of shape (frames,) or (frames, 2), full scale is 1.0. Lengths may
        differ.
    rate
        Samples per second, of all signals.
    names
        The tracks' names, from which their roles are recognized ("Kick In", "OH L").
    settings
        Method, amount (percent), level, locks. None for the defaults.
    roles
        Roles by track name where the names do not show them, like ``{"Audio 07": "tom 2"}``.
    progress
        Called with what is being done and the share of it, 0 to 1.

    Returns
    -------
    GainPlan
        ``plan.tracks`` has the new fader of each drum track in dB, in the order of the signals,
        and ``plan.untouched`` the tracks that are no drum microphones.

    Raises
    ------
    InputError
        Shapes, rate, names or settings do not fit.
    NothingToBalanceError
        No name is that of a drum microphone.
    """
    import tempfile
    from dataclasses import replace

    from reaper_drumgain.balance.arrays import checked_signals, session_of
    from reaper_drumgain.balance.pipeline import balance
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer

    tracks = checked_signals(signals, rate, names)
    if not tracks:
        raise InputError("there are no signals: expected one for each microphone of the drums")
    settings = _checked(settings)
    if roles:
        settings = replace(settings, roles=(*settings.roles, *roles.items()))
    with tempfile.TemporaryDirectory(prefix="drumgain-") as folder:
        session = session_of(tracks, rate, names, Path(folder))
        return balance(session, settings, analyzer=ProjectAnalyzer(progress=progress))


def method_names() -> tuple[str, ...]:
    """The names that ``Settings.method`` takes, the default first, those of plug-ins last."""
    from reaper_drumgain import methods

    return methods.known_names()


def _checked(settings: Settings | None) -> Settings:
    """The settings, with every field checked: a misspelled word must not be passed over."""
    if settings is None:
        return Settings()
    if not isinstance(settings, Settings):
        raise InputError(
            f"the settings are {settings!r:.60}: expected drumgain.Settings, like "
            "drumgain.Settings(amount=50.0)"
        )
    try:
        return Settings.from_json(settings.to_json())
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"{error} (help(drumgain.Settings) describes the fields)") from error
