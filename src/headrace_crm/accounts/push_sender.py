"""Whether a push comes from the Pub/Sub subscription it must come from.

Source: Pub/Sub "Authentication for push subscriptions".
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from headrace_crm.config import GoogleSettings
from headrace_crm.kit.id_token import Fault, IdToken, read_id_token
from headrace_crm.kit.signing_keys import SigningKeys

ISSUERS: Final = frozenset({"https://accounts.google.com", "accounts.google.com"})
"""Both spellings that Google uses."""

REMEMBERED: Final = timedelta(minutes=5)
"""How long a token that was found good is not verified again; one push token serves many pushes."""

_MOST_REMEMBERED = 1_000

Refusal: TypeAlias = Fault | Literal["missing", "wrong_account", "unconfigured"]


class PushSender:
    """Checks the `Authorization` of pushes: signature, issuer, audience, time, and the service account."""

    def __init__(self, google: GoogleSettings, *, keys: SigningKeys, now: Callable[[], datetime]) -> None:
        self._audience = google.push_audience
        self._account = google.push_account.lower()
        self._keys = keys
        self._now = now
        self._good: dict[str, datetime] = {}

    async def refusal(self, authorization: str | None) -> Refusal | None:
        """Why a push is not believed; None where it is. Raises KeysUnavailableError where that cannot be known."""
        if not self._audience or not self._account:
            return "unconfigured"
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return "missing"
        now = self._now()
        until = self._good.get(token)
        if until is not None and now < until:
            return None
        found = read_id_token(token)
        if found is None:
            return "malformed"
        key = await self._keys.get(found.kid)
        if key is None or not found.is_signed_by(key):
            return "forged"
        return self._fault(found, now) or self._remember(token, found, now)

    def _fault(self, found: IdToken, now: datetime) -> Refusal | None:
        fault = found.fault(audience=self._audience, issuers=ISSUERS, now=now)
        if fault is not None:
            return fault
        claims = found.claims
        is_ours = claims.email_verified and (claims.email or "").lower() == self._account
        return None if is_ours else "wrong_account"

    def _remember(self, token: str, found: IdToken, now: datetime) -> None:
        ends_at = datetime.fromtimestamp(found.claims.exp, now.tzinfo)
        if len(self._good) >= _MOST_REMEMBERED:
            self._good = {one: until for one, until in self._good.items() if now < until}
            if len(self._good) >= _MOST_REMEMBERED:
                self._good.clear()
        self._good[token] = min(now + REMEMBERED, ends_at)
