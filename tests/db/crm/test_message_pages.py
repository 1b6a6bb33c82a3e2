"""The CRM's pages on messages and questions: text that stays text, answers that are given once and kept."""

import re
from html import escape, unescape
from pathlib import Path

from fix_console import bearer, client_of, token_for
from fix_crm_pages import MARCH, OWNER, XSS, add_mailbox, decorate, import_letters, web_of
from fix_shop import an_admin
from headrace import Headrace
from headrace.console.access import list_requests
from headrace_crm.app import create_desk
from headrace_crm.search.desk import Question
from headrace_crm.search.forgetting import forget


async def test_a_message_is_shown_as_text_with_its_people_its_conversation_and_its_event(crm: Headrace, tmp_path: Path):
    async with crm as app, web_of(app) as web:
        await import_letters(app, tmp_path)
        async with app.pool.acquire() as connection:
            rows = await connection.fetch("SELECT id, thread_id, subject FROM crm.message ORDER BY sent_at")
            hull, answer, valve = (row["id"] for row in rows)
            assert hull == await decorate(app)
            await connection.execute("UPDATE crm.message SET body_text = $2 WHERE id = $1", answer, "a" * 100_001)
            head = await connection.fetchval("SELECT max(position) FROM headrace.event")
            assert head
        async with app.process():
            await app.projections.wait_for("user_activity", head)
        viewer = bearer(await token_for(app, "viewer"))
        async with client_of(web, headers=viewer) as client:

            async def look(message_id: int) -> str:
                page = await client.get(f"/crm/messages/{message_id}")
                assert (page.status_code, XSS in page.text) == (200, False)
                return unescape(page.text)

            page = await look(hull)
            for told in (
                f"<h1>Hull {XSS}</h1>",
                f"The hull takes in water. {XSS}</p>",
                f">Grace {XSS}</a>",
                "grace@boats.example",
                "you <span",
                f'<span class="tag">Boats {XSS}</span>',
                f"plan {XSS}.pdf",
                "23 kB",
                f"list {XSS}",
                f'href="/crm/messages/{answer}">Re: Hull',
                f'<li id="passage-0">The hull takes in water. {XSS}</li>',
            ):
                assert told in page, told
            long = await look(answer)
            assert ("a" * 100_000 in long, "a" * 100_001 in long, "longer than what is shown" in long) == (
                True,
                False,
                True,
            )
            assert "alone in its conversation" in await look(valve)

            told = await client.get(f"/crm/messages/{valve}/event")
            assert told.status_code == 303
            assert f'href="{told.headers["location"]}">Its event, with its trace' in await look(valve)
            async with app.pool.acquire() as connection:
                # As if somebody who began before it had not ended: it stands in the log, and may not be read yet.
                head = await connection.fetchval(
                    "UPDATE headrace.head SET position = 0 FROM headrace.head AS before RETURNING before.position"
                )
                assert "its event is not yet in the log" in await look(valve)
                awaited = await client.get(f"/crm/messages/{valve}/event")
                assert (awaited.status_code, "not yet in the log" in awaited.text) == (404, True)
                await connection.execute("UPDATE headrace.head SET position = $1", head)
            event = unescape((await client.get(told.headers["location"])).text)
            assert ("email.received" in event, f'"message_id": {valve}' in event) == (True, True)
            thread = await client.get(f"/crm/threads/{rows[0]['thread_id']}")
            assert (thread.status_code, thread.headers["location"]) == (303, f"/crm/messages/{answer}")
            async with app.pool.acquire() as connection:
                await connection.execute("UPDATE crm.message SET stored_at = stored_at - interval '1 day'")
                assert "its event has gone with its time" in await look(valve)
                await connection.execute("UPDATE crm.message SET is_removed = true WHERE id = $1", hull)
            for gone in (
                f"/crm/messages/{hull}",
                f"/crm/messages/{valve}/event",
                f"/crm/messages/{10**30}",
                f"/crm/threads/{10**30}",
                "/crm/threads/0",
            ):
                assert (await client.get(gone)).status_code == 404, gone


