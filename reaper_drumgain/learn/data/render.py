"""A performance and a sampled kit to one track per microphone.

Every hit of the kits was recorded by all microphones at once, so the bleed between the
rendered tracks is that of the real room. A performance is a MIDI file of the Groove
data set (Gillick et al. 2019); its notes follow Roland's map of a TD-11 kit as the data
set's documentation lists it. Velocities choose among the recorded hits, which are
sorted by loudness; no hit is made louder or quieter than it was played.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from reaper_drumgain.errors import InputError, MediaError

Audio = npt.NDArray[np.float32]

RATE = 44100

#: note numbers of the Groove data set, from its table of pitches (heads, rims, bows, edges)
PIECE_OF_NOTE: Mapping[int, str] = {
    36: "kick",
    38: "snare",
    40: "snare",
    37: "side stick",
    48: "tom 1",
    50: "tom 1",
    45: "tom 2",
    47: "tom 2",
    43: "tom 3",
    58: "tom 3",
    42: "hi-hat closed",
    22: "hi-hat closed",
    46: "hi-hat open",
    26: "hi-hat open",
    44: "hi-hat pedal",
    49: "crash 1",
    55: "crash 1",
    57: "crash 2",
    52: "crash 2",
    51: "ride",
    59: "ride",
    53: "ride bell",
}
PIECES = tuple(dict.fromkeys(PIECE_OF_NOTE.values()))
TOMS = ("tom 1", "tom 2", "tom 3")
#: what a closing hi-hat cuts off, and how fast
_CHOKED = "hi-hat open"
_CHOKING = ("hi-hat closed", "hi-hat pedal")
_CHOKE_SECONDS = 0.05
#: a hit may be this many places softer or louder in the kit's list than its velocity says,
#: so that repeated strokes of one velocity are not the same recording
_VARIATION = 0.9


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke: seconds from the start, the piece, and the velocity from 0 to 1."""

    time: float
    piece: str
    velocity: float


