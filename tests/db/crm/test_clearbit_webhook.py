"""What Clearbit sends later: taken when it is signed and asked for, and once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from fix_enrichment import CENT, MAY, ToldNetwork, enriching
from headrace.testing import VirtualClock, assert_appended, assert_enqueued, drain
from headrace_crm.app import enrichment_sources
from headrace_crm.config import EnrichmentSettings, Settings
from headrace_crm.enrichment.events import ContactEnriched
from headrace_crm.enrichment.kinds import ENRICHMENT_KIND
from headrace_crm.sandbox import KnownPerson, Sandbox
from headrace_crm.web import create_web
from headrace_crm.web.clearbit_webhook import LARGEST

ADA = KnownPerson(email="ada@example.org", name="Ada Byron", title="Miller", x_handle="ada_b", is_slow=True)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    box = Sandbox(messages=0)
    box.people.add(ADA)
    with box.served():
        yield box


def clearbit_alone(sandbox: Sandbox) -> EnrichmentSettings:
    settings = sandbox.enrichment_settings()
    return replace(settings, pdl=replace(settings.pdl, api_key=""))


async def test_a_signed_answer_is_stored_once_and_what_is_forged_or_recorded_never(database: str, sandbox: Sandbox):
    settings = clearbit_alone(sandbox)
    provider = enrichment_sources(settings).providers["clearbit"]
    clock = VirtualClock(MAY)
    async with enriching(
        database, clock=clock, providers=[provider], network=ToldNetwork({}), settings=settings
    ) as people:
        web = create_web(people.app, Settings(enrichment=settings))
        ada = await people.add("Ada Byron", "ada@example.org")
        await drain(people.app)
        assert await people.states(ada) == {"clearbit": "pending"}
        (webhook,) = sandbox.clearbit.webhooks
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://crm.test") as client:

            async def post(body: bytes, headers: dict[str, str]) -> int:
                return (await client.post("/webhooks/clearbit", content=body, headers=headers)).status_code

            assert await post(webhook.body, {}) == 401
            assert await post(webhook.body.replace(b"Miller", b"Clerk!"), webhook.headers) == 401
            assert await post(b"x" * (LARGEST + 1), webhook.headers) == 413
            nothing = sandbox.clearbit.signed("", b'{"what": 1}')
            assert await post(nothing.body, nothing.headers) == 400
            assert await people.states(ada) == {"clearbit": "pending"}
            assert await post(webhook.body, webhook.headers) == 204
            assert await people.states(ada) == {"clearbit": "found"}
            assert (await people.values(ada))["title"] == "Miller"
            await assert_enqueued(people.app, ENRICHMENT_KIND, {"sources": ["x"]}, count=1)
            for later in (webhook.body.replace(b'"status":200', b'"status":404'), webhook.body):
                again = sandbox.clearbit.signed("", later)
                assert await post(again.body, again.headers) == 204
            assert (await people.values(ada))["title"] == "Miller"
            await assert_appended(people.app, ContactEnriched, count=1)
        clock.advance(timedelta(hours=1))
        await drain(people.app, until=timedelta(seconds=5))
        # The job that would have asked again found the answer there.
        assert sandbox.counters.requests("clearbit.combined.find") == 1
        assert await people.spent("clearbit") == 10 * CENT


async def test_without_clearbit_there_is_no_webhook(database: str):
    async with enriching(database) as people:
        web = create_web(people.app, Settings())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://crm.test") as client:
            assert (await client.post("/webhooks/clearbit", content=b"{}")).status_code == 404
