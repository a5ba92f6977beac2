"""``drumgain reverse``: the gains that turn raw tracks into a finished mix."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper_drumgain.cli import options, show
from reaper_drumgain.cli.checks import check_audio
from reaper_drumgain.cli.projects import spread
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.errors import InputError

if TYPE_CHECKING:
    from reaper_drumgain.learn.reverse_engineering.alignment import Aligned
    from reaper_drumgain.learn.reverse_engineering.track_gains import MixGains, TrackGain

SUMMARY = "Find the gains that turn raw tracks into a finished mix of them."
EXAMPLES = (
    ("drumgain reverse mix.wav Stems", "the gains of all tracks of a folder in a mix"),
    (
        "drumgain reverse mix.wav kick.wav snare.wav --other bass.wav",
        "of two tracks, with another instrument that is not part of the noise",
    ),
)
DESCRIPTION = (
    "Finds by least squares which gain each raw track has in a mix of them: with a filter for "
    "each track (equalisation and small delays), after a search for delays. A track whose gain "
    "cannot be found (it is silent, not heard in the mix, or has the same sound as others) gets a "
    "reason and no number. Other instruments in the mix count as noise, unless you give their "
    "tracks with --other."
)
#: a residual above this says that much of the mix is unexplained, in dB
_MUCH_LEFT_DB = -6.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.description = DESCRIPTION
    parser.add_argument("mix", type=Path, metavar="MIX", help="the finished mix, an audio file")
    parser.add_argument(
        "tracks",
        type=Path,
        nargs="+",
        metavar="TRACK",
        help="raw tracks as audio files that begin together, or folders of them",
    )
    parser.add_argument(
        "--other",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a track of another instrument that is in the mix, so that it does not count as "
        "noise; may be repeated",
    )
    parser.add_argument(
        "--taps",
        type=int,
        metavar="N",
        help="length of each track's filter in samples; 1 for gains alone (default: 128, less for "
        "many tracks)",
    )
    parser.add_argument(
        "--max-delay",
        type=float,
        default=0.1,
        metavar="S",
        help="seconds by which a track may be late or early in the mix (default: %(default)s)",
    )
    parser.add_argument(
        "--over-time",
        type=float,
        metavar="S",
        help="also find gains over time, in pieces of this many seconds (JSON has them all, the "
        "table their range)",
    )
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the tracks and the mix, align them, fit the gains, and print them.

    Parameters
    ----------
    arguments
        The options of this command.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    InputError
        ``--over-time`` is out of range, or the files do not fit each other.
    """
    if arguments.over_time is not None and not 0.1 <= arguments.over_time <= 600.0:
        raise InputError(f"--over-time is {arguments.over_time:g}: expected 0.1 to 600 seconds")
    paths = _paths(arguments)
    from reaper_drumgain.learn.reverse_engineering.alignment import open_aligned
    from reaper_drumgain.learn.reverse_engineering.filter_length import usual_taps
    from reaper_drumgain.learn.reverse_engineering.mix_gains import estimate
    from reaper_drumgain.learn.reverse_engineering.recognition import clipping_note

    progress = show.ProgressLine()
    aligned = open_aligned([*paths, *arguments.other], arguments.mix)
    try:
        with aligned.recording as recording:
            clipped = clipping_note(recording.mix)
            columns = len(recording.owners)
            found = estimate(
                recording,
                taps=usual_taps(columns) if arguments.taps is None else arguments.taps,
                max_delay=arguments.max_delay,
                piece_s=arguments.over_time,
                progress=lambda share: progress("comparing", share),
            )
    finally:
        progress.clear()
    if clipped is not None:
        aligned = replace(aligned, notes=(*aligned.notes, clipped))
    if arguments.json:
        document = _document(arguments, aligned, found, len(paths))
        print(json.dumps(document, indent=2, allow_nan=False))
    else:
        _print(aligned, found, len(paths))
    return 0


def _paths(arguments: argparse.Namespace) -> list[Path]:
    """The files of the raw tracks, folders opened; the mix and the others are none of them."""
    from reaper_drumgain.balance.folders import audio_files

    check_audio("the mix", arguments.mix)
    for path in arguments.other:
        check_audio("--other", path)
    apart = {path.resolve() for path in (arguments.mix, *arguments.other)}
    found: list[Path] = []
    for path in spread(arguments.tracks):
        inside = [path / name for name in audio_files(path)] if path.is_dir() else [path]
        found += [one for one in inside if one.resolve() not in apart or not path.is_dir()]
    if not found:
        raise InputError(f"{', '.join(map(str, arguments.tracks))}: no audio files there")
    doubled = {path for path in found if [one.resolve() for one in found].count(path.resolve()) > 1}
    if doubled:
        raise InputError(f"{sorted(doubled)[0]} is named twice: name each track once")
    if arguments.mix.resolve() in {path.resolve() for path in found}:
        raise InputError(f"{arguments.mix} is both the mix and a track: name it once")
    return found


