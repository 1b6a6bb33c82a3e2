"""Given, when, then."""

from datetime import timedelta

import pytest

from fix_apps import opened_bench
from fix_events import ContactCreated, ContactRenamed, NoteTaken
from headrace import Stream
from headrace.testing import appended, enqueued, given

ADA = Stream("contact", "ada")
DAY = timedelta(days=1)


@pytest.fixture
async def story(database, clock):
    """An app that counts names, greets new contacts a day later, and takes a note of each greeting."""
    async with opened_bench(database, clock=clock) as bench:
        app = bench.app
        app.register(ContactCreated, ContactRenamed, NoteTaken)
        async with app.transaction() as tx:
            await tx.execute("CREATE TABLE named (name text)")

        @app.on(ContactCreated, ContactRenamed, mode="ordered")
        async def project(events, tx) -> None:
            for event in events:
                if not event.data.name:
                    raise ValueError("a contact has a name")
                await tx.execute("INSERT INTO named VALUES ($1)", event.data.name)

        @app.job("greet")
        async def greet(name: str) -> None:
            await app.append(NoteTaken(f"greeted {name}"))

        app.on(ContactCreated).enqueue("greet", lambda event: event.data.name, delay=DAY)
        yield app


async def names(app) -> list[str]:
    async with app.pool.acquire() as connection:
        return [row["name"] for row in await connection.fetch("SELECT name FROM named ORDER BY name")]


async def test_a_projection_has_what_was_and_what_came(story):
    async def has_both(app) -> None:
        assert await names(app) == ["Ada", "Ada L."]

    await (
        given(story, ContactCreated("Ada"), stream=ADA)
        .when(ContactRenamed("Ada L."), stream=ADA)
        .then(has_both, appended(ContactRenamed, stream=ADA, count=1))
    )


async def test_only_what_followed_counts(story):
    await given(story, ContactCreated("Bo")).when(ContactCreated("Ada")).then(enqueued("greet", "Ada", count=1))
    with pytest.raises(AssertionError, match="args is 'Ada', not 'Bo'"):
        await given(story, ContactCreated("Bo")).when(ContactCreated("Ada")).then(enqueued("greet", "Bo"))


async def test_time_passes_as_a_step(story):
    await (
        given(story)
        .when(ContactCreated("Ada"), DAY)
        .then(enqueued("greet", state="completed"), NoteTaken("greeted Ada"))
    )


async def test_a_step_may_be_any_use_of_the_app(story):
    async def call(app) -> None:
        await app.enqueue("greet", "Cy")

    await given(story).when(call).then(NoteTaken("greeted Cy"))


async def test_a_check_that_answers_false_fails(story):
    with pytest.raises(AssertionError, match="answered False"):
        await given(story).then(lambda app: False)


async def test_nothing_follows_from_a_change_of_name(story):
    await given(story, ContactCreated("Ada")).when(ContactRenamed("Bo")).then_nothing()
    with pytest.raises(AssertionError, match=r"1 job\(s\) and 1 event"):
        await given(story).when(ContactCreated("Ada")).then_nothing()


async def test_the_error_of_a_handler_is_an_end_too(story):
    await given(story).when(ContactRenamed("")).then_raises(ValueError, match="has a name")


async def test_no_error_is_not_the_end_expected(story):
    with pytest.raises(AssertionError, match="expected ValueError, but nothing was raised"):
        await given(story).when(ContactRenamed("Bo")).then_raises(ValueError)


async def test_another_text_is_not_the_end_expected(story):
    with pytest.raises(AssertionError, match="matching 'no name'"):
        await given(story).when(ContactRenamed("")).then_raises(ValueError, match="no name")
