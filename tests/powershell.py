"""The grammar of PowerShell, for machines that have no PowerShell."""

from __future__ import annotations

import pytest


def powershell_errors(text: str) -> list[str]:
    """The lines of a script in which its grammar finds a mistake."""
    tree_sitter = pytest.importorskip("tree_sitter", reason="needs tree-sitter")
    grammar = pytest.importorskip("tree_sitter_powershell", reason="needs its PowerShell grammar")
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    lines = text.splitlines()
    wrong, waiting = set(), [parser.parse(text.encode()).root_node]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            wrong.add(node.start_point.row)
        elif node.has_error:
            waiting += node.children
    return [lines[row] for row in sorted(wrong)]
