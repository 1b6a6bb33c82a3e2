import email
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.demo.letter import Letter
from headrace_crm.demo.mail import compose_mail
from headrace_crm.demo.mbox import mbox_entry
from headrace_crm.demo.person import Address
from headrace_crm.demo.rfc822 import to_bytes
from headrace_crm.demo.world import build_world

ENDS_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LETTER = Letter(
    message_id="1@example.com",
    conversation="1@example.com",
    sort="personal",
    sender=Address("Ada Sample", "ada@example.com"),
    to=(Address("", "bo@example.org"),),
    subject="Hello",
    sent_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    text="Hello\n",
)
printable = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=120
)
charsets = st.sampled_from(["utf-8", "iso-8859-1", "koi8-r", "iso-2022-jp", "gb18030", "us-ascii"])


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"From me\n", b">From me\n", b"\nFrom x y\n"]), max_size=6))
def test_a_message_comes_back_from_the_mbox_as_it_went_in(messages_of, pieces):
    message = b"Subject: x\n\n" + b"".join(pieces) + b"\n"
    entry = mbox_entry(message, sender="a@example.com", sent_at=ENDS_AT)
    assert messages_of(entry + mbox_entry(b"Subject: y\n\nz\n", sender="b@example.com", sent_at=ENDS_AT)) == [
        message,
        b"Subject: y\n\nz\n",
    ]


@given(printable, charsets)
def test_a_subject_of_any_characters_reads_back(subject, charset):
    raw = to_bytes(replace(LETTER, subject=f"é{subject}", charset=charset), delivered_to=None)
    head = raw.partition(b"\n\n")[0].decode("ascii")
    assert all(len(word) <= 75 for word in re.findall(r"=\?[^ \n]+\?=", head))
    read = str(make_header(decode_header(email.message_from_bytes(raw)["Subject"])))
    assert read == f"é{subject}"


@given(st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=40).map(str.strip))
def test_a_name_with_any_ascii_signs_reads_back(name):
    raw = to_bytes(replace(LETTER, sender=Address(name, "a@example.com")), delivered_to=None)
    ((read, spec),) = getaddresses([email.message_from_bytes(raw)["From"]])
    assert (" ".join(read.split()), spec) == (" ".join(name.split()), "a@example.com")


@pytest.mark.parametrize("seed", [7, 21])
def test_every_undisturbed_letter_reads_back_as_it_was_written(seed):
    letters = compose_mail(build_world(seed=seed, messages=300, ends_at=ENDS_AT))
    read = 0
    for letter in letters:
        if letter.flaws or letter.declared_charset or letter.layout == "html":
            continue
        message = email.message_from_bytes(to_bytes(letter, delivered_to=None))
        part = next(each for each in message.walk() if each.get_content_type() == "text/plain")
        assert part.get_payload(decode=True).decode(part.get_param("charset")) == letter.text
        assert str(make_header(decode_header(message["Subject"]))) == letter.subject
        assert not message.defects
        read += 1
    assert read > 200


def test_html_nests_quotes_as_deep_as_the_text_and_escapes_it():
    text = "a <b>\n> one\n>> two & three\nhttps://www.example.com/?a=1&b=2\n"
    raw = to_bytes(replace(LETTER, layout="html", text=text, transfer="8bit"), delivered_to=None).decode()
    assert "a &lt;b&gt;" in raw
    assert raw.count("<blockquote>") == raw.count("</blockquote>") == 2
    assert raw.index("one") < raw.index("two &amp; three") < raw.index("</blockquote>")
    assert 'href="https://www.example.com/?a=1&amp;b=2"' in raw


def test_mail_that_came_in_says_how_and_own_mail_does_not():
    assert b"Received: " in to_bytes(LETTER, delivered_to="bo@example.org")
    assert b"Received: " not in to_bytes(LETTER, delivered_to=None)
