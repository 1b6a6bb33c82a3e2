import pytest

from fix_events import ContactCreated
from headrace.errors import ConfigurationError, UnknownEventError
from headrace.events.bus import Bus, Handler, type_names
from headrace.events.subscription import Subscription


async def nothing(*_: object) -> None:
    pass


def handler(name: str, *, mode="job", types=frozenset({"contact.created"}), **options) -> Handler:
    return Handler(name=name, types=types, mode=mode, function=nothing, **options)


def test_a_name_is_given_once():
    bus = Bus()
    bus.add(handler("stats"))
    with pytest.raises(ConfigurationError, match="'stats' is already there"):
        bus.add(handler("stats", mode="sync"))


def test_sync_handlers_come_in_the_order_added_and_only_for_their_types():
    bus = Bus()
    for added in (
        handler("b", mode="sync"),
        handler("a", mode="sync"),
        handler("other", mode="sync", types=frozenset({"note.taken"})),
        handler("every", mode="sync", types=None),
        handler("later", mode="ordered"),
        handler("shown", mode="live"),
    ):
        bus.add(added)

    assert [one.name for one in bus.sync_handlers("contact.created")] == ["b", "a", "every"]
    assert [one.name for one in bus.subscriptions()] == ["later"]
    assert [one.name for one in bus.live_handlers()] == ["shown"]


def test_a_handler_is_found_by_name_or_the_known_ones_are_listed():
    bus = Bus()
    bus.add(handler("stats"))
    assert bus.get("stats").name == "stats"
    with pytest.raises(ConfigurationError, match=r"known: stats"):
        bus.get("missing")


def test_a_durable_handler_has_a_subscription_and_a_sync_one_has_none():
    ordered = handler("stats", mode="ordered", lanes=4, batch_size=50, start="now")
    assert ordered.subscription == Subscription(
        "stats", types=frozenset({"contact.created"}), mode="ordered", lanes=4, batch_size=50, start="now"
    )
    assert handler("inline", mode="sync").subscription is None
    assert handler("shown", mode="live").subscription is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "sync", "lanes": 2}, "has no lanes, got 2"),
        ({"mode": "job", "on_error": "log"}, "only mode='sync' knows"),
        ({"mode": "live", "lanes": 2}, "neither lanes nor a start, got 2 and 'beginning'"),
        ({"mode": "live", "start": "now"}, "got 1 and 'now'"),
        ({"mode": "live", "on_error": "log"}, "only mode='sync' knows"),
        ({"lanes": 0}, "must be 1 to 1024, got 0"),
        ({"batch_size": 0}, "at least 1, got 0"),
        ({"types": frozenset()}, "wants no event types"),
    ],
)
def test_options_a_mode_does_not_have_are_refused(options, words):
    with pytest.raises(ConfigurationError, match=words):
        handler("stats", **options)


def test_types_are_given_as_classes_or_names():
    assert type_names([ContactCreated, "note.taken"]) == {"contact.created", "note.taken"}
    with pytest.raises(UnknownEventError):
        type_names([int])
    with pytest.raises(ConfigurationError, match="at least one type"):
        type_names([])
