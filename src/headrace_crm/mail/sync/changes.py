"""From the changes of a mailbox, and what is known of its messages, to what has to be done: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headrace_crm.mail.provider import HistoryRecord
from headrace_crm.mail.sync.labels import is_wanted


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one message at the server: `message_key` is the stored one, None where there is none.

    `labels` are right for a stored message and one that its labels keep out, else empty.
    """

    provider_id: str
    message_key: str | None
    history_id: int
    labels: tuple[str, ...]
    is_gone: bool


@dataclass(slots=True)
class Plan:
    """What follows from changes: messages to remove, to fetch, and labels to write; each with its newest change.

    `left_out` are messages that their labels keep out from the start, as they are known now.
    """

    removed: dict[str, int] = field(default_factory=dict[str, int])
    fetched: dict[str, int] = field(default_factory=dict[str, int])
    relabelled: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict[str, tuple[int, tuple[str, ...]]])
    left_out: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict[str, tuple[int, tuple[str, ...]]])


@dataclass(slots=True)
class _State:
    history_id: int
    labels: tuple[str, ...] | None
    is_stored: bool
    is_gone: bool
    is_changed: bool = False


def plan(records: Iterable[HistoryRecord], known: Mapping[str, Known]) -> Plan:
    """Follow the records in their order; those that a message's own history already holds change nothing.

    A message that is not stored, and not kept out by labels that are known, is fetched: only the server knows
    how it looks as a whole. So a message that leaves the trash comes back.
    """
    states: dict[str, _State] = {}
    for record in records:
        state = states.get(record.message_id)
        if state is None:
            state = states[record.message_id] = _begin(known.get(record.message_id))
        _follow(state, record)
    found = Plan()
    for message_id, state in states.items():
        if state.is_changed:
            _decide(found, message_id, state)
    return found


def _begin(known: Known | None) -> _State:
    if known is None:
        return _State(0, None, is_stored=False, is_gone=False)
    is_stored = known.message_key is not None
    labels = known.labels if is_stored or known.labels else None
    return _State(known.history_id, labels, is_stored, known.is_gone)


def _follow(state: _State, record: HistoryRecord) -> None:
    # Several changes may share one id: those of the newest one known are followed again, which changes nothing.
    if state.is_gone or record.id < state.history_id:
        return
    state.history_id = record.id
    state.is_changed = True
    match record.kind:
        case "deleted":
            state.is_gone = True
        case "added":
            if state.labels is None and record.labels:
                state.labels = record.labels
        case "labels_added":
            if state.labels is not None:
                state.labels = tuple(dict.fromkeys((*state.labels, *record.labels)))
        case "labels_removed":
            if state.labels is not None:
                state.labels = tuple(label for label in state.labels if label not in record.labels)


def _decide(found: Plan, message_id: str, state: _State) -> None:
    if state.is_gone:
        found.removed[message_id] = state.history_id
    elif state.labels is None:
        found.fetched[message_id] = state.history_id
    elif state.is_stored:
        found.relabelled[message_id] = (state.history_id, state.labels)
    elif is_wanted(state.labels):
        found.fetched[message_id] = state.history_id
    else:
        found.left_out[message_id] = (state.history_id, state.labels)
