"""Which addresses are lists and robots rather than people.

Every answer depends on an address and on counts over a set of messages, never on the order they came in.
"""

import re
from collections.abc import Iterable
from typing import Final

_HOUSEKEEPING: Final = re.compile(
    r"owner-.+|.+-(?:request|owner|bounces?|subscribe|unsubscribe|leave|return|errors)(?:[+-].*)?"
    r"|majordomo|listserv|listmaster|mailman|sympa|lyris|ecartis|listar|ezmlm|list-?manager"
)
_LIST_HOST: Final = re.compile(
    r"(?:[^.]+\.)*(?:lists?\d?|listserv|listes|listas|mailman|sympa|vger|ml|mlist|maillist)\.[^.]+\..*"
    r"|(?:.+\.)?(?:googlegroups\.com|yahoogroups\.\w+|groups\.io|freelists\.org|egroups\.com|topica\.com"
    r"|librelist\.com|listbox\.com|listserv\.[\w.]+)"
)
_LIST_NAME: Final = re.compile(
    r"(?:.+[-_.])?(?:lists?|mailing-?list|devel|users?-?list|announce(?:ments?)?|discuss(?:ions?)?)"
    r"|.+[-_](?:dev|developers?|users?|hackers|patches|bugs|commits?|cvs|svn|general|talk|masters"
    r"|maintainers|janitors|interest|wg|l|ml|help|support-list|changes|checkins|alpha)"
    r"|.{3,}[a-z]list|(?:uc)?linux[-\d].+|(?:list|dev)-.+"
)
_PERSON_LIKE: Final = re.compile(r".*(?:evangelist|stylist|journalist|specialist|cyclist|idealist|realist)")
_LIST_DISPLAY: Final = re.compile(r"(?i)\b(?:mailing[- ]?lists?|list|listserv|ML|user group|discussion)\b")
_ROBOT_LOCAL: Final = re.compile(
    r"(?:.*[-_.+=])?(?:mailer-?daemon|daemon|postmaster|no[-_.]?reply|do[-_.]?not[-_.]?reply|dont[-_.]?reply"
    r"|noreply\d*|notifications?|notify|notifier|auto-?confirm|auto-?reply|auto-?responder|autoresponse)"
    r"(?:[-_.+=].*)?"
    r"|bugzilla(?:[-_.+].*)?|(?:bounces?|bounced)(?:[-_.+=].*)?|prvs=.*|btv1==.*"
    r"|cron|nagios|jenkins|buildbot|alerts?|newsletters?|mailrobot|robot|unsubscribe|nobody|virus-?alert"
)
_ROBOT_NAME: Final = re.compile(
    r"(?i)mail(?:er)?[- ]?delivery (?:sub)?system|mailer[- ]daemon|.*\b(?:do not reply|no[- ]?reply)\b.*"
    r"|(?:cron|nagios|root) (?:daemon|\(cron.*)"
)


def looks_like_list(email: str) -> bool:
    """True when the address is named as lists are: `lists.*` hosts, `-devel`, `owner-`, `-request`, ...

    So is one named like its own host (`some-project@some-project.org`). A name is no proof: `linux-fan@...`
    may be a person. For an address that writes mail ask `is_list_address`.
    """
    local, _, host = email.lower().rpartition("@")
    if not local:
        return False
    if _is_certain(local, host) or ("-" in local and local in host.split(".")):
        return True
    return _LIST_NAME.fullmatch(local) is not None and _PERSON_LIKE.fullmatch(local) is None


def looks_like_robot(email: str, name: str = "") -> bool:
    """True when a program writes from this address: no-reply, daemons, notifications, list servers."""
    local = email.lower().rpartition("@")[0] or email.lower()
    return (
        _ROBOT_LOCAL.fullmatch(local) is not None
        or _HOUSEKEEPING.fullmatch(local) is not None
        or _ROBOT_NAME.fullmatch(name.strip()) is not None
    )


def is_list_address(email: str, *, named_count: int = 0, authored_count: int = 0, names: Iterable[str] = ()) -> bool:
    """Decide over a whole mailbox whether an address is a list's.

    Args:
        email: lower-cased address.
        named_count: messages whose `list_addresses` hold it.
        authored_count: messages it wrote (From) that do not name it as a list.
        names: the display names written beside it in To and Cc.

    Returns:
        True for the addresses list servers keep for themselves and for hosts that carry lists only; for an
        address messages declare more often than it writes; and for one that never wrote and is called like a
        list. Somebody who forges one List-Post header cannot turn a correspondent into a list.

    """
    local, _, host = email.lower().rpartition("@")
    if not local:
        return False
    if _is_certain(local, host) or named_count > authored_count:
        return True
    if authored_count:
        return False
    return looks_like_list(email) or any(_LIST_DISPLAY.search(name) for name in names)


def _is_certain(local: str, host: str) -> bool:
    return _HOUSEKEEPING.fullmatch(local) is not None or _LIST_HOST.fullmatch(host) is not None
