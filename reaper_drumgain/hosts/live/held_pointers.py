"""Pointers that are held from one tick to the next, and whether what they point to still exists.

REAPER's count of changes does not move for what other scripts write outside of undo blocks, so
an item can be deleted between two ticks without a sign of it. Using its pointer then would crash
REAPER.
"""

from __future__ import annotations

from reaper_drumgain.hosts.live.reaper import Calls, Project

#: what a function returns, as REAPER's ``ValidatePtr2`` names it
_TYPES = {
    "GetTrack": b"MediaTrack*",
    "GetTrackMediaItem": b"MediaItem*",
    "GetActiveTake": b"MediaItem_Take*",
    "GetTake": b"MediaItem_Take*",
    "GetTakeEnvelope": b"TrackEnvelope*",
    "GetTrackEnvelopeByChunkName": b"TrackEnvelope*",
}
_TRACK = _TYPES["GetTrack"]


class HeldCalls(Calls):
    """Calls that remember the tracks, and what was found of the track that is read at present."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._held: dict[int, bytes] = {}

    def child(self, name: str, pointer: int, *places: int) -> int:
        """As ``Calls.child``; what is found is remembered."""
        return self._remembered(name, super().child(name, pointer, *places))

    def named_child(self, name: str, pointer: int, key: bytes) -> int:
        """As ``Calls.named_child``; what is found is remembered."""
        return self._remembered(name, super().named_child(name, pointer, key))

    def _remembered(self, name: str, found: int) -> int:
        kind = _TYPES.get(name)
        if found and kind is not None:
            self._held[found] = kind
        return found

    def forget_parts(self) -> None:
        """Forget what is in a track once that has been read: it is not used again."""
        self._held = {held: kind for held, kind in self._held.items() if kind == _TRACK}

    def are_valid(self) -> bool:
        """Whether everything that is held still exists in the project."""
        validate = self.function("ValidatePtr2", "bool", "pointer", "pointer", "text")
        address = self._project.address
        return all(validate(address, held, kind) for held, kind in self._held.items())
