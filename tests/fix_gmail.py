"""A scripted Gmail for tests of the provider; every request is held to the published contract."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from gmail_contract import GmailContract
from headrace import SystemClock, uuid7
from headrace_crm.config import GmailSettings
from headrace_crm.mail.providers.gmail import Gmail


class ScriptedTokens:
    """Gives out token-0 until it is refused, then token-1, and so on."""

    def __init__(self) -> None:
        self.number = 0
        self.refused: list[str] = []

    async def access_token(self, account_id: UUID, *, refused: str | None = None) -> str:
        if refused is not None:
            self.refused.append(refused)
            self.number += 1
        return f"token-{self.number}"


@dataclass
class ScriptedGmail:
    """Answers in the order told, and notes what was asked: method, target, token, body."""

    server: HTTPServer
    tokens: ScriptedTokens
    provider: Gmail
    account_id: UUID
    asked: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    answers: list[Response | Callable[[Request], Response]] = field(default_factory=list)

    def answer(self, status: int, body: object = None, **headers: str) -> None:
        """The next answer, as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(Response(json.dumps(body or {}), status, named, content_type="application/json"))

    def answer_raw(self, body: bytes, content_type: str = "application/json", status: int = 200) -> None:
        self.answers.append(Response(body, status, content_type=content_type))

    def answer_batch(self, *parts: tuple[int, object]) -> None:
        """The next answer, to a batch: in reverse order, as Google may."""
        lines = []
        for number, (status, body) in reversed(list(enumerate(parts))):
            extra = "Retry-After: 7\r\n" if status == 429 else ""
            lines.append(
                f"--batch_x\r\nContent-Type: application/http\r\nContent-ID: <response-call-{number}>\r\n\r\n"
                f"HTTP/1.1 {status} Any\r\nContent-Type: application/json; charset=UTF-8\r\n{extra}\r\n"
                f"{json.dumps(body)}\r\n"
            )
        self.answer_raw(("".join(lines) + "--batch_x--\r\n").encode(), "multipart/mixed; boundary=batch_x")

    def handle(self, request: Request) -> Response:
        target = request.full_path if request.query_string else request.path
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.asked.append((request.method, target, token, request.get_data()))
        answer = self.answers.pop(0)
        return answer(request) if callable(answer) and not isinstance(answer, Response) else answer

    def calls(self) -> list[tuple[str, str, bytes]]:
        """Every call made, those inside batches for themselves."""
        found = []
        for method, target, _, body in self.asked:
            if target.startswith("/batch"):
                found += inner_calls(body)
            else:
                found.append((method, target, body))
        return found


def inner_calls(body: bytes) -> list[tuple[str, str, bytes]]:
    """The requests in a batch, read by a parser that is not the one under test."""
    boundary = body.split(b"\r\n", 1)[0][2:]
    mime = message_from_bytes(b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body)
    found = []
    for part in mime.get_payload():
        assert part.get_content_type() == "application/http"
        method, target, version = part.get_payload().splitlines()[0].split(" ")
        assert version == "HTTP/1.1"
        found.append((method, target, b""))
    return found


def rate_limit(reason: str = "rateLimitExceeded", code: int = 429) -> dict[str, Any]:
    detail = {"message": "Slow down.", "domain": "usageLimits", "reason": reason}
    return {"error": {"code": code, "message": "Slow down.", "errors": [detail], "status": "RESOURCE_EXHAUSTED"}}


@pytest.fixture
def scripted_gmail(httpserver: HTTPServer, gmail_contract: GmailContract) -> Iterator[ScriptedGmail]:
    """Gmail as told by the test; every request is held to the contract at the end."""
    tokens = ScriptedTokens()
    provider = Gmail(
        GmailSettings(patience=timedelta(seconds=5)),
        base_url=httpserver.url_for("").rstrip("/"),
        tokens=tokens,
        clock=SystemClock(),
    )
    script = ScriptedGmail(httpserver, tokens, provider, uuid7())
    httpserver.expect_request(re.compile(".*")).respond_with_handler(script.handle)
    yield script
    problems = [gmail_contract.problems_of_request(method, target, body) for method, target, body in script.calls()]
    assert [problem for found in problems for problem in found] == []
