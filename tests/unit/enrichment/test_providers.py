"""How answers are read, beyond what the sandbox answers: other spellings, broken bodies, connections that end."""

import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from headrace import ConfigurationError
from headrace_crm.config.enrichment import ClearbitSettings, EnrichmentSettings, PdlSettings, XSettings
from headrace_crm.enrichment.outcome import Found, Limited, Nothing, Pending, ProviderUnavailableError, Refused
from headrace_crm.enrichment.profile import Claim, Handle
from headrace_crm.enrichment.provider import Account, Post, Query
from headrace_crm.enrichment.providers.clearbit import Clearbit, is_signed, read_webhook
from headrace_crm.enrichment.providers.pdl import PeopleDataLabs
from headrace_crm.enrichment.providers.x import X
from headrace_crm.enrichment.providers.x_document import activity, frequent_topics

NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
ADA = Query(email="ada@example.org", name="Ada Byron", linkedin="ada-byron", token="t1")


@pytest.fixture
def x(httpserver: HTTPServer) -> X:
    return X(XSettings(token="bearer", url=httpserver.url_for(""), posts=5))


@pytest.fixture
def pdl(httpserver: HTTPServer) -> PeopleDataLabs:
    return PeopleDataLabs(PdlSettings(api_key="key", url=httpserver.url_for("")))


@pytest.fixture
def clearbit(httpserver: HTTPServer) -> Clearbit:
    return Clearbit(ClearbitSettings(enabled=True, api_key="sk_key", url=httpserver.url_for("")))


@pytest.mark.parametrize("counted", ["post_count", "tweet_count"])
async def test_counts_of_x_are_read_in_both_spellings_and_nothing_is_kept_that_cannot_be_stored(
    httpserver: HTTPServer, x: X, counted: str
):
    user = {"id": "7", "username": "Ada_B", "name": "A\0da", "public_metrics": {counted: 12, "followers_count": 3}}
    httpserver.expect_request(
        "/2/users/by/username/ada_b", headers={"Authorization": "Bearer bearer"}
    ).respond_with_json({"data": user})
    answer = await x.accounts(["Ada_B"], now=NOW)
    assert answer.outcome.found["ada_b"] == Account(id="7", handle="ada_b", name="Ada", posts=12, followers=3)
    assert answer.charged == 10_000


async def test_a_batch_tells_who_is_there_and_who_is_not_and_costs_what_came(httpserver: HTTPServer, x: X):
    def answer(request) -> Response:
        assert request.args["usernames"] == "ada_b,bo,gone"
        body = {
            "data": [{"id": "7", "username": "Ada_B"}, {"id": "8", "username": "bo"}],
            "errors": [{"type": "https://api.twitter.com/2/problems/resource-not-found", "value": "gone"}],
        }
        headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(NOW.timestamp()) + 90)}
        return Response(json.dumps(body), headers=headers)

    httpserver.expect_request("/2/users/by").respond_with_handler(answer)
    found = await x.accounts(["ada_b", "bo", "Ada_B", "gone"], now=NOW)
    assert set(found.outcome.found) == {"ada_b", "bo"}
    assert found.outcome.absent == {"gone"}
    assert found.charged == 20_000
    assert found.resting_until == NOW + timedelta(seconds=90)


async def test_errors_without_data_are_nobody_and_cost_nothing(httpserver: HTTPServer, x: X):
    problem = {"type": "https://api.x.com/2/problems/resource-not-found", "title": "Not Found Error", "detail": "no"}
    httpserver.expect_request("/2/users/by/username/gone").respond_with_json({"errors": [problem]})
    httpserver.expect_request("/2/users/7/tweets").respond_with_json({"errors": [problem]})
    answer = await x.accounts(["gone"], now=NOW)
    assert (answer.outcome.absent, answer.charged) == ({"gone"}, 0)
    answer = await x.posts(Account(id="7", handle="a"), now=NOW)
    assert (answer.outcome, answer.charged) == (Nothing(), 0)


