"""What one signature says about who wrote it, each fact with how sure it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A value as it is to be shown; `confidence` is between 0, a guess, and 1, certain."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known from one message; None and empty where it says nothing.

    `addresses` are mail addresses the signer gives as their own, besides the one the message is from.
    """

    name: Fact | None = None
    title: Fact | None = None
    organisation: Fact | None = None
    phones: tuple[Fact, ...] = ()
    links: tuple[Fact, ...] = ()
    addresses: tuple[Fact, ...] = ()


NOTHING = Facts()
