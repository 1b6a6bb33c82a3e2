"""`RequestContext`: middleware that lets what a request makes name the request, and who sent it."""

from collections.abc import Awaitable, Callable, Sequence

from headrace.context import Context, Sender, bind, current
from headrace.ids import uuid7
from headrace.web.asgi import Receive, Scope, Send, headers_of
from headrace.web.sender import client_address, networks

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_LONGEST_TRACEPARENT = 55


class RequestContext:
    """Binds a context to each request: an id as correlation and cause, its `traceparent`, and where it came from.

    An ASGI middleware, to be put around an application. What the request appends and enqueues has its id;
    address and browser are kept beside the log for a short time. `trusted_proxies` are the addresses or
    networks whose `X-Forwarded-For` is believed; leave it out where the server has put the client's address right.
    Who acts is for a middleware of yours within it: `with bind(actor=...)`.

        served = RequestContext(site, trusted_proxies=["10.0.0.0/8"])
    """

    def __init__(self, application: Application, *, trusted_proxies: Sequence[str] = ()) -> None:
        self._application = application
        self._trusted = networks(trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        with bind(self._context(scope)):
            await self._application(scope, receive, send)

    def _context(self, scope: Scope) -> Context:
        headers = headers_of(scope)
        peer = scope.get("client")
        address = client_address(None if peer is None else peer[0], headers.get("x-forwarded-for"), self._trusted)
        agent = headers.get("user-agent")
        traceparent = headers.get("traceparent")
        request_id = uuid7()
        bound = current()
        return Context(
            correlation_id=request_id,
            causation_id=request_id,
            causation_kind="request",
            tenant_id=bound.tenant_id,
            user_id=bound.user_id,
            actor=bound.actor,
            traceparent=traceparent if traceparent and len(traceparent) == _LONGEST_TRACEPARENT else None,
            sender=Sender(address, agent) if address or agent else None,
        )
