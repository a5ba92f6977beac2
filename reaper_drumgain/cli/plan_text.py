"""A plan for a person (``print_plan``) and for programs (``document``)."""

from __future__ import annotations

import sys
from typing import Any

from reaper_drumgain.cli import automation, show
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.hosts import rpp
from reaper_drumgain.schema.plan import SCHEMA, GainPlan, TrackPlan
from reaper_drumgain.schema.printable import printable
from reaper_drumgain.schema.trims import trims_text
from reaper_drumgain.units import NOISE_DB, Decibel


def document(plan: GainPlan, written: rpp.WriteReport | None) -> dict[str, Any]:
    """The JSON object of a plan: the stable interface for programs."""
    return {
        "schema": SCHEMA,
        "method": plan.method,
        "project": plan.project,
        "output": None if written is None else str(written.path),
        "backup": None if written is None or written.backup is None else str(written.backup),
        "settings": {
            "model": plan.settings.model or None,
            "amount": plan.settings.amount,
            "level": str(plan.settings.level),
            "write": plan.settings.write,
            "mode": plan.settings.mode,
            "trims": dict(plan.settings.trims),
        },
        "trims": dict(plan.trims),
        "mode": plan.mode,
        "mode_why": plan.mode_why,
        "levels": {
            "before_lufs": plan.levels.before_lufs,
            "after_lufs": plan.levels.after_lufs,
            "before_dbfs": plan.levels.before_dbfs,
            "after_dbfs": plan.levels.after_dbfs,
        },
        "warnings": list(plan.warnings),
        "faults": [
            {
                "track": fault.track,
                "kind": fault.kind,
                "numbers": dict(fault.numbers),
                "sentence": fault.sentence,
            }
            for fault in plan.faults
        ],
        "tracks": [_track(track) for track in plan.tracks],
        "untouched": [
            {"index": other.index, "name": other.name, "why": other.why} for other in plan.untouched
        ],
    }


def _track(track: TrackPlan) -> dict[str, Any]:
    return {
        "index": track.index,
        "guid": track.guid,
        "name": track.name,
        "role": track.role,
        "side": track.side,
        "ordinal": track.ordinal,
        "drum": track.drum,
        "old_db": track.old_db,
        "new_db": track.new_db,
        "interval_db": None if track.interval_db is None else list(track.interval_db),
        "bundled_db": track.bundled_db,
        "recording_gain_db": track.recording_gain_db,
        "recording_gain_sd_db": track.recording_gain_sd_db,
        "undone_db": track.undone_db,
        "flags": list(track.flags),
        "reason": track.reason,
        "loudness_lufs": track.loudness_lufs,
        "path_db": track.path_db,
        "limited_db": track.limited_db,
        "trim_db": track.trim_db,
        "old_trim_db": track.old_trim_db,
        **automation.document(track),
    }


def print_plan(plan: GainPlan, written: rpp.WriteReport | None, *, dry_run: bool = False) -> None:
    """Print a plan, and what was written of it, for a person.

    Parameters
    ----------
    plan
        The plan.
    written
        Where it was written. None where nothing was.
    dry_run
        Whether nothing was to be written.
    """
    _print_result(plan, written, dry_run=dry_run)
    # below the result, also where both streams go to one place
    sys.stdout.flush()
    show.warn(plan.warnings)


def _print_result(plan: GainPlan, written: rpp.WriteReport | None, *, dry_run: bool) -> None:
    plan_table(plan)
    if any(track.interval_db is not None for track in plan.tracks):
        show.say(f"{_range_heading(plan)}: {plan.range_meaning}")
    if plan.settings.write == "automation":
        automation.table(plan)
    line = _levels_line(plan)
    if line:
        show.say(line)
    show.say(plan.mode_line("--mode all", "--mode outliers"))
    if plan.trims:
        show.say(
            f"trims, added to the balance and kept with the project: {trims_text(plan.trims)} dB"
        )
    count = len(plan.moves)
    moved = f"{count} of {len(plan.tracks)} drum tracks moved ({_method(plan)})"
    if plan.settings.write == "automation":
        moved += f"; automation on {len(plan.automated)}"
    others = len(plan.untouched)
    rest = f"; {others} other track{'s' * (others > 1)} not changed" if others else ""
    if dry_run:
        show.say(f"dry run: {moved.replace('moved', 'would move')}{rest}; nothing was written")
        return
    show.say(f"{moved}{rest}")
    if written is None:
        show.say(f"nothing to write: no move reaches {NOISE_DB} dB")
        return
    show.say(f"written: {printable(str(written.path))}")
    if written.backup is not None:
        show.say(f"backup: {printable(str(written.backup))} ('drumgain restore' brings it back)")


def _method(plan: GainPlan) -> str:
    own = plan.settings.model
    return f"{plan.method}, your model {printable(own)}" if own else plan.method


def _range_heading(plan: GainPlan) -> str:
    return "Your range dB" if plan.settings.model else "Engineers dB"


def plan_table(plan: GainPlan) -> None:
    """Print old and new fader, move and reason of every drum track."""
    own = bool(plan.settings.model)
    between = _range_heading(plan)
    header = ["#", "Track", "Role", "Old dB", "New dB", "Bundled dB", "Move", between, "Why"]
    rows = [_row(track) for track in plan.tracks]
    absent = [7] if all(track.interval_db is None for track in plan.tracks) else []
    for place in absent + ([] if own else [5]):
        for row in (header, *rows):
            del row[place]
    still = {
        place
        for place, track in enumerate(plan.tracks)
        if not track.moves and track.automation is None
    }
    print_table(header, rows, numbers=set(range(3, len(header) - 1)) | {0}, dim=still)


def _row(track: TrackPlan) -> list[str]:
    move = ""
    if track.moves and track.new_db is not None and track.old_db is not None:
        move = show.decibels(Decibel(track.new_db - track.old_db), sign=True)
    between = ""
    if track.interval_db is not None:
        between = " .. ".join(f"{bound:+.1f}" for bound in track.interval_db)
    return [
        str(track.index + 1),
        track.name,
        track.role_text,
        show.decibels(track.old_db),
        show.decibels(track.new_db),
        "" if track.bundled_db is None else show.decibels(track.bundled_db),
        move,
        between,
        track.reason or "",
    ]


def _levels_line(plan: GainPlan) -> str | None:
    """One line on the drums' level before and after, None where nothing was measured."""
    levels = plan.levels
    if levels.before_lufs is None or levels.after_lufs is None:
        return None
    text = f"drums together: {levels.before_lufs:.1f} LUFS before, {levels.after_lufs:.1f} after"
    if levels.before_dbfs is not None and levels.after_dbfs is not None:
        text += f"; peak {levels.before_dbfs:.1f} dBFS before, {levels.after_dbfs:.1f} after"
    return text
