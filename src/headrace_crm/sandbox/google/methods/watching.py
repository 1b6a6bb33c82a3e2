"""`users.watch` and `users.stop`."""

import re
from typing import Final

import msgspec

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.google.call import Asked
from headrace_crm.sandbox.google.refusal import invalid
from headrace_crm.sandbox.google.watches import Watch, Watches

_TOPIC: Final = re.compile(r"projects/[^/\s]+/topics/[^/\s]+")


class _Wanted(msgspec.Struct, rename="camel"):
    topic_name: str = ""
    label_ids: list[str] = []
    label_filter_behavior: str = ""
    label_filter_action: str = ""


class Watching:
    """The two methods; every topic of the right form is taken to exist."""

    def __init__(self, watches: Watches, clock: SandboxClock) -> None:
        self._watches = watches
        self._clock = clock

    def watch(self, asked: Asked) -> Answer:
        """Begins a watch, or renews it; it ends by itself."""
        wanted = asked.body(_Wanted)
        if wanted is None or not _TOPIC.fullmatch(wanted.topic_name):
            return invalid("Invalid topicName does not match projects/sandbox/topics/*")
        behaviour = (wanted.label_filter_behavior or wanted.label_filter_action or "include").lower()
        if behaviour not in {"include", "exclude"} or not asked.mailbox.has_labels(wanted.label_ids):
            return invalid("Invalid label filter")
        watch = Watch(
            topic=wanted.topic_name,
            label_ids=frozenset(wanted.label_ids),
            is_excluding=behaviour == "exclude",
            ends_at=self._clock.now() + asked.rules.watch_lifetime,
        )
        self._watches.begin(asked.mailbox.email, watch)
        return json_answer(
            {
                "historyId": str(asked.mailbox.history_id),
                "expiration": str(int(watch.ends_at.timestamp() * 1000)),
            }
        )

    def stop(self, asked: Asked) -> Answer:
        """Ends the watch; it is no error if there is none."""
        self._watches.stop(asked.mailbox.email)
        return Answer(204)
