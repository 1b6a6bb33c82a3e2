"""What an address is: the owner's, a list's, a robot's or a person's. Pure; a function of all mail at once."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, TypeAlias

from headrace_crm.contacts.naming import SeenName, best_name
from headrace_crm.mail.lists import is_list_address, looks_like_robot

Standing: TypeAlias = Literal["owner", "list", "robot", "person", "local"]
"""`local` is a bare name without a host, which reaches nobody outside one machine."""


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What an owner's messages together say about an address.

    `authored_count` are the messages from it that do not call it a list, `named_count` those that do, from
    anybody. `own_names` it wrote itself, `other_names` others wrote beside it.
    """

    email: str
    authored_count: int
    named_count: int
    own_names: tuple[SeenName, ...] = ()
    other_names: tuple[SeenName, ...] = ()


def standing_of(facts: AddressFacts, owners: AbstractSet[str]) -> Standing:
    """Judge an address by everything known of it; `owners` are the owner's addresses."""
    if facts.email in owners:
        return "owner"
    if "@" not in facts.email:
        return "local"
    if is_list_address(
        facts.email,
        named_count=facts.named_count,
        authored_count=facts.authored_count,
        names=[seen.name for seen in facts.other_names],
    ):
        return "list"
    if looks_like_robot(facts.email, best_name(facts.own_names) or ""):
        return "robot"
    return "person"
