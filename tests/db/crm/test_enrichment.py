"""Enrichment from a contact's creation to its profile, step by step on a clock that stands still."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fix_crm import run_import, until
from fix_enrichment import CENT, MAY, People, ToldNetwork, ToldProvider, days, enriching, found
from headrace.testing import (
    VirtualClock,
    assert_appended,
    assert_enqueued,
    assert_no_jobs,
    assert_not_enqueued,
    drain,
)
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.config.enrichment import EnrichmentSettings, PdlSettings, XSettings
from headrace_crm.enrichment import asking, network_asking
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.discovery import read_mail
from headrace_crm.enrichment.events import ContactEnriched
from headrace_crm.enrichment.fan_out import question_for
from headrace_crm.enrichment.kinds import ASK_KINDS, ENRICHMENT_KIND, LOOKUP_KIND, AskSource, EnrichContact
from headrace_crm.enrichment.outcome import Answer, Limited, Nothing, Pending, ProviderUnavailableError, Refused
from headrace_crm.enrichment.profile import Handle
from headrace_crm.enrichment.provider import Account
from headrace_crm.enrichment.reading import read_profile
from headrace_crm.enrichment.store import EnrichmentStore, forget
from headrace_crm.sandbox import KnownPerson, Sandbox
from headrace_crm.scores.people import list_contacts

SIGNED = "Words.\n\n-- \nAda Byron\nhttps://x.com/ada_b\n"
ADA = Account(id="7", handle="ada_b", name="Ada Byron", bio="Mills.", location="London")
NONE_NEXT_HOUR = timedelta(minutes=30)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(MAY)


def capped(*, pdl: str = "10", x: str = "10", month: str = "100") -> EnrichmentSettings:
    return EnrichmentSettings(
        pdl=PdlSettings(cap_day=Decimal(pdl), cap_month=Decimal(month)),
        x=XSettings(cap_day=Decimal(x), cap_month=Decimal(month)),
    )


async def later(people: People, clock: VirtualClock, span: timedelta) -> None:
    """What is due after a time in which no worker ran."""
    clock.advance(span)
    await drain(people.app, until=timedelta(seconds=10))


async def test_without_a_source_a_new_contact_enqueues_nothing_and_on_demand_only_its_mail_is_read(database, clock):
    async with enriching(database, clock=clock) as people:
        ada = await people.add("Ada Byron", words=SIGNED)
        await drain(people.app, until=timedelta(seconds=5))
        await assert_no_jobs(people.app)
        await assert_not_enqueued(people.app, ENRICHMENT_KIND)
        await people.app.enqueue(ENRICHMENT_KIND, EnrichContact(ada))
        assert (await drain(people.app)).kinds == {ENRICHMENT_KIND: 1}
        assert await people.values(ada) == {"x_handle": "ada_b"}
        await assert_appended(people.app, ContactEnriched, {"changed": ["x_handle"], "sources": ["signature"]}, count=1)


async def test_a_new_contact_is_asked_of_every_source_and_what_they_say_is_merged(database, clock):
    pdl = ToldProvider("pdl")
    pdl.otherwise = found(title="Miller", organisation="Mill", location="Paris", confidence=0.8)
    network = ToldNetwork({"ada_b": ADA})
    async with enriching(database, clock=clock, network=network, providers=[pdl]) as people:
        ada = await people.add("Ada Byron", words=SIGNED)
        await drain(people.app, until=timedelta(seconds=5))
        assert await people.values(ada) == {
            "name": "Ada Byron",
            "title": "Miller",
            "organisation": "Mill",
            "location": "London",
            "bio": "Mills.",
            "x_handle": "ada_b",
            "followers": 0,
        }
        assert await people.states(ada) == {"pdl": "found", "x": "found"}
        assert network.calls == [("ada_b",)]
        asked = await assert_enqueued(people.app, ENRICHMENT_KIND, count=1, state="completed")
        assert await people.count(
            "SELECT bool_and(event.type = 'contact.created') FROM headrace.job"
            " JOIN headrace.event ON event.id = job.causation_id WHERE kind = 'contact-enrichment'"
        )
        for source in ("pdl", "x"):
            (child,) = await assert_enqueued(people.app, ASK_KINDS[source], state="completed")
            assert child.parent_id == asked[0].id
        told = await assert_appended(people.app, ContactEnriched, {"contact_id": str(ada)})
        assert {name for event in told for name in event.data.changed} == set(await people.values(ada))
        assert len({event.correlation_id for event in told}) == 1
        assert await people.spent("pdl") == 10 * CENT
        assert await people.spent("x") == CENT


async def test_the_same_again_is_no_event_and_something_else_is(database, clock):
    pdl = ToldProvider("pdl")
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        ada = await people.add("Ada Byron")
        await drain(people.app)
        await people.app.enqueue(ENRICHMENT_KIND, EnrichContact(ada))
        await drain(people.app)
        assert len(pdl.asked) == 1
        for _ in range(2):
            await people.app.enqueue(ENRICHMENT_KIND, EnrichContact(ada, is_forced=True))
            await drain(people.app)
        assert len(pdl.asked) == 3
        await assert_appended(people.app, ContactEnriched, count=1)
        pdl.otherwise = found(title="Engineer")
        await people.app.enqueue(ENRICHMENT_KIND, EnrichContact(ada, is_forced=True))
        await drain(people.app)
        await assert_appended(people.app, ContactEnriched, {"changed": ["title"]}, count=2)
        pdl.otherwise = Nothing()
        await people.app.enqueue(ENRICHMENT_KIND, EnrichContact(ada, is_forced=True))
        await drain(people.app)
        assert await people.values(ada) == {}
        await assert_appended(people.app, ContactEnriched, {"sources": []}, count=1)


async def test_what_has_aged_is_asked_for_again_by_the_schedule_and_what_holds_is_not(database, clock):
    pdl = ToldProvider("pdl")
    pdl.answers["nobody@example.org"] = Nothing()
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        await people.add("Ada Byron")
        await people.add("Bo Lind", "nobody@example.org")
        await drain(people.app)
        await later(people, clock, days(89))
        assert len(pdl.asked) == 2
        await later(people, clock, days(2))
        assert [query.name for query in pdl.asked[2:]] == ["Ada Byron"]
        await later(people, clock, days(89))
        assert sorted(query.name for query in pdl.asked[3:]) == ["Bo Lind"]


async def test_a_limit_lets_all_wait_until_it_ends_and_nobody_calls_before(database, clock):
    pdl = ToldProvider("pdl")
    ends = MAY + timedelta(minutes=9)
    pdl.otherwise = lambda now: Limited(ends, "too fast") if now < ends else found(title="Miller")
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        for name in ("Ada Byron", "Bo Lind", "Cy Moor"):
            await people.add(name)
        await drain(people.app)
        assert len(pdl.asked) == 1
        assert await people.spent("pdl") == 0
        await drain(people.app, until=timedelta(minutes=8))
        assert len(pdl.asked) == 1
        await drain(people.app, until=timedelta(minutes=2))
        assert len(pdl.asked) == 4
        assert await people.count("SELECT count(*) FROM crm.enrichment WHERE state = 'found' AND source = 'pdl'") == 3


async def test_an_answer_that_uses_the_limit_up_lets_the_next_wait(database, clock):
    pdl = ToldProvider("pdl")
    ends = MAY + timedelta(minutes=1)
    pdl.otherwise = lambda now: Answer(found(title="Miller"), charged=CENT, resting_until=ends if now < ends else None)
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        await people.add("Ada Byron")
        await people.add("Bo Lind")
        await drain(people.app, until=timedelta(seconds=50))
        assert len(pdl.asked) == 1
        await drain(people.app, until=timedelta(seconds=20))
        assert len(pdl.asked) == 2


@pytest.mark.parametrize(("is_capped", "wait"), [(False, days(1)), (True, days(30))])
async def test_a_refusal_stops_the_source_for_all_until_it_may_have_ended(database, clock, is_capped, wait):
    pdl = ToldProvider("pdl")
    pdl.otherwise = Refused("no credits", is_capped=is_capped)
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        everybody = [await people.add(name) for name in ("Ada Byron", "Bo Lind")]
        await drain(people.app)
        assert len(pdl.asked) == 1
        assert [await people.states(each) for each in everybody] == [{"pdl": "refused"}] * 2
        pdl.otherwise = found(title="Miller")
        await later(people, clock, wait - days(0.6))
        assert len(pdl.asked) == 1
        await later(people, clock, days(2))
        assert [await people.states(each) for each in everybody] == [{"pdl": "found"}] * 2


async def test_new_settings_end_a_refusal_at_once_and_a_person_refused_stops_nobody(database, clock):
    pdl = ToldProvider("pdl")
    pdl.otherwise = Refused("wrong key")
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        ada = await people.add("Ada Byron")
        await drain(people.app)
    pdl.otherwise = found(title="Miller")
    pdl.answers["odd@example.org"] = Refused("no such address", "person")
    settings = EnrichmentSettings(pdl=PdlSettings(api_key="another"))
    async with enriching(database, clock=clock, providers=[pdl], settings=settings) as people:
        odd = await people.add("Odd One", "odd@example.org")
        bo = await people.add("Bo Lind")
        await people.app.enqueue(ENRICHMENT_KIND, EnrichContact(ada, is_forced=True))
        await drain(people.app)
        assert [await people.states(each) for each in (odd, bo, ada)] == [
            {"pdl": "refused"},
            {"pdl": "found"},
            {"pdl": "found"},
        ]


async def test_a_cap_stops_before_it_is_passed_and_goes_on_the_next_day(database, clock):
    pdl = ToldProvider("pdl", most=30 * CENT)
    async with enriching(database, clock=clock, providers=[pdl], settings=capped(pdl="1", month="2")) as people:
        for number in range(9):
            await people.add(f"Ada Number{number}")
        await drain(people.app)
        assert len(pdl.asked) == 3
        assert await people.spent("pdl") == 90 * CENT
        await later(people, clock, days(1))
        assert len(pdl.asked) == 6
        await later(people, clock, days(20))
        assert len(pdl.asked) == 6
        assert clock.now() < datetime(2031, 6, 1, tzinfo=UTC)
        await later(people, clock, days(11))
        assert len(pdl.asked) == 9


@pytest.mark.parametrize(("is_billed", "kept"), [(True, 10 * CENT), (False, 0)])
async def test_a_call_without_an_answer_is_tried_again_and_stays_paid_where_it_may_have_been(
    database, clock, is_billed, kept
):
    pdl = ToldProvider("pdl")
    pdl.otherwise = lambda _: (
        ProviderUnavailableError("pdl", "cut", is_billed=is_billed) if len(pdl.asked) == 1 else found(title="Miller")
    )
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        ada = await people.add("Ada Byron")
        await drain(people.app, raise_on_failure=False)
        assert await people.spent("pdl") == kept
        assert await people.states(ada) == {"pdl": "asked"}
        await drain(people.app, until=NONE_NEXT_HOUR, raise_on_failure=False)
        assert await people.states(ada) == {"pdl": "found"}
        assert await people.spent("pdl") == kept + 10 * CENT


async def test_who_says_it_is_looking_is_asked_again_a_few_times_and_then_knows_nobody(database, clock):
    clearbit = ToldProvider("clearbit")
    clearbit.otherwise = Pending(timedelta(minutes=5))
    async with enriching(database, clock=clock, providers=[clearbit]) as people:
        ada = await people.add("Ada Byron")
        await drain(people.app)
        assert await people.states(ada) == {"clearbit": "pending"}
        await drain(people.app, until=timedelta(hours=1))
        assert len(clearbit.asked) == 5
        assert len({query.token for query in clearbit.asked}) == 1
        assert await people.states(ada) == {"clearbit": "none"}


async def test_whoever_is_asked_again_before_its_time_while_a_source_is_looking_waits(database, clock):
    clearbit = ToldProvider("clearbit")
    clearbit.otherwise = Pending(timedelta(minutes=5))
    async with enriching(database, clock=clock, providers=[clearbit]) as people:
        ada = await people.add("Ada Byron")
        await drain(people.app)
        # As the attempt does that follows one that was killed once it had kept this answer.
        await people.app.enqueue(ASK_KINDS["clearbit"], AskSource(ada))
        await drain(people.app, until=timedelta(minutes=4))
        assert len(clearbit.asked) == 1
        clearbit.otherwise = found(title="Miller")
        await drain(people.app, until=timedelta(minutes=2))
        assert len(clearbit.asked) == 2
        assert await people.states(ada) == {"clearbit": "found"}


async def test_an_answer_that_could_not_be_merged_is_merged_later_and_not_paid_for_again(database, clock, monkeypatch):
    pdl, network = ToldProvider("pdl"), ToldNetwork({"ada_b": ADA})
    store, failures = asking.record, iter([True, True])

    async def fail_first(*args, **options):
        if next(failures, False):
            raise ConnectionError("cut")
        return await store(*args, **options)

    async with enriching(database, clock=clock, network=network, providers=[pdl]) as people:
        ada = await people.add("Ada Byron", words=SIGNED)
        for module in (asking, network_asking):
            monkeypatch.setattr(module, "record", fail_first)
        await drain(people.app, until=timedelta(seconds=2), raise_on_failure=False)
        assert await people.states(ada) == {"pdl": "asked", "x": "asked"}
        assert await people.count("SELECT count(*) FROM crm.enrichment WHERE received IS NOT NULL") == 2
        spent = await people.spent("pdl"), await people.spent("x")
        await drain(people.app, until=NONE_NEXT_HOUR, raise_on_failure=False)
        assert await people.states(ada) == {"pdl": "found", "x": "found"}
        assert (len(pdl.asked), network.calls, network.read) == (1, [("ada_b",)], ["ada_b"])
        assert (await people.spent("pdl"), await people.spent("x")) == spent == (10 * CENT, CENT)
        kept = "SELECT count(*) FROM crm.enrichment WHERE received IS NOT NULL OR fetched_at > '2031-05-01 12:01Z'"
        assert await people.count(kept) == 0


async def test_a_worker_makes_one_paid_call_at_a_time_and_free_ones_meanwhile(database):
    pdl, free = ToldProvider("pdl"), ToldProvider("clearbit", most=0)
    async with enriching(database, providers=[pdl, free]) as people:
        at_once = "SELECT count(*) = 4 FROM headrace.run WHERE state = 'processing' AND kind = 'enrich-linkedin'"

        async def hold(_now) -> None:
            async with people.app.pool.acquire() as connection:
                await until(lambda: connection.fetchval(at_once))
            await until(lambda: _is_true(len(free.asked) == 5))
            assert len(pdl.asked) == 1

        pdl.before = hold
        everybody = [await people.add(f"Ada Number{number}") for number in range(5)]
        async with people.app.process():
            await until(lambda: _all_found(people, everybody))
        assert (len(pdl.asked), len(free.asked)) == (5, 5)


async def _is_true(value: bool) -> bool:
    return value


async def _all_found(people: People, contact_ids) -> bool:
    return all([await people.states(each) == {"pdl": "found", "clearbit": "found"} for each in contact_ids])


async def test_handles_that_wait_are_looked_up_together_a_hundred_at_once(database, clock):
    names = [f"Ada Number{number}" for number in range(120)]
    accounts = {
        f"ada_{number}": Account(id=str(number), handle=f"ada_{number}", name=names[number]) for number in range(120)
    }
    network = ToldNetwork(accounts)
    async with enriching(database, clock=clock, network=network, settings=capped(x="100")) as people:
        for number, name in enumerate(names):
            await people.add(name, words=f"-- \n{name}\nhttps://x.com/ada_{number}")
        await drain(people.app, until=timedelta(seconds=10))
        assert [len(call) for call in network.calls] == [100, 20]
        assert sorted(network.read) == sorted(accounts)
        assert await people.count("SELECT count(*) FROM crm.enrichment WHERE source = 'x' AND state = 'found'") == 120
        assert await people.count("SELECT count(*) FROM crm.account_lookup WHERE outcome IS NULL") == 0
        await assert_enqueued(people.app, LOOKUP_KIND, count=1)


async def test_a_batch_is_cut_to_what_the_cap_allows(database, clock):
    network = ToldNetwork({})
    async with enriching(database, clock=clock, network=network, settings=capped(x="0.05")) as people:
        for number in range(8):
            await people.add(f"Ada Number{number}", words=f"-- \nhttps://x.com/ada_{number}")
        # Nobody is there: nothing is charged, so the cap has room again after each batch.
        await drain(people.app, until=timedelta(seconds=10))
        assert [len(call) for call in network.calls] == [5, 3]
        assert await people.spent("x") == 0


async def test_an_account_of_a_stranger_is_kept_and_is_no_fact(database, clock):
    network = ToldNetwork({"ada_b": Account(id="7", handle="ada_b", name="Mill Weekly News", bio="News.")})
    async with enriching(database, clock=clock, network=network) as people:
        ada = await people.add("Ada Byron", words=SIGNED)
        await drain(people.app, until=timedelta(seconds=5))
        assert await people.states(ada) == {"x": "found"}
        assert await people.values(ada) == {"x_handle": "ada_b"}
        assert await people.count("SELECT claims ->> 'bio' IS NOT NULL FROM crm.enrichment WHERE source = 'x'")


async def test_a_handle_that_two_people_sign_with_is_their_companys_and_not_asked_about(database, clock):
    network = ToldNetwork({})
    async with enriching(database, clock=clock, network=network) as people:
        for name in ("Ada Byron", "Bo Lind"):
            person = await people.add(name, words="-- \nThe Mill\nhttps://x.com/the_mill")
            await drain(people.app)
        assert await people.values(person) == {}
        await people.add("Cy Moor", words="See https://x.com/anybody")
        await drain(people.app, until=timedelta(seconds=5))
        assert network.calls == [("the_mill",)]


async def test_a_handle_that_another_source_tells_is_followed(database, clock):
    pdl = ToldProvider("pdl")
    pdl.otherwise = found(title="Miller", handles=[Handle("x", "ada_b", 0.85, "pdl")])
    network = ToldNetwork({"ada_b": ADA})
    async with enriching(database, clock=clock, network=network, providers=[pdl]) as people:
        ada = await people.add("Ada Byron")
        await drain(people.app, until=timedelta(seconds=5))
        assert (await people.values(ada))["bio"] == "Mills."
        await later(people, clock, days(1))
        assert len(pdl.asked) == 1
        assert len(network.calls) == 1


@pytest.mark.parametrize(
    ("instead", "state"),
    [
        (lambda _: Refused("wrong token"), "refused"),
        (lambda now: Limited(now + timedelta(minutes=15), "slow"), "asked"),
    ],
)
async def test_what_x_does_not_answer_is_refused_or_waited_for(database, clock, instead, state):
    network = ToldNetwork({"ada_b": ADA})
    network.instead = instead
    async with enriching(database, clock=clock, network=network) as people:
        ada = await people.add("Ada Byron", words=SIGNED)
        await drain(people.app, until=timedelta(seconds=5))
        assert await people.states(ada) == {"x": state}
        assert await people.spent("x") == 0
        network.instead = None
        await later(people, clock, days(2))
        assert await people.states(ada) == {"x": "found"}
        assert len(network.calls) == 2


async def test_who_is_forgotten_leaves_nothing_behind_and_an_answer_under_way_finds_nobody(database, clock):
    pdl = ToldProvider("pdl")
    async with enriching(database, clock=clock, network=ToldNetwork({}), providers=[pdl]) as people:
        ada = await people.add("Ada Byron", words=SIGNED)
        await drain(people.app, kinds=[ENRICHMENT_KIND, ASK_KINDS["pdl"]])
        assert await people.values(ada)
        async with people.app.transaction() as tx:
            await forget(tx.connection, ada)
        await drain(people.app, until=timedelta(seconds=5))
        for table in ("enrichment", "contact_profile", "contact_handle", "account_lookup"):
            assert await people.count(f"SELECT count(*) FROM crm.{table}") == 0, table
        assert await people.spent("pdl") == 10 * CENT


async def test_a_question_that_changes_while_it_is_asked_is_asked_anew(database, clock):
    pdl = ToldProvider("pdl")
    async with enriching(database, clock=clock, providers=[pdl]) as people:
        ada = await people.add("Ada Byron")
        await drain(people.app, kinds=[ENRICHMENT_KIND])

        async def change(now):
            await people.write(ada, "-- \nhttps://www.linkedin.com/in/ada-byron", MAY + timedelta(minutes=1))
            await people.app.enqueue(ENRICHMENT_KIND, EnrichContact(ada))
            async with people.app.transaction() as tx:
                contact = await lock_contact(tx.connection, ada)
                await read_mail(tx, contact, now=now)
                store = EnrichmentStore(tx.connection, ada)
                question = await question_for(tx, contact, "pdl")
                await store.mark_asked("pdl", question, token=None, now=now, due_at=now + days(2))

        pdl.before = change
        await drain(people.app)
        assert [query.linkedin for query in pdl.asked] == [None, "ada-byron"]
        assert await people.states(ada) == {"pdl": "found"}
        await drain(people.app, until=timedelta(seconds=5))
        assert len(pdl.asked) == 2


LETTER = """From x@example.org Mon Jan  5 10:00:00 2026
From: Ada Byron <ada@example.com>
To: owner@example.org
Subject: Harbour
Date: Mon, 05 Jan 2026 10:00:00 +0000
Message-ID: <1@example.org>

Words.

--
Ada Byron
https://x.com/Ada_B
"""


async def test_a_contact_found_in_a_mailbox_is_enriched_by_the_sources_of_the_settings(database, tmp_path):
    path = tmp_path / "letter.mbox"
    path.write_text(LETTER)
    sandbox = Sandbox(messages=0)
    sandbox.people.add(KnownPerson(email="ada@example.com", name="Ada Byron", title="Miller", x_handle="Ada_B"))
    with sandbox.served():
        settings = Settings(enrichment=sandbox.enrichment_settings())
        async with create_app(database, settings=settings) as app, app.process():
            await run_import(app, path, ["owner@example.org"])
            async with app.pool.acquire() as connection:
                (person,) = await list_contacts(connection)
                waits = "SELECT count(*) = 3 FROM crm.enrichment WHERE state = 'found' AND source <> 'signature'"
                await until(lambda: connection.fetchval(waits))
                profile = await read_profile(connection, person.id)
    assert {each.field: (each.value, each.source) for each in profile.fields}["title"] == ("Miller", "pdl")
    assert {(each.handle, each.origin, each.confidence) for each in profile.handles if each.network == "x"} >= {
        ("ada_b", "signature", 0.9),
        ("ada_b", "x", 0.9),
    }
