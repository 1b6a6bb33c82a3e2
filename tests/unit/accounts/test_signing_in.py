"""A sign-in: what Google is asked for, and what is believed of what comes back."""

from urllib.parse import parse_qs, urlsplit

import pytest

from headrace import ConfigurationError
from headrace_crm.accounts.model import Tokens
from headrace_crm.accounts.signing_in import LinkError, SignIn, challenge
from headrace_crm.config import GoogleSettings

GOOGLE = GoogleSettings(client_id="client-id", client_secret="client-secret")


def test_the_challenge_is_that_of_rfc_7636_appendix_b():
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_google_is_asked_for_offline_access_with_state_and_challenge_and_never_told_a_secret():
    sign_in = SignIn.begin("http://127.0.0.1:1234/")
    url = sign_in.url(GOOGLE, email="ada@example.org")
    assert url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["client-id"],
        "redirect_uri": ["http://127.0.0.1:1234/"],
        "scope": ["https://www.googleapis.com/auth/gmail.readonly"],
        "state": [sign_in.state],
        "code_challenge": [challenge(sign_in.verifier)],
        "code_challenge_method": ["S256"],
        "access_type": ["offline"],
        "prompt": ["consent"],
        "login_hint": ["ada@example.org"],
    }
    assert sign_in.verifier not in url


def test_no_two_sign_ins_share_a_secret():
    begun = [SignIn.begin("http://127.0.0.1/") for _ in range(50)]
    assert len({one.state for one in begun} | {one.verifier for one in begun}) == 100
    assert all(43 <= len(one.verifier) <= 128 for one in begun)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"code": "c"}, "state"),
        ({"code": "c", "state": "another"}, "state"),
        ({"code": "c", "state": "ünlike"}, "state"),
        ({"state": "it", "error": "access_denied"}, "refused"),
        ({"state": "it"}, "unreadable"),
    ],
)
def test_an_answer_that_is_none_is_refused(answer: dict[str, str], code: str):
    sign_in = SignIn(state="it", verifier="v", redirect_uri="http://127.0.0.1/")
    with pytest.raises(LinkError) as raised:
        sign_in.code(answer)
    assert raised.value.code == code


def test_an_answer_with_the_state_gives_its_code():
    assert SignIn(state="it", verifier="v", redirect_uri="x").code({"state": "it", "code": "c"}) == "c"


def test_without_a_client_nobody_is_sent_anywhere():
    with pytest.raises(ConfigurationError, match="set HEADRACE_GOOGLE_CLIENT_SECRET"):
        SignIn.begin("http://127.0.0.1/").url(GoogleSettings(client_id="client-id"))


def test_secrets_are_not_shown():
    shown = repr([GOOGLE, SignIn(state="s3cret", verifier="s3cret", redirect_uri="x")])
    assert "client-secret" not in shown
    assert "s3cret" not in shown
    assert "s3cret" not in repr(Tokens(access="s3cret", refresh="s3cret", expires_at=None))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("url", ["http://oauth2.example.org/token", "ftp://127.0.0.1/", "127.0.0.1/token", ""])
def test_tokens_are_sent_in_clear_to_this_machine_alone(url: str):
    with pytest.raises(ConfigurationError, match="HEADRACE_GOOGLE_TOKEN_URL must be an https address"):
        GoogleSettings(token_url=url)


def test_settings_come_from_the_environment_and_what_is_empty_is_as_by_default():
    environ = {"HEADRACE_GOOGLE_CLIENT_ID": "a", "HEADRACE_GOOGLE_GMAIL_URL": "", "HEADRACE_GOOGLE_PUSH_TOPIC": "t"}
    assert GoogleSettings.from_environment(environ) == GoogleSettings(client_id="a", push_topic="t")
