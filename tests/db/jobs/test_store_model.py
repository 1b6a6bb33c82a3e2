"""The store's statements against a model: any sequence of commands leaves both in the same states."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from headrace.context import Context
from headrace.db.statements import statement
from headrace.errors import UniqueKeyHeldError
from headrace.ids import uuid7
from headrace.jobs import redriving, store
from headrace.jobs.cancelling import cancel_job
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.job import Claim, NewJob, OnConflict, Priority, Unique
from headrace.jobs.key_cursor import KeyCursor
from headrace.jobs.limit import Rule
from headrace.jobs.limit_rules import set_rule
from headrace.jobs.limited_claims import LIMITED_SESSION, claim_limited_jobs
from headrace.jobs.outcome import Again, Ended
from headrace.jobs.store import ProgressReport, Settlement

SECOND = timedelta(seconds=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
POISON = 3
PAIR = 2
_PACKAGE = "headrace.jobs"
picks = st.integers(0, 10_000)


@dataclass
class Known:
    """What the model knows of one job; `unique` is the key it holds now, `own` the one it was enqueued with."""

    run_at: datetime
    priority: int
    parent: UUID | None
    unique: str | None
    own: str | None = None
    state: str = "waiting"
    attempt: int = 0
    lease: int | None = None
    worker: int | None = None
    key: str | None = None
    losses: int = 0
    failures: int = 0
    done: int = 0


@dataclass
class Family:
    """What the model knows of a parent's progress."""

    children: int = 0
    ended: int = 0
    failed: int = 0
    done: int = 0


@dataclass
class World:
    jobs: dict[UUID, Known] = field(default_factory=dict)
    families: dict[UUID, Family] = field(default_factory=dict)
    stale: list[Claim] = field(default_factory=list)
    now: datetime = START
    is_paused: bool = False


