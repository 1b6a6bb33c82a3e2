"""What a mailbox must contain, so that a demonstration and the parser's tests meet it."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from headrace_crm.demo.mail import compose_mail
from headrace_crm.demo.world import build_world
from headrace_crm.scores import Interaction, score

ENDS_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def charsets(written):
    return Counter(
        (part.get_param("charset"), part["Content-Transfer-Encoding"])
        for message in written.messages
        for part in message.walk()
        if part.get_content_maintype() == "text" and not part.get_filename()
    )


@pytest.mark.parametrize(
    "expected",
    [
        ("iso-8859-1", "quoted-printable"),
        ("koi8-r", "8bit"),
        ("iso-2022-jp", "7bit"),
        ("gb18030", "8bit"),
        ("utf-8", "base64"),
        ("utf-8", "quoted-printable"),
        ("x-unknown", None),
    ],
)
def test_each_odd_charset_occurs(written, expected):
    found = charsets(written)
    assert found[expected] or (expected[1] is None and any(charset == expected[0] for charset, _ in found))


def test_some_mail_lies_about_its_charset(written):
    def lies(message):
        if message.is_multipart() or message.get_param("charset") not in {"us-ascii", "utf-8"}:
            return False
        try:
            message.get_payload(decode=True).decode(message.get_param("charset"))
        except UnicodeDecodeError:
            return True
        return False

    assert sum(map(lies, written.messages)) >= 2


def test_headers_occur_encoded_both_ways_and_raw(written):
    heads = [raw.partition(b"\n\n")[0] for raw in written.raw]
    assert any(b"?q?" in head for head in heads)
    assert any(b"?b?" in head for head in heads)
    assert any(not head.isascii() for head in heads)


def test_some_mail_lacks_a_date_or_an_id_but_never_both(written):
    assert 1 <= sum(message["Date"] is None for message in written.messages) <= 5
    assert 1 <= sum(message["Message-ID"] is None for message in written.messages) <= 5
    assert all(message["Date"] or message["Message-ID"] for message in written.messages)


def test_some_mail_is_delivered_twice_and_some_of_it_by_the_list_as_well(written):
    seen = Counter(message["Message-ID"] for message in written.messages if message["Message-ID"])
    twice = {mid for mid, count in seen.items() if count == 2}
    assert len(twice) == written.mailbox.duplicate_count >= 2
    copies = {mid: {m["List-Id"] is None for m in written.messages if m["Message-ID"] == mid} for mid in twice}
    assert {True, False} in copies.values()
    assert {True} in copies.values()


def test_the_owner_writes_from_two_addresses_and_sometimes_in_bcc(written):
    own = [m for m in written.messages if set(written.specs(m, "From")) & set(written.mailbox.owner_addresses)]
    assert {spec for m in own for spec in written.specs(m, "From")} == set(written.mailbox.owner_addresses)
    assert any(message["Bcc"] for message in own)
    assert all(message["Received"] is None for message in own)
    assert all(m["Bcc"] is None for m in written.messages if m not in own)


def test_the_list_reaches_the_owner_alone_and_in_copy(written):
    owned = set(written.mailbox.owner_addresses)
    through = [message for message in written.messages if message["List-Post"]]
    assert all(m["Precedence"] == "list" and "millwrights" in m["List-Id"] for m in through)
    assert any(set(written.specs(m, "Cc")) & owned for m in through)
    assert any(set(written.specs(m, "To")) & owned for m in through)
    assert any(not set(written.specs(m, "To", "Cc")) & owned for m in through)


def test_newsletters_and_robots_say_what_they_are(written):
    newsletters = [m for m in written.messages if m["List-Unsubscribe"] or m["Precedence"] == "bulk"]
    robots = [m for m in written.messages if m["Auto-Submitted"]]
    assert len(newsletters) == 48
    assert len(robots) == 36
    people = {spec for person in written.mailbox.people for spec in person.addresses}
    assert not people & {spec for m in newsletters for spec in written.specs(m, "From")}
    assert any("reply" in spec for m in robots for spec in written.specs(m, "From"))
    assert people & {spec for m in robots for spec in written.specs(m, "From")}, "nobody was away"


def test_html_only_alternative_and_attachments_occur(written):
    types = Counter(message.get_content_type() for message in written.messages)
    assert min(types[each] for each in ("text/html", "multipart/alternative", "multipart/mixed")) >= 5
    names = {p.get_filename() for m in written.messages for p in m.walk() if p.get_filename()}
    assert any(name.isascii() for name in names)
    assert any(not name.isascii() for name in names)


def test_bodies_quote_sign_and_hold_lines_that_begin_with_from(written):
    bodies = [raw.partition(b"\n\n")[2] for raw in written.raw]
    assert sum(b"\n> " in body for body in bodies) > 100
    assert sum(b"\n-- \n" in body for body in bodies) > 50
    assert any(b"-----Original Message-----" in body for body in bodies)
    assert b"\n>From " in written.content


def test_nothing_in_a_text_is_left_unfilled():
    letters = compose_mail(build_world(seed=7, messages=600, ends_at=ENDS_AT))
    assert [each.subject for each in letters if "{" in each.subject or "{" in each.text] == []


@pytest.mark.parametrize("seed", [7, 8, 9, 10, 11])
def test_each_rhythm_shows_in_the_scores(seed):
    world = build_world(seed=seed, messages=600, ends_at=ENDS_AT)
    letters = list({letter.message_id: letter for letter in compose_mail(world) if letter.sort == "personal"}.values())
    owned = set(world.owner.addresses)
    found = {}
    for relationship in world.relationships:
        theirs = set(relationship.person.addresses)
        history = [
            Interaction(each.sent_at.astimezone(UTC), "sent" if sent else "received", each.conversation)
            for each in letters
            for sent in [each.sender.spec in owned]
            if (sent and each.recipients & theirs) or (each.sender.spec in theirs and each.recipients & owned)
        ]
        found.setdefault(relationship.rhythm, []).append(score(history, now=ENDS_AT))
    assert {each.trend for each in found["growing"]} == {"growing"}
    assert {each.trend for each in found["fading"]} == {"fading"}
    assert {each.trend for each in found["dormant"]} == {"dormant"}
    assert {each.trend for each in found["new"]} == {"new"}
    assert {each.trend for each in (*found["quarterly"], *found["weekly"])} == {"steady"}
    assert {each.reciprocity for each in found["incoming"]} == {0.0}
    weakest_friend = min(each.strength for each in (*found["weekly"], *found["growing"]))
    assert weakest_friend > max(each.strength for each in (*found["incoming"], *found["dormant"], *found["occasional"]))


def test_a_bigger_mailbox_has_more_people_and_not_only_more_mail():
    def people(messages):
        return len(build_world(seed=7, messages=messages, ends_at=datetime(2026, 1, 1, tzinfo=UTC)).people)

    assert people(100) < people(600) < people(6_000) < people(100_000)
