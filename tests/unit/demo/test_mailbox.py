import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from headrace_crm.demo import write_mailbox
from headrace_crm.demo.mail import compose_mail
from headrace_crm.demo.world import build_world

ENDS_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RESERVED = re.compile(r"(^|\.)(example\.(com|org|net)|example|test)$")


def test_the_same_arguments_write_the_same_bytes(written, tmp_path):
    write_mailbox(tmp_path / "again.mbox", ends_at=ENDS_AT)
    assert (tmp_path / "again.mbox").read_bytes() == written.content


def test_another_process_with_another_hash_seed_writes_the_same_bytes(written, tmp_path):
    path = tmp_path / "there.mbox"
    program = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime;"
        "from headrace_crm.demo import write_mailbox;"
        "write_mailbox(Path(sys.argv[1]), ends_at=datetime(2026, 3, 1, 12, tzinfo=UTC))"
    )
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "4711",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "LC_ALL": "C",
    }
    subprocess.run([sys.executable, "-c", program, path], check=True, env=environment)
    assert path.read_bytes() == written.content


def test_another_seed_writes_other_mail(written, tmp_path):
    write_mailbox(tmp_path / "other.mbox", seed=8, ends_at=ENDS_AT)
    assert (tmp_path / "other.mbox").read_bytes() != written.content


@pytest.mark.parametrize(("seed", "messages"), [(1, 100), (2, 101), (3, 257), (4, 600), (5, 1_500)])
def test_the_file_holds_exactly_the_messages_asked_for(messages_of, tmp_path, seed, messages):
    mailbox = write_mailbox(tmp_path / "m.mbox", seed=seed, messages=messages, ends_at=ENDS_AT)
    assert len(messages_of(mailbox.path.read_bytes())) == mailbox.message_count == messages
    assert mailbox.byte_count == mailbox.path.stat().st_size


def test_the_mail_spans_two_years_and_nothing_is_after_the_end(written):
    sent = [parsedate_to_datetime(message["Date"]) for message in written.messages if message["Date"]]
    assert max(sent) == written.mailbox.last_at <= ENDS_AT
    assert min(sent) == written.mailbox.first_at
    assert timedelta(days=700) < max(sent) - min(sent) < timedelta(days=735)
    assert max(sent) > ENDS_AT - timedelta(days=7)


def test_mail_is_in_the_order_of_its_arrival(written):
    sent = [parsedate_to_datetime(message["Date"]) for message in written.messages if message["Date"]]
    assert sent == sorted(sent)


def test_every_address_and_link_is_under_a_domain_reserved_for_examples(written):
    domains = {
        spec.rpartition("@")[2] for message in written.messages for spec in written.specs(message, "From", "To", "Cc")
    }
    for message in written.messages:
        for part in message.walk():
            if part.get_content_maintype() == "text":
                text = part.get_payload(decode=True).decode("latin-1")
                domains |= set(re.findall(r"[\w.+-]@([\w-]+\.[\w.-]+\w)", text))
                domains |= set(re.findall(r"https?://([\w.-]+)", text))
    domains |= set(re.findall(r"[\w.+-]@([\w-]+\.[\w.-]+\w)", "\n".join(str(m.items()) for m in written.messages)))
    assert len(domains) > 15
    assert [domain for domain in domains if not RESERVED.search(domain)] == []


def test_every_telephone_number_is_one_of_the_fictional_ones(written):
    numbers = re.findall(rb"\+\d[\d -]{8,}", written.content)
    assert len(numbers) > 50
    assert all(re.fullmatch(rb"\+1 202 555 01\d\d", number.strip()) for number in numbers)


