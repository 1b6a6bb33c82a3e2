"""Whether an account on a network is the person's whose handle it was thought to be."""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_STRANGER: Final = 0.5
"""What is left of the confidence in a handle whose account bears another name."""
_UNTOLD: Final = 0.85
"""The same where the account's name tells nothing: an emoji, one word, another script."""


def corroborated(confidence: float, *, contact_name: str, account_name: str) -> float:
    """How sure what an account says is about the contact, given how sure its handle was.

    A name in common leaves the handle's confidence as it is, no name in common halves it: with every handle there is,
    that is below what counts as a fact.

    >>> corroborated(0.9, contact_name="Ada Byron", account_name="Ada B.")
    0.9
    >>> corroborated(0.9, contact_name="Ada Byron", account_name="Harbour Weekly News")
    0.45
    """
    ours, theirs = _words(contact_name), _words(account_name)
    if not ours or len(theirs) < 2:  # noqa: PLR2004 - a first and a last name
        return confidence if ours & theirs else confidence * _UNTOLD
    return confidence if ours & theirs else confidence * _STRANGER


def _words(name: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(name)}
