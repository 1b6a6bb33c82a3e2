"""One sign-in at Google: where a person is sent, and whether what comes back belongs to it.

Source: RFC 6749 (section 4.1), RFC 7636 (PKCE with S256), RFC 8252 (loopback redirects).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlencode

from headrace_crm.config import GoogleSettings
from headrace_crm.errors import CrmError

GMAIL_SCOPE: Final = "https://www.googleapis.com/auth/gmail.readonly"
"""The least that lets mail be read with its bodies."""

_SECRET_BYTES = 32
_LONGEST_WORD = 100


class LinkError(CrmError):
    """A mailbox was not linked; the message says why and what to do. `code` is a word for why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What has to be remembered from sending a person to Google until they come back; it shows no secret of itself.

    `owner_addresses` are of the owner the mailbox goes to, besides its own address.
    """

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    owner_addresses: tuple[str, ...] = ()

    @classmethod
    def begin(cls, redirect_uri: str, *, owner_addresses: tuple[str, ...] = ()) -> Self:
        """A new one, with a state and a PKCE verifier that nobody can guess."""
        return cls(
            state=secrets.token_urlsafe(_SECRET_BYTES),
            verifier=secrets.token_urlsafe(_SECRET_BYTES),
            redirect_uri=redirect_uri,
            owner_addresses=owner_addresses,
        )

    def url(self, google: GoogleSettings, *, email: str | None = None) -> str:
        """Where the person has to go; `email` is offered to them as the account. Raises ConfigurationError."""
        google.require_client()
        asked = {
            "response_type": "code",
            "client_id": google.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": GMAIL_SCOPE,
            "state": self.state,
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            # Without both there is no refresh token for somebody who has agreed before.
            "access_type": "offline",
            "prompt": "consent",
        }
        return f"{google.auth_url}?{urlencode(asked | ({'login_hint': email} if email else {}))}"

    def code(self, answer: Mapping[str, str]) -> str:
        """The authorisation code of what Google sent the person back with. Raises LinkError."""
        if not self.is_answered_by(answer):
            raise LinkError("what came back belongs to no sign-in that was begun here; begin again", code="state")
        if refusal := answer.get("error"):
            raise LinkError(
                f"Google did not let the mailbox be read: {refusal[:_LONGEST_WORD]!r}; begin again", code="refused"
            )
        if not (code := answer.get("code")):
            raise LinkError("Google sent back no code; begin again", code="unreadable")
        return code

    def is_answered_by(self, answer: Mapping[str, str]) -> bool:
        """Whether it carries the state that was sent along."""
        return hmac.compare_digest(answer.get("state", "").encode(), self.state.encode())


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
