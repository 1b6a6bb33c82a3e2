"""X's own document, served by Prism, takes every request we make; skipped where there is no npm."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from fix_npx import served_by_npx
from headrace_crm.config.enrichment import XSettings
from headrace_crm.enrichment.outcome import Limited, Nothing, Refused
from headrace_crm.enrichment.provider import Account, Accounts, Posts
from headrace_crm.enrichment.providers.x import X

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

DOCUMENT = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "x-api-v2.openapi.json"
PRISM = "@stoplight/prism-cli@5.14.2"
NOW = datetime(2031, 5, 1, tzinfo=UTC)


@pytest.fixture
async def prism(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a Prism that has the document."""
    if not DOCUMENT.exists():
        pytest.skip("the published document of X's API is not here")
    arguments = ("mock", "--host", "127.0.0.1", "--port", "{port}", str(DOCUMENT))
    async with served_by_npx(PRISM, *arguments, folder=tmp_path, probe="/2/users/by/username/ada") as url:
        yield url


async def test_prism_takes_every_request_and_its_answers_are_read(prism: str):
    x = X(XSettings(token="t", url=prism, posts=5))
    one = await x.accounts(["ada_b"], now=NOW)
    assert isinstance(one.outcome, Accounts), one
    many = await x.accounts([f"handle_{number}" for number in range(100)], now=NOW)
    assert isinstance(many.outcome, Accounts), many
    posts = await x.posts(Account(id="7", handle="ada_b"), now=NOW)
    assert isinstance(posts.outcome, Posts | Nothing), posts


async def test_prism_refuses_what_the_document_does_not_allow(prism: str):
    x = X(XSettings(token="t", url=prism, posts=5))
    with pytest.raises(ValueError, match="1 to 100"):
        await x.accounts([], now=NOW)
    async with httpx.AsyncClient(base_url=prism, headers={"Authorization": "Bearer t"}) as client:
        assert (await client.get("/2/users/7/tweets?max_results=1")).status_code == 422
        assert (await client.get("/2/users/by/username/no-such-name!")).status_code == 422
        assert (await client.get("/2/users/7/tweets", headers={"Authorization": ""})).status_code == 401


@pytest.mark.parametrize(("code", "kind"), [(404, Accounts), (429, Limited), (401, Refused), (403, Refused)])
async def test_the_errors_of_the_document_are_told_apart(prism: str, code: int, kind: type):
    x = X(XSettings(token="t", url=prism))
    x._caller._headers["Prefer"] = f"code={code}"
    assert isinstance((await x.accounts(["ada_b"], now=NOW)).outcome, kind)
