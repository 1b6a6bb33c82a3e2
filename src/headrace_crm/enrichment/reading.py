"""What is shown of enrichment: a contact's fields with their sources, and how each source is doing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace import Connection
from headrace_crm.enrichment.freshness import State
from headrace_crm.enrichment.handle_store import handles_of
from headrace_crm.enrichment.profile import ASKED, LABELS, Asked, Field, Source, Value
from headrace_crm.enrichment.resting import current_rest
from headrace_crm.enrichment.sources import Sources
from headrace_crm.enrichment.spending import spent
from headrace_crm.enrichment.store import EnrichmentStore


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field with who has the last word on it; `source_name` is its name for people, `evidence` where it was found."""

    field: Field
    value: Value
    source: Source
    source_name: str
    confidence: float
    fetched_at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """What came of asking a source; `detail` says why it refused."""

    source: Source
    state: State
    asked_for: str
    fetched_at: datetime | None
    due_at: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ShownHandle:
    """A handle that may be the contact's, with where it was found."""

    network: str
    handle: str
    origin: Source
    confidence: float
    evidence: str


@dataclass(frozen=True, slots=True)
class ShownProfile:
    """Everything enrichment has of a contact."""

    fields: tuple[ShownField, ...]
    answers: tuple[ShownAnswer, ...]
    handles: tuple[ShownHandle, ...]


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """How a source is doing: amounts are in millionths of a dollar, of this day and month of UTC."""

    source: Asked
    source_name: str
    is_on: bool
    rests_until: datetime | None
    reason: str | None
    spent_today: int
    spent_this_month: int
    cap_day: int
    cap_month: int


async def read_profile(connection: Connection, contact_id: UUID) -> ShownProfile:
    """A contact's profile; empty for one that nobody said anything about."""
    store = EnrichmentStore(connection, contact_id)
    fields = await store.profile()
    answers = await store.answers()
    handles = await handles_of(connection, contact_id)
    return ShownProfile(
        tuple(
            ShownField(
                name, each.value, each.source, LABELS[each.source], each.confidence, each.fetched_at, each.evidence
            )
            for name, each in fields.items()
        ),
        tuple(
            ShownAnswer(
                each.source,
                each.standing.state,
                each.standing.asked_for,
                each.fetched_at,
                each.standing.due_at,
                each.detail,
            )
            for each in answers.values()
            if each.source in ASKED
        ),
        tuple(
            ShownHandle(each.network, each.handle, origin, each.confidence, each.evidence) for origin, each in handles
        ),
    )


async def source_standings(connection: Connection, sources: Sources, *, now: datetime) -> list[SourceStanding]:
    """How each source is doing, those that are off too."""
    found: list[SourceStanding] = []
    for source in ASKED:
        rest = await current_rest(connection, source, settings=sources.digests[source], now=now)
        today, this_month = await spent(connection, source, now)
        caps = sources.caps[source]
        found.append(
            SourceStanding(
                source,
                LABELS[source],
                source in sources.on,
                None if rest is None else rest.until,
                None if rest is None else rest.reason,
                today,
                this_month,
                caps.day,
                caps.month,
            )
        )
    return found
