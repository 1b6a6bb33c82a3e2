"""How either end of a session notices that the other is gone: by TCP's own probes."""

import socket
from types import MappingProxyType
from typing import Any

GONE_SECONDS = 25
"""After so long without an answer from the other machine a session is lost, be it idle or waiting."""

_IDLE_SECONDS = 10
_INTERVAL_SECONDS = 5

SERVER_SIDE = MappingProxyType(
    {
        "tcp_keepalives_idle": str(_IDLE_SECONDS),
        "tcp_keepalives_interval": str(_INTERVAL_SECONDS),
        "tcp_keepalives_count": str((GONE_SECONDS - _IDLE_SECONDS) // _INTERVAL_SECONDS),
        "tcp_user_timeout": str(GONE_SECONDS * 1_000),
    }
)
"""What a session asks the server to do, so that it frees the locks of a machine that was cut off."""


def probe_peer(session: Any) -> None:
    """Lets this system probe the server; does nothing on a Unix socket, or where the system has no such probes."""
    transport = getattr(session, "_transport", None)  # asyncpg has no public way to its socket
    sock = None if transport is None else transport.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _IDLE_SECONDS),
        ("TCP_KEEPINTVL", _INTERVAL_SECONDS),
        ("TCP_KEEPCNT", (GONE_SECONDS - _IDLE_SECONDS) // _INTERVAL_SECONDS),
        ("TCP_USER_TIMEOUT", GONE_SECONDS * 1_000),
    ):
        if hasattr(socket, name):  # the rest of them differ from system to system
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
