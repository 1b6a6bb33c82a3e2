"""Which broker an address names."""

from urllib.parse import urlsplit

from headrace.errors import ConfigurationError
from headrace.relay.broker import Broker
from headrace.relay.nats import JetStream
from headrace.relay.redis import RedisStream

_REDIS = frozenset({"redis", "rediss", "unix"})
_NATS = frozenset({"nats", "tls", "ws", "wss"})
_PREFIX = "headrace"


def broker_at(
    url: str, *, stream: str, prefix: str | None = None, creates: bool = False, most: int | None = None
) -> Broker:
    """The stream of the broker at an address. `prefix` and `creates` are for NATS, `most` for Redis; see there.

    Raises ConfigurationError for an address of no broker that is known, and for options it does not have.
    """
    scheme = urlsplit(url).scheme
    if scheme in _REDIS:
        if prefix is not None or creates:
            raise ConfigurationError("Redis has no subjects, and makes its streams by itself; leave both options out")
        return RedisStream(url, key=stream, most=most)
    if scheme in _NATS:
        if most is not None:
            raise ConfigurationError("how much a stream of NATS keeps is a setting of the stream; leave the length out")
        return JetStream(url, stream=stream, prefix=_PREFIX if prefix is None else prefix, creates=creates)
    raise ConfigurationError(
        f"no broker is known at {scheme or 'no'}://...; write nats://host:4222 or redis://host:6379/0"
    )
