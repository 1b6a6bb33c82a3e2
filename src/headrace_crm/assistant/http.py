"""The server over HTTP."""

from typing import Final

from starlette.applications import Starlette

from headrace.console.access import SecurityHeaders
from headrace_crm.assistant.server import Assistant

PATH: Final = "/mcp"
_LARGEST_REQUEST: Final = 256 * 1024


def assistant_web(assistant: Assistant, *, host: str) -> Starlette:
    """An ASGI application with the server at `/mcp`, for requests with a bearer token.

    It keeps no sessions, so that several processes can serve behind one address. On a loopback `host`, requests
    that a browser was led to send here under another name are refused.
    """
    web = assistant.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=_LARGEST_REQUEST,
        host=host,
    )
    web.add_middleware(SecurityHeaders)
    return web
