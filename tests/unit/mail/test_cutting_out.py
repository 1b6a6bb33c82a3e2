from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.mail.cutting_out import Forgotten, cut_out, mentions_of, name_orders
from headrace_crm.mail.model import Address, Attachment, ParsedMessage
from headrace_crm.mail.parse import parse_message

OWNERS = frozenset({"olive@work.example"})
GRACE = "grace@boats.example"
WHOM = Forgotten(frozenset({GRACE}).__contains__, frozenset({"Grace Harbour"}), frozenset({"g1@x"}))


def message(*lines: str, body: str = "Hello.") -> ParsedMessage:
    raw = "\n".join((*lines, "Date: Mon, 02 Mar 2026 10:00:00 +0000", "", body)).encode()
    found = parse_message(raw, now=datetime(2026, 3, 3, tzinfo=UTC))
    assert isinstance(found, ParsedMessage)
    return found


@pytest.mark.parametrize(
    "headers",
    [
        (f"From: {GRACE}", "To: olive@work.example, joan@rockets.example"),
        ("From: olive@work.example", f"To: {GRACE}"),
        ("From: olive@work.example", f"To: {GRACE}", "Bcc: olive@work.example"),
    ],
    ids=["they wrote it", "to them alone", "to them and the owner"],
)
def test_what_they_wrote_and_what_went_between_them_and_the_owner_goes(headers: tuple[str, ...]):
    assert cut_out(message(*headers), WHOM, owners=OWNERS) is None


def test_mail_that_has_nothing_of_them_stays_the_same_object():
    kept = message("From: joan@rockets.example", "To: olive@work.example", body="Grace is a virtue.\n\n> quoted")
    assert cut_out(kept, WHOM, owners=OWNERS) is kept


def test_they_are_cut_out_of_mail_with_others():
    found = cut_out(
        message(
            "From: olive@work.example",
            f'To: joan@rockets.example, "Harbour, Grace" <{GRACE}>',
            "Subject: For GRACE HARBOUR",
            "In-Reply-To: <g1@x>",
            "References: <j0@x> <g1@x>",
            body=f"Ask Harbour, Grace or Grace\nM. Harbour ({GRACE}).\n\n"
            "On Sunday, 1 March 2026 she wrote:\n> My words.",
        ),
        WHOM,
        owners=OWNERS,
    )
    assert found is not None
    assert found.to == (Address("joan@rockets.example"),)
    assert (found.subject, found.body_text) == ("For [erased]", "Ask [erased] or [erased] ([erased]).")
    assert (found.in_reply_to, found.references) == ((), ("j0@x",))


def test_in_their_thread_only_what_the_author_wrote_stays():
    answer = message("From: joan@rockets.example", "To: olive@work.example", body="Yes.\n\n> Their words.\n\n-- \nJoan")
    found = cut_out(answer, WHOM, owners=OWNERS, is_in_their_thread=True)
    assert found is not None
    assert found.body_text == "Yes.\n\n--\nJoan"


def test_names_of_attachments_are_cleaned_too():
    kept = message("From: joan@rockets.example", "To: olive@work.example")
    file = Attachment("Offer for Grace Harbour.pdf", "application/pdf", 3)
    found = cut_out(ParsedMessage(**{**fields(kept), "attachments": (file,)}), WHOM, owners=OWNERS)
    assert found is not None
    assert found.attachments[0].filename == "Offer for [erased].pdf"


def fields(kept: ParsedMessage) -> dict:
    return {name: getattr(kept, name) for name in ParsedMessage.__dataclass_fields__}


def test_an_address_is_found_as_a_whole_alone():
    pattern = mentions_of({GRACE}, ())
    assert pattern is not None
    text = f"not.{GRACE} x{GRACE} {GRACE}.au-pair <{GRACE.upper()}>, {GRACE}."
    assert pattern.sub("#", text) == f"not.{GRACE} x{GRACE} #.au-pair <#>, #."


def test_one_word_is_no_name_to_look_for():
    assert name_orders("Grace") == []
    assert mentions_of((), ("Grace", "Support Team")) is None


@given(st.text(max_size=200), st.booleans())
def test_nothing_of_an_address_or_a_name_is_left_whatever_stands_around(text: str, is_thread: bool):
    kept = message("From: joan@rockets.example", "To: olive@work.example")
    body = f"{text} {GRACE} {text} Grace Harbour {text}"
    found = cut_out(
        ParsedMessage(**{**fields(kept), "body_text": body}), WHOM, owners=OWNERS, is_in_their_thread=is_thread
    )
    assert found is not None
    assert f" {GRACE} " not in found.body_text
    assert " Grace Harbour " not in found.body_text
