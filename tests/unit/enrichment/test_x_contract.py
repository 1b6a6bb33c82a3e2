"""What is asked of X, and what the sandbox answers, is what X's own document says."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import httpx
import jsonschema
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from headrace_crm.config.enrichment import XSettings
from headrace_crm.enrichment.provider import Account
from headrace_crm.enrichment.providers.x import X
from headrace_crm.sandbox import KnownPerson, Sandbox
from headrace_crm.sandbox.enrichment.directory import id_of

DOCUMENT = Path(__file__).resolve().parents[4] / "shared" / "contracts" / "x-api-v2.openapi.json"
NOW = datetime(2031, 5, 1, tzinfo=UTC)
ALIASES = {"tweet.fields": "post.fields"}
"""The spelling that every version of the API takes, and the one of the document."""


@pytest.fixture(scope="module")
def document() -> dict:
    if not DOCUMENT.exists():
        pytest.skip("the published document of X's API is not here")
    return json.loads(DOCUMENT.read_text())


def parameters_of(document: dict, path: str) -> dict[str, dict]:
    found = {}
    for given in document["paths"][path]["get"]["parameters"]:
        one = document["components"]["parameters"][given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        found[one["name"]] = one
    return found


def check(document: dict, schema: dict, value: object) -> None:
    """Raises for a value that the schema does not allow; nullable is OpenAPI's word for null."""
    jsonschema.Draft7Validator({**schema, "components": document["components"]}).validate(value)


def path_of(document: dict, path: str) -> tuple[str, dict[str, str]]:
    exact = [template for template in document["paths"] if template == path]
    for template in exact + [each for each in document["paths"] if "{" in each]:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
        if match := re.fullmatch(pattern, path):
            return template, match.groupdict()
    raise AssertionError(f"X has no {path}")


def check_request(document: dict, request: Request) -> str:
    template, in_path = path_of(document, unquote(request.path))
    known = parameters_of(document, template)
    given = {ALIASES.get(name, name): value for name, value in request.args.items()} | in_path
    assert request.method == "GET"
    assert given.keys() <= known.keys(), given.keys() - known.keys()
    assert {name for name, one in known.items() if one.get("required")} <= given.keys()
    for name, text in given.items():
        schema = known[name]["schema"]
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        value = text.split(",") if schema["type"] == "array" else int(text) if schema["type"] == "integer" else text
        check(document, schema, value)
    assert request.headers["Authorization"].startswith("Bearer ")
    return template


async def test_every_request_is_one_of_the_document(document: dict, httpserver: HTTPServer):
    seen: list[str] = []

    def answer(request: Request) -> Response:
        seen.append(check_request(document, request))
        return Response('{"data": []}')

    httpserver.expect_request(re.compile(".*")).respond_with_handler(answer)
    x = X(XSettings(token="t", url=httpserver.url_for("").rstrip("/"), posts=5))
    await x.accounts(["ada_b"], now=NOW)
    await x.accounts([f"handle_{number}" for number in range(100)], now=NOW)
    await x.posts(Account(id="7", handle="ada_b"), now=NOW)
    httpserver.check_assertions()
    assert seen == ["/2/users/by/username/{username}", "/2/users/by", "/2/users/{id}/tweets"]


def test_a_request_that_is_none_of_the_document_is_found(document: dict):
    with pytest.raises(AssertionError, match="has no"):
        path_of(document, "/2/users/by/nobody/at/all")
    with pytest.raises(jsonschema.ValidationError):
        check(document, parameters_of(document, "/2/users/{id}/tweets")["max_results"]["schema"], 4)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    box = Sandbox(messages=0)
    box.people.add(
        KnownPerson(email="a@example.org", name="Ada", x_handle="ada_b", posts=((1, "mills"),)),
        KnownPerson(email="b@example.org", name="Bo", x_handle="bo", is_protected=True),
    )
    with box.served():
        yield box


def test_what_the_sandbox_answers_is_what_x_says_it_would(document: dict, sandbox: Sandbox):
    headers = {"Authorization": f"Bearer {sandbox.x.rules.token}"}
    asked = {
        "/2/users/by/username/ada_b": "GetUsersByUsernameResponse",
        "/2/users/by?usernames=ada_b,nobody": "GetUsersByUsernamesResponse",
        f"/2/users/{id_of('ada_b')}/tweets?max_results=5": "GetUsersPostsResponse",
        f"/2/users/{id_of('bo')}/tweets": "GetUsersPostsResponse",
        "/2/users/by/username/not-a-name": "Problem",
        "/2/users/by?usernames=": "Problem",
    }
    with httpx.Client(base_url=sandbox.url, headers=headers) as client:
        for path, name in asked.items():
            response = client.get(path)
            check(document, document["components"]["schemas"][name], response.json())
            assert response.headers["x-rate-limit-limit"].isdigit()
