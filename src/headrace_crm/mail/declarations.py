"""What a message's headers declare about lists and robots; classification judges it later."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from headrace_crm.mail.addresses import make_address, parse_addresses
from headrace_crm.mail.charset import decode_header_bytes
from headrace_crm.mail.headers import Headers
from headrace_crm.mail.model import MAX_EMAIL_CHARS, Address

_LIST_MARKS: Final = (
    "list-post",
    "x-list",
    "x-mailing-list",
    "mailing-list",
    "x-beenthere",
    "x-mailman-version",
)
_OWN_ADDRESS: Final = ("list-post", "x-mailing-list", "x-beenthere", "mailing-list")
_COMMANDS: Final = ("list-help", "list-subscribe", "list-unsubscribe", "list-owner")
_RETURNS: Final = ("sender", "errors-to", "return-path", "resent-sender")
_AUTO_MARKS: Final = ("x-autoreply", "x-autorespond", "x-auto-response", "x-failed-recipients")

_ROLE: Final = re.compile(
    r"(?P<before>owner-)?(?P<list>[^@]+?)"
    # What follows the role carries the subscriber's address or a token (VERP).
    r"(?:-(?P<after>bounces?|request|owner|help|subscribe|unsubscribe|leave|join|admin|return|errors?|confirm"
    r"|sub|unsub|outgoing)(?:[+-][^@]*)?)?@(?P<host>.+)"
)
_MAILTO: Final = re.compile(r"mailto:\s*([^?>,\s]+)", re.IGNORECASE)
_LIST_ID: Final = re.compile(r"<([^<>]+)>\s*$")
_MAX_DECLARED: Final = 20
_MAX_LIST_ID_CHARS: Final = 255


@dataclass(frozen=True, slots=True)
class Declarations:
    """The list and robot facts of `ParsedMessage`, by the same names."""

    list_addresses: tuple[str, ...]
    list_id: str | None
    is_automated: bool
    is_precedence_bulk: bool
    has_unsubscribe: bool
    is_list_post: bool


def read_declarations(headers: Headers, authors: Iterable[Address], recipients: Iterable[Address]) -> Declarations:
    """Read List-*, X-list, Mailing-List, Precedence, Auto-Submitted and their older relatives.

    An address is declared a list's where a header says so outright, or where the name a header gives
    (List-Id, X-list) or a housekeeping address (Sender, List-Unsubscribe, ...) matches one the message is
    addressed to. The author's own address is never declared.
    """
    precedence = headers.raw("precedence").lower()
    list_id = _read_list_id(headers)
    is_list_post = (
        any(mark in headers for mark in _LIST_MARKS) and headers.raw("list-post").strip().upper() != "NO"
    ) or precedence == "list"
    is_list_mail = is_list_post or list_id is not None or any(name in headers for name in _COMMANDS)
    own = {address.email for address in authors}
    targets = {address.email for address in recipients if "@" in address.email} - own
    declared = dict.fromkeys(_read_own_addresses(headers))
    names = _list_names(headers, list_id)
    housekeeping = tuple(_read_housekeeping(headers, is_list_mail=is_list_mail))
    lists = {email for pair in housekeeping for email in pair}
    declared.update(dict.fromkeys(email for email, _ in housekeeping))
    declared.update(
        dict.fromkeys(email for email in sorted(targets) if email in lists or email.partition("@")[0] in names)
    )
    return Declarations(
        list_addresses=tuple(email for email in declared if email not in own)[:_MAX_DECLARED],
        list_id=list_id,
        is_automated=_is_automated(headers, precedence),
        is_precedence_bulk=precedence in {"bulk", "junk"},
        has_unsubscribe="list-unsubscribe" in headers,
        is_list_post=is_list_post,
    )


def _read_own_addresses(headers: Headers) -> Iterator[str]:
    for name in _OWN_ADDRESS:
        value = headers.raw(name)
        if not value or value.strip().upper() == "NO":
            continue
        value = re.sub(r"(?i)mailto:|\blist\s+(?=\S+@)", " ", value).partition(";")[0]
        for address in parse_addresses([value.strip()], limit=1):
            if "@" in address.email:
                yield address.email.partition("?")[0]
    for value in headers.raw_all("delivered-to"):
        head, _, email = value.strip().rpartition(" ")
        address = make_address(decode_header_bytes(email), "")
        if head.lower() == "mailing list" and address and "@" in address.email:
            yield address.email


def _read_housekeeping(headers: Headers, *, is_list_mail: bool) -> Iterator[tuple[str, str]]:
    """Yield (the list's housekeeping address, the list address it stands for)."""
    candidates = [email for name in _COMMANDS for email in _MAILTO.findall(headers.raw(name))] if is_list_mail else []
    candidates += [address.email for name in _RETURNS for address in parse_addresses([headers.raw(name)], limit=1)]
    for candidate in candidates:
        address = make_address(decode_header_bytes(candidate[:MAX_EMAIL_CHARS]), "")
        if address is None:
            continue
        email = address.email
        match = _ROLE.fullmatch(email)
        if match and (match["before"] or (match["after"] and (is_list_mail or match["after"] != "admin"))):
            yield email, f"{match['list']}@{match['host']}"


def _list_names(headers: Headers, list_id: str | None) -> frozenset[str]:
    names = {headers.raw("x-list").strip().lower()}
    if list_id:
        names.add(list_id.partition(".")[0])
    return frozenset(name for name in names if name)


def _read_list_id(headers: Headers) -> str | None:
    value = headers.text("list-id").strip().lower()
    match = _LIST_ID.search(value)
    text = (match[1] if match else value).strip()
    return text[:_MAX_LIST_ID_CHARS] or None


def _is_automated(headers: Headers, precedence: str) -> bool:
    submitted = headers.raw("auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or precedence in {"auto_reply", "auto-reply"}
        or any(mark in headers for mark in _AUTO_MARKS)
        or headers.raw("content-type").lower().startswith("multipart/report")
    )
