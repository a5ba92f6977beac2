"""Reading and editing project files: speed and memory, with reaper-parser as the peer.

Run ``python tests/bench/bench_rpp.py [FOLDER] [--rounds 5] [--scale 1]``. Every case reads a
project, sets the fader of each of its tracks and produces the new bytes; both libraries do so
in one run, one after the other, and the best of several rounds counts. Memory is the peak of a
fresh process that reads and edits, less that of one which only imports.
"""

from __future__ import annotations

import argparse
import base64
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import reaper_parser

from reaper_drumgain.hosts.rpp import read_project, set_faders
from reaper_drumgain.units import LinearGain

PROJECTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "projects"
GAIN = LinearGain(0.25)
#: seconds: short runs are repeated until their rounds would have taken so long each
ROUND = 0.2


def track(number: int, body: str) -> str:
    return (
        f'  <TRACK {{00000000-0000-0000-0000-{number:012X}}}\n    NAME "Track {number}"\n'
        "    PEAKCOL 16576\n    BEAT -1\n    AUTOMODE 0\n    PANLAWFLAGS 3\n"
        "    VOLPAN 0.79607392038897 0 -1 -1 1\n    MUTESOLO 0 0 0\n    IPHASE 0\n"
        "    PLAYOFFS 0 1\n    ISBUS 0 0\n    BUSCOMP 0 0 0 0 0\n"
        "    SHOWINMIX 1 0.6667 0.5 1 0.5 0 0 0\n    FIXEDLANES 9 0 0 0 0\n    SEL 0\n"
        "    REC 0 0 1 0 0 0 0 0\n    VU 2\n    TRACKHEIGHT 0 0 0 0 0 0 0\n"
        "    INQ 0 0 0 0.5 100 0 0 100\n    NCHAN 2\n    FX 1\n    PERF 0\n    MIDIOUT -1\n"
        f"    MAINSEND 1 0\n{body}  >\n"
    )


def item(number: int) -> str:
    return (
        f"    <ITEM\n      POSITION {number * 0.73:.14g}\n      SNAPOFFS 0\n"
        "      LENGTH 2.34567890123456\n      LOOP 0\n      ALLTAKES 0\n"
        "      FADEIN 1 0.01 0 1 0 0 0\n      FADEOUT 1 0.01 0 1 0 0 0\n      MUTE 0 0\n"
        "      SEL 0\n      IGUID {01234567-89AB-CDEF-0123-456789ABCDEF}\n"
        f'      IID {number}\n      NAME "take {number % 50}.wav"\n      VOLPAN 1 0 1 -1\n'
        "      SOFFS 12.3456789012345\n      PLAYRATE 1 1 0 -1 0 0.0025\n      CHANMODE 0\n"
        "      GUID {01234567-89AB-CDEF-0123-456789ABCDEF}\n      <SOURCE WAVE\n"
        f'        FILE "Media\\take {number % 50}.wav"\n      >\n    >\n'
    )


def plugin(size: int, seed: int) -> str:
    data = base64.b64encode(random.Random(seed).randbytes(size)).decode()
    lines = "".join(f"        {data[at : at + 128]}\n" for at in range(0, len(data), 128))
    return (
        "    <FXCHAIN\n      BYPASS 0 0 0\n"
        f'      <VST "VST: Plugin (Maker)" plugin.dll 0 "" 1234<> ""\n{lines}      >\n    >\n'
    )


def midi(events: int) -> str:
    lines = "".join(f"        E {n % 480} 90 {n % 128:02x} 60\n" for n in range(events))
    return (
        "    <ITEM\n      POSITION 0\n      LENGTH 9\n      <SOURCE MIDI\n"
        f"        HASDATA 1 480 QN\n{lines}      >\n    >\n"
    )


def project(tracks: list[str]) -> bytes:
    text = f'<REAPER_PROJECT 0.1 "7.18/win64" 1727\n  TEMPO 120 4 4\n{"".join(tracks)}>\n'
    return text.replace("\n", "\r\n").encode()


