"""The public keys somebody signs with, fetched as a JWK set when they are needed, and kept as long as they may be.

Source: RFC 7517; `Cache-Control` by RFC 9111.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from headrace_crm.errors import CrmError
from headrace_crm.kit.http import open_client

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=24)
"""What a `max-age` is taken for at least and at most; without one, keys are kept an hour."""

PAUSE: Final = timedelta(seconds=10)
"""How long after asking nobody asks again, so that tokens with made-up key ids cannot make us flood the signer."""

GRACE: Final = timedelta(hours=24)
"""How long keys are trusted beyond their time while no newer ones can be had."""

_PATIENCE = 5.0
_FEWEST_BITS = 2048
_LARGEST = 256 * 1024
_MAX_AGE: Final = re.compile(r"max-age=(\d{1,9})")


class KeysUnavailableError(CrmError):
    """The keys could not be fetched, and none are at hand."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the signing keys at {url} cannot be had: {reason}; they are asked for again soon")
        self.url = url


class SigningKeys:
    """The keys at an address. `now` tells the time; `connect` gives the client they are fetched with."""

    def __init__(
        self, url: str, *, now: Callable[[], datetime], connect: Callable[[], httpx.AsyncClient] = open_client
    ) -> None:
        self._url = url
        self._now = now
        self._connect = connect
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._fresh_until = self._asked_at = datetime.min.replace(tzinfo=UTC)
        self._reason = "nobody has asked yet"
        self._turn = asyncio.Lock()

    async def get(self, kid: str) -> RSAPublicKey | None:
        """The key of this id; None where the signer has no such key.

        One that is not known may be new: the signer is asked, at most every `PAUSE`, by one at a time. Raises
        KeysUnavailableError where nothing is known at all.
        """
        if not self._is_known(kid):
            async with self._turn:
                if not self._is_known(kid) and self._now() >= self._asked_at + PAUSE:
                    await self._fetch()
        if self._now() >= self._fresh_until + GRACE:
            raise KeysUnavailableError(self._url, self._reason)
        return self._keys.get(kid)

    def _is_known(self, kid: str) -> bool:
        return kid in self._keys and self._now() < self._fresh_until

    async def _fetch(self) -> None:
        self._asked_at = self._now()
        try:
            async with asyncio.timeout(_PATIENCE), self._connect() as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
            keys = read_keys(answer.content)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as error:
            self._reason = str(error) or type(error).__name__
            return
        if not keys:
            self._reason = "there is no RSA key of at least 2048 bits among them"
            return
        self._keys = keys
        self._fresh_until = self._asked_at + _lifetime(answer.headers.get("cache-control", ""))


def read_keys(document: bytes) -> dict[str, RSAPublicKey]:
    """The RSA signing keys of a JWK set by their ids; other and weak ones are left out. Raises MsgspecError."""
    if len(document) > _LARGEST:
        raise msgspec.DecodeError(f"the key set has {len(document)} bytes, {_LARGEST} is the most")
    found: dict[str, RSAPublicKey] = {}
    for one in msgspec.json.decode(document, type=_Set).keys:
        key = _rsa(one)
        if key is not None:
            found[one["kid"]] = key
    return found


class _Set(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


def _rsa(one: dict[str, Any]) -> RSAPublicKey | None:
    if one.get("kty") != "RSA" or one.get("use", "sig") != "sig" or one.get("alg", "RS256") != "RS256":
        return None
    try:
        modulus, exponent = (int.from_bytes(_decoded(one[name]), "big") for name in ("n", "e"))
        if not isinstance(one["kid"], str) or modulus.bit_length() < _FEWEST_BITS:
            return None
        return RSAPublicNumbers(exponent, modulus).public_key()
    except (KeyError, TypeError, ValueError, binascii.Error):
        return None


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _lifetime(cache_control: str) -> timedelta:
    told = _MAX_AGE.search(cache_control)
    age = timedelta(hours=1) if told is None else timedelta(seconds=int(told[1]))
    return min(max(age, SHORTEST), LONGEST)
