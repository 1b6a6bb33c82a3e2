"""The handler `ai-training-collector`: what happens becomes text that can be found, a job for each batch of texts."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from headrace import Headrace, StoredEvent, Transaction, bind
from headrace_crm.contacts.events import ContactCreated, ContactUpdated, InteractionRecorded
from headrace_crm.mail.events import EmailReceived, EmailSent
from headrace_crm.search.collecting import COLLECT_KIND, SOURCES_A_JOB, CollectPassages
from headrace_crm.search.events import QueryExecuted

COLLECTOR: Final = "ai-training-collector"

_ABOUT_CONTACTS: Final = ("contact.enriched", "contact.merged", "contact.tagged")
"""Told by features above this one, where they are there; each names its contact."""

ItemT = TypeVar("ItemT")


def register(app: Headrace) -> None:
    """Registers the handler; its jobs are registered by `headrace_crm.search.jobs`.

    Must come after the features whose events it collects: types that are not known by then are left out.
    """
    told = [name for name in _ABOUT_CONTACTS if name in app.events.types]

    @app.on(
        ContactCreated,
        ContactUpdated,
        InteractionRecorded,
        EmailReceived,
        EmailSent,
        QueryExecuted,
        *told,
        name=COLLECTOR,
        mode="ordered",
        batch_size=500,
    )
    async def collect(events: Sequence[StoredEvent], tx: Transaction) -> None:
        # One cause for a batch only where all began with the same, so that whoever waits for that sees these jobs too.
        began = {event.correlation_id for event in events}
        with bind(correlation_id=began.pop()) if len(began) == 1 else bind():
            for args in sources(events):
                await tx.enqueue(COLLECT_KIND, args)

    _ = collect


def sources(events: Iterable[StoredEvent]) -> Iterator[CollectPassages]:
    """What a batch of events says there is to collect, each source once, in jobs of at most 100 sources."""
    messages: dict[int, None] = {}
    contacts: dict[UUID, None] = {}
    questions: dict[UUID, None] = {}
    for event in events:
        match event.data:
            case EmailReceived(is_bulk=True):
                pass
            case EmailReceived() | EmailSent() | InteractionRecorded():
                messages[event.data.message_id] = None
            case QueryExecuted():
                questions[event.data.query_id] = None
            case about:
                contacts[_contact_of(about)] = None
    for some in _by(SOURCES_A_JOB, messages):
        yield CollectPassages(message_ids=tuple(some))
    for some in _by(SOURCES_A_JOB, contacts):
        yield CollectPassages(contact_ids=tuple(some))
    for some in _by(SOURCES_A_JOB, questions):
        yield CollectPassages(question_ids=tuple(some))


def _contact_of(about: object) -> UUID:
    return UUID(str(getattr(about, "contact_id")))  # noqa: B009 - classes of features this one cannot import


def _by(size: int, items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