def test_what_it_says_of_the_people_can_be_counted_in_the_file(written):
    """Counted here from the bytes alone, by the rules an importer follows."""
    owned = set(written.mailbox.owner_addresses)
    seen = set()
    sent = {person.name: 0 for person in written.mailbox.people}
    received = dict(sent)
    owner_of = {spec: person.name for person in written.mailbox.people for spec in person.addresses}
    for message in written.messages:
        if message["Message-ID"] in seen or message["Auto-Submitted"]:
            continue
        if message["Message-ID"]:
            seen.add(message["Message-ID"])
        (sender,) = written.specs(message, "From")
        if sender in owned:
            for name in {owner_of[spec] for spec in written.specs(message, "To", "Cc", "Bcc") if spec in owner_of}:
                sent[name] += 1
        elif sender in owner_of and owned & set(written.specs(message, "To", "Cc")):
            received[owner_of[sender]] += 1
    assert {p.name: (p.sent, p.received) for p in written.mailbox.people} == {
        name: (sent[name], received[name]) for name in sent
    }


def test_people_have_different_names_and_addresses_and_some_have_two(written):
    people = written.mailbox.people
    assert len({person.name for person in people}) == len(people) >= 40
    addresses = [spec for person in people for spec in person.addresses]
    assert len(set(addresses)) == len(addresses)
    assert sum(len(person.addresses) == 2 for person in people) >= 5
    assert not set(addresses) & set(written.mailbox.owner_addresses)


def test_who_has_two_addresses_writes_from_both_under_one_name(written):
    from email.header import decode_header, make_header
    from email.utils import parseaddr

    senders = {}
    for message in written.messages:
        if isinstance(message["From"], str):
            name, spec = parseaddr(message["From"])
            senders.setdefault(spec, set()).add(str(make_header(decode_header(name))))
    both = [p for p in written.mailbox.people if len(p.addresses) == 2 and all(a in senders for a in p.addresses)]
    assert len(both) >= 2
    assert all(senders[spec] == {person.name} for person in both for spec in person.addresses)
    assert all(spec in senders for spec in written.mailbox.owner_addresses)


def test_replies_answer_mail_that_came_before_them(written):
    known, replies = set(), 0
    for message in written.messages:
        if message["In-Reply-To"]:
            replies += 1
            assert set(message["References"].split()) <= known
            assert message["In-Reply-To"] == message["References"].split()[-1]
        known.add(message["Message-ID"])
    assert replies > 200


def test_threads_are_as_many_as_it_says(written):
    roots = {
        (message["References"] or message["Message-ID"] or str(number)).split()[0]
        for number, message in enumerate(written.messages)
    }
    assert len(roots) == written.mailbox.thread_count


@pytest.mark.parametrize("messages", [99, 0, -1])
def test_too_few_messages_are_refused_with_the_value_in_hand(tmp_path, messages):
    with pytest.raises(ValueError, match=f"at least 100, got {messages};"):
        write_mailbox(tmp_path / "m.mbox", messages=messages, ends_at=ENDS_AT)
    assert not (tmp_path / "m.mbox").exists()


def test_a_naive_end_is_refused(tmp_path):
    with pytest.raises(ValueError, match="ends_at must be aware"):
        write_mailbox(tmp_path / "m.mbox", ends_at=datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake under test


def test_any_zone_of_the_end_is_the_same_moment(written, tmp_path):
    from datetime import timezone

    local = ENDS_AT.astimezone(timezone(timedelta(hours=-9)))
    write_mailbox(tmp_path / "local.mbox", ends_at=local)
    assert ENDS_AT.tzinfo is UTC
    assert (tmp_path / "local.mbox").read_bytes() == written.content


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_end_of_the_mail_leaves_something_to_do(seed):
    letters = compose_mail(build_world(seed=seed, messages=600, ends_at=ENDS_AT))
    week = [each for each in letters if each.sent_at > ENDS_AT - timedelta(days=9)]
    assert any(re.search(r"introduce\s+me\s+to|in\s+touch\s+with", each.text) for each in week)
    day = (ENDS_AT - timedelta(days=2)).strftime("%A")
    assert any(each.subject.startswith((f"Coffee on {day}", f"{day} at ")) for each in week)
