"""The parts of a page that are generated: between two comments, with prose before and after."""

import re
from pathlib import Path


def fill(text: str, parts: dict[str, str]) -> str:
    """The text with each named part replaced. Raises ValueError where the text has no place for a part."""
    for name, content in parts.items():
        place = re.compile(rf"(<!-- generated: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, count = place.subn(lambda found, content=content: f"{found[1]}\n{content.strip()}\n\n{found[2]}", text)
        if count != 1:
            raise ValueError(f"the page has {count} places for {name!r}; write `<!-- generated: {name} -->` once")
    return text


def write(page: Path, parts: dict[str, str]) -> bool:
    """Renews the generated parts of a page; whether anything changed."""
    old = page.read_text(encoding="utf-8")
    new = fill(old, parts)
    if new != old:
        page.write_text(new, encoding="utf-8")
    return new != old


def cell(text: str) -> str:
    """Text that stands in one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
