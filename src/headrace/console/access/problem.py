"""Errors as HTTP has them: `application/problem+json`, RFC 9457."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from headrace.errors import HeadraceError

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that says what is wrong: sent by `response()`, or raised in a `ProblemError` behind a route.

    `detail` is for a person; `more` are further members of the document, such as what a program can tell it by.
    """

    status: int
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def document(self) -> dict[str, Any]:
        """The members of the problem's JSON."""
        title = HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **self.more}

    def response(self) -> Response:
        """The whole response."""
        return Response(
            msgspec.json.encode(self.document()),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers={"cache-control": "no-store", **self.headers},
        )


class ProblemError(HeadraceError):
    """A request is answered with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def unauthenticated() -> Problem:
    """Nobody is known to have sent this."""
    return Problem(401, "log in, or send a token: Authorization: Bearer hr_...", {"www-authenticate": "Bearer"})
