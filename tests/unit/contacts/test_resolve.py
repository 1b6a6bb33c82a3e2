from datetime import UTC, datetime
from uuid import UUID

from headrace_crm.contacts.resolve import Interaction, StoredMessage, resolve
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.parse import parse_message

OWNERS = frozenset({"ada@example.org", "ada@example.net"})
BO, CY = UUID(int=1), UUID(int=2)
PEOPLE = {"bo@example.com": BO, "bo@example.net": BO, "cy@example.com": CY}
AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


def stored(*headers: str, recorded: dict | None = None) -> StoredMessage:
    raw = "\n".join((*headers, "Date: Mon, 5 Jan 2026 10:00:00 +0000", "", "Words.")).encode()
    message = parse_message(raw, now=AT)
    assert isinstance(message, ParsedMessage)
    return StoredMessage(7, message, recorded or {})


def resolution(*headers: str, recorded: dict | None = None):
    (found,) = resolve([stored(*headers, recorded=recorded)], owners=OWNERS, people=PEOPLE)
    return found


def test_a_message_counts_once_for_a_person_with_two_addresses_in_it():
    found = resolution("From: ada@example.org", "To: bo@example.com, cy@example.com", "Cc: bo@example.net")
    assert found.recorded == (Interaction(7, BO, "sent", AT), Interaction(7, CY, "sent", AT))
    assert found.direction == "sent"


def test_what_an_owner_is_only_a_blind_copy_of_is_not_received():
    found = resolution("From: bo@example.com", "To: cy@example.com", "Bcc: ada@example.org")
    assert found.recorded == ()
    assert found.direction == "received"


def test_addresses_that_are_nobodys_are_passed_over():
    found = resolution("From: ada@example.net", "To: crew@lists.example.org, ada@example.org, bo@example.com")
    assert [each.contact_id for each in found.recorded] == [BO]


def test_bulk_mail_has_no_interactions():
    found = resolution("From: bo@example.com", "To: ada@example.org", "Auto-Submitted: auto-replied")
    assert found.is_bulk
    assert found.recorded == ()


def test_what_is_recorded_already_is_left_alone():
    found = resolution("From: bo@example.com", "To: ada@example.org", recorded={BO: "received"})
    assert (found.recorded, found.retracted) == ((), ())


def test_what_was_recorded_wrongly_is_retracted():
    found = resolution("From: bo@example.com", "To: ada@example.org", recorded={BO: "sent", CY: "sent"})
    assert found.recorded == (Interaction(7, BO, "received", AT),)
    assert found.retracted == (Interaction(7, BO, "sent", AT), Interaction(7, CY, "sent", AT))
