"""Handles on networks, out of what a person wrote: how sure each is depends on where it stands."""

import re
from collections.abc import Iterable
from typing import Final

from headrace_crm.enrichment.profile import Handle, Network

ASK_FROM: Final = 0.7
"""A handle as sure as this is asked about; what is less sure is only kept."""
SHARED: Final = 0.3
"""What a handle is worth that several people sign with: it is their company's."""

_SIGNED: Final = 0.9
_LABELLED: Final = 0.85
_ALONE: Final = 0.5
_MENTIONED: Final = 0.4
_NAMESAKE: Final = 0.35
"""What is added where a handle in the text has the person's own names in it."""

_LAST_LINES: Final = 12
_X_URL: Final = re.compile(
    r"(?<![\w.@-])(?:https?://)?(?:www\.|mobile\.)?(?:twitter|x)\.com/(?:#!/)?@?(\w{1,15})/?(?![\w/-])",
    re.ASCII | re.IGNORECASE,
)
_X_LABEL: Final = re.compile(
    r"(?:^|[\s|(\u00b7])(?:twitter|x)\s*[:=-]?\s*@(\w{1,15})(?![\w@.])", re.ASCII | re.IGNORECASE
)
_X_ALONE: Final = re.compile(r"^\s*@(\w{4,15})\s*$", re.ASCII)
_LINKEDIN_URL: Final = re.compile(
    r"(?<![\w.@-])(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/in/([\w%-]{3,100})/?(?![\w/])", re.IGNORECASE
)
_NO_PEOPLE: Final = frozenset(
    (
        *("home", "i", "search", "share", "intent", "hashtag", "explore", "login", "signup", "settings", "about"),
        *("tos", "privacy", "messages", "notifications", "compose", "download", "jobs", "who_to_follow", "widgets"),
    )
)
_X_HANDLE: Final = re.compile(r"@?(\w{1,15})", re.ASCII)
_WORD: Final = re.compile(r"[^\W\d_]{3,}")


def find_handles(text: str, signature: str, *, name: str, evidence: str) -> list[Handle]:
    """The handles in one message of a person called `name`: its own `text`, and the `signature` below it.

    A link in the signature is the signer's own. One in the text may be anybody's: it counts for little unless it
    stands in the last lines and has the person's names in it. Each handle is given once, at its surest.
    """
    found: list[Handle] = []
    for line in signature.splitlines():
        found += _in_line(line, evidence, link=_SIGNED, label=_LABELLED, alone=_ALONE)
    for line in text.splitlines()[-_LAST_LINES:]:
        for each in _in_line(line, evidence, link=_MENTIONED, label=_MENTIONED, alone=0):
            bonus = _NAMESAKE if resembles(each.handle, name) else 0
            found.append(Handle(each.network, each.handle, each.confidence + bonus, evidence))
    return surest(found)


def surest(handles: Iterable[Handle]) -> list[Handle]:
    """Each handle once, at its surest, the surest first."""
    best: dict[tuple[Network, str], Handle] = {}
    for each in handles:
        key = (each.network, each.handle)
        if key not in best or each.confidence > best[key].confidence:
            best[key] = each
    return sorted(best.values(), key=lambda each: (-each.confidence, each.network, each.handle))


def resembles(handle: str, name: str) -> bool:
    """True where the first and the last of a person's names, of three letters at least, are both in a handle.

    >>> resembles("ada_byron", "Ada Byron"), resembles("bo_lind", "Bo Lind")
    (True, False)
    """
    words = [word.casefold() for word in _WORD.findall(name)]
    return len(words) > 1 and words[0] in handle.casefold() and words[-1] in handle.casefold()


def read_x_handle(text: str) -> str | None:
    """The handle in what a provider gives: a name with or without @, or a link. None for anything else."""
    match = _X_HANDLE.fullmatch(text.strip()) or _X_URL.fullmatch(text.strip())
    handle = match[1].lower() if match else None
    return None if handle in _NO_PEOPLE else handle


def read_linkedin_url(text: str) -> str | None:
    """The path below linkedin.com/in/ of a profile link, lower-case; None for anything else."""
    match = _LINKEDIN_URL.fullmatch(text.strip())
    return match[1].lower() if match else None


def linkedin_link(handle: str) -> str:
    """The address of a profile."""
    return f"https://www.linkedin.com/in/{handle}"


def _in_line(line: str, evidence: str, *, link: float, label: float, alone: float) -> list[Handle]:
    found = [
        Handle("x", match[1].lower(), link, evidence)
        for match in _X_URL.finditer(line)
        if match[1].lower() not in _NO_PEOPLE
    ]
    found += [Handle("x", match[1].lower(), label, evidence) for match in _X_LABEL.finditer(line)]
    found += [Handle("linkedin", match[1].lower(), link, evidence) for match in _LINKEDIN_URL.finditer(line)]
    if alone and (match := _X_ALONE.match(line)):
        found.append(Handle("x", match[1].lower(), alone, evidence))
    return found
