"""``drumgain train``: make the forest from human mixes."""

from __future__ import annotations

import argparse

NAME = "train"
SUMMARY = "Train the forest on human mixes and print how good it is on songs it never saw."


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    raise NotImplementedError
