"""How much of what people sign with is found, and how much of what is found is right."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from headrace_crm.demo.labelled import LabelledLetter
from headrace_crm.demo.signing import Truth
from headrace_crm.enrichment.signatures.facts import Facts
from headrace_crm.enrichment.signatures.phones import international
from headrace_crm.enrichment.signatures.read import read_signature
from headrace_crm.enrichment.signatures.sender import Sender
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.reply_text import read_reply

FIELDS = ("name", "organisation", "title", "phone", "link")


@dataclass(slots=True)
class Tally:
    """Values of one field: how many there are, how many were found, and how many of these are right.

    `missed` and `wrong` are some of the others, to be looked at.
    """

    labelled: int = 0
    found: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])

    @property
    def precision(self) -> float:
        """What is right of what was found; 1 where nothing was."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """What was found of what there is; 1 where nothing is."""
        return self.right / self.labelled if self.labelled else 1.0


def read_facts(body: str, *, name: str, email: str) -> Facts:
    """What extraction reads in one message."""
    reply = read_reply(body)
    return read_signature(reply.text, reply.signature, Sender(name, email))


def measure_signatures(letters: Iterable[LabelledLetter]) -> dict[str, Tally]:
    """Reads every letter and compares what was found with the truth, value by value."""
    tallies = {name: Tally() for name in FIELDS}
    for letter in letters:
        facts = read_facts(letter.body, name=letter.name, email=letter.email)
        for name in FIELDS:
            _count(tallies[name], _labelled(letter.truth, name, letter.email), _found(facts, name))
    return tallies


def read_mailboxes(paths: Sequence[Path]) -> tuple[int, float]:
    """Reads signatures in single messages of any kind, whatever is in them; how many, and the CPU ms each took."""
    read, spent = 0, 0.0
    for body, name, email in _bodies(paths):
        began = time.process_time()
        read_facts(body, name=name, email=email)
        spent += time.process_time() - began
        read += 1
    return read, 1000 * spent / read if read else 0.0


def _bodies(paths: Sequence[Path]) -> Iterator[tuple[str, str, str]]:
    for path in paths:
        raw = path.read_bytes()
        message = parse_message(raw, now=datetime.now(UTC))
        if isinstance(message, ParsedMessage):
            sender = message.sender
            yield message.body_text, sender.name if sender else "", sender.email if sender else ""
        # As a body too: some of these files are bodies, or parts of them.
        yield raw.decode("utf-8", errors="replace"), "", ""


def _count(tally: Tally, labelled: frozenset[str], found: frozenset[str]) -> None:
    tally.labelled += len(labelled)
    tally.found += len(found)
    tally.right += len(labelled & found)
    tally.missed += sorted(labelled - found)
    tally.wrong += sorted(found - labelled)


def _labelled(truth: Truth, name: str, email: str) -> frozenset[str]:
    match name:
        case "phone":
            return frozenset(international(phone, email) or phone for phone in truth.phones)
        case "link":
            return frozenset(_site(link) for link in truth.links)
        case _:
            value: str | None = getattr(truth, name)
            return frozenset() if value is None else frozenset((_bare(value),))


def _found(facts: Facts, name: str) -> frozenset[str]:
    match name:
        case "phone":
            return frozenset(fact.value for fact in facts.phones)
        case "link":
            return frozenset(_site(fact.value) for fact in facts.links)
        case _:
            fact = getattr(facts, name)
            return frozenset() if fact is None else frozenset((_bare(fact.value),))


def _bare(value: str) -> str:
    return " ".join("".join(c if c.isalnum() or c in "&'" else " " for c in value.casefold()).split())


def _site(link: str) -> str:
    return link.casefold().partition("://")[2].rstrip("/") or link.casefold().rstrip("/")
