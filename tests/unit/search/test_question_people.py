from uuid import UUID

import pytest

from headrace_crm.search.naming import Nameable, people_in

GRACE = Nameable(UUID(int=1), "Grace Harbour", ("grace@boats.example",))
JOAN = Nameable(UUID(int=2), "Joan Rivet", ("joan@rockets.example",))
OTHER_JOAN = Nameable(UUID(int=3), "Joan Mill", ("mill@mills.example", "ce@boats.example"))
HULL = Nameable(UUID(int=4), "Hull", ("hull@ships.example",))
EVERYBODY = (GRACE, JOAN, OTHER_JOAN, HULL)


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("what did grace@boats.example write?", [GRACE]),
        ("mail of <Grace@Boats.example>.", [GRACE]),
        ("what did grace harbour write?", [GRACE]),
        ("what is Grace Harbour's boat called?", [GRACE]),
        ("did Grace Harbour meet Joan Mill?", [GRACE, OTHER_JOAN]),
        ("what did Grace write?", [GRACE]),
        ("what is Grace\u2019s boat called?", [GRACE]),
        # Two fit, or it may be a common word.
        ("what did Joan write?", []),
        ("what did grace write?", []),
        ("Grace under pressure", []),
        ("what of the hull", []),
        ("who repairs the Harbourmaster's boat", []),
        ("", []),
    ],
)
def test_a_question_names_whom_it_surely_means(question: str, named: list[Nameable]):
    assert list(people_in(question, EVERYBODY)) == named
