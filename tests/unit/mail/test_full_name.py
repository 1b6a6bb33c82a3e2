import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.mail.full_name import full_name


@pytest.mark.parametrize(
    "written",
    [
        "Inés Vidal",
        "VIDAL, Inés",
        "Ines M. Vidal",
        "inés  vidal (Example Ltd)",
        "Vidal, Inés [work]",
    ],
)
def test_one_full_name_is_the_same_however_it_is_written(written: str):
    assert full_name(written) == "ines vidal"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Ines",
        "I. V.",
        "Support Team",
        "Example Mailing List",
        "ines vidal@example.org",
        "a b",
        "12 34",
        "Ines via Board",
    ],
)
def test_what_cannot_tell_one_person_is_no_full_name(written: str):
    assert full_name(written) is None


def test_names_of_other_scripts_count():
    assert full_name("Анна Петрова") == full_name("ПЕТРОВА, Анна")


@given(st.text(max_size=60))
def test_folding_is_stable(written: str):
    folded = full_name(written)
    assert folded is None or full_name(folded) == folded
