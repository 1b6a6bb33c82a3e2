"""`LiveEndpoint`: the ASGI application that serves live events."""

from collections.abc import Collection
from datetime import timedelta

from headrace.app import Headrace
from headrace.errors import ConfigurationError, HeadraceError
from headrace.events.live.viewer import Viewer
from headrace.web.asgi import Receive, Scope, Send, headers_of, problem
from headrace.web.event_source import EventSourceWire
from headrace.web.origin import is_foreign, normal_origins
from headrace.web.request import Authorize, BadRequestError, LiveRequest, Refusal
from headrace.web.signals import StopSignals
from headrace.web.stream import EventStream, Pace
from headrace.web.web_socket import WebSocketWire, refuse_socket
from headrace.web.wire import Wire

_OF_ANOTHER_SITE = Refusal(403, "the page of another site may not open this; see `origins` of LiveEndpoint")


class LiveEndpoint:
    """Serves an app's events as they happen, as server-sent events or over WebSockets, to those who are authorised.

    Mount it in any ASGI application, at any path; it answers every GET and every WebSocket there. `authorize` says
    which events a client may see at most, or refuses. Whoever mounts it opens the app; served by itself, it opens the
    app too. At most `most` clients are served at a time. `origins` are further sites whose pages may open a WebSocket,
    as `https://shop.example.com`; the one that serves it may. See `headrace.web.stream.Pace` for the times, and
    `app.live` for `buffer`.

        async def authorize(request: LiveRequest) -> LiveFilter | Refusal:
            user = request.scope.get("user")
            return LiveFilter(user_id=user) if user else Refusal(401, "log in first")

        live = LiveEndpoint(app, authorize=authorize)
    """

    def __init__(
        self,
        app: Headrace,
        *,
        authorize: Authorize,
        most: int = 1000,
        buffer: int = 1000,
        origins: Collection[str] = (),
        heartbeat: timedelta = timedelta(seconds=15),
        lifetime: timedelta = timedelta(hours=1),
        retry: timedelta = timedelta(seconds=2),
    ) -> None:
        if most < 1 or buffer < 1:
            raise ConfigurationError(f"most and buffer must be at least 1, got {most} and {buffer}")
        self._app = app
        self._authorize = authorize
        self._most = most
        self._buffer = buffer
        self._origins = normal_origins(origins)
        self._pace = Pace(heartbeat=heartbeat, lifetime=lifetime, retry=retry)
        self._viewers: set[Viewer] = set()
        self._signals = StopSignals(self.end_streams)

    @property
    def viewer_count(self) -> int:
        """How many clients are served now."""
        return len(self._viewers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._answer(scope, receive, send)
            case "websocket":
                await self._answer_socket(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case _:
                raise ValueError(f"{scope['type']} is no scope of ASGI that is known here")

    def end_streams(self) -> None:
        """Tells every client that the server stops; their streams end within a second."""
        for viewer in list(self._viewers):
            self._app.broadcaster.dismiss(viewer, "shutdown")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await problem(send, 405, f"{scope['method']} is not for live events; use GET", headers={"allow": "GET"})
            return
        admitted = await self._admit(scope)
        if isinstance(admitted, Refusal):
            await problem(send, admitted.status, admitted.reason, headers=admitted.headers)
        else:
            await self._serve(admitted, EventSourceWire(receive, send, retry=self._pace.retry))

    async def _answer_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        # A browser sends cookies with a socket that any page opens, and no CORS keeps the page from reading it.
        is_strange = is_foreign(headers_of(scope), trusted=self._origins)
        admitted = _OF_ANOTHER_SITE if is_strange else await self._admit(scope)
        if isinstance(admitted, Refusal):
            await refuse_socket(scope, send, admitted.status, admitted.reason, admitted.headers)
        else:
            await self._serve(admitted, WebSocketWire(receive, send))

    async def _admit(self, scope: Scope) -> Viewer | Refusal:
        """Who may watch, and what, or why not."""
        try:
            request = LiveRequest.of(scope)
        except BadRequestError as error:
            return Refusal(400, str(error))
        granted = await self._authorize(request)
        if isinstance(granted, Refusal):
            return granted
        wanted = request.wanted.narrowed(granted)
        if wanted is None:
            return Refusal()
        if not self._app.is_open or len(self._viewers) >= self._most:
            why = f"{self._most} are watching" if self._app.is_open else "the app is not open"
            return Refusal(503, f"{why}; come again later", {"retry-after": "5"})
        return Viewer(wanted, after=request.after, buffer=self._buffer)

    async def _serve(self, viewer: Viewer, wire: Wire) -> None:
        broadcaster = self._app.broadcaster
        self._viewers.add(viewer)
        self._signals.begin()
        broadcaster.admit(viewer)
        try:
            await EventStream(broadcaster, viewer, pace=self._pace).run(wire)
        finally:
            self._viewers.discard(viewer)
            if not self._viewers:
                self._signals.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        """Opens the app when the server starts and closes it when it stops, where nobody else does."""
        is_ours = not self._app.is_open
        while True:
            if (await receive())["type"] == "lifespan.startup":
                try:
                    if is_ours:
                        await self._app.open()
                except (HeadraceError, OSError) as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                if is_ours:
                    await self._app.close()
                await send({"type": "lifespan.shutdown.complete"})
                return
