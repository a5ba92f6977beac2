"""The model card that is written beside trained forests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reaper_drumgain.learn.data.human_faders import HumanFaders
from reaper_drumgain.learn.evidence import recording_card, tables
from reaper_drumgain.learn.evidence.cases import RECORDED
from reaper_drumgain.learn.evidence.evaluate import SongResult
from reaper_drumgain.learn.evidence.figures import LOUDEST, MEDIAN_OF_OTHERS, ONE_OTHER
from reaper_drumgain.learn.evidence.level_limits import BEST_SHARE, LEFT_OUT, SEEN
from reaper_drumgain.learn.evidence.method_errors import role_biases, role_errors
from reaper_drumgain.learn.evidence.metrics import BOOTSTRAP_DRAWS
from reaper_drumgain.learn.evidence.model_card_text import TEMPLATE
from reaper_drumgain.learn.fitting.alternative_designs import EXTRA_TREES, PER_TRACK_FOREST
from reaper_drumgain.learn.fitting.fold import FOREST, LINEAR, MULTIOUTPUT, Models
from reaper_drumgain.methods.by_sound import COLUMNS, SURE
from reaper_drumgain.methods.drum_responses import DrumResponses
from reaper_drumgain.methods.forest_file import LinearPart
from reaper_drumgain.methods.slots import SLOTS, family_of

_THE = {ONE_OTHER: "one other engineer", MEDIAN_OF_OTHERS: "the median of the others"}
#: roles whose bias the card shows for partial loudness
_BIASED = ("kick in", "kick out", "sub kick", "snare top", "snare", "overhead")
#: baselines that the verdict names
_NEEDED = ("equal-loudness", "modified-loudness", "partial-loudness", "unity")


def model_card(
    models: Models,
    faders: HumanFaders,
    results: Sequence[SongResult],
    figures: Mapping[str, Any],
    draws: int,
) -> str:
    """The model card with the tables of an evaluation.

    Parameters
    ----------
    models, faders
        The bundled models, and the songs with the engineers' faders.
    results, figures
        What was measured.
    draws
        Random shifts for each song and width.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        The forest has no linear part.
    """
    linear, responses = models.forest.linear, models.forest.responses
    if linear is None or responses is None:
        raise ValueError("the forest has no linear part")
    no_target = ""
    if faders.without_target:
        names = "; ".join(faders.without_target)
        no_target = f"\n  So is what is left without a fader: {names}."
    if faders.too_small:
        no_target += f"\n  Too few tracks to balance are in {', '.join(faders.too_small)}."
    return TEMPLATE.format(
        slots=len(SLOTS),
        columns=", ".join(f"`{name}`" for name in models.forest.columns) or "nothing else",
        songs=len(faders.songs),
        mixes=faders.mixes,
        tracks=sum(len(song.tracks) for song in faders.songs),
        mutes=faders.mutes,
        without_raw=faders.without_raw,
        no_target=no_target,
        never=", ".join(_never(faders)) or "none",
        draws=draws,
        bootstrap=f"{BOOTSTRAP_DRAWS:,}",
        extra=EXTRA_TREES,
        per_track=PER_TRACK_FOREST,
        **_people(figures),
        **_model(linear, responses),
        **_tables(results, figures),
        **_limits(results, figures),
        **_by_sound(models, figures),
        recording=recording_card.PAGE,
        reduced=tables.REDUCED + "\n\n" if figures["run"]["reduced"] else "",
    )


def _people(figures: Mapping[str, Any]) -> dict[str, Any]:
    one = figures["against one engineer"]
    held = figures["intervals"]
    covered = held[RECORDED][FOREST]["coverage by song"]
    gaps = figures["difference to the forest"][LINEAR]
    return {
        "one_other": one[ONE_OTHER][RECORDED]["error"],
        "median_others": one[MEDIAN_OF_OTHERS][RECORDED]["error"],
        "forest_one": one[FOREST][RECORDED]["error"],
        "forest_one_shifted": one[FOREST][LOUDEST]["error"],
        "coverage": f"{held[RECORDED][FOREST]['coverage']:.0%}",
        "one_covered": f"{held[RECORDED][FOREST]['coverage of one engineer']:.0%}",
        "half": held[RECORDED][FOREST]["half width"],
        "half_shifted": held[LOUDEST][FOREST]["half width"],
        "lowest": min(covered),
        "highest": max(covered),
        "gain_recorded": -gaps[RECORDED]["difference"],
        "gain_shifted": -gaps[LOUDEST]["difference"],
        "gain_verdict": " and ".join(
            "a difference that is shown" if gaps[c]["verdict"] != "not shown" else "not shown"
            for c in (RECORDED, LOUDEST)
        ),
    }


def _model(linear: LinearPart, responses: DrumResponses) -> dict[str, Any]:
    kits = int(max(responses.kits.values(), default=0.0))
    widening = (f"{role} {factor:.2f}" for role, factor in sorted(responses.widening.items()))
    return {
        "kits": f"{len(responses.links)} pairs of microphone and drum, at most {kits} kits each",
        "widening": ", ".join(widening) or "none",
        "stereo": linear.stereo_db,
        "rise": linear.interval_rise,
        "wanted": linear.coverage,
    }


def _tables(results: Sequence[SongResult], figures: Mapping[str, Any]) -> dict[str, Any]:
    held = figures["held by the gate"]
    return {
        "held": held[RECORDED],
        "held_resting": held.get("toms rest", 0.0),
        "with_gate": tables.error_table(figures, "with gate"),
        "without_gate": tables.error_table(figures, "without gate"),
        "engineers": tables.engineer_table(figures),
        "differences": tables.difference_table(figures),
        "verdict": _verdict(figures),
        "intervals": tables.interval_table(figures),
        "by_song": _by_song(figures),
        "by_role": _by_role(figures, results),
        "others": _others(figures),
    }


def _limits(results: Sequence[SongResult], figures: Mapping[str, Any]) -> dict[str, Any]:
    held = figures["limits of levels"]
    rows = [["", "median engineer", "one engineer"]]
    for name in (LEFT_OUT, BEST_SHARE, SEEN):
        rows.append([name, *(f"{held[name][to]:.2f}" for to in rows[0][1:])])
    bias = role_biases(results, "partial-loudness", RECORDED)
    return {
        "limits": tables.table(rows),
        "usual": held["usual departure (SD)"],
        "shift": held["shift (SD)"],
        "left": held["left of a shift (SD)"],
        "biases": tables.table(
            [[role, f"{bias[role]:+.1f} dB"] for role in _BIASED if role in bias]
        ),
    }


def _by_sound(models: Models, figures: Mapping[str, Any]) -> dict[str, Any]:
    left_out = figures["roles by sound"]["kinds left out"]
    taken = [
        f"{held['taken for a drum']} of {held['tracks']} ({kind})"
        for kind, held in left_out.items()
        if held["taken for a drum"]
    ]
    total = sum(held["tracks"] for held in left_out.values())
    return {
        "ear_trees": models.forest.about["settings"]["trees"],
        "ear_columns": len(COLUMNS),
        "sure": SURE,
        "by_sound": tables.sound_table(figures),
        "unknown": f"{', '.join(taken)}, none of the others" if taken else f"none of {total}",
    }


def _verdict(figures: Mapping[str, Any]) -> str:
    """In words: which differences to the baselines and to engineers these songs can show."""
    gaps = figures["difference to the forest"]
    lines = []
    for condition, said in ((RECORDED, "As recorded"), (LOUDEST, "With +-12 dB")):
        shown = [f"`{n}`" for n in _NEEDED if gaps[n][condition]["verdict"] == "forest better"]
        rest = [f"`{n}`" for n in _NEEDED if f"`{n}`" not in shown]
        text = f"{said} the forest is shown to be better than {', '.join(shown) or 'none of these'}"
        if rest:
            text += f"; these songs cannot show a difference to {', '.join(rest)}"
        lines.append(text + ".")
    own = figures["against one engineer"][FOREST]
    for condition, said in ((RECORDED, "as recorded"), (LOUDEST, "with +-12 dB")):
        for name in (ONE_OTHER, MEDIAN_OF_OTHERS):
            gap = own[condition][f"minus {name}"]
            low, high = gap["interval95"]
            lines.append(
                f"Against one engineer, {said}, the forest's error less that of {_THE[name]}: "
                f"{gap['error']:+.2f} dB ({low:+.2f} .. {high:+.2f}), {_word(low, high)}."
            )
    return "\n".join(f"- {line}" for line in lines)


def _word(low: float, high: float) -> str:
    if high < 0:
        return "the forest is better"
    return "the forest is worse" if low > 0 else "no difference shown"


def _never(faders: HumanFaders) -> list[str]:
    """The families of slots in which no song has a track."""
    found = {family_of(t.role, t.channels) for song in faders.songs for t in song.tracks}
    return [
        slot.removesuffix(" 1")
        for slot in SLOTS
        if slot.endswith(" 1") and slot.removesuffix(" 1") not in found
    ]


def _by_song(figures: Mapping[str, Any]) -> str:
    names = ("unity", "equal-loudness", LINEAR, MULTIOUTPUT, FOREST)
    rows = [["", *names]]
    for song, by in figures["by song"].items():
        cells = [f"{by[name][RECORDED]:.2f} / {by[name][LOUDEST]:.2f}" for name in names]
        rows.append([song, *cells])
    return tables.table(rows)


def _by_role(figures: Mapping[str, Any], results: Sequence[SongResult]) -> str:
    names = ("unity", "equal-loudness", "role-mean", LINEAR, FOREST)
    held = figures["by role"]
    counts = role_errors(results, FOREST, RECORDED)
    rows = [["", "tracks", *names]]
    for role in sorted(held, key=lambda role: -len(counts[role])):
        cells = [f"{held[role][name][RECORDED]:.2f}" for name in names]
        rows.append([role, str(held[role]["tracks"]), *cells])
    return tables.table(rows)


def _others(figures: Mapping[str, Any]) -> str:
    names = ("unity", "equal-loudness", LINEAR, FOREST)
    held = figures["other targets"]
    rows = [["", *names]]
    for kind in held[FOREST][RECORDED]:
        cells = [f"{held[n][RECORDED][kind]:.2f} / {held[n][LOUDEST][kind]:.2f}" for n in names]
        rows.append([kind, *cells])
    return tables.table(rows)
