"""Pictures of one person for tests of rules."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from headrace_crm.insights.model import Contact, Letter, Picture

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
ADA = Contact(UUID(int=1), "Ada Mill", frozenset({"ada@mill.example"}))
OWNER = frozenset({"me@work.example"})


def letter(days_ago: float, direction: str, *, thread: int = 1, number: int | None = None, **options: Any) -> Letter:
    sender = "ada@mill.example" if direction == "received" else "me@work.example"
    options.setdefault("sender", sender)
    return Letter(
        number if number is not None else round((10_000 - days_ago) * 100),
        thread,
        direction,  # pyright: ignore[reportArgumentType] - one of the two
        NOW - timedelta(days=days_ago),
        options.pop("subject", f"thread {thread}"),
        **options,
    )


def picture(*letters: Letter, **options: Any) -> Picture:
    ordered = tuple(sorted(letters, key=lambda each: (each.sent_at, each.message_id)))
    ends = {each.thread_id: each.sent_at for each in ordered}
    options.setdefault("threads", ends)
    options.setdefault("contact", ADA)
    return Picture(owner_addresses=OWNER, letters=ordered, **options)


def chat(*days_ago: float, first_thread: int = 100) -> list[Letter]:
    """Talks of a question and its answer an hour later, so many days ago, each in a thread of its own."""
    found = []
    for number, each in enumerate(days_ago):
        found += [
            letter(each, "received", thread=first_thread + number),
            letter(each - 1 / 24, "sent", thread=first_thread + number),
        ]
    return found
