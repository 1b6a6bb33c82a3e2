"""A projection is rebuilt beside the one that serves, verified, and shown instead of it in one transaction."""

import asyncio
from datetime import timedelta

import pytest

from fix_apps import eventually, opened_bench
from fix_events import NoteTaken
from fix_projections import POISON, SQL, TABLE, declare, folded, shown, take_notes
from headrace import ConfigurationError, ProjectionNotFoundError, Stream
from headrace.events import operate as subscriptions
from headrace.events.survey import list_actions
from headrace.projections import operate
from headrace.projections.survey import list_details
from headrace.testing import drain

FOLDS = ("sql", "python", "keyed")
WIDER = "ALTER TABLE note_stats ADD rewritten boolean DEFAULT true; ALTER TABLE note_stats DROP COLUMN letters"
WIDER_SQL = """
INSERT INTO note_stats AS known (key, notes, last)
SELECT aggregate_id, count(*), (array_agg(data ->> 'text' ORDER BY position DESC))[1]
FROM batch WHERE aggregate_id IS NOT NULL GROUP BY 1 ORDER BY 1
ON CONFLICT (key) DO UPDATE SET notes = known.notes + excluded.notes, last = excluded.last
"""


async def states(app) -> list[str]:
    return [build.state for build in await app.projections.builds("note_stats")]


async def act(app, what, *args, **options):
    async with app.pool.acquire() as connection, connection.transaction():
        return await what(connection, *args, **options)


async def declare_both(app) -> None:
    """Version 1 in SQL, which has begun when version 2, row by row, comes."""
    declare(app, "sql")
    await drain(app)
    declare(app, "keyed", version=2)


@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("lanes", [1, 3])
async def test_a_rebuild_is_compared_with_what_serves_and_shown_instead(app, bench, connection, fold, lanes):
    declare(app, fold, lanes=lanes, rebuild_size=50)
    await take_notes(app, 200)
    await drain(app)
    before = await shown(connection)
    build = await app.projections.rebuild("note_stats", reason="a test", actor="me")
    assert (build.build, build.version, build.state, build.name) == (2, 1, "filling", "note_stats__2")
    await take_notes(app, 30, first=200)
    await drain(app)
    assert await states(app) == ["kept", "live"]
    assert await shown(connection) == await folded(connection) != before
    verdict = (await app.projections.builds("note_stats"))[1].verdict
    assert (verdict["how"], verdict["against"], verdict["is_fit"]) == ("compared", 1, True)
    assert verdict["tables"]["note_stats"] == {"rows": 7, "other_rows": 7, "differences": []}
    assert [record.fields["before"] for record in bench.records.named("projection.swapped")] == [1]
    assert {one.action for one in await list_actions(connection, "note_stats__2")} == {"rebuild", "swap"}

    await take_notes(app, 30, first=230)
    await drain(app)
    assert await shown(connection) == await folded(connection)
    kept = await connection.fetch('SELECT key, notes, letters, last FROM "note_stats__1".note_stats ORDER BY key')
    assert [tuple(row) for row in kept] == await shown(connection), "what is kept for a rollback is kept up to date"


async def test_a_version_with_other_columns_is_built_by_itself_sampled_and_keeps_privileges(database, connection):
    await connection.execute("DROP ROLE IF EXISTS note_reader; CREATE ROLE note_reader")
    async with opened_bench(database) as old:
        declare(old.app, "sql")
        await take_notes(old.app, 60)
        await drain(old.app)
    await connection.execute("GRANT SELECT ON note_stats TO note_reader")
    async with opened_bench(database) as new:
        declare(new.app, "sql")
        new.app.projection("note_stats", NoteTaken, version=2, ddl=TABLE + ";" + WIDER, samples=9).sql(WIDER_SQL)
        await drain(new.app)
        first, second = await new.app.projections.builds()
        assert (first.state, second.state, second.version) == ("kept", "live", 2)
        assert (second.verdict["how"], second.verdict["is_fit"]) == ("sampled", True)
        assert 1 <= second.verdict["stream_count"] <= 7
    rows = await connection.fetch("SELECT * FROM note_stats ORDER BY key")
    assert list(rows[0].keys()) == ["key", "notes", "last", "rewritten"]
    assert [(row["key"], row["notes"], row["last"]) for row in rows] == [
        (key, notes, last) for key, notes, _, last in await folded(connection)
    ]
    assert await connection.fetchval("SELECT has_table_privilege('note_reader', 'note_stats', 'SELECT')")
    await connection.execute("DROP OWNED BY note_reader; DROP ROLE note_reader")


