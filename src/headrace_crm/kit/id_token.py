"""ID tokens: whether a JWT is signed by a key we trust, for us, and still good.

Source: RFC 7515 (compact serialisation), RFC 7518 (RS256), OpenID Connect Core 1.0, section 3.1.3.7.
"""

import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

LONGEST: Final = 8192
"""Characters of a token that is looked at."""

SKEW: Final = timedelta(seconds=30)
"""How far the clocks of signer and reader may be apart."""

Fault: TypeAlias = Literal["malformed", "forged", "expired", "early", "wrong_issuer", "wrong_audience"]


class Claims(msgspec.Struct, frozen=True):
    """What a token says, as far as it is asked for; times are in seconds since 1970."""

    iss: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    sub: str = ""
    nbf: float | None = None
    email: str | None = None
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class IdToken:
    """A token taken apart. Nothing of it is to be believed before `is_signed_by` says so."""

    kid: str
    claims: Claims
    signed: bytes
    signature: bytes

    def is_signed_by(self, key: RSAPublicKey) -> bool:
        """Whether the key's holder signed it, by RS256."""
        try:
            key.verify(self.signature, self.signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    def fault(self, *, audience: str, issuers: frozenset[str], now: datetime, skew: timedelta = SKEW) -> Fault | None:
        """What is wrong with its claims; None for nothing."""
        claims, moment, leeway = self.claims, now.timestamp(), skew.total_seconds()
        if claims.iss not in issuers:
            return "wrong_issuer"
        if audience not in ((claims.aud,) if isinstance(claims.aud, str) else claims.aud):
            return "wrong_audience"
        if moment >= claims.exp + leeway:
            return "expired"
        if moment < max(claims.iat, claims.nbf or claims.iat) - leeway:
            return "early"
        return None


class _Header(msgspec.Struct, frozen=True):
    alg: Literal["RS256"]
    kid: str
    crit: msgspec.UnsetType = msgspec.UNSET


_header = msgspec.json.Decoder(_Header)
_claims = msgspec.json.Decoder(Claims)


def read_id_token(text: str) -> IdToken | None:
    """Takes a token apart; None for what is none, or is signed in another way than RS256 (`none` among them)."""
    parts = text.split(".") if len(text) <= LONGEST and text.isascii() else ()
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        header = _header.decode(_decoded(parts[0]))
        claims = _claims.decode(_decoded(parts[1]))
        return IdToken(header.kid, claims, f"{parts[0]}.{parts[1]}".encode(), _decoded(parts[2]))
    except (msgspec.MsgspecError, binascii.Error):
        return None


def _decoded(text: str) -> bytes:
    """Base64url without padding, and nothing else: what is decoded leniently has more than one spelling."""
    if "+" in text or "/" in text or "=" in text:
        raise binascii.Error("not base64url")
    standard = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(standard + "=" * (-len(standard) % 4), strict_mode=True)
