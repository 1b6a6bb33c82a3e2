"""Links in the lines of a signature, apart from profiles on networks, which are handles."""

import re
from collections.abc import Iterable
from typing import Final

from headrace_crm.enrichment.signatures.facts import Fact
from headrace_crm.enrichment.signatures.words import folded, read_words

_LINK: Final = re.compile(
    r"(?<![\w@.])(?P<scheme>https?://)?(?P<host>(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,5}[a-z]{2,12})"
    r"(?P<rest>(?::\d{2,5})?(?:[/?#][^\s<>\"'|]*)?)(?![\w@])",
    re.IGNORECASE,
)
_NETWORKS: Final = re.compile(r"(?:.+\.)?(?:twitter\.com|x\.com|linkedin\.com)")
_LABEL: Final = re.compile(r"([^\W\d_]+)\s*[:.]*\s*[<(]?\s*$")
_MOST_OTHER_WORDS: Final = 4
_MOST: Final = 4


def read_links(lines: Iterable[str], email: str, confidence: float) -> tuple[Fact, ...]:
    """The links of a person, at most 4, each once, in the order they stand.

    Without `http` or `www`, it has to be called a link or to be a site of the sender's own mail host. One
    inside a sentence is an advertisement or a saying.
    """
    found: dict[str, Fact] = {}
    own = email.rpartition("@")[2]
    for line in lines:
        for match in _LINK.finditer(line):
            host = match["host"].lower()
            others = (line[: match.start()] + line[match.end() :]).split()
            label = _LABEL.search(folded(line[: match.start()]))
            is_called = label is not None and label[1] in read_words().link_labels
            is_link = match["scheme"] or host.startswith("www.") or is_called or _is_of(host, own)
            if not is_link or _is_anybodys(host, match["rest"]) or len(others) > _MOST_OTHER_WORDS:
                continue
            link = f"{(match['scheme'] or 'https://').lower()}{host}{match['rest'].rstrip('.,;:)>]/')}"
            if link not in found and len(found) < _MOST:
                found[link] = Fact(link, confidence)
    return tuple(found.values())


def _is_anybodys(host: str, rest: str) -> bool:
    """True for networks, whose profiles are handles, and for what mail services put below everybody's mail."""
    return _NETWORKS.fullmatch(host) is not None or (
        not read_words().private_hosts.isdisjoint(host.split(".")) and "~" not in rest
    )


def _is_of(host: str, own: str) -> bool:
    return bool(own) and (host == own or host.endswith(f".{own}") or own.endswith(f".{host}"))
