"""Insights in the browser: shown with what they rest on, answered by those who may, and never markup."""

import re
from html import unescape
from uuid import uuid4

from fix_console import HOST, bearer, client_of, token_for
from fix_crm import lend
from fix_crm_pages import XSS, web_of
from fix_letters import Letters
from headrace import Headrace
from headrace_crm.insights import list_insights

PATH = "/crm/insights"
OWN = {"origin": HOST, "sec-fetch-site": "same-origin"}


async def test_insights_are_shown_on_their_page_and_the_persons_and_answered_there(crm: Headrace):
    async with crm as app, web_of(app) as web, lend(app) as connection:
        viewer = bearer(await token_for(app, "viewer"))
        operator = bearer(await token_for(app, "operator"))
        async with client_of(web, headers=viewer) as client:
            assert "No mail yet" in (await client.get(PATH)).text
        letters = await Letters.begin(app)
        ada, bo = await letters.add("Ada Mill"), await letters.add("Bo Hull")
        await connection.execute("UPDATE crm.contact SET name = $1 WHERE id = $2", f"Ada {XSS}", ada)
        async with client_of(web, headers=viewer) as client:
            assert "Nothing to do" in (await client.get(PATH)).text
        await letters.talk(ada, *range(30, 100, 7))
        await letters.talk(bo, 200, 150)
        await letters.write(bo, "received", 5, f"Could you {XSS} look?", subject=f"Hull {XSS}")
        await letters.look()
        await connection.execute(
            "INSERT INTO crm.contact_score (contact_id, owner_id, strength, trend, trend_value, reciprocity, sent,"
            " received, as_of, stats_version)"
            " SELECT id, owner_id, 50, 'steady', 0, 0.5, 3, 4, now(), 1 FROM crm.contact"
        )
        question, cold = sorted(await list_insights(connection, letters.owner_id), key=lambda each: each.kind)[::-1]

        async with client_of(web, headers=viewer) as client:
            page = (await client.get(PATH)).text
            assert XSS not in page
            text = unescape(page)
            for told in (
                "Unanswered question",
                f"Bo Hull asked 5 days ago in \u201cHull {XSS}\u201d: Could you {XSS} look?",
                f">Hull {XSS}</a>\u201d on 2026-02-25",
                f"You and Ada {XSS} have not written for 30 days; you usually do every 7 days",
                "as of 2026-03-02",
                f'href="/crm/contacts/{bo}"',
                f'href="/crm/messages/{question.message_ids[0]}"',
            ):
                assert told in text, told
            assert '<form method="post"' not in page
            only = (await client.get(PATH, params={"kind": "going_cold"})).text
            assert ("Going cold" in only, "Bo Hull" in only) == (True, False)
            assert "None of these" in (await client.get(PATH, params={"state": "dismissed"})).text
            assert (await client.get(PATH, params={"state": "x", "kind": "\0"})).status_code == 200
            assert "Worth doing" in (await client.get(f"/crm/contacts/{bo}")).text
            refused = await client.post(f"{PATH}/{cold.id}/answer", data={"act": "accept"}, headers=OWN)
            assert (refused.status_code, "You may not do this" in refused.text) == (403, True)

        async with client_of(web, headers=operator) as client:
            page = (await client.get(PATH)).text
            forms = re.findall(rf'action="{PATH}/([0-9a-f-]+)/answer"', page)
            assert set(forms) == {str(question.id), str(cold.id)}
            foreign = {"origin": "https://evil.org", "sec-fetch-site": "cross-site"}
            stopped = await client.post(f"{PATH}/{cold.id}/answer", data={"act": "accept"}, headers=foreign)
            assert stopped.status_code == 403
            assert len(await list_insights(connection, letters.owner_id)) == 2

            taken = await client.post(
                f"{PATH}/{cold.id}/answer", data={"act": "accept", "back": "insights"}, headers=OWN
            )
            assert (taken.status_code, taken.headers["location"]) == (303, f"{PATH}?did=accept")
            assert "Accepted: it is shown no more" in (await client.get(taken.headers["location"])).text
            gone = await client.post(
                f"{PATH}/{question.id}/answer", data={"act": "dismiss", "back": "contact"}, headers=OWN
            )
            assert gone.headers["location"] == f"/crm/contacts/{bo}?did=dismiss"
            person = (await client.get(gone.headers["location"])).text
            assert ("Dismissed: it comes back" in person, "Worth doing" in person) == (True, False)
            dismissed = (await client.get(PATH, params={"state": "dismissed"})).text
            assert ('value="accept"' in dismissed, 'value="dismiss"' in dismissed) == (True, False)
            for path, data, status in (
                (f"{PATH}/{cold.id}/answer", {"act": "burn"}, 400),
                (f"{PATH}/{uuid4()}/answer", {"act": "accept"}, 404),
            ):
                assert (await client.post(path, data=data, headers=OWN)).status_code == status
        told = await connection.fetch(
            "SELECT data->>'action' AS action, data->>'channel' AS channel FROM headrace.event"
            " WHERE type = 'ai.action_taken' ORDER BY position"
        )
        assert [tuple(row) for row in told] == [("insight.accepted", "web"), ("insight.dismissed", "web")]
