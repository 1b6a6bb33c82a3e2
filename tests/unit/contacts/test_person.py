from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.contacts.person import Author, join_addresses


def number(value: int) -> UUID:
    return UUID(int=value)


def ids():
    numbers = count(1000)
    return lambda: number(next(numbers))


def groups(contact_ids: dict[str, UUID]) -> set[frozenset[str]]:
    found: dict[UUID, set[str]] = {}
    for email, contact_id in contact_ids.items():
        found.setdefault(contact_id, set()).add(email)
    return {frozenset(group) for group in found.values()}


def test_addresses_that_share_a_tie_are_one_person_over_any_number_of_steps():
    authors = [
        Author("a@x", frozenset({"bo lind"})),
        Author("b@x", frozenset({"bo lind", "robert lind"})),
        Author("c@x", frozenset({"robert lind"})),
        Author("d@x", frozenset({"cy ode"})),
        Author("e@x", frozenset()),
    ]
    people = join_addresses(authors, contacts=set(), new_id=ids())
    assert groups(dict(people.contact_ids)) == {
        frozenset({"a@x", "b@x", "c@x"}),
        frozenset({"d@x"}),
        frozenset({"e@x"}),
    }


def test_a_person_known_before_keeps_its_id():
    authors = [Author("a@x", frozenset({"bo lind"}), number(1)), Author("b@x", frozenset({"bo lind"}))]
    assert join_addresses(authors, contacts={number(1)}, new_id=ids()).contact_ids == {
        "a@x": number(1),
        "b@x": number(1),
    }


def test_two_contacts_are_told_and_stay_and_new_addresses_go_to_the_older():
    authors = [
        Author("a@x", frozenset({"bo lind"}), number(2)),
        Author("b@x", frozenset({"bo lind"}), number(1)),
        Author("c@x", frozenset({"bo lind"})),
        Author("d@x", frozenset({"bo lind"}), number(3)),
    ]
    people = join_addresses(authors, contacts={number(1), number(2)}, new_id=ids())
    assert people.contact_ids == {"a@x": number(2), "b@x": number(1), "c@x": number(1), "d@x": number(1)}
    assert people.absorbed == {number(3): number(1)}
    assert people.apart == {number(2)}


def test_persons_without_a_contact_join_the_one_who_has():
    authors = [Author("a@x", frozenset({"bo lind"}), number(1)), Author("b@x", frozenset({"bo lind"}), number(2))]
    people = join_addresses(authors, contacts={number(2)}, new_id=ids())
    assert set(people.contact_ids.values()) == {number(2)}
    assert people.absorbed == {number(1): number(2)}


def test_what_a_user_decided_stands_against_every_tie():
    authors = [
        Author("a@x", frozenset({"bo lind"}), number(1), decided=number(1)),
        Author("b@x", frozenset({"bo lind"}), number(1), decided=number(2)),
        Author("c@x", frozenset(), number(3), decided=number(1)),
        Author("d@x", frozenset({"bo lind"})),
    ]
    people = join_addresses(authors, contacts={number(1)}, new_id=ids())
    assert people.contact_ids == {"a@x": number(1), "b@x": number(2), "c@x": number(1), "d@x": number(1000)}


def test_what_is_tied_to_one_decided_person_alone_joins_it():
    authors = [
        Author("a@x", frozenset({"bo lind"}), number(1), decided=number(1)),
        Author("b@x", frozenset({"cy ode"}), number(2), decided=number(2)),
        Author("d@x", frozenset({"bo lind"}), number(7)),
    ]
    people = join_addresses(authors, contacts={number(1), number(2)}, new_id=ids())
    assert people.contact_ids["d@x"] == number(1)
    assert people.absorbed == {number(7): number(1)}


writers = st.dictionaries(
    st.sampled_from([f"{letter}@x" for letter in "abcdefgh"]),
    st.frozensets(st.sampled_from(["n1", "n2", "n3", "n4"]), max_size=2),
)


@given(writers, st.randoms(use_true_random=False), st.integers(1, 3))
def test_any_order_and_division_gives_the_same_people(written, random, size):
    """Judging addresses step by step, each with its neighbours, ends as judging all at once."""
    whole = join_addresses([Author(e, names) for e, names in written.items()], contacts=set(), new_id=ids())
    emails = list(written)
    random.shuffle(emails)
    known: dict[str, UUID] = {}
    fresh = ids()
    for begin in range(0, len(emails), size):
        chunk = emails[begin : begin + size]
        names = {name for email in chunk for name in written[email]}
        neighbours = [email for email in known if written[email] & names]
        people = join_addresses(
            [Author(email, written[email], known.get(email)) for email in {*chunk, *neighbours}],
            contacts=set(),
            new_id=fresh,
        )
        known = {email: people.absorbed.get(contact_id, contact_id) for email, contact_id in known.items()}
        known.update(people.contact_ids)
    assert groups(known) == groups(dict(whole.contact_ids))
