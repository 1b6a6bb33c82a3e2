"""Personal values are stored encrypted, read in clear, and gone with the subject's key."""

import asyncpg
import msgspec
import pytest

from fix_apps import eventually, opened_bench
from fix_personal import EMAIL, FIRST_KEY, NAME, SECOND_KEY, PersonMet, met, person
from fix_tampering import tamper
from headrace import EventIdTakenError, KeyRing, PastEvent, bind, uuid7
from headrace.errors import SecretKeyError, SubjectNotFoundError
from headrace.events.head import Head

ERASED = {"email": None, "full_name": "(erased)"}


async def publish(app) -> None:
    head = Head(app.pool, telemetry=app.telemetry)
    await head.run_once()
    await head.stop()


async def read(app, **options) -> list:
    await publish(app)
    return [one.data async for one in app.read(types=[PersonMet], **options)]


async def stored(bench) -> str:
    return await bench.value("SELECT string_agg(data::text, ' ' ORDER BY position) FROM headrace.event")


async def append_alone(app):
    await app.append(met(), stream=person())


async def append_in_a_transaction(app):
    async with app.transaction() as tx:
        await tx.append(met(), stream=person())


async def append_on_a_borrowed_connection(app):
    async with app.pool.acquire() as connection, connection.transaction():
        await app.append(met(), stream=person(), connection=connection)


async def append_under_an_id(app):
    await app.append(met(), stream=person(), event_id=uuid7())


async def append_by_import(app):
    await app.import_events([PastEvent(data=met(), stream=person())])


async def append_by_import_in_parts(app):
    await app.import_events([PastEvent(data=met(), stream=person())], commit_every=1)


@pytest.mark.parametrize(
    "append",
    [
        append_alone,
        append_in_a_transaction,
        append_on_a_borrowed_connection,
        append_under_an_id,
        append_by_import,
        append_by_import_in_parts,
    ],
)
async def test_values_are_stored_sealed_however_they_are_appended_and_read_in_clear(private, append):
    await append(private.app)
    raw = await stored(private)
    assert EMAIL not in raw
    assert NAME not in raw
    assert '"place": "library"' in raw
    assert await read(private.app) == [met()]
    await private.app.subjects.erase("7")
    assert await read(private.app) == [met(**ERASED)]
    assert await read(private.app, stream=person()) == [met(**ERASED)]


async def test_handlers_of_every_mode_get_values_in_clear(private):
    seen = {}

    @private.app.on(PersonMet, mode="ordered", name="in order")
    async def in_order(events, tx):
        seen["ordered"] = events[0].data

    @private.app.on(PersonMet, mode="sync", name="at once")
    async def at_once(one, tx):
        seen["sync"] = one.data

    @private.app.on(PersonMet, name="outside")
    async def outside(one, job):
        seen["job"] = one.data

    await private.app.append(met(), stream=person())
    async with private.working():
        await eventually(lambda: len(seen) == 3)
    assert seen == dict.fromkeys(("ordered", "sync", "job"), met())


async def test_only_the_subjects_values_are_gone_and_every_process_knows_at_once(private, database):
    await private.app.append(met(7), stream=person(7))
    await private.app.append(met(8), stream=person(8))
    async with opened_bench(database, secret_keys=KeyRing([FIRST_KEY])) as other:
        other.app.register(PersonMet)
        assert await read(other.app) == [met(7), met(8)]
        await private.app.subjects.erase("7")
        assert await read(other.app) == [met(7, **ERASED), met(8)]


async def test_the_same_id_of_another_tenant_is_another_subject(private):
    for tenant in ("acme", "umbrella"):
        with bind(tenant_id=tenant):
            await private.app.append(met(), stream=person())
    await private.app.subjects.erase("7", tenant_id="acme")
    assert await read(private.app) == [met(**ERASED), met()]


async def test_an_erased_subject_gets_no_new_key_and_its_events_go_on_without_values(private):
    await private.app.append(met(), stream=person())
    await private.app.subjects.erase("7")
    await private.app.append(met(place="park"), stream=person())
    assert EMAIL not in await stored(private)
    assert await read(private.app) == [met(**ERASED), met(place="park", **ERASED)]
    assert await private.value("SELECT count(*) FROM headrace.subject_key") == 1


