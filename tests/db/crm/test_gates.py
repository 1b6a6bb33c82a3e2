"""Nothing of the CRM can be had past its gates: generated from its routes, so that later ones are tested too."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from starlette.routing import BaseRoute, Mount, Route

from fix_console import HOST, bearer, client_of, token_for
from fix_crm import lend
from fix_crm_pages import web_of
from headrace import Headrace
from headrace.console import Principal
from headrace.console.access import COOKIE
from headrace_crm.app import create_app, create_desk
from headrace_crm.config import Settings
from headrace_crm.web import create_web
from headrace_crm.web.pages import crm_section

ELSEWHERE = ["jobs", "system"]


def routes(among: Sequence[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Every method and path there is below one."""
    for one in among:
        if isinstance(one, Mount):
            yield from ((method, one.path + path) for method, path in routes(one.routes or ()))
        else:
            assert isinstance(one, Route)
            path = re.sub(r"{\w+:int}", "7", re.sub(r"{\w+(:uuid)?}", str(UUID(int=7)), one.path))
            yield from ((method, path) for method in (one.methods or {"GET"}) - {"HEAD"})


def gated(app: Headrace) -> list[tuple[str, str]]:
    section = crm_section(app, Settings().google, create_desk(app, channel="web"))
    return sorted((method, f"/crm{path}") for method, path in routes(section.routes))


def test_every_route_of_the_web_application_is_known_here():
    app = create_app("postgresql://nowhere", settings=Settings())
    web = create_web(app, Settings(), desk=create_desk(app, channel="web"))
    beside = {path for _, path in routes([one for one in web.routes if getattr(one, "path", "") != ""])}
    assert beside == {
        "/webhooks/gmail",
        "/webhooks/clearbit",
        "/accounts",
        "/accounts/google/link",
        "/accounts/google/callback",
    }
    assert len(gated(app)) >= 19
    assert len([path for method, path in gated(app) if method == "POST"]) >= 5


async def test_no_page_of_the_crm_lets_in_a_stranger_another_area_a_lower_role_or_another_site(crm: Headrace):
    guests = {
        "nobody": None,
        "viewer": Principal("guest", "viewer"),
        "elsewhere": Principal("ci", "admin", frozenset(ELSEWHERE)),
        "root": Principal("root", "admin"),
    }
    who = ["nobody"]

    async def authenticate(_: object) -> Principal | None:
        return guests[who[0]]

    async with crm as app, web_of(app, authenticate=authenticate) as web, client_of(web) as client:

        async def status(name: str, method: str, path: str, **headers: str) -> int:
            who[0] = name
            answer = await client.request(method, path, headers={"sec-fetch-site": "same-origin", **headers})
            assert answer.headers["content-security-policy"].startswith("default-src 'self'"), path
            assert answer.headers["cache-control"] == "no-store", path
            assert "access-control-allow-origin" not in answer.headers, path
            return answer.status_code

        for method, path in gated(app):
            assert await status("nobody", method, path) == 401, path
            assert await status("elsewhere", method, path) == 403, (method, path)
            if method != "GET":
                assert await status("viewer", method, path) == 403, path
                for foreign in (
                    {"sec-fetch-site": "cross-site"},
                    {"sec-fetch-site": "same-site"},
                    {"sec-fetch-site": "cross-site", "origin": HOST},
                    {"sec-fetch-site": "", "origin": "https://evil.example"},
                    {"sec-fetch-site": "", "origin": "null"},
                ):
                    assert await status("root", method, path, **foreign) == 403, path
        for name in ("elsewhere", "viewer"):
            assert await status(name, "GET", "/accounts/google/link") == 403
        async with lend(app) as connection:
            assert await connection.fetchval("SELECT count(*) FROM headrace.request") == 0
            assert await connection.fetchval("SELECT count(*) FROM headrace.event") == 0


async def test_with_the_log_in_of_its_own_pages_lead_there_and_webhooks_take_nothing_unsigned(crm: Headrace):
    async with crm as app, web_of(app) as web, client_of(web) as client:
        for method, path in gated(app):
            answer = await client.request(method, path)
            assert answer.status_code == (303 if method == "GET" else 401), path
            if method == "GET":
                assert urlsplit(answer.headers["location"])[:3] == ("", "", "/login"), path
        sent = await client.get("/accounts/google/link")
        assert (sent.status_code, urlsplit(sent.headers["location"])[:3]) == (303, ("", "", "/login"))
        token = await token_for(app, "admin", scopes=ELSEWHERE)
        for method, path in [*gated(app), ("GET", "/accounts/google/link")]:
            assert (await client.request(method, path, headers=bearer("hr_wrong"))).status_code == 401, path
            assert (await client.request(method, path, headers=bearer(token))).status_code == 403, path
        # The cookie is a browser's; with it a page of another site can ask for nothing that changes something.
        begun = await client.post("/login", data={"token": await token_for(app, "admin")})
        held = {"cookie": f"{COOKIE}={begun.cookies[COOKIE]}", "sec-fetch-site": "cross-site"}
        client.cookies.clear()
        for method, path in gated(app):
            if method != "GET":
                assert (await client.request(method, path, headers=held)).status_code == 403, path
        for path in ("/webhooks/gmail", "/webhooks/clearbit"):
            for headers in ({}, bearer("hr_wrong"), bearer(token)):
                assert (await client.post(path, json={}, headers=headers)).status_code in {401, 403, 404}, path
        async with lend(app) as connection:
            assert await connection.fetchval("SELECT count(*) FROM headrace.job_state") == 0
