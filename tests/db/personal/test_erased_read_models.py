"""Read models that held an erased subject's values are rebuilt by jobs, and the builds that have them are dropped."""

import msgspec
import pytest

from fix_apps import eventually, opened_bench
from fix_personal import EMAIL, FIRST_KEY, PersonMet, met, person
from headrace import KeyRing
from headrace.doctor.examine import examine
from headrace.doctor.judge import judge
from headrace.projections import operate
from headrace.projections.survey import list_details

HIDDEN = "(gone)"


class Card(msgspec.Struct, frozen=True):
    email: str = ""
    meetings: int = 0


def declare(app, **options) -> None:
    """A directory of e-mail addresses, folded in Python; and meetings counted in SQL, which never meets an address."""

    @app.projection("directory", PersonMet, row=Card, **options)
    def directory(row, one):
        return Card(one.data.email or HIDDEN, row.meetings + 1)

    app.projection(
        "places", PersonMet, ddl="CREATE TABLE places (place text PRIMARY KEY, meetings bigint NOT NULL)"
    ).sql(
        "INSERT INTO places AS known SELECT data ->> 'place', count(*) FROM batch GROUP BY 1 ORDER BY 1"
        " ON CONFLICT (place) DO UPDATE SET meetings = known.meetings + excluded.meetings"
    )


async def doctor_tells(app) -> list[str]:
    """What the doctor says of read models that hold what was erased."""
    async with app.pool.acquire() as connection:
        facts = await examine(connection, migrations=app.migrations, timeouts={})
    return [one.fact for one in judge(facts) if "erased subjects" in one.fact]


async def shown(bench) -> list[tuple[str, str, int]]:
    async with bench.app.pool.acquire() as connection:
        rows = await connection.fetch("SELECT key, email, meetings FROM directory ORDER BY key")
    return [tuple(row) for row in rows]


async def states(bench) -> list[str]:
    return [one.state for one in await bench.app.projections.builds("directory")]


async def is_folded(bench, position) -> None:
    await bench.app.projections.wait_for("directory", position)


async def meet(bench) -> None:
    async with bench.app.transaction() as tx:
        for number in (7, 8):
            await tx.append(met(number), stream=person(number))
    await eventually(lambda: bench.value("SELECT count(*) = 2 FROM headrace.projection_build WHERE state = 'live'"))
    await is_folded(bench, tx.last_position)


async def test_what_held_the_values_is_rebuilt_and_the_proof_says_so(private):
    declare(private.app)
    async with private.working():
        await meet(private)
        assert await shown(private) == [("7", EMAIL, 1), ("8", EMAIL, 1)]
        proof = await private.app.subjects.erase("7")
        (model,) = proof.projections
        assert (model.projection, model.rebuilt_at) == ("directory", None)
        job = await private.reaches(model.job_id, "completed", 20)
        assert job.result == {"build": 2, "dropped": [1]}
        assert await shown(private) == [("7", HIDDEN, 1), ("8", EMAIL, 1)]
    assert await states(private) == ["dropped", "live"]
    assert await private.value("SELECT to_regnamespace('directory__1') IS NULL")
    async with private.app.pool.acquire() as connection:
        verdict = (await list_details(connection, "directory"))[1].verdict
    assert (verdict["how"], verdict["is_fit"]) == ("sampled", True), "the live build differs, and has to"
    (kept,) = (await private.app.subjects.show("7")).erasure.projections
    assert (kept.build, kept.job_id, kept.rebuilt_at is None) == (2, model.job_id, False)
    assert await private.app.subjects.erase("7") == (await private.app.subjects.show("7")).erasure