async def test_an_erasure_leaves_a_proof_an_event_and_a_reason(private):
    heard = []

    @private.app.on("subject.erased", mode="sync", name="clean up")
    async def clean_up(one, tx):
        heard.append(one.data.subject)

    @private.app.on(PersonMet, mode="ordered", name="directory")
    async def directory(events, tx): ...

    for _ in range(3):
        await private.app.append(met(), stream=person())
    proof = await private.app.subjects.erase("7", by="ada", reason="asked for")
    assert (proof.event_counts, proof.handlers) == ({"person.met": 3}, ["directory"])
    assert (proof.actor, proof.reason, proof.position, heard) == ("ada", "asked for", 4, ["7"])
    shown = await private.app.subjects.show("7")
    assert shown.erasure == proof
    assert shown.key_fingerprint == proof.key_fingerprint
    assert await private.app.subjects.erase("7", reason="again") == proof
    assert await private.value("SELECT wrapped IS NULL FROM headrace.subject_key")
    assert await private.value("SELECT count(*) FROM headrace.event WHERE type = 'subject.erased'") == 1
    with pytest.raises(SubjectNotFoundError):
        await private.app.subjects.erase("8")


@pytest.mark.parametrize("is_imported", [False, True])
async def test_an_append_repeated_under_its_id_is_recognised_before_and_after_the_erasure(private, is_imported):
    event_id = uuid7()

    async def again(data) -> None:
        if is_imported:
            await private.app.import_events([PastEvent(data=data, stream=person(), event_id=event_id)])
        else:
            await private.app.append(data, stream=person(), event_id=event_id)

    await again(met())
    await again(met())
    with pytest.raises(EventIdTakenError) as caught:
        await again(met(email="other@example.org"))
    assert "other@example.org" not in str(caught.value)
    await private.app.subjects.erase("7")
    await again(met())
    with pytest.raises(EventIdTakenError):
        await again(met(place="park"))
    assert await private.value("SELECT count(*) FROM headrace.event WHERE type = 'person.met'") == 1


async def test_plain_sql_cannot_append_personal_values(private):
    async with private.working():
        await eventually(
            lambda: private.value("SELECT EXISTS (SELECT FROM headrace.event_type WHERE personal <> '{}')")
        )
    append = "SELECT headrace.append('person.met', $1::text::jsonb, 'person', '7')"
    with pytest.raises(asyncpg.PostgresError, match=r"personal fields \(email, fullName\)") as caught:
        await private.value(append, msgspec.json.encode(met()).decode())
    assert caught.value.sqlstate == "RE012"
    assert EMAIL not in str(caught.value)
    await private.value(append, '{"personId": 7, "place": "park"}')
    assert await read(private.app) == [PersonMet(7, "park")]


async def test_old_versions_are_upcast_in_clear_and_once_erased(private):
    await private.app.append(met(), stream=person())
    async with private.app.pool.acquire() as connection:
        await tamper(connection, "UPDATE headrace.event SET schema_version = 0")
    seen = []

    def upcast(data):
        seen.append(data["email"])
        return data

    private.app.events._upcasters["person.met", 0] = upcast
    assert await read(private.app) == [met()]
    await private.app.subjects.erase("7")
    assert await read(private.app) == [met(**ERASED)]
    assert seen == [EMAIL, None]


async def test_keys_are_rotated_and_the_old_one_can_go(private, database):
    await private.app.append(met(), stream=person())
    async with opened_bench(database, secret_keys=KeyRing([SECOND_KEY])) as alone:
        alone.app.register(PersonMet)
        with pytest.raises(SecretKeyError):
            await read(alone.app)
        async with opened_bench(database, secret_keys=KeyRing([SECOND_KEY, FIRST_KEY])) as both:
            both.app.register(PersonMet)
            assert await both.app.subjects.rotate() == 1
        assert await read(alone.app) == [met()]