async def test_a_program_of_the_old_version_begins_nothing_and_keeps_the_old_build(database, connection):
    async with opened_bench(database) as both:
        await declare_both(both.app)
        await take_notes(both.app, 30)
        await drain(both.app)
        assert await states(both.app) == ["kept", "live"]
    async with opened_bench(database) as old:
        declare(old.app, "sql")
        await take_notes(old.app, 30, first=30)
        await drain(old.app)
        assert await states(old.app) == ["kept", "live"]
        assert await shown(connection) != await folded(connection), "nobody runs version 2"
        kept, live = [(one.state, one.behind) for one in await list_details(connection, "note_stats")]
        assert (kept, live[0], live[1] > 0) == (("kept", 0), "live", True)


async def test_a_fold_that_depends_on_its_batches_is_found_out_and_not_shown(app, bench, connection):
    declare(app, "sql")
    await take_notes(app, 60)
    await drain(app)
    wrong = SQL.replace("known.notes + excluded.notes", "excluded.notes")
    app.projection("note_stats", NoteTaken, version=2, ddl=TABLE, samples=5).sql(wrong)
    await drain(app)
    assert await states(app) == ["live", "unfit"]
    assert await shown(connection) == await folded(connection)
    verdict = (await app.projections.builds())[1].verdict
    assert not verdict["is_fit"]
    assert verdict["tables"]["note_stats"]["differences"][0].startswith('"note_stats__2__check"."note_stats": {')
    assert [record.fields["is_fit"] for record in bench.records.named("projection.verified")] == [False]
    with pytest.raises(ConfigurationError, match="build 2 of projection 'note_stats' is unfit"):
        await act(app, operate.want, "note_stats")
    with pytest.raises(ConfigurationError, match="is unfit; wait for it, or drop it"):
        await app.projections.rebuild("note_stats")
    await act(app, operate.want, "note_stats", is_forced=True)
    await drain(app)
    assert await states(app) == ["kept", "live"]


async def test_what_serves_and_is_wrong_differs_from_its_rebuild(app, connection):
    declare(app, "sql")
    await take_notes(app, 30)
    await drain(app)
    await connection.execute("UPDATE note_stats SET notes = 99 WHERE key = '3'")
    await app.projections.rebuild("note_stats")
    await drain(app)
    verdict = (await app.projections.builds())[1].verdict
    differences = verdict["tables"]["note_stats"]["differences"]
    assert (await states(app), len(differences)) == (["live", "unfit"], 2)
    assert '"notes": 99' in differences[1]


async def test_columns_to_ignore_may_differ(app, connection):
    declare(app, "sql", ignore=["letters"])
    await take_notes(app, 30)
    await drain(app)
    await connection.execute("UPDATE note_stats SET letters = 0")
    await app.projections.rebuild("note_stats")
    await drain(app)
    assert await states(app) == ["kept", "live"]


async def test_a_build_with_parked_streams_is_not_shown(app, connection):
    declare(app, "keyed", attempts=1)
    await take_notes(app, 10)
    await drain(app)
    await app.append(NoteTaken(POISON), stream=Stream("note", "3"))
    await app.projections.rebuild("note_stats")
    await drain(app, raise_on_failure=False)
    assert await states(app) == ["live", "unfit"]
    assert (await app.projections.builds())[1].verdict["parked_count"] == 1


async def test_a_swap_waits_for_an_older_reader_but_lets_no_reader_wait_for_long(app, bench, database, connection):
    declare(app, "sql")
    await take_notes(app, 20)
    await drain(app)
    reading = connection.transaction()
    await reading.start()
    before = await shown(connection)
    await app.projections.rebuild("note_stats")
    async with bench.working(), opened_bench(database) as other:
        await eventually(lambda: bench.records.named("projection.postponed"))
        for _ in range(20):
            async with asyncio.timeout(1), other.app.pool.acquire() as session:
                assert await shown(session) == before
        assert await states(app) == ["live", "ready"]
        assert "lock timeout" in (await app.projections.builds())[1].last_error
        await take_notes(app, 20, first=20)
        # The older reader reads on in what served when it came, and that goes on too.
        await eventually(lambda: is_folded(connection))
        assert await states(app) == ["live", "ready"]
        await reading.commit()
        await eventually(lambda: swapped(app))
    assert await shown(connection) == await folded(connection)


