import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_samples import NOW, corpus, message

from headrace_crm.mail.model import (
    MAX_BODY_CHARS,
    MAX_RECIPIENTS,
    MAX_REFERENCES,
    Address,
    Attachment,
    ParsedMessage,
    UnparsedMessage,
)
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import read_mbox
from headrace_crm.mail.reply_text import read_reply
from headrace_crm.mail.thread import thread_links

SAMPLE = b"""\
Received: from a by b; Mon, 2 Jan 2006 15:04:05 +0000
From: "=?utf-8?q?J=C3=B6rg?=" <j@example.org>
To: Friends: a@example.org, B <b@example.org>;, "C, D" <c@example.org>
Subject: =?iso-8859-1?b?R3L832U=?=
Message-ID: <1@example.org>
References: <0@example.org>
Date: Mon, 2 Jan 2006 15:04:05 +0000
Content-Type: multipart/mixed; boundary="b1"

--b1
Content-Type: multipart/alternative; boundary="b2"

--b2
Content-Type: text/plain; charset=koi8-r
Content-Transfer-Encoding: quoted-printable

=F0=D2=C9=D7=C5=D4
--b2
Content-Type: text/html

<p>Hello <b>w</b>orld</p>
--b2--
--b1
Content-Type: application/pdf; name="x.pdf"
Content-Transfer-Encoding: base64

QUJDREVGRw==
--b1--
"""


def check_storable(found):
    """What PostgreSQL asks of every text: UTF-8 without NUL."""
    text = repr(found)
    text.encode()
    assert "\\x00" not in text
    assert "\\ud8" not in text
    if isinstance(found, ParsedMessage):
        for value in (found.body_text, found.subject, found.message_key, *found.references):
            value.encode()
            assert "\0" not in value
        assert found.sent_at.utcoffset() is not None
        assert len(found.body_text) <= MAX_BODY_CHARS + 10
        read_reply(found.body_text)
        thread_links(found)
    return found


def test_a_whole_message_is_decoded():
    found = parse_message(SAMPLE, now=NOW)
    assert isinstance(found, ParsedMessage)
    assert found.sender == Address("j@example.org", "Jörg")
    assert [a.email for a in found.to] == ["a@example.org", "b@example.org", "c@example.org"]
    assert found.to[2].name == "C, D"
    assert found.subject == "Grüße"
    assert (found.message_key, found.references) == ("1@example.org", ("0@example.org",))
    assert found.body_text == "Привет"
    assert found.attachments == (Attachment("x.pdf", "application/pdf", 7),)
    assert found.sent_at.isoformat() == "2006-01-02T15:04:05+00:00"
    assert not found.date_is_guessed
    assert not found.is_truncated


@given(st.data())
def test_mutated_bytes_never_raise_and_stay_storable(data):
    raw = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(raw)))
        stop = data.draw(st.integers(start, min(len(raw), start + 40)))
        raw[start:stop] = data.draw(st.binary(max_size=20))
    check_storable(parse_message(bytes(raw), now=NOW))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(raw):
    check_storable(parse_message(raw, now=NOW))


@given(
    st.lists(
        st.sampled_from(
            [
                b"--b1",
                b"--b2",
                b"--b1--",
                b"\n",
                b"\r\n",
                b"Content-Type: multipart/mixed; boundary=b2",
                b"Content-Type: message/rfc822",
                b"\n\n",
                b"x: y",
                b"\0\xff",
            ]
        )
    )
)
def test_any_order_of_boundaries_and_headers_is_survived(pieces):
    head = b"Subject: s\nContent-Type: multipart/alternative; boundary=b1\n\n"
    assert isinstance(check_storable(parse_message(head + b"\n".join(pieces), now=NOW)), ParsedMessage)


def test_every_nasty_file_ends_as_parsed_or_unparsed_in_good_time():
    paths = [path for path in sorted(corpus("nasty").rglob("*")) if path.is_file()]
    assert len(paths) > 300
    unparsed = 0
    for path in paths:
        for raw in (path.read_bytes(), *(item.raw for item in read_mbox(path))):
            start = time.perf_counter()
            found = check_storable(parse_message(raw, now=NOW))
            assert time.perf_counter() - start < 2, path.name
            unparsed += isinstance(found, UnparsedMessage)
    # Licences, a digest without headers, an Outlook .msg and empty files are no mail, each seen in two ways.
    assert unparsed < 20


HOSTILE = {
    "nested multiparts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(20_000)
    ),
    "nested messages": b"Content-Type: message/rfc822\n\n" * 100_000,
    "a hundred thousand parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    "a megabyte of headers": b"a:b\n" * 300_000,
    "a folded desert": b"Subject: a\n" + b" " * 900_000 + b"\n b\n\nx",
    "brackets without end": b"To: " + b"(" * 100_000 + b"\n\nx",
    "a group in a group": b"To: " + b"a:" * 40_000 + b"\n\nx",
    "one long word": b"To: " + b"a" * 90_000 + b" @\n\nx",
    "encoded words without end": b"Subject: " + b"=?a?q?" * 15_000 + b"\n\nx",
    "a list of commands": b"List-Unsubscribe: <mailto:" + b"-help" * 20_000 + b">\n\nx",
    "deep HTML": b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "deep HTML with false ends": b"Content-Type: text/html\n\n" + b"<div></q>" * 100_000,
    "punycode": b"Content-Type: text/plain; charset=punycode\n\n" + b"a" * 1_000_000,
    "headers in the body": b"A: b\n\n" + b"From: a\n" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_read_in_good_time(name):
    start = time.perf_counter()
    check_storable(parse_message(HOSTILE[name], now=NOW))
    assert time.perf_counter() - start < 2


