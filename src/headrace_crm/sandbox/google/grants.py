"""Who has been granted what: codes, refresh tokens and access tokens, and how each of them ends."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from headrace_crm.sandbox.clock import SandboxClock


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """What the authorisation page was asked, and the account that agreed.

    `challenge` is the S256 code challenge, None where the client sent none.
    """

    email: str
    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str | None
    is_offline: bool
    has_consented: bool
    nonce: str | None = None


@dataclass(slots=True, kw_only=True)
class Grant:
    """What one account granted one client: `refresh_token` is None without offline access."""

    email: str
    client_id: str
    scopes: frozenset[str]
    refresh_token: str | None = None
    refreshed_at: datetime | None = None
    is_revoked: bool = False
    access_tokens: set[str] = field(default_factory=set[str])


class Grants:
    """Gives out tokens and takes them back. Not safe for threads: its owner holds a lock."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._codes: dict[str, tuple[CodeRequest, datetime]] = {}
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, tuple[Grant, datetime]] = {}

    def issue_code(self, request: CodeRequest, *, lifetime: timedelta) -> str:
        """A code to be exchanged once, within `lifetime`."""
        code = f"4/0A{secrets.token_urlsafe(48)}"
        self._codes[code] = (request, self._clock.now() + lifetime)
        return code

    def redeem_code(
        self, code: str, *, client_id: str, redirect_uri: str, verifier: str | None
    ) -> tuple[Grant, CodeRequest] | None:
        """Exchanges a code; None where it is unknown, used, too old, another client's, or its proof is wrong.

        A refresh token comes with offline access at the account's first consent, or at each asked for by
        `prompt=consent`.
        """
        request, ends_at = self._codes.pop(code, (None, None))
        if request is None or ends_at is None or ends_at <= self._clock.now():
            return None
        if (request.client_id, request.redirect_uri) != (client_id, redirect_uri):
            return None
        if request.challenge is not None and challenge_of(verifier or "") != request.challenge:
            return None
        grant = Grant(email=request.email, client_id=client_id, scopes=request.scopes)
        if request.is_offline and (request.has_consented or not self._has_consented(grant)):
            self._give_refresh_token(grant)
        return grant, request

    def grant(self, email: str, *, client_id: str, scopes: frozenset[str]) -> Grant:
        """A grant with a refresh token, as if the account had consented."""
        grant = Grant(email=email, client_id=client_id, scopes=scopes)
        self._give_refresh_token(grant)
        return grant

    def refresh(
        self, refresh_token: str, *, client_id: str, lifetime: timedelta | None, is_rotating: bool
    ) -> Grant | None:
        """The grant of a refresh token; None where it is unknown, revoked, rotated or older than `lifetime`."""
        grant = self._refresh.get(refresh_token)
        if grant is None or grant.is_revoked or grant.client_id != client_id:
            return None
        began_at = grant.refreshed_at
        if lifetime is not None and began_at is not None and began_at + lifetime <= self._clock.now():
            return None
        if is_rotating:
            del self._refresh[refresh_token]
            self._give_refresh_token(grant)
        return grant

    def issue_access(self, grant: Grant, *, lifetime: timedelta) -> str:
        """An access token, good for `lifetime`."""
        token = f"ya29.a0{secrets.token_urlsafe(96)}"
        self._access[token] = (grant, self._clock.now() + lifetime)
        grant.access_tokens.add(token)
        return token

    def accessing(self, token: str) -> Grant | None:
        """The grant behind an access token; None where it has ended or there is none."""
        grant, ends_at = self._access.get(token, (None, None))
        if grant is None or ends_at is None or grant.is_revoked or ends_at <= self._clock.now():
            return None
        return grant

    def expire_access(self, token: str) -> None:
        """Ends one access token before its time."""
        grant, _ = self._access.pop(token, (None, None))
        if grant is not None:
            grant.access_tokens.discard(token)

    def revoke(self, token: str) -> bool:
        """Ends the grant of an access or refresh token, and all its tokens; False where it is none."""
        grant = self._refresh.get(token) or self._access.get(token, (None, None))[0]
        if grant is None or grant.is_revoked:
            return False
        self._end(grant)
        return True

    def revoke_account(self, email: str) -> int:
        """Ends every grant of an account, as its owner may on Google's own pages; returns how many."""
        grants = {id(grant): grant for grant in self.all() if grant.email == email and not grant.is_revoked}
        for grant in grants.values():
            self._end(grant)
        return len(grants)

    def expire_account(self, email: str) -> int:
        """Ends the access tokens of an account and returns how many; its refresh tokens stay."""
        tokens = [token for token, (grant, _) in self._access.items() if grant.email == email]
        for token in tokens:
            self.expire_access(token)
        return len(tokens)

    def all(self) -> list[Grant]:
        """Every grant that has or had a token."""
        return [*self._refresh.values(), *(grant for grant, _ in self._access.values())]

    def _end(self, grant: Grant) -> None:
        grant.is_revoked = True
        for token in grant.access_tokens:
            self._access.pop(token, None)
        grant.access_tokens.clear()

    def _give_refresh_token(self, grant: Grant) -> None:
        grant.refresh_token = f"1//0{secrets.token_urlsafe(72)}"
        grant.refreshed_at = self._clock.now()
        self._refresh[grant.refresh_token] = grant

    def _has_consented(self, grant: Grant) -> bool:
        return any(
            (other.email, other.client_id) == (grant.email, grant.client_id) and not other.is_revoked
            for other in self._refresh.values()
        )


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
