"""Secrets that are handed out once and stored as their hash."""

import hashlib
import secrets

_TOKEN_PREFIX = "hr_"  # noqa: S105 - so that a scanner of repositories can tell a leaked token
_BYTES = 32
_LONGEST = 200


def new_token() -> str:
    """A new token: 256 random bits, recognisable as one of ours."""
    return _TOKEN_PREFIX + secrets.token_urlsafe(_BYTES)


def new_session() -> str:
    """A new value of a session's cookie: 256 random bits."""
    return secrets.token_urlsafe(_BYTES)


def hash_of(secret: str) -> bytes | None:
    """What is stored of a secret; None for a text that can be none.

    A plain SHA-256, since there is nothing to guess in 256 random bits: a slow hash would only let strangers
    keep the server busy. Looked up by an index, which compares nothing of the secret itself.
    """
    if not secret or len(secret) > _LONGEST or not secret.isascii():
        return None
    return hashlib.sha256(secret.encode()).digest()
