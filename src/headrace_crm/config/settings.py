"""Settings of the CRM, made once at the start and passed down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from headrace_crm.config.assistant import AssistantSettings
from headrace_crm.config.enrichment import EnrichmentSettings
from headrace_crm.config.gmail import GmailSettings
from headrace_crm.config.google import GoogleSettings
from headrace_crm.config.search import SearchSettings
from headrace_crm.config.web import WebSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; each field but the first is of one part.

    `pool_size` is the most database sessions one process uses at a time, at least 4.
    """

    pool_size: int = 10
    google: GoogleSettings = field(default_factory=GoogleSettings)
    enrichment: EnrichmentSettings = field(default_factory=EnrichmentSettings)
    gmail: GmailSettings = field(default_factory=GmailSettings)
    web: WebSettings = field(default_factory=WebSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    assistant: AssistantSettings = field(default_factory=AssistantSettings)

    def __post_init__(self) -> None:
        if self.pool_size < 4:  # noqa: PLR2004 - a reader, a batch, a projection and the engine's own
            raise ValueError(f"pool_size must be at least 4, got {self.pool_size}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings that the environment gives. Raises ConfigurationError for what cannot be."""
        return cls(
            google=GoogleSettings.from_environment(environ),
            enrichment=EnrichmentSettings.from_environment(environ),
            gmail=GmailSettings.from_environment(environ),
            web=WebSettings.from_environment(environ),
            search=SearchSettings.from_environment(environ),
            assistant=AssistantSettings.from_environment(environ),
        )
