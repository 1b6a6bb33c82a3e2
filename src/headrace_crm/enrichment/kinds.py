"""The job kinds of enrichment and what they are told."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from headrace_crm.enrichment.profile import Asked

ENRICHMENT_KIND: Final = "contact-enrichment"
LOOKUP_KIND: Final = "look-up-x-accounts"
REFRESH_KIND: Final = "refresh-enrichment"
ASK_KINDS: Final[Mapping[Asked, str]] = {
    "x": "enrich-twitter",
    "pdl": "enrich-linkedin",
    "clearbit": "enrich-clearbit",
}


class EnrichContact(msgspec.Struct, frozen=True):
    """Args of `contact-enrichment`: whom, and by which sources; None is all that are on.

    `is_forced` asks again for answers that still hold.
    """

    contact_id: UUID
    sources: tuple[Asked, ...] | None = None
    is_forced: bool = False

    @property
    def key(self) -> str:
        """What is unique about it."""
        return f"{self.contact_id} {'+'.join(self.sources or ('all',))}{' forced' if self.is_forced else ''}"


class AskSource(msgspec.Struct, frozen=True):
    """Args of the jobs that ask one source about one contact."""

    contact_id: UUID
