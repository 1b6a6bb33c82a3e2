"""A ring of secret keys: the first seals, all of them open, so that a key can be replaced without a stop."""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from typing import Any, Protocol

from headrace.errors import ConfigurationError, SecretKeyError

ENVIRONMENT = "HEADRACE_SECRET_KEYS"

KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class KeyService(Protocol):
    """What keeps the keys of others under a key of its own: a `KeyRing`, or a key management service.

    `context` is bound to what is wrapped: it comes back only under the same. Both raise SecretKeyError for what
    cannot be opened. One that asks over the network cannot serve blocking connections (`app.sync`).
    """

    async def wrap(self, key: bytes, *, context: bytes) -> bytes: ...
    async def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes: ...


class KeyRing:
    """Keys of 32 bytes, the newest first. AES-256-GCM with a random nonce; needs the package `cryptography`.

    What is sealed begins with a format byte and four bytes that name its key. `context` is bound to it and not
    stored. To replace a key: put a new one first, seal everything anew with `rotate`, then leave the old one out.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ConfigurationError(
                f"a key ring needs a key; make one with `headrace subjects new-key` for {ENVIRONMENT}"
            )
        for key in keys:
            if len(key) != KEY_BYTES:
                raise ConfigurationError(f"a secret key must have {KEY_BYTES} bytes, got {len(key)}")
        self._ciphers = {key_id(key): cipher(key) for key in keys}
        self._first = key_id(keys[0])

    @classmethod
    def from_text(cls, text: str) -> "KeyRing":
        """The ring of keys in base64, separated by commas. Raises ConfigurationError; shows nothing of them."""
        try:
            keys = [base64.b64decode(part.strip(), validate=True) for part in text.split(",") if part.strip()]
        except binascii.Error as error:
            raise ConfigurationError(f"{ENVIRONMENT} must be keys in base64, separated by commas") from error
        return cls(keys)

    @classmethod
    def from_environment(cls) -> "KeyRing":
        """The ring of HEADRACE_SECRET_KEYS. Raises ConfigurationError where it is not set."""
        text = os.environ.get(ENVIRONMENT)
        if not text:
            raise ConfigurationError(
                f"secrets are kept under keys: set {ENVIRONMENT} (`headrace subjects new-key` makes one), "
                "or give Headrace(secret_keys=...)"
            )
        return cls.from_text(text)

    def seal(self, secret: bytes, *, context: bytes) -> bytes:
        """The secret, readable under this ring and the same context alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + self._first + nonce + self._ciphers[self._first].encrypt(nonce, secret, context)

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """What was sealed. Raises SecretKeyError where its key is not on the ring, or it was changed."""
        name, nonce = sealed[1 : 1 + _ID_BYTES], sealed[1 + _ID_BYTES : 1 + _ID_BYTES + _NONCE_BYTES]
        known = self._ciphers.get(name)
        if sealed[:1] != _FORMAT or known is None:
            raise SecretKeyError(name.hex(), reason="it is not on the ring")
        opened = decrypted(known, nonce, sealed[1 + _ID_BYTES + _NONCE_BYTES :], context)
        if opened is None:
            raise SecretKeyError(name.hex(), reason="what is stored was changed, or belongs elsewhere")
        return opened

    def is_current(self, sealed: bytes) -> bool:
        """Whether it is sealed under the first key."""
        return sealed[:1] == _FORMAT and sealed[1 : 1 + _ID_BYTES] == self._first

    def rotate(self, sealed: bytes, *, context: bytes) -> bytes:
        """The same secret under the first key; as it is where it is so already."""
        return sealed if self.is_current(sealed) else self.seal(self.open(sealed, context=context), context=context)

    async def wrap(self, key: bytes, *, context: bytes) -> bytes:
        return self.seal(key, context=context)

    async def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        return self.open(wrapped, context=context)


def new_key() -> str:
    """A new key, as it is written into HEADRACE_SECRET_KEYS."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def key_id(key: bytes) -> bytes:
    """Four bytes that name a key and tell nothing of it."""
    return hashlib.sha256(b"headrace key" + key).digest()[:_ID_BYTES]


def cipher(key: bytes) -> Any:
    """AES-256-GCM under a key. Raises ConfigurationError where `cryptography` is not installed."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError("secrets need the package cryptography; install headrace[personal]") from error
    return AESGCM(key)


def decrypted(under: Any, nonce: bytes, data: bytes, context: bytes) -> bytes | None:
    """What was encrypted; None where it does not open under this key and context."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra

    try:
        return under.decrypt(nonce, data, context)
    except (InvalidTag, ValueError):
        return None
