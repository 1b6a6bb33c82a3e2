"""Every method the sandbox has: its name, its route, what it takes and who may call it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.google import scopes
from headrace_crm.sandbox.google.call import Handler
from headrace_crm.sandbox.google.methods import changes, mailbox, messages
from headrace_crm.sandbox.google.methods.watching import Watching
from headrace_crm.sandbox.google.watches import Watches

_PAGES: Final = ("maxResults", "pageToken")
_LISTS: Final = (*_PAGES, "q", "labelIds", "includeSpamTrash")
_SHAPES: Final = ("format", "metadataHeaders")
_MESSAGES: Final = "/gmail/v1/users/{userId}/messages"
STANDARD: Final = frozenset(
    {"alt", "prettyPrint", "fields", "key", "access_token", "oauth_token", "quotaUser", "callback", "uploadType"}
    | {"upload_protocol", "$.xgafv"}
)
"""Parameters that every method takes."""


@dataclass(frozen=True)
class Method:
    """`name` is the method's id in the discovery document, `path` its template, `scopes` let a token in."""

    name: str
    verb: str
    path: str
    handler: Handler
    scopes: frozenset[str]
    parameters: tuple[str, ...] = ()
    is_upload: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path must look like; the upload form of it too where there is one."""
        prefix = "(?:/upload)?" if self.is_upload else ""
        return re.compile(prefix + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


def methods(*, clock: SandboxClock, watches: Watches) -> Sequence[Method]:
    """The methods, the ones called most often first."""
    reading, watching = messages.Reading(clock), Watching(watches, clock)
    one = _MESSAGES + "/{id}"
    threads = "/gmail/v1/users/{userId}/threads"
    labels = "/gmail/v1/users/{userId}/labels"
    label_writers = scopes.EDITORS | {scopes.LABELS}
    label_readers = scopes.ONLOOKERS | {scopes.LABELS}
    return (
        Method("gmail.users.messages.get", "GET", one, messages.get_message, scopes.ONLOOKERS, _SHAPES),
        Method("gmail.users.messages.list", "GET", _MESSAGES, reading.list_messages, scopes.ONLOOKERS, _LISTS),
        Method(
            "gmail.users.history.list",
            "GET",
            "/gmail/v1/users/{userId}/history",
            mailbox.list_history,
            scopes.ONLOOKERS,
            (*_PAGES, "startHistoryId", "labelId", "historyTypes"),
        ),
        Method(
            "gmail.users.getProfile",
            "GET",
            "/gmail/v1/users/{userId}/profile",
            mailbox.get_profile,
            scopes.ONLOOKERS | {scopes.COMPOSE},
        ),
        Method(
            "gmail.users.messages.attachments.get",
            "GET",
            _MESSAGES + "/{messageId}/attachments/{id}",
            messages.get_attachment,
            scopes.READERS,
        ),
        Method("gmail.users.labels.list", "GET", labels, mailbox.list_labels, label_readers),
        Method("gmail.users.labels.create", "POST", labels, mailbox.create_label, label_writers),
        Method("gmail.users.threads.list", "GET", threads, reading.list_threads, scopes.ONLOOKERS, _LISTS),
        Method("gmail.users.threads.get", "GET", threads + "/{id}", messages.get_thread, scopes.ONLOOKERS, _SHAPES),
        Method("gmail.users.watch", "POST", "/gmail/v1/users/{userId}/watch", watching.watch, scopes.ONLOOKERS),
        Method("gmail.users.stop", "POST", "/gmail/v1/users/{userId}/stop", watching.stop, scopes.ONLOOKERS),
        Method("gmail.users.messages.modify", "POST", one + "/modify", changes.modify, scopes.EDITORS),
        Method("gmail.users.messages.trash", "POST", one + "/trash", changes.trash, scopes.EDITORS),
        Method("gmail.users.messages.untrash", "POST", one + "/untrash", changes.untrash, scopes.EDITORS),
        Method("gmail.users.messages.delete", "DELETE", one, changes.delete, frozenset({scopes.FULL})),
        Method(
            "gmail.users.messages.insert",
            "POST",
            _MESSAGES,
            changes.insert,
            scopes.INSERTERS,
            ("internalDateSource", "deleted"),
            is_upload=True,
        ),
        Method(
            "gmail.users.messages.import",
            "POST",
            _MESSAGES + "/import",
            changes.import_,
            scopes.INSERTERS,
            ("internalDateSource", "deleted", "neverMarkSpam", "processForCalendar"),
            is_upload=True,
        ),
        Method("gmail.users.messages.send", "POST", _MESSAGES + "/send", changes.send, scopes.SENDERS, is_upload=True),
    )
