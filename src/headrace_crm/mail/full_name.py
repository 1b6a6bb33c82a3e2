"""When two names are the same full name of one person."""

import re
import unicodedata
from typing import Final

_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_REMARK: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_LEAST_TOKENS: Final = 2
_MOST_TOKENS: Final = 6
# fmt: off
_ROLE_WORDS: Final = frozenset(
    (
        "account", "accounts", "admin", "administrator", "alert", "alerts", "announce", "billing",
        "bot", "bounce", "bounces", "bug", "bugs", "care", "contact", "customer", "customers", "daemon",
        "delivery", "department", "desk", "devel", "developers", "digest", "discussion", "editor",
        "feedback", "group", "help", "helpdesk", "hostmaster", "info", "information", "list", "lists",
        "listserv", "mail", "mailer", "mailing", "majordomo", "manager", "marketing", "member",
        "members", "moderator", "news", "newsletter", "noreply", "notification", "notifications",
        "notifier", "office", "online", "order", "orders", "owner", "postmaster", "press", "recipients",
        "registration", "reply", "request", "robot", "root", "sales", "secretary", "security", "server",
        "service", "services", "shop", "staff", "store", "subscriber", "subscribers", "subscriptions",
        "support", "system", "team", "undisclosed", "unknown", "update", "updates", "user", "users",
        "via", "webmaster",
    )
)
# fmt: on


def full_name(name: str) -> str | None:
    """Fold a display name so that the same full name compares equal; None where it cannot tell one person.

    Case, accents, remarks in brackets, initials and the order of `Last, First` do not count. At least two
    words of two letters or more are needed, and none that names a role, a list or a machine.

    >>> full_name("Vidal, Inés (Example Ltd)"), full_name("Ines M. VIDAL"), full_name("Support Team")
    ('ines vidal', 'ines vidal', None)
    """
    if "@" in name:
        return None
    text = _REMARK.sub(" ", unicodedata.normalize("NFKD", name))
    text = "".join(character for character in text if not unicodedata.combining(character)).casefold()
    last, comma, first = text.partition(",")
    if comma and "," not in first:
        text = f"{first} {last}"
    words = [word for word in _TOKEN.findall(text) if len(word) > 1]
    if not _LEAST_TOKENS <= len(words) <= _MOST_TOKENS or not _ROLE_WORDS.isdisjoint(words):
        return None
    return " ".join(words)
