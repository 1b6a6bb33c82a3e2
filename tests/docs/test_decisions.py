"""Decision records: numbered without a gap, each with its four parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import ROOT, page_id

RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
PARTS = ["## Context", "## Decision", "## Consequences", "## What would make us revisit"]


def faults(text: str) -> Iterator[str]:
    found = [line for line in text.splitlines() if line.startswith("## ")]
    if found != PARTS:
        yield f"its parts are {found}, they should be {PARTS}"
    for part, rest in zip(PARTS, text.split("\n## ")[1:], strict=False):
        if not rest.partition("\n")[2].strip():
            yield f"{part} is empty"


def test_they_are_numbered_without_a_gap():
    assert [int(record.name[:4]) for record in RECORDS] == list(range(len(RECORDS)))


@pytest.mark.parametrize("record", RECORDS, ids=page_id)
def test_each_has_its_four_parts(record: Path):
    assert list(faults(record.read_text())) == []


@pytest.mark.parametrize("record", RECORDS[1:], ids=page_id)
def test_each_is_headed_by_its_number(record: Path):
    assert record.read_text().startswith(f"# {record.name[:4]}: ")


def test_a_missing_and_an_empty_part_are_found():
    assert len(list(faults("# 0002: x\n\n## Context\n\ny\n"))) == 1
    assert list(faults("".join(f"\n{part}\n\ntext\n" for part in PARTS[:3]) + f"\n{PARTS[3]}\n")) == [
        "## What would make us revisit is empty"
    ]
