import pytest

from headrace_crm.contacts.tie import Bound, bonds_by_address, ties_of

NAME = ["ines vidal"]


@pytest.mark.parametrize(
    ("one", "other", "are_tied"),
    [
        # Names alone, however the addresses are made of them.
        ("ines.vidal@heron.example", "ines.vidal@lune.example", False),
        ("ividal@heron.example", "ines@lune.example", False),
        ("iv@heron.example", "iv@lune.example", False),
        ("ines.vidal@gmail.com", "ines@gmail.com", False),
        # One organisation, or one handle that the name does not tell.
        ("ines.vidal@heron.example", "ines@mail.heron.example", True),
        ("ines@heron.co.uk", "ines@other.co.uk", False),
        ("seawolf@heron.example", "seawolf+lists@gmail.com", True),
    ],
)
def test_a_name_ties_only_with_evidence(one: str, other: str, are_tied: bool):
    assert bool(ties_of(one, NAME, ()) & ties_of(other, NAME, ())) is are_tied


def test_evidence_ties_only_with_a_name():
    assert not ties_of("a@heron.example", ["ines vidal"], ()) & ties_of("b@heron.example", ["otto lind"], ())
    assert ties_of("a@heron.example", (), ["bond"]) == frozenset()


def test_a_bond_of_mail_ties_the_two_it_binds():
    bonds = bonds_by_address([Bound("a@x.example", "b@y.example", ""), Bound("c@z.example", "b@y.example", "")])
    ties = {email: ties_of(email, NAME, found) for email, found in bonds.items()}
    assert ties["a@x.example"] & ties["b@y.example"]
    assert ties["c@z.example"] & ties["b@y.example"]
    assert not ties["a@x.example"] & ties["c@z.example"]
