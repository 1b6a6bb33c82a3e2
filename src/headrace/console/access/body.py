"""The body of a request, read up to a size."""

from urllib.parse import parse_qs

from starlette.requests import Request

from headrace.console.access.problem import Problem, ProblemError


async def bounded_body(request: Request, *, most: int) -> bytes:
    """All of the body. Raises ProblemError (413) as soon as it is more than `most` bytes, whatever its head says."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise ProblemError(Problem(413, f"the body is larger than {most} bytes", {"connection": "close"}))
    return bytes(content)


async def read_form(request: Request, *, most: int = 64 * 1024) -> dict[str, list[str]]:
    """The fields of a posted form, `application/x-www-form-urlencoded`; none where the body is anything else.

    Raises ProblemError (413) as `bounded_body` does.
    """
    content = await bounded_body(request, most=most)
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        return parse_qs(content.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return {}
