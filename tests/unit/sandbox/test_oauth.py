import base64
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

VERIFIER = "a-verifier-of-at-least-forty-three-characters-x"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "http://127.0.0.1:5000/callback"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"


@pytest.fixture
def question(sandbox) -> dict[str, str]:
    return {
        "client_id": sandbox.google.rules.client_id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": f"openid {READONLY}",
        "state": "s-1",
        "access_type": "offline",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


@pytest.fixture
def ask(browser, question):
    async def ask(**changes: str | None) -> dict[str, str]:
        asked = {name: value for name, value in {**question, **changes}.items() if value is not None}
        answer = await browser.get("/o/oauth2/v2/auth", params=asked)
        assert answer.status_code == 302, answer.text
        location = urlsplit(answer.headers["location"])
        assert f"{location.scheme}://{location.netloc}{location.path}" == REDIRECT
        return {name: values[0] for name, values in parse_qs(location.query).items()}

    return ask


@pytest.fixture
def token(sandbox, browser):
    async def token(**form: str):
        client = {
            "client_id": sandbox.google.rules.client_id,
            "client_secret": sandbox.google.rules.client_secret,
        }
        return await browser.post("/token", data={**client, **form})

    return token


@pytest.fixture
def exchange(token):
    async def exchange(code: str, **changes: str):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return await token(**{**form, **changes})

    return exchange


def read(token: str, jwks: dict) -> dict:
    """The claims of a token that one of the published keys has signed."""
    header, claims, signature = token.split(".")
    decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))  # noqa: E731
    kid = json.loads(decode(header))["kid"]
    key = next(key for key in jwks["keys"] if key["kid"] == kid)
    n, e = (int.from_bytes(decode(key[name]), "big") for name in ("n", "e"))
    RSAPublicNumbers(e, n).public_key().verify(decode(signature), f"{header}.{claims}".encode(), PKCS1v15(), SHA256())
    return json.loads(decode(claims))


async def test_a_code_with_the_right_proof_becomes_tokens_that_open_the_mailbox(sandbox, browser, ask, exchange):
    back = await ask()
    assert back["state"] == "s-1"
    answer = await exchange(back["code"])
    tokens = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("no-cache")
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3599)
    assert set(tokens["scope"].split()) == {"openid", READONLY}
    profile = await browser.get(
        "/gmail/v1/users/me/profile", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert profile.json()["emailAddress"] == sandbox.google.emails[0]
    claims = read(tokens["id_token"], (await browser.get("/oauth2/v3/certs")).json())
    assert (claims["email"], claims["aud"]) == (sandbox.google.emails[0], sandbox.google.rules.client_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "another-verifier-of-forty-three-characters-"},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:5001/callback"},
        {"code": "4/0Amade-up"},
    ],
)
async def test_a_code_without_its_proof_is_an_invalid_grant_and_is_used_up(ask, exchange, changes):
    code = (await ask())["code"]
    answer = await exchange(**{"code": code, **changes})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    again = await exchange(code)
    assert again.status_code == (200 if "code" in changes else 400)


async def test_a_code_is_good_once_and_for_ten_minutes(sandbox, ask, exchange):
    code, late = (await ask())["code"], (await ask())["code"]
    assert (await exchange(code)).status_code == 200
    assert (await exchange(code)).json()["error"] == "invalid_grant"
    sandbox.advance(timedelta(minutes=10))
    assert (await exchange(late)).json()["error"] == "invalid_grant"


async def test_a_refresh_token_comes_at_the_first_consent_and_whenever_consent_is_asked_for(ask, exchange):
    async def has_refresh_token(**changes: str | None) -> bool:
        return "refresh_token" in (await exchange((await ask(**changes))["code"])).json()

    assert not await has_refresh_token(access_type=None)
    assert await has_refresh_token()
    assert not await has_refresh_token()
    assert await has_refresh_token(prompt="consent")


