from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import ConfigurationError, Context, InvalidArgsError, Job, Limit, Rate, bind
from headrace.jobs.enqueue import prepare
from headrace.jobs.limit import LONGEST_KEY, require_limit_key, rule_name
from headrace.jobs.registry import Registry, describe

CONTEXT = Context(tenant_id="acme", user_id="7")


@pytest.mark.parametrize(
    ("key", "args", "expected"),
    [
        ("", '{"user_id": 42}', "gmail"),
        ("{user_id}", '{"user_id": 42}', "gmail:42"),
        ("{user_id}", '{"user_id": "a b"}', "gmail:a b"),
        ("{user_id}", "null", "gmail:7"),
        ("{user_id}", "[1]", "gmail:7"),
        ("{tenant_id}/{box}", '{"box": true}', "gmail:acme/true"),
        ("all", "3", "gmail:all"),
        ("{box}", '{"box": "{user_id}"}', "gmail:{user_id}"),
    ],
)
def test_a_key_is_made_of_the_args_then_of_the_context(key, args, expected):
    assert Limit("gmail", key=key).key_of(args, CONTEXT) == expected


@pytest.mark.parametrize("args", ["{}", '{"box": null}', '{"box": 1.5}', '{"box": [1]}', '{"box": "\\n"}'])
def test_a_key_without_a_plain_value_is_refused_when_the_job_is_enqueued(args):
    kind = describe("any", None, job_type=Job, limit=Limit("gmail", key="{box}"))
    with pytest.raises(InvalidArgsError, match="limit key"):
        prepare(kind, msgspec.json.decode(args))


async def test_a_key_is_the_same_in_sql_as_in_python(connection):
    cases = ['{"box": "a{b}"}', '{"box": -12}', '{"box": false}', '{"box": "ü"}', '{"box": 12345678901234567}']
    limit = Limit("gmail", key="{tenant_id}.{box}-{user_id}")
    for args in cases:
        found = await connection.fetchval(
            "SELECT headrace.limit_key_of($1, $2::text::jsonb, 'acme', '7')", limit.template, args
        )
        assert found == limit.key_of(args, CONTEXT)


@pytest.mark.parametrize("key", ["gmail", "gmail:42", "g.m_a-il:a:b c", "a:" + "x" * (LONGEST_KEY - 2)])
def test_keys_that_may_be_given(key):
    assert require_limit_key(key) == key


@pytest.mark.parametrize(
    "key", ["", ":42", "@default", "a b:1", "a:\n", "a:\x7f", "a:\ud800", "a:" + "x" * LONGEST_KEY]
)
def test_keys_that_may_not(key):
    with pytest.raises(ConfigurationError, match="gmail:42"):
        require_limit_key(key)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=50))
def test_the_rule_of_a_key_is_what_stands_before_the_first_colon(rest):
    assert rule_name(require_limit_key(f"gmail:{rest}")) == "gmail"


@pytest.mark.parametrize(
    "options",
    [
        {"name": "@queue"},
        {"name": "a:b"},
        {"name": ""},
        {"key": "{user.id}"},
        {"key": "{"},
        {"concurrency": 0},
        {"weight": 0},
        {"weight": 11, "rate": Rate(10)},
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(options):
    with pytest.raises(ConfigurationError):
        Limit(**{"name": "gmail", **options})


@pytest.mark.parametrize(
    "options", [{"count": 0}, {"per": timedelta(0)}, {"burst": -1}, {"per": timedelta(days=40_000)}]
)
def test_a_rate_that_cannot_be_meant_is_refused(options):
    with pytest.raises(ConfigurationError):
        Rate(**{"count": 1, **options})


def test_a_bucket_keeps_what_comes_in_one_period_unless_told_otherwise():
    assert Rate(250) == Rate(250, per=timedelta(seconds=1), burst=250)


def test_a_job_may_be_given_another_key_and_weight():
    kind = describe("any", None, job_type=Job, limit=Limit("gmail", key="{user_id}", rate=Rate(10), weight=3))
    with bind(user_id="7"):
        assert (prepare(kind, None).limit_key, prepare(kind, None).weight) == ("gmail:7", 3)
        job = prepare(kind, None, limit_key="other:1", weight=20)
        assert (job.limit_key, job.weight) == ("other:1", 20)
        with pytest.raises(ConfigurationError, match="weight must be 1 to 10"):
            prepare(kind, None, weight=11)


def test_a_kind_without_a_limit_has_neither_key_nor_cost():
    job = prepare(describe("any", None, job_type=Job), None)
    assert (job.limit_key, job.weight) == (None, 1)


def test_kinds_share_a_limit_that_differs_in_weight_alone():
    registry = Registry()
    limit = Limit("gmail", concurrency=2)
    registry.add(describe("a", None, job_type=Job, limit=limit))
    registry.add(describe("b", None, job_type=Job, limit=replace(limit, weight=5)))
    registry.limit_queue("mail", concurrency=3, rate=None)
    assert [rule.name for rule in registry.rules()] == ["@mail", "gmail"]
    with pytest.raises(ConfigurationError, match="declared twice"):
        registry.add(describe("c", None, job_type=Job, limit=replace(limit, concurrency=3)))
    with pytest.raises(ConfigurationError, match="declared twice"):
        registry.limit_queue("mail", concurrency=4, rate=None)
    with pytest.raises(ConfigurationError, match="allows anything"):
        registry.limit_queue("other", concurrency=None, rate=None)
