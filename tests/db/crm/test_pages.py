"""The CRM's pages in the console: what they show, to whom, and that nothing written by others becomes markup."""

import re
from html import unescape
from pathlib import Path
from uuid import uuid4

from fix_console import bearer, client_of, token_for
from fix_crm_pages import MARCH, XSS, add_mailbox, import_letters, join_threads, web_of
from headrace import Headrace
from headrace.console.access import COOKIE, create_token
from headrace_crm.cli.serve import log_in_advice
from headrace_crm.contacts.tags import tag_contact
from headrace_crm.scores.directory import Place, page_contacts

LIST = "/crm/contacts"


def names_in(text: str) -> list[str]:
    return [unescape(name) for name in re.findall(rf'href="{LIST}/[0-9a-f-]+">([^<]*)<', text)]


async def test_without_mail_the_pages_say_what_to_do_next_and_a_log_in_leads_back(crm: Headrace):
    async with crm as app, web_of(app) as web, client_of(web) as client:
        sent = await client.get(LIST)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/login?next={LIST.replace('/', '%2F')}")
        assert 'name="token"' in (await client.get(sent.headers["location"])).text
        assert "make the first: crm serve --new-token NAME" in await log_in_advice(app, None)
        token = await token_for(app, "viewer")
        assert "your token" in await log_in_advice(app, None)
        back = await client.post("/login", data={"token": token, "next": LIST})
        assert (back.status_code, back.headers["location"], COOKIE in client.cookies) == (303, LIST, True)
        page = (await client.get(LIST)).text
        assert "No mail yet" in page
        assert 'href="/crm/accounts">Link a Gmail mailbox' in page
        assert "crm import FILE.mbox" in page
        for path in ("/crm/search", "/crm/search?text=x", "/crm/activity", "/crm/ask", "/crm/insights", "/crm/map"):
            assert "No mail yet" in (await client.get(path)).text, path
        assert "No mailbox is linked yet" in (await client.get("/crm/accounts")).text
        # One log-in serves the accounts, the console's own pages and its API too.
        for path in ("/crm/accounts", "/", "/jobs", "/api/stats", "/metrics"):
            assert (await client.get(path)).status_code == 200, path
        assert (await client.get(f"{LIST}/{uuid4()}")).status_code == 404
        async with app.pool.acquire() as connection:
            owner_id = uuid4()
            await connection.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
            await connection.execute(
                "INSERT INTO crm.owner_address (owner_id, email) VALUES ($1, 'o@x.example')", owner_id
            )
            assert "Nobody yet" in (await client.get(LIST)).text
            activity = (await client.get("/crm/activity")).text
            assert ("No figures yet" in activity, "Nothing in these days" in activity) == (True, True)
            assert "What are you looking for?" in (await client.get("/crm/search")).text
            await connection.execute(
                "INSERT INTO crm.contact (id, owner_id, name, addresses) VALUES ($1, $2, 'Ada', '{a@x.example}')",
                uuid4(),
                owner_id,
            )
            assert "are being scored" in (await client.get(LIST)).text


