"""The event that says a subject's personal data can be read no more."""

import msgspec

from headrace.events.event import event


@event("subject.erased")
class SubjectErased(msgspec.Struct, frozen=True):
    """The key of a subject was deleted. `event_counts` says how many events of each type had values under it."""

    subject: str
    event_counts: dict[str, int]
    key_fingerprint: str | None = None
    reason: str | None = None
