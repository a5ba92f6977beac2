"""Roles from the names of drum tracks of public multitracks, against annotated roles.

``pytest -s tests/tracks/test_names_of_songs.py`` prints what was counted out, and the misses.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

from reaper_drumgain.tracks.role_names import role_of

#: at least this share of the names that name one microphone
WANTED = 0.985
#: the roles that each annotated one stands for
ANNOTATED = {
    "Kick": ("kick", "kick in", "kick out", "sub kick"),
    "Snare": ("snare", "snare top", "snare bottom"),
    "HiHat": ("hi-hat",),
    "Tom": ("tom",),
    "Cymbals": ("cymbal", "ride"),
    "Overheads": ("overhead",),
    "Room": ("room",),
}
#: names whose annotation names no single microphone, and why they are counted out
COUNTED_OUT = {
    "several drums on one track": (
        r"kick_?snare|toms?_?cymbals?|snare_?and|snare _ hat|\bsn tom",
        8,
    ),
    "a mix of all drums, stereo or mono, or a loop of them": (
        r"^(\d+_)?drums?(_?loop|side[lr]|slr)?$|^drums?\b.*(break|flanger)",
        14,
    ),
    "an effect or its return": (r"fx|reverb|sansamp", 17),
    "an overdub of one drum: annotated is what is played, not where the microphone stands": (
        r"(OD\d?|_)_?(Overheads|(Drums)?Room|TrashMic|LiveRoom)$",
        16,
    ),
    "names no place": (r"drummic\d|mainmics|fat head", 4),
}


def drum_by_name(name: str) -> str | None:
    """The role; for a sample of a drum that drum."""
    role = role_of(name)
    if role is None:
        return None
    return (role.drum or "sample").split()[0] if role.name == "sample" else role.name


def reason_to_count_out(name: str, annotated: str) -> str | None:
    if annotated in ("Overheads", "Room") and re.search("OD|LiveRoom", name):
        return None
    for reason, (pattern, _) in COUNTED_OUT.items():
        overdub = reason.startswith("an overdub")
        if overdub and not re.search("OD|LiveRoom", name):
            continue
        if re.search(pattern, name, 0 if overdub else re.IGNORECASE):
            return reason
    return None


def test_names_of_public_songs(shared_data: Path) -> None:
    with (shared_data / "names" / "drum_tracks.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (row["file"].removesuffix(".wav"), row["annotated_role"])
            for row in csv.DictReader(file)
        ]
    assert len(rows) > 1700
    out = Counter()
    misses = []
    for name, annotated in rows:
        if reason := reason_to_count_out(name, annotated):
            out[reason] += 1
        elif drum_by_name(name) not in ANNOTATED[annotated]:
            misses.append(f"{name!r}: annotated {annotated}, read as {drum_by_name(name)}")
    counted = len(rows) - out.total()
    share = 1 - len(misses) / counted
    print(f"\n{share:.1%} of {counted} names; counted out:")
    print("\n".join([*(f"  {n}: {reason}" for reason, n in out.items()), *misses]))
    assert out.total() < 0.05 * len(rows)
    assert all(out[reason] <= most for reason, (_, most) in COUNTED_OUT.items()), out
    assert share >= WANTED, misses


def test_a_role_that_is_read_wrong_counts_as_a_miss() -> None:
    assert drum_by_name("Snare Sample") == "snare"
    assert drum_by_name("Guitar") is None
    assert drum_by_name("Kick") not in ANNOTATED["Snare"]
