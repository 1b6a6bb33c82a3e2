import base64
import email
from datetime import timedelta

import pytest

from fix_sandbox import MAILBOX_ENDS_AT
from headrace_crm.demo import write_mailbox
from headrace_crm.sandbox import Sandbox
from headrace_crm.sandbox.google.scopes import METADATA, READONLY

NOTE = (
    b"From: a@weir.example\nTo: b@weir.example\nSubject: =?utf-8?q?M=C3=BChle?=\n"
    b"Message-ID: <n1@weir.example>\n\nHello\n"
)
REPLY = b"From: b@weir.example\nSubject: Re\nMessage-ID: <n2@weir.example>\nIn-Reply-To: <n1@weir.example>\n\nYes\n"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


async def listed(gmail, **query) -> list[str]:
    """All ids of a listing, page by page."""
    ids, token = [], None
    while True:
        page = (await gmail("GET", "messages", **query, **({"pageToken": token} if token else {}))).json()
        ids += [message["id"] for message in page.get("messages", [])]
        token = page.get("nextPageToken")
        if token is None:
            return ids


async def test_the_mailbox_holds_the_messages_of_the_generated_world(tmp_path):
    sandbox = Sandbox(messages=150, ends_at=MAILBOX_ENDS_AT, seed=3)
    write_mailbox(tmp_path / "same.mbox", seed=3, messages=150, ends_at=MAILBOX_ENDS_AT)
    written = (tmp_path / "same.mbox").read_bytes()
    raws = [message.raw.replace(b"\r\n", b"\n") for message in sandbox.google.mailbox().messages]
    assert len(raws) == 150
    assert all(raw.split(b"\n\n")[0] in written for raw in raws)


async def test_pages_show_every_message_once_newest_first(sandbox, gmail):
    mailbox = sandbox.google.mailbox()
    newest_first = [message.id for message in reversed(mailbox.messages)]
    assert await listed(gmail, maxResults=7, includeSpamTrash="true") == newest_first
    hidden = {message.id for message in mailbox.messages if {"SPAM", "TRASH"} & set(message.labels)}
    assert hidden
    assert await listed(gmail, maxResults=30) == [each for each in newest_first if each not in hidden]
    assert int(newest_first[0], 16) > int(newest_first[-1], 16)


async def test_a_listing_goes_on_where_it_was_while_mail_comes_and_goes(sandbox, gmail):
    mailbox = sandbox.google.mailbox()
    first = (await gmail("GET", "messages", maxResults=40)).json()
    expected = await listed(gmail)
    mailbox.deliver(NOTE)
    mailbox.delete(first["messages"][-1]["id"])
    page = (await gmail("GET", "messages", maxResults=500, pageToken=first["nextPageToken"])).json()
    rest = [message["id"] for message in page["messages"]]
    assert [message["id"] for message in first["messages"]] + rest == expected


async def test_searches_find_what_they_say(sandbox, gmail):
    mailbox = sandbox.google.mailbox()
    now = sandbox.clock.now()
    visible = [m for m in reversed(mailbox.messages) if not {"SPAM", "TRASH"} & set(m.labels)]

    def ids(test) -> list[str]:
        return [message.id for message in visible if test(message)]

    def ms(**ago) -> float:
        return (now - timedelta(**ago)).timestamp() * 1000

    border = int((now - timedelta(days=200)).timestamp())
    assert await listed(gmail, q="newer_than:3m") == ids(lambda m: m.internal_ms > ms(days=90)) != []
    assert await listed(gmail, q="older_than:1y") == ids(lambda m: m.internal_ms < ms(days=365)) != []
    assert await listed(gmail, q=f"after:{border}") == ids(lambda m: m.internal_ms >= border * 1000) != []
    assert await listed(gmail, q=f"before:{border} in:sent") == ids(
        lambda m: m.internal_ms < border * 1000 and "SENT" in m.labels
    )
    assert await listed(gmail, q="-in:sent is:unread") == ids(lambda m: "SENT" not in m.labels and "UNREAD" in m.labels)
    assert await listed(gmail, q="label:lists") == ids(lambda m: "Label_15" in m.labels) != []
    assert await listed(gmail, labelIds=["INBOX", "IMPORTANT"]) == ids(
        lambda m: {"INBOX", "IMPORTANT"} <= set(m.labels)
    )
    spam = [m.id for m in reversed(mailbox.messages) if "SPAM" in m.labels]
    assert await listed(gmail, q="in:spam") == await listed(gmail, labelIds="SPAM") == spam != []
    added = mailbox.deliver(NOTE)
    for search in ("subject:mühle", "from:a@weir.example", "rfc822msgid:<n1@weir.example>", '"mühle"'):
        assert await listed(gmail, q=search) == [added.id]
    assert await listed(gmail, q="newer_than:soon") == []