def _number(value: float, digits: int = 3) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def _document(
    arguments: argparse.Namespace, aligned: Aligned, found: MixGains, tracks: int
) -> dict[str, Any]:
    """The JSON object: the stable interface for programs."""
    listed = []
    for place, track in enumerate(found.tracks):
        moves = None
        if found.over_time is not None:
            row = found.over_time.departure_db[place].tolist()
            moves = [_number(value) for value in row]
        listed.append(
            {
                "file": track.name,
                "other": place >= tracks,
                "gain_db": _number(track.gain_db),
                "standard_error_db": _number(track.standard_error_db),
                "channel_gains_db": [
                    _number(gain) if track.identifiable else None for gain in track.channel_gains_db
                ],
                "polarity": track.sign if track.identifiable else 0,
                "delay_samples": track.delay_samples,
                "identifiable": track.identifiable,
                "reason": track.reason or None,
                "unique_db": _number(track.unique_db),
                "contribution_db": _number(track.contribution_db),
                "departures_db": moves,
            }
        )
    over_time = found.over_time
    return {
        "schema": 1,
        "mix": str(arguments.mix),
        "method": found.method,
        "rate": found.rate,
        "start_s": _number(aligned.start_s),
        "mix_start_s": _number(aligned.mix_start_s),
        "seconds": _number(aligned.recording.frames / found.rate),
        "residual_db": _number(found.residual_db),
        "explained": _number(1.0 - 10.0 ** (found.residual_db / 10.0), 4),
        "condition": _number(found.condition),
        "notes": list(aligned.notes),
        "tracks": listed,
        "over_time": None
        if over_time is None
        else {
            "starts_s": [_number(value) for value in over_time.starts_s.tolist()],
            "common_db": [_number(value) for value in over_time.common_db.tolist()],
            "residual_db": [_number(value) for value in over_time.residual_db.tolist()],
        },
    }


def _print(aligned: Aligned, found: MixGains, tracks: int) -> None:
    header = ["Track", "Gain dB", "+- dB", "Left, right dB", "Delay ms", "In mix dB", "Remarks"]
    if found.over_time is not None:
        header.insert(6, "Moves dB")
    rows = [_row(found, place, other=place >= tracks) for place in range(len(found.tracks))]
    numbers = set(range(1, len(header) - 1)) - {3}
    still = {place for place, track in enumerate(found.tracks) if not track.identifiable}
    print_table(header, rows, numbers=numbers, dim=still)
    explained = 1.0 - 10.0 ** (found.residual_db / 10.0)
    show.say(
        f"{found.method}: the tracks explain {explained:.1%} of the mix (residual "
        f"{found.residual_db:.1f} dB), condition {found.condition:.1f}, "
        f"{aligned.recording.frames / found.rate:.1f} s at {found.rate} Hz"
    )
    if found.residual_db > _MUCH_LEFT_DB:
        show.say(
            "the rest is other instruments, effects, or another recording. It counts as noise, "
            "and +- is the resulting standard error; give tracks of other instruments with --other"
        )
    show.say(
        "a gain is the power of both channels relative to the file: a fader at 0 dB with centre "
        "pan gives +3 dB"
    )
    show.say(*aligned.notes)


def _row(found: MixGains, place: int, *, other: bool) -> list[str]:
    track = found.tracks[place]
    cells = [
        Path(track.name).stem,
        _text(track.gain_db, "{:+.2f}"),
        _text(track.standard_error_db, "{:.2f}") if track.identifiable else "",
        ", ".join(_text(gain, "{:+.1f}") or "-" for gain in track.channel_gains_db)
        if track.identifiable
        else "",
        f"{1000.0 * track.delay_samples / found.rate:.2f}" if track.identifiable else "",
        _text(track.contribution_db, "{:.1f}"),
        _remarks(track, other=other),
    ]
    if found.over_time is not None:
        row = [v for v in found.over_time.departure_db[place].tolist() if math.isfinite(v)]
        cells.insert(6, f"{min(row):+.1f} .. {max(row):+.1f}" if row else "")
    return cells


def _remarks(track: TrackGain, *, other: bool) -> str:
    said = ["other instrument"] if other else []
    if track.reason:
        said.append(f"no gain: {_REASONS.get(track.reason, track.reason)}")
    elif track.sign < 0:
        said.append("polarity inverted")
    return "; ".join(said)


_REASONS = {
    "uncertain": "its gain cannot be found in the mix",
    "delay": "its delay is beyond --max-delay, or it is not in the mix",
}


def _text(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else ""
