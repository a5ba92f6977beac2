"""Small projects with sound, in numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 44_100
SECONDS = 0.9
NAMES = ("Kick", "Snare", "OH")


def make_media(folder: Path, seconds: float = SECONDS) -> None:
    """One file a track: bursts of different height and colour."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(NAMES):
        noise = np.random.default_rng(number).standard_normal(int(seconds * RATE))
        time = np.arange(noise.size) / RATE
        burst = np.exp(-(time % 0.3) / 0.05) * np.sin(2 * np.pi * 90 * (number + 1) ** 2 * time)
        sf.write(folder / f"{name}.wav", 0.1 * (number + 1) * burst + 1e-4 * noise, RATE, "PCM_16")


def make_project(
    path: Path,
    media: Path,
    *,
    faders: tuple[float, ...] = (1.0, 0.5, 0.7),
    names: tuple[str, ...] = NAMES,
) -> bytes:
    """A project of three drum tracks; returns its bytes."""
    blocks = [
        f'  <TRACK\n    NAME "{name}"\n    VOLPAN {fader} 0 -1 -1 1\n    MAINSEND 1 0\n'
        f"    <ITEM\n      POSITION 0\n      LENGTH {SECONDS}\n      LOOP 0\n"
        "      VOLPAN 1 0 1 -1\n      SOFFS 0\n      PLAYRATE 1 1 0 -1 0 0.0025\n"
        f'      CHANMODE 0\n      <SOURCE WAVE\n        FILE "{media / file}.wav"\n      >\n'
        "    >\n  >\n"
        for name, fader, file in zip(names, faders, NAMES, strict=True)
    ]
    text = f'<REAPER_PROJECT 0.1 "6.69/win64" 1\n  SAMPLERATE {RATE} 0 0\n{"".join(blocks)}>\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path.read_bytes()


def make_songs(folder: Path, count: int) -> list[Path]:
    """Projects in folders of their own, which differ in their faders."""
    make_media(folder / "media")
    songs = [folder / f"song {n}" / f"song {n}.RPP" for n in range(count)]
    for n, song in enumerate(songs):
        make_project(song, folder / "media", faders=(1.0, 0.5 + 0.01 * n, 0.7))
    return songs


def faders(path: Path) -> list[float]:
    """The faders in a project file, read without the package."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return [float(words[1]) for words in lines if words[:1] == ["VOLPAN"] and len(words) == 6]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder but for media and the list of what a batch wrote."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.suffix != ".wav"
        and path.name != ".drumgain-written"
    }
