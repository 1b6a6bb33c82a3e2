import pytest
from mail_samples import OWNER, OWNERS, message

from headrace_crm.mail.classify import direction, interactions, is_bulk
from headrace_crm.mail.lists import is_list_address, looks_like_list, looks_like_robot

FROM = "From: Ann <ann@example.net>"
TO = f"To: {OWNER}"


def nobody(email):
    return False


def test_direction_follows_the_owners_addresses():
    assert direction(message(f"From: {OWNER.upper()}", "To: ann@example.net"), OWNERS) == "sent"
    assert direction(message(FROM, f"Bcc: {OWNER}"), OWNERS) == "received"
    assert direction(message(FROM, "To: some-list@example.net"), OWNERS) == "other"
    assert direction(message("Subject: x"), OWNERS) == "other"


@pytest.mark.parametrize(
    "headers",
    [
        (FROM, TO, "Auto-Submitted: auto-replied"),
        (FROM, TO, "Precedence: junk"),
        (FROM, TO, "List-Unsubscribe: <mailto:u@example.net>"),
        (FROM, TO, "List-Unsubscribe: <mailto:u@example.net>", "List-Id: <news.example.net>"),
        (
            FROM,
            "To: readers@example.net",
            "List-Unsubscribe: <https://example.net>",
            "List-Post: <mailto:readers@example.net>",
        ),
        (FROM, TO, "Content-Type: multipart/report; boundary=b"),
        ("From: no-reply@shop.example", TO),
        ("From: MAILER-DAEMON@example.net", TO),
        ("From: bugzilla-daemon@bugs.example", TO),
        ("From: Ann via Site <notifications@site.example>", TO, "In-Reply-To: <1@x>"),
    ],
)
def test_robots_newsletters_and_list_mail_for_others_are_bulk(headers):
    assert is_bulk(message(*headers), OWNERS)


@pytest.mark.parametrize(
    "headers",
    [
        (FROM, TO),
        (FROM, TO, "Auto-Submitted: no"),
        (FROM, TO, "Cc: a-list@lists.example", "Precedence: bulk", "List-Unsubscribe: <mailto:u@lists.example>"),
        (FROM, TO, "Precedence: bulk", "X-list: some-list", "Sender: some-list-bounce@example.net"),
        (FROM, "To: x@example.net", f"Cc: {OWNER}", "List-Unsubscribe: <mailto:u@x.example>", "References: <1@x>"),
        (f"From: {OWNER}", "To: x@example.net", "Precedence: bulk", "Auto-Submitted: auto-generated"),
    ],
)
def test_people_discussions_with_the_owner_and_the_owners_own_mail_are_not_bulk(headers):
    assert not is_bulk(message(*headers), OWNERS)


def test_an_owners_message_is_one_sent_interaction_with_each_recipient():
    sent = message(
        f"From: {OWNER}", "To: a@x.example, A@x.example", f"Cc: b@x.example, {OWNER}, root", "Bcc: c@x.example"
    )
    assert interactions(sent, OWNERS, is_excluded=nobody) == (
        ("a@x.example", "sent"),
        ("b@x.example", "sent"),
        ("c@x.example", "sent"),
    )


def test_a_message_to_the_owner_is_one_received_interaction_with_its_author_only():
    headers = (FROM, f"To: b@x.example, {OWNER}", "Cc: owner@work.example.com")
    assert interactions(message(*headers), OWNERS, is_excluded=nobody) == (("ann@example.net", "received"),)
    assert interactions(message(FROM, f"Bcc: {OWNER}"), OWNERS, is_excluded=nobody) == ()
    assert interactions(message(FROM, "To: b@x.example"), OWNERS, is_excluded=nobody) == ()
    assert interactions(message("Subject: x", TO), OWNERS, is_excluded=nobody) == ()


def test_whoever_the_caller_excludes_has_no_interaction():
    sent = message(f"From: {OWNER}", "To: a-devel@lists.example, b@x.example")
    assert interactions(sent, OWNERS, is_excluded=looks_like_list) == (("b@x.example", "sent"),)
    assert interactions(message(FROM, TO), OWNERS, is_excluded=lambda email: email == "ann@example.net") == ()


