"""What a piece of a signature names: a role, an organisation, a part of one, a place, or nothing known."""

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from headrace_crm.enrichment.signatures.words import folded, read_words, words_of

Kind: TypeAlias = Literal["title", "organisation", "department", "place", "unknown"]

_MOST_WORDS: Final = 9
_LONGEST: Final = 80
_SHORTEST_COMPOUND: Final = 6
_SHORTEST_LABEL: Final = 4
"""Shorter ones are in too many words."""
_SENTENCE: Final = re.compile(r"[.!?\u3002]\s+\S+\s+\S+|[!?]$|[\"\u201c\u00bb]")
_HEAD: Final = re.compile(r"(?:of|for|in|f\u00fcr|der|des|de|du|di|del)$")


def naming_of(piece: str, site: str) -> Kind:
    """What a piece names; `site` is the organisation's label in the sender's address, empty where it has none.

    >>> naming_of("Head of Engineering", ""), naming_of("Institute of Engineers", "")
    ('title', 'organisation')
    """
    words = words_of(piece)
    known = read_words()
    has_digits = any(character.isdigit() for character in piece)
    if not words or len(words) > _MOST_WORDS or len(piece) > _LONGEST or _SENTENCE.search(piece):
        return "place" if has_digits else "unknown"
    if not known.sentence_words.isdisjoint(words):
        return "unknown"
    is_title = [_is_title_word(word) for word in words]
    # In this order: the first that holds counts.
    holds: tuple[tuple[Kind, bool], ...] = (
        ("organisation", _has_legal_form(piece, words) or any(sign in piece for sign in known.organisation_signs)),
        ("title", is_title[0] or is_title[-1] or any(sign in piece for sign in known.title_signs)),
        ("organisation", is_site(piece, site)),
        ("department", _is_department(words)),
        ("organisation", not known.organisation_words.isdisjoint(words)),
        ("title", any(is_title)),
        ("place", has_digits or not known.address_words.isdisjoint(words)),
    )
    for kind, is_it in holds:
        if is_it:
            return kind
    return "unknown"


def is_site(piece: str, site: str) -> bool:
    """True where an organisation's name and the label of its site are the same, whole, shortened or by initials.

    >>> is_site("Ember & Oak Architects", "emberoak"), is_site("Institute for Small Rivers", "isr")
    (True, True)
    """
    label = re.sub(r"[^a-z0-9]", "", site)
    words = re.findall(r"[a-z0-9]+", folded(piece))
    letters = "".join(words)
    if not label or not words:
        return False
    if min(len(label), len(letters)) >= _SHORTEST_LABEL:
        begins = label.startswith(letters) or (len(words[0]) >= _SHORTEST_LABEL and label.startswith(words[0]))
        return label in letters or begins
    initials = {"".join(word[0] for word in words), "".join(word[0] for word in words if len(word) >= _SHORTEST_LABEL)}
    # Two initials are chance.
    return words[0] == label or (len(label) == _SHORTEST_LABEL - 1 and label in initials)


def _has_legal_form(piece: str, words: Sequence[str]) -> bool:
    known = read_words()
    is_formed = words[-1] in known.legal_forms or words[0] in known.leading_legal_forms
    return len(words) > 1 and is_formed and not piece[:1].isdigit()


def _is_department(words: Sequence[str]) -> bool:
    known = read_words().department_words
    if len(words) < 2:  # noqa: PLR2004 - a department is of something
        return False
    return words[-1] in known or (words[0] in known and _HEAD.match(words[1]) is not None)


def _is_title_word(word: str) -> bool:
    known = read_words()
    # An ending alone is no word.
    is_compound = len(word) > _SHORTEST_COMPOUND and word.endswith(known.title_endings)
    return word in known.title_words or is_compound