async def test_a_question_is_answered_once_kept_with_what_it_rests_on_and_forgotten(crm: Headrace, tmp_path: Path):
    asked = f"who mends the hull? {XSS}"
    async with crm as app, web_of(app) as web:
        operator = bearer(await token_for(app, "operator"))
        async with client_of(web, headers=operator) as client:
            assert "No mail yet" in (await client.get("/crm/ask")).text
            await import_letters(app, tmp_path)
            async with app.process():
                await settled_passages(app)
            assert "Nothing yet" in (await client.get("/crm/ask")).text
            empty = await client.post("/crm/ask", data={"text": " \0 "})
            assert (empty.status_code, "Write a question first." in empty.text) == (400, True)
            assert f">{escape(asked)}</textarea>" in (await client.get("/crm/ask", params={"text": asked})).text

            sent = await client.post("/crm/ask", data={"text": asked, "mailbox": OWNER})
            assert sent.status_code == 303
            at = sent.headers["location"]
            for path in (at, at):
                page = (await client.get(path)).text
                assert XSS not in page
            text = unescape(page)
            assert f"<h1>{asked}</h1>" in text
            assert f"Most likely with Grace {XSS}" in text
            (cited,) = re.findall(rf'<h3><a href="(/crm/messages/\d+)">Hull {re.escape(XSS)}</a>', text)
            assert (await client.get(cited)).status_code == 200
            for number in ("1", "2"):
                assert (f'<a href="#passage-{number}">{number}</a>' in text, f'id="passage-{number}"' in text) == (
                    True,
                    True,
                )
            listed = unescape((await client.get("/crm/ask")).text)
            assert f'<a href="{at}">{asked}</a>' in listed

            # Reading it again asked nobody again; who asked is recorded, and what was asked is not.
            async with app.pool.acquire() as connection:
                count = await connection.fetchval(
                    "SELECT count(*) FROM headrace.event WHERE type = 'ai.query_executed'"
                )
                [record] = await list_requests(connection)
            assert (count, record.action, record.subject) == (1, "questions.ask", {"question": at.rpartition("/")[2]})

            viewer = bearer(await token_for(app, "viewer"))
            seen = await client.get("/crm/ask", headers=viewer)
            assert ("Asking takes a token of the role operator" in seen.text, "<textarea" in seen.text) == (True, False)
            assert "Forget it" not in (await client.get(at, headers=viewer)).text
            for path in ("/crm/ask", f"{at}/forget"):
                assert (await client.post(path, data={"text": "x"}, headers=viewer)).status_code == 403

            # What an answer rests on goes with its message, and the answer with the person it rests on.
            async with app.transaction() as tx:
                await tx.connection.execute("DELETE FROM crm.message WHERE sender_email = $1", OWNER)
            assert "1 passage of messages that are gone" in (await client.get(at)).text
            other = (await client.post("/crm/ask", data={"text": "what froze?"})).headers["location"]
            async with app.transaction() as tx:
                await forget(tx.connection, ["grace@boats.example"], now=MARCH)
            assert [(await client.get(path)).status_code for path in (at, other)] == [404, 200]

            for _ in range(2):
                gone = await client.post(f"{other}/forget")
                assert (gone.status_code, gone.headers["location"]) == (303, "/crm/ask?did=forget")
            assert (await client.get(other)).status_code == 404
            assert "It is forgotten." in (await client.get("/crm/ask?did=forget")).text


async def settled_passages(app: Headrace) -> None:
    """Returns once every event up to now is folded, and what followed is done."""
    async with app.pool.acquire() as connection:
        head = await connection.fetchval("SELECT max(position) FROM headrace.event")
    await app.projections.wait_for("user_activity", head)


async def test_answers_are_listed_in_pages_newest_first(crm: Headrace, tmp_path: Path):
    async with crm as app, web_of(app, authenticate=an_admin) as web, client_of(web) as client:
        await add_mailbox(app, people=1)
        desk = create_desk(app, channel="cli")
        for number in range(21):
            await desk.ask(Question(text=f"question {number:02}"))
        await desk.search(Question(text="not a question"))
        first = (await client.get("/crm/ask")).text
        assert re.findall(r">question (\d\d)<", first) == [f"{number:02}" for number in range(20, 0, -1)]
        assert "not a question" not in first
        (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
        assert re.findall(r">question (\d\d)<", (await client.get(unescape(older))).text) == ["00"]
        assert "Nothing in the mail fits" in (await client.get(re.findall(r'href="(/crm/ask/[^"]+)"', first)[0])).text