async def test_people_are_listed_in_pages_found_and_shown_with_what_sources_say(crm: Headrace):
    async with crm as app, web_of(app) as web:
        mailbox = await add_mailbox(app)
        other = await add_mailbox(app, people=1, address="zoe@work.example")
        viewer = bearer(await token_for(app, "viewer"))
        async with client_of(web, headers=viewer) as client:
            first = (await client.get(LIST)).text
            assert XSS not in first
            assert "pill-growing" in first
            (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
            second = (await client.get(unescape(following))).text
            listed = [re.findall(rf'href="{LIST}/([0-9a-f-]+)"', page) for page in (first, second)]
            assert [len(page) for page in listed] == [50, 10]
            assert [each for page in listed for each in page] == [str(each) for each in mailbox.people]
            assert 'rel="next"' not in second

            some = names_in((await client.get(LIST, params={"text": "SON 01"})).text)
            assert sorted(some) == [f"Person {number:03}" for number in range(10, 20)]
            found = (await client.get(LIST, params={"text": "P59@example"})).text
            assert names_in(found) == ["Person 059"]
            assert "Nobody fits" in (await client.get(LIST, params={"text": "nobody %_\0"})).text
            assert names_in((await client.get(LIST, params={"mailbox": "zoe@work.example"})).text) == [f"Ada {XSS}"]
            assert "From the start" in (await client.get(LIST, params={"after": "nonsense"})).text

            assert 'name="tag"' not in first
            async with app.transaction() as tx:
                for number in (*range(4, 59), 1):
                    await tag_contact(tx, mailbox.owner_id, mailbox.people[number], ["vip"], now=MARCH)
                await tag_contact(tx, mailbox.owner_id, mailbox.people[7], [f"board {XSS}"], now=MARCH)
            tagged = (await client.get(LIST, params={"tag": " VIP", "mailbox": "olive@work.example"})).text
            assert XSS not in tagged
            assert ('value="vip" selected>vip (56)' in tagged, f">board {XSS}</a>" in unescape(tagged)) == (True, True)
            (following,) = re.findall(r'rel="next" href="([^"]+)"', tagged)
            rest = (await client.get(unescape(following))).text
            shown = [each for page in (tagged, rest) for each in re.findall(rf'href="{LIST}/([0-9a-f-]+)"', page)]
            assert shown == [str(mailbox.people[number]) for number in (1, *range(4, 59))]
            both = (await client.get(LIST, params={"tag": "vip", "text": "person 00"})).text
            assert names_in(both) == [f"Person {number:03}" for number in (1, *range(4, 10))]
            assert "Nobody has this tag" in (await client.get(LIST, params={"tag": "a,b"})).text
            assert "tag=vip" in (await client.get(f"{LIST}/{mailbox.people[7]}")).text

            person = (await client.get(f"{LIST}/{other.people[0]}")).text
            assert XSS not in person
            text = unescape(person)
            for told in (
                f"Ada {XSS}",
                f"Lunch {XSS}",
                f"Miller {XSS}",
                "entered by you, 100 % sure",
                "3 hours",
                "p0@example.org",
                "more than before",
                "You have written 3 times, they 4 times.",
            ):
                assert told in text, told
            bare = (await client.get(f"{LIST}/{mailbox.people[-1]}")).text
            assert "crm enrich p" in bare

        # A token that is for other things opens no mail.
        async with app.pool.acquire() as connection:
            _, secret = await create_token(connection, "jobs", role="admin", scopes=["jobs"], by="tests")
        async with client_of(web, headers=bearer(secret)) as client:
            for path in (LIST, f"{LIST}/{mailbox.people[0]}", "/crm/search", "/crm/activity"):
                refused = await client.get(path)
                assert (refused.status_code, "scope subjects" in refused.text) == (403, True)


async def test_mail_is_searched_and_its_days_and_figures_are_shown(crm: Headrace, tmp_path: Path):
    async with crm as app, web_of(app) as web:
        await import_letters(app, tmp_path)
        async with app.process(), app.pool.acquire() as connection:
            head = await connection.fetchval("SELECT max(position) FROM headrace.event")
            await app.projections.wait_for("user_activity", head)
            await add_mailbox(app, people=1, address="zoe@work.example")
        viewer = bearer(await token_for(app, "viewer"))
        async with client_of(web, headers=viewer) as client:

            async def look(**params: str) -> str:
                answer = await client.get("/crm/search", params=params)
                assert answer.status_code == 200
                assert XSS not in answer.text
                return unescape(answer.text)

            found = await look(text="hull")
            for told in (f">Hull {XSS}</a>", f">Re: Hull {XSS}<", f">Grace {XSS}</a>, 2026-02-21", "Found by words"):
                assert told in found, told
            assert "Valve" not in found
            assert "Valve" in await look(text="valve", person="joan", since="2026-02-01", until="2026-02-23")
            assert "Nothing fits" in await look(text="valve", until="2026-02-22")
            assert "Nothing fits" in await look(text="valve", mailbox="zoe@work.example")
            assert f"is called nobody {XSS}." in await look(text="valve", person=f"nobody {XSS}\0")
            assert "written like 2007-12-31" in await look(text="valve", since="soon")
            assert "Nothing fits" in await look(text="\0%'")

            page = (await client.get("/crm/activity", params={"days": "7", "mailbox": "OLIVE@work.example"})).text
            assert XSS not in page
            text = unescape(page)
            days = re.findall(r"<title>(2026-\d\d-\d\d): (\d)</title>", text)
            assert days == [
                *(("2026-02-23", "1"),),
                *((f"2026-02-{day}", "0") for day in range(24, 29)),
                ("2026-03-01", "0"),
            ]
            for told in (
                "The 7 days up to 2026-03-01",
                "Monday: 1",
                "09:00 UTC: 3",
                "Joan wrote to you: Valve",
                "24 hours",
            ):
                assert told in text, told
            waits = text[text.index("Waiting for your answer") : text.index("You wait for an answer")]
            assert ("Valve" in waits, "Hull" in waits) == (True, False)
            month = unescape((await client.get("/crm/activity", params={"days": "soon"})).text)
            assert f"Grace {XSS} wrote to you: Hull {XSS}" in month
            assert len(re.findall(r"<title>2026-", month)) == 30


async def test_a_search_among_many_people_looks_at_so_many_and_goes_on_from_there(crm: Headrace, monkeypatch):
    monkeypatch.setattr("headrace_crm.scores.directory._MOST_WALKED", 25)
    async with crm as app:
        mailbox = await add_mailbox(app)
        async with app.pool.acquire() as connection:
            seen, place, walks = [], Place(), 0
            while place is not None:
                page = await page_contacts(connection, mailbox.owner_id, text="p5", after=place)
                assert page.walked_count <= 25
                seen += [person.addresses[0] for person in page.people]
                place, walks = page.following, walks + 1
            assert (walks, sorted(seen)) == (3, sorted(["p5@example.org", *(f"p5{n}@example.org" for n in range(10))]))


async def test_the_map_shows_the_closest_forty_with_what_they_share_as_a_drawing_and_a_table(crm: Headrace):
    async with crm as app, web_of(app) as web:
        viewer = bearer(await token_for(app, "viewer"))
        async with client_of(web, headers=viewer) as client:
            assert "No mail yet" in (await client.get("/crm/map")).text
            mailbox = await add_mailbox(app)
            people = mailbox.people
            await join_threads(app, mailbox.owner_id, [people[:3], people[:2], people[5:7], people[45:47]])
            other = await add_mailbox(app, people=1, address="zoe@work.example")
            page = (await client.get("/crm/map")).text
            assert XSS not in page
            wide, narrow, table = re.findall(r"(?s)<svg class=\"orbit.*?</svg>|<table class=\"ties\">.*</table>", page)
            for part, count in ((wide, 40), (narrow, 12), (table, 40)):
                assert re.findall(rf'href="{LIST}/([0-9a-f-]+)"', part) == [str(one) for one in people[:count]]
            # Three share a thread, two of them one more, two others one; those past the forty are not asked about.
            assert [len(re.findall("<path", part)) for part in (wide, narrow)] == [4, 4]
            assert unescape(wide).count(f'aria-label="Ada {XSS}, strength 90, growing"') == 1
            rows = unescape(table).split("<tr>")[2:]
            assert re.findall(r'<span>(Person \d+)\xa0<span class="dim">(\d+)', rows[0])[0] == ("Person 001", "2")
            alone = (await client.get("/crm/map", params={"mailbox": "zoe@work.example"})).text
            assert (f"{LIST}/{other.people[0]}" in alone, "<path" in alone[alone.index("orbit-card") :]) == (
                True,
                False,
            )
            async with app.transaction() as tx:
                await tx.connection.execute("DELETE FROM crm.contact_score")
            assert "are being scored" in (await client.get("/crm/map")).text


async def test_a_contact_is_shown_as_it_was_at_the_end_of_a_day(crm: Headrace, tmp_path: Path):
    async with crm as app, web_of(app) as web:
        await import_letters(app, tmp_path)
        viewer = bearer(await token_for(app, "viewer"))
        async with client_of(web, headers=viewer) as client, app.pool.acquire() as connection:
            grace = await connection.fetchval("SELECT id FROM crm.contact WHERE name LIKE 'Grace%'")
            at = f"{LIST}/{grace}"

            async def look(day: str | None) -> str:
                page = await client.get(at, params={} if day is None else {"at": day})
                assert (page.status_code, XSS in page.text) == (200, False)
                return unescape(page.text)

            now = await look(None)
            assert "You have written 1 times, they 1 times." in now
            assert re.findall(r"<title>(\S+): ([1-9])</title>", now) == [("2026-02", "2")]
            assert (">A month before</a>" in now, "A month after" in now, "Back to now" in now) == (True, False, False)
            # Grace wrote on the 21st, and was answered on the 22nd.
            asked = await look("2026-02-21")
            assert "They write to you; you have not written to them." in asked
            assert ("As of 2026-02-21." in asked, f"Hull {XSS}" in asked, "Re: Hull" in asked) == (True, True, False)
            assert ("at=2026-01-31" in asked, "at=2026-03-31" in asked) == (True, False)
            strengths = [
                float(re.findall(r'<rect width="([\d.]+)"', page)[0]) for page in (asked, await look("2026-02-25"))
            ]
            assert 0 < strengths[0] < strengths[1]
            before = await look("2026-01-31")
            assert ("You had not written to each other yet." in before, "There was none until then." in before) == (
                True,
                True,
            )
            assert "at=2026-02-28" in before
            for wrong, told in (
                (f"soon {XSS}\0", "written like 2007-12-31"),
                ("2026-03-02", "from 1970-01-01 to 2026-03-01"),
                ("0001-01-01", "from 1970-01-01 to 2026-03-01"),
            ):
                page = await look(wrong)
                assert (told in page, "You have written 1 times" in page) == (True, True)
            assert "A month before" not in await look("1970-01-31")
