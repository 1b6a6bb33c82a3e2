"""What an identity token of Google says."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

ISSUER: Final = "https://accounts.google.com"
_LIFETIME: Final = timedelta(hours=1)


def identity_claims(*, email: str, audience: str, party: str | None = None, now: datetime) -> dict[str, Any]:
    """The claims of a token about `email` (a person or a service account), for `audience`, good for an hour.

    `party` is whom it was issued to (`azp`): an OAuth client, or by default the account itself.
    """
    subject = _subject(email)
    return {
        "iss": ISSUER,
        "azp": party or subject,
        "aud": audience,
        "sub": subject,
        "email": email,
        "email_verified": True,
        "iat": int(now.timestamp()),
        "exp": int((now + _LIFETIME).timestamp()),
    }


def _subject(email: str) -> str:
    """The number of 21 digits that stands for an account for ever."""
    return f"1{int.from_bytes(hashlib.sha256(email.encode()).digest()[:8], 'big'):020d}"
