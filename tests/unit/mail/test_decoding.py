from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_samples import NOW, message

from headrace_crm.mail.addresses import parse_addresses
from headrace_crm.mail.charset import clean_text, decode_bytes
from headrace_crm.mail.dates import choose_date, parse_date
from headrace_crm.mail.headers import decode_words
from headrace_crm.mail.html_text import read_html
from headrace_crm.mail.model import Address


@given(st.binary(), st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["utf-16", "utf-7", "gb2312", "hz"])))
def test_bytes_of_any_charset_become_storable_text(data, charset):
    text = decode_bytes(data, charset)
    assert text.encode().decode() == text
    assert "\0" not in text


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_clean_text_is_left_alone(text):
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Grüße".encode(), "x-unknown", "Grüße"),
        ("Grüße".encode("latin-1"), None, "Grüße"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
        ("안녕".encode("cp949"), "ks_c_5601-1987", "안녕"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        (b"\x81\x8d", None, "\x81\x8d"),
        (b"abc", "rot13", "abc"),
        (b"a\0b", "us-ascii", "ab"),
    ],
)
def test_charsets_are_read_as_senders_mean_them(data, charset, text):
    assert decode_bytes(data, charset) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?B?w7w=?= =?utf-8?Q?=C3=A4?= end", "üä end"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8*de?Q?=C3=BC?=", "ü"),
        ("=?utf-8?B?not base64!?= x", "=?utf-8?B?not base64!?= x"),
        ("=?nonsense?Q?a=E9?=", "aé"),
        ("plain =? text", "plain =? text"),
    ],
)
def test_encoded_words_are_decoded_as_far_as_they_can_be(value, text):
    assert decode_words(value) == text


