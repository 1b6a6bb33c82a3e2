"""What is ended for good over HTTP: subscriptions are removed, subjects erased with their read models or without."""

from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import msgspec

from fix_apps import eventually
from fix_console import bearer, client_of, token_for
from fix_events import NoteTaken
from fix_personal import PersonMet, met, person
from headrace.console import Access
from headrace.console.api import create_api


class Card(msgspec.Struct, frozen=True):
    email: str = ""


@asynccontextmanager
async def asking(app, role: str = "admin"):
    """A client with a token of this role."""
    async with client_of(create_api(app, authenticate=Access(app).authenticate)) as client:
        client.headers.update(bearer(await token_for(app, role, name="ada")))
        yield client


def answered(response: httpx.Response, status: int = 200):
    assert response.status_code == status, response.text
    return response.json()


async def test_a_subscription_is_removed_by_an_admin_once_no_worker_has_its_handler(bench):
    bench.app.register(NoteTaken)

    @bench.app.on(NoteTaken, name="notes", mode="ordered")
    async def notes(events, tx) -> None: ...

    await bench.app.append(NoteTaken("hello"))
    async with asking(bench.app) as client, asking(bench.app, "operator") as other:
        async with bench.working():
            await eventually(lambda: bench.value("SELECT min(position) = 1 FROM headrace.checkpoint"))
            assert "notes" in answered(await client.delete("/subscriptions/notes"), 409)["detail"]
            assert [one["name"] for one in answered(await client.get("/subscriptions"))["items"]] == ["notes"]
        answered(await other.delete("/subscriptions/notes"), 403)
        assert answered(await client.delete("/subscriptions/notes?reason=renamed")) == {"position": 1}
        assert answered(await client.get("/subscriptions"))["items"] == []
        answered(await client.delete("/subscriptions/notes"), 404)
        [action] = answered(await client.get("/subscription-actions?subscription=notes"))["items"]
    assert (action["action"], action["actor"], action["reason"]) == ("remove", "ada", "renamed")


async def test_an_erasure_rebuilds_read_models_by_jobs_or_with_rebuild_false_only_names_them(private):
    @private.app.projection("directory", PersonMet, row=Card)
    def directory(row, one):
        return Card(one.data.email or "(gone)")

    await private.app.append(met(), stream=person())
    async with private.working(), asking(private.app) as client:
        await eventually(
            lambda: private.value("SELECT count(*) = 1 FROM headrace.projection_build WHERE state = 'live'")
        )
        answered(await client.delete("/subjects/7?rebuild=perhaps"), 422)
        named = answered(await client.delete("/subjects/7?rebuild=false&reason=asked"))
        assert (named["reason"], [one["projection"] for one in named["projections"]]) == ("asked", ["directory"])
        assert [one["job_id"] for one in named["projections"]] == [None]
        assert await private.value("SELECT count(*) = 0 FROM headrace.job WHERE kind = 'rebuild-erased-data'")
        [model] = answered(await client.delete("/subjects/7"))["projections"]
        await private.reaches(UUID(model["job_id"]), "completed", 20)
        assert answered(await client.get("/subjects/7"))["erasure"]["projections"][0]["rebuilt_at"] is not None
    assert await private.value("SELECT email FROM directory WHERE key = '7'") == "(gone)"
