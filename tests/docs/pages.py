"""The pages, taken apart: code blocks, inline code, headings, tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
REFERENCE = ROOT / "docs" / "reference"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is where its first line of code stands in the page."""

    language: str
    text: str
    line: int


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(text: str, language: str) -> list[Block]:
    return [
        Block(found[1], found[2], text[: found.start()].count("\n") + 2)
        for found in _BLOCK.finditer(text)
        if found[1] == language
    ]


def without_blocks(text: str) -> str:
    return _BLOCK.sub("", text)


def inline_code(text: str) -> list[str]:
    return _INLINE.findall(without_blocks(text))


def anchors(text: str) -> set[str]:
    """What `page.md#part` may name: headings as forges spell them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for _, heading in _HEADING.findall(without_blocks(text))
    }


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above. Raises ValueError for none."""
    for found in _HEADING.finditer(text):
        if found[2] == heading:
            rest = text[found.end() :]
            end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
            return rest[: end.start()] if end else rest
    raise ValueError(f"there is no heading {heading!r}")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every table row, without the head of each table."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_row = line.startswith("| ")
        follows_row = number > 0 and lines[number - 1].startswith("|")
        if is_row and follows_row:
            yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def first_cells(text: str) -> list[str]:
    """The first cell of each row, without its back-ticks."""
    return [row[0].strip("`") for row in rows(text) if not set(row[0]) <= {"-", " ", ":"}]
