"""The CRM's pages in the console: what they show, to whom, and that nothing written by others becomes markup."""

import re
from html import unescape
from uuid import uuid4

from fix_console import bearer, client_of, token_for
from fix_crm_pages import XSS, add_mailbox, web_of
from headrace import Headrace
from headrace.console.access import COOKIE, create_token
from headrace_crm.cli.serve import log_in_advice
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
        assert 'href="/accounts">Link a Gmail mailbox' in page
        assert "crm import FILE.mbox" in page
        # One log-in serves the accounts, the console's own pages and its API too.
        for path in ("/accounts", "/", "/jobs", "/api/stats", "/metrics"):
            assert (await client.get(path)).status_code == 200, path
        assert (await client.get(f"{LIST}/{uuid4()}")).status_code == 404
        async with app.pool.acquire() as connection:
            owner_id = uuid4()
            await connection.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
            await connection.execute(
                "INSERT INTO crm.owner_address (owner_id, email) VALUES ($1, 'o@x.example')", owner_id
            )
            assert "Nobody yet" in (await client.get(LIST)).text
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
            for path in (LIST, f"{LIST}/{mailbox.people[0]}"):
                refused = await client.get(path)
                assert (refused.status_code, "scope subjects" in refused.text) == (403, True)


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
