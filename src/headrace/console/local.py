"""Who is let in where nobody logs in: whoever sits at this machine."""

import getpass

from starlette.requests import HTTPConnection

from headrace.console.access import Principal

_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


async def local_operator(request: HTTPConnection) -> Principal | None:
    """Lets in browsers on this machine, as the user who runs the server, and nobody else.

    A page of the internet can make a browser here ask for a name that leads to 127.0.0.1; so the name that was asked
    for counts too. Behind a proxy every request comes from this machine: give an `authenticate` of your own there.
    """
    client = request.client.host if request.client is not None else None
    if client not in _NAMES or request.url.hostname not in _NAMES or "x-forwarded-for" in request.headers:
        return None
    return Principal(_user(), "admin")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"
