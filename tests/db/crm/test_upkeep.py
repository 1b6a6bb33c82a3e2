"""What keeps the CRM current by itself: that each look is on the clock, and done when its time comes."""

import json
from datetime import timedelta
from pathlib import Path

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fix_crm import lend
from fix_crm_pages import import_letters
from headrace import Headrace
from headrace.testing import VirtualClock, drain
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.config.enrichment import EnrichmentSettings
from headrace_crm.config.search import SearchSettings

LOOKS = {
    "refresh-oauth-tokens",
    "renew-gmail-watches",
    "refresh-enrichment",
    "embed-passages",
    "forget-pushes",
    "generate-all-insights",
}


def with_model(database: str, server: HTTPServer, clock: VirtualClock, *, version: str, key: str = "") -> Headrace:
    app = create_app(
        database,
        settings=Settings(
            enrichment=EnrichmentSettings.from_environment({"HEADRACE_PDL_API_KEY": key}),
            search=SearchSettings(
                embedder="http", embedding_model="m", embedding_url=server.url_for(""), embedding_version=version
            ),
        ),
    )
    app.clock = clock
    return app


def embed(request: Request) -> Response:
    given = request.get_json()["input"]
    vectors = [{"index": number, "embedding": [1.0, 0.5, 0.25, float(number)]} for number in range(len(given))]
    return Response(json.dumps({"data": vectors}), content_type="application/json")


async def test_every_look_is_on_the_clock_and_another_model_embeds_anew(
    database: str, clock: VirtualClock, httpserver: HTTPServer, tmp_path: Path
):
    httpserver.expect_request("/embeddings").respond_with_handler(embed)
    async with with_model(database, httpserver, clock, version="1") as app:
        await import_letters(app, tmp_path)
    async with with_model(database, httpserver, clock, version="2", key="key") as app, lend(app) as connection:

        async def rows(query: str) -> dict:
            return dict(await connection.fetch(query))

        # No mail comes in: the clock alone has each look made, and the first finds the other model.
        done = "SELECT kind, count(*) FROM headrace.outcome WHERE state = 'completed' GROUP BY 1"
        before = await rows(done)
        for _ in range(2):
            clock.advance(timedelta(days=1))
            await drain(app, until=timedelta(minutes=10), kinds=list(LOOKS))
        after = await rows(done)
        vectors = await rows(
            "SELECT version, count(*) FROM crm.embedding JOIN crm.embedding_model ON id = model_id GROUP BY 1"
        )
        passages = await connection.fetchval("SELECT count(*) FROM crm.passage")
    assert {kind for kind in LOOKS if after.get(kind, 0) > before.get(kind, 0)} == LOOKS
    assert vectors == {"2": passages}
