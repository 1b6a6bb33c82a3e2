"""What tests of the console share: tokens, and a client of an ASGI application in this process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from fix_apps import Bench
from headrace import Headrace
from headrace.console.access import Role, create_token

HOST = "http://console.test"


async def token_for(app: Headrace, role: Role = "admin", **options: Any) -> str:
    """A new token of this role."""
    async with app.pool.acquire() as connection:
        _, secret = await create_token(connection, options.pop("name", role), role=role, by="tests", **options)
    return secret


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@asynccontextmanager
async def client_of(asgi: Any, *, root_path: str = "", **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client that asks an ASGI application without a socket; what it raises is raised here."""
    transport = httpx.ASGITransport(app=asgi, root_path=root_path, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=HOST, **options) as client:
        yield client


Token = Callable[..., Any]


@pytest.fixture
def token(bench: Bench) -> Token:
    """Makes tokens for the test's app."""

    async def make(role: Role = "admin", **options: Any) -> str:
        return await token_for(bench.app, role, **options)

    return make
