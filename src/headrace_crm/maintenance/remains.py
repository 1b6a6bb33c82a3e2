"""What the owner's own words may still say of somebody who was erased: labels, tags, and single words of a name."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from headrace import Transaction, statement
from headrace_crm.mail.cutting_out import ERASED, mentions_of
from headrace_crm.maintenance.erasure import Erasure
from headrace_crm.maintenance.person import marks_of

LEFT: Final = "left_in_"
"""How the counts of an erasure begin that tell what may still name somebody."""

_PACKAGE: Final = "headrace_crm.maintenance"


async def clean_own_words(tx: Transaction, erasure: Erasure) -> dict[str, int]:
    """Takes addresses and full names of somebody out of labels and tags; how many there were.

    The server of a mailbox still has its labels, and their names come with its next sync: they are the owner's to
    rename there.
    """
    marks = list(marks_of(erasure.addresses, erasure.names))
    pattern = mentions_of(erasure.addresses, erasure.names)
    if pattern is None:
        return {}
    labels = 0
    for row in await tx.fetch(statement(_PACKAGE, "labels_naming"), marks):
        name = pattern.sub(ERASED, row["name"])
        if name != row["name"]:
            await tx.execute(
                statement(_PACKAGE, "rename_label"), row["owner_id"], row["label_id"], row["account_id"], name
            )
            labels += 1
    found = await tx.fetch(statement(_PACKAGE, "tags_naming"), marks)
    tags = [row["tag"] for row in found if pattern.search(row["tag"])]
    await tx.fetch(statement(_PACKAGE, "drop_tags"), tags)
    return {"labels_changed": labels, "tags_removed": len(tags)}


async def count_left(tx: Transaction, erasure: Erasure) -> dict[str, int]:
    """How many labels, tags, people, questions, insights and messages have a word of their name, or an address.

    A word of a name may mean something else, so that these stay as they are.
    """
    row = await tx.fetchrow(statement(_PACKAGE, "count_left"), whole_words((*erasure.words, *erasure.addresses)))
    assert row is not None  # noqa: S101 - a query of counts has a row
    return {f"{LEFT}{what}": count for what, count in row.items()}


def whole_words(texts: Iterable[str]) -> str:
    r"""A pattern of PostgreSQL's that finds any of these as whole words; one that finds nothing, for none.

    >>> whole_words(["grace", "g.h@x.example"])
    '(?<![[:alnum:]_])(g\\.h@x\\.example|grace)(?![[:alnum:]_])'
    """
    # What re escapes for Python, a letter and mark alone behind a backslash, PostgreSQL reads in the same way.
    found = "|".join(re.escape(text) for text in sorted(set(texts)))
    return f"(?<![[:alnum:]_])({found})(?![[:alnum:]_])" if found else "$^a"


def left_of(counts: Mapping[str, int]) -> dict[str, int]:
    """What of the counts of an erasure tells of places that may still name them, by place."""
    return {what.removeprefix(LEFT): count for what, count in counts.items() if what.startswith(LEFT)}
