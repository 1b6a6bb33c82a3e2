"""The CRM keeps its promise of `resets_sessions=False`: no statement leaves anything behind in its session."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CRM = Path(__file__).parents[2] / "src" / "headrace_crm"
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LASTING = re.compile(
    r"""set_config\s*\([^()]*(?:\([^()]*\)[^()]*)*,\s*false\s*\)
      | \bpg_(?:try_)?advisory_lock(?:_shared)?\b
      | \bCREATE\s+(?:LOCAL\s+|GLOBAL\s+)?TEMP
      | \bWITH\s+HOLD\b
      | (?:\A|;|\bBEGIN\b|\bTHEN\b|\bLOOP\b)\s*(?:SET\s+(?!LOCAL\b|CONSTRAINTS\b)|LISTEN\b|PREPARE\b|LOAD\b)
      | \bEXECUTE\s+'\s*(?:SET\s+(?!LOCAL\b)|LISTEN\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_IN_PYTHON = re.compile(r"""["']\s*(?:SET\s+(?!LOCAL\b)\w+\s*(?:=|TO)|LISTEN\b|CREATE\s+TEMP)|add_listener\(""")


def lasting(folder: Path) -> Iterator[str]:
    """What in the statements, migrations and code of a package would outlast its transaction in a session."""
    for file in sorted(folder.rglob("*.sql")):
        text = _NO_CODE.sub(" ", file.read_text(encoding="utf-8"))
        yield from (f"{file.name}: {found[0].strip()}" for found in _LASTING.finditer(text))
    for file in sorted(folder.rglob("*.py")):
        yield from (f"{file.name}: {found[0]}" for found in _IN_PYTHON.finditer(file.read_text(encoding="utf-8")))


def test_no_statement_of_the_crm_changes_its_session():
    assert list(lasting(CRM)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SET work_mem TO '1MB'",
        "-- One.\n-- Two.\nSET search_path = crm",
        "SELECT set_config('a.b', 'c', false)",
        "SELECT set_config('a.b', coalesce($1, 'c'), false)",
        "SELECT pg_advisory_lock(7)",
        "SELECT pg_try_advisory_lock_shared(7)",
        "CREATE TEMPORARY TABLE mine (id integer)",
        "LISTEN mine",
        "DECLARE mine CURSOR WITH HOLD FOR SELECT 1",
        "CREATE FUNCTION f() RETURNS void AS $$ BEGIN SET work_mem TO '1MB'; END $$ LANGUAGE plpgsql",
    ],
)
def test_what_changes_its_session_is_seen(tmp_path, statement):
    (tmp_path / "one.sql").write_text(statement)
    assert list(lasting(tmp_path))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE crm.contact\nSET name = $1",
        "SET LOCAL work_mem TO '1MB'",
        "SELECT set_config('a.b', 'c', true)",
        "SELECT pg_advisory_xact_lock(7)",
        "INSERT INTO a SELECT 1 ON CONFLICT (b) DO UPDATE\nSET c = false",
    ],
)
def test_what_ends_with_its_transaction_may_be(tmp_path, statement):
    (tmp_path / "one.sql").write_text(statement)
    assert not list(lasting(tmp_path))
