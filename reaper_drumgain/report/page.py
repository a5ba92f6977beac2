"""Fills the templates of the pages. Everything that comes from a project is escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from reaper_drumgain import __version__
from reaper_drumgain.methods.forest_file import bundled_folder
from reaper_drumgain.report.columns import ENGINEERS, OWN, PAGE_COLUMNS, fader_text
from reaper_drumgain.report.facts import TrackFacts
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.schema.trims import trims_text

_LIBRARIES = ("numpy", "soundfile", "soxr", "matplotlib", "jinja2")


@dataclass(frozen=True, slots=True)
class Row:
    """A project in the summary of a batch.

    Attributes
    ----------
    name
        The project.
    result
        The outcome in words.
    moved
        How many tracks move.
    before, after
        Loudness of the drums in LUFS, as text.
    where
        The path of the result, or why there is none.
    link
        The address of its page, if it has one.
    failed
        Whether it failed.
    """

    name: str
    result: str
    moved: str = ""
    before: str = ""
    after: str = ""
    where: str = ""
    link: str | None = None
    failed: bool = False


def project_page(
    title: str,
    plan: GainPlan,
    tracks: Sequence[TrackFacts],
    pictures: Mapping[str, Mapping[str, str] | None],
    audio: Mapping[str, str] | None,
    *,
    shortened: bool,
) -> bytes:
    """The page of one project.

    Parameters
    ----------
    title
        The name of the project.
    plan
        The plan.
    tracks
        The facts of the drum tracks.
    pictures
        ``levels`` and ``waveforms``, each ``wide`` and ``narrow``, as SVG.
    audio
        Addresses of the sound ``before`` and ``after``; None for none.
    shortened
        Whether long silences are left out of the waveforms.

    Returns
    -------
    bytes
        HTML in UTF-8.
    """
    # without the engineers' range where the method gives none
    shown = [c for c in PAGE_COLUMNS if c.kind != "number" or any(map(c.text, tracks))]
    range_heading = OWN if plan.settings.model else ENGINEERS
    return _render(
        "page.html.jinja",
        title=title,
        plan=plan,
        tracks=tracks,
        columns=[replace(c, heading=range_heading) if c.heading == ENGINEERS else c for c in shown],
        range_heading=range_heading,
        audio=audio,
        shortened=shortened,
        facts=_facts(plan),
        document=json.loads(plan.to_json()),
        **{name: _trusted(drawn) for name, drawn in pictures.items()},
    )


def index_page(
    title: str, folder: str, counts: Sequence[tuple[int, str]], rows: Sequence[Row]
) -> bytes:
    """The page of a batch.

    Parameters
    ----------
    title
        The heading.
    folder
        The folder around all projects.
    counts
        How many projects have each result, in words.
    rows
        A line for each project.

    Returns
    -------
    bytes
        HTML in UTF-8.
    """
    return _render("index.html.jinja", title=title, folder=folder, counts=counts, rows=rows)


def _facts(plan: GainPlan) -> list[tuple[str, str]]:
    import platform
    from importlib import metadata

    settings = plan.settings
    roles = (*settings.roles, *settings.role_table)
    found = [
        ("Project", plan.project),
        ("Method", plan.method),
        ("Amount", f"{settings.amount:g} %"),
        ("Level", str(settings.level)),
        ("Trims", f"{trims_text(plan.trims)} dB" if plan.trims else ""),
        ("Locked", ", ".join(settings.locks)),
        ("Only", ", ".join(settings.only)),
        ("Roles", ", ".join(f"{track} = {role}" for track, role in roles)),
        ("Part", "" if settings.span is None else "{:g} s to {:g} s".format(*settings.span)),
        ("Write", settings.write),
        *_over_time(settings),
        ("DrumGain", __version__),
        ("Python", platform.python_version()),
        ("Models", ", ".join(_models())),
        ("Libraries", ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES)),
    ]
    return [(name, value) for name, value in found if value]


def _over_time(settings: Settings) -> list[tuple[str, str]]:
    if settings.write != "automation":
        return []
    wanted = settings.automation
    return [
        ("Sections", wanted.sections),
        ("Envelope", wanted.envelope),
        ("Envelopes that were there", wanted.existing),
        ("Rides up to", f"{wanted.ride_limit:g} dB"),
    ]


def _models() -> list[str]:
    """The bundled models, each with the beginning of its SHA-256."""
    return [
        f"{path.stem} {json.loads(path.read_text('utf-8'))['sha256'][:8]}"
        for path in sorted(bundled_folder().glob("*.json"))
    ]


@cache
def _text(name: str) -> str:
    return (resources.files("reaper_drumgain.report") / "templates" / name).read_text("utf-8")


@cache
def _environment() -> Any:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        fader=fader_text,
        level=lambda level: "silence" if level is None else f"{level:.1f}",
    )
    return made


def _trusted(drawn: Mapping[str, str] | None) -> Mapping[str, Any] | None:
    """Drawings of ours, in which matplotlib has escaped the names."""
    import markupsafe

    return drawn and {name: markupsafe.Markup(svg) for name, svg in drawn.items()}  # noqa: S704


def _render(template: str, **values: Any) -> bytes:
    import markupsafe

    style, script = _text("style.css"), _text("script.js")
    # nothing from elsewhere, and of scripts only this very text
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "media-src 'self' file:; img-src data:; base-uri 'none'; form-action 'none'"
    )
    text: str = (
        _environment()
        .get_template(template)
        .render(
            version=__version__,
            policy=policy,
            style=markupsafe.Markup(style),  # noqa: S704 - our own files
            script=markupsafe.Markup(script),  # noqa: S704
            **values,
        )
    )
    return text.encode("utf-8", "xmlcharrefreplace")
