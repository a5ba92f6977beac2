"""REAPER's rules for tracks that the project file host and the live host both apply.

Channel fields of receives: the low 10 bits of the source are its first channel, above them 0
is a stereo pair, 1 one channel and n above that 2n channels. Bit 10 of the target mixes down
to mono. Playback offset: seconds by which a track plays its media later; bit 0 of the flags
switches it off, bit 1 says that it is in samples. Standard library only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reaper_drumgain.schema.session import SendMode, Track

#: keys of what the user stored on the track itself: behind ``P_EXT:`` in REAPER's scripts, in
#: the ``<EXT`` block of a track in project files
ROLE_KEY, LOCK_KEY = "drumgain_role", "drumgain_lock"
#: REAPER 7's limit (64 before)
MAX_CHANNELS = 128
#: the highest sample rate of a project, in Hz
MAX_SAMPLE_RATE = 1_536_000
#: REAPER's numbers (I_FREEMODE, FREEMODE in files) of how the items of a track are placed
FREE_POSITIONING, FIXED_LANES = 1, 2
#: REAPER's numbers of the pan modes with two pans: position and width, left and right
STEREO_PAN, DUAL_PAN = 5, 6
#: the lines that REAPER 7 writes for an envelope that is shown in its own lane
NEW_ENVELOPE = (
    *("ACT 1 -1", "VIS 1 1 1", "LANEHEIGHT 0 0", "ARM 0", "DEFSHAPE 0 -1 -1", "VOLTYPE 1"),
)
_SEND_MODES: dict[int, SendMode] = {0: "post-fader", 1: "pre-fx", 2: "pre-fader", 3: "pre-fader"}
#: since 7.78
_SEND_MODES[8] = "pre-receive"


class FolderDepth:
    """Finds the folder of each track from each track's change of depth.

    REAPER calls that I_FOLDERDEPTH; in files it is the second value of ISBUS. Tracks are given in
    order.
    """

    def __init__(self) -> None:
        self._open: list[int] = []

    def place(self, index: int, change: int, warnings: list[str]) -> tuple[int | None, bool]:
        """The folder of the next track, and whether the track is a folder itself.

        Parameters
        ----------
        index
            The index of the track.
        change
            Folders that open (above 0) or close (below 0) behind the track.
        warnings
            Gets half a sentence on a change that cannot be meant.

        Returns
        -------
        parent : int or None
            The index of the folder track.
        folder : bool
            Whether the track is a folder.
        """
        parent = self._open[-1] if self._open else None
        if change > 0:
            self._open.append(index)
            if change > 1:
                warnings.append(f"opens {change} folder levels at once: counted as one")
        elif change < 0:
            if -change > len(self._open):
                warnings.append(
                    f"closes {-change} folders where {len(self._open)} are open: all are closed"
                )
            del self._open[max(0, len(self._open) + change) :]
        return parent, change > 0


@dataclass(frozen=True, slots=True)
class SendChannels:
    """The channels of a send, as ``Send`` has them.

    Attributes
    ----------
    source
        The first channel of the source, from 0; -1 sends no audio.
    target
        The first channel of the target, from 0.
    count
        How many channels are sent.
    mono
        Whether they are mixed down to one.
    """

    source: int
    target: int
    count: int
    mono: bool


def send_channels(source: int, target: int) -> SendChannels:
    """The channels that REAPER's source and target channel fields mean; -1 sends no audio."""
    width = source >> 10
    return SendChannels(
        source=-1 if source < 0 else source & 1023,
        target=max(0, target) & 1023,
        count=2 if width <= 0 else 1 if width == 1 else min(2 * width, MAX_CHANNELS),
        mono=bool(target >= 0 and target & 1024),
    )


def send_mode(number: int, warnings: list[str]) -> SendMode:
    """The place on the source track that REAPER's number of a send mode means."""
    if number not in _SEND_MODES:
        warnings.append(f"a receive has the unknown mode {number}: post-fader is assumed")
    return _SEND_MODES.get(number, "post-fader")


def media_shift(offset: float, flags: int, sample_rate: int | None, warnings: list[str]) -> float:
    """By how many seconds a track plays its media later.

    Parameters
    ----------
    offset
        REAPER's playback offset, in seconds or in samples.
    flags
        Bit 0 switches it off, bit 1 says that it is in samples.
    sample_rate
        The project's in Hz; None where it follows the audio device.
    warnings
        Gets half a sentence where samples cannot be turned into seconds.

    Returns
    -------
    float
        Seconds, 0 for in time.
    """
    if offset == 0.0 or flags & 1:
        return 0.0
    if not flags & 2:
        return offset
    if sample_rate is None:
        warnings.append(f"plays its media {offset:g} samples later: the offset is ignored")
        return 0.0
    return offset / sample_rate


def clamp_pan(value: float) -> float:
    """A pan or width within -1 to 1."""
    return min(1.0, max(-1.0, value))


def width_of(mode: int, width: float) -> tuple[float, float] | None:
    """The width of a track as ``Track.dual_pan``, for all pan modes but dual pan.

    The balance modes narrow by it, too; there it is usually 1, which changes nothing: None.
    """
    return (width, 0.0) if mode == STEREO_PAN or width != 1.0 else None


def with_shared_guids_noted(tracks: Sequence[Track]) -> tuple[Track, ...]:
    """The tracks, with a warning on each whose GUID another one has too."""
    counts = Counter(track.guid for track in tracks)
    shared = "shares its GUID with another track: name it by number"
    return tuple(
        replace(track, warnings=(*track.warnings, shared))
        if track.guid is not None and counts[track.guid] > 1
        else track
        for track in tracks
    )


def master_warnings(*, muted: bool, play_rate: float, volume_envelope: bool) -> Iterator[str]:
    """What of the master track and the play rate is not followed.

    Parameters
    ----------
    muted
        Whether the master is muted.
    play_rate
        The project's play rate, 1 for normal speed.
    volume_envelope
        Whether the master has an active volume envelope.

    Yields
    ------
    str
        One sentence for each.
    """
    if muted:
        yield "the master is muted: levels are computed as if it were not"
    if play_rate != 1.0:
        yield f"the project plays at rate {play_rate:g}: levels are measured at rate 1"
    if volume_envelope:
        yield "the master has a volume envelope: it is ignored"
