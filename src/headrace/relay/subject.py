"""The NATS subject of an event type."""

import re

_NO_TOKEN = re.compile(r"[\s*>\x00-\x1f\x7f]")


def subject_of(prefix: str, event_type: str) -> str:
    """`<prefix>.<type>`, so that consumers can ask for `<prefix>.contact.*`.

    Subjects have no blanks, wildcards or empty parts; what a type has of these becomes an underscore. The type
    itself is in the message.
    """
    parts = _NO_TOKEN.sub("_", event_type).split(".")
    return ".".join((prefix, *(part or "_" for part in parts)))
