"""``drumgain models``: the models of your own, as ``drumgain learn`` made them."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from reaper_drumgain.cli import options, show
from reaper_drumgain.cli.table import print_table
from reaper_drumgain.schema.printable import printable

if TYPE_CHECKING:
    from reaper_drumgain.methods.user_models import Kept

SUMMARY = "List your own models, or describe one of them."
EXAMPLES = (
    ("drumgain models", "list your models"),
    ("drumgain models rock", "describe one of them"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="describe this model")
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what is kept, or one card."""
    from reaper_drumgain.methods import user_models

    if arguments.name is not None:
        model = user_models.load(arguments.name)
        if arguments.json:
            from reaper_drumgain.methods.user_model import dump

            print(dump(model).decode("utf-8"), end="")
            return 0
        from reaper_drumgain.learn.taste.card import card

        print("\n".join(printable(line) for line in card(model).splitlines()))
        return 0
    kept = user_models.kept()
    if arguments.json:
        print(json.dumps({"schema": 1, "models": [_document(one) for one in kept]}, indent=2))
        return 0
    if not kept:
        show.say("no models yet: 'drumgain learn PROJECT... --name NAME' makes one")
        return 0
    header = (
        "Model",
        "Learned",
        "Projects",
        "Sessions",
        "Model's error dB",
        "Bundled dB",
        "Older",
        "",
    )
    print_table(header, [_row(one) for one in kept], numbers={2, 3, 4, 5, 6})
    show.say(
        f"in {printable(str(user_models.models_folder()))}; drumgain models NAME describes one"
    )
    return 0


def _row(one: Kept) -> tuple[str, ...]:
    model = one.model
    if model is None:
        return (one.name, "", "", "", "", "", str(one.older), f"cannot be used: {one.problem}")
    errors = [
        "" if e is None else f"{e:.1f}" for e in (model.check.error_db, model.check.bundled_db)
    ]
    learned = model.created[:10]
    count = str(len(model.projects))
    return (one.name, learned, count, str(model.check.sessions), *errors, str(one.older), "")


def _document(one: Kept) -> dict[str, object]:
    model = one.model
    return {
        "name": one.name,
        "path": str(one.path),
        "created": None if model is None else model.created,
        "projects": None if model is None else [project.name for project in model.projects],
        "sessions": None if model is None else model.check.sessions,
        "error_db": None if model is None else model.check.error_db,
        "bundled_db": None if model is None else model.check.bundled_db,
        "older": one.older,
        "problem": one.problem or None,
    }
