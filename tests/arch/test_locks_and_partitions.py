"""A statement that locks rows reads partitioned tables in its own body, or in the part that locks.

PostgreSQL 18 checks a row again that was changed while its lock was awaited, and sets up anew for that, in place, what
prunes partitions in the other parts of the statement. That is freed when the part that locks has given its last row: a
part that prunes by values met at run time after that reads freed memory, and the backend dies, and all sessions of the
server with it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
_NO_CODE = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
_PARTITIONED = re.compile(r"CREATE TABLE ([\w.]+) \([^;]*?\) PARTITION BY")
_LOCK = re.compile(r"\bFOR (?:NO KEY )?UPDATE\b|\bFOR (?:KEY )?SHARE\b")
_OPENS_QUERY = re.compile(r"\bAS(?: NOT)?(?: MATERIALIZED)?\s*$")
_OPENS_JOINED = re.compile(r"(?:\bFROM|\bJOIN|\bLATERAL|,|\b(?:WHERE|AND)\s+(?:NOT\s+)?EXISTS)\s*$")

# Why the statement may read a partitioned table beside its locks.
EXCEPTIONS = {
    "delete_ended": "nobody changes an outcome, so its locks never meet a newer row",
    "redrive_job": "nobody changes an outcome, so its locks never meet a newer row",
    "forget_flows": "the least id of all is read: there is nothing to prune by",
}


def partitioned(src: Path) -> set[str]:
    texts = [file.read_text(encoding="utf-8") for file in src.rglob("*.sql") if file.parent.name == "migrations"]
    return {name for text in texts for name in _PARTITIONED.findall(text)}


def parts(text: str) -> Iterator[str]:
    """What each part with a plan of its own says, without the parts in it; the statement's own body comes last."""
    said = [""]
    are_parts: list[bool] = []
    for at, sign in enumerate(text):
        if sign == "(":
            before, after = text[:at], text[at + 1 :].lstrip()
            are_parts.append(
                bool(_OPENS_QUERY.search(before)) or (after.startswith("SELECT") and not _OPENS_JOINED.search(before))
            )
            if are_parts[-1]:
                said.append("")
        elif sign == ")" and are_parts.pop():
            yield said.pop()
        said[-1] += sign
    yield said.pop()


def prunes_beside_locks(text: str, tables: set[str]) -> bool:
    reads = re.compile(rf"\b(?:FROM|JOIN|USING|UPDATE)\s+(?:{'|'.join(map(re.escape, sorted(tables)))})\b")
    found = list(parts(_NO_CODE.sub(" ", text)))
    locking = [part for part in found if _LOCK.search(part)]
    return any(reads.search(part) and any(other is not part for other in locking) for part in found[:-1])


def test_no_statement_prunes_partitions_beside_the_part_that_locks():
    tables = partitioned(SRC)
    assert {"headrace.job", "headrace.outcome", "headrace.event"} <= tables
    texts = {file.stem: file.read_text(encoding="utf-8") for file in SRC.rglob("*.sql") if file.parent.name == "sql"}
    assert {name for name, text in texts.items() if prunes_beside_locks(text, tables)} == set(EXCEPTIONS)


HELD = "WITH held AS MATERIALIZED (SELECT id FROM run ORDER BY id FOR UPDATE)"


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (f"{HELD}, told AS (UPDATE job SET x = 1 FROM held WHERE job.id = held.id) SELECT id FROM held", True),
        (f"{HELD}, body AS (SELECT job.x FROM held JOIN job ON job.id = held.id) SELECT x FROM body", True),
        (f"{HELD} SELECT EXISTS (SELECT FROM job WHERE job.id = held.id) FROM held", True),
        (f"{HELD} SELECT (SELECT x FROM job WHERE job.id = held.id) FROM held", True),
        (f"{HELD} UPDATE job SET x = 1 FROM held WHERE job.id = held.id", False),
        (f"{HELD} SELECT x FROM held CROSS JOIN LATERAL (SELECT x FROM job WHERE job.id = held.id) AS body", False),
        (f"{HELD}, noted AS (INSERT INTO job (id) SELECT id FROM held) SELECT id FROM held", False),
        ("WITH held AS (SELECT id FROM job FOR UPDATE) SELECT id FROM held", False),
        ("WITH body AS (SELECT x FROM job) SELECT x FROM body -- FOR UPDATE", False),
    ],
)
def test_what_would_prune_beside_locks_is_told_from_what_does_not(text, is_found):
    assert prunes_beside_locks(text, {"job"}) is is_found
