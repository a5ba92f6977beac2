"""Makes the demo session that ships with the package: audio, project file and credits.

``python -m reaper_drumgain.learn.data.make_demo --data DATA --output FOLDER`` writes
``DrumGain demo.RPP``, ``media/*.flac`` and ``CREDITS.txt`` anew. The same data and
library versions give the same bytes.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from reaper_drumgain.learn.data.kits import RATE, Audio, load_kit
from reaper_drumgain.learn.data.performances import excerpt, read_performance
from reaper_drumgain.learn.data.render import VirtualMic, render
from reaper_drumgain.units import Decibel, to_linear

PERFORMANCE = "drummer7/session2/97_pop_142_beat_4-4.mid"
START = 22.5
LENGTH = 8.0
TEMPO = 142.0
SEED = 20190000
PROJECT = "DrumGain demo.RPP"
DRUM_BUS_DB = -3.0
_NAMESPACE = uuid.UUID("6f9f2f6e-6b0b-5d0a-9a51-64e1c8a7d3b2")

CREDITS = """\
The drum tracks of this session are made from two collections, each under the Creative
Commons Attribution 4.0 International licence (https://creativecommons.org/licenses/by/4.0/):

  MuldjordKit. Drum samples provided by DrumGizmo.org. Kit by Lars Muldjord, mapped by kinwie.
  https://drumgizmo.org/wiki/doku.php?id=kits:muldjordkit

  Groove MIDI Dataset, Google LLC. Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck and
  David Bamman, "Learning to Groove with Inverse Sequence Transformations", ICML 2019.
  https://magenta.tensorflow.org/datasets/groove
  Performance: {performance}, {start:g} s to {end:g} s.

Changes: the performance was rendered with the kit's samples, one track for each microphone,
and the level of every track was set anew. Bass and Vocal are synthesised and belong to
DrumGain, like the project file.
"""


@dataclass(frozen=True, slots=True)
class DemoTrack:
    """A track of the session.

    Attributes
    ----------
    name
        As in REAPER.
    microphone
        The kit's microphone.
    peak_dbfs
        The peak that it was recorded at.
    pan
        -1 (left) to 1 (right).
    inverted
        Whether its polarity is inverted.
    """

    name: str
    microphone: str
    peak_dbfs: float
    pan: float = 0.0
    inverted: bool = False


#: peaks as careless recording leaves them: some inputs up to 15 dB too timid or too bold
DRUMS = (
    DemoTrack("Kick In", "KdrumR", -12.0),
    DemoTrack("Snare Top", "Snare_top", -3.5),
    DemoTrack("Snare Bottom", "Snare_bottom", -6.0, inverted=True),
    DemoTrack("Hi-Hat", "Hihat", -5.0, pan=-0.3),
    DemoTrack("Tom 1", "Tom1", -13.0, pan=-0.2),
    DemoTrack("Tom 2", "Tom2", -4.0, pan=0.1),
    DemoTrack("Floor Tom", "Tom4", -16.0, pan=0.35),
    DemoTrack("OH L", "OHL", -15.0, pan=-1.0),
    DemoTrack("OH R", "OHR", -16.5, pan=1.0),
    DemoTrack("Room L", "AmbL", -8.0, pan=-1.0),
    DemoTrack("Room R", "AmbR", -9.0, pan=1.0),
)


def drum_tracks(data: Path) -> dict[str, Audio]:
    """The drum tracks of the session.

    Parameters
    ----------
    data
        The folder that holds ``kits`` and ``groove``.

    Returns
    -------
    dict
        By name, shape (frames,) at RATE: the peak is that of DRUMS.
    """
    kit = load_kit(data / "kits" / "muldjord")
    strokes = excerpt(read_performance(data / "groove" / PERFORMANCE), START, LENGTH)
    mics = [VirtualMic((track.microphone,)) for track in DRUMS]
    sound = dict(
        zip(
            (track.name for track in DRUMS),
            render(kit, strokes, mics, LENGTH, seed=SEED),
            strict=True,
        )
    )
    peaks = {name: float(np.max(np.abs(signal))) for name, signal in sound.items()}
    fade = _fade_out(round(LENGTH * RATE))
    return {
        track.name: np.float32(to_linear(Decibel(track.peak_dbfs)) / peaks[track.name])
        * sound[track.name]
        * fade
        for track in DRUMS
    }


def bass() -> Audio:
    """A plain bass line in eighths: a few harmonics with a decay.

    Returns
    -------
    ndarray
        Shape (frames,): samples at RATE.
    """
    beat = 60.0 / TEMPO / 2
    notes = (41.2, 41.2, 61.7, 41.2, 49.0, 49.0, 55.0, 61.7)
    sound = np.zeros(round(LENGTH * RATE))
    for place in range(int(LENGTH / beat)):
        begin = round(place * beat * RATE)
        time = np.arange(min(round(beat * RATE), len(sound) - begin)) / RATE
        note = notes[place // 4 % len(notes)]
        wave = sum(np.sin(2 * np.pi * note * k * time) / k**1.5 for k in range(1, 7))
        shape = np.exp(-3.0 * time) * np.minimum(time / 0.005, 1.0)
        shape *= np.minimum((time[-1] - time) / 0.01, 1.0)
        sound[begin : begin + len(time)] += wave * shape
    return _at_peak(sound, -12.0)


def vocal() -> Audio:
    """Something that sings: harmonics under three formants with vibrato.

    Returns
    -------
    ndarray
        Shape (frames,): samples at RATE.
    """
    frames = round(LENGTH * RATE)
    time = np.arange(frames) / RATE
    bar = 240.0 / TEMPO
    pitch = np.array([220.0, 246.9, 261.6, 196.0])[(time / bar).astype(int) % 4]
    pitch = pitch * (1 + 0.01 * np.sin(2 * np.pi * 5.2 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(frames)
    for k in range(1, 15):
        frequency = k * pitch
        level = sum(
            gain / (1 + ((frequency - centre) / width) ** 2)
            for centre, width, gain in ((700, 110, 1.0), (1150, 130, 0.6), (2600, 200, 0.25))
        )
        sound += level * np.sin(k * phase)
    within = time % bar
    sound *= np.clip(np.minimum(within / 0.08, (0.85 * bar - within) / 0.15), 0.0, 1.0)
    return _at_peak(sound, -15.0)


def make_demo(data: Path, output: Path) -> Path:
    """Writes the session into ``output`` and returns the path of its project file."""
    media = output / "media"
    media.mkdir(parents=True, exist_ok=True)
    sounds = {**drum_tracks(data), "Bass": bass(), "Vocal": vocal()}
    for number, (name, signal) in enumerate(sounds.items(), 1):
        path = media / _file_name(number, name)
        soundfile.write(path, signal, RATE, subtype="PCM_16", compression_level=1.0)
    credits_text = CREDITS.format(performance=PERFORMANCE, start=START, end=START + LENGTH)
    (output / "CREDITS.txt").write_text(credits_text, encoding="utf-8", newline="\n")
    project = output / PROJECT
    project.write_bytes(project_text().encode("ascii"))
    return project


def project_text() -> str:
    """The project file: a folder track "Drums" around the microphones, then Bass and Vocal."""
    bus = to_linear(Decibel(DRUM_BUS_DB))
    lines = list(_HEADER.splitlines())
    lines += _track_lines(DemoTrack("Drums", "", 0.0), fader=bus, folder=(1, 1), item=None)
    for number, track in enumerate(DRUMS, 1):
        last = number == len(DRUMS)
        lines += _track_lines(track, folder=(2, -1) if last else (0, 0), item=number)
    for number, name in enumerate(("Bass", "Vocal"), len(DRUMS) + 1):
        lines += _track_lines(DemoTrack(name, "", 0.0), item=number)
    lines += ["  <EXTENSIONS", "  >", ">"]
    return "".join(f"{line}\r\n" for line in lines)


def _track_lines(
    track: DemoTrack, *, fader: float = 1.0, folder: tuple[int, int] = (0, 0), item: int | None
) -> list[str]:
    guid = _guid(f"track {track.name}")
    lines = [
        f"  <TRACK {guid}",
        f"    NAME {_quoted(track.name)}",
        "    PEAKCOL 16576",
        "    BEAT -1",
        "    AUTOMODE 0",
        f"    VOLPAN {_number(fader)} {_number(track.pan)} -1 -1 1",
        "    MUTESOLO 0 0 0",
        f"    IPHASE {int(track.inverted)}",
        "    PLAYOFFS 0 1",
        f"    ISBUS {folder[0]} {folder[1]}",
        "    BUSCOMP 0 0 0 0 0",
        "    SHOWINMIX 1 0.6667 0.5 1 0.5 0 0 0",
        "    FREEMODE 0",
        "    SEL 0",
        "    REC 0 0 1 0 0 0 0 0",
        "    VU 2",
        "    TRACKHEIGHT 0 0 0 0 0 0",
        "    INQ 0 0 0 0.5 100 0 0 100",
        "    NCHAN 2",
        "    FX 1",
        f"    TRACKID {guid}",
        "    PERF 0",
        "    MIDIOUT -1",
        "    MAINSEND 1 0",
    ]
    if item is not None:
        lines += _item_lines(track.name, item)
    return [*lines, "  >"]


def _item_lines(name: str, number: int) -> list[str]:
    file = _file_name(number, name)
    return [
        "    <ITEM",
        "      POSITION 0",
        "      SNAPOFFS 0",
        f"      LENGTH {_number(LENGTH)}",
        "      LOOP 0",
        "      ALLTAKES 0",
        "      FADEIN 1 0 0 1 0 0 0",
        "      FADEOUT 1 0 0 1 0 0 0",
        "      MUTE 0 0",
        "      SEL 0",
        f"      IGUID {_guid(f'item {name}')}",
        f"      IID {number}",
        f'      NAME "{file}"',
        "      VOLPAN 1 0 1 -1",
        "      SOFFS 0",
        "      PLAYRATE 1 1 0 -1 0 0.0025",
        "      CHANMODE 0",
        f"      GUID {_guid(f'take {name}')}",
        "      <SOURCE FLAC",
        f'        FILE "media/{file}"',
        "      >",
        "    >",
    ]


def _file_name(number: int, name: str) -> str:
    return f"{number:02d} {name}.flac"


def _guid(what: str) -> str:
    return f"{{{str(uuid.uuid5(_NAMESPACE, what)).upper()}}}"


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _number(value: float) -> str:
    return f"{value:.14f}".rstrip("0").rstrip(".")


def _fade_out(frames: int) -> Audio:
    shape = np.ones(frames, np.float32)
    shape[-2205:] = np.linspace(1, 0, 2205, dtype=np.float32)
    return shape


def _at_peak(sound: npt.NDArray[np.float64], peak_dbfs: float) -> Audio:
    gain = to_linear(Decibel(peak_dbfs)) / float(np.max(np.abs(sound)))
    return np.asarray(gain * sound, np.float32)


_HEADER = f"""\
<REAPER_PROJECT 0.1 "6.69/win64" 1571313600
  <NOTES 0 2
  >
  RIPPLE 0
  GROUPOVERRIDE 0 0 0
  AUTOXFADE 129
  ENVATTACH 3
  POOLEDENVATTACH 0
  MIXERUIFLAGS 11 48
  PEAKGAIN 1
  FEEDBACK 0
  PANLAW 1
  PROJOFFS 0 0 0
  MAXPROJLEN 0 600
  GRID 3199 8 1 8 1 0 0 0
  TIMEMODE 1 5 -1 30 0 0 -1
  VIDEO_CONFIG 0 0 256
  PANMODE 3
  CURSOR 0
  ZOOM 100 0 0
  VZOOMEX 6 0
  USE_REC_CFG 0
  RECMODE 1
  SMPTESYNC 0 30 100 40 1000 300 0 0 1 0 0
  LOOP 0
  LOOPGRAN 0 4
  RECORD_PATH "media" ""
  <RECORD_CFG
    ZXZhdxgAAA==
  >
  <APPLYFX_CFG
  >
  RENDER_FILE ""
  RENDER_PATTERN ""
  RENDER_FMT 0 2 0
  RENDER_1X 0
  RENDER_RANGE 1 0 0 18 1000
  RENDER_RESAMPLE 3 0 1
  RENDER_ADDTOPROJ 0
  RENDER_STEMS 0
  RENDER_DITHER 0
  TIMELOCKMODE 1
  TEMPOENVLOCKMODE 1
  ITEMMIX 1
  DEFPITCHMODE 589824 0
  TAKELANE 1
  SAMPLERATE {RATE} 1 0
  <RENDER_CFG
    ZXZhdxgAAA==
  >
  LOCK 1
  <METRONOME 6 2
    VOL 0.25 0.125
    FREQ 800 1600 1
    BEATLEN 4
    SAMPLES "" ""
    PATTERN 2863311530 2863311529
  >
  GLOBAL_AUTO -1
  TEMPO {TEMPO:g} 4 4
  PLAYRATE 1 0 0.25 4
  SELECTION 0 0
  SELECTION2 0 0
  MASTERAUTOMODE 0
  MASTERTRACKHEIGHT 0 0
  MASTERPEAKCOL 16576
  MASTERMUTESOLO 0
  MASTERTRACKVIEW 0 0.6667 0.5 0.5 0 0 0 0 0 0
  MASTERHWOUT 0 0 1 0 0 0 0 -1
  MASTER_NCH 2 2
  MASTER_VOLUME 1 0 -1 -1 1
  MASTER_FX 1
  MASTER_SEL 0
  <PROJBAY
  >
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: where the data is, where the session goes."""
    parser = argparse.ArgumentParser(description="make the packaged demo session anew")
    parser.add_argument("--data", type=Path, required=True, help="folder with kits/ and groove/")
    default = Path(__file__).resolve().parents[2] / "demo" / "session"
    parser.add_argument("--output", type=Path, default=default)
    options = parser.parse_args(arguments)
    make_demo(options.data, options.output)


if __name__ == "__main__":
    main()
