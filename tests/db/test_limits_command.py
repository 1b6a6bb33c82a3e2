"""`headrace limits` on a real database, through the command as it is installed."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from fix_database import ask
from headrace import Limit, Rate
from headrace.cli.root import app as command
from headrace.jobs.limit import Rule
from headrace.jobs.limit_rules import declare_rules, list_rules, set_rule, unset_rule

Call = Callable[..., Result]


@pytest.fixture
def call(database: str) -> Call:
    """Runs `headrace limits ...`."""

    def call(*words: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(command, ["--database", database, "limits", *words])
        assert result.exit_code == exit_code, result.output
        return result

    return call


def told(result: Result) -> dict | list:
    return json.loads(result.stdout)


def test_a_limit_is_set_listed_and_unset(call: Call):
    made = told(call("set", "gmail", "--concurrency", "2", "--rate", "250", "--per", "15m", "--by", "maria", "--json"))
    assert (made["concurrency"], made["rate"], made["per_seconds"], made["burst"]) == (2, 250, 900, 250)
    assert (made["edited_by"], made["declared"]) == ("maria", None)
    call("set", "@imports", "--concurrency", "0")
    assert [one["name"] for one in told(call("list", "--json"))] == ["@imports", "gmail"]
    listed = call("list").stdout
    assert "250 per 0:15:00, 250 at once" in listed
    assert "maria" in listed
    assert told(call("unset", "gmail", "--json")) == {"name": "gmail", "is_removed": True}
    assert "no longer in force" in call("unset", "@imports").stdout
    assert told(call("list", "--json")) == []


def test_it_shows_who_holds_the_slots_of_each_key(call: Call, database: str):
    call("set", "gmail", "--concurrency", "2", "--rate", "10", "--burst", "20")
    held = ask(
        database,
        """
        WITH new AS (
            INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, state, worker_id, claimed_at, limit_key)
            VALUES (headrace.uuid7(), 'default', 'any', 2, now(), 'processing', 7, now(), 'gmail:1') RETURNING job_id
        ), taken AS (
            INSERT INTO headrace.limit_key (key, taken, tokens, used_at)
            VALUES ('gmail:1', 1, 5, now() + interval '1 day'), ('gmail:2', 0, NULL, now()),
                   ('gmailx:1', 1, NULL, now())
        )
        SELECT job_id::text FROM new
        """,
    )
    shown = told(call("show", "gmail", "--json"))
    assert shown[0] == {
        "key": "gmail:1",
        "held": 1,
        "concurrency": 2,
        "tokens": 5,
        "burst": 20,
        "holders": [{"job_id": held, "worker_id": 7}],
    }
    assert [(one["key"], one["tokens"], one["holders"]) for one in shown[1:]] == [("gmail:2", 20, [])]
    assert f"{held} on worker 7" in call("show", "gmail").stdout


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (["show", "nothing"], 3),
        (["unset", "nothing"], 3),
        (["set", "gmail"], 2),
        (["set", "gm ail", "--concurrency", "1"], 2),
        (["set", "@im ports", "--concurrency", "1"], 2),
        (["set", "gmail", "--concurrency", "1", "--burst", "3"], 2),
        (["set", "gmail", "--rate", "1", "--per", "soon"], 2),
    ],
)
def test_what_cannot_be_done_is_said(call: Call, words: list[str], exit_code: int):
    call(*words, exit_code=exit_code)


async def test_an_edit_holds_against_the_code_until_it_is_unset(connection):
    declared = Limit("gmail", concurrency=2, rate=Rate(5)).rule
    await declare_rules(connection, [declared], app="mailer")
    edited = Rule("gmail", 7)
    await set_rule(connection, edited, by="maria")
    await declare_rules(connection, [Rule("gmail", 3)], app="mailer")
    (stored,) = await list_rules(connection)
    assert (stored.rule, stored.declared, stored.edited_by) == (edited, Rule("gmail", 3), "maria")
    back = await unset_rule(connection, "gmail", by="ada")
    assert back is not None
    assert (back.rule, back.edited_by, back.edited_at) == (Rule("gmail", 3), None, None)


async def test_what_an_app_declares_no_longer_goes_unless_it_was_edited(connection):
    await declare_rules(connection, [Rule("a", 1), Rule("b", 1), Rule("@q", 1)], app="mailer")
    await declare_rules(connection, [Rule("other", 1)], app="another")
    await set_rule(connection, Rule("b", 5), by="maria")
    await declare_rules(connection, [], app="mailer")
    assert [(one.rule.name, one.declared) for one in await list_rules(connection)] == [
        ("b", None),
        ("other", Rule("other", 1)),
    ]
    assert await unset_rule(connection, "b", by="ada") is None
