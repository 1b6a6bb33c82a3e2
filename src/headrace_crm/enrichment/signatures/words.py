"""The words signatures are recognised by, out of `words.toml`."""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

_WORD: Final = re.compile(r"[^\W_]+(?:[.'\u2019/-][^\W_]+)*")


class Words(msgspec.Struct, frozen=True):
    """Each set as the file has it."""

    closings: frozenset[str]
    title_words: frozenset[str]
    title_endings: tuple[str, ...]
    title_signs: tuple[str, ...]
    legal_forms: frozenset[str]
    leading_legal_forms: frozenset[str]
    organisation_words: frozenset[str]
    organisation_signs: tuple[str, ...]
    department_words: frozenset[str]
    address_words: frozenset[str]
    phone_labels: frozenset[str]
    no_phone_labels: frozenset[str]
    link_labels: frozenset[str]
    private_hosts: frozenset[str]
    sentence_words: frozenset[str]


@cache
def read_words() -> Words:
    """The words that ship with the package; read once, because every message asks for them."""
    return msgspec.toml.decode(
        files("headrace_crm.enrichment.signatures").joinpath("words.toml").read_bytes(), type=Words
    )


def folded(text: str) -> str:
    """Lower case without accents, as the sets have their words; kana keep their marks.

    >>> folded("Geschäftsführerin")
    'geschaftsfuhrerin'
    """
    if text.isascii():
        return text.lower()
    marked = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in marked if not "\u0300" <= character <= "\u036f")
    return unicodedata.normalize("NFC", bare).lower()


def words_of(text: str) -> list[str]:
    """The words of a line, folded; dots, slashes and dashes inside one stay.

    >>> words_of("Co-founder, Vidal S.A. & Sons")
    ['co-founder', 'vidal', 's.a', 'sons']
    """
    return _WORD.findall(folded(text))