def test_what_exceeds_the_bounds_is_cut_and_marked():
    to = ", ".join(f"p{n}@example.org" for n in range(MAX_RECIPIENTS + 1))
    found = message(f"To: {to}", "References: " + " ".join(f"<{n}@x>" for n in range(500)), body="y" * 300_000)
    assert len(found.to) == MAX_RECIPIENTS
    assert len(found.body_text) == MAX_BODY_CHARS
    assert (len(found.references), found.references[0], found.references[-1]) == (MAX_REFERENCES, "0@x", "499@x")
    assert found.is_truncated


def test_bytes_that_are_no_message_are_kept_with_the_reason():
    found = parse_message(b"\xd0\xcf\x11\xe0 no header here\n\nat all", now=NOW)
    assert isinstance(found, UnparsedMessage)
    assert "no header found" in found.error
    assert found.message_key == parse_message(b"\xd0\xcf\x11\xe0 no header here\n\nat all", now=NOW).message_key


def test_without_a_message_id_the_key_follows_what_the_message_says():
    headers = ("From: a@example.org", "Date: Mon, 2 Jan 2006 15:04:05 +0000", "Subject: x")
    key = message(*headers).message_key
    assert key.startswith("hash:")
    assert message("Received: by z", *headers, body="Hello\r\n").message_key == key
    assert message(*headers, body="Other").message_key != key
    assert message(*headers[:2], "Subject: y").message_key != key
    assert message("Message-ID: <>", *headers).message_key == key


def test_a_guessed_date_is_no_part_of_the_key():
    first = parse_message(b"Subject: x\n\ny", now=NOW, envelope_at=NOW)
    second = parse_message(b"Subject: x\n\ny", now=NOW)
    assert first.message_key == second.message_key


def test_a_message_id_too_long_to_index_still_joins_its_thread():
    long = "a" * 2_000 + "@example.org"
    parent = message(f"Message-ID: <{long}>")
    child = message("Message-ID: <2@x>", f"In-Reply-To: <{long}>", f"References: <{long}>")
    assert len(parent.message_key) < 100
    assert child.references == child.in_reply_to == (parent.message_key,)


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<1@x>", ("1@x",)),
        ("1@x", ("1@x",)),
        ("<1@x>; from A B <a@b.example> on Thu, Jan 02, 2003", ("1@x",)),
        ('Your message of "Wed, 8 Jan 2003" <1@x>', ("1@x",)),
        ('Message from A B <a@b.example> of "Wed, 8 Jan 2003" <1@x>', ("1@x",)),
        ('Message from a@b.example of "Wed, 8 Jan 2003" <1@x>', ("1@x",)),
        ("Message from A B <a@b.example>", ()),
        ('a@b.example\'s message of "Wed, 8 Jan 2003"', ()),
        ("", ()),
    ],
)
def test_the_parent_is_found_in_the_prose_of_older_programs(value, ids):
    assert message("Subject: x", f"In-Reply-To: {value}").in_reply_to == ids


def test_gmail_labels_and_thread_ids_are_read():
    found = message('X-Gmail-Labels: =?UTF-8?Q?Wichtig,Gel=C3=B6scht,"a,_b"?=', "X-GM-THRID: 1844347792267117879")
    assert found.labels == ("Wichtig", "Gelöscht", "a, b")
    assert found.provider_thread_id == "1844347792267117879"


def test_obsolete_and_damaged_header_blocks_are_read():
    assert message("\ufeffSubject : spaced", "To : a@example.org").subject == "spaced"
    assert message("", "", "Subject: after blank lines").subject == "after blank lines"
    no_blank = parse_message(b"Subject: x\nthis is the body already\n", now=NOW)
    assert (no_blank.subject, no_blank.body_text) == ("x", "this is the body already")


def test_the_sender_header_speaks_where_from_is_missing():
    assert message("Sender: a@example.org", "Subject: x").sender == Address("a@example.org")
    assert message("Subject: x").sender is None


@pytest.mark.slow
def test_the_main_corpus_parses_at_the_rate_an_import_needs(main_corpus):
    raws = [item.raw for item in read_mbox(corpus("mips-owner-2003-2007.mbox.gz"))]
    start = time.perf_counter()
    for raw in raws:
        parse_message(raw, now=NOW)
    assert len(raws) / (time.perf_counter() - start) > 700


def test_the_main_corpus_parses_without_loss(main_corpus):
    assert len({item.message_key for item in main_corpus}) == len(main_corpus) == 7655
    assert not any(item.date_is_guessed or item.sender is None for item in main_corpus)
