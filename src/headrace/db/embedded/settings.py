from collections.abc import Mapping
from types import MappingProxyType

# For a small machine that does other work too. Durable: fsync and synchronous_commit stay on.
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "autovacuum_naptime": "10s",  # queues make dead rows faster than the default minute allows for
        "fsync": "on",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
        "log_timezone": "UTC",
        "max_connections": "200",
        "max_prepared_transactions": "32",
        "max_wal_size": "4GB",
        "shared_buffers": "256MB",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "wal_compression": "on",
    }
)


def arguments(settings: Mapping[str, str]) -> list[str]:
    """The command line of a server with the settings over the defaults."""
    return [part for name, value in {**DEFAULTS, **settings}.items() for part in ("-c", f"{name}={value}")]
