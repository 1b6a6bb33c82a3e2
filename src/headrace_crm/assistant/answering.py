"""From what the CRM found to what a tool answers: pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from headrace_crm.activity.summary import UserActivity
from headrace_crm.assistant.quoting import NAME_CHARS, TEXT_CHARS, TITLE_CHARS, quoted
from headrace_crm.assistant.shapes import (
    ActivitySummary,
    Answered,
    CitedPassage,
    ContactCard,
    DayCount,
    FoundItem,
    FoundItems,
    KnownField,
    ListedContact,
    ListedContacts,
    Passage,
    RecentItem,
    Suggestion,
    Timeline,
    TimelineEntry,
)
from headrace_crm.assistant.timeline import DealtIn
from headrace_crm.enrichment.profile import Value
from headrace_crm.enrichment.reading import ShownProfile
from headrace_crm.insights import Insight
from headrace_crm.scores.people import Person
from headrace_crm.search.answer import MAX_ANSWER_CHARS, Answer, Citation
from headrace_crm.search.searching import Found, Hit

_MOST_ADDRESSES = 20
_MOST_FIELDS = 50


def found_of(found: Found) -> FoundItems:
    """A search's hits, each by its best passage."""
    return FoundItems(
        items=[FoundItem(kind=hit.kind, score=round(hit.score, 4), **_passage(hit, hit.body)) for hit in found.hits],
        found_by=found.by,
        note=found.note,
    )


def answer_of(answer: Answer) -> Answered:
    """An answer with its citations."""
    return Answered(
        answer_untrusted=quoted(answer.text, MAX_ANSWER_CHARS),
        citations=[CitedPassage(number=each.number, **_passage(each, each.quote)) for each in answer.citations],
        answered_by=answer.answered_by,
        note=answer.note,
        looked_since=answer.since,
        looked_before=answer.before,
        people_untrusted=[quoted(name, NAME_CHARS) for name in answer.about],
    )


def _passage(found: Hit | Citation, text: str) -> dict[str, Any]:
    """What every passage tells, whether it was found or cited; the words others wrote are cut and plain."""
    return dict(
        Passage(
            occurred_at=found.occurred_at,
            person_untrusted=quoted(found.person, NAME_CHARS),
            address=found.address,
            title_untrusted=quoted(found.title, TITLE_CHARS),
            text_untrusted=quoted(text),
            contact_id=found.contact_id,
            message_id=found.message_id,
            thread_id=found.thread_id,
        )
    )


def list_of(people: Sequence[Person], tags: Mapping[UUID, Sequence[str]]) -> ListedContacts:
    """People with their tags."""
    return ListedContacts(
        items=[
            ListedContact(
                contact_id=person.id,
                name_untrusted=quoted(person.name, NAME_CHARS),
                address=next(iter(person.addresses), None),
                tags=list(tags.get(person.id, ())),
                strength=person.strength,
                last_interaction_at=person.last_interaction_at,
            )
            for person in people
        ]
    )


def card_of(person: Person, profile: ShownProfile, tags: Sequence[str]) -> ContactCard:
    """A person with the fields of their profile; handles that may be theirs are left out."""
    return ContactCard(
        contact_id=person.id,
        name_untrusted=quoted(person.name, NAME_CHARS),
        addresses=list(person.addresses[:_MOST_ADDRESSES]),
        tags=list(tags),
        sent_count=person.sent,
        received_count=person.received,
        first_interaction_at=person.first_interaction_at,
        last_interaction_at=person.last_interaction_at,
        strength=person.strength,
        trend=person.trend,
        reciprocity=person.reciprocity,
        owner_answers_after_seconds=_seconds(person.median_response),
        they_answer_after_seconds=_seconds(person.their_median_response),
        as_of=person.as_of,
        known=[
            KnownField(
                field=each.field,
                value_untrusted=quoted(_value(each.value)),
                source=each.source_name,
                confidence=each.confidence,
                as_of=each.fetched_at,
            )
            for each in profile.fields[:_MOST_FIELDS]
        ],
    )


def timeline_of(person: Person, messages: Sequence[DealtIn], *, is_more: bool) -> Timeline:
    """A page of messages with a person."""
    return Timeline(
        contact_id=person.id,
        name_untrusted=quoted(person.name, NAME_CHARS),
        messages=[
            TimelineEntry(
                message_id=each.message_id,
                thread_id=each.thread_id,
                occurred_at=each.occurred_at,
                direction=each.direction,
                subject_untrusted=quoted(each.subject, TITLE_CHARS),
                text_untrusted=quoted(each.text, TEXT_CHARS),
            )
            for each in messages
        ],
        next_before_message_id=messages[-1].message_id if is_more and messages else None,
    )


def activity_of(found: UserActivity) -> ActivitySummary:
    """An owner's last days."""
    return ActivitySummary(
        as_of=found.as_of,
        day_count=found.days,
        email_count=found.total_emails,
        contact_count=found.total_contacts,
        interaction_count=found.total_interactions,
        days=[
            DayCount(
                day=each.day.isoformat(),
                email_count=each.emails,
                contact_count=each.contacts,
                interaction_count=each.interactions,
            )
            for each in found.by_day
        ],
        recent=[
            RecentItem(
                occurred_at=each.occurred_at,
                contact_id=each.contact_id,
                text_untrusted=quoted(each.description, TITLE_CHARS),
            )
            for each in found.recent
        ],
    )


def suggestion_of(insight: Insight) -> Suggestion:
    """An insight with its evidence."""
    return Suggestion(
        insight_id=insight.id,
        contact_id=insight.contact_id,
        person_untrusted=quoted(insight.name, NAME_CHARS),
        address=next(iter(insight.addresses), None),
        kind=insight.kind,
        state=insight.state,
        text_untrusted=quoted(insight.text),
        rank=round(insight.rank, 4),
        message_ids=list(insight.message_ids[:_MOST_FIELDS]),
        numbers=dict(insight.numbers),
        as_of=insight.as_of,
        found_by=insight.found_by,
    )


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()


def _value(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
