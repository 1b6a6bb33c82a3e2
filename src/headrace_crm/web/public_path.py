"""The path that browsers see before ours, where a proxy puts the CRM under one."""

from starlette.types import ASGIApp, Receive, Scope, Send


class PublicPath:
    """Has everything inside answer under a prefix, and make its links with it. Plain ASGI.

    A proxy may take the prefix away or leave it: what begins with it is taken as it came. Where the application is
    mounted in another, or the server was told a root path, these say where it is, and nothing is changed.
    """

    def __init__(self, inner: ASGIApp, *, prefix: str) -> None:
        self._inner = inner
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._prefix and not scope.get("root_path"):
            path: str = scope["path"]
            if not f"{path}/".startswith(f"{self._prefix}/"):
                path = self._prefix + path
            scope = {**scope, "root_path": self._prefix, "path": path}
        await self._inner(scope, receive, send)
