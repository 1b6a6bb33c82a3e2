"""Signing keys: fetched when needed, kept as long as they may be, and no way to make us ask for ever."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from fix_push import Signer, key_set
from headrace_crm.kit.signing_keys import GRACE, PAUSE, KeysUnavailableError, SigningKeys, read_keys

URL = "https://keys.example.org/certs"


class Authority:
    """Who publishes keys, and the clock everybody goes by."""

    def __init__(self, *signers: Signer) -> None:
        self.signers = signers
        self.now = datetime(2031, 5, 1, 12, tzinfo=UTC)
        self.asked = 0
        self.cache_control = "public, max-age=600"
        self.is_down = False
        self.keys = SigningKeys(URL, now=lambda: self.now, connect=self._connect)

    def _connect(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_down:
            return httpx.Response(503)
        return httpx.Response(200, content=key_set(*self.signers), headers={"cache-control": self.cache_control})

    async def knows(self, signer: Signer) -> bool:
        key = await self.keys.get(signer.kid)
        return key is not None and key.public_numbers() == signer.key.public_key().public_numbers()


async def test_keys_are_fetched_once_by_many_and_again_when_their_time_is_over(signers: tuple[Signer, Signer]):
    authority = Authority(signers[0])
    assert all(await asyncio.gather(*(authority.knows(signers[0]) for _ in range(20))))
    authority.now += timedelta(seconds=599)
    assert await authority.knows(signers[0])
    assert authority.asked == 1
    authority.now += timedelta(seconds=1)
    assert await authority.knows(signers[0])
    assert authority.asked == 2


async def test_a_new_key_is_known_at_once_and_an_old_one_no_more(signers: tuple[Signer, Signer]):
    authority = Authority(signers[0])
    assert await authority.knows(signers[0])
    authority.signers = (signers[1],)
    authority.now += PAUSE
    assert await authority.knows(signers[1])
    assert not await authority.knows(signers[0])


async def test_made_up_key_ids_make_one_question_in_a_while(signers: tuple[Signer, Signer]):
    authority = Authority(signers[0])
    for number in range(1000):
        assert await authority.keys.get(f"made-up-{number}") is None
    assert authority.asked == 1
    authority.now += PAUSE
    assert await asyncio.gather(*(authority.keys.get(f"made-up-{number}") for number in range(50))) == [None] * 50
    assert authority.asked == 2


async def test_known_keys_are_good_for_a_while_when_no_newer_ones_can_be_had(signers: tuple[Signer, Signer]):
    authority = Authority(signers[0])
    assert await authority.knows(signers[0])
    authority.is_down = True
    authority.now += timedelta(hours=1)
    assert await authority.knows(signers[0])
    authority.now += GRACE
    with pytest.raises(KeysUnavailableError, match="503"):
        await authority.keys.get(signers[0].kid)
    authority.is_down = False
    authority.now += PAUSE
    assert await authority.knows(signers[0])


async def test_before_any_key_could_be_had_nothing_can_be_said(signers: tuple[Signer, Signer]):
    authority = Authority()
    with pytest.raises(KeysUnavailableError, match="no RSA key of at least 2048 bits"):
        await authority.keys.get("key-0")


@pytest.mark.parametrize(
    ("cache_control", "lasts"), [("max-age=5", 60), ("max-age=999999999", 86_400), ("no-cache", 3600), ("", 3600)]
)
async def test_a_lifetime_is_kept_within_bounds(signers: tuple[Signer, Signer], cache_control: str, lasts: int):
    authority = Authority(signers[0])
    authority.cache_control = cache_control
    assert await authority.knows(signers[0])
    authority.now += timedelta(seconds=lasts - 1)
    assert await authority.knows(signers[0])
    assert authority.asked == 1
    authority.now += timedelta(seconds=1)
    assert await authority.knows(signers[0])
    assert authority.asked == 2


def test_keys_for_another_purpose_and_weak_or_broken_ones_are_left_out(signers: tuple[Signer, Signer]):
    good = signers[0].jwk()
    odd = [
        {**good, "kid": "for-encryption", "use": "enc"},
        {**good, "kid": "another-algorithm", "alg": "RS512"},
        {**good, "kid": "another-type", "kty": "EC"},
        {**good, "kid": "short", "n": good["n"][:64]},
        {**good, "kid": "even-exponent", "e": "Ag"},
        {**good, "kid": "no-number", "n": 5},
        {**good, "kid": 5},
        {name: value for name, value in good.items() if name != "kid"},
    ]
    assert set(read_keys(msgspec.json.encode({"keys": [*odd, good]}))) == {"key-0"}
    for document in (b"", b"{}", b"[]", b'{"keys": 5}', b" " * 300_000):
        with pytest.raises(msgspec.MsgspecError):
            read_keys(document)
