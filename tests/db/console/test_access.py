"""Tokens, sessions and logging in, on a database and over ASGI."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from typer.testing import CliRunner

from fix_console import HOST, bearer, client_of, token_for
from headrace import ConfigurationError, TokenNotFoundError, current
from headrace.cli.root import app as command
from headrace.console.access import (
    COOKIE,
    Access,
    OriginGuard,
    SecurityHeaders,
    SessionPolicy,
    create_token,
    list_requests,
    list_tokens,
    log_in_routes,
    recorded,
    revoke_token,
)
from headrace.testing import VirtualClock


@pytest.fixture
def clock(bench):
    bench.app.clock = VirtualClock(datetime(2031, 5, 1, tzinfo=UTC))
    return bench.app.clock


@pytest.fixture
def site(bench):
    """A console of one page and one action, under the prefix /ops."""
    access = Access(bench.app, sessions=SessionPolicy(lifetime=timedelta(hours=8), idle=timedelta(hours=1)))

    async def who(request: Request) -> JSONResponse:
        principal = await access.authenticate(request)
        if principal is None:
            return JSONResponse(None, status_code=401)
        return JSONResponse([principal.name, principal.role, sorted(principal.scopes), principal.is_session])

    async def act(request: Request) -> JSONResponse:
        principal = await access.authenticate(request)
        assert principal is not None
        async with recorded(bench.app, request, principal, "notes.take", {"text": "a\0b"}) as record:
            if "fail" in request.query_params:
                raise RuntimeError
            context = current()
        return JSONResponse([str(record.id), str(context.correlation_id), context.causation_kind, context.actor])

    inner = Starlette(
        routes=[Route("/who", who), Route("/act", act, methods=["POST"]), *log_in_routes(access, home="/who")]
    )
    return Starlette(routes=[Mount("/ops", SecurityHeaders(OriginGuard(inner)))])


async def test_a_token_lets_in_until_it_is_revoked_or_expired(bench, site, clock):
    async with bench.app.pool.acquire() as connection, client_of(site) as client:
        _, secret = await create_token(
            connection, "ci", role="operator", scopes=["jobs"], lifetime=timedelta(days=1), by="ada", now=clock.now()
        )
        assert (await client.get("/ops/who", headers=bearer(secret))).json() == ["ci", "operator", ["jobs"], False]
        for wrong in ({}, bearer(secret + "x"), bearer(""), {"authorization": secret}, {"authorization": "Basic YTpi"}):
            assert (await client.get("/ops/who", headers=wrong)).status_code == 401
        stored = await connection.fetchrow("SELECT * FROM headrace.api_token")
        assert secret not in str(stored)
        assert stored["used_at"] == clock.now()
        clock.advance(timedelta(days=1))
        assert (await client.get("/ops/who", headers=bearer(secret))).status_code == 401
        assert [one.is_live for one in await list_tokens(connection, now=clock.now())] == [False]

        other = await create_token(connection, "cd", by="ada", now=clock.now())
        assert (await client.get("/ops/who", headers=bearer(other[1]))).status_code == 200
        gone = await revoke_token(connection, other[0].id, by="maria", now=clock.now())
        assert (await revoke_token(connection, other[0].id, by="somebody")).revoked_by == gone.revoked_by == "maria"
        assert (await client.get("/ops/who", headers=bearer(other[1]))).status_code == 401
        with pytest.raises(TokenNotFoundError):
            await revoke_token(connection, UUID(int=7), by="maria")
        for wrong in ({"role": "root"}, {"scopes": ["all"]}, {"lifetime": timedelta(0)}, {"name": "a\nb"}):
            with pytest.raises(ConfigurationError):
                await create_token(connection, **{"name": "x", "by": "ada", **wrong})


async def test_logging_in_begins_a_session_under_a_new_cookie_and_ends_the_one_before(bench, site):
    token = await token_for(bench.app, "viewer", name="ada")
    async with client_of(site) as client:
        page = await client.get("/ops/login?next=/ops/who?a=1")
        assert 'action="/ops/login"' in page.text
        assert 'value="/ops/who?a=1"' in page.text
        client.cookies.set(COOKIE, "planted", path="/ops")
        answer = await client.post("/ops/login", data={"token": token, "next": "/ops/who?a=1"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/ops/who?a=1")
        first = answer.headers["set-cookie"]
        assert "planted" not in first
        assert {"HttpOnly", "SameSite=lax", "Path=/ops", "Max-Age=28800"} <= set(first.split("; "))
        client.cookies.clear()
        cookie = first.partition("=")[2].partition(";")[0]
        held = {"cookie": f"{COOKIE}={cookie}"}
        assert (await client.get("/ops/who", headers=held)).json() == ["ada", "viewer", [], True]
        assert cookie not in str(await bench.value("SELECT hash FROM headrace.web_session"))
        assert (await client.get("/ops/who", headers={"cookie": f"{COOKIE}=planted"})).status_code == 401
        # Logging in again from the same browser leaves the old cookie worth nothing.
        again = await client.post("/ops/login", data={"token": token}, headers=held)
        renewed = {"cookie": again.headers["set-cookie"].partition(";")[0]}
        assert (await client.get("/ops/who", headers=held)).status_code == 401
        assert (await client.get("/ops/who", headers=renewed)).status_code == 200
        out = await client.post("/ops/logout", headers=renewed)
        assert (out.status_code, out.headers["location"]) == (303, "/ops/login")
        assert (await client.get("/ops/who", headers=renewed)).status_code == 401


async def test_a_session_ends_by_time_by_disuse_and_with_its_token(bench, site, clock):
    async with bench.app.pool.acquire() as connection, client_of(site) as client:
        token, secret = await create_token(connection, "ada", by="tests", now=clock.now())

        async def session() -> dict[str, str]:
            answer = await client.post("/ops/login", data={"token": secret})
            client.cookies.clear()
            return {"cookie": answer.headers["set-cookie"].partition(";")[0]}

        async def is_let_in(held: dict[str, str]) -> bool:
            return (await client.get("/ops/who", headers=held)).status_code == 200

        used, idle = await session(), await session()
        for _ in range(8):
            assert await is_let_in(used)
            clock.advance(timedelta(minutes=59))
        assert not await is_let_in(idle)
        assert await is_let_in(used)
        clock.advance(timedelta(minutes=30))
        assert not await is_let_in(used)  # eight hours are over
        held = await session()
        assert await connection.fetchval("SELECT count(*) FROM headrace.web_session") == 1
        await revoke_token(connection, token.id, by="tests", now=clock.now())
        assert not await is_let_in(held)


async def test_tries_to_log_in_are_counted_and_lead_nowhere_else(bench, site):
    token = await token_for(bench.app)
    async with client_of(site) as client:
        for target in ("https://evil.org", "//evil.org", "/\\evil.org", "/a\r\nSet-Cookie: x=y"):
            answer = await client.post("/ops/login", data={"token": token, "next": target})
            assert answer.headers["location"] == "/ops/who"
        seen = [await client.post("/ops/login", data={"token": "hr_wrong", "next": '"><script>'}) for _ in range(7)]
        assert [answer.status_code for answer in seen] == [401] * 6 + [429]
        assert "<script>" not in seen[0].text
        assert int(seen[-1].headers["retry-after"]) > 0
        assert (await client.post("/ops/login", data={"token": token})).status_code == 429


async def test_a_form_that_is_none_is_refused(site):
    async with client_of(site) as client:
        assert (await client.post("/ops/login", data={"token": "x" * 9000})).status_code == 413
        assert (await client.post("/ops/login", content=b"{}")).status_code == 401
        assert (await client.post("/ops/login", files={"token": b"hr_x"})).status_code == 401


async def test_a_page_of_another_site_can_neither_log_in_nor_act(bench, site):
    token = await token_for(bench.app)
    async with client_of(site) as client:
        for foreign in (
            {"origin": "https://evil.org"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ):
            for path in ("/ops/login", "/ops/act", "/ops/logout"):
                answer = await client.post(path, headers={**bearer(token), **foreign})
                assert answer.status_code == 403
                assert answer.headers["content-type"] == "application/problem+json"
            assert (await client.get("/ops/who", headers={**bearer(token), **foreign})).status_code == 200
        own = {"origin": HOST, "sec-fetch-site": "same-origin"}
        answer = await client.post("/ops/act", headers={**bearer(token), **own})
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert answer.headers["x-frame-options"] == "DENY"


async def test_what_is_changed_is_recorded_with_who_and_from_where_and_is_the_cause_of_what_follows(bench, site):
    token = await token_for(bench.app, name="ada")
    async with client_of(site) as client:
        sent = {**bearer(token), "user-agent": "curl/8"}
        found = (await client.post("/ops/act", headers=sent)).json()
        with pytest.raises(RuntimeError):
            await client.post("/ops/act?fail", headers=sent)
    async with bench.app.pool.acquire() as connection:
        failed, done = await list_requests(connection)
        assert await list_requests(connection, actor="somebody") == []
        assert [one.id for one in await list_requests(connection, before=failed.id)] == [done.id]
    assert found == [str(done.id), str(done.id), "request", "ada"]
    assert (done.actor, done.role, done.action, done.status) == ("ada", "admin", "notes.take", 200)
    assert (done.ip_address, done.user_agent, done.subject) == ("203.0.113.7", "curl/8", {"text": "ab"})
    assert failed.status == 500


def test_tokens_are_made_listed_and_revoked_by_command(database):
    def call(*words: str, exit_code: int = 0):
        result = CliRunner().invoke(command, ["--database", database, "tokens", *words])
        assert result.exit_code == exit_code, result.output
        return result

    made = json.loads(call("create", "ci", "--role", "operator", "--scope", "jobs", "--expires", "2d", "--json").stdout)
    assert (made["name"], made["role"], made["scopes"]) == ("ci", "operator", ["jobs"])
    assert made["token"].startswith("hr_")
    assert call("create", "ada").stdout.startswith("hr_")
    listed = call("list").stdout
    assert made["token"] not in listed
    assert listed.count("live") == 2
    assert "worth nothing" in call("revoke", made["id"], "--by", "maria").stdout
    assert "revoked by maria" in call("list").stdout
    call("revoke", "00000000-0000-7000-8000-000000000000", exit_code=3)
    assert "role must be one of" in call("create", "x", "--role", "root", exit_code=1).stderr
