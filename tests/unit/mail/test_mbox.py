import gzip
import re
import tracemalloc
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mail_samples import corpus

from headrace_crm.mail.providers.byte_source import MailboxFileError
from headrace_crm.mail.providers.mbox import read_mbox

SEPARATOR = b"From someone@example.org Thu Jan  2 11:05:28 2003\n"
LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b"From here", b">From there", b">>From x", SEPARATOR.strip(), b"\xff\xfe", b"a: b"]),
        st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")),
    ),
    max_size=12,
)
MESSAGES = st.lists(LINES.map(lambda lines: b"Subject: s\n" + b"".join(line + b"\n" for line in lines)), max_size=6)


def write_mboxrd(messages):
    return b"".join(SEPARATOR + re.sub(rb"(?m)^(>*From )", rb">\1", raw) + b"\n" for raw in messages)


@pytest.fixture
def mailbox(tmp_path):
    def write(data, name="box"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def raws(path, **options):
    return [item.raw for item in read_mbox(path, **options)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES, packed=st.booleans())
def test_what_is_written_as_mboxrd_is_read_back_byte_for_byte(mailbox, messages, packed):
    data = write_mboxrd(messages)
    assert raws(mailbox(gzip.compress(data) if packed else data)) == messages


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES, packed=st.booleans())
def test_a_run_resumed_after_any_message_yields_exactly_the_rest(mailbox, messages, packed):
    data = write_mboxrd(messages)
    path = mailbox(gzip.compress(data) if packed else data)
    whole = list(read_mbox(path))
    for index, item in enumerate(whole):
        rest = list(read_mbox(path, start_offset=item.end_offset))
        assert [(r.offset, r.raw) for r in rest] == [(r.offset, r.raw) for r in whole[index + 1 :]]
    assert [item.offset for item in whole[1:]] == [item.end_offset for item in whole[:-1]]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), messages=MESSAGES)
def test_a_run_from_any_offset_yields_only_whole_messages_of_the_mailbox(mailbox, data, messages):
    text = write_mboxrd(messages)
    path = mailbox(text)
    offset = data.draw(st.integers(1, len(text) + 5))
    whole = {(item.offset, item.raw) for item in read_mbox(path)}
    assert {(item.offset, item.raw) for item in read_mbox(path, start_offset=offset)} <= whole


def test_a_run_from_within_a_quoted_line_takes_it_for_no_separator(mailbox):
    text = write_mboxrd([b"Subject: s\n\n\nFrom someone@example.org Thu Jan  2 11:05:28 2003\n"])
    assert raws(mailbox(text), start_offset=text.index(b">From ") + 1) == []


def test_an_empty_file_and_one_of_blank_lines_have_no_messages(mailbox):
    assert raws(mailbox(b"")) == []
    assert raws(mailbox(b"\n\r\n\n")) == []
    assert raws(mailbox(gzip.compress(b""))) == []


def test_a_file_without_a_separator_is_one_message(mailbox):
    data = b"From: a@example.org\n\nHello\n\n" + SEPARATOR + b"is quoted here\n"
    assert raws(mailbox(data)) == [data]


def test_crlf_mailboxes_are_split_and_keep_their_line_ends(mailbox):
    data = (SEPARATOR + b"Subject: 1\n\nx\n\n" + SEPARATOR + b"Subject: 2\n\n>From y\n").replace(b"\n", b"\r\n")
    assert raws(mailbox(data)) == [b"Subject: 1\r\n\r\nx\r\n", b"Subject: 2\r\n\r\nFrom y\r\n"]


def test_prose_that_begins_with_from_does_not_split(mailbox):
    body = b"Subject: x\n\nHi\n\nFrom Russia with love\nYear: 1963\n\nFrom me: see above\n"
    assert raws(mailbox(SEPARATOR + body)) == [body]


def test_a_git_patch_pasted_into_a_body_does_not_split(mailbox):
    line = b"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\n"
    body = b"Subject: patch\n\nSee below.\n\n" + line + b"From: A <a@example.org>\nSubject: fix\n\ndiff\n"
    assert raws(mailbox(SEPARATOR + body)) == [body]
    assert len(raws(mailbox(line + b"Subject: 1\n\nx\n\n" + line + b"Subject: 2\n\ny\n"))) == 2


def test_takeout_separators_carry_their_date_with_a_zone(mailbox):
    data = (
        b"From 1844347792267117879@xxx Mon Jan 02 15:04:05 +0200 2006\nSubject: 1\n\nx\n\n"
        b"From 1844347839636459560@xxx\nSubject: 2\n\ny\n"
    )
    first, second = read_mbox(mailbox(data))
    assert first.envelope_at == datetime(2006, 1, 2, 13, 4, 5, tzinfo=UTC)
    assert second.envelope_at is None
    assert second.raw == b"Subject: 2\n\ny\n"


def test_a_content_length_that_leads_to_a_separator_protects_the_body(mailbox):
    body = b"x\n\n" + SEPARATOR + b"Subject: inner\n\n>From kept\n"
    head = b"Subject: outer\nContent-Length: %d\n\n" % len(body)
    data = SEPARATOR + head + body + b"\n" + SEPARATOR + b"Subject: next\n\nz\n"
    assert raws(mailbox(data)) == [head + body, b"Subject: next\n\nz\n"]


