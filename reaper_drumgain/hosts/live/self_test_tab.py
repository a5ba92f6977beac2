"""The temporary project of the self-test, and what its checks share."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.reaper import RPR, Project, current_project

T = TypeVar("T")
_NEW_TAB, _CLOSE_TAB = 40859, 40860
TRACKS, PROJECT, ALL = 1, 8, -1


class Tab:
    """The temporary project, with two tracks."""

    def __init__(self, before: Project) -> None:
        RPR.Main_OnCommandEx(_NEW_TAB, 0, before.pointer)
        self.before = before
        self.project = current_project()
        if self.project.address == before.address:
            raise RuntimeError("action 40859 (new project tab) opened no tab")
        RPR.InsertTrackAtIndex(0, False)
        RPR.InsertTrackAtIndex(1, False)

    # looked up each time: an undo that does more than expected also removes the tracks

    @property
    def one(self) -> str:
        """The first track."""
        return self._track(0)

    @property
    def two(self) -> str:
        """The second track."""
        return self._track(1)

    def _track(self, place: int) -> str:
        track = str(RPR.GetTrack(self.project.pointer, place))
        if not reaper.address(track):
            raise RuntimeError("a track of the temporary project is gone")
        return track

    def fader_step(self, value: float) -> str | None:
        """Write a fader in an undo block. Returns what is wrong with its undo point, or None."""
        name = f"self-test: fader {value:g}"
        RPR.Undo_BeginBlock2(self.project.pointer)
        try:
            self.set_fader(self.one, value)
        finally:
            RPR.Undo_EndBlock2(self.project.pointer, name, TRACKS)
        return expect("the undo point's name", RPR.Undo_CanUndo2(self.project.pointer), name)

    def fader(self, track: str) -> float:
        """A track's fader as a linear gain."""
        return float(RPR.GetMediaTrackInfo_Value(track, "D_VOL"))

    def set_fader(self, track: str, value: float) -> None:
        """Set a track's fader as a script does."""
        RPR.SetMediaTrackInfo_Value(track, "D_VOL", value)

    def close(self) -> None:
        """Close the tab without saving it, and go back to the one before."""
        if not reaper.is_open(self.project):
            return
        RPR.SelectProjectInstance(self.project.pointer)
        RPR.Main_OnCommandEx(_CLOSE_TAB, 0, self.project.pointer)
        if reaper.is_open(self.before):
            RPR.SelectProjectInstance(self.before.pointer)


def expect(what: str, got: Any, wanted: Any) -> str | None:
    """What is wrong with a value.

    Parameters
    ----------
    what
        What it is, for the sentence.
    got, wanted
        The value, and what it should be.

    Returns
    -------
    str or None
        None where both are equal.
    """
    return None if got == wanted else f"{what} is {got!r}, expected {wanted!r}"


def result(steps: Generator[Any, None, T]) -> T:
    """Run a generator to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found