def machine_on(  # noqa: C901 - the rules of one machine
    connection: asyncpg.Connection, loop: asyncio.AbstractEventLoop
) -> type[RuleBasedStateMachine]:
    class Jobs(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.world = World()
            self.run(
                connection.execute(
                    "TRUNCATE headrace.job, headrace.run, headrace.outcome, headrace.failure, headrace.progress,"
                    " headrace.limit_key, headrace.limit_freed, headrace.queue"
                )
            )

        def run(self, coroutine: Any) -> Any:
            return loop.run_until_complete(coroutine)

        def of(self, *states: str) -> list[UUID]:
            return [job_id for job_id, job in self.world.jobs.items() if job.state in states]

        def claim_of(self, job_id: UUID) -> Claim:
            job = self.world.jobs[job_id]
            assert job.lease is not None
            return Claim(job_id, job.attempt, job.lease)

        def end(self, job_id: UUID, state: str) -> None:
            job = self.world.jobs[job_id]
            if job.lease is not None:
                self.world.stale.append(self.claim_of(job_id))
            job.state, job.lease, job.worker, job.unique = state, None, None, None
            if job.parent is not None:
                family = self.world.families[job.parent]
                family.ended += 1
                family.failed += state != "completed"

        # Commands

        @rule(
            delay=st.integers(0, 3),
            priority=st.sampled_from(Priority),
            parent=st.none() | picks,
            key=st.none() | st.sampled_from("ab"),
            on_conflict=st.sampled_from(get_args(OnConflict)),
            limit_key=st.sampled_from([None, "pair:a", "pair:b"]),
        )
        def enqueue(self, *, delay, priority, parent, key, on_conflict, limit_key) -> None:
            parents = list(self.world.jobs)
            parent_id = parents[parent % len(parents)] if parents and parent is not None else None
            unique = None if key is None else Unique(key, on_conflict=on_conflict, max_wait=2 * SECOND)
            new = NewJob(
                id=uuid7(),
                kind="any",
                queue="default",
                priority=priority,
                args="{}",
                max_attempts=3,
                context=Context(),
                delay=delay * SECOND,
                parent_id=parent_id,
                unique=unique,
                limit_key=limit_key,
            )

            async def insert() -> Any:
                async with connection.transaction():
                    return (await store.insert_jobs(connection, [new], now=self.world.now))[0]

            answer = self.run(insert())
            holder = next((one for one, job in self.world.jobs.items() if key is not None and job.unique == key), None)
            assert answer.is_new == (holder is None)
            assert answer.id == (holder or new.id)
            due = self.world.now + delay * SECOND
            if holder is None:
                self.world.jobs[new.id] = Known(due, int(priority), parent_id, key, key, key=limit_key)
                self.first_due = {**getattr(self, "first_due", {}), new.id: due}
                if parent_id is not None:
                    self.world.families.setdefault(parent_id, Family()).children += 1
                return
            job = self.world.jobs[holder]
            if job.state != "waiting" or on_conflict == "skip":
                return
            if on_conflict == "replace":
                job.run_at, job.priority, job.key = due, int(priority), limit_key
            elif holder in self.first_due:
                job.run_at = max(job.run_at, min(due, self.first_due[holder] + 2 * SECOND))

        @rule(seconds=st.integers(1, 3))
        def time_passes(self, seconds: int) -> None:
            self.world.now += seconds * SECOND

        @rule(is_paused=st.booleans())
        def pause_or_resume(self, is_paused: bool) -> None:
            if is_paused:
                changed = self.run(connection.fetchval(statement(_PACKAGE, "pause_queue"), "default", "x", None, None))
            else:
                changed = self.run(connection.fetchval(statement(_PACKAGE, "resume_queue"), "default"))
            assert (changed == "default") == (is_paused != self.world.is_paused)
            self.world.is_paused = is_paused

        @rule(limit=st.integers(1, 4), worker=st.integers(1, 2))
        def claim(self, limit: int, worker: int) -> None:
            ranges = ClaimCursor(["default"], ageing=None).plan(limit, is_sweep=True)
            rows = self.run(
                store.claim_jobs(connection, ranges, kinds=["any"], limit=limit, worker_id=worker, now=self.world.now)
            )
            due = sorted(
                (job.priority, job.run_at, job_id)
                for job_id, job in self.world.jobs.items()
                if self.claimable(job) and job.key is None
            )
            assert [row["job_id"] for row in rows] == [job_id for _, _, job_id in due[:limit]]
            self.take(rows, worker)

        def take(self, rows: list[Any], worker: int) -> None:
            for row in rows:
                job = self.world.jobs[row["job_id"]]
                job.state, job.worker, job.lease = "processing", worker, row["lease"]
                job.attempt += 1
                assert row["attempt"] == job.attempt

        @rule(worker=st.integers(1, 2))
        def claim_keyed(self, worker: int) -> None:
            """Of each key as many as it has slots, the urgent and old ones first."""
            ranges = ClaimCursor(["default"], ageing=None).plan(100, is_sweep=True)
            plan = KeyCursor(["default"], ageing=None).plan(ranges, 100, now=0.0)
            rows, _ = self.run(
                claim_limited_jobs(connection, [], plan, kinds=["any"], limit=100, worker_id=worker, now=self.world.now)
            )
            expected: set[UUID] = set()
            for key in ("pair:a", "pair:b"):
                due = sorted(
                    (job.priority, job.run_at, job_id)
                    for job_id, job in self.world.jobs.items()
                    if self.claimable(job) and job.key == key
                )
                expected |= {job_id for _, _, job_id in due[: PAIR - self.held_of(key)]}
            assert {row["job_id"] for row in rows} == expected
            self.take(rows, worker)

        def claimable(self, job: Known) -> bool:
            return job.state == "waiting" and job.run_at <= self.world.now and not self.world.is_paused

        def held_of(self, key: str) -> int:
            return sum(self.world.jobs[job_id].key == key for job_id in self.of("processing"))

        @precondition(lambda self: self.of("processing"))
        @rule(
            which=st.lists(picks, min_size=1, max_size=3),
            state=st.sampled_from(["completed", "failed", "cancelled", "dead"]),
        )
        def finish(self, which: list[int], state: Any) -> None:
            held = self.of("processing")
            chosen = sorted({held[pick % len(held)] for pick in which})
            error = None if state == "completed" else "{}"
            settled = [Settlement(self.claim_of(one), Ended(state, error=error), SECOND, 2) for one in chosen]
            stale = [Settlement(one, Ended("dead", error="{}"), SECOND) for one in self.world.stale[-2:]]
            recorded = self.run(store.finish_jobs(connection, settled + stale, now=self.world.now))
            assert recorded == set(chosen), "the stale ones change nothing"
            for job_id in chosen:
                job = self.world.jobs[job_id]
                job.failures += error is not None
                if job.parent is not None and state == "completed":
                    self.world.families[job.parent].done += 2
                self.end(job_id, state)

        @precondition(lambda self: self.of("processing"))
        @rule(which=picks, delay=st.none() | st.integers(0, 2), counts=st.booleans(), raised=st.booleans())
        def release(self, which: int, delay: int | None, counts: bool, raised: bool) -> None:
            held = self.of("processing")
            job_id = held[which % len(held)]
            job = self.world.jobs[job_id]
            claim = self.claim_of(job_id)
            verdict = Again(None if delay is None else delay * SECOND, "{}" if raised else None, counts)
            settled = [Settlement(one, verdict, SECOND) for one in (claim, *self.world.stale[-2:])]
            assert self.run(store.release_jobs(connection, settled, now=self.world.now)) == {job_id}
            self.world.stale.append(claim)
            job.state, job.lease, job.worker = "waiting", None, None
            job.attempt -= not counts
            job.failures += raised
            if delay is not None:
                job.run_at = self.world.now + delay * SECOND

        @precondition(lambda self: self.world.jobs)
        @rule(which=picks)
        def cancel(self, which: int) -> None:
            job_id = list(self.world.jobs)[which % len(self.world.jobs)]
            job = self.world.jobs[job_id]
            answer = self.run(cancel_job(connection, job_id, by="x", error="{}"))
            expected = {"waiting": "cancelled", "processing": "requested"}
            assert answer == expected.get(job.state)
            if answer == "cancelled":
                self.end(job_id, "cancelled")

        @precondition(lambda self: self.world.jobs)
        @rule(which=picks)
        def redrive(self, which: int) -> None:
            job_id = list(self.world.jobs)[which % len(self.world.jobs)]
            job = self.world.jobs[job_id]
            is_ended = job.state in {"failed", "cancelled", "dead"}
            others = {one.unique: other for other, one in self.world.jobs.items() if one.unique is not None}
            if is_ended and job.own in others:
                with pytest.raises(UniqueKeyHeldError) as refused:
                    self.run(redriving.redrive_job(connection, job_id, now=self.world.now))
                assert refused.value.holder_id == others[job.own]
                return
            answer = self.run(redriving.redrive_job(connection, job_id, now=self.world.now))
            assert answer == (is_ended or (job.state == "waiting" and job.run_at > self.world.now))
            if is_ended:
                job.state, job.attempt, job.losses, job.unique = "waiting", 0, 0, job.own
                self.first_due[job_id] = self.world.now
                if job.parent is not None:
                    self.world.families[job.parent].ended -= 1
                    self.world.families[job.parent].failed -= 1
            if answer:
                job.run_at = self.world.now

        @rule(worker=st.integers(1, 2))
        def rescue(self, worker: int) -> None:
            held = [one for one in self.of("processing") if self.world.jobs[one].worker == worker]
            counts = self.run(
                store.rescue_jobs(
                    connection, worker, limit=100, poison_after=POISON, lost_error="{}", poison_error="{}"
                )
            )
            buried = 0
            for job_id in held:
                job = self.world.jobs[job_id]
                job.failures += 1
                job.losses += 1
                if job.losses >= POISON:
                    buried += 1
                    self.end(job_id, "dead")
                else:
                    self.world.stale.append(self.claim_of(job_id))
                    job.state, job.lease, job.worker = "waiting", None, None
                    job.attempt -= 1
            assert counts == (len(held) - buried, buried)

        @precondition(lambda self: self.of("processing") or self.world.stale)
        @rule(which=picks, done=st.integers(0, 9))
        def report(self, which: int, done: int) -> None:
            held = self.of("processing")
            claims = [self.claim_of(one) for one in held] + self.world.stale
            claim = claims[which % len(claims)]
            self.run(store.save_progress(connection, [ProgressReport(claim, done, None, None)]))
            if claim.job_id in held and claim == self.claim_of(claim.job_id):
                self.world.jobs[claim.job_id].done = done

        # What always holds

        @invariant()
        def the_states_are_the_models(self) -> None:
            rows = self.run(
                connection.fetch(
                    """
                    SELECT job.id, coalesce(outcome.state::text, run.state::text) AS state,
                           coalesce(run.attempt, outcome.attempt) AS attempt, run.lease, run.worker_id, run.run_at,
                           run.unique_key, (SELECT count(*) FROM headrace.failure WHERE job_id = job.id) AS failures,
                           coalesce(progress.done, 0) AS done, num_nonnulls(run.job_id, outcome.job_id) AS places
                    FROM headrace.job LEFT JOIN headrace.run ON run.job_id = job.id
                    LEFT JOIN headrace.outcome ON outcome.job_id = job.id
                    LEFT JOIN headrace.progress ON progress.job_id = job.id
                    """
                )
            )
            assert {row["id"] for row in rows} == set(self.world.jobs)
            for row in rows:
                job = self.world.jobs[row["id"]]
                assert row["places"] == 1, "a run or an outcome, never both"
                assert (row["state"], row["lease"], row["worker_id"]) == (job.state, job.lease, job.worker)
                assert row["failures"] == job.failures
                assert row["done"] == job.done
                if job.state in {"waiting", "processing"}:
                    assert (row["attempt"], row["run_at"]) == (job.attempt, job.run_at)
                    assert row["unique_key"] == (None if job.unique is None else f"any\x1f{job.unique}")

        @invariant()
        def as_many_slots_are_held_as_jobs_run(self) -> None:
            keys = ["pair:a", "pair:b"]
            rows = self.run(connection.fetch("SELECT key, held FROM headrace.limit_standing($1, now())", keys))
            assert {row["key"]: row["held"] for row in rows} == {key: self.held_of(key) for key in keys}

        @invariant()
        def the_families_are_the_models(self) -> None:
            rows = self.run(connection.fetch("SELECT * FROM headrace.progress WHERE child_count > 0"))
            found = {
                row["job_id"]: Family(row["child_count"], row["ended_count"], row["failed_count"], row["children_done"])
                for row in rows
            }
            assert found == self.world.families

    return Jobs


@pytest.mark.timeout(60)
def test_any_sequence_of_commands_leaves_what_the_model_says(database):
    loop = asyncio.new_event_loop()
    try:
        connection = loop.run_until_complete(asyncpg.connect(database))
        loop.run_until_complete(connection.execute("SET synchronous_commit = off"))
        for name, value in LIMITED_SESSION.items():
            loop.run_until_complete(connection.execute(f"SET {name} = {value}"))
        loop.run_until_complete(set_rule(connection, Rule("pair", PAIR), by="test"))
        run_state_machine_as_test(
            machine_on(connection, loop),
            settings=settings(
                max_examples=15,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        loop.run_until_complete(connection.close())
    finally:
        loop.close()
