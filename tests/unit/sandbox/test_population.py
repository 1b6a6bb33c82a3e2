import re
from datetime import UTC, datetime

from headrace_crm.demo.world import build_world
from headrace_crm.sandbox import Sandbox
from headrace_crm.sandbox.enrichment.population import known_people

ENDS_AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_most_people_of_a_world_are_known_some_are_on_x_and_some_are_known_to_nobody():
    world = build_world(seed=7, messages=3_000, ends_at=ENDS_AT)
    known = list(known_people(world))
    assert known == list(known_people(world))
    emails = {each.email for each in known}
    strangers = [person for person in world.people if not set(person.addresses) & emails]
    assert 0.1 < len(strangers) / len(world.people) < 0.3
    handles = [each.x_handle for each in known if each.x_handle]
    assert 0.3 < len(handles) / len(known) < 0.7
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,15}", handle) for handle in handles)
    assert {address for person in world.people if person not in strangers for address in person.addresses} == emails


def test_a_sandbox_knows_the_people_of_its_mailbox_and_one_without_mail_knows_nobody():
    world = build_world(seed=3, messages=200, ends_at=ENDS_AT)
    sandbox = Sandbox(seed=3, messages=200, ends_at=ENDS_AT)
    assert {each.email for each in sandbox.people} == {each.email for each in known_people(world)}
    assert list(Sandbox(messages=0).people) == []
