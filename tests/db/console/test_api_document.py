"""The API answers what its own OpenAPI document says to whatever is sent, and never with an error of the server."""

import asyncio
from collections.abc import Iterator

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fix_console import HOST, bearer, token_for
from fix_events import NoteTaken
from headrace import Headrace, Job, Telemetry
from headrace.console import Access
from headrace.console.api import create_api, openapi

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Greeting(msgspec.Struct, frozen=True):
    name: str


def made_app(database: str) -> Headrace:
    app = Headrace(database, name="tests", telemetry=Telemetry(), say=lambda _: None)
    app.register(NoteTaken)

    @app.job("greet")
    async def greet(args: Greeting, job: Job) -> None: ...

    @app.on(NoteTaken, name="notes", mode="ordered")
    async def notes(events, tx) -> None: ...

    return app


class Caller:
    """Sends cases to the API of an open app, in an event loop of its own, and holds answers against the document."""

    def __init__(self, app: Headrace, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.loop = loop
        self.schema = schemathesis.openapi.from_dict(openapi(app))
        self.statuses: set[int] = set()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_api(app, authenticate=Access(app).authenticate)), base_url=HOST
        )
        self.bearer = {"Authorization": bearer(self.run(token_for(app)))["authorization"]}

    def run(self, work):
        return self.loop.run_until_complete(work)

    def call(self, case: schemathesis.Case) -> None:
        sent = case.as_transport_kwargs(base_url=HOST)
        answer = self.run(
            self.client.request(
                sent["method"],
                sent["url"],
                params=sent.get("params"),
                headers={
                    **{name: value for name, value in sent["headers"].items() if value is not None},
                    **self.bearer,
                },
                json=sent.get("json"),
                content=sent.get("data") if isinstance(sent.get("data"), bytes | str) else None,
            )
        )
        self.statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    def examine(self, *, examples: int, mode: GenerationMode) -> None:
        """Sends so many cases of each operation."""
        for found in self.schema.get_all_operations():
            operation = found.ok()
            cases = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=cases)
            def check(case: schemathesis.Case) -> None:
                self.call(case)

            check()


@pytest.fixture
def caller(database: str) -> Iterator[Caller]:
    loop = asyncio.new_event_loop()
    app = made_app(database)
    loop.run_until_complete(app.open(migrating=None))
    try:
        yield Caller(app, loop)
    finally:
        loop.run_until_complete(app.close())
        loop.close()


@pytest.mark.timeout(60)  # all operations, one after the other
def test_what_fits_the_document_is_answered_as_it_says(caller: Caller):
    caller.examine(examples=5, mode=GenerationMode.POSITIVE)
    assert {200, 404, 422} <= caller.statuses


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_sent_is_answered_as_the_document_says(caller: Caller, mode: GenerationMode):
    caller.examine(examples=30, mode=mode)
    assert {200, 404, 422} <= caller.statuses or mode is GenerationMode.NEGATIVE
