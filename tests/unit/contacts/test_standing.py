import pytest

from headrace_crm.contacts.naming import SeenName
from headrace_crm.contacts.standing import AddressFacts, standing_of

OWNERS = frozenset({"ada@example.org"})


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        (AddressFacts("ada@example.org", 0, 9), "owner"),
        (AddressFacts("root", 3, 0), "local"),
        (AddressFacts("crew@example.org", 0, 1), "list"),
        (AddressFacts("crew@example.org", 1, 1), "person"),
        (AddressFacts("boats-devel@example.org", 0, 0), "list"),
        (AddressFacts("noreply@example.org", 4, 0), "robot"),
        (AddressFacts("x@example.org", 4, 0, own_names=(SeenName("Mail Delivery System", 4),)), "robot"),
        (AddressFacts("crew@example.org", 0, 0, other_names=(SeenName("Boats mailing list", 1),)), "list"),
        (AddressFacts("bo@example.com", 0, 0), "person"),
    ],
)
def test_an_address_is_judged_by_all_that_is_known_of_it(facts: AddressFacts, standing: str):
    assert standing_of(facts, OWNERS) == standing
