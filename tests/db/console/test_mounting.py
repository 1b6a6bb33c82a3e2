"""The console inside other applications, at any prefix, and behind a proxy that takes the prefix away."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from fix_django import configure
from fix_shop import an_admin, browsing, make_shop
from fix_sse import Ask, served
from headrace import Connection
from headrace.console import Console, Entry, Section, create_console, principal_of, render


@pytest.fixture
async def console(database: str) -> AsyncIterator[Console]:
    """A console whose app nobody has opened."""
    app = make_shop(database)
    console = create_console(app, authenticate=an_admin, trusts_proxy=True)
    yield console
    await console.site.pulse.stop()
    if app.is_open:
        await app.close()


@asynccontextmanager
async def at(host: object, prefix: str) -> AsyncIterator[None]:
    """The console answers at a path: pages, their files and their links; and redirects go there."""
    async with browsing(host) as client:
        page = await client.get(f"{prefix}/")
        assert page.status_code == 200
        assert f'href="{prefix}/jobs"' in page.text
        assert f'data-live="{prefix}/live"' in page.text
        style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
        assert (await client.get(style)).headers["cache-control"] == "public, max-age=31536000, immutable"
        found = await client.get(f"{prefix}/jobs", params={"text": "0197a3f0-0000-7000-8000-000000000000"})
        assert found.headers["location"] == f"{prefix}/jobs/0197a3f0-0000-7000-8000-000000000000"
        yield


async def test_it_is_mounted_in_starlette_and_opens_the_app_by_itself(console: Console):
    host = Starlette(routes=[Mount("/admin", routes=[Mount("/ops", console)])])
    assert not console.site.app.is_open
    async with at(host, "/admin/ops"):
        assert console.site.app.is_open


async def test_it_is_mounted_in_fastapi_behind_a_gzip_middleware_and_streams_through_it(console: Console, asking: Ask):
    host = FastAPI()
    host.mount("/ops", console)
    host.add_middleware(GZipMiddleware, minimum_size=1)
    async with at(host, "/ops"), served(host) as port:
        client = await asking(port, path="/ops/live", headers={"accept-encoding": "identity"})
        assert [(await client.next()).name, (await client.next()).name] == ["hello", "snapshot"]
        await client.close()


async def test_it_stands_beside_django(console: Console):
    configure()
    with override_settings(ALLOWED_HOSTS=["*"], ROOT_URLCONF=Urls()):
        host = Starlette(routes=[Mount("/ops", console), Mount("/", get_asgi_application())])
        async with at(host, "/ops"), browsing(host) as client:
            cakes = await client.get("/cakes")
            assert (cakes.status_code, cakes.text) == (200, "cakes at /cakes by Django")
            assert (await client.get("/opsy")).status_code == 404


async def test_it_stands_behind_a_proxy_that_takes_its_prefix_away(console: Console):
    async def proxy(scope, receive, send) -> None:
        assert scope["path"].startswith("/tools/ops")
        inner = {**scope, "path": scope["path"].removeprefix("/tools/ops"), "headers": [*scope["headers"]]}
        inner["headers"].append((b"x-forwarded-prefix", b"/tools/ops"))
        await console(inner, receive, send)

    async with at(proxy, "/tools/ops"):
        pass
    async with browsing(console) as client:
        for prefix in ("//evil.example", "/\\evil.example", "https://evil.example", "/a/../b c", "/x\ny"):
            try:
                page = await client.get("/", headers={"x-forwarded-prefix": prefix})
            except ValueError:
                continue  # cannot be sent
            assert "evil" not in page.text
            assert 'href="/jobs"' in page.text
        begun = await client.post(
            "/api/jobs/bulk",
            json={"verb": "cancel", "filter": {"states": ["pending"]}, "wait": False},
            headers={"x-forwarded-prefix": "/tools/ops", "origin": "http://localhost"},
        )
        assert begun.headers["location"].startswith("/tools/ops/api/operations/")


async def test_an_application_adds_pages_with_the_same_layout(database: str, tmp_path):
    (tmp_path / "hello.html").write_text(
        '{% extends "console/page.html" %}{% import "console/macros.html" as ui %}'
        "{% block title %}Cakes{% endblock %}{% block main %}{{ ui.head('Cakes of ' ~ who) }}"
        '<img alt="" src="{{ static("shop/cake.svg") }}">{% endblock %}'
    )
    (tmp_path / "cake.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')

    async def cakes(request: Request) -> Response:
        return render(request, "shop/hello.html", who=principal_of(request).name)

    async def plain(_: Request) -> Response:
        return PlainTextResponse("cake")

    async def baked(connection: Connection) -> dict[str, str]:
        return {"baked": str(await connection.fetchval("SELECT 6 * 7"))}

    section = Section(
        name="shop",
        title="Shop",
        entries=[Entry("Cakes", "/shop/cakes")],
        routes=[Route("/cakes", cakes), Route("/plain", plain)],
        templates=tmp_path,
        static=tmp_path,
        live=baked,
    )
    async with make_shop(database) as app:
        console = create_console(app, authenticate=an_admin, sections=[section])
        host = Starlette(routes=[Mount("/ops", console)])
        async with console.lifespan(), browsing(host) as client:
            page = await client.get("/ops/shop/cakes")
            assert "<h1>Cakes of root</h1>" in page.text
            # What a page needs is asked for once: it is small over the wire, and its files are kept for good.
            assert (page.headers["content-encoding"], page.headers["cache-control"]) == ("gzip", "no-store")
            whole = await client.get("/ops/shop/cakes", headers={"accept-encoding": "identity"})
            assert whole.text == page.text
            assert "content-encoding" not in whole.headers
            for file in re.findall(r'(?:src|href)="(/ops/static/[^"]+)"', page.text):
                answer = await client.get(file)
                assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True), file
            assert '<a href="/ops/shop/cakes" aria-current="page">Cakes</a>' in page.text
            image = page.text.split('alt="" src="')[1].split('"')[0]
            assert (await client.get(image)).headers["content-type"] == "image/svg+xml"
            await console.site.pulse.current()
            assert b'"shop.baked":"42"' in console.site.pulse.frame(-1)
            answer = await client.get("/ops/shop/plain")
            assert answer.headers["content-security-policy"].startswith("default-src 'self'")


async def cakes_of_django(request):
    return HttpResponse(f"cakes at {request.path} by Django")


class Urls:
    """Django's own routes."""

    urlpatterns = (path("cakes", cakes_of_django),)
