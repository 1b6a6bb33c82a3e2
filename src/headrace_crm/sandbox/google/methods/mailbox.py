"""`users.getProfile`, `labels.*` and `history.list`: what a client asks about the mailbox as a whole."""

from typing import Any, Final

import msgspec

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.google.call import Asked
from headrace_crm.sandbox.google.history import FIELDS, Change
from headrace_crm.sandbox.google.paging import page_size, page_token, read_token
from headrace_crm.sandbox.google.refusal import invalid, not_found, refusal

_MOST_UINT64: Final = 2**64 - 1


def get_profile(asked: Asked) -> Answer:
    """The address, the counts and the present history id."""
    mailbox = asked.mailbox
    return json_answer(
        {
            "emailAddress": mailbox.email,
            "messagesTotal": mailbox.message_count,
            "threadsTotal": mailbox.thread_count,
            "historyId": str(mailbox.history_id),
        }
    )


def list_labels(asked: Asked) -> Answer:
    """All labels, without counts."""
    return json_answer({"labels": [label.as_json() for label in asked.mailbox.labels]})


class _NewLabel(msgspec.Struct):
    name: str


def create_label(asked: Asked) -> Answer:
    """Adds a label; 409 where the name is taken."""
    wanted = asked.body(_NewLabel)
    if wanted is None or not wanted.name:
        return invalid("Invalid label name")
    try:
        return json_answer(asked.mailbox.add_label(wanted.name).as_json())
    except ValueError:
        return refusal(409, "Label name exists or conflicts", reason="aborted")


def list_history(asked: Asked) -> Answer:
    """Changes after `startHistoryId`; 404 where it is too old or was never given out."""
    start, size = asked.one("startHistoryId"), page_size(asked.one("maxResults"))
    if not start.isdecimal() or int(start) > _MOST_UINT64:
        return invalid(f"Invalid value at 'start_history_id' (TYPE_UINT64), \"{start}\"")
    kinds = asked.many("historyTypes")
    if size is None or not FIELDS.keys() >= set(kinds):
        return invalid("Invalid value at 'max_results' or 'history_types'")
    changes = asked.mailbox.changes_since(int(start), lifetime=asked.rules.history_lifetime)
    if changes is None:
        return not_found()
    if token := asked.one("pageToken"):
        parts = read_token(token)
        if parts is None or not parts[0].isdecimal():
            return invalid("Invalid pageToken")
        changes = [change for change in changes if change.id > int(parts[0])]
    fitting = [change for change in changes if _fits(change, kinds, asked.one("labelId"))]
    page = fitting[:size]
    shown: dict[str, Any] = {"historyId": str(asked.mailbox.history_id)}
    if page:
        shown["history"] = [change.as_json() for change in page]
    if len(fitting) > size:
        shown["nextPageToken"] = page_token(page[-1].id)
    return json_answer(shown)


def _fits(change: Change, kinds: list[str], label: str) -> bool:
    return (not kinds or change.kind in kinds) and (not label or label in change.labels or label in change.changed)