def test_a_stale_content_length_is_ignored(mailbox):
    for length in (0, 3, 10_000, 10**11):
        first = b"Subject: 1\nContent-Length: %d\n\nsome text\n" % length
        data = SEPARATOR + first + b"\n" + SEPARATOR + b"Subject: 2\n\nz\n"
        assert raws(mailbox(data)) == [first, b"Subject: 2\n\nz\n"]


def test_a_message_beyond_the_limit_is_cut_and_the_next_one_is_whole(mailbox):
    long = b"Subject: long\n\n" + b"0123456789\n" * 200_000
    path = mailbox(SEPARATOR + long + b"\n" + SEPARATOR + b"Subject: short\n\nz\n")
    first, second = read_mbox(path, max_message_bytes=10_000)
    assert (first.raw, first.is_truncated) == (long[:10_000], True)
    assert (second.raw, second.is_truncated) == (b"Subject: short\n\nz\n", False)
    assert raws(path, start_offset=first.end_offset, max_message_bytes=10_000) == [second.raw]


def test_memory_stays_bounded_however_much_a_small_gzip_file_holds(mailbox):
    path = mailbox(gzip.compress(SEPARATOR + b"Subject: bomb\n\n" + b"0" * 40_000_000))
    tracemalloc.start()
    (item,) = read_mbox(path, max_message_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert item.is_truncated
    assert item.end_offset == 40_000_000 + len(SEPARATOR) + len(b"Subject: bomb\n\n")
    assert peak < 8_000_000


def test_gzip_members_follow_each_other_and_padding_is_skipped(mailbox):
    one, two = (gzip.compress(SEPARATOR + b"Subject: %d\n\nx\n\n" % n) for n in (1, 2))
    assert raws(mailbox(one + two + b"\0" * 1024)) == [b"Subject: 1\n\nx\n", b"Subject: 2\n\nx\n"]


def test_a_gzip_file_cut_off_yields_whole_messages_and_then_says_so(mailbox):
    messages = [b"Subject: %d\n\n%s\n" % (n, bytes(str(n**50), "ascii")) for n in range(4_000)]
    packed = gzip.compress(write_mboxrd(messages))
    path = mailbox(packed[: len(packed) // 2])
    found = []
    with pytest.raises(MailboxFileError, match="is cut off after") as failure:
        found.extend(item.raw for item in read_mbox(path))
    # extend keeps what came before an error: every message that another one begins after.
    readable = zlib.decompressobj(31).decompress(packed[: len(packed) // 2])
    assert len(found) == readable.count(b"\nFrom ")
    assert len(found) > 100
    assert found == messages[: len(found)]
    assert failure.value.offset > 0


def test_damaged_gzip_data_is_an_error_that_names_the_file(mailbox):
    packed = bytearray(gzip.compress(write_mboxrd([b"Subject: x\n\n" + bytes(range(256)) * 50])))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(MailboxFileError, match="damaged"):
        raws(mailbox(bytes(packed), "broken-box"))


def test_progress_grows_to_the_size_of_the_file(mailbox):
    path = mailbox(gzip.compress(write_mboxrd([b"Subject: %d\n\nx\n" % n for n in range(500)])))
    steps = [(item.bytes_read, item.bytes_total) for item in read_mbox(path)]
    assert steps == sorted(steps)
    assert steps[-1] == (path.stat().st_size, path.stat().st_size)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("nasty/mimekit/mbox/content-length.mbox.txt", 29),
        ("nasty/mimekit/mbox/unmunged.mbox.txt", 2),
        ("nasty/mimekit/mbox/issue1189.mbox.txt", 4),
        ("nasty/mimekit/mbox/simple.mbox.txt", 3),
        ("nasty/mimekit/mbox/jwz.mbox.txt", 0),
        ("mips-owner-2003-2007.mbox.gz", 7655),
        ("small-300.mbox", 302),
        ("spamassassin-easy-ham-1.mbox.gz", 2500),
        ("spamassassin-hard-ham-1.mbox.gz", 250),
        ("spamassassin-spam-2.mbox.gz", 1396),
    ],
)
def test_real_mailboxes_have_the_messages_they_are_known_to_have(name, count):
    assert sum(1 for _ in read_mbox(corpus(name))) == count


def test_the_content_length_mailbox_is_split_as_its_summary_says():
    folder = corpus("nasty/mimekit/mbox")
    summary = (folder / "content-length-summary.txt").read_text()
    wanted = [block.splitlines() for block in re.split(r"(?m)^From .*\n", summary)[1:]]
    subjects = [next(line[9:] for line in block if line.startswith("Subject: ")) for block in wanted]
    for item, subject in zip(read_mbox(folder / "content-length.mbox.txt"), subjects, strict=True):
        assert re.search(rb"(?mi)^subject:[ \t]*" + re.escape(subject[:20].encode()), item.raw)


def test_every_nasty_file_is_read_as_a_mailbox():
    for path in sorted(corpus("nasty").rglob("*")):
        if path.is_file():
            items = list(read_mbox(path))
            assert bool(items) == bool(path.read_bytes().strip()), path.name