async def test_the_formats_show_one_message_in_four_ways(sandbox, gmail):
    mailbox = sandbox.google.mailbox()
    for message in mailbox.messages:
        full = (await gmail("GET", f"messages/{message.id}")).json()
        assert full["threadId"] == message.thread_id
    sandbox.google.reset_units()
    added = mailbox.deliver(NOTE)
    raw = (await gmail("GET", f"messages/{added.id}", format="raw")).json()
    assert base64.urlsafe_b64decode(raw["raw"]) == NOTE.replace(b"\n", b"\r\n")
    minimal = (await gmail("GET", f"messages/{added.id}", format="minimal")).json()
    assert minimal == {key: value for key, value in raw.items() if key != "raw"}
    assert minimal["snippet"] == "Hello"
    metadata = await gmail("GET", f"messages/{added.id}", format="metadata", metadataHeaders=["subject", "To"])
    assert metadata.json()["payload"]["headers"] == [
        {"name": "To", "value": "b@weir.example"},
        {"name": "Subject", "value": "Mühle"},
    ]


async def test_attachments_are_fetched_by_the_id_in_the_full_format(sandbox, gmail):
    sandbox.google.configure(user_units=None)
    message = next(
        each for each in sandbox.google.mailbox().messages if any(part.get_filename() for part in each.mime.walk())
    )
    parts = (await gmail("GET", f"messages/{message.id}")).json()["payload"]["parts"]
    shown = next(part for part in parts if part["filename"])
    got = (await gmail("GET", f"messages/{message.id}/attachments/{shown['body']['attachmentId']}")).json()
    content = next(part.get_payload(decode=True) for part in message.mime.walk() if part.get_filename())
    assert base64.urlsafe_b64decode(got["data"]) == content
    assert got["size"] == shown["body"]["size"] == len(content)
    assert (await gmail("GET", f"messages/{message.id}/attachments/nonsense")).status_code == 400


async def test_history_tells_of_additions_deletions_and_labels_in_order(sandbox, gmail):
    start = (await gmail("GET", "profile")).json()["historyId"]
    added = (await gmail("POST", "messages", json={"raw": encoded(NOTE), "labelIds": ["INBOX"]})).json()
    answered = (await gmail("POST", "messages/send", json={"raw": encoded(REPLY)})).json()
    assert answered["threadId"] == added["threadId"]
    await gmail("POST", f"messages/{added['id']}/modify", json={"addLabelIds": ["STARRED", "UNREAD"]})
    await gmail("POST", f"messages/{added['id']}/trash")
    await gmail("POST", f"messages/{added['id']}/untrash")
    assert (await gmail("DELETE", f"messages/{added['id']}")).status_code == 204
    assert (await gmail("GET", f"messages/{added['id']}")).status_code == 404

    records, token = [], None
    while token is not False:
        page = (
            await gmail("GET", "history", startHistoryId=start, maxResults=2, **({"pageToken": token} if token else {}))
        ).json()
        records += page["history"]
        token = page.get("nextPageToken", False)
    told = [
        (kind, entry["message"]["id"], entry.get("labelIds"))
        for record in records
        for kind, entries in record.items()
        if kind not in {"id", "messages"}
        for entry in entries
    ]
    one, two = added["id"], answered["id"]
    assert told == [
        ("messagesAdded", one, None),
        ("messagesAdded", two, None),
        ("labelsAdded", one, ["STARRED", "UNREAD"]),
        ("labelsRemoved", one, ["INBOX"]),
        ("labelsAdded", one, ["TRASH"]),
        ("labelsRemoved", one, ["TRASH"]),
        ("messagesDeleted", one, None),
    ]
    ids = [int(record["id"]) for record in records]
    assert ids == sorted(set(ids))
    assert page["historyId"] == records[-1]["id"]
    assert (await gmail("GET", "history", startHistoryId=page["historyId"])).json() == {"historyId": page["historyId"]}

    some = (await gmail("GET", "history", startHistoryId=start, historyTypes=["messageAdded", "messageDeleted"])).json()
    assert len(some["history"]) == 3
    sent = (await gmail("GET", "history", startHistoryId=start, labelId="SENT")).json()
    assert [record["messages"][0]["id"] for record in sent["history"]] == [two]


