"""Address lists of mail headers, read leniently: groups, comments, encoded names, broken syntax."""

import re
from collections.abc import Iterable, Iterator
from email.utils import getaddresses
from typing import Final

from headrace_crm.mail.charset import clean_text, decode_header_bytes
from headrace_crm.mail.headers import decode_words
from headrace_crm.mail.model import MAX_EMAIL_CHARS, MAX_NAME_CHARS, Address

MAX_VALUE_CHARS: Final = 40_000
"""Characters of one address header that are read; the standard parser slows down beyond."""

_SIMPLE: Final = re.compile(
    r'\s*(?:(?:"(?P<quoted>[^"\\]*)"|(?P<plain>[^",<>@:;()\\\[\]]*?))\s*'
    r"<(?P<angled>[^\s<>@,;:()\"\\\[\]]+@[^\s<>@,;:()\"\\\[\]]+)>"
    r"|(?P<bare>[^\s<>@,;:()\"\\\[\]]+@[^\s<>@,;:()\"\\\[\]]+))\s*(?:,|$)"
)
# The look-behind lets a search begin at the start of a word only: otherwise it is quadratic on long ones.
_ANY: Final = re.compile(r"(?<![^\s<>\"'(),;:@\[\]])[^\s<>\"'(),;:@\[\]]+@[^\s<>\"'(),;:@\[\]]+")
_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_EDGES: Final = "<>\"'`.,;: "


def parse_addresses(values: Iterable[str], *, limit: int) -> tuple[Address, ...]:
    """Read the addresses of a header's raw values, in order, at most `limit`; never raises.

    Group names are dropped and their members kept. A word without `@` is kept only where it stands alone
    (`To: root`); beside real addresses it is debris of a broken name.
    """
    found: list[Address] = []
    for value in values:
        if not value:
            continue
        found.extend(_parse_value(_SPACES.sub(" ", value[:MAX_VALUE_CHARS])))
        if len(found) > limit:
            break
    if len(found) > 1:
        found = [address for address in found if "@" in address.email]
    return tuple(found[:limit])


def make_address(email: str, name: str) -> Address | None:
    """Build an address from decoded parts, lower-cased, without blanks and quotes; None when empty."""
    email = _SPACES.sub("", clean_text(email)).strip(_EDGES).lower()
    if not email or len(email) > MAX_EMAIL_CHARS:
        return None
    name = _SPACES.sub(" ", clean_text(name)).strip(" \"'")[:MAX_NAME_CHARS]
    return Address(email, "" if name.lower() == email else name)


def _parse_value(value: str) -> Iterator[Address]:
    simple = _parse_simple(value)
    pairs = _parse_standard(value) if simple is None else simple
    for name, email in pairs:
        if "=?" in email:
            # The sender encoded the whole address; what is inside may hold any number of them.
            for inner in _ANY.findall(decode_words(email)):
                if address := make_address(inner, ""):
                    yield address
            continue
        if address := make_address(decode_header_bytes(email), decode_words(name)):
            yield address


def _parse_simple(value: str) -> list[tuple[str, str]] | None:
    """Read the plain `Name <a@b>, c@d` of nearly all mail, ten times faster than the standard parser."""
    pairs: list[tuple[str, str]] = []
    position, end = 0, len(value)
    while position < end:
        match = _SIMPLE.match(value, position)
        if match is None:
            return None
        pairs.append((match["quoted"] or match["plain"] or "", match["angled"] or match["bare"]))
        position = match.end()
    return pairs


def _parse_standard(value: str) -> list[tuple[str, str]]:
    try:
        pairs = [(name, email) for name, email in getaddresses([value]) if email]
    except (RecursionError, ValueError, IndexError, TypeError, AttributeError):
        pairs = []
    if any("@" in email for _, email in pairs) or "@" not in value:
        return pairs
    # The strict reading found nothing although there is an address: take what looks like one.
    return [("", email) for email in _ANY.findall(decode_words(value))]
