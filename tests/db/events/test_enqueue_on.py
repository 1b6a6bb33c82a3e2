"""`app.on(...).enqueue(...)`: a job for each event, where a condition holds, with options made of the event."""

from datetime import timedelta
from typing import Any

import pytest

from fix_events import ContactCreated, NoteTaken
from headrace import ConfigurationError, Headrace, Unique
from headrace.testing import drain

HOUR = timedelta(hours=1)


@pytest.fixture
def noting(app: Headrace) -> Headrace:
    app.register(ContactCreated, NoteTaken)
    app.declare("note")
    app.declare("other")
    return app


async def jobs(app: Headrace, *texts: str) -> list[Any]:
    """What is stored after these notes were taken and delivered."""
    async with app.transaction() as tx:
        for text in texts:
            await tx.append(NoteTaken(text))
    async with app.stepper() as stepper:
        _, errors = await stepper.deliver()
    assert errors == []
    async with app.pool.acquire() as connection:
        return await connection.fetch(
            "SELECT job.kind, job.args #>> '{}' AS args, job.queue, run.run_at - job.created_at AS delay"
            " FROM headrace.job JOIN headrace.run ON run.job_id = job.id ORDER BY job.id"
        )


async def test_a_condition_says_whether_there_is_a_job(noting):
    noting.on(NoteTaken).enqueue("note", lambda note: note.data.text, when=lambda note: "!" in note.data.text)
    assert [row["args"] for row in await jobs(noting, "a", "b!", "c", "d!")] == ["b!", "d!"]


async def test_a_delay_is_the_same_for_all_or_made_of_the_event(noting):
    noting.on(NoteTaken, name="same").enqueue("note", lambda note: note.data.text, delay=HOUR)
    noting.on(NoteTaken, name="own").enqueue(
        "other", lambda note: note.data.text, delay=lambda note: len(note.data.text) * HOUR
    )
    rows = await jobs(noting, "a", "bbb")
    hours = sorted((row["kind"], row["args"], round(row["delay"] / HOUR)) for row in rows)
    assert hours == [("note", "a", 1), ("note", "bbb", 1), ("other", "a", 1), ("other", "bbb", 3)]


async def test_other_options_may_be_made_of_the_event_too(noting):
    noting.on(NoteTaken).enqueue(
        "note",
        lambda note: note.data.text,
        queue=lambda note: note.data.text[0],
        unique=lambda note: Unique(note.data.text[0]),
    )
    assert [(row["args"], row["queue"]) for row in await jobs(noting, "a", "ab", "b")] == [("a", "a"), ("b", "b")]


async def test_a_kind_without_args_needs_none_made(app):
    calls = []

    @app.job("sweep")
    async def sweep() -> None:
        calls.append(1)

    app.register(NoteTaken)
    app.on(NoteTaken).enqueue("sweep", when=lambda note: note.data.text == "dust")
    async with app.transaction() as tx:
        await tx.append(NoteTaken("dust"))
        await tx.append(NoteTaken("water"))
    await drain(app)
    assert calls == [1]


async def test_args_of_none_are_no_job(noting):
    noting.on(NoteTaken).enqueue("note", lambda note: note.data.text or None)
    assert [row["args"] for row in await jobs(noting, "", "b")] == ["b"]


async def test_a_condition_that_raises_is_tried_again_as_any_handler(noting):
    def fails(_: object) -> bool:
        raise ValueError("cannot say")

    noting.on(NoteTaken).enqueue("note", lambda note: note.data.text, when=fails)
    await noting.append(NoteTaken("a"))
    async with noting.stepper() as stepper:
        _, errors = await stepper.deliver()
    assert [str(error) for error in errors] == ["cannot say"]


def test_an_option_that_enqueue_does_not_have_is_refused_at_once(noting):
    with pytest.raises(ConfigurationError, match="enqueue has no option 'dealy', given for jobs of kind 'note'"):
        noting.on(NoteTaken).enqueue("note", lambda note: note.data.text, dealy=HOUR)
