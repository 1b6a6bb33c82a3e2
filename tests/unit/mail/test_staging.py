from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.mail import staging
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import RawMessage
from headrace_crm.mail.staging import BATCH_BYTES, BATCH_MESSAGES, StagedMessage, cut_batches, read_pieces, stage

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def raw(body: bytes) -> RawMessage:
    return RawMessage(0, len(body), body, None, False, len(body), len(body))


def staged(size: int, number: int = 0) -> StagedMessage:
    return StagedMessage(str(number), bytes(size), None, False)


@pytest.mark.parametrize(
    "message",
    [
        b"Message-ID: <a@example.org>\nFrom: x@example.org\n\nbody",
        b"\xef\xbb\xbfMessage-Id:\n <a@example.org>\n\n",
        b"\r\n\nFrom: x@example.org\r\nMESSAGE-ID: a@example.org\r\n\r\n",
        b"From: x@example.org\nSubject: no id\n\nbody",
        b"Message-ID: <>\nFrom: x@example.org\n\nbody",
        b"no header at all",
        b"",
    ],
)
def test_a_message_is_staged_under_the_key_it_is_parsed_to(message: bytes):
    assert stage(raw(message), now=NOW).message_key == parse_message(message, now=NOW).message_key


@given(st.binary(max_size=300).map(lambda tail: b"Message-ID: <x@y>\nSubject: z\n" + tail))
def test_any_message_with_an_id_keeps_its_key(message: bytes):
    assert stage(raw(message), now=NOW).message_key == parse_message(message, now=NOW).message_key


@given(st.lists(st.integers(0, BATCH_BYTES + 10) | st.just(10), max_size=120))
def test_batches_keep_every_message_in_order_within_their_bounds(sizes: list[int]):
    # Sizes are told, not allocated.
    class Told(bytes):
        def __new__(cls, size: int):
            told = super().__new__(cls)
            told.size = size
            return told

        def __len__(self) -> int:
            return self.size

    messages = [StagedMessage(str(number), Told(size), None, False) for number, size in enumerate(sizes)]
    batches = list(cut_batches(messages))
    assert [message for batch in batches for message in batch] == messages
    for batch in batches:
        assert 1 <= len(batch) <= BATCH_MESSAGES
        assert len(batch) == 1 or sum(len(message.raw) for message in batch) <= BATCH_BYTES


def test_reading_resumes_at_the_border_of_any_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(staging, "PIECE_MESSAGES", 3)
    path = tmp_path / "mbox"
    path.write_bytes(
        b"".join(b"From x Mon Jan  5 10:00:00 2026\nMessage-ID: <%d@x>\n\nbody\n\n" % number for number in range(10))
    )
    pieces = list(read_pieces(path, start_offset=0, now=NOW))
    assert [len(piece.messages) for piece in pieces] == [3, 3, 3, 1]
    assert [piece.is_last for piece in pieces] == [False, False, False, True]
    for number, piece in enumerate(pieces[:-1], start=1):
        assert list(read_pieces(path, start_offset=piece.end_offset, now=NOW)) == pieces[number:]


def test_an_empty_file_is_one_empty_piece(tmp_path: Path):
    path = tmp_path / "mbox"
    path.touch()
    (piece,) = read_pieces(path, start_offset=0, now=NOW)
    assert piece.is_last
    assert piece.messages == ()
