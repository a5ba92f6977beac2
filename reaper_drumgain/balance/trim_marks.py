"""What is stored on the tracks about their trims, and warnings of trims that are not made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reaper_drumgain.schema.plan import TrackPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import DrumTrack
from reaper_drumgain.tracks.trims import family_of, made_trim, mark_text
from reaper_drumgain.units import HEARD_DB, Decibel


def with_marks(
    plans: Sequence[TrackPlan], drums: Sequence[DrumTrack], trims: Mapping[str, Decibel]
) -> list[TrackPlan]:
    """The plans of the drum tracks with what is to be stored on them about the trims in use.

    Parameters
    ----------
    plans, drums
        One for each drum track, in the same order.
    trims
        The trims in use in dB, by family of drums.

    Returns
    -------
    list of TrackPlan
        In the same order.
    """

    def marked(plan: TrackPlan, drum: DrumTrack) -> TrackPlan:
        made = plan.trim_db if drum.measured else made_trim(drum)
        return replace(
            plan,
            trim_db=made,
            old_trim_db=made_trim(drum),
            trim_mark=mark_text(drum, trims, made),
        )

    return [marked(plan, drum) for plan, drum in zip(plans, drums, strict=True)]


def warnings(
    plans: Sequence[TrackPlan], drums: Sequence[DrumTrack], settings: Settings
) -> Iterator[str]:
    """Sentences on trims that the settings ask for and that are not made, or not all of them.

    Parameters
    ----------
    plans, drums
        One for each drum track, in the same order.
    settings
        The trims that are asked for.

    Yields
    ------
    str
        One sentence for each family without a track, and for each track whose trim is another.
    """
    for family, wanted in settings.trims:
        own = [
            (plan, drum)
            for plan, drum in zip(plans, drums, strict=True)
            if family_of(drum.role) == family
        ]
        if not own and wanted:
            yield f"trim {family}={wanted:+g} is not kept: no drum track belongs to {family}"
        for plan, drum in own:
            if abs(wanted - plan.trim_db) >= HEARD_DB:
                why = drum.flag or ("never raised" if plan.held else "moves with other families")
                yield (
                    f"track {plan.name!r}: its trim stays {plan.trim_db:+g} dB, not the "
                    f"{wanted:+g} dB asked for ({why})"
                )