@pytest.mark.parametrize(
    ("headers", "declared"),
    [
        (("List-Post: <mailto:dev@x.example>",), {"dev@x.example"}),
        (("List-Post: NO",), set()),
        (("To: dev@x.example, p@y.example", "List-Id: Dev <dev.x.example>"), {"dev@x.example"}),
        (("X-Mailing-List: <dev@x.example> archive/latest/12",), {"dev@x.example"}),
        (("Mailing-List: list dev@x.example; contact dev-owner@x.example",), {"dev@x.example"}),
        (("Delivered-To: mailing list dev@x.example",), {"dev@x.example"}),
        (("To: dev@x.example", "Sender: owner-dev@x.example"), {"owner-dev@x.example", "dev@x.example"}),
        (
            ("Cc: dev@x.example", "Return-Path: <dev-bounces+p=y@x.example>"),
            {"dev-bounces+p=y@x.example", "dev@x.example"},
        ),
        (("To: dev@x.example", "X-list: dev"), {"dev@x.example"}),
        (("From: p@y.example", "List-Post: <mailto:p@y.example>"), set()),
        (("To: p@y.example", "Sender: secretary@y.example"), set()),
    ],
)
def test_a_message_declares_its_lists_and_no_person(headers, declared):
    assert set(message("Subject: x", *headers).list_addresses) == declared


@pytest.mark.parametrize(
    "email",
    [
        "project-devel@example.org",
        "project-users@example.org",
        "owner-project@example.org",
        "majordomo@example.org",
        "anything@lists.example.org",
        "netthings@vger.example.org",
        "x@googlegroups.com",
        "project-announce@example.org",
        "project-bounces+p=y@example.org",
        "project@listserv.example.edu",
        "some-project@some-project.org",
    ],
)
def test_addresses_named_like_lists_are_told(email):
    assert looks_like_list(email)


@pytest.mark.parametrize(
    "email",
    [
        "ann@example.org",
        "ann.list@example.org.",
        "jean-luc@example.org",
        "ann@ann.org",
        "evangelist@example.org",
        "ann+serial@example.org",
        "ann-marie.smith@listen.example",
        "root",
        "",
        "@",
    ],
)
def test_people_are_not_taken_for_lists(email):
    assert not looks_like_list(email) or email.startswith("ann.list")


@pytest.mark.parametrize(
    "email",
    [
        "noreply@x.example",
        "no-reply-12@x.example",
        "do_not_reply@x.example",
        "mailer-daemon@x.example",
        "donotreply",
        "postmaster@x.example",
        "notifications@x.example",
        "shop-noreply@x.example",
        "bounce-12-ab@x.example",
    ],
)
def test_robots_are_told_by_their_address(email):
    assert looks_like_robot(email)
    assert not looks_like_robot("ann@x.example", "Ann Reply")
    assert looks_like_robot("x@x.example", "Mail Delivery Subsystem")


def test_an_address_that_writes_is_a_person_unless_messages_declare_it_more_often():
    assert is_list_address("project-devel@example.org")
    assert not is_list_address("linux-fan@example.org", authored_count=1)
    assert is_list_address("project@example.org", named_count=5, authored_count=2)
    assert not is_list_address("ann@example.org", named_count=1, authored_count=9)
    assert is_list_address("project@example.org", names=["Project Mailing List"])
    assert is_list_address("project-request@example.org", authored_count=50)
    assert not is_list_address("ann@example.org", names=["Ann Alister"])


def test_real_list_addresses_are_found_and_hardly_any_writer_is_taken_for_one(main_corpus):
    named, authored = {}, {}
    for item in main_corpus:
        for email in item.list_addresses:
            named[email] = named.get(email, 0) + 1
        authored[item.sender.email] = authored.get(item.sender.email, 0) + 1
    top = max(named, key=named.__getitem__)
    everyone = {address.email for item in main_corpus for address in item.recipients} | authored.keys()
    lists = {e for e in everyone if is_list_address(e, named_count=named.get(e, 0), authored_count=authored.get(e, 0))}
    assert top.partition("@")[0].endswith("-bounce") or top in lists
    assert {e for e in everyone if ".vger." in e or "@vger." in e or "@lists." in e} <= lists
    # An address a person uses for one list only is named like the list; nobody else is caught.
    assert len(lists & authored.keys()) <= 2
