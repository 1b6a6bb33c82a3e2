"""Every status a provider documents, as the sandbox answers it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from headrace_crm.enrichment.outcome import Found, Limited, Nothing, Pending, ProviderUnavailableError, Refused
from headrace_crm.enrichment.provider import Account, Accounts, Posts, Query
from headrace_crm.enrichment.providers.clearbit import Clearbit, is_signed, read_webhook
from headrace_crm.enrichment.providers.pdl import PeopleDataLabs
from headrace_crm.enrichment.providers.x import X
from headrace_crm.sandbox import Fault, KnownPerson, Sandbox
from headrace_crm.sandbox.enrichment.directory import id_of

ADA = KnownPerson(
    email="ada@example.org",
    name="Ada Byron",
    title="Miller",
    organisation="Mill",
    location="London",
    bio="Mills.",
    linkedin="ada-byron",
    x_handle="Ada_B",
    posts=((0.5, "mills"), (2, "rivers"), (3, "mills")),
)
BO = KnownPerson(email="bo@example.org", name="Bo Lind", x_handle="bo", is_protected=True, likelihood=3, is_slow=True)
ASK_ADA = Query(email="ada@example.org", name="Ada Byron")
PERSON, SOURCE, CAP = ("person", False), ("source", False), ("source", True)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    box = Sandbox(messages=0)
    box.people.add(ADA, BO)
    with box.served():
        yield box


@pytest.fixture
def x(sandbox: Sandbox) -> X:
    return X(sandbox.enrichment_settings().x)


@pytest.fixture
def pdl(sandbox: Sandbox) -> PeopleDataLabs:
    return PeopleDataLabs(sandbox.enrichment_settings().pdl)


@pytest.fixture
def clearbit(sandbox: Sandbox) -> Clearbit:
    return Clearbit(sandbox.enrichment_settings().clearbit)


def now() -> datetime:
    return datetime.now(UTC)


async def outcome_at(sandbox: Sandbox, provider: PeopleDataLabs | Clearbit, status: int):
    sandbox.faults.add(Fault(kind="error", status=status, count=1))
    answer = await provider.look_up(ASK_ADA, now=now())
    assert answer.charged == 0
    return answer.outcome


def refusal(outcome) -> tuple[str, bool]:
    assert isinstance(outcome, Refused), outcome
    assert len(outcome.reason) > 10
    return outcome.scope, outcome.is_capped


@pytest.mark.parametrize("missing_is_ok", [False, True])
async def test_x_finds_whom_it_has_and_says_none_in_either_way(sandbox: Sandbox, x: X, missing_is_ok: bool):
    sandbox.x.configure(missing_is_ok=missing_is_ok, counts_posts=missing_is_ok)
    one = await x.accounts(["ada_b"], now=now())
    account = one.outcome.found["ada_b"]
    assert (account.id, account.name, account.posts, one.charged) == (id_of("Ada_B"), "Ada Byron", 3, 10_000)
    nobody = await x.accounts(["nobody"], now=now())
    assert (nobody.outcome, nobody.charged) == (Accounts({}, frozenset({"nobody"})), 0)
    many = await x.accounts(["ada_b", "nobody", "bo"], now=now())
    assert (set(many.outcome.found), many.outcome.absent) == ({"ada_b", "bo"}, {"nobody"})
    posts = await x.posts(account, now=now())
    profile = x.profile(account, posts.outcome.posts, confidence=0.9, now=now())
    assert profile.claims["topics"].value == ("mills", "rivers")
    assert profile.claims["activity"].value == "daily"
    protected = await x.posts(many.outcome.found["bo"], now=now())
    gone = await x.posts(Account(id="1", handle="gone"), now=now())
    assert [(each.outcome, each.charged) for each in (protected, gone)] == [(Nothing(), 0)] * 2
    # What is charged here is what X says it charged.
    charged = one.charged + many.charged + posts.charged
    assert charged == sandbox.x.users_charged * 10_000 + sandbox.x.posts_charged * 5_000


@pytest.mark.parametrize(("status", "expected"), [(400, PERSON), (401, SOURCE), (403, SOURCE), (402, CAP)])
async def test_x_refuses(sandbox: Sandbox, x: X, status: int, expected):
    sandbox.faults.add(Fault(kind="error", status=status, route="x.*"))
    for answer in (
        await x.accounts(["ada_b"], now=now()),
        await x.accounts(["ada_b", "bo"], now=now()),
        await x.posts(Account(id=id_of("Ada_B"), handle="ada_b"), now=now()),
    ):
        assert refusal(answer.outcome) == expected


async def test_x_refuses_a_wrong_token_and_what_is_beyond_its_cap(sandbox: Sandbox, x: X):
    sandbox.x.configure(is_capped=True, problem_host="api.twitter.com")
    assert refusal((await x.accounts(["ada_b"], now=now())).outcome) == CAP
    wrong = X(replace(sandbox.enrichment_settings().x, token="another"))
    assert refusal((await wrong.accounts(["ada_b"], now=now())).outcome) == SOURCE


async def test_x_limits_each_of_its_routes_for_itself_until_the_window_ends(sandbox: Sandbox, x: X):
    sandbox.x.configure(user_lookups=2, batch_lookups=1, post_reads=1)
    first = await x.accounts(["ada_b"], now=now())
    assert first.resting_until is None
    last = await x.accounts(["ada_b"], now=now())
    assert timedelta(minutes=14) < last.resting_until - now() <= timedelta(minutes=15, seconds=1)
    limited = (await x.accounts(["ada_b"], now=now())).outcome
    assert isinstance(limited, Limited)
    assert timedelta(minutes=14) < limited.until - now() <= timedelta(minutes=15, seconds=1)
    account = last.outcome.found["ada_b"]
    assert isinstance((await x.posts(account, now=now())).outcome, Posts)
    assert isinstance((await x.posts(account, now=now())).outcome, Limited)
    sandbox.advance(timedelta(minutes=15))
    assert isinstance((await x.accounts(["ada_b"], now=now())).outcome, Accounts)
    assert sandbox.counters.answers(429) == 2


async def test_people_data_labs_find_by_address_or_profile_and_only_who_is_likely_enough(sandbox: Sandbox, pdl):
    found = await pdl.look_up(ASK_ADA, now=now())
    assert found.outcome.profile.claims["organisation"].value == "Mill"
    assert found.outcome.profile.claims["linkedin_url"].confidence == 0.9
    assert found.charged == 280_000
    by_profile = await pdl.look_up(Query(email="else@example.org", name="", linkedin="ada-byron"), now=now())
    assert isinstance(by_profile.outcome, Found)
    for email in ("nobody@example.org", "bo@example.org"):
        none = await pdl.look_up(Query(email=email, name=""), now=now())
        assert (none.outcome, none.charged) == (Nothing(), 0)
    assert sandbox.pdl.matches_charged == 2


@pytest.mark.parametrize(
    ("status", "expected"), [(400, PERSON), (401, SOURCE), (402, CAP), (403, SOURCE), (422, PERSON)]
)
async def test_people_data_labs_refuse(sandbox: Sandbox, pdl, status: int, expected):
    assert refusal(await outcome_at(sandbox, pdl, status)) == expected
    assert isinstance((await pdl.look_up(ASK_ADA, now=now())).outcome, Found)
    if status == 402:
        sandbox.pdl.configure(credits=1)
        assert refusal((await pdl.look_up(ASK_ADA, now=now())).outcome) == CAP
    if status == 401:
        sandbox.pdl.configure(api_key="another")
        assert refusal((await pdl.look_up(ASK_ADA, now=now())).outcome) == SOURCE


async def test_people_data_labs_limit_by_the_minute(sandbox: Sandbox, pdl):
    sandbox.pdl.configure(per_minute=2)
    assert (await pdl.look_up(ASK_ADA, now=now())).resting_until is None
    last = await pdl.look_up(ASK_ADA, now=now())
    assert timedelta(seconds=55) < last.resting_until - now() <= timedelta(seconds=61)
    limited = (await pdl.look_up(ASK_ADA, now=now())).outcome
    assert isinstance(limited, Limited)
    assert timedelta(seconds=50) < limited.until - now() <= timedelta(seconds=61)
    sandbox.advance(timedelta(minutes=1))
    assert isinstance((await pdl.look_up(ASK_ADA, now=now())).outcome, Found)


async def test_clearbit_finds_looks_or_knows_nobody(sandbox: Sandbox, clearbit):
    found = await clearbit.look_up(ASK_ADA, now=now())
    assert found.outcome.profile.claims["title"].value == "Miller"
    assert {handle.handle for handle in found.outcome.profile.handles} == {"ada-byron", "ada_b"}
    slow = Query(email="bo@example.org", name="Bo Lind", token="t1")
    pending = await clearbit.look_up(slow, now=now())
    assert isinstance(pending.outcome, Pending)
    assert isinstance((await clearbit.look_up(slow, now=now())).outcome, Found)
    none = await clearbit.look_up(Query(email="nobody@example.org", name=""), now=now())
    assert isinstance(none.outcome, Nothing)
    assert {found.charged, pending.charged, none.charged} == {100_000}
    (webhook,) = sandbox.clearbit.webhooks
    headers = {name.lower(): value for name, value in webhook.headers.items()}
    assert is_signed(webhook.body, headers, api_key=sandbox.clearbit.rules.api_key)
    token, outcome = read_webhook(webhook.body)
    assert (token, outcome.profile.claims["name"].value) == ("t1", "Bo Lind")


@pytest.mark.parametrize(
    ("status", "expected"), [(400, PERSON), (401, SOURCE), (402, CAP), (403, SOURCE), (422, PERSON)]
)
async def test_clearbit_refuses(sandbox: Sandbox, clearbit, status: int, expected):
    assert refusal(await outcome_at(sandbox, clearbit, status)) == expected
    if status == 422:
        answer = await clearbit.look_up(Query(email="root@localhost", name=""), now=now())
        assert refusal(answer.outcome) == PERSON


async def test_clearbit_limits_by_the_minute(sandbox: Sandbox, clearbit):
    sandbox.clearbit.configure(per_minute=1)
    assert (await clearbit.look_up(ASK_ADA, now=now())).resting_until is not None
    limited = (await clearbit.look_up(ASK_ADA, now=now())).outcome
    assert isinstance(limited, Limited)
    assert timedelta(seconds=50) < limited.until - now() <= timedelta(seconds=61)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_provider_that_fails_is_asked_later(sandbox: Sandbox, x, pdl, clearbit, status: int):
    sandbox.faults.add(Fault(kind="error", status=status))
    for call in (
        x.accounts(["ada_b"], now=now()),
        pdl.look_up(ASK_ADA, now=now()),
        clearbit.look_up(ASK_ADA, now=now()),
    ):
        with pytest.raises(ProviderUnavailableError) as raised:
            await call
        assert not raised.value.is_billed


async def test_an_answer_that_is_cut_may_have_been_charged(sandbox: Sandbox, pdl):
    sandbox.faults.add(Fault(kind="cut", count=1))
    with pytest.raises(ProviderUnavailableError) as raised:
        await pdl.look_up(ASK_ADA, now=now())
    assert raised.value.is_billed
    assert sandbox.pdl.matches_charged == 1
