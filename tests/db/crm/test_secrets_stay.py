"""Secrets are planted everywhere they go, and looked for everywhere they must not be."""

import base64
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from fix_accounts import AccountsBench
from fix_apps import AT_ONCE, eventually
from headrace import KeyRing
from headrace.keyring import new_key
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.linking import finish_sign_in
from headrace_crm.accounts.rotation import rotate_keys
from headrace_crm.accounts.signing_in import SignIn
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.mail.owners import claim_owner

NAMES = ("client-secret", "code-canary", "access-canary", "access-second", "refresh-canary", "refresh-second")


class ReadMail(msgspec.Struct, frozen=True):
    account_id: UUID


class Everything(logging.Handler):
    """Every line any logger writes, with its traceback, but those of the scripted Google itself."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "werkzeug":
            self.lines.append(self.format(record))


@pytest.fixture
def heard() -> Iterator[list[str]]:
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(0)
    yield handler.lines
    root.setLevel(level)
    root.removeHandler(handler)


async def dump(accounts: AccountsBench) -> str:
    """Every row of every table of the database as text."""
    tables = await accounts.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    rows = [await accounts.rows(f"SELECT row::text FROM {name} AS row") for (name,) in tables]
    return "\n".join(row for found in rows for (row,) in found)


def found_in(text: str, secrets: dict[str, str]) -> list[str]:
    """The secrets that are in a text as they are, in hexadecimal (as bytes are dumped), or in base64."""
    folded = text.lower()
    return [
        name
        for name, secret in secrets.items()
        if secret in text
        or secret.encode().hex() in folded
        or any(base64.b64encode(b"x" * shift + secret.encode()).decode()[4:-4] in text for shift in range(3))
    ]


async def test_no_secret_is_in_logs_jobs_events_tracebacks_or_the_database(
    accounts: AccountsBench, heard: list[str], secret_keys: str, monkeypatch: pytest.MonkeyPatch
):
    app, server = accounts.app, accounts.server
    keys = {"key": secret_keys, "new-key": new_key()}
    secrets = {name: f"{name}-5b1f93c2d7" for name in NAMES} | keys
    told: list[str] = []

    def note(error: BaseException) -> None:
        told.extend([repr(error), str(error), *traceback.format_exception(error)])

    # Linked, with Google failing in every way first.
    sign_in = SignIn.begin("http://127.0.0.1:1/")
    secrets |= {"state": sign_in.state, "verifier": sign_in.verifier}
    accounts.google = replace(accounts.google, client_secret=secrets["client-secret"])
    for answer in [
        {"error": "invalid_grant", "error_description": "Malformed auth code."},
        {"access_token": {"not": secrets["access-canary"]}},
        {"access_token": secrets["access-canary"], "scope": "openid"},
    ]:
        server.expect_oneshot_request("/token").respond_with_json(answer, status=400 if "error" in answer else 200)
        with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, it must not tell
            await finish_sign_in(app, accounts.google, sign_in, secrets["code-canary"], claim_owner=claim_owner)
        note(raised.value)
    accounts.answer_code("ada@example.org", access=secrets["access-canary"], refresh_token=secrets["refresh-canary"])
    ada = (await finish_sign_in(app, accounts.google, sign_in, secrets["code-canary"], claim_owner=claim_owner)).id

    # Refreshed by a job whose first attempts fail, with a new refresh token.
    tokens = AccessTokens(app, accounts.google)
    server.expect_oneshot_request("/token").respond_with_data(f"<p>{secrets['refresh-canary']}</p>", status=500)
    server.expect_oneshot_request("/token").respond_with_data(secrets["refresh-canary"])
    accounts.answer_refresh(secrets["access-second"], refresh_token=secrets["refresh-second"])

    @app.job("reads-mail", max_attempts=5, retry=AT_ONCE)
    async def reads_mail(args: ReadMail) -> None:
        await tokens.access_token(args.account_id, refused=secrets["access-canary"])

    job = await app.enqueue("reads-mail", ReadMail(ada))
    async with app.process():
        await eventually(
            lambda: accounts.rows("SELECT 1 FROM headrace.outcome WHERE job_id = $1 AND state = 'completed'", job.id)
        )
    failures = await accounts.rows("SELECT error::text FROM headrace.failure WHERE job_id = $1", job.id)
    assert len(failures) == 2
    assert all("OAuthError" in text for (text,) in failures)

    # Keys that do not fit, a rotation, and an unlinking that fails once.
    monkeypatch.setattr(app, "_secret_keys", KeyRing.from_text(keys["new-key"]))
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await tokens.access_token(ada)
    note(raised.value)
    monkeypatch.setattr(app, "_secret_keys", KeyRing.from_text(f"{keys['new-key']},{keys['key']}"))
    await rotate_keys(app)
    dumped = await dump(accounts)
    server.expect_oneshot_request("/revoke").respond_with_data(f"cannot {secrets['refresh-second']}", status=500)
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await unlink(app, accounts.google, ada, by="ada")
    note(raised.value)
    server.expect_oneshot_request("/revoke", data=f"token={secrets['refresh-second']}").respond_with_json({})
    await unlink(app, accounts.google, ada, by="ada")

    assert {"account.linked", "account.token_refreshed", "account.unlinked"} == set(await accounts.events())
    places = {
        "logs": "\n".join(heard),
        "errors": "\n".join(told),
        "records": repr(accounts.records),
        "settings": repr([accounts.google, sign_in, app]),
        "the database while linked": dumped,
        "the database afterwards": await dump(accounts),
    }
    assert "httpcore" in places["logs"]
    assert "ada@example.org" in dumped
    assert {name: found for name, text in places.items() if (found := found_in(text, secrets))} == {}


def test_a_secret_is_found_in_every_form():
    secret = {"it": "refresh-canary-5b1f93c2d7"}
    for prefix in ("", "x", "xy"):
        assert found_in(base64.b64encode(f"{prefix}{secret['it']}--".encode()).decode(), secret) == ["it"]
    assert found_in("\\x00" + secret["it"].encode().hex(), secret) == ["it"]
    assert found_in(f"token={secret['it']}&", secret) == ["it"]
    assert found_in("nothing", secret) == []
