"""The role that signatures give their author: pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from headrace_crm.insights.model import Role
from headrace_crm.mail.full_name import full_name

_LONGEST: Final = 80
_NO_ROLE: Final = re.compile(r"@|://|\bwww\.|\d{4}|^[\W_]*$")


def role_in(signature: str, *, name: str) -> str | None:
    r"""The line below the author's name at the top of a signature; None where it is another's name, or none.

    >>> role_in("Ada Mill\nMiller, Low Weir\n+1 202 555 0101", name="Ada Mill")
    'Miller, Low Weir'
    """
    lines = [line.strip() for line in signature.strip().splitlines()]
    own = full_name(name)
    if len(lines) < 2 or own is None or full_name(lines[0]) != own:  # noqa: PLR2004 - a name and a role
        return None
    role = " ".join(lines[1].split())
    return role if 3 <= len(role) <= _LONGEST and not _NO_ROLE.search(role) else None  # noqa: PLR2004 - CEO


def roles(signed: Iterable[tuple[datetime, int, str]], *, name: str) -> tuple[Role, ...]:
    """The roles of signatures (sent at, message, text) in order of time, each other than the one before."""
    found: list[Role] = []
    for sent_at, message_id, text in sorted(signed):
        role = role_in(text, name=name)
        if role is not None and (not found or found[-1].text.casefold() != role.casefold()):
            found.append(Role(role, message_id, sent_at))
    return tuple(found)
