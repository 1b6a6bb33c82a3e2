"""A scripted Gmail for tests of the provider, and its published contract that every request is held to."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import jsonschema
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from headrace import SystemClock, uuid7
from headrace_crm.config import GmailSettings
from headrace_crm.mail.providers.gmail import Gmail

CONTRACT = Path(__file__).resolve().parents[2] / "shared" / "contracts" / "gmail.v1.json"
TYPES: dict[str, Callable[[str], bool]] = {
    "string": lambda value: True,
    "boolean": lambda value: value in {"true", "false"},
    "integer": lambda value: re.fullmatch(r"\d+", value) is not None,
}
FORMATS: dict[str, Callable[[str], bool]] = {
    "uint32": lambda value: 0 <= int(value) < 2**32,
    "uint64": lambda value: re.fullmatch(r"\d+", value) is not None,
}


@dataclass
class Contract:
    """Gmail's discovery document."""

    document: dict[str, Any]

    def breach(self, method: str, target: str, body: bytes) -> str | None:
        """What is wrong with a request by the document; None where nothing is."""
        url = urlsplit(target)
        found = self._method(method, url.path.lstrip("/"))
        if found is None:
            return f"no method {method} {url.path}"
        for name, values in parse_qs(url.query, keep_blank_values=True).items():
            parameter = found["parameters"].get(name) or self.document["parameters"].get(name)
            if parameter is None or parameter.get("location") != "query":
                return f"{found['id']} has no query parameter {name}"
            if len(values) > 1 and not parameter.get("repeated"):
                return f"{name} is given {len(values)} times"
            for value in values:
                if not self._fits(parameter, value):
                    return f"{name} cannot be {value!r}"
        missing = [
            name
            for name, parameter in found["parameters"].items()
            if parameter.get("required") and parameter["location"] == "query" and name not in parse_qs(url.query)
        ]
        if missing:
            return f"{found['id']} needs {missing}"
        return self._body_breach(found, body)

    def _method(self, method: str, path: str) -> dict[str, Any] | None:
        for found in self._methods(self.document):
            pattern = re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(found.get("flatPath", found["path"])))
            if found["httpMethod"] == method and re.fullmatch(pattern, path):
                return found
        return None

    def _methods(self, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from node.get("methods", {}).values()
        for resource in node.get("resources", {}).values():
            yield from self._methods(resource)

    def _fits(self, parameter: dict[str, Any], value: str) -> bool:
        return (
            TYPES[parameter["type"]](value)
            and FORMATS.get(parameter.get("format", ""), lambda _: True)(value)
            and value in parameter.get("enum", [value])
        )

    def _body_breach(self, found: dict[str, Any], body: bytes) -> str | None:
        if "request" not in found:
            return f"{found['id']} takes no body" if body else None
        schema = self.document["schemas"][found["request"]["$ref"]]
        strict = {"type": "object", "properties": schema["properties"], "additionalProperties": False}
        try:
            jsonschema.validate(json.loads(body), strict)
        except (ValueError, jsonschema.ValidationError) as error:
            return f"{found['id']}: {error}"
        return None


@pytest.fixture(scope="session")
def request_contract() -> Contract:
    if not CONTRACT.exists():
        pytest.skip("Gmail's discovery document is not here")
    return Contract(json.loads(CONTRACT.read_text()))


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
def scripted_gmail(httpserver: HTTPServer, request_contract: Contract) -> Iterator[ScriptedGmail]:
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
    breaches = [request_contract.breach(method, target, body) for method, target, body in script.calls()]
    assert [breach for breach in breaches if breach] == []