async def test_an_access_token_ends_with_its_time_and_can_be_refreshed(sandbox, browser, token):
    sandbox.google.configure(access_token_lifetime=timedelta(minutes=5))
    tokens = sandbox.google.link()

    async def status(access: str) -> int:
        profile = await browser.get("/gmail/v1/users/me/profile", headers={"Authorization": f"Bearer {access}"})
        return profile.status_code

    assert await status(tokens.access_token) == 200
    sandbox.advance(timedelta(minutes=5))
    assert await status(tokens.access_token) == 401
    fresh = (await token(grant_type="refresh_token", refresh_token=tokens.refresh_token)).json()
    assert fresh["expires_in"] == 300
    assert "refresh_token" not in fresh
    assert await status(fresh["access_token"]) == 200


async def test_revoking_either_token_ends_the_whole_grant(sandbox, browser, token):
    for kind in ("access_token", "refresh_token"):
        tokens = sandbox.google.link()
        assert (await browser.post("/revoke", data={"token": getattr(tokens, kind)})).status_code == 200
        refreshed = await token(grant_type="refresh_token", refresh_token=tokens.refresh_token)
        assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        assert (await browser.get("/gmail/v1/users/me/profile", headers=headers)).status_code == 401
        assert (await browser.post("/revoke", data={"token": getattr(tokens, kind)})).json()["error"] == "invalid_token"


async def test_a_refresh_token_ends_by_its_owner_by_age_and_by_rotation(sandbox, token):
    async def error(refresh_token: str) -> str | None:
        return (await token(grant_type="refresh_token", refresh_token=refresh_token)).json().get("error")

    first = sandbox.google.link().refresh_token
    assert sandbox.google.revoke() == 1
    assert await error(first) == "invalid_grant"

    second = sandbox.google.link().refresh_token
    sandbox.google.configure(refresh_token_lifetime=timedelta(days=7))
    assert await error(second) is None
    sandbox.advance(timedelta(days=7))
    assert await error(second) == "invalid_grant"

    sandbox.google.configure(refresh_token_lifetime=None, is_rotating=True)
    third = sandbox.google.link().refresh_token
    fourth = (await token(grant_type="refresh_token", refresh_token=third)).json()["refresh_token"]
    assert await error(third) == "invalid_grant"
    assert await error(fourth) is None


async def test_a_wrong_client_and_an_unknown_grant_type_are_told_apart(token):
    wrong = await token(grant_type="refresh_token", client_secret="guessed")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await token(grant_type="password")).json()["error"] == "unsupported_grant_type"


async def test_without_approval_the_owner_chooses_and_may_refuse(sandbox, browser, question, exchange):
    sandbox.google.configure(is_approving=False)
    sandbox.google.add_account("other@tidewheel.example")
    question["state"] = '"><script>'
    form = await browser.get("/o/oauth2/v2/auth", params=question)
    assert form.status_code == 200
    assert "<script>" not in form.text
    assert "other@tidewheel.example</option>" in form.text

    async def decide(decision: str) -> dict[str, list[str]]:
        fields = {**question, "sandbox_decision": decision, "sandbox_account": "other@tidewheel.example"}
        answer = await browser.post("/o/oauth2/v2/auth", data=fields)
        return parse_qs(urlsplit(answer.headers["location"]).query)

    assert await decide("deny") == {"error": ["access_denied"], "state": ['"><script>']}
    tokens = (await exchange((await decide("allow"))["code"][0])).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    profile = (await browser.get("/gmail/v1/users/me/profile", headers=headers)).json()
    assert (profile["emailAddress"], profile["messagesTotal"]) == ("other@tidewheel.example", 0)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "another"}, 401),
        ({"redirect_uri": "https://evil.example/callback"}, 400),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, 400),
        ({"response_type": "token"}, 400),
        ({"scope": ""}, 400),
        ({"code_challenge_method": "plain"}, 400),
        ({"login_hint": "nobody@tidewheel.example"}, 400),
    ],
)
async def test_what_cannot_be_authorised_is_a_page_and_no_redirect(browser, question, changes, status):
    answer = await browser.get("/o/oauth2/v2/auth", params={**question, **changes})
    assert answer.status_code == status
    assert "location" not in answer.headers
