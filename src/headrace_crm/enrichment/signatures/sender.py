"""Who a message is from, as a signature is compared with it."""

import re
from dataclasses import dataclass
from typing import Final

from headrace_crm.enrichment.signatures.words import folded, read_words

_WORD: Final = re.compile(r"[^\W\d_]{2,}|[\u3040-\u9fff]")
_SECOND_LEVEL: Final = frozenset(("co", "com", "ac", "edu", "org", "net", "gov", "or", "ne", "gob", "gouv"))
_MOST_WORDS: Final = 6


@dataclass(frozen=True, slots=True)
class Sender:
    """The name and address in the From header; the name may be empty."""

    name: str
    email: str

    @property
    def name_words(self) -> frozenset[str]:
        """The words that tell the person: those of the name, and of the address's part before the host."""
        local = self.email.rpartition("@")[0].partition("+")[0]
        return frozenset(_WORD.findall(folded(f"{self.name} {local}".replace("_", " "))))

    @property
    def site(self) -> str:
        """The label of the address's host that names an organisation; empty for mail hosts open to everybody.

        >>> Sender("", "ines@mail.vidal.co.uk").site, Sender("", "ines@gmail.com").site
        ('vidal', '')
        """
        labels = self.email.rpartition("@")[2].split(".")[:-1]
        if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
            labels.pop()
        return "" if not labels or labels[-1] in read_words().private_hosts else labels[-1]


def shared_name_words(text: str, sender: Sender) -> int:
    """How many words of a short line are the sender's names; 0 for a line too long to be a name."""
    found = _WORD.findall(folded(text))
    if not found or len(text.split()) > _MOST_WORDS:
        return 0
    return len(set(found) & sender.name_words)