async def test_history_that_is_too_old_or_was_never_given_out_is_404(sandbox, gmail):
    mailbox = sandbox.google.mailbox()
    start = mailbox.history_id
    mailbox.deliver(NOTE)
    later = mailbox.history_id

    async def status(history_id: int) -> int:
        return (await gmail("GET", "history", startHistoryId=history_id)).status_code

    assert [await status(each) for each in (start - 1, start, later, later + 1)] == [404, 200, 200, 404]
    sandbox.advance(timedelta(days=7, seconds=1))
    gmail.token = sandbox.google.link().access_token
    assert [await status(each) for each in (start, later)] == [404, 200]
    mailbox.lose_history()
    assert [await status(each) for each in (later, mailbox.history_id)] == [404, 200]
    assert (await gmail("GET", "history", startHistoryId="abc")).status_code == 400


async def test_threads_are_listed_once_and_hold_their_messages(sandbox, gmail):
    sandbox.google.configure(user_units=None)
    mailbox = sandbox.google.mailbox()
    page = (await gmail("GET", "threads", maxResults=500, includeSpamTrash="true")).json()
    ids = [thread["id"] for thread in page["threads"]]
    assert len(ids) == len(set(ids)) == mailbox.thread_count
    largest = max(ids, key=lambda each: len(mailbox.thread(each)))
    thread = (await gmail("GET", f"threads/{largest}", format="metadata")).json()
    assert [message["id"] for message in thread["messages"]] == [message.id for message in mailbox.thread(largest)]
    assert len(thread["messages"]) > 2


async def test_import_takes_the_date_of_the_message_and_insert_the_moment(sandbox, gmail):
    dated = b"Date: Tue, 3 Feb 2026 04:05:06 +0100\n" + NOTE
    for path, expected in (("messages/import", "1770087906000"), ("messages", None)):
        made = (await gmail("POST", path, json={"raw": encoded(dated)})).json()
        shown = (await gmail("GET", f"messages/{made['id']}", format="minimal")).json()
        assert (shown["internalDate"] == "1770087906000") is (expected is not None)


async def test_an_upload_takes_the_message_as_it_is(sandbox, browser, gmail):
    headers = {"Authorization": f"Bearer {gmail.token}", "Content-Type": "message/rfc822"}
    target = "/upload/gmail/v1/users/me/messages?uploadType=media"
    made = (await browser.post(target, content=NOTE, headers=headers)).json()
    assert (
        email.message_from_bytes(sandbox.google.mailbox().message(made["id"]).raw)["Message-ID"] == "<n1@weir.example>"
    )


@pytest.mark.parametrize(
    ("target", "query", "status", "reason"),
    [
        ("GET messages/ffff", {}, 404, "notFound"),
        ("GET messages", {"maxResults": "many"}, 400, "invalidArgument"),
        ("GET messages", {"pageToken": "made-up"}, 400, "invalidArgument"),
        ("GET messages", {"labelIds": "NOWHERE"}, 400, "invalidArgument"),
        ("GET messages", {"max_results": "5"}, 400, "invalidArgument"),
        ("GET messages/ffff", {"format": "mime"}, 400, "invalidArgument"),
        ("GET no/such/method", {}, 404, "notFound"),
        ("POST messages", {}, 400, "invalidArgument"),
    ],
)
async def test_what_is_wrong_is_answered_in_googles_form(gmail, target, query, status, reason):
    answer = await gmail(*target.split(), **query)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["errors"][0]["reason"]) == (status, status, reason)


async def test_scopes_let_in_as_much_as_they_say(sandbox, gmail_with):
    message_id = sandbox.google.mailbox().messages[0].id
    onlooker, reader = gmail_with(METADATA), gmail_with(READONLY)
    assert (await onlooker("GET", f"messages/{message_id}", format="metadata")).status_code == 200
    assert (await onlooker("GET", f"messages/{message_id}", format="raw")).status_code == 403
    assert (await onlooker("GET", "messages", q="in:inbox")).status_code == 403
    assert (await reader("GET", "messages", q="in:inbox")).status_code == 200
    refused = await reader("POST", f"messages/{message_id}/trash")
    assert (refused.status_code, refused.json()["error"]["errors"][0]["reason"]) == (403, "insufficientPermissions")
    reader.token = "made-up"
    assert (await reader("GET", "profile")).json()["error"]["status"] == "UNAUTHENTICATED"
