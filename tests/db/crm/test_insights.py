"""Insights in the database: each fact is told once, answers are kept and teach, and a digest is made once a day."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from fix_crm import lend
from fix_letters import MARCH, ME, Letters
from headrace import Headrace
from headrace.testing import VirtualClock, drain, opened
from headrace_crm.app import create_app
from headrace_crm.cli.root import app as crm_command
from headrace_crm.contacts.events import ContactUpdated
from headrace_crm.insights import (
    InsightNotFoundError,
    accept,
    dismiss,
    forget_words,
    list_insights,
    newest_digest,
)
from headrace_crm.insights.digests import keep_digest
from headrace_crm.insights.generating import CONTACTS_A_PAGE
from headrace_crm.insights.jobs import DAILY_KIND, INSIGHTS_KIND, look_again
from headrace_crm.insights.ranking import rank
from headrace_crm.insights.reading import count_due
from headrace_crm.stats.projections import enqueue_scores

CONTENT = "SELECT key, fingerprint, state, score, text, message_ids, numbers::text FROM crm.insight ORDER BY key"
TOLD = "SELECT data FROM headrace.event WHERE type = 'ai.suggestion_generated' ORDER BY position"


async def test_each_fact_is_told_once_and_what_was_answered_stays_so_until_there_is_something_new(crm: Headrace):
    async with crm as app, lend(app) as connection:
        letters = await Letters.begin(app)
        ada, bo = await letters.add("Ada Mill"), await letters.add("Bo Hull")
        await letters.talk(ada, 200, 150, 100)
        await letters.talk(bo, *range(30, 100, 7))
        asked, thread = await letters.write(ada, "received", 5, "Could you look at the wheel?", subject="Wheel")
        assert await letters.look() == {"contacts": 2, "told": 2, "over": 0}
        assert await letters.look() == {"contacts": 2, "told": 0, "over": 0}
        found = {each.kind: each for each in await list_insights(connection, letters.owner_id)}
        assert set(found) == {"unanswered_question", "going_cold"}
        question = found["unanswered_question"]
        assert (question.message_ids, question.name, question.as_of) == ((asked,), "Ada Mill", MARCH)
        told = [json.loads(row["data"]) for row in await connection.fetch(TOLD)]
        # The log names nobody and quotes nothing.
        assert not [each for each in told if "Ada" in str(each) or "wheel" in str(each)]
        assert {each["suggestion_id"] for each in told} == {str(each.id) for each in found.values()}
        assert f"message {asked}" in next(each["evidence"] for each in told if each["kind"] == "unanswered_question")

        # Dismissed, it comes back only when she asks again; then the answer ends it by itself.
        async with app.transaction() as tx:
            assert (await dismiss(tx, question.id, now=MARCH)).state == "dismissed"
        assert (await letters.look())["told"] == 0
        assert await list_insights(connection, letters.owner_id, contact_id=ada) == []
        again, _ = await letters.write(ada, "received", 3, "Could you look at it, please?", thread=thread)
        assert (await letters.look(ada))["told"] == 1
        (back,) = await list_insights(connection, letters.owner_id, contact_id=ada)
        assert (back.id, back.message_ids) == (question.id, (again,))
        await letters.write(ada, "sent", 2, "I did.", thread=thread)
        assert await letters.look(ada) == {"contacts": 1, "told": 0, "over": 1}
        (over,) = await list_insights(connection, letters.owner_id, states=["expired"])
        assert over.id == question.id

        # Answers are told of, and rank the kind; saying the same again says nothing.
        cold = found["going_cold"]
        for _ in range(2):
            async with app.transaction() as tx:
                taken = await accept(tx, cold.id, now=MARCH, channel="mcp")
        assert taken.rank == pytest.approx(rank(cold.score, accepted=1, dismissed=0))
        actions = await connection.fetch("SELECT data FROM headrace.event WHERE type = 'ai.action_taken'")
        assert [
            (each["action"], each["channel"], each["suggestion_id"])
            for each in (json.loads(row["data"]) for row in actions)
        ] == [("insight.dismissed", "cli", str(question.id)), ("insight.accepted", "mcp", str(cold.id))]
        with pytest.raises(InsightNotFoundError, match="crm insights"):
            async with app.transaction() as tx:
                await accept(tx, uuid4(), now=MARCH)


async def test_the_same_mail_gives_the_same_insights_in_whatever_order_people_are_looked_at(crm: Headrace):
    async with crm as app, lend(app) as connection:
        letters = await Letters.begin(app)
        people = [await letters.add(f"Person {word} Mill") for word in ("Ann", "Ben", "Cyd", "Dan", "Eve")]
        for number, contact_id in enumerate(people):
            await letters.talk(contact_id, *range(20 + 9 * number, 200, 11))
            await letters.write(contact_id, "received", 4 + number, f"Please introduce me to Person {number} Mill.")
        await letters.write(people[0], "received", 2, "Could you introduce me to Person Eve Mill?")
        await letters.look()
        at_once = await connection.fetch(CONTENT)
        assert any("introduction:" in row["key"] for row in at_once)
        await connection.execute("DELETE FROM crm.insight")
        for contact_id in (people[3], people[0], people[4], people[2], people[1]):
            await letters.look(contact_id)
        assert await connection.fetch(CONTENT) == at_once


async def test_what_was_found_besides_the_mail_is_told_and_what_is_to_be_forgotten_goes(crm: Headrace):
    async with crm as app, lend(app) as connection:
        letters = await Letters.begin(app)
        ada, eve = await letters.add("Ada Mill"), await letters.add("Eve Hull")
        await letters.talk(ada, 200, 150, 100)
        asked, _ = await letters.write(ada, "received", 5, "Please introduce me to Eve Hull.")
        await connection.execute(
            "INSERT INTO crm.contact_change (contact_id, field, old_value, new_value, source, evidence, changed_at)"
            " VALUES ($1, 'title', 'Miller', 'Director', 'pdl', 'a profile', $2),"
            " ($1, 'title', 'Director', 'King', 'user', '', $2)",
            ada,
            MARCH - timedelta(days=9),
        )
        async with app.transaction() as tx:
            await tx.append(ContactUpdated(ada, letters.owner_id, ("title",)))
        await drain(app)
        assert await count_due(connection, letters.owner_id) == 1
        await letters.look()
        await make_digest_of(app, letters)
        found = {each.kind: each for each in await list_insights(connection, letters.owner_id)}
        assert found["changed_role"].text == "Ada Mill is now Director; before: Miller"
        assert "Eve Hull" in found["introduction"].text
        digest = await newest_digest(connection, letters.owner_id)
        assert digest is not None
        assert "Eve Hull" in digest.text

        async with app.transaction() as tx:
            await dismiss(tx, found["introduction"].id, now=MARCH)
            assert await forget_words(tx, letters.owner_id, [asked]) == 1
        (left,) = await list_insights(connection, letters.owner_id, states=["dismissed"])
        assert left.text == "its words were forgotten"
        assert await count_due(connection, letters.owner_id) == 1
        await connection.execute("DELETE FROM crm.contact WHERE id = $1", eve)
        assert await list_insights(connection, letters.owner_id, states=["dismissed"]) == []
        digest = await newest_digest(connection, letters.owner_id)
        assert digest is not None
        assert ("Eve" in digest.text, "Director" in digest.text) == (False, True)


async def score(letters: Letters, contact_id: UUID) -> None:
    async with letters.app.transaction() as tx:
        await enqueue_scores(tx, [(letters.owner_id, contact_id)])


async def make_digest_of(app: Headrace, letters: Letters) -> None:
    async with app.transaction() as tx:
        await keep_digest(tx.connection, letters.owner_id, now=app.clock.now())


async def test_a_birthday_in_a_signature_is_told_when_it_is_near(crm: Headrace):
    async with crm as app, lend(app) as connection:
        letters = await Letters.begin(app)
        ada, bo = await letters.add("Ada Mill"), await letters.add("Bo Hull")
        for contact_id, name in ((ada, "Ada Mill"), (bo, "Ada Mill")):
            await letters.talk(contact_id, 40)
            text = f"Words.\n\n-- \n{name}\nMiller, Low Weir\nBirthday: 7 March\n"
            _, thread = await letters.write(contact_id, "received", 20, text)
            await letters.write(contact_id, "sent", 19, thread=thread)
        await letters.look()
        # Not of Bo: under his letter stands another name.
        (found,) = await list_insights(connection, letters.owner_id, kinds=["birthday"])
        assert (found.contact_id, found.text) == (
            ada,
            "Ada Mill has a birthday on 2026-03-07, as their signature says",
        )
        assert len(found.message_ids) == 1
        assert await connection.fetchval("SELECT count(*) FROM headrace.event WHERE data->>'kind' = 'birthday'") == 1


async def test_scores_and_the_daily_schedule_have_rules_look_and_a_digest_is_made_once_a_day(database: str):
    clock = VirtualClock(MARCH)
    app = create_app(database)
    app.clock = clock
    async with app, lend(app) as connection:
        letters = await Letters.begin(app)
        ada = await letters.add("Ada Mill")
        await letters.talk(ada, *range(30, 100, 7))
        for _ in range(3):
            await score(letters, ada)
        await drain(app, until=timedelta(minutes=1))
        (found,) = await list_insights(connection, letters.owner_id)
        assert found.kind == "going_cold"
        ran = "SELECT count(*) FROM headrace.outcome WHERE kind = $1"
        assert await connection.fetchval(ran, INSIGHTS_KIND) == 1
        assert await newest_digest(connection, letters.owner_id) is None

        for _ in range(2):
            await app.enqueue(DAILY_KIND)
            await drain(app, kinds={DAILY_KIND, INSIGHTS_KIND})
        digest = await newest_digest(connection, letters.owner_id)
        assert digest is not None
        assert digest.insight_ids == (found.id,)
        assert found.text in digest.text
        assert await connection.fetchval("SELECT count(*) FROM crm.insight_digest") == 1
        clock.advance(timedelta(days=1))
        await app.enqueue(DAILY_KIND)
        await drain(app, kinds={DAILY_KIND, INSIGHTS_KIND})
        assert [
            row["day"].day for row in await connection.fetch("SELECT day FROM crm.insight_digest ORDER BY day")
        ] == [2, 3]
        assert len(await connection.fetch(TOLD)) == 1

        # While a file is read, what it may still answer is not told.
        await connection.execute(
            "INSERT INTO crm.import (job_id, owner_id, paths, fingerprints, bytes_total, started_at)"
            " VALUES ($1, $2, '{}', '{}', 1, $3)",
            uuid4(),
            letters.owner_id,
            clock.now(),
        )
        await letters.write(ada, "received", 3, "Could you look?")
        await score(letters, ada)
        await drain(app, until=timedelta(seconds=20))
        assert len(await connection.fetch(TOLD)) == 1
        await connection.execute("UPDATE crm.import SET stored_at = now()")
        await drain(app, until=timedelta(seconds=20))
        assert len(await connection.fetch(TOLD)) == 2


async def test_the_digests_schedule_keeps_the_hour_it_was_given_and_can_be_triggered(database: str):
    async with opened(create_app, database) as app:
        letters = await Letters.begin(app)
        await app.schedules.edit("daily-insights", cron="30 7 * * *", timezone="Europe/Berlin", by="ada")
    # Another worker declares it as the code does.
    async with opened(create_app, database) as app, lend(app) as connection:
        kept = await app.schedules.get("daily-insights")
        assert (kept.cron, kept.timezone) == ("30 7 * * *", "Europe/Berlin")
        await app.schedules.trigger("daily-insights")
        await drain(app, kinds={DAILY_KIND, INSIGHTS_KIND})
        assert await newest_digest(connection, letters.owner_id) is not None


async def test_one_job_looks_at_the_few_people_after_a_message_and_at_more_than_a_page_of_them(database: str):
    async with opened(create_app, database, clock=VirtualClock(MARCH)) as app, lend(app) as connection:
        letters = await Letters.begin(app)
        people = [await letters.add(f"Ada {number}") for number in range(CONTACTS_A_PAGE + 1)]
        await letters.talk(people[0], *range(30, 100, 7))
        for some, told in ((people[:1], 1), (people, 0)):
            async with app.transaction() as tx:
                await look_again(tx, letters.owner_id, some)
            assert (await drain(app, until=timedelta(minutes=1))).kinds[INSIGHTS_KIND] == 1
            results = "SELECT result::text FROM headrace.outcome WHERE kind = $1 ORDER BY lease DESC LIMIT 1"
            assert json.loads(await connection.fetchval(results, INSIGHTS_KIND)) == {
                "contacts": len(some),
                "told": told,
                "over": 0,
            }
            assert await count_due(connection, letters.owner_id) == 0
        assert len(await connection.fetch(TOLD)) == 1


async def test_the_command_lists_answers_and_shows_the_digest(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HEADRACE_DATABASE_URL", database)
    monkeypatch.chdir(tmp_path)
    async with create_app(database) as app:
        letters = await Letters.begin(app)
        ada = await letters.add("Ada Mill")
        await letters.talk(ada, *range(30, 100, 7))
        await letters.look()

    async def crm(*arguments: str, code: int = 0) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, crm_command, ["insights", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    (shown,) = json.loads(await crm("--json", "--contact", "ada", "--owner", ME))
    assert (shown["kind"], shown["state"], shown["name"]) == ("going_cold", "open", "Ada Mill")
    assert "going cold" in await crm()
    assert "Going cold\n  - You and Ada Mill" in await crm("--digest")
    assert "nothing to do" in await crm("--kind", "introduction")
    assert "dismissed: You and Ada" in await crm("dismiss", shown["id"])
    assert "nothing to do" in await crm()
    assert json.loads(await crm("accept", shown["id"], "--json"))["state"] == "accepted"
    (shown,) = json.loads(await crm("--state", "accepted", "--json"))
    for arguments, code in (
        (("--contact", "nobody"), 3),
        (("--owner", "nobody@example.org"), 3),
        (("accept", str(uuid4())), 3),
        (("accept", "first"), 2),
        (("--kind", "gossip"), 2),
        (("--digest", "--kind", "introduction"), 2),
    ):
        await crm(*arguments, code=code)
