"""The rules of limits as they are stored: declared by code, edited at run time. Takes a connection, never commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import LimitNotFoundError
from headrace.jobs.limit import Rate, Rule
from headrace.jobs.operation import record_operation

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule in force. `declared` is what the code of `app` says, if anything; an edit holds until it is unset."""

    rule: Rule
    app: str | None
    declared: Rule | None
    edited_at: datetime | None
    edited_by: str | None


async def declare_rules(connection: Connection, rules: Sequence[Rule], *, app: str) -> None:
    """Stores what an app declares. What was edited stays as edited; what the app no longer declares goes.

    Queues that are limited get the row their slots are counted in.
    """
    await connection.execute(
        statement(_PACKAGE, "declare_limits"),
        [rule.name for rule in rules],
        [rule.concurrency for rule in rules],
        [None if rule.rate is None else float(rule.rate.count) for rule in rules],
        [None if rule.rate is None else rule.rate.per for rule in rules],
        [None if rule.rate is None else float(rule.rate.burst) for rule in rules],
        [_encode(rule) for rule in rules],
        app,
    )


async def list_rules(connection: Connection, name: str | None = None) -> list[StoredRule]:
    """The rules in force, in order of name; or the one of that name."""
    return [_stored(row) for row in await connection.fetch(statement(_PACKAGE, "list_limits"), name)]


async def set_rule(connection: Connection, rule: Rule, *, by: str) -> StoredRule:
    """Puts a rule in force, whatever the code says, and records who did. Running jobs are left to end."""
    rate = rule.rate
    row = await connection.fetchrow(
        statement(_PACKAGE, "set_limit"),
        rule.name,
        rule.concurrency,
        None if rate is None else float(rate.count),
        None if rate is None else rate.per,
        None if rate is None else float(rate.burst),
        by,
    )
    rates = {} if rate is None else {"rate": rate.count, "per_seconds": rate.per.total_seconds(), "burst": rate.burst}
    subject = {"limit": rule.name, "concurrency": rule.concurrency, **rates}
    await record_operation(connection, "limit.set", actor=by, subject=subject)
    return _stored(row)


async def unset_rule(connection: Connection, name: str, *, by: str) -> StoredRule | None:
    """Takes an edit back, and records who did: what the code declares is in force again, or nothing (None).

    Raises LimitNotFoundError.
    """
    found = await list_rules(connection, name)
    if not found:
        raise LimitNotFoundError(name)
    await record_operation(connection, "limit.unset", actor=by, subject={"limit": name})
    declared = found[0].declared
    if declared is None:
        await connection.execute(statement(_PACKAGE, "remove_limit"), name)
        return None
    rate = declared.rate
    row = await connection.fetchrow(
        statement(_PACKAGE, "restore_limit"),
        name,
        declared.concurrency,
        None if rate is None else float(rate.count),
        None if rate is None else rate.per,
        None if rate is None else float(rate.burst),
    )
    return _stored(row)


async def forget_keys(
    connection: Connection, *, after: str, limit: int, unused: timedelta, now: datetime | None = None
) -> tuple[str | None, int, int]:
    """Deletes, of the `limit` keys after one, those not used for a while that hold nothing and whose buckets are full.

    The last key looked at (None where there was none), how many were, and how many went.
    """
    row = await connection.fetchrow(statement(_PACKAGE, "forget_limit_keys"), after, limit, unused, now)
    assert row is not None  # noqa: S101 - it aggregates
    return row["last"], row["seen"], row["count"]


def _encode(rule: Rule) -> str:
    rate = rule.rate
    return msgspec.json.encode(
        {
            "concurrency": rule.concurrency,
            "rate": None if rate is None else [rate.count, rate.per.total_seconds(), rate.burst],
        }
    ).decode()


def _decode(name: str, text: str) -> Rule:
    value = msgspec.json.decode(text)
    rate = None
    if value["rate"] is not None:
        count, seconds, burst = value["rate"]
        rate = Rate(count, per=timedelta(seconds=seconds), burst=burst)
    return Rule(name, value["concurrency"], rate)


def _stored(row: Row) -> StoredRule:
    rate = None
    if row["rate"] is not None:
        rate = Rate(int(row["rate"]), per=row["per"], burst=int(row["burst"]))
    return StoredRule(
        rule=Rule(row["name"], row["concurrency"], rate),
        app=row["app"],
        declared=None if row["declaration"] is None else _decode(row["name"], row["declaration"]),
        edited_at=row["edited_at"],
        edited_by=row["edited_by"],
    )
