"""What the provider asks of Gmail, held to the published contract, and what it makes of the answers."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from fix_gmail import ScriptedGmail, ScriptedTokens, rate_limit
from headrace import SystemClock, uuid7
from headrace_crm.config import GmailSettings
from headrace_crm.mail.provider import (
    Fetched,
    Gone,
    HistoryExpiredError,
    HistoryRecord,
    Label,
    LimitedError,
    PageExpiredError,
    RefusedError,
    Unanswered,
    UnavailableError,
)
from headrace_crm.mail.providers.gmail import Gmail

RAW = b"Subject: hello\r\n\r\nHello.\r\n"


def message(message_id: str, **more: object) -> dict[str, object]:
    raw = base64.urlsafe_b64encode(RAW).decode().rstrip("=")
    found = {"id": message_id, "threadId": "t1", "historyId": "77", "labelIds": ["INBOX"], "internalDate": "1000"}
    return found | {"raw": raw} | more


async def test_every_method_asks_what_the_contract_allows_and_reads_what_comes(scripted_gmail: ScriptedGmail):
    script = scripted_gmail
    big = 2**70 + 1  # wider than any integer of a database
    script.answer(200, {"emailAddress": "Ada@Example.org", "historyId": str(big), "messagesTotal": 3})
    script.answer(200, {"messages": [{"id": "b", "threadId": "t"}, {"id": "a", "threadId": "t"}], "nextPageToken": "n"})
    script.answer(200, {"resultSizeEstimate": 0})
    script.answer(200, message("a"))
    script.answer(
        200,
        {
            "historyId": "90",
            "nextPageToken": "more",
            "history": [
                {"id": "80", "messagesAdded": [{"message": {"id": "c", "labelIds": ["INBOX"]}}]},
                {
                    "id": "85",
                    "labelsAdded": [{"message": {"id": "c"}, "labelIds": ["STARRED"]}],
                    "labelsRemoved": [{"message": {"id": "c"}, "labelIds": ["INBOX"]}],
                    "messagesDeleted": [{"message": {"id": "a"}}],
                },
            ],
        },
    )
    script.answer(200, {"historyId": "90"})
    script.answer(
        200, {"labels": [{"id": "INBOX", "name": "INBOX", "type": "system"}, {"id": "Label_1", "name": "Mill"}]}
    )
    script.answer(200, {"historyId": "91", "expiration": "1798329600000"})
    script.answer_raw(b"", status=204)
    async with script.provider.mailbox(script.account_id) as mailbox:
        profile = await mailbox.profile()
        assert (profile.email, profile.history_id) == ("ada@example.org", big)
        page = await mailbox.list_messages(query="newer_than:3m", page_token="p 1/2", limit=500)
        assert (page.ids, page.next_page) == (("b", "a"), "n")
        assert (await mailbox.list_messages()).next_page is None
        fetched = await mailbox.get_raw("a")
        assert fetched == Fetched("a", "t1", ("INBOX",), 77, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), RAW)
        changes = await mailbox.history(70)
        assert changes.records == (
            HistoryRecord(80, "added", "c", ("INBOX",)),
            HistoryRecord(85, "labels_added", "c", ("STARRED",)),
            HistoryRecord(85, "labels_removed", "c", ("INBOX",)),
            HistoryRecord(85, "deleted", "a", ()),
        )
        assert (changes.history_id, changes.is_last) == (85, False)
        nothing = await mailbox.history(90)
        assert (nothing.records, nothing.history_id, nothing.is_last) == ((), 90, True)
        assert await mailbox.labels() == (Label("INBOX", "INBOX"), Label("Label_1", "Mill"))
        assert (await mailbox.watch("projects/p/topics/t")).expires_at == datetime(2026, 12, 27, tzinfo=UTC)
        await mailbox.stop()
    assert {token for _, _, token, _ in script.asked} == {"token-0"}


async def test_a_batch_answers_each_message_for_itself_in_the_order_asked(scripted_gmail: ScriptedGmail):
    script = scripted_gmail
    minimal = {name: value for name, value in message("b").items() if name != "raw"}
    script.answer_batch(
        (200, message("a")), (200, minimal), (404, {}), (429, rate_limit()), (503, {}), (200, message("f", raw="?"))
    )
    async with script.provider.mailbox(script.account_id) as mailbox:
        answers = await mailbox.get_batch(
            {"a": "whole", "b": "labels", "c": "whole", "d": "whole", "e/é": "whole", "f": "whole"}
        )
    whole, labels, gone, limited, broken, spoilt = answers
    assert isinstance(whole, Fetched)
    assert isinstance(labels, Fetched)
    assert (whole.raw, labels.raw) == (RAW, None)
    assert gone == Gone("c")
    assert isinstance(limited, Unanswered)
    assert isinstance(limited.error, LimitedError)
    assert limited.error.retry_after == timedelta(seconds=7)
    assert isinstance(broken, Unanswered)
    assert isinstance(broken.error, UnavailableError)
    assert isinstance(spoilt, Unanswered)
    assert [target for _, target, _ in script.calls()][4] == "/gmail/v1/users/me/messages/e%2F%C3%A9?format=raw"


async def test_more_than_fifty_calls_are_no_batch(scripted_gmail: ScriptedGmail):
    async with scripted_gmail.provider.mailbox(scripted_gmail.account_id) as mailbox:
        with pytest.raises(ValueError, match="at most 50 messages, got 51"):
            await mailbox.get_batch({str(number): "whole" for number in range(51)})


async def test_a_token_that_is_refused_is_renewed_once_and_no_more(scripted_gmail: ScriptedGmail):
    script = scripted_gmail
    script.answer(401)
    script.answer(200, {"emailAddress": "a@example.org", "historyId": "1"})
    script.answer(401)
    script.answer(401)
    async with script.provider.mailbox(script.account_id) as mailbox:
        await mailbox.profile()
        with pytest.raises(RefusedError, match="401"):
            await mailbox.profile()
    assert [token for _, _, token, _ in script.asked] == ["token-0", "token-1", "token-1", "token-2"]


async def test_calls_of_a_batch_refused_for_their_token_are_asked_again_alone(scripted_gmail: ScriptedGmail):
    script = scripted_gmail
    script.answer_batch((200, message("a")), (401, {}), (401, {}))
    script.answer_batch((200, message("b")), (200, message("c")))
    async with script.provider.mailbox(script.account_id) as mailbox:
        answers = await mailbox.get_batch({"a": "whole", "b": "whole", "c": "whole"})
    assert [answer.id for answer in answers if isinstance(answer, Fetched)] == ["a", "b", "c"]
    assert script.tokens.refused == ["token-0"]


@pytest.mark.parametrize(
    ("status", "body", "error", "wait"),
    [
        (429, rate_limit(), LimitedError, 7),
        (403, rate_limit("userRateLimitExceeded", 403), LimitedError, 7),
        (403, rate_limit("insufficientPermissions", 403), RefusedError, None),
        (400, {}, RefusedError, None),
        (500, {}, UnavailableError, 7),
        (502, {}, UnavailableError, 7),
        (503, {}, UnavailableError, 7),
        (504, {}, UnavailableError, 7),
        (408, {}, UnavailableError, 7),
    ],
)
async def test_a_refusal_is_what_its_status_and_reason_say(scripted_gmail, status, body, error, wait):
    scripted_gmail.answer(status, body, Retry_After="7")
    async with scripted_gmail.provider.mailbox(scripted_gmail.account_id) as mailbox:
        with pytest.raises(error) as raised:
            await mailbox.profile()
    assert getattr(raised.value, "retry_after", None) == (None if wait is None else timedelta(seconds=wait))


async def test_what_is_not_there_is_told_by_what_was_asked_for(scripted_gmail: ScriptedGmail):
    for status in (404, 404, 400):
        scripted_gmail.answer(status)
    async with scripted_gmail.provider.mailbox(scripted_gmail.account_id) as mailbox:
        assert await mailbox.get_raw("gone") == Gone("gone")
        with pytest.raises(HistoryExpiredError) as raised:
            await mailbox.history(5)
        assert raised.value.start == 5
        with pytest.raises(PageExpiredError):
            await mailbox.list_messages(page_token="old")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"emailAddress": "a@example.org", "histo', "application/json"),
        (b"<html>busy</html>", "text/html"),
        (b'{"emailAddress": 7}', "application/json"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_asked_for_again(scripted_gmail, body, kind):
    scripted_gmail.answer_raw(body, kind)
    async with scripted_gmail.provider.mailbox(scripted_gmail.account_id) as mailbox:
        with pytest.raises(UnavailableError):
            await mailbox.profile()


async def test_a_batch_without_its_end_is_no_answer(scripted_gmail: ScriptedGmail):
    for cut in (b"--batch_x\r\nContent-Type: application/http\r\n", b""):
        scripted_gmail.answer_raw(cut, "multipart/mixed; boundary=batch_x")
    scripted_gmail.answer_raw(b"{}", "application/json")
    scripted_gmail.answer_batch((200, message("a")))
    async with scripted_gmail.provider.mailbox(scripted_gmail.account_id) as mailbox:
        for _ in range(3):
            with pytest.raises(UnavailableError):
                await mailbox.get_batch({"a": "whole"})
        _, missing = await mailbox.get_batch({"a": "whole", "b": "whole"})
    assert isinstance(missing, Unanswered)


@contextmanager
def broken_server(*, sends: bytes) -> Iterator[str]:
    """Takes one request, sends the bytes, and closes; without any it is silent until the test is done."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            if sends:
                connection.sendall(sends)
            else:
                done.wait(10)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize("sends", [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"HTTP/1.1 200 O", b""])
async def test_a_connection_that_breaks_or_is_silent_is_tried_again_later(sends):
    with broken_server(sends=sends) as base_url:
        settings = GmailSettings(patience=timedelta(milliseconds=300))
        provider = Gmail(settings, base_url=base_url, tokens=ScriptedTokens(), clock=SystemClock())
        async with provider.mailbox(uuid7()) as mailbox:
            with pytest.raises(UnavailableError) as raised:
                await mailbox.profile()
    assert "token-0" not in str(raised.value)
