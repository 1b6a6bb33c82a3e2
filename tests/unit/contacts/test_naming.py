import pytest

from headrace_crm.contacts.naming import SeenName, best_name, display_name, name_from_address


def seen(**counts: int) -> list[SeenName]:
    return [SeenName(name.replace("_", " "), times) for name, times in counts.items()]


def test_the_name_written_most_often_is_the_best():
    assert best_name(seen(Bo=2, Bo_Lind=3)) == "Bo Lind"


def test_among_equals_the_first_in_the_alphabet_is_the_best():
    assert best_name(seen(Zed_Lind=2, Bo_Lind=2)) == "Bo Lind"


def test_the_same_name_from_two_addresses_counts_together():
    assert best_name([*seen(Bo=2, Bo_Lind=3), *seen(Bo=2)]) == "Bo"


@pytest.mark.parametrize("name", ["bo@example.org", "", "123", "-"])
def test_what_is_no_name_is_never_the_best(name: str):
    assert best_name([SeenName(name, 5)]) is None


def test_a_person_is_called_as_they_write_before_as_others_do():
    assert display_name(seen(Bo=1), seen(Robert_Lind=9), "bo@example.org") == "Bo"
    assert display_name([], seen(Robert_Lind=9), "bo@example.org") == "Robert Lind"


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("ines.vidal@example.org", "Ines Vidal"),
        ("ines_vidal@example.org", "Ines Vidal"),
        ("ines.vidal+crm@example.org", "Ines Vidal"),
        ("i.vidal@example.org", "i.vidal"),
        ("iv77@example.org", "iv77"),
    ],
)
def test_an_address_gives_a_name_where_it_holds_one(email: str, name: str):
    assert name_from_address(email) == name
