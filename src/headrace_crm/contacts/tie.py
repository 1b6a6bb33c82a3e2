"""What makes two addresses one person's, when both wrote under the same full name: pure.

A name alone never does: two people may have it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_SECOND_LEVEL: Final = frozenset(("co", "com", "ac", "edu", "org", "net", "gov", "or", "ne", "gob", "gouv"))
_OPEN_HOSTS: Final = frozenset(
    (
        *("gmail", "googlemail", "yahoo", "ymail", "hotmail", "outlook", "live", "msn", "gmx", "web", "aol", "icloud"),
        *("me", "mac", "mail", "proton", "protonmail", "posteo", "mailbox", "t-online", "freenet", "orange", "wanadoo"),
        *("free", "laposte", "yandex", "rambler", "qq", "163", "126", "sina", "naver", "comcast", "verizon"),
        *("btinternet", "fastmail"),
    )
)
_SHORTEST_HANDLE: Final = 4
_LETTERS: Final = re.compile(r"[^\W\d_]+")


def ties_of(email: str, full_names: Iterable[str], bonds: Iterable[str]) -> frozenset[str]:
    """What two addresses must have in common to be one person's: a full name together with one piece of evidence.

    Evidence is the organisation that the host belongs to, unless its mail is open to everybody; the part before
    the host, where it is not made of the name; and `bonds`, one name for each pair of addresses that mail itself
    binds (see `bonds_among.sql`).

    >>> first = ties_of("bo@mail.heron.example", ["bo lind"], [])
    >>> sorted(first & ties_of("b.lind@heron.example", ["bo lind"], []))
    ['bo lind|at heron.example']
    >>> sorted(first & ties_of("bo@vidal.example", ["bo lind"], []))
    []
    """
    local, _, host = email.partition("@")
    handle = local.partition("+")[0]
    site = site_of(host)
    found: set[str] = set()
    for name in full_names:
        found.update(f"{name}|{bond}" for bond in bonds)
        if site:
            found.add(f"{name}|at {site}")
        if len(handle) >= _SHORTEST_HANDLE and not _is_of_name(handle, name):
            found.add(f"{name}|as {handle}")
    return frozenset(found)


def site_of(host: str) -> str:
    """The part of a host that an organisation registers; empty for hosts whose mail is open to everybody.

    >>> site_of("mail.heron.co.uk"), site_of("gmail.com")
    ('heron.co.uk', '')
    """
    labels = host.lower().split(".")
    size = 3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else 2  # noqa: PLR2004 - of what is registered
    own = labels[-size:]
    return "" if len(own) < 2 or own[0] in _OPEN_HOSTS else ".".join(own)  # noqa: PLR2004 - a name and an ending


@dataclass(frozen=True, slots=True)
class Bound:
    """Two addresses that mail binds; `evidence` tells by what, such as `conversation in message 17`."""

    email: str
    other: str
    evidence: str


def bonds_by_address(pairs: Iterable[Bound]) -> Mapping[str, Mapping[str, str]]:
    """The bonds of each address with the evidence of each, out of pairs that mail binds."""
    found: dict[str, dict[str, str]] = {}
    for pair in pairs:
        bond = "with ".join(sorted((pair.email, pair.other)))
        for email in (pair.email, pair.other):
            found.setdefault(email, {}).setdefault(bond, pair.evidence)
    return found


def _is_of_name(handle: str, name: str) -> bool:
    """True where a word of the name, or its initials, are in the handle: that says no more than the name does."""
    words = name.split()
    plain = "".join(_LETTERS.findall(handle.lower()))
    if any(len(word) > 2 and (word in plain or plain in word) for word in words):  # noqa: PLR2004 - shorter ones are in anything
        return True
    initials = "".join(word[0] for word in words)
    return len(plain) < _SHORTEST_HANDLE or plain == initials
