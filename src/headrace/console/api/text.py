"""Whether what was sent can be stored at all: PostgreSQL has no character U+0000, and UTF-8 no lone surrogates."""

import json
import re

from starlette.requests import Request

from headrace.console.access.problem import Problem, ProblemError

# An escaped backslash before "u0000" is no NUL.
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?:0000|[dD][89a-fA-F])")


def require_text(request: Request, content: bytes) -> None:
    """Raises ProblemError (422) for a path, a query or a body of JSON that holds either."""
    raw = request.scope.get("path", "") + request.scope.get("query_string", b"").decode("latin-1")
    if "\0" in raw or "%00" in raw:
        raise ProblemError(Problem(422, "the address has the character U+0000, which cannot be stored"))
    if _ESCAPED.search(content) is None and b"\0" not in content:
        return
    try:
        decoded = json.dumps(json.loads(content), ensure_ascii=False)
    except (ValueError, RecursionError):
        return  # no JSON: whoever reads it says so
    if "\\u0000" in decoded and _ESCAPED.search(decoded.encode("utf-8", errors="replace")):
        raise ProblemError(Problem(422, "the body has the character U+0000, which cannot be stored"))
    try:
        decoded.encode()
    except UnicodeEncodeError as error:
        raise ProblemError(Problem(422, f"the body has a lone surrogate, which is no character: {error}")) from error
