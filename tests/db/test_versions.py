"""Every supported version of PostgreSQL takes the migrations and runs jobs and events."""

import asyncio
from datetime import timedelta

from fix_events import ContactCreated
from headrace import Headrace, Stream, Unique, WorkerOptions
from headrace.events.event import NONE


async def test_jobs_and_events_run_on_it(version_database, version_connection, request):
    wanted = request.node.callspec.params["version_database"]
    assert str(version_connection.get_server_version().major) == wanted
    app = Headrace(version_database, name="tests", say=lambda _: None)
    app.register(ContactCreated)
    done: list[tuple[str, object]] = []
    all_done = asyncio.Event()

    def note(what: str, value: object) -> None:
        done.append((what, value))
        if len(done) == 6:
            all_done.set()

    @app.job("add")
    async def add(args: dict[str, int]) -> int:
        note("job", args["of"])
        return args["of"] + 1

    @app.on(ContactCreated, mode="ordered")
    async def in_order(events, tx):
        for event in events:
            note("ordered", (event.stream_version, event.data.name))

    @app.on(ContactCreated)
    async def as_job(event, job):
        note("as job", event.data.name)

    ada = Stream("contact", "ada")
    async with app, app.process(WorkerOptions(poll=timedelta(milliseconds=100), grace=timedelta(seconds=2))):
        first = await app.enqueue("add", {"of": 1}, unique=Unique("once"))
        async with app.transaction() as tx:
            await tx.enqueue("add", {"of": 2})
            await tx.append(ContactCreated("Ada"), stream=ada, expected=NONE)
        assert await app.append(ContactCreated("Bo"))
        assert await first.result(timeout=timedelta(seconds=10)) == 2
        async with asyncio.timeout(15):
            await all_done.wait()
    kinds = [what for what, _ in done]
    assert kinds.count("job") == 2
    assert ("ordered", (1, "Ada")) in done
    assert {value for what, value in done if what == "as job"} == {"Ada", "Bo"}
