"""Nothing of the console can be had past its gates: generated from its routes, so that later ones are tested too."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit
from uuid import UUID

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Message

from fix_console import HOST, bearer, client_of, token_for
from fix_shop import an_admin, console_of, make_shop
from headrace import Headrace
from headrace.console import Principal, create_console
from headrace.console.access import COOKIE
from headrace.console.application import _routes
from headrace.console.shield import AREA_OF

OPEN = {"/login", "/logout"}


def routes(among: Sequence[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Every method and path there is, files aside."""
    for one in among:
        if isinstance(one, Mount):
            assert re.fullmatch(r"/static/\w+", one.path), one.path
        else:
            assert isinstance(one, Route)
            path = re.sub(r"{\w+:int}", "7", re.sub(r"{\w+(:path)?}", str(UUID(int=7)), one.path))
            yield from ((method, path) for method in (one.methods or {"GET"}) - {"HEAD"})


ROUTES = sorted(routes(_routes(create_console(Headrace("postgresql://nowhere")).site)))
GATED = [(method, path) for method, path in ROUTES if path not in OPEN]
ACTING = [path for method, path in GATED if method == "POST"]


FILES = (
    "../application.py",
    "../../console/application.py",
    "..%2f..%2fapplication.py",
    "%2e%2e/application.py",
    "..%5capplication.py",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "console.css%00.py",
)


def test_every_page_belongs_to_an_area_so_that_who_is_restricted_to_others_is_kept_out():
    assert len(GATED) >= 30
    assert len(ACTING) >= 9
    assert {method for method, _ in ROUTES} == {"GET", "POST"}
    assert {path.split("/")[1] for _, path in GATED} <= set(AREA_OF)


async def test_no_route_lets_in_a_stranger_a_lower_role_another_area_or_a_page_of_another_site(database: str):
    guests = {
        "viewer": Principal("guest", "viewer"),
        "elsewhere": Principal("ci", "admin", frozenset({"subjects"})),
        "nobody": None,
        "root": Principal("root", "admin"),
    }
    who = ["nobody"]

    async def authenticate(_: object) -> Principal | None:
        return guests[who[0]]

    async with make_shop(database) as app:
        console = create_console(app, authenticate=authenticate)
        async with console.lifespan(), client_of(console) as client:

            async def status(name: str, method: str, path: str, **headers: str) -> int:
                who[0] = name
                answer = await client.request(method, path, headers={"sec-fetch-site": "same-origin", **headers})
                assert answer.headers["content-security-policy"].startswith("default-src 'self'")
                assert answer.headers["cache-control"] == "no-store"
                return answer.status_code

            for method, path in GATED:
                assert await status("nobody", method, path) == 401, path
                assert await status("elsewhere", method, path) == 403, path
            for path in ACTING:
                assert await status("viewer", "POST", path) == 403, path
                for foreign in (
                    {"sec-fetch-site": "cross-site"},
                    {"sec-fetch-site": "same-site"},
                    {"sec-fetch-site": "cross-site", "origin": HOST},
                ):
                    assert await status("root", "POST", path, **foreign) == 403, path
        async with app.pool.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM headrace.request") == 0
            assert await connection.fetchval("SELECT count(*) FROM headrace.operation") == 0


async def test_with_the_log_in_of_its_own_every_page_leads_there_and_every_service_asks_for_a_token(database: str):
    async with make_shop(database) as app, console_of(app, authenticate=None) as console, client_of(console) as client:
        for method, path in GATED:
            answer = await client.request(method, path)
            if method == "GET" and path != "/live":
                assert answer.status_code == 303, path
                assert urlsplit(answer.headers["location"])[:3] == ("", "", "/login"), path
            else:
                assert answer.status_code == 401, path
            # A program with a wrong token is told so, and not led to a form.
            assert (await client.request(method, path, headers=bearer("hr_wrong"))).status_code == 401, path
        for path in ("/api/jobs", "/api/stats", "/metrics"):
            assert (await client.get(path)).status_code == 401, path
        token = await token_for(app, "viewer")
        begun = await client.post("/login", data={"token": token})
        assert "\n" not in begun.headers["set-cookie"]
        for path in ("/jobs", "/metrics", "/api/jobs"):
            assert (await client.get(path, headers=bearer(token))).status_code == 200, path
        # The cookie is a browser's; with it a page of another site can ask for nothing that changes something.
        held = {"cookie": f"{COOKIE}={begun.cookies[COOKIE]}", "sec-fetch-site": "cross-site"}
        client.cookies.clear()
        for path in (*ACTING, "/logout", "/login"):
            assert (await client.post(path, headers=held)).status_code == 403, path
        assert (await client.get("/jobs", headers={"cookie": held["cookie"]})).status_code == 200


async def test_no_file_but_those_of_the_console_is_served(database: str):
    asked: list[int] = []

    async def send(message: Message) -> None:
        asked.extend([message["status"]] if message["type"] == "http.response.start" else [])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async with make_shop(database) as app, console_of(app, authenticate=an_admin) as console:
        for wanted in FILES:
            for path in (f"/static/{console.site.version}/{wanted}", f"/{wanted}", f"/api/{wanted}"):
                # As a server hands it over: decoded, and not made simpler as a client does.
                scope = {
                    "type": "http",
                    "method": "GET",
                    "path": unquote(path),
                    "raw_path": path.encode(),
                    "root_path": "",
                    "query_string": b"",
                    "scheme": "http",
                    "headers": [(b"host", b"localhost")],
                    "server": ("localhost", 80),
                    "client": ("127.0.0.1", 1),
                }
                await console(scope, receive, send)
    assert asked == [404] * 3 * len(FILES)
