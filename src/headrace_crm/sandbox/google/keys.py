"""The RSA keys that tokens are signed with, and the document that publishes them."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

_PUBLISHED: Final = 2
"""The signing key and the one before it: what was signed just before a rotation can still be verified."""


class SigningKeys:
    """Signs claims as JWTs (RS256); made when first needed, since making an RSA key takes a moment."""

    def __init__(self) -> None:
        self._keys: list[tuple[str, RSAPrivateKey]] = []

    def rotate(self) -> str:
        """Makes a new signing key and returns its id; of the older ones, the last stays published."""
        kid = secrets.token_hex(20)
        self._keys = [(kid, generate_private_key(public_exponent=65_537, key_size=2048)), *self._keys][:_PUBLISHED]
        return kid

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The claims as a signed token."""
        kid, key = self._current()
        header = {"alg": "RS256", "kid": kid, "typ": "JWT"}
        signed = f"{_encoded(msgspec.json.encode(header))}.{_encoded(msgspec.json.encode(claims))}"
        return f"{signed}.{_encoded(key.sign(signed.encode('ascii'), PKCS1v15(), SHA256()))}"

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set."""
        self._current()
        return {"keys": [_jwk(kid, key) for kid, key in self._keys]}

    def _current(self) -> tuple[str, RSAPrivateKey]:
        if not self._keys:
            self.rotate()
        return self._keys[0]


def _jwk(kid: str, key: RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": _encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        "e": _encoded(numbers.e.to_bytes(3, "big")),
    }


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
