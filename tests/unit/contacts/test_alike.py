"""Contacts that more evidence shows to be one person."""

from uuid import UUID

from headrace_crm.contacts.alike import Joining, Own, Reach, Someone, joinings, someone

INES = frozenset({"ines vidal"})
MILL = Reach("phone", "+441223706200", "message 7")


def number(value: int) -> UUID:
    return UUID(int=value)


def known(value: int, *reaches: Reach, email: str | None = None, names=INES, is_settled: bool = False, **bonds: str):
    own = Own(email or f"{value}@host{value}.example", names, bonds)
    return someone(number(value), [own], reaches, is_settled=is_settled)


def pairs(*contacts: Someone) -> list[tuple[int, int]]:
    return [(each.contact_id.int, each.merged_id.int) for each in joinings(contacts)]


def test_a_name_alone_joins_nobody_and_neither_does_evidence_without_a_name():
    assert joinings([known(1), known(2)]) == []
    assert joinings([known(1, MILL), known(2, MILL, names=frozenset({"otto lind"}))]) == []
    assert joinings([known(1, MILL, names=frozenset()), known(2, MILL, names=frozenset())]) == []


def test_each_piece_of_evidence_joins_to_the_older_one_and_is_told_without_a_value():
    told = {
        ("phone of message 7", "phone of pdl"): (known(1, MILL), known(2, Reach("phone", MILL.value, "pdl"))),
        ("mail of message 9",): (known(1), known(2, Reach("mail", "1@host1.example", "message 9"))),
        ("conversation in message 4",): (
            known(1, bond="conversation in message 4"),
            known(2, bond="conversation in message 4"),
        ),
        ("organisation",): (known(1, email="a1@heron.example"), known(2, email="b2@mail.heron.example")),
        ("local part",): (known(1, email="quill77@gmail.com"), known(2, email="quill77@web.de")),
    }
    for evidence, contacts in told.items():
        assert joinings(contacts[::-1]) == [Joining(number(1), number(2), evidence)]


def test_evidence_reaches_over_any_number_of_steps():
    bound = known(3, MILL, bond="conversation in message 4")
    assert pairs(known(5, bond="conversation in message 4"), known(4, MILL), bound, known(2)) == [(3, 4), (3, 5)]


def test_those_a_user_spoke_of_are_joined_to_nobody_and_others_to_them_unless_they_are_tied_to_two():
    assert pairs(known(1, MILL, is_settled=True), known(2, MILL, is_settled=True)) == []
    assert pairs(known(1, MILL), known(2, MILL, is_settled=True), known(3, MILL)) == [(2, 1), (2, 3)]
    two = (known(1, MILL, is_settled=True), known(2, MILL, is_settled=True))
    assert pairs(*two, known(3, MILL), known(4, MILL)) == [(3, 4)]
