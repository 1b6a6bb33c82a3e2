"""`messages.*` that read: list, get, attachments; and `threads.*`."""

from typing import Any, get_args

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.google.call import Asked
from headrace_crm.sandbox.google.listing import listed
from headrace_crm.sandbox.google.refusal import forbidden, invalid, not_found
from headrace_crm.sandbox.google.scopes import READERS
from headrace_crm.sandbox.google.shape import Format, attachment, encoded, shape


class Reading:
    """The methods that read; `clock` tells searches what is new."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock

    def list_messages(self, asked: Asked) -> Answer:
        page = listed(asked, now=self._clock.now())
        if isinstance(page, Answer):
            return page
        shown: dict[str, Any] = {"resultSizeEstimate": page.estimate}
        if page.messages:
            shown["messages"] = [{"id": each.id, "threadId": each.thread_id} for each in page.messages]
        if page.next_token:
            shown["nextPageToken"] = page.next_token
        return json_answer(shown)

    def list_threads(self, asked: Asked) -> Answer:
        page = listed(asked, now=self._clock.now(), one_a_thread=True)
        if isinstance(page, Answer):
            return page
        shown: dict[str, Any] = {"resultSizeEstimate": page.estimate}
        if page.messages:
            shown["threads"] = [
                {"id": each.thread_id, "snippet": each.snippet, "historyId": str(each.history_id)}
                for each in page.messages
            ]
        if page.next_token:
            shown["nextPageToken"] = page.next_token
        return json_answer(shown)


def get_message(asked: Asked) -> Answer:
    """One message in the format asked for."""
    chosen = _format(asked)
    if isinstance(chosen, Answer):
        return chosen
    message = asked.mailbox.message(asked.names["id"])
    if message is None:
        return not_found()
    return json_answer(shape(message, chosen, headers=_wanted_headers(asked)))


def get_thread(asked: Asked) -> Answer:
    """A thread with its messages, oldest first."""
    chosen = _format(asked)
    if isinstance(chosen, Answer):
        return chosen
    thread = asked.mailbox.thread(asked.names["id"])
    if not thread or chosen == "raw":
        return not_found() if not thread else invalid("Invalid value at 'format'")
    headers = _wanted_headers(asked)
    return json_answer(
        {
            "id": asked.names["id"],
            "historyId": str(max(message.history_id for message in thread)),
            "messages": [shape(message, chosen, headers=headers) for message in thread],
        }
    )


def get_attachment(asked: Asked) -> Answer:
    """The bytes of one attachment."""
    message = asked.mailbox.message(asked.names["messageId"])
    if message is None:
        return not_found()
    content = attachment(message, asked.names["id"])
    if content is None:
        return invalid("Invalid attachment token")
    return json_answer({"size": len(content), "data": encoded(content)})


def _format(asked: Asked) -> Format | Answer:
    given = asked.one("format", "full").lower()
    for known in get_args(Format):
        if given == known:
            if known in {"full", "raw"} and READERS.isdisjoint(asked.grant.scopes):
                return forbidden(f"Metadata scope doesn't allow format {known.upper()}")
            return known
    return invalid(f"Invalid value at 'format' (type.googleapis.com/gmail.MessageFormat), \"{given}\"")


def _wanted_headers(asked: Asked) -> frozenset[str] | None:
    names = asked.many("metadataHeaders")
    return frozenset(name.lower() for name in names) if names else None