async def is_folded(connection) -> bool:
    return await shown(connection) == await folded(connection)


async def swapped(app) -> bool:
    return await states(app) == ["kept", "live"]


async def test_a_rollback_shows_what_was_kept_with_all_that_came_since(app, connection):
    await declare_both(app)
    await take_notes(app, 20)
    await drain(app)
    await take_notes(app, 20, first=20)
    assert (await act(app, operate.roll_back, "note_stats", reason="odd", actor="me")).build == 1
    await drain(app)
    assert await states(app) == ["live", "kept"]
    assert await shown(connection) == await folded(connection)
    assert (await act(app, operate.roll_back, "note_stats")).build == 2
    await drain(app)
    assert await states(app) == ["kept", "live"]


async def test_a_rollback_without_the_old_fold_shows_it_as_far_as_it_is(database, connection):
    async with opened_bench(database) as both:
        await declare_both(both.app)
        await take_notes(both.app, 20)
        await drain(both.app)
    before = await shown(connection)
    async with opened_bench(database) as new:
        declare(new.app, "keyed", version=2)
        await take_notes(new.app, 20, first=20)
        await act(new.app, operate.roll_back, "note_stats")
        await drain(new.app)
        assert await states(new.app) == ["kept", "live"], "nobody has its fold"
        await act(new.app, operate.roll_back, "note_stats", as_it_is=True)
        assert await states(new.app) == ["live", "kept"]
        assert await shown(connection) == before


async def test_a_build_is_dropped_for_good_but_not_the_one_that_is_read(app, connection):
    declare(app, "sql", swaps_itself=False)
    await take_notes(app, 20)
    await drain(app)
    await app.projections.rebuild("note_stats")
    await drain(app)
    assert await states(app) == ["live", "ready"]
    await act(app, operate.want, "note_stats")
    await drain(app)
    assert await states(app) == ["kept", "live"]
    for build, error in ((2, ConfigurationError), (9, ProjectionNotFoundError)):
        with pytest.raises(error):
            await act(app, operate.drop, "note_stats", build)
    await act(app, operate.drop, "note_stats", 1, reason="disk")
    await take_notes(app, 20, first=20)
    await drain(app)
    assert await states(app) == ["dropped", "live"]
    assert await connection.fetchval("SELECT to_regnamespace('note_stats__1')") is None
    assert await connection.fetchval("SELECT count(*) FROM headrace.subscription") == 1
    with pytest.raises(ProjectionNotFoundError):
        await act(app, operate.roll_back, "note_stats")
    with pytest.raises(ProjectionNotFoundError):
        await list_details(connection, "ghost")


async def test_a_paused_rebuild_stands_and_says_how_far_it_is(app, connection):
    declare(app, "sql", rebuild_size=1000)
    await take_notes(app, 3000)
    await drain(app)
    await app.projections.rebuild("note_stats")
    await act(app, subscriptions.pause, "note_stats__2", reason="later")
    await drain(app)
    build = (await list_details(connection, "note_stats"))[1]
    assert (build.state, build.position, build.progress, build.eta) == ("filling", 0, 0.0, None)
    assert build.pause_reason == "later"
    await act(app, subscriptions.resume, "note_stats__2")
    async with app.stepper() as stepper:
        await stepper._rebuilders[0].run_once()
        build = (await list_details(connection, "note_stats"))[1]
        assert 0 < build.progress < 1
        assert build.eta > timedelta(0)
        assert build.pace["size"] > 0
    await drain(app)
    assert await states(app) == ["kept", "live"]


async def test_a_fresh_database_begins_with_the_newest_version_declared(app):
    declare(app, "sql")
    declare(app, "keyed", version=2)
    await drain(app)
    assert [(one.build, one.version, one.state) for one in await app.projections.builds()] == [(1, 2, "live")]