def cases(scale: float) -> dict[str, bytes]:
    """Invented projects; ``scale`` is the share of their full size."""

    def some(count: int) -> int:
        return max(1, round(count * scale))

    return {
        "1,000 tracks": project([track(n, "") for n in range(some(1000))]),
        "10,000 tracks": project([track(n, "") for n in range(some(10_000))]),
        "20,000 items": project(
            [track(n, "".join(map(item, range(some(500))))) for n in range(40)]
        ),
        "plug-in data": project([track(n, plugin(some(600_000), n)) for n in range(24)]),
        "MIDI events": project([track(n, midi(some(40_000))) for n in range(16)]),
    }


def best(run: Callable[[], object], rounds: int) -> float:
    """The shortest time of so many rounds, of more where they are short: a moment in which the
    machine is busy could cover them all."""
    times: list[float] = []
    while len(times) < rounds or sum(times) < ROUND * rounds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(path: Path) -> bytes:
    project = read_project(path)
    return set_faders(project, dict.fromkeys(range(len(project.session.tracks)), GAIN))


def theirs(path: Path) -> bytes:
    document = reaper_parser.parse(path)
    for track in document.project.tracks:
        track.set_raw("VOLPAN", 0, str(GAIN))
    return reaper_parser.emit(document).encode()


def peak(code: str, path: Path) -> int:
    """The peak resident memory in bytes of a fresh process that runs the code (Linux)."""
    report = "; print(*[l.split()[1] for l in open('/proc/self/status') if l[:5] == 'VmHWM'])"
    command = [sys.executable, "-c", code + report, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) * 1024


def memory(path: Path) -> tuple[float, float]:
    """Peak memory over file size, for both libraries."""
    imports = "import sys; from reaper_drumgain.hosts.rpp import read_project, set_faders"
    edit = "; p = read_project(sys.argv[1]); d = set_faders(p, {0: 0.25})"
    peer = "import sys, reaper_parser, pathlib"
    parse = "; p = reaper_parser.parse(pathlib.Path(sys.argv[1]))"
    parse += "; p.project.tracks[0].set_raw('VOLPAN', 0, '0.25'); d = reaper_parser.emit(p)"
    size = path.stat().st_size
    return (
        (peak(imports + edit, path) - peak(imports, path)) / size,
        (peak(peer + parse, path) - peak(peer, path)) / size,
    )


def row(name: str, size: int, mine: float, peer: float, extra: str = "") -> None:
    print(
        f"{name:24} {size / 1e6:7.1f} MB  drumgain {size / mine / 1e6:7.1f} MB/s  "
        f"reaper-parser {size / peer / 1e6:7.1f} MB/s  ratio {peer / mine:5.1f}{extra}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=PROJECTS, help="of projects")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the invented projects")
    arguments = parser.parse_args()
    readable = []
    for path in sorted(arguments.folder.glob("*.[Rr][Pp][Pp]")):
        try:
            theirs(path)
        except reaper_parser.RPPParseError as error:
            print(f"left out, the peer refuses it: {path.name}: {error}")
        else:
            readable.append(path)
    if readable:
        size = sum(path.stat().st_size for path in readable)
        mine = best(lambda: [ours(path) for path in readable], arguments.rounds)
        peer = best(lambda: [theirs(path) for path in readable], arguments.rounds)
        row(f"{len(readable)} real projects", size, mine, peer)
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in cases(arguments.scale).items():
            path = Path(scratch) / "project.RPP"
            path.write_bytes(data)
            mine = best(lambda path=path: ours(path), arguments.rounds)
            peer = best(lambda path=path: theirs(path), max(1, arguments.rounds // 2))
            here, there = memory(path)
            extra = f"  memory {here:.1f} and {there:.1f} times the file"
            row(name, len(data), mine, peer, extra)


if __name__ == "__main__":
    main()