@pytest.mark.parametrize("host", ["api.x.com", "api.twitter.com"])
@pytest.mark.parametrize("status", [403, 429])
async def test_a_cap_at_x_is_no_rate_limit_whatever_host_names_the_problem(httpserver, x: X, status: int, host: str):
    body = {"type": f"https://{host}/2/problems/usage-capped", "title": "UsageCapExceeded", "detail": "Monthly"}
    httpserver.expect_request("/2/users/by/username/ada").respond_with_json(
        body, status=status, content_type="application/problem+json"
    )
    refused = (await x.accounts(["ada"], now=NOW)).outcome
    assert isinstance(refused, Refused)
    assert (refused.scope, refused.is_capped) == ("source", True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) + 600)}, timedelta(minutes=10)),
        ({"retry-after": "30", "x-rate-limit-reset": str(int(NOW.timestamp()) + 10)}, timedelta(seconds=30)),
        ({"x-rate-limit-reset": "2031-05-01T12:07:00Z"}, timedelta(minutes=7)),
        ({"retry-after": "Thu, 01 May 2031 12:05:00 GMT"}, timedelta(minutes=5)),
        ({"x-rate-limit-reset": "soon"}, timedelta(minutes=1)),
        ({}, timedelta(minutes=1)),
        ({"retry-after": "99999999"}, timedelta(days=1)),
    ],
)
async def test_a_limit_says_when_it_ends_and_a_minute_is_taken_where_it_does_not(httpserver, x: X, headers, wait):
    httpserver.expect_request("/2/users/by/username/ada").respond_with_data("<html>", status=429, headers=headers)
    limited = (await x.accounts(["ada"], now=NOW)).outcome
    assert isinstance(limited, Limited)
    assert limited.until == NOW + wait


async def test_posts_make_topics_activity_and_the_day_somebody_was_last_seen(httpserver: HTTPServer, x: X):
    posts = [
        {
            "id": "1",
            "text": "#Mills",
            "created_at": "2031-04-30T12:00:00.000Z",
            "entities": {"hashtags": [{"tag": "Mills", "start": 0, "end": 6}]},
            "context_annotations": [{"domain": {"name": "Topic"}, "entity": {"name": "Rivers"}}],
        },
        {
            "id": "2",
            "text": "#mills",
            "created_at": "2031-04-20T12:00:00Z",
            "entities": {"hashtags": [{"tag": "mills"}]},
        },
    ]

    def answer(request) -> Response:
        assert dict(request.args) == {
            "max_results": "5",
            "exclude": "replies,retweets",
            "tweet.fields": "context_annotations,created_at,entities,public_metrics",
        }
        return Response(json.dumps({"data": posts, "meta": {"result_count": 2}}))

    httpserver.expect_request("/2/users/7/tweets").respond_with_handler(answer)
    account = Account(id="7", handle="ada_b", name="Ada Byron", bio="Mills.", followers=3)
    found = await x.posts(account, now=NOW)
    assert found.charged == 10_000
    profile = x.profile(account, found.outcome.posts, confidence=0.9, now=NOW)
    assert {name: claim.value for name, claim in profile.claims.items()} == {
        "name": "Ada Byron",
        "bio": "Mills.",
        "x_handle": "ada_b",
        "followers": 3,
        "topics": ("Mills", "Rivers"),
        "activity": "weekly",
        "last_active_at": "2031-04-30T12:00:00+00:00",
    }
    assert {claim.confidence for claim in profile.claims.values()} == {0.9}


@pytest.mark.parametrize(
    ("days_ago", "word"),
    [([0, 1, 2], "daily"), ([1, 9, 20], "weekly"), ([20, 60], "monthly"), ([100], "rarely"), ([200, 201], "dormant")],
)
def test_activity_is_how_far_the_newest_posts_lie_apart(days_ago, word):
    assert activity([Post(created_at=NOW - timedelta(days=days)) for days in days_ago], NOW) == word


