"""A PostgreSQL server of one's own in a folder, for machines that have none (the extra `embedded`)."""

from headrace.db.embedded.error import EmbeddedServerError
from headrace.db.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "EmbeddedServerError"]
