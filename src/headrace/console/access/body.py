"""The body of a request, read up to a size."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.console.access.problem import Problem, ProblemError


class BodyLimit:
    """Middleware that lets no more of a body in than `most` bytes: whoever reads on gets a ProblemError (413)."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        count = 0

        async def receive_some() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > self._most:
                raise ProblemError(Problem(413, f"the body is larger than {self._most} bytes", {"connection": "close"}))
            return message

        await self._app(scope, receive_some, send)


async def read_form(request: Request, *, most: int = 64 * 1024) -> dict[str, list[str]]:
    """The fields of a posted form, `application/x-www-form-urlencoded`; none where the body is anything else.

    Raises ProblemError (413) as soon as the body is more than `most` bytes, whatever its head says.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise ProblemError(Problem(413, f"the form is larger than {most} bytes", {"connection": "close"}))
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        return parse_qs(content.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return {}