def test_a_topic_counts_once_a_post():
    posts = [Post(topics=("Mills", "mills")), Post(topics=("Rivers",)), Post(topics=("rivers",)), Post()]
    assert frequent_topics(posts) == ("Rivers", "Mills")
    assert activity([Post()], NOW) is None


async def test_people_data_labs_is_asked_by_address_and_link(httpserver: HTTPServer, pdl: PeopleDataLabs):
    def answer(request) -> Response:
        assert request.headers["X-Api-Key"] == "key"
        assert request.args["email"] == "ada@example.org"
        assert request.args["profile"] == "linkedin.com/in/ada-byron"
        assert request.args["min_likelihood"] == "6"
        person = {
            "full_name": "Ada Byron",
            "job_title": "Miller",
            "job_company_name": "Mill",
            "location_name": True,
            "linkedin_url": "linkedin.com/in/ada-byron",
            "twitter_username": "ada_b",
            "skills": ["mills", "rivers"],
            "work_email": "Ada@Mill.example",
            "personal_emails": True,
            "emails": [{"address": "ada@example.org", "type": "personal"}, {"address": "ada@mill.example"}, "no"],
        }
        return Response(json.dumps({"status": 200, "likelihood": 8, "data": person}))

    httpserver.expect_request("/v5/person/enrich").respond_with_handler(answer)
    found = await pdl.look_up(ADA, now=NOW)
    assert isinstance(found.outcome, Found)
    assert found.charged == 280_000
    claims = found.outcome.profile.claims
    assert claims["title"] == Claim("Miller", 0.8)
    assert claims["linkedin_url"] == Claim("https://www.linkedin.com/in/ada-byron", 0.8)
    assert claims["other_emails"] == Claim(("ada@mill.example",), 0.8)
    assert "location" not in claims
    assert found.outcome.profile.handles == (
        Handle("linkedin", "ada-byron", 0.8, "pdl"),
        Handle("x", "ada_b", 0.76, "pdl"),
    )


async def test_clearbit_is_told_where_its_webhook_belongs(httpserver: HTTPServer):
    settings = ClearbitSettings(
        enabled=True,
        api_key="sk_key",
        url=httpserver.url_for("").rstrip("/"),
        webhook_url="https://crm.example.org/hook",
    )

    def answer(request) -> Response:
        assert (request.authorization.username, request.authorization.password) == ("sk_key", "")
        assert request.args["webhook_id"] == "t1"
        assert request.args["webhook_url"] == "https://crm.example.org/hook"
        return Response("", status=202)

    httpserver.expect_request("/v2/combined/find").respond_with_handler(answer)
    pending = await Clearbit(settings).look_up(ADA, now=NOW)
    assert isinstance(pending.outcome, Pending)
    assert pending.charged == 100_000


@pytest.mark.parametrize("status", [500, 503, 418])
async def test_a_failure_told_in_full_is_raised_and_costs_nothing(httpserver, x: X, pdl, clearbit, status: int):
    httpserver.expect_request("/2/users/by/username/ada").respond_with_data("oh", status=status)
    httpserver.expect_request("/v5/person/enrich").respond_with_data("oh", status=status)
    httpserver.expect_request("/v2/combined/find").respond_with_data("oh", status=status)
    for call in (x.accounts(["ada"], now=NOW), pdl.look_up(ADA, now=NOW), clearbit.look_up(ADA, now=NOW)):
        with pytest.raises(ProviderUnavailableError) as raised:
            await call
        assert not raised.value.is_billed


async def test_an_answer_that_cannot_be_read_may_have_cost_what_it_would_have(httpserver: HTTPServer, pdl):
    httpserver.expect_request("/v5/person/enrich").respond_with_data('{"data":', status=200)
    with pytest.raises(ProviderUnavailableError, match="cannot be read") as raised:
        await pdl.look_up(ADA, now=NOW)
    assert raised.value.is_billed


