"""A sandbox in the test's own process, and a client of its Gmail that judges every answer by the contract."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest

from gmail_contract import DOCUMENT, GmailContract
from headrace_crm.sandbox import Sandbox

MAILBOX_ENDS_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def gmail_contract() -> GmailContract:
    if not DOCUMENT.exists():
        pytest.skip(f"Google's discovery document is not there: {DOCUMENT}")
    return GmailContract()


@pytest.fixture
def sandbox() -> Sandbox:
    """100 generated messages, the real quotas, not served."""
    return Sandbox(messages=100)


@pytest.fixture
async def browser(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sandbox without any token."""
    transport = httpx.ASGITransport(sandbox.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


class GmailClient:
    """Calls methods with a token; `problems` are where requests and answers departed from the contract."""

    def __init__(self, client: httpx.AsyncClient, token: str, contract: GmailContract | None) -> None:
        self._client = client
        self._contract = contract
        self.token = token
        self.problems: list[str] = []

    async def __call__(self, verb: str, path: str, *, json: object = None, **query: object) -> httpx.Response:
        target = f"/gmail/v1/users/me/{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self._client.request(verb, target, json=json, headers=headers)
        if self._contract is not None:
            if answer.is_success:
                self.problems += self._contract.problems_of_request(verb, target, answer.request.content)
            self.problems += self._contract.problems_of_answer(verb, target, answer.status_code, answer.content)
        return answer

    async def batch(self, targets: list[str], *, boundary: str = "outer") -> httpx.Response:
        """GETs under one roof, each under the Content-ID `<item-n>`."""
        parts = "".join(
            f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <item-{number}>\r\n\r\nGET {target}\r\n\r\n"
            for number, target in enumerate(targets)
        )
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": f"multipart/mixed; boundary={boundary}"}
        return await self._client.post("/batch/gmail/v1", content=f"{parts}--{boundary}--", headers=headers)


@pytest.fixture
async def gmail(
    sandbox: Sandbox, browser: httpx.AsyncClient, request: pytest.FixtureRequest
) -> AsyncIterator[GmailClient]:
    """A client with every scope; where the document is there, the test fails if an answer departs from it."""
    contract = request.getfixturevalue("gmail_contract") if DOCUMENT.exists() else None
    client = GmailClient(browser, sandbox.google.link().access_token, contract)
    yield client
    assert client.problems == []


@pytest.fixture
def gmail_with(sandbox: Sandbox, browser: httpx.AsyncClient) -> Callable[[str], GmailClient]:
    """Makes a client with one scope."""

    def make(scope: str) -> GmailClient:
        return GmailClient(browser, sandbox.google.link(scopes=[scope]).access_token, None)

    return make
