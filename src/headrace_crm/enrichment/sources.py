"""The sources that are on, and what each may cost: made once by the application and passed down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from headrace_crm.config.enrichment import ClearbitSettings, EnrichmentSettings, PdlSettings, XSettings
from headrace_crm.enrichment.freshness import RefreshPolicy
from headrace_crm.enrichment.money import Caps, micros
from headrace_crm.enrichment.paid_calls import PaidCalls
from headrace_crm.enrichment.profile import ASKED, Asked
from headrace_crm.enrichment.provider import Network, Provider


@dataclass(frozen=True, slots=True)
class Sources:
    """`network` is X and `providers` the others, each only where it is on."""

    network: Network | None
    providers: Mapping[Asked, Provider]
    caps: Mapping[Asked, Caps]
    digests: Mapping[Asked, str]
    """Tells whether the settings a source refused are still those in force."""
    policy: RefreshPolicy
    paid: PaidCalls = field(default_factory=PaidCalls)
    """Whose turn it is to make a paid call."""

    @property
    def on(self) -> tuple[Asked, ...]:
        """Those that may be asked."""
        return tuple(
            source for source in ASKED if source in self.providers or (source == "x" and self.network is not None)
        )


def sources_of(
    settings: EnrichmentSettings, *, network: Network | None, providers: Mapping[Asked, Provider]
) -> Sources:
    """The sources with their caps and policy by the settings."""
    parts: dict[Asked, XSettings | PdlSettings | ClearbitSettings] = {
        "x": settings.x,
        "pdl": settings.pdl,
        "clearbit": settings.clearbit,
    }
    return Sources(
        network,
        providers,
        {source: Caps(day=micros(part.cap_day), month=micros(part.cap_month)) for source, part in parts.items()},
        {source: _digest(part) for source, part in parts.items()},
        policy_of(settings),
    )


def policy_of(settings: EnrichmentSettings) -> RefreshPolicy:
    """How long answers hold by the settings."""
    return RefreshPolicy(found=settings.refresh, none=2 * settings.refresh)


def _digest(part: XSettings | PdlSettings | ClearbitSettings) -> str:
    secret = part.token if isinstance(part, XSettings) else part.api_key
    content = "\0".join((secret, part.url, str(part.cap_day), str(part.cap_month)))
    return sha256(content.encode()).hexdigest()[:32]
