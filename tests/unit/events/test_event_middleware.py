"""The order of middleware around events, and what one may do to a new event."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from fix_events import ContactCreated, NoteTaken, known_events
from headrace import ConfigurationError, Context, EventDraft, InvalidEventError, Stream
from headrace.events.bus import Handler
from headrace.events.middleware import PARTS, EventMiddleware
from headrace.events.prepare import prepare

NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)
ADA = Stream("contact", "ada")


class Stamp:
    """Writes its name into a note, and into `seen` whenever it is called."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self.name = name
        self.seen = seen

    def before_append(self, draft: EventDraft) -> EventDraft:
        assert isinstance(draft.data, NoteTaken)
        return replace(draft, data=NoteTaken(draft.data.text + self.name))

    async def after_append(self, events, tx) -> None:
        self.seen.append(f"{self.name} appended {events} in {tx}")

    async def after_commit(self, events) -> None:
        self.seen.append(f"{self.name} committed {events}")

    async def around_handler(self, handler, events, call_next):
        self.seen.append(f"{self.name} begins {handler.name} with {events}")
        try:
            return f"{self.name}({await call_next()})"
        finally:
            self.seen.append(f"{self.name} ends")


class Changes:
    """Makes of each new event what a function makes of it."""

    def __init__(self, change) -> None:
        self.before_append = change


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def two(seen: list[str]) -> EventMiddleware:
    middleware = EventMiddleware()
    assert middleware.add(Stamp("a", seen))
    assert middleware.add(Stamp("b", seen))
    return middleware


async def function(*_) -> str:
    return "done"


def test_the_first_added_sees_a_new_event_first(two: EventMiddleware):
    registry = known_events()
    registry.middleware = two
    new = prepare(registry, NoteTaken("n"), source="tests")
    assert (new.data, new.payload) == ('{"text":"nab"}', NoteTaken("nab"))


async def test_the_first_added_stands_outermost_around_a_handler(two: EventMiddleware, seen: list[str]):
    async def call() -> str:
        seen.append("handler")
        return "tea"

    handler = Handler(name="kettle", types=None, mode="ordered", function=function)
    assert await two.around_handler(handler, (), call) == "a(b(tea))"
    assert seen == ["a begins kettle with ()", "b begins kettle with ()", "handler", "b ends", "a ends"]


async def test_all_follow_an_append_and_a_commit_in_order(two: EventMiddleware, seen: list[str]):
    await two.after_append((), "tx")
    await two.after_commit((), on_error=lambda *_: pytest.fail("none has raised"))
    assert seen == ["a appended () in tx", "b appended () in tx", "a committed ()", "b committed ()"]


async def test_after_a_commit_an_error_keeps_nobody_else_from_being_called(seen: list[str]):
    class Fails:
        async def after_commit(self, events) -> None:
            raise LookupError("no tea")

    middleware, told = EventMiddleware(), list[tuple[str, str]]()
    middleware.add(Fails())
    middleware.add(Stamp("b", seen))
    await middleware.after_commit((), on_error=lambda part, error: told.append((part, repr(error))))
    assert seen == ["b committed ()"]
    assert [(part.rpartition(".")[2], error) for part, error in told] == [("after_commit", "LookupError('no tea')")]


def test_what_a_part_may_change_is_stored(seen: list[str]):
    registry = known_events()
    registry.middleware.add(
        Changes(
            lambda draft: replace(
                draft,
                occurred_at=draft.occurred_at - timedelta(hours=1),
                context=replace(draft.context, tenant_id="acme", actor="somebody"),
            )
        )
    )
    new = prepare(registry, NoteTaken("n"), source="tests", stream=ADA, occurred_at=NOON, context=Context(user_id="u"))
    assert (new.occurred_at, new.tenant_id, new.actor, new.user_id) == (
        NOON - timedelta(hours=1),
        "acme",
        "somebody",
        "u",
    )


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (lambda draft: None, ConfigurationError, "must return the event to append, got NoneType"),
        (
            lambda draft: replace(draft, data=ContactCreated("n")),
            ConfigurationError,
            "from NoteTaken in contact/ada to ContactCreated in contact/ada",
        ),
        (lambda draft: replace(draft, stream=None), ConfigurationError, "to NoteTaken in None"),
        (lambda draft: replace(draft, data=NoteTaken(5)), InvalidEventError, "note.taken"),
        (lambda draft: replace(draft, occurred_at=datetime(2030, 1, 1)), ConfigurationError, "must be aware"),  # noqa: DTZ001 - on purpose
        (
            lambda draft: replace(draft, context=replace(draft.context, tenant_id="a\0")),
            ConfigurationError,
            "tenant id must have",
        ),
    ],
)
def test_an_event_stays_the_event_it_is_and_one_that_can_be_stored(change, error, reason):
    registry = known_events()
    registry.middleware.add(Changes(change))
    with pytest.raises(error, match=reason):
        prepare(registry, NoteTaken("n"), source="tests", stream=ADA)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_cannot_be_called_is_refused(part: str):
    with pytest.raises(ConfigurationError, match=f"{part} of Odd must be a method, got 5"):
        EventMiddleware().add(type("Odd", (), {part: 5})())
