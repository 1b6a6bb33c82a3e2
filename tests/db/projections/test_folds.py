"""A projection is the fold of its events, whichever way the fold is written."""

import msgspec
import pytest

from fix_apps import eventually
from fix_events import NoteTaken
from fix_projections import POISON, declare, folded, shown, take_notes, write_notes
from headrace import ConfigurationError, Headrace, ProjectionNotFoundError, Stream, UnknownEventError
from headrace.events import operate
from headrace.projections.keyed_fold import columns_of
from headrace.projections.sql_fold import with_batch
from headrace.testing import drain, given

FOLDS = ("sql", "python", "keyed")


@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("lanes", [1, 3])
async def test_the_view_shows_the_fold_of_the_log(app, connection, fold, lanes):
    declare(app, fold, lanes=lanes, batch_size=7)
    for first in (0, 60):
        await take_notes(app, 60, first=first)
        await drain(app)
        assert await shown(connection) == await folded(connection)
    assert len(await shown(connection)) == 7


@pytest.mark.parametrize("fold", FOLDS)
async def test_a_reader_waits_for_what_it_wrote(app, bench, connection, fold):
    declare(app, fold)
    with pytest.raises(ProjectionNotFoundError, match="no projection 'note_stats'"):
        await app.projections.wait_for("note_stats", 1)
    async with bench.working():
        await eventually(lambda: app.projections.builds("note_stats"))
        for first in (0, 10, 20):
            await app.projections.wait_for("note_stats", await take_notes(app, 10, first=first))
            assert await shown(connection) == await folded(connection)


@pytest.mark.parametrize("fold", FOLDS)
async def test_a_stream_that_cannot_be_folded_is_parked_and_the_others_go_on(app, connection, fold):
    declare(app, fold, attempts=1, batch_size=1000)
    await take_notes(app, 40)
    await app.append(NoteTaken(POISON), stream=Stream("note", "3"))
    await take_notes(app, 40, first=40)
    await drain(app, raise_on_failure=False)
    expected = {row[0]: row for row in await folded(connection)}
    found = {row[0]: row for row in await shown(connection)}
    assert found.pop("3")[1] == sum(number % 7 == 3 for number in range(40))
    assert found == {key: row for key, row in expected.items() if key != "3"}

    position = await connection.fetchval("SELECT position FROM headrace.parked_stream")
    async with connection.transaction():
        await operate.skip(connection, "note_stats__1", position, reason="a test")
    await drain(app)
    rest = {row[0]: row for row in await shown(connection)}["3"]
    assert rest[1] == expected["3"][1] - 1
    assert rest[3] == expected["3"][3]


async def test_rows_of_keys_may_go_and_come_again(app, connection):
    class Present(msgspec.Struct):
        text: str = "never"
        tags: list[str] = msgspec.field(default_factory=list)

    app.register(NoteTaken)

    @app.projection("present", NoteTaken, row=Present, ddl="CREATE INDEX ON present (text)")
    def present(row, event):
        return None if event.data.text == "gone" else Present(event.data.text, [*row.tags, event.data.text])

    for text in ("a", "b", "gone"):
        await given(app).when(NoteTaken(text), stream=Stream("note", "1")).then()
    assert await connection.fetch("SELECT * FROM present") == []
    await given(app).when(NoteTaken("c"), stream=Stream("note", "1")).then()
    [row] = await connection.fetch("SELECT key, text, tags FROM present")
    assert tuple(row) == ("1", "c", '["c"]')


async def test_several_tables_and_statements_are_one_projection(app, connection):
    app.register(NoteTaken)
    app.projection(
        "notes",
        NoteTaken,
        tables=("texts", "lengths"),
        schema="public",
        ddl="CREATE TABLE texts (text text); CREATE TABLE lengths (length integer)",
    ).sql(
        "INSERT INTO texts SELECT data ->> 'text' FROM batch ORDER BY position",
        "WITH long AS (SELECT * FROM batch WHERE length(data ->> 'text') > 1)"
        " INSERT INTO lengths SELECT length(data ->> 'text') FROM long",
    )
    for text in ("a", "bb"):
        await app.append(NoteTaken(text))
    await drain(app)
    assert [row[0] for row in await connection.fetch("SELECT text FROM texts ORDER BY 1")] == ["a", "bb"]
    assert [row[0] for row in await connection.fetch("SELECT length FROM lengths")] == [2]


async def test_a_table_in_the_way_is_named(app, connection):
    await connection.execute("CREATE TABLE note_stats (mine integer)")
    declare(app, "sql")
    with pytest.raises(Exception, match=r"public\.note_stats is no view"):
        await drain(app)
    assert await app.projections.builds() == []


def test_a_batch_is_put_before_what_a_statement_makes_itself():
    assert "),\nx AS (SELECT 1) SELECT" in with_batch("with x AS (SELECT 1) SELECT * FROM x, batch")
    assert with_batch("WITH RECURSIVE x AS (SELECT 1) SELECT 1").count("WITH RECURSIVE batch AS") == 1
    with pytest.raises(ConfigurationError, match="must be one"):
        with_batch("SELECT 1; SELECT 2")


class Bare(msgspec.Struct):
    text: str


class Keyed(msgspec.Struct):
    key: str = ""


@pytest.mark.parametrize(("row", "match"), [(Bare, "default for every field"), (Keyed, "none called 'key'")])
def test_a_row_type_that_cannot_be_one_is_refused(row, match):
    with pytest.raises(ConfigurationError, match=match):
        columns_of(row)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"name": "Note-Stats"}, "lower-case letters"),
        ({"version": 0}, "at least 1"),
        ({"tables": ()}, "needs tables"),
        ({"tables": ("x", "x")}, "each named once"),
        ({"rebuild_size": 0}, "rebuild_size"),
        ({"samples": -1}, "samples"),
        ({"lanes": 0}, "lanes"),
        ({"key": lambda event: "x"}, "a key and no row type"),
        ({"key": lambda event: "x", "row": Bare, "lanes": 2}, "two lanes"),
        ({"row": Bare, "tables": ("x",)}, "the table of its name"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(options, match):
    app = Headrace("postgresql://nowhere/x")
    app.register(NoteTaken)
    with pytest.raises(ConfigurationError, match=match):
        app.projection(options.pop("name", "note_stats"), NoteTaken, **options)(write_notes)


def test_a_version_is_declared_once_and_of_known_events():
    app = Headrace("postgresql://nowhere/x")
    declare(app, "sql")
    declare(app, "sql", version=2)
    with pytest.raises(ConfigurationError, match="version 2 of projection 'note_stats' is declared already"):
        declare(app, "keyed", version=2)
    with pytest.raises(UnknownEventError):
        app.projection("other", "ghost.seen")
    with pytest.raises(ConfigurationError, match="at least one statement"):
        app.projection("other", NoteTaken).sql()
    assert app.declarations.newest("note_stats").version == 2
    with pytest.raises(ConfigurationError, match=r"no projection is named 'other' \(known: note_stats\)"):
        app.declarations.newest("other")
