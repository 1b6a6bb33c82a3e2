"""Commands end with the codes the page tells."""

import os
import subprocess
import sys

import pytest
from pages import ROOT, first_cells

from headrace import terminal

PAGE = (ROOT / "docs" / "operations" / "exit-codes.md").read_text()


def test_the_codes_of_the_terminal_are_told():
    told = {int(code) for code in first_cells(PAGE)}
    known = {value for name, value in vars(terminal).items() if "EXIT_" in name}
    assert told == known | {0, 2}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (["db", "status", "--json"], 0),
        (["--database", "postgresql://nobody@127.0.0.1:1/none", "db", "status"], 1),
        (["jobs", "lst"], 2),
        (["jobs", "list", "--state", "gone"], 2),
        (["jobs", "show", "01890000-0000-7000-8000-000000000000"], 3),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else str(value),
)
def test_a_command_ends_with_its_code(database: str, call: list[str], code: int):
    ended = subprocess.run(
        [sys.executable, "-m", "headrace.cli", *call],
        env={**os.environ, "HEADRACE_DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    if code in {1, 3}:
        assert ended.stderr.startswith("error: ")
