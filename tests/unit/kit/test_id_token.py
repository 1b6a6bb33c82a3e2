"""ID tokens: what is believed, beside a library that many rely on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.auth import exceptions
from google.auth import jwt as google_jwt

from fix_push import AUDIENCE, Signer, b64url, claims_at
from headrace_crm.kit.id_token import LONGEST, SKEW, read_id_token

NOW = datetime.now(UTC)
ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
SECOND = timedelta(seconds=1)


def judged(token: str, key: Signer, *, now: datetime = NOW) -> str | None:
    """What is wrong with a token; None for nothing."""
    found = read_id_token(token)
    if found is None:
        return "malformed"
    if not found.is_signed_by(key.key.public_key()):
        return "forged"
    return found.fault(audience=AUDIENCE, issuers=ISSUERS, now=now)


def believed_by_google_auth(token: str, key: Signer) -> bool:
    try:
        claims = google_jwt.decode(
            token, certs={key.kid: key.pem()}, audience=AUDIENCE, clock_skew_in_seconds=int(SKEW.total_seconds())
        )
    except (exceptions.GoogleAuthError, ValueError):
        return False
    return claims["iss"] in ISSUERS


CHANGES: list[tuple[dict[str, str | timedelta | None], str | None]] = [
    ({}, None),
    ({"iss": "accounts.google.com"}, None),
    ({"iss": "https://accounts.google.com.example.org"}, "wrong_issuer"),
    ({"aud": "https://crm.example.org/webhooks/gmail/"}, "wrong_audience"),
    ({"exp": timedelta(hours=-1)}, "expired"),
    ({"exp": -SKEW / 2}, None),
    ({"exp": -SKEW * 2}, "expired"),
    ({"iat": SKEW / 2}, None),
    ({"iat": SKEW * 2}, "early"),
    ({"exp": None}, "malformed"),
    ({"iat": None}, "malformed"),
    ({"aud": None}, "malformed"),
]
"""Claims, moments of them as distances from now, and what is wrong then."""


@pytest.mark.parametrize(("changes", "fault"), CHANGES)
def test_claims_are_judged_as_google_s_own_library_judges_them(
    signers: tuple[Signer, Signer], changes: dict[str, str | timedelta | None], fault: str | None
):
    now = datetime.now(UTC)  # the other library reads the clock itself
    claims: dict[str, Any] = {
        name: int((now + value).timestamp()) if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    token = signers[0].sign(claims_at(now, **claims))
    assert judged(token, signers[0], now=now) == fault
    assert believed_by_google_auth(token, signers[0]) == (fault is None)


def test_one_of_several_audiences_is_enough_and_a_time_not_before_is_kept(signers: tuple[Signer, Signer]):
    assert judged(signers[0].sign(claims_at(NOW, aud=["another", AUDIENCE])), signers[0]) is None
    assert judged(signers[0].sign(claims_at(NOW, nbf=(NOW + SKEW * 2).timestamp())), signers[0]) == "early"


def test_every_change_to_a_signed_token_is_noticed(signers: tuple[Signer, Signer]):
    good = signers[0].sign(claims_at(NOW))
    header, claims, signature = good.split(".")
    forged = {
        "another key": signers[1].sign(claims_at(NOW), kid=signers[0].kid),
        "another claim": f"{header}.{b64url(json.dumps(claims_at(NOW, email='eve@example.org')).encode())}.{signature}",
        "another header": f"{b64url(json.dumps({'alg': 'RS256', 'kid': 'key-0'}).encode())}.{claims}.{signature}",
        "a shorter signature": f"{header}.{claims}.{signature[:-4]}",
        "an empty signature": f"{header}.{claims}.",
    }
    assert {name: judged(token, signers[0]) for name, token in forged.items()} == dict.fromkeys(forged, "forged")
    assert not any(believed_by_google_auth(token, signers[0]) for token in forged.values())


def test_what_is_no_rs256_token_is_none_at_all(signers: tuple[Signer, Signer]):
    good = signers[0].sign(claims_at(NOW))
    header, claims, signature = good.split(".")
    odd = [
        "",
        "a.b",
        "a.b.c",
        f"{good}.",
        f"{good}=",
        f" {good}",
        good.replace(".", ".\n", 1),
        good + "é",
        f"{header}.{claims}+.{signature}",
        "x" * (LONGEST + 1),
        signers[0].sign(claims_at(NOW), alg="none"),
        signers[0].sign(claims_at(NOW), alg="HS256"),
        signers[0].sign(claims_at(NOW), kid=5),
        signers[0].sign(claims_at(NOW), kid=None),
        signers[0].sign(claims_at(NOW), crit=["exp"]),
        signers[0].sign([1]),
        signers[0].sign(claims_at(NOW, exp="tomorrow")),
        signers[0].sign(claims_at(NOW, email_verified="true")),
    ]
    assert [token for token in odd if read_id_token(token) is not None] == []