@dataclass(frozen=True, slots=True)
class Tap:
    """What one rendered track takes from the kit.

    ``microphones`` are averaged. With ``focus``, strokes of other pieces are
    ``rejection_db`` quieter, as in a microphone closer to the focus than the kit has.
    ``tilt_db``: level at 8 kHz against 125 Hz, a straight line over log frequency.
    """

    microphones: tuple[str, ...]
    focus: tuple[str, ...] = ()
    rejection_db: float = 0.0
    tilt_db: float = 0.0


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a kit keeps its hits: per piece a folder and a factor on the velocity."""

    microphones: tuple[str, ...]
    folders: Mapping[str, tuple[str, float]]


_LAYOUTS: Mapping[str, _Layout] = {
    "muldjord": _Layout(
        microphones=(
            "KdrumR",
            "Snare_top",
            "Snare_bottom",
            "Hihat",
            "Tom1",
            "Tom2",
            "Tom4",
            "RideR",
            "OHL",
            "OHR",
            "AmbL",
            "AmbR",
        ),
        folders={
            "kick": ("KdrumR", 1.0),
            "snare": ("Snare", 1.0),
            "side stick": ("SnareRest", 0.5),
            "hi-hat closed": ("HihatClosed", 1.0),
            "hi-hat pedal": ("HihatClosed", 0.5),
            "hi-hat open": ("HihatOpen", 1.0),
            "tom 1": ("Tom1", 1.0),
            "tom 2": ("Tom2", 1.0),
            "tom 3": ("Tom4", 1.0),
            "crash 1": ("CrashL", 1.0),
            "crash 2": ("CrashR", 1.0),
            "ride": ("RideR", 1.0),
            "ride bell": ("RideRBell", 1.0),
        },
    ),
    # The kit has no cymbals but its hi-hat: loose and open strokes stand in for them.
    "gogodze": _Layout(
        microphones=("kick", "snare", "oh", "side", "front", "window", "retro"),
        folders={
            "kick": ("ks", 1.0),
            "snare": ("sc", 1.0),
            "side stick": ("ss", 1.0),
            "hi-hat closed": ("hc", 1.0),
            "hi-hat pedal": ("hf", 1.0),
            "hi-hat open": ("hl", 1.0),
            "tom 1": ("th", 1.0),
            "tom 2": ("tm", 1.0),
            "tom 3": ("tl", 1.0),
            "crash 1": ("ho", 1.0),
            "crash 2": ("ho", 0.9),
            "ride": ("hh", 1.0),
            "ride bell": ("ht", 1.0),
        },
    ),
}
KITS = tuple(_LAYOUTS)


@dataclass(frozen=True)
class Kit:
    """A sampled kit on disk. Hits are decoded when first used and kept as 16-bit."""

    name: str
    folder: Path
    microphones: tuple[str, ...]
    hits: Mapping[str, tuple[tuple[Path, ...], ...]]
    velocity_factor: Mapping[str, float]
    _decoded: dict[tuple[str, int], npt.NDArray[np.int16]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def hit(self, piece: str, place: int) -> npt.NDArray[np.int16]:
        """One hit as (microphones, frames), all microphones aligned to the sample.

        Raises MediaError where a file is no 44.1 kHz mono audio.
        """
        known = self._decoded.get((piece, place))
        if known is None:
            known = _decode_hit(self.hits[piece][place])
            self._decoded[piece, place] = known
        return known


def load_kit(folder: Path) -> Kit:
    """The kit in a folder named after one of KITS. Raises InputError where it is none."""
    layout = _LAYOUTS.get(folder.name)
    if layout is None:
        raise InputError(f"{folder}: no known kit, expected a folder named {' or '.join(KITS)}")
    hits = {
        piece: _hits_in(folder / name, layout.microphones)
        for piece, (name, _) in layout.folders.items()
    }
    factors = {piece: factor for piece, (_, factor) in layout.folders.items()}
    return Kit(folder.name, folder, layout.microphones, hits, factors)


def _hits_in(folder: Path, microphones: tuple[str, ...]) -> tuple[tuple[Path, ...], ...]:
    stems = sorted({path.name.rpartition("-")[0] for path in folder.glob("*.flac")})
    if not stems:
        raise InputError(f"{folder}: expected .flac files of hits, found none")
    found = []
    for stem in stems:
        files = tuple(folder / f"{stem}-{microphone}.flac" for microphone in microphones)
        missing = [path.name for path in files if not path.is_file()]
        if missing:
            raise InputError(f"{folder}: hit {stem} lacks {', '.join(missing)}")
        found.append(files)
    return tuple(found)


def _decode_hit(files: tuple[Path, ...]) -> npt.NDArray[np.int16]:
    signals = []
    for path in files:
        try:
            signal, rate = soundfile.read(path, dtype="int16", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise MediaError(f"{path}: {error}") from error
        if rate != RATE or signal.shape[1] != 1:
            raise MediaError(
                f"{path}: expected {RATE} Hz mono, got {rate} Hz with {signal.shape[1]} channels"
            )
        signals.append(signal[:, 0])
    longest = max(len(signal) for signal in signals)
    whole = np.zeros((len(signals), longest), np.int16)
    for row, signal in zip(whole, signals, strict=True):
        row[: len(signal)] = signal
    return whole


def read_performance(path: Path) -> tuple[Stroke, ...]:
    """The strokes of a MIDI file in order of time; notes outside the map are left out.

    Raises InputError where the file is no MIDI.
    """
    import mido

    try:
        midi = mido.MidiFile(path)
        time, strokes = 0.0, []
        for message in midi:
            time += message.time
            if message.type == "note_on" and message.velocity > 0:
                piece = PIECE_OF_NOTE.get(message.note)
                if piece is not None:
                    strokes.append(Stroke(time, piece, message.velocity / 127))
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path}: not a MIDI file that can be read: {error}") from error
    return tuple(strokes)


def excerpt(strokes: Sequence[Stroke], start: float, length: float) -> tuple[Stroke, ...]:
    """The strokes of [start, start + length), with times from ``start``."""
    return tuple(
        Stroke(stroke.time - start, stroke.piece, stroke.velocity)
        for stroke in strokes
        if start <= stroke.time < start + length
    )


def liveliest(strokes: Sequence[Stroke], length: float, step: float = 2.0) -> float:
    """The start of the window of ``length`` seconds in which most pieces sound.

    Ties go to the window with more tom strokes, then to the earliest. Toms are rare in a
    performance; a tom track without a stroke would hold bleed alone.
    """
    end = max((stroke.time for stroke in strokes), default=0.0)
    starts = np.arange(0.0, max(end - length, 0.0) + step / 2, step)

    def worth(start: float) -> tuple[int, int]:
        pieces = [stroke.piece for stroke in excerpt(strokes, start, length)]
        return len(set(pieces)), sum(piece in TOMS for piece in pieces)

    return float(max(starts, key=lambda start: (*worth(start), -start)))


def render(
    kit: Kit,
    strokes: Sequence[Stroke],
    taps: Sequence[Tap],
    length: float,
    *,
    seed: int,
    piece_gains_db: Mapping[str, float] | None = None,
) -> Audio:
    """The performance as (taps, frames) float32 at RATE, ``length`` seconds long.

    ``seed`` decides which of the recorded hits near a velocity sounds: the same arguments
    give the same samples. ``piece_gains_db`` lifts or lowers pieces, on all microphones.
    Raises InputError for a microphone or piece that the kit lacks.
    """
    frames = round(length * RATE)
    sound = np.zeros((len(taps), frames), np.float32)
    gains = _tap_gains(kit, taps, piece_gains_db or {})
    chooser = np.random.default_rng(seed)
    ordered = sorted(strokes, key=lambda stroke: stroke.time)
    ends = _choke_times(ordered)
    for stroke, choked in zip(ordered, ends, strict=True):
        jitter = chooser.uniform(-_VARIATION, _VARIATION)
        begin = round(stroke.time * RATE)
        if not 0 <= begin < frames:
            continue
        hit = kit.hit(stroke.piece, _place(kit, stroke, jitter))
        cut = frames if choked is None else round((choked + _CHOKE_SECONDS) * RATE)
        count = min(hit.shape[1], frames - begin, cut - begin)
        heard = gains[stroke.piece] @ hit[:, :count].astype(np.float32)
        if choked is not None and count == cut - begin:
            fade = min(round(_CHOKE_SECONDS * RATE), count)
            heard[:, count - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        sound[:, begin : begin + count] += heard
    for row, tap in zip(sound, taps, strict=True):
        if tap.tilt_db:
            row[:] = _tilted(row, tap.tilt_db)
    return sound


def _place(kit: Kit, stroke: Stroke, jitter: float) -> int:
    """Which of the piece's hits, sorted by loudness, a velocity chooses."""
    last = len(kit.hits[stroke.piece]) - 1
    wanted = stroke.velocity * kit.velocity_factor[stroke.piece] * last + jitter
    return int(np.clip(round(wanted), 0, last))


