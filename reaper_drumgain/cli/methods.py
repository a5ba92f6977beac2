"""``drumgain methods``: list the methods."""

from __future__ import annotations

import argparse
import json

from reaper_drumgain.cli import options, show
from reaper_drumgain.methods.registry import METHODS, plugins

SUMMARY = "List the methods that find gains, with their sources."
EXAMPLES = (("drumgain methods", "what the methods do, and where they come from"),)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print name, summary and citation of every method."""
    entries = (*METHODS, *plugins())
    if arguments.json:
        listed = [
            {"name": entry.name, "summary": entry.summary, "citation": entry.citation}
            for entry in entries
        ]
        print(json.dumps({"schema": 1, "methods": listed}, indent=2))
        return 0
    for place, entry in enumerate(entries):
        default = " (default)" if place == 0 else ""
        show.say(f"{entry.name}{default}\n    {entry.summary}\n    {entry.citation}")
    return 0
