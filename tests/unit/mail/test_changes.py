"""What follows from the changes of a mailbox, case by case and for any history cut in any way."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.mail.provider import HistoryRecord
from headrace_crm.mail.sync.changes import Known, Plan, plan
from headrace_crm.mail.sync.labels import is_wanted


def stored(history_id: int, *labels: str) -> dict[str, Known]:
    return {"m": Known("m", "key", history_id, labels, is_gone=False)}


def record(number: int, kind: str, *labels: str, message: str = "m") -> HistoryRecord:
    return HistoryRecord(number, kind, message, labels)


def test_what_a_stored_message_meets_changes_its_labels_in_order():
    changes = [record(5, "labels_added", "STARRED", "INBOX"), record(6, "labels_removed", "UNREAD", "INBOX")]
    assert plan(changes, stored(4, "UNREAD", "INBOX")) == Plan(relabelled={"m": (6, ("STARRED",))})


def test_a_message_is_fetched_where_only_the_server_knows_how_it_looks():
    added = [record(5, "added", "INBOX")]
    assert plan(added, {}) == Plan(fetched={"m": 5})
    # Listed and not fetched yet; a change of it without labels; one that labels keep out, and that comes back.
    listed = {"m": Known("m", None, 0, (), is_gone=False)}
    assert plan([record(5, "labels_added", "STARRED")], listed) == Plan(fetched={"m": 5})
    assert plan([record(5, "added")], {}) == Plan(fetched={"m": 5})
    trashed = {"m": Known("m", None, 4, ("TRASH",), is_gone=False)}
    assert plan([record(5, "labels_removed", "TRASH")], trashed) == Plan(fetched={"m": 5})


def test_what_its_labels_keep_out_is_left_out_and_a_stored_message_that_meets_them_is_told_to_go():
    assert plan([record(5, "added", "SPAM")], {}) == Plan(left_out={"m": (5, ("SPAM",))})
    assert plan([record(5, "labels_added", "TRASH")], stored(4, "INBOX")) == Plan(
        relabelled={"m": (5, ("INBOX", "TRASH"))}
    )


def test_what_was_deleted_is_removed_and_stays_so():
    deleted = [record(5, "labels_added", "STARRED"), record(6, "deleted"), record(7, "labels_added", "INBOX")]
    assert plan(deleted, stored(4)) == Plan(removed={"m": 6})
    gone = {"m": Known("m", None, 6, (), is_gone=True)}
    assert plan(deleted, gone) == Plan()


def test_changes_that_a_message_holds_already_change_nothing_but_those_of_its_newest_id_are_followed_again():
    assert plan([record(3, "labels_added", "STARRED"), record(4, "deleted")], stored(5, "INBOX")) == Plan()
    again = [record(5, "labels_added", "STARRED"), record(5, "labels_removed", "UNREAD")]
    assert plan(again, stored(5, "INBOX", "STARRED")) == Plan(relabelled={"m": (5, ("INBOX", "STARRED"))})


def test_each_message_is_followed_for_itself():
    changes = [record(5, "added", "INBOX", message="a"), record(6, "deleted", message="b"), record(7, "added", "DRAFT")]
    found = plan(changes, {})
    assert (found.fetched, found.removed, found.left_out) == ({"a": 5}, {"b": 6}, {"m": (7, ("DRAFT",))})


@dataclass
class Server:
    """A mailbox, and the history of all that was done to it."""

    messages: dict[str, set[str]] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    history: list[HistoryRecord] = field(default_factory=list)

    def do(self, message: str, what: str) -> None:
        number = len(self.history) + 1
        if message not in self.messages:
            if message in self.last:
                return  # ids are not used again
            self.messages[message] = {what} if what != "DELETE" else {"INBOX"}
            made = HistoryRecord(number, "added", message, tuple(self.messages[message]))
        elif what == "DELETE":
            del self.messages[message]
            made = HistoryRecord(number, "deleted", message, ())
        elif what in self.messages[message]:
            self.messages[message].remove(what)
            made = HistoryRecord(number, "labels_removed", message, (what,))
        else:
            self.messages[message].add(what)
            made = HistoryRecord(number, "labels_added", message, (what,))
        self.history.append(made)
        self.last[message] = number


def follow(server: Server, known: dict[str, Known], found: Plan) -> None:
    """Does what a plan says; a message that is fetched is as it is at the server now, and not as it was then."""
    for message, number in found.removed.items():
        known[message] = Known(message, None, number, (), is_gone=True)
    for message, (number, labels) in found.left_out.items():
        known[message] = Known(message, None, number, labels, is_gone=False)
    for message, (number, labels) in found.relabelled.items():
        known[message] = Known(message, f"key-{message}" if is_wanted(labels) else None, number, labels, is_gone=False)
    for message, number in found.fetched.items():
        if message not in server.messages:
            known[message] = Known(message, None, number, (), is_gone=True)
            continue
        labels = tuple(sorted(server.messages[message]))
        key = f"key-{message}" if is_wanted(labels) else None
        known[message] = Known(message, key, server.last[message], labels, is_gone=False)


@given(
    deeds=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["INBOX", "STARRED", "TRASH", "SPAM", "DELETE"])),
        max_size=25,
    ),
    pages=st.lists(st.integers(min_value=1, max_value=8), min_size=1),
    repeats=st.lists(st.integers(min_value=0, max_value=5), min_size=1),
)
def test_however_a_history_is_cut_and_repeated_what_is_known_at_the_end_is_what_is_there(deeds, pages, repeats):
    server, known = Server(), {}
    for message, what in deeds:
        server.do(message, what)
    start, turn = 0, 0
    while start < len(server.history):
        end = start + pages[turn % len(pages)]
        again = max(0, start - repeats[turn % len(repeats)])
        follow(server, known, plan(server.history[again:end], known))
        start, turn = end, turn + 1
    held = {message: set(each.labels) for message, each in known.items() if each.message_key is not None}
    assert held == {message: labels for message, labels in server.messages.items() if is_wanted(labels)}
