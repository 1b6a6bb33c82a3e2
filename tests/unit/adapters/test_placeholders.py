import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import headrace
from headrace.adapters.placeholders import named, to_pyformat

STATEMENTS = sorted(Path(headrace.__file__).parent.rglob("sql/*.sql"))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("SELECT $1, $2::text[], $1", "SELECT %(p1)s, %(p2)s::text[], %(p1)s"),
        ("SELECT $10, $1", "SELECT %(p10)s, %(p1)s"),
        ("SELECT 5 % $1", "SELECT 5 %% %(p1)s"),
        ("SELECT '$1 100%', $1", "SELECT '$1 100%%', %(p1)s"),
        ("SELECT 'it''s $1', $1", "SELECT 'it''s $1', %(p1)s"),
        ('SELECT "$1", $1', 'SELECT "$1", %(p1)s'),
        ("SELECT $1 -- not $2, 5%\n, $2", "SELECT %(p1)s -- not $2, 5%%\n, %(p2)s"),
        ("SELECT $1 /* not\n$2 */, $2", "SELECT %(p1)s /* not\n$2 */, %(p2)s"),
        ("DO $$ SELECT $1 % 2 $$", "DO $$ SELECT $1 %% 2 $$"),
        ("DO $a$ $1 $$ $a$, $1", "DO $a$ $1 $$ $a$, %(p1)s"),
        ("SELECT 'it''s", "SELECT 'it''s"),
    ],
)
def test_parameters_are_named_and_percents_doubled(written: str, wanted: str):
    assert to_pyformat(written) == wanted


def test_values_have_the_names_of_their_parameters():
    assert named(["a", None]) == {"p1": "a", "p2": None}
    assert named([]) == {}


@pytest.mark.parametrize("file", STATEMENTS, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_every_statement_of_the_engine_has_its_parameters_named(file: Path):
    text = re.sub(r"--[^\n]*", "", file.read_text())
    converted = to_pyformat(text)
    assert set(re.findall(r"%\(p(\d+)\)s", converted)) == set(re.findall(r"\$(\d+)", text))
    assert "$" not in re.sub(r"'[^']*'", "", converted)


@given(st.text(alphabet="$1p%'\"-\n a()s/*"))
def test_a_driver_that_fills_in_nothing_gives_the_statement_back(written: str):
    numbers = {f"p{number}": f"${number}" for number in range(2000)}
    try:
        filled = to_pyformat(written) % numbers
    except KeyError:  # a parameter of a number that high
        return
    assert re.sub(r"\$0*(?=\d)", "$", filled) == re.sub(r"\$0*(?=\d)", "$", written)
