"""Why no fader of a session can be moved, and what to do."""

from __future__ import annotations

from reaper_drumgain.schema.session import Session
from reaper_drumgain.tracks.selection import (
    EMPTY,
    NAMELESS,
    NAMES_HINT,
    NOT_CHOSEN,
    Selection,
)

#: tracks that an error names
_MOST_TOLD = 8


def why_nothing_moves(session: Session, selection: Selection) -> str:
    """The error message for a session in which no drum track may be moved."""
    if not selection.drums:
        empty = sum(other.why == EMPTY for other in selection.untouched)
        unnamed = [other.name for other in selection.untouched if other.why == NAMELESS]
        if unnamed:
            shown = ", ".join(map(repr, unnamed[:3])) + (", ..." if len(unnamed) > 3 else "")
            return (
                f"{session.path}: no drum track to balance: no track has the name of a drum, and "
                f"{len(unnamed)} have names that do not say what they are ({shown}). Do this: "
                f"{NAMES_HINT} (in REAPER: the action 'Set role of selected tracks'). --listen "
                "(in REAPER: 'Find kicks by sound' in the settings) finds kick drums by their sound"
            )
        without_items = f", {empty} have the name but no items" if empty else ""
        return (
            f"{session.path}: no drum track to balance: none of its {len(session.tracks)} tracks "
            f"has a drum's name and items that play{without_items}; 'drumgain tracks' shows the "
            "role of each track, and --role sets one (in REAPER: the action 'Set role of "
            "selected tracks')"
        )
    chosen = [drum for drum in selection.drums if drum.why != NOT_CHOSEN]
    if not chosen:
        return (
            f"{session.path}: no drum track to balance: none of the chosen tracks is a drum "
            "track; 'drumgain tracks' shows the role of each, and --role sets one (in REAPER: "
            "the action 'Set role of selected tracks')"
        )
    stays = "; ".join(f"{d.track.name!r}: {d.why}" for d in chosen[:_MOST_TOLD])
    left = len(chosen) - _MOST_TOLD
    more = f"; and {left} more" if left > 0 else ""
    return f"{session.path}: no drum track to balance: {stays}{more}"
