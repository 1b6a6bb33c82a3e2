"""OAuth scopes of the Gmail API, and which of them each method takes."""

from typing import Final

FULL: Final = "https://mail.google.com/"
_GMAIL: Final = "https://www.googleapis.com/auth/gmail."
READONLY: Final = _GMAIL + "readonly"
METADATA: Final = _GMAIL + "metadata"
MODIFY: Final = _GMAIL + "modify"
COMPOSE: Final = _GMAIL + "compose"
INSERT: Final = _GMAIL + "insert"
SEND: Final = _GMAIL + "send"
LABELS: Final = _GMAIL + "labels"

READERS: Final = frozenset({FULL, MODIFY, READONLY})
ONLOOKERS: Final = READERS | {METADATA}
EDITORS: Final = frozenset({FULL, MODIFY})
INSERTERS: Final = EDITORS | {INSERT}
SENDERS: Final = EDITORS | {COMPOSE, SEND}
"""Groups of scopes that let a token in."""