def _choke_times(strokes: Sequence[Stroke]) -> list[float | None]:
    """For each stroke the time at which a closing hi-hat stops it, if one does."""
    times: list[float | None] = []
    closing: float | None = None
    for stroke in reversed(strokes):
        times.append(closing if stroke.piece == _CHOKED else None)
        if stroke.piece in _CHOKING:
            closing = stroke.time
    return times[::-1]


def _tap_gains(
    kit: Kit, taps: Sequence[Tap], piece_gains_db: Mapping[str, float]
) -> dict[str, Audio]:
    """Per piece the (taps, microphones) matrix from 16-bit hits to float tracks."""
    for name in {name for tap in taps for name in tap.microphones} - set(kit.microphones):
        raise InputError(f"kit {kit.name} has no microphone {name!r}, only {kit.microphones}")
    for name in set(piece_gains_db) - set(PIECES):
        raise InputError(f"no piece is named {name!r}, only {PIECES}")
    gains = {}
    for piece in PIECES:
        matrix = np.zeros((len(taps), len(kit.microphones)), np.float32)
        for row, tap in zip(matrix, taps, strict=True):
            level = piece_gains_db.get(piece, 0.0)
            if tap.focus and piece not in tap.focus:
                level -= tap.rejection_db
            for name in tap.microphones:
                row[kit.microphones.index(name)] = 10 ** (level / 20) / len(tap.microphones)
        gains[piece] = matrix / np.float32(32768)
    return gains


def _tilted(signal: Audio, tilt_db: float) -> Audio:
    """The signal with a straight spectral slope over log frequency, 1 kHz unchanged."""
    curve = _tilt_curve(len(signal), tilt_db)
    spectrum = np.fft.rfft(signal.astype(np.float64))
    return np.fft.irfft(spectrum * curve, n=len(signal)).astype(np.float32)


@functools.lru_cache(maxsize=16)
def _tilt_curve(frames: int, tilt_db: float) -> npt.NDArray[np.float64]:
    frequency = np.clip(np.fft.rfftfreq(frames, 1 / RATE), 30.0, 16000.0)
    level = np.clip(np.log2(frequency / 1000.0), -3.0, 3.0) / 6.0 * tilt_db
    return np.asarray(10.0 ** (level / 20.0))
