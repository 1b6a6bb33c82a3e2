"""The addresses of Google's services, all on one host here."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headrace_crm.sandbox.answer import json_answer
from headrace_crm.sandbox.edge import Edge
from headrace_crm.sandbox.google.accounts import Accounts
from headrace_crm.sandbox.google.batch import MOST_CALLS, read_batch, write_batch
from headrace_crm.sandbox.google.call import Call
from headrace_crm.sandbox.google.gmail import Gmail
from headrace_crm.sandbox.google.oauth import OAuth
from headrace_crm.sandbox.google.refusal import invalid

_BATCH = "gmail.batch"
_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def google_routes(accounts: Accounts, *, edge: Edge) -> Sequence[BaseRoute]:
    """Gmail at `/gmail/v1` and `/batch/gmail/v1`; OAuth at `/o/oauth2/v2/auth`, `/token`, `/revoke`; JWKS."""
    gmail = Gmail(accounts, counters=edge.counters, faults=edge.faults)
    oauth = OAuth(accounts, faults=edge.faults)

    async def call(request: Request) -> Response:
        path = request.scope["path"]
        name, answer = gmail.answer(
            Call(request.method, path, _query(request), dict(request.headers), await request.body())
        )
        return edge.respond(request, name, answer)

    async def batch(request: Request) -> Response:
        parts = read_batch(request.headers.get("content-type", ""), await request.body(), headers=dict(request.headers))
        if parts is None:
            return edge.count_and_respond(request, _BATCH, invalid("Failed to parse batch request."))
        if len(parts) > MOST_CALLS:
            return edge.count_and_respond(
                request, _BATCH, invalid("The batch request could not be processed: too many calls, 100 at most.")
            )
        answers = [(part.content_id, gmail.answer(part.call)[1]) for part in parts]
        return edge.count_and_respond(request, _BATCH, write_batch(answers))

    async def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        if request.method == "POST":
            asked |= await _form(request)
        return edge.count_and_respond(request, "oauth.authorize", oauth.authorize(asked))

    async def token(request: Request) -> Response:
        return edge.count_and_respond(request, "oauth.token", oauth.token(await _form(request)))

    async def revoke(request: Request) -> Response:
        given = (await _form(request)).get("token") or request.query_params.get("token", "")
        return edge.count_and_respond(request, "oauth.revoke", oauth.revoke(given))

    async def certificates(request: Request) -> Response:
        with accounts.lock:
            keys = accounts.keys.jwks()
        answer = json_answer(keys, headers=(("Cache-Control", "public, max-age=19800, must-revalidate"),))
        return edge.count_and_respond(request, "oauth.certs", answer)

    return (
        Route("/batch/gmail/v1", batch, methods=["POST"]),
        Route("/gmail/v1/{path:path}", call, methods=_VERBS),
        Route("/upload/gmail/v1/{path:path}", call, methods=["POST"]),
        Route("/o/oauth2/v2/auth", authorize, methods=["GET", "POST"]),
        Route("/token", token, methods=["POST"]),
        Route("/revoke", revoke, methods=["POST"]),
        Route("/oauth2/v3/certs", certificates, methods=["GET"]),
    )


def _query(request: Request) -> Mapping[str, list[str]]:
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    return query


async def _form(request: Request) -> dict[str, str]:
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}
