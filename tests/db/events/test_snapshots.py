"""A stream is loaded from its snapshot and what came after, and nobody can tell but by the time it takes."""

import asyncio
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_apps import opened_bench
from fix_events import ContactCreated, NoteTaken
from fix_folds import NOTES, Notes, add, fold_of
from fix_personal import FIRST_KEY, PersonMet, met, person
from headrace import FoldedStream, Headrace, KeyRing, Personal, Stream, WrongVersionError, bind, event, uuid7
from headrace.errors import ConfigurationError
from headrace.events import snapshot

_KEPT = "SELECT fold_version, stream_version, state::text FROM headrace.stream_snapshot"


@pytest.fixture
def app(app: Headrace) -> Headrace:
    app.register(NoteTaken, ContactCreated)
    return app


@pytest.fixture
def read_counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows of the log each page had, pages of three."""
    counts: list[int] = []
    read_page = snapshot.read_page

    async def counted(*args: Any, **options: Any) -> Any:
        rows = await read_page(*args, **options)
        counts.append(len(rows))
        return rows

    monkeypatch.setattr(snapshot, "read_page", counted)
    monkeypatch.setattr(snapshot, "_BATCH", 3)
    return counts


async def take(app: Headrace, *texts: str, stream: Stream = NOTES) -> None:
    async with app.transaction() as tx:
        for text in texts:
            await tx.append(NoteTaken(text), stream=stream)


ROUNDS = st.lists(st.tuples(st.text("nc", max_size=7), st.booleans(), st.integers(0, 20)), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=ROUNDS, every=st.integers(1, 6))
async def test_whenever_snapshots_are_taken_a_stream_is_what_its_events_make_of_it(app, read_counts, rounds, every):
    """A round appends notes and events that the fold does not read, and asks for the present or an earlier version."""
    stream = Stream("contact", str(uuid7()))
    kept, plain = fold_of(snapshot_every=every), fold_of()
    past = [Notes()]
    for kinds, is_present, version in rounds:
        async with app.transaction() as tx:
            for kind in kinds:
                number = str(len(past))
                await tx.append(NoteTaken(number) if kind == "n" else ContactCreated(number), stream=stream)
                now = past[-1]
                past.append(Notes(now.count + 1, (*now.texts, number)[-3:]) if kind == "n" else now)
        until = None if is_present else version
        at = len(past) - 1 if until is None else min(until, len(past) - 1)
        expected = FoldedStream(past[at], at)
        assert await app.load(kept, stream, until=until) == await app.load(plain, stream, until=until) == expected


async def test_only_what_happened_since_the_snapshot_is_read(app, connection, read_counts):
    fold = fold_of(snapshot_every=5)
    await take(app, *"abcd")
    assert await app.load(fold, NOTES) == FoldedStream(Notes(4, ("b", "c", "d")), 4)
    assert await connection.fetch(_KEPT) == [], "not before there are five"
    await take(app, *"ef")
    await app.load(fold, NOTES)
    assert [tuple(row)[:2] for row in await connection.fetch(_KEPT)] == [(1, 6)]
    await take(app, *"gh")
    read_counts.clear()
    assert await app.load(fold, NOTES) == FoldedStream(Notes(8, ("f", "g", "h")), 8)
    assert sum(read_counts) == 2
    assert [tuple(row)[:2] for row in await connection.fetch(_KEPT)] == [(1, 6)], "the next is due at 11"
    read_counts.clear()
    assert (await app.load(fold, NOTES, until=4)).state.count == 4
    assert sum(read_counts) == 4, "a snapshot of later is of no use"
    assert (await app.load(fold, NOTES, until=7)).state.count == 7
    assert sum(read_counts) == 5


async def test_another_version_of_the_fold_or_of_its_state_begins_anew(app, connection, read_counts):
    class Letters(msgspec.Struct, frozen=True):
        letters: int = 0

    def count_letters(state: Letters, one: Any) -> Letters:
        return Letters(state.letters + len(one.data.text))

    async def loaded(fold: Any) -> tuple[Any, int]:
        """The state, and how many events were read for it."""
        read_counts.clear()
        return (await app.load(fold, NOTES)).state, sum(read_counts)

    await take(app, "a", "bb", "ccc")
    assert await loaded(fold_of(snapshot_every=1)) == (Notes(3, ("a", "bb", "ccc")), 3)
    assert await loaded(fold_of(snapshot_every=1)) == (Notes(3, ("a", "bb", "ccc")), 0)
    assert await loaded(fold_of(count_letters, Letters, snapshot_every=1)) == (Letters(6), 3)
    assert await loaded(fold_of(count_letters, Letters, snapshot_every=1)) == (Letters(6), 0)

    def double(state: Notes, one: Any) -> Notes:
        return add(add(state, one), one)

    second = fold_of(double, version=2, snapshot_every=1)
    assert await loaded(second) == (Notes(6, ("bb", "ccc", "ccc")), 3)
    await take(app, "d")
    assert await loaded(fold_of(snapshot_every=1)) == (Notes(4, ("bb", "ccc", "d")), 4), "a program not yet replaced"
    assert [row[0] for row in await connection.fetch(_KEPT)] == [2], "takes nothing away from the newer ones"
    assert await loaded(second) == (Notes(8, ("ccc", "d", "d")), 1)


async def test_snapshots_that_no_longer_fit_the_log_or_the_class_are_passed_over(app, connection):
    fold = fold_of(snapshot_every=1)
    await take(app, *"abc")
    await app.load(fold, NOTES)
    await connection.execute("UPDATE headrace.stream_snapshot SET state = '[]'")
    assert (await app.load(fold, NOTES)).state.count == 3
    assert (await connection.fetchrow(_KEPT))[2] != "[]", "it is replaced"
    await connection.execute("TRUNCATE headrace.event, headrace.stream")
    assert await app.load(fold, NOTES) == FoldedStream(Notes(), 0)
    await take(app, "z")
    assert await app.load(fold, NOTES) == FoldedStream(Notes(1, ("z",)), 1)


async def test_who_decides_by_a_state_that_others_have_changed_loads_again_and_none_is_lost(app, connection):
    fold = fold_of(snapshot_every=2)
    refusals: list[int] = []

    async def write(name: str) -> None:
        for _ in range(5):
            while True:
                notes = await app.load(fold, NOTES)
                assert notes.state.count == notes.version
                try:
                    await app.append(NoteTaken(f"{name}{notes.version}"), stream=NOTES, expected=notes.version)
                    break
                except WrongVersionError as error:
                    refusals.append(error.actual)

    await asyncio.gather(*(write(name) for name in "abcd"))
    assert refusals, "they were in each other's way"
    assert await app.load(fold, NOTES) == await app.load(fold_of(), NOTES)
    assert (await app.load(fold, NOTES)).version == 20
    (kept,) = await connection.fetch(_KEPT)
    assert kept["stream_version"] >= 18

    await connection.execute(
        snapshot.statement("headrace.events", "save_snapshot"),
        "", *("contact", "ada", "notes"), 1, fold.fingerprint, 3, '{"count": 3}', None,
    )  # fmt: skip
    assert await connection.fetch(_KEPT) == [kept], "who is late does not put it back"


async def test_a_tenants_stream_is_its_own(app):
    fold = fold_of(snapshot_every=1)
    await take(app, *"ab")
    with bind(tenant_id="t"):
        await take(app, "c")
        assert (await app.load(fold, NOTES)).state == Notes(1, ("c",))
    assert (await app.load(fold, NOTES)).state == Notes(2, ("a", "b"))
    assert await app.load(fold, NOTES, tenant_id="t") == FoldedStream(Notes(1, ("c",)), 1)


async def test_a_fold_is_declared_once_of_known_events_and_gives_states(app):
    @app.fold("notes", NoteTaken, state=Notes, snapshot_every=2)
    def notes(state, one):
        return None if one.data.text == "nothing" else add(state, one)

    await take(app, "a", "b")
    assert (await app.load(notes, NOTES)).state == Notes(2, ("a", "b"))
    with pytest.raises(ConfigurationError, match="there is a fold 'notes' already"):
        app.fold("notes", NoteTaken, state=Notes)
    with pytest.raises(ConfigurationError, match=r"note\.lost"):
        app.fold("lost", "note.lost", state=Notes)
    with pytest.raises(ConfigurationError, match="until must be a version of a stream, 0 or more, got -1"):
        await app.load(notes, NOTES, until=-1)
    await take(app, "nothing")
    with pytest.raises(ConfigurationError, match=r"must return a Notes after 'note\.taken', got NoneType"):
        await app.load(notes, NOTES)


class Met(msgspec.Struct, frozen=True):
    names: tuple[str, ...] = ()


def add_name(state: Met, one: Any) -> Met:
    return Met((*state.names, one.data.full_name))


async def test_no_snapshot_holds_what_can_be_erased(private, database):
    with pytest.raises(ConfigurationError, match=r"reads 'person\.met', which has personal fields"):
        private.app.fold("met", PersonMet, state=Met, snapshot_every=1)
    plain = private.app.fold("met", PersonMet, state=Met)(add_name)
    await private.app.append(met(), stream=person())
    assert (await private.app.load(plain, person())).state == Met((met().full_name,))

    @event("person.met")
    class Unmarked(msgspec.Struct, frozen=True, rename="camel"):
        person_id: int
        place: str
        email: str | None = None
        full_name: str = ""

    @event("person.seen")
    class PersonSeen(msgspec.Struct, frozen=True):
        person: int
        where: Annotated[str | None, Personal("person")] = None

    async with opened_bench(database, secret_keys=KeyRing([FIRST_KEY])) as later:
        later.app.register(Unmarked, PersonSeen)
        keeping = later.app.fold("met", Unmarked, state=Met, snapshot_every=1)(add_name)
        assert (await later.app.load(keeping, person())).state == Met((met().full_name,))
        assert await later.value("SELECT count(*) FROM headrace.stream_snapshot") == 0, "sealed stays sealed"

    await private.app.subjects.erase("7")
    assert (await private.app.load(plain, person())).state == Met(("(erased)",))
    assert await private.value("SELECT count(*) FROM headrace.stream_snapshot") == 0
