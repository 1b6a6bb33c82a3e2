"""A message without a person who is to be forgotten: pure. The one rule for stored mail and for mail that comes."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from headrace_crm.mail.full_name import full_name
from headrace_crm.mail.model import Address, ParsedMessage
from headrace_crm.mail.reply_text import read_reply

ERASED: Final = "[erased]"

# The look-behind lets a search begin at the start of a word only: otherwise it is quadratic on long ones.
_ADDRESS: Final = re.compile(r"(?<![\w.+@-])[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_RAW_ADDRESS: Final = re.compile(rb"(?<![\w.+@-])[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_REMARK: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NAME_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_BETWEEN: Final = r"(?:\s*,\s*|\s+)(?:[^\W\d_]\.?\s+)?"
"""Between the words of a name: blanks, a comma, a new line, somebody's middle initial."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who is to be forgotten: whether an address is theirs, their full names, ids of their messages."""

    is_theirs: Callable[[str], bool]
    names: frozenset[str] = frozenset()
    message_ids: frozenset[str] = frozenset()


def cut_out(
    message: ParsedMessage, whom: Forgotten, *, owners: frozenset[str], is_in_their_thread: bool = False
) -> ParsedMessage | None:
    """The message without the person; None where nothing of it can stay; the same object where it has nothing of them.

    What they wrote goes, and what went between them and owners alone. Of all else their address goes from the
    headers, and their address and full names from subject, text and names of attachments; where they are named or
    `is_in_their_thread`, everything quoted goes too. Names of one word stay.
    """
    headers = {each.email for each in _named(message)}
    theirs = {email for email in headers if whom.is_theirs(email)}
    if message.sender is not None and message.sender.email in theirs:
        return None
    others = headers - theirs - owners - set(message.list_addresses)
    if theirs and not others:
        return None
    names = whom.names | {address.name for address in _named(message) if address.email in theirs}
    mentions = theirs | {email for email in addresses_in(_texts(message)) if whom.is_theirs(email)}
    pattern = mentions_of(mentions, names)
    is_named = pattern is not None and pattern.search(_texts(message)) is not None
    if not (theirs or is_named or is_in_their_thread):
        return message

    def clean(text: str) -> str:
        return text if pattern is None else pattern.sub(ERASED, text)

    reply = read_reply(message.body_text)
    found = replace(
        message,
        subject=clean(message.subject),
        reply_to=_without(message.reply_to, theirs),
        to=_without(message.to, theirs),
        cc=_without(message.cc, theirs),
        bcc=_without(message.bcc, theirs),
        list_addresses=tuple(email for email in message.list_addresses if email not in theirs),
        in_reply_to=tuple(each for each in message.in_reply_to if each not in whom.message_ids),
        references=tuple(each for each in message.references if each not in whom.message_ids),
        body_text=clean("\n\n".join(part for part in (reply.text, reply.signature) if part)),
        attachments=tuple(replace(each, filename=clean(each.filename)) for each in message.attachments),
    )
    return message if found == message else found


def mentions_of(addresses: Iterable[str], names: Iterable[str]) -> re.Pattern[str] | None:
    """What finds these addresses and full names in a text, whatever their case; None for none."""
    parts = [rf"(?<![\w.+-]){re.escape(email)}(?![\w-])" for email in sorted(addresses)]
    parts += [
        rf"(?<!\w){_BETWEEN.join(re.escape(word) for word in words)}(?!\w)"
        for name in sorted(names)
        for words in name_orders(name)
    ]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def name_orders(name: str) -> list[tuple[str, ...]]:
    """The words of a full name as it is written and, for `Last, First`, the other way round; none for other names.

    >>> name_orders("Harbour, Grace (Boats)"), name_orders("Grace")
    ([('Harbour', 'Grace'), ('Grace', 'Harbour')], [])
    """
    if full_name(name) is None:
        return []
    words = tuple(word for word in _NAME_WORD.findall(_REMARK.sub(" ", name)) if len(word) > 1)
    turned = (words[-1], *words[:-1]), (*words[1:], words[0])
    return list(dict.fromkeys((words, *turned)))


def names_of(messages: Iterable[ParsedMessage], addresses: Collection[str]) -> frozenset[str]:
    """The full names that stand beside these addresses in headers."""
    return frozenset(
        each.name
        for message in messages
        for each in _named(message)
        if each.email in addresses and name_orders(each.name)
    )


def addresses_in(text: str) -> set[str]:
    """Everything in a text that looks like an address, lower-cased."""
    return {found.lower() for found in _ADDRESS.findall(text)} if "@" in text else set()


def addresses_in_raw(raw: bytes) -> set[str]:
    """Everything in the bytes of a message that looks like an address, lower-cased."""
    return {found.decode("utf-8", errors="replace").lower() for found in _RAW_ADDRESS.findall(raw)}


def addresses_of(message: ParsedMessage) -> set[str]:
    """Every address a message names, in its headers or anywhere in its text."""
    return {address.email for address in _named(message)} | addresses_in(_texts(message))


def _named(message: ParsedMessage) -> list[Address]:
    sender = () if message.sender is None else (message.sender,)
    return [*sender, *message.reply_to, *message.recipients]


def _texts(message: ParsedMessage) -> str:
    return "\n".join((message.subject, message.body_text, *(each.filename for each in message.attachments)))


def _without(addresses: tuple[Address, ...], theirs: Collection[str]) -> tuple[Address, ...]:
    return tuple(address for address in addresses if address.email not in theirs)
