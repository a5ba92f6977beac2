"""The card of a user's model: what it saw, what it changes per role, how sure it is."""

from __future__ import annotations

from reaper_drumgain.learn.taste.check import count_of, effects_count, role_scatter
from reaper_drumgain.methods.user_model import UserModel
from reaper_drumgain.schema.printable import printable


def role_rows(model: UserModel) -> list[tuple[str, ...]]:
    """Per role that was seen: its name, tracks, projects, departure and its standard deviation in
    dB, the change in dB for 10 dB of level, and the scatter from project to project in dB."""
    scatter = role_scatter(model.projects)
    return [
        (
            role,
            str(taste.tracks),
            str(taste.projects),
            f"{taste.offset_db:+.1f}",
            f"{taste.sd_db:.1f}",
            f"{10 * taste.slope:+.1f}",
            f"{scatter[role]:.1f}" if role in scatter else "",
        )
        for role, taste in model.roles.items()
        if taste.tracks
    ]


ROLE_HEADINGS = (
    "Role",
    "Tracks",
    "Projects",
    "Departs dB",
    "+- dB",
    "Per 10 dB louder",
    "Scatter dB",
)


def card(model: UserModel) -> str:
    """The card as Markdown."""
    effects, tracks = effects_count(model.projects)
    check = model.check
    lines = [
        f"# Model card: {model.name}",
        "",
        f"Your own model, learned by DrumGain {model.version} on {model.created}. It is the "
        "bundled model and your departures from it, each in dB against the mean of the kit, and "
        f"no larger than the material shows. Use it with `--model '{model.name}'`.",
        "",
        "## What it saw",
        f"{count_of(model)}, {tracks} drum tracks, of "
        f"which {effects} have effects that were not measured (these count less).",
        "",
    ]
    for project in model.projects:
        lines.append(f"- {printable(project.name)}: {len(project.tracks)} tracks")
        lines += [f"  - left out: {printable(why)}" for why in project.left_out]
    lines += ["", "## What it changes", "| " + " | ".join(ROLE_HEADINGS) + " |"]
    lines.append("|" + "---|" * len(ROLE_HEADINGS))
    lines += ["| " + " | ".join(row) + " |" for row in role_rows(model)]
    unseen = [role for role, taste in model.roles.items() if not taste.tracks]
    lines += [
        "",
        "Departs: by how much you set this role higher (+) or lower (-) than the bundled model, "
        "against the mean of the kit, and its standard deviation. Per 10 dB louder: what is added "
        "for a track that was recorded 10 dB louder than usual. Scatter: how far the departure "
        "varies from project to project.",
    ]
    if unseen:
        lines.append(f"Not seen, and moved as their family only: {', '.join(unseen)}.")
    lines += ["", "## How sure it is"]
    if check.error_db is not None and check.bundled_db is not None:
        lines.append(
            f"Learned without one session at a time, it missed that session's faders by "
            f"{check.error_db:.1f} dB on average, the bundled model by {check.bundled_db:.1f} dB. "
            f"Your faders scatter by {model.noise_db:.1f} dB around what it has learned."
        )
    lines += [f"- {sentence}" for sentence in check.verdict]
    lines += [
        "",
        "It knows your faders, not why you set them: what effects on a track made louder or softer "
        "is part of what it learned.",
    ]
    return "\n".join(lines) + "\n"
