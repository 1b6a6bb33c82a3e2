"""`headrace projections` on real builds: look, rebuild, pause, swap, roll back, drop, wait."""

import asyncio

import pytest

from fix_projections import declare, folded, shown, take_notes
from headrace.testing import drain

pytestmark = pytest.mark.timeout(60)  # each command is a process of its own, one after the other

APP = ("--app", "projected:in_sql")


@pytest.fixture
async def built(app):
    """`note_stats` with one build, and fifty notes in it."""
    declare(app, "sql", lanes=2, swaps_itself=False)
    await take_notes(app, 50)
    await drain(app)
    return app


async def states(app) -> list[str]:
    return [one.state for one in await app.projections.builds()]


async def test_builds_are_listed_rebuilt_shown_and_waited_for(headrace, built, connection):
    begun = await headrace(*APP, "projections", "rebuild", "note_stats", "--reason", "a test")
    assert begun.out.startswith("note_stats: build 2 of version 1 is begun"), begun
    listed, table = await asyncio.gather(headrace("projections", "list", "--json"), headrace("projections", "list"))
    assert [(one["build"], one["state"], one["behind"]) for one in listed.json] == [(1, "live", 0), (2, "filling", 67)]
    assert "filling" in table.out
    waited = await headrace("projections", "wait", "note_stats", "--timeout", "0")
    assert (waited.code, "not done within" in waited.err) == (1, True)

    paused, again = [await headrace("projections", "pause", "note_stats", "--reason", "hot") for _ in range(2)]
    assert (paused.out, again.out) == ("note_stats__2 is paused\n", "note_stats__2 was paused already\n")
    await drain(built)
    assert await states(built) == ["live", "filling"]
    assert "paused: hot" in (await headrace("projections", "list")).out
    assert (await headrace("projections", "resume", "note_stats", "2")).out == "note_stats__2 goes on\n"
    await drain(built)
    done, told = await asyncio.gather(
        headrace("projections", "wait", "note_stats"), headrace("projections", "show", "note_stats")
    )
    assert done.out == "note_stats: build 2 serves\n"
    assert "found: compared at position 67; note_stats has 7 rows" in told.out
    assert await shown(connection) == await folded(connection)


async def test_a_swap_a_rollback_and_a_drop_are_asked_for(headrace, built):
    await built.projections.rebuild("note_stats")
    await drain(built)
    assert await states(built) == ["live", "ready"]
    swapped = await headrace("projections", "swap", "note_stats", "--reason", "now")
    assert swapped.out.startswith("note_stats: build 2 is shown once it is as far")
    await drain(built)
    assert await states(built) == ["kept", "live"]
    back = await headrace("projections", "rollback", "note_stats")
    assert back.out.startswith("note_stats: build 1 is shown once")
    await drain(built)
    assert await states(built) == ["live", "kept"]
    assert (
        await headrace("projections", "rollback", "note_stats", "--as-it-is")
    ).out == "note_stats: build 2 is shown\n"
    refused = await headrace("projections", "drop", "note_stats", "2")
    assert (refused.code, "the one that is read" in refused.err) == (1, True)
    assert (await headrace("projections", "drop", "note_stats", "1")).out == "note_stats: build 1 is dropped\n"
    listed, everything = await asyncio.gather(
        headrace("projections", "list", "--json"), headrace("projections", "list", "--all", "--json")
    )
    assert [len(one.json) for one in (listed, everything)] == [1, 2]


async def test_what_does_not_exist_ends_with_its_code(headrace):
    calls = (("show", "ghost"), ("pause", "ghost"), ("swap", "ghost"), ("rollback", "ghost"), ("drop", "ghost", "1"))
    for ran in await asyncio.gather(*(headrace("projections", *call) for call in calls)):
        assert (ran.code, "there is no" in ran.err) == (3, True), ran
    assert (await headrace(*APP, "projections", "rebuild", "note_stats")).code == 3