async def test_where_nobody_listens_nothing_was_asked():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = PeopleDataLabs(PdlSettings(api_key="key", url=f"http://127.0.0.1:{free.getsockname()[1]}"))
        with pytest.raises(ProviderUnavailableError, match="ConnectError") as raised:
            await nobody.look_up(ADA, now=NOW)
    assert not raised.value.is_billed
    assert "key" not in str(raised.value)


def signed(body: bytes, key: bytes) -> dict[str, str]:
    return {"x-request-signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest()}


def test_a_webhook_is_signed_with_the_key_without_its_prefix():
    body = b'{"id": "t1"}'
    assert is_signed(body, signed(body, b"key"), api_key="sk_key")
    assert not is_signed(body + b" ", signed(body, b"key"), api_key="sk_key")
    assert not is_signed(body, signed(body, b"sk_key"), api_key="sk_key")
    assert not is_signed(body, {}, api_key="sk_key")
    assert not is_signed(body, signed(body, b""), api_key="")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("person", {"name": {"fullName": "Ada Byron"}, "employment": {"title": "Miller", "name": "Mill"}}),
        (
            "person_company",
            {
                "person": {"name": {"fullName": "Ada Byron"}, "employment": {"title": "Miller"}},
                "company": {"name": "Mill"},
            },
        ),
    ],
)
def test_a_webhook_of_either_type_is_read(kind, body):
    token, outcome = read_webhook(json.dumps({"id": "t1", "type": kind, "status": 200, "body": body}).encode())
    assert token == "t1"
    assert {name: claim.value for name, claim in outcome.profile.claims.items()} == {
        "name": "Ada Byron",
        "title": "Miller",
        "organisation": "Mill",
    }


def test_a_webhook_that_found_nobody_says_so_and_one_that_is_none_is_told():
    assert read_webhook(b'{"id": "t1", "type": "person", "status": 404, "body": null}') == ("t1", Nothing())
    company = b'{"id": "t1", "status": 200, "body": {"person": null, "company": {"name": "Mill"}}}'
    assert read_webhook(company) == ("t1", Nothing())
    assert read_webhook(b"[]") is None
    assert read_webhook(b'{"id": "t1", "status": 200, "body": {"person": {"name": 7}}}') is None


def test_without_keys_nothing_is_on_and_a_key_alone_does_not_turn_clearbit_on():
    off = EnrichmentSettings.from_environment({"HEADRACE_CLEARBIT_API_KEY": "sk_key", "HEADRACE_X_TOKEN": " "})
    assert [part.is_on for part in (off.x, off.pdl, off.clearbit)] == [False] * 3
    on = EnrichmentSettings.from_environment(
        {"HEADRACE_CLEARBIT_API_KEY": "sk_key", "HEADRACE_CLEARBIT_ENABLED": "yes", "HEADRACE_X_CAP_DAY": "2.50"}
    )
    assert on.clearbit.is_on
    assert on.x.cap_day == Decimal("2.50")
    assert "sk_key" not in repr(on)


@pytest.mark.parametrize(
    "variables",
    [
        {"HEADRACE_X_POSTS": "4"},
        {"HEADRACE_X_CAP_DAY": "-1"},
        {"HEADRACE_X_CAP_DAY": "NaN"},
        {"HEADRACE_X_USER_PRICE": "cheap"},
        {"HEADRACE_PDL_URL": "http://people.example.org"},
        {"HEADRACE_PDL_MIN_LIKELIHOOD": "11"},
        {"HEADRACE_PDL_PER_MINUTE": "9"},
        {"HEADRACE_CLEARBIT_ENABLED": "perhaps"},
        {"HEADRACE_ENRICHMENT_REFRESH_DAYS": "0"},
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_by_its_name(variables: dict[str, str]):
    with pytest.raises(ConfigurationError, match=next(iter(variables))):
        EnrichmentSettings.from_environment(variables)
