"""The messages that a page explains are messages the code has."""

import ast
import re

import pytest
from pages import ROOT, first_cells, section

PAGE = (ROOT / "docs" / "operations" / "embedded-postgresql.md").read_text()
SOURCES = sorted((ROOT / "src" / "headrace" / "db" / "embedded").glob("*.py"))
GAP = "..."


def texts() -> list[str]:
    """Every text of the sources, with a gap for each value."""
    found: list[str] = []
    for node in (node for file in SOURCES for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(part.value if isinstance(part, ast.Constant) else GAP for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


@pytest.mark.parametrize("message", first_cells(section(PAGE, "When it does not start")))
def test_the_message_is_one_of_the_code(message: str):
    words = re.escape(message).replace(re.escape(GAP), ".*")
    assert any(re.search(words, text) for text in texts())
