"""`headrace subscriptions` on a real log: look, pause, resume, skip, replay."""

import asyncio
import getpass

import pytest

from fix_apps import eventually
from fix_events import ContactCreated
from headrace import Stream

LOGIN = getpass.getuser()

pytestmark = pytest.mark.timeout(60)  # each command is a process of its own, one after the other


@pytest.fixture
async def parked(app, bench):
    """A subscription `watch` that has parked stream contact/1 at the first event; `told` is what it was handed."""
    app.register(ContactCreated)
    told, poison = [], {"Ada"}

    @app.on(ContactCreated, mode="ordered", name="watch", attempts=1)
    async def watch(events, tx):
        for one in events:
            if one.data.name in poison:
                raise ValueError(f"no place for {one.data.name}")
        told.extend(one.data.name for one in events)

    for name, contact in (("Ada", "1"), ("Bo", "2"), ("Cy", "1")):
        await app.append(ContactCreated(name), stream=Stream("contact", contact))
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 2 FROM headrace.parked_event"))
    return told, poison


async def test_what_is_parked_is_shown_and_resumed(headrace, bench, parked):
    told, poison = parked
    listed, shown, table, text = await asyncio.gather(
        headrace("subscriptions", "list", "--json"),
        headrace("subscriptions", "parked", "watch", "--json"),
        headrace("subscriptions", "parked"),
        headrace("subscriptions", "list"),
    )
    [watch] = listed.json
    assert (watch["name"], watch["behind_count"], watch["behind_seconds"]) == ("watch", 0, 0)
    assert (watch["parked_streams"], watch["parked_events"]) == (1, 2)
    [stream] = shown.json
    assert (stream["position"], stream["aggregate_id"], stream["event_count"]) == (1, "1", 2)
    assert "ValueError: no place for Ada" in table.out
    assert "2 in 1" in text.out

    poison.clear()
    resumed = await headrace("subscriptions", "resume", "watch", "1", "--reason", "mended")
    assert (resumed.code, resumed.out.strip()) == (0, "watch: parked streams resumed: 1")
    async with bench.working():
        await eventually(lambda: told == ["Bo", "Ada", "Cy"], 30)
    [action] = (await headrace("subscriptions", "actions", "watch", "--json")).json
    assert (action["action"], action["actor"], action["reason"]) == ("resume", LOGIN, "mended")


async def test_an_event_is_skipped_for_a_reason_only(headrace, bench, parked):
    told, _ = parked
    without, blank, other = await asyncio.gather(
        headrace("subscriptions", "skip", "watch", "1"),
        headrace("subscriptions", "skip", "watch", "1", "--reason", " "),
        headrace("subscriptions", "skip", "watch", "2", "--reason", "x"),
    )
    assert ("--reason" in without.err, without.code, blank.code, other.code) == (True, 2, 1, 3)
    assert (await headrace("subscriptions", "skip", "watch", "1", "--reason", "a test")).code == 0
    async with bench.working():
        await eventually(lambda: told == ["Bo", "Cy"])
    actions = await headrace("subscriptions", "actions")
    assert all(text in actions.out for text in ("skip", "a test", "no place for Ada"))


async def test_a_subscription_is_paused_resumed_and_replayed(headrace, bench, parked):
    told, poison = parked
    poison.clear()
    paused, again = [await headrace("subscriptions", "pause", "watch", "--reason", "hot") for _ in range(2)]
    assert (paused.out.strip(), again.out.strip()) == ("watch is paused", "watch was paused already")
    assert f"paused by {LOGIN}: hot" in (await headrace("subscriptions", "list")).out
    replayed = await headrace("subscriptions", "replay", "watch", "--since", "2001-01-01")
    assert replayed.out.strip() == "watch: meets events after 0 again, it had got to 3"
    assert (await headrace("subscriptions", "resume", "watch")).out.strip() == "watch goes on"
    async with bench.working():
        await eventually(lambda: told == ["Bo", "Ada", "Bo", "Cy"])


async def test_a_subscription_is_removed_once_no_worker_has_its_handler(headrace, bench, parked):
    async with bench.working():
        refused = await headrace("subscriptions", "remove", "watch", "--reason", "gone")
        assert (refused.code, "watch" in refused.err, "tests on " in refused.err) == (1, True, True), refused
        assert await bench.value("SELECT count(*) = 1 FROM headrace.subscription")
    removed = await headrace("subscriptions", "remove", "watch", "--reason", "renamed to look")
    assert (removed.code, removed.out.strip()) == (0, "watch is removed, it had got to 3"), removed
    left, actions, again = await asyncio.gather(
        headrace("subscriptions", "list", "--json"),
        headrace("subscriptions", "actions", "watch", "--json"),
        headrace("subscriptions", "remove", "watch"),
    )
    assert left.json == []
    [action] = actions.json
    assert (action["action"], action["actor"], action["reason"]) == ("remove", LOGIN, "renamed to look")
    assert action["detail"] == {"position": 3, "parked_events": 2}
    assert (again.code, "no subscription 'watch'" in again.err) == (3, True)
    assert await bench.value("SELECT count(*) = 0 FROM headrace.parked_event")


async def test_what_does_not_exist_ends_with_its_code(headrace):
    calls = (
        ("pause", "ghost"),
        ("resume", "ghost"),
        ("resume", "ghost", "--parked"),
        ("replay", "ghost", "--after", "0"),
    )
    for ran in await asyncio.gather(*(headrace("subscriptions", *call) for call in calls)):
        assert (ran.code, "no subscription 'ghost'" in ran.err) == (3, True), ran


async def test_a_replay_wants_to_be_told_from_where_and_once(headrace):
    calls = ((), ("--after", "1", "--since", "2001-01-01"))
    for ran in await asyncio.gather(*(headrace("subscriptions", "replay", "watch", *call) for call in calls)):
        assert (ran.code, "one of --after and --since" in ran.err) == (2, True), ran
