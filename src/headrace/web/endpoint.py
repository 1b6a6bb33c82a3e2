"""`LiveEndpoint`: the ASGI application that serves live events."""

from datetime import timedelta

from headrace.app import Headrace
from headrace.errors import ConfigurationError, HeadraceError
from headrace.events.live.viewer import Viewer
from headrace.web.asgi import Receive, Scope, Send, problem
from headrace.web.request import Authorize, BadRequestError, LiveRequest, Refusal
from headrace.web.signals import StopSignals
from headrace.web.stream import EventStream, Pace


class LiveEndpoint:
    """Serves an app's events as they happen, as server-sent events, to those who are authorised.

    Mount it in any ASGI application, at any path; it answers every GET there. `authorize` says which events a client
    may see at most, or refuses. Whoever mounts it opens the app; served by itself, it opens the app too. At most
    `most` clients are served at a time; see `headrace.web.stream.Pace` for the times, and `app.live` for `buffer`.

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
            case "lifespan":
                await self._live(receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1003})

    def end_streams(self) -> None:
        """Tells every client that the server stops; their streams end within a second."""
        for viewer in list(self._viewers):
            self._app.broadcaster.dismiss(viewer, "shutdown")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await problem(send, 405, f"{scope['method']} is not for live events; use GET", headers={"allow": "GET"})
            return
        try:
            request = LiveRequest.of(scope)
        except BadRequestError as error:
            await problem(send, 400, str(error))
            return
        granted = await self._authorize(request)
        if isinstance(granted, Refusal):
            await problem(send, granted.status, granted.reason, headers=granted.headers)
            return
        wanted = request.wanted.narrowed(granted)
        if wanted is None:
            await problem(send, 403, Refusal().reason)
        elif not self._app.is_open or len(self._viewers) >= self._most:
            why = f"{self._most} are watching" if self._app.is_open else "the app is not open"
            await problem(send, 503, f"{why}; come again later", headers={"retry-after": "5"})
        else:
            await self._serve(Viewer(wanted, after=request.after, buffer=self._buffer), receive, send)

    async def _serve(self, viewer: Viewer, receive: Receive, send: Send) -> None:
        broadcaster = self._app.broadcaster
        self._viewers.add(viewer)
        self._signals.begin()
        broadcaster.admit(viewer)
        try:
            await EventStream(broadcaster, viewer, pace=self._pace).run(receive, send)
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