async def test_read_models_are_only_listed_where_that_is_asked_and_rebuilt_when_it_is_said_again(private, database):
    declare(private.app)
    async with private.working():
        await meet(private)
    proof = await private.app.subjects.erase("7", rebuild=False)
    assert [(one.projection, one.job_id) for one in proof.projections] == [("directory", None)]
    assert await private.value("SELECT count(*) = 0 FROM headrace.run")
    async with opened_bench(database, secret_keys=KeyRing([FIRST_KEY])) as other:
        other.app.register(PersonMet)
        unknown = await other.app.subjects.erase("8")
        listed = [(one.projection, one.job_id) for one in unknown.projections]
    assert listed == [("directory", None), ("places", None)], "an app that has not their folds can only name them"
    again = await private.app.subjects.erase("7")
    async with private.working():
        await private.reaches(again.projections[0].job_id, "completed", 20)
    assert await shown(private) == [("7", HIDDEN, 1), ("8", HIDDEN, 1)]


async def test_a_worker_of_another_app_leaves_the_rebuild_to_those_that_have_the_fold(private, database):
    declare(private.app)
    async with private.working():
        await meet(private)
    job = (await private.app.subjects.erase("7")).projections[0].job_id
    async with opened_bench(database, secret_keys=KeyRing([FIRST_KEY])) as other:
        other.app.register(PersonMet)
        async with other.working():

            async def is_left() -> bool:
                told = (await private.show(job)).progress
                return told is not None and told.message == "waits for a worker whose app declares 'directory'"

            await eventually(is_left)
        told = f"1 erased subjects, such as 7: job {job} is to rebuild it, and no worker has its fold"
        async with other.working():
            assert any(told in fact for fact in await doctor_tells(other.app))
            await other.app.subjects.erase("8")
            assert any(
                "such as 8, and nobody has asked for its rebuild" in fact for fact in await doctor_tells(other.app)
            )
    async with private.working():
        await private.reaches(job, "completed", 20)
    assert await shown(private) == [("7", HIDDEN, 1), ("8", HIDDEN, 1)]


async def test_erasures_together_share_a_build_and_one_that_waits_for_a_word_says_so(private):
    declare(private.app, swaps_itself=False)
    async with private.working():
        await meet(private)
    jobs = [(await private.app.subjects.erase(subject)).projections[0].job_id for subject in ("7", "8")]
    async with private.working():

        async def both_wait() -> bool:
            told = [(await private.show(job)).progress for job in jobs]
            wanted = "build 2 waits for `headrace projections swap directory`"
            return all(one is not None and one.message == wanted for one in told)

        await eventually(both_wait, 20)
        async with private.app.transaction() as unit:
            await operate.want(unit.connection, "directory")
        await eventually(lambda: shows_nobody(private), 20)
        await private.value("UPDATE headrace.run SET run_at = now() RETURNING 1")
        for job in jobs:
            await private.reaches(job, "completed", 20)
    assert await states(private) == ["dropped", "live"]


async def shows_nobody(bench) -> bool:
    return await shown(bench) == [("7", HIDDEN, 1), ("8", HIDDEN, 1)]


@pytest.mark.parametrize("has_joined", [True, False])
async def test_a_viewer_gets_nothing_that_was_in_clear_before_the_erasure_and_misses_no_event(private, has_joined):
    app = private.app
    async with private.working():
        await app.append(met(7), stream=person(7))
        async with app.live(after=0) as viewer:
            if has_joined:
                assert (await anext(viewer)).data.email == EMAIL
            await app.append(met(7, place="park"), stream=person(7))
            await app.append(met(8, place="park"), stream=person(8))
            waiting = viewer._viewer
            if has_joined:
                await eventually(lambda: waiting.waiting_count == 2)
            proof = await app.subjects.erase("7")
            await eventually(lambda: app.broadcaster._position >= proof.position)
            seen = [await anext(viewer) for _ in range(3 if has_joined else 4)]
    positions = [one.position for one in seen]
    assert positions == list(range(proof.position - len(seen) + 1, proof.position + 1))
    assert [one.data.email for one in seen[:-1]] == ([None, EMAIL] if has_joined else [None, None, EMAIL])
