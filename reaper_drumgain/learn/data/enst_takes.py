"""The takes of ENST-Drums on disk: which files belong together.

Layout: ``drummer_N/audio/FOLDER/NNN_kind_style_..._tool.wav``, with the same file name in the
folder of each microphone (mono) and of ``dry_mix`` and ``wet_mix`` (stereo). A microphone that a
drummer does not have has no folder. Kinds are phrase, solo, minus-one and MIDI-minus-one; single
hits and normalised files (``norm`` in the name) are left out. The names of the overheads are
crossed: the folder ``overhead_L`` feeds the right of the mix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reaper_drumgain.errors import InputError
from reaper_drumgain.tracks.roles import Role

#: folders of microphones; the sides of the overheads are those that they have in the mix
MICROPHONES: Mapping[str, Role] = {
    "kick": Role("kick"),
    "snare": Role("snare"),
    "hi-hat": Role("hi-hat"),
    "tom_1": Role("tom", ordinal=1),
    "tom_2": Role("tom", ordinal=2),
    "tom_3": Role("tom", ordinal=3),
    "overhead_L": Role("overhead", side="right"),
    "overhead_R": Role("overhead", side="left"),
}
#: the first that a take has gives its target
MIXES = ("dry_mix", "wet_mix")
KINDS = ("phrase", "solo", "minus-one", "MIDI-minus-one")


@dataclass(frozen=True)
class Take:
    """One performance on disk.

    Attributes
    ----------
    drummer
        The name of the drummer's folder.
    name
        The file name without ending, the same for all microphones.
    kind
        One of KINDS.
    style
        As in the file name.
    tracks
        The file of each microphone, by its folder.
    mixes
        The file of each mix, by its folder.
    """

    drummer: str
    name: str
    kind: str
    style: str
    tracks: Mapping[str, Path]
    mixes: Mapping[str, Path]

    @property
    def roles(self) -> tuple[Role, ...]:
        """Of the tracks, in their order."""
        return tuple(MICROPHONES[folder] for folder in self.tracks)


def find_takes(root: Path) -> tuple[list[Take], list[str]]:
    """The takes below a folder.

    Parameters
    ----------
    root
        The folder with those of the drummers.

    Returns
    -------
    takes : list of Take
        All takes whose files are there.
    faults : list of str
        What is wrong with takes that lack a file.

    Raises
    ------
    InputError
        The folder does not have the layout of ENST-Drums.
    """
    drummers = sorted(path for path in root.glob("drummer_*") if (path / "audio").is_dir())
    if not drummers:
        raise InputError(
            f"{root}: not ENST-Drums as published: expected folders like drummer_1/audio/kick"
        )
    takes: list[Take] = []
    faults: list[str] = []
    for drummer in drummers:
        folders = {path.name: path for path in (drummer / "audio").iterdir() if path.is_dir()}
        mixes = [name for name in MIXES if name in folders]
        tracks = [name for name in MICROPHONES if name in folders]
        if not mixes or not tracks:
            raise InputError(
                f"{drummer / 'audio'}: expected folders of microphones ({', '.join(MICROPHONES)}) "
                f"and of a mix ({' or '.join(MIXES)}), got {', '.join(sorted(folders)) or 'none'}"
            )
        held = {
            name: {path.name for path in folders[name].glob("*.wav")} for name in (*tracks, *mixes)
        }
        for file in sorted(set().union(*held.values())):
            parsed = parse_name(file)
            if parsed is None:
                continue
            missing = [name for name in held if file not in held[name]]
            if missing:
                faults.append(f"{drummer.name}/{file}: missing in {', '.join(missing)}")
                continue
            takes.append(
                Take(
                    drummer.name,
                    file.removesuffix(".wav"),
                    *parsed,
                    {name: folders[name] / file for name in tracks},
                    {name: folders[name] / file for name in mixes},
                )
            )
    if not takes and not faults:
        raise InputError(f"{root}: holds no take of the kinds {', '.join(KINDS)}")
    return takes, faults


def parse_name(file: str) -> tuple[str, str] | None:
    """Kind and style of a file name; None for hits, normalised files and other names."""
    parts = file.removesuffix(".wav").split("_")
    if len(parts) < 3 or not re.fullmatch("[0-9]+", parts[0]) or parts[1] not in KINDS:
        return None
    if any("norm" in part.casefold() for part in parts):
        return None
    return parts[1], parts[2]
