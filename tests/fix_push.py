"""Pushes of Gmail as Pub/Sub sends them: signed by keys of the test's own."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE = "https://crm.example.org/webhooks/gmail"
ACCOUNT = "push@project.iam.gserviceaccount.example"


def b64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass(frozen=True)
class Signer:
    """An RSA key with an id."""

    kid: str
    key: rsa.RSAPrivateKey

    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.kid,
            "n": b64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": b64url(numbers.e.to_bytes(3, "big")),
        }

    def pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims: Any, **header: Any) -> str:
        head = {"alg": "RS256", "kid": self.kid, "typ": "JWT", **header}
        signed = ".".join(b64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{b64url(self.key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def claims_at(now: datetime, **changes: Any) -> dict[str, Any]:
    """What the subscription's own tokens say; a change to None leaves a claim out."""
    claims = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "azp": "113774264463038321964",
        "sub": "113774264463038321964",
        "email": ACCOUNT,
        "email_verified": True,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def push_body(message_id: str, email: str, history_id: int = 1) -> bytes:
    """The body of a push as Pub/Sub posts it."""
    data = json.dumps({"emailAddress": email, "historyId": history_id}).encode()
    return json.dumps(
        {
            "message": {
                "data": base64.b64encode(data).decode(),
                "messageId": message_id,
                "message_id": message_id,
                "publishTime": "2031-05-01T12:00:00.000Z",
                "publish_time": "2031-05-01T12:00:00.000Z",
            },
            "subscription": "projects/p/subscriptions/s",
            "deliveryAttempt": 1,
        }
    ).encode()


def key_set(*signers: Signer) -> bytes:
    return json.dumps({"keys": [signer.jwk() for signer in signers]}).encode()


@pytest.fixture(scope="session")
def signers() -> tuple[Signer, Signer]:
    """Two keys: making one takes a moment."""
    return tuple(Signer(f"key-{number}", rsa.generate_private_key(65537, 2048)) for number in range(2))  # pyright: ignore[reportReturnType]