@pytest.mark.parametrize(
    ("value", "emails"),
    [
        ("A B <A@Example.ORG>", ["a@example.org"]),
        ("a@x.example, <b@x.example>,, c@x.example (Comment)", ["a@x.example", "b@x.example", "c@x.example"]),
        ("undisclosed-recipients:;", []),
        ("G: a@x.example, b@x.example;, c@x.example", ["a@x.example", "b@x.example", "c@x.example"]),
        ("=?utf-8?q?N_=3Ca=40x=2Eexample=3E?=", ["a@x.example"]),
        ("'a@x.example'", ["a@x.example"]),
        ("root", ["root"]),
        ("Smith, John <j@x.example>", ["j@x.example"]),
        ("<<a@x.example>>", ["a@x.example"]),
        ("", []),
    ],
)
def test_addresses_are_found_in_what_people_write(value, emails):
    assert [address.email for address in parse_addresses([value], limit=10)] == emails


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "Ann", '"B, C"']), st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.org", fullmatch=True))
    )
)
def test_a_list_of_plain_addresses_is_read_in_order(pairs):
    value = ", ".join(f"{name} <{email}>" for name, email in pairs)
    wanted = tuple(Address(email, name.strip('"')) for name, email in pairs)
    assert parse_addresses([value], limit=1_000) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Thu, 2 Jan 2003 12:05:28 +0100", "2003-01-02T11:05:28+00:00"),
        ("02 Jan 103 12:05:28 +0000", "2003-01-02T12:05:28+00:00"),
        ("2 Jan 99 12:05 EST", "1999-01-02T17:05:00+00:00"),
        ("Thu Jan  2 12:05:28 2003", "2003-01-02T12:05:28+00:00"),
        ("2003-01-02T12:05:28Z", "2003-01-02T12:05:28+00:00"),
        ("2 Jan 2003 12:05:60 +9900", "2003-01-02T12:05:59+00:00"),
        ("31 Feb 2003 12:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_of_every_kind_become_utc(value, wanted):
    found = parse_date(value)
    assert (found.isoformat() if found else None) == wanted


def test_an_unbelievable_date_gives_way_to_received_then_envelope_then_the_message_before():
    received = ["by a; Mon, 2 Jan 2006 15:04:05 +0000 (UTC)"]
    assert choose_date("1 Jan 2040 00:00:00", received, now=NOW)[0].year == 2006
    assert choose_date("1 Jan 1901 00:00:00", [], now=NOW, envelope_at=parse_date("1 Jan 2001 00:00"))[0].year == 2001
    assert choose_date("", [], now=NOW, fallback_at=parse_date("1 Jan 2002 00:00"))[0].year == 2002
    assert choose_date("", [], now=NOW) == (parse_date("1 Jan 1970 00:00"), True)


def test_a_date_far_beyond_its_receipt_is_the_receipt():
    received = ["by a; Mon, 2 Jan 2006 15:04:05 +0000 (UTC)", "by b; Sun, 1 Jan 2006 15:04:05 +0000"]
    receipt = parse_date("2 Jan 2006 15:04:05")
    for date in ("1 Jan 2031 00:00:00", "4 Oct 2008 00:00:00", "10 Jan 2006 00:00:00"):
        assert choose_date(date, received, now=NOW) == (receipt, True)
    # Clocks and zones err by a few days.
    for date in ("8 Jan 2006 00:00:00", "1 Jan 1999 00:00:00"):
        assert choose_date(date, received, now=NOW) == (parse_date(date), False)
    # Without a header that says when, what has just come was received just now, or as the mailbox says.
    ahead = NOW + timedelta(days=8)
    assert choose_date(ahead.isoformat(), [], now=NOW) == (NOW, True)
    assert choose_date(ahead.isoformat(), [], now=NOW, envelope_at=receipt) == (receipt, True)
    assert choose_date((NOW + timedelta(days=6)).isoformat(), [], now=NOW) == (NOW + timedelta(days=6), False)
    # A clock of a server that stands still makes no date a lie.
    assert choose_date("1 Jan 2005 00:00:00", ["by a; 1 Jan 1960 00:00"], now=NOW) == (
        parse_date("1 Jan 2005 00:00"),
        False,
    )


def test_html_reads_as_text_with_its_quotes_marked():
    html = "<style>p{}</style><p>Hello <b>w</b>orld</p><blockquote>one<br>two</blockquote><script>x</script>bye"
    assert read_html(html) == "Hello world\n\n> one\n> two\n\nbye"


def test_html_is_read_only_where_there_is_no_plain_text():
    both = "--b\n\nplain\n--b\nContent-Type: text/html\n\n<p>html</p>\n--b--\n"
    head = "Content-Type: multipart/alternative; boundary=b"
    assert message(head, body=both).body_text == "plain"
    assert message(head, body=both.replace("plain", " ")).body_text == "html"
    assert message("Content-Type: text/html; charset=utf-8", body="<p>Grüße</p>").body_text == "Grüße"


def test_a_list_footer_beside_html_does_not_hide_the_message():
    body = "--b\nContent-Type: text/html\n\n<p>hello</p>\n--b\nContent-Type: text/plain\n\nfooter\n--b--\n"
    assert message("Content-Type: multipart/mixed; boundary=b", body=body).body_text == "hello\n\nfooter"


def test_text_after_base64_padding_is_not_decoded_as_base64():
    found = message("Content-Transfer-Encoding: base64", body="SGVsbG8=\n\nlist footer\n")
    assert found.body_text == "Hello"


def test_attachments_are_named_in_every_encoding_and_their_paths_dropped():
    def name(disposition):
        body = f"--b\nContent-Type: image/png\n{disposition}\n\nabc\n--b--\n"
        return message("Content-Type: multipart/mixed; boundary=b", body=body).attachments[0].filename

    assert name('Content-Disposition: attachment; filename="a b.png"') == "a b.png"
    assert name("Content-Disposition: attachment; filename*=utf-8''%C3%BC.png") == "ü.png"
    assert name('Content-Disposition: attachment; filename="=?utf-8?q?=C3=BC=2Epng?="') == "ü.png"
    assert name('Content-Disposition: attachment; filename="C:\\\\secret\\\\x.png"') == "x.png"
    assert name('Content-Disposition: attachment; filename="ü.png"') == "ü.png"
