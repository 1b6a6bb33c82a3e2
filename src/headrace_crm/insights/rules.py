"""All rules on one picture: pure, and the same in whatever order letters come."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from headrace_crm.insights.birthday import birthday_near
from headrace_crm.insights.changes import changed_address, changed_role
from headrace_crm.insights.going_cold import going_cold
from headrace_crm.insights.introductions import introductions_wanted
from headrace_crm.insights.meetings import met_without_word
from headrace_crm.insights.model import Finding, Kind, Picture
from headrace_crm.insights.replies import waiting_threads

RULES = (waiting_threads, met_without_word, changed_role, changed_address, introductions_wanted, birthday_near)


def find(picture: Picture, *, now: datetime) -> tuple[Finding, ...]:
    """What is worth doing about one person at `now`, by key; letters that are later are not seen.

    Nothing for an address of the owner's own. Mail in bulk and of machines is left out before any rule looks. That
    somebody goes cold is not told where one of the two waits for an answer: that is the reason, and says more. A
    letter that asks for an introduction, or settles a meeting, is not told as one to answer besides.
    """
    if picture.contact.addresses & picture.owner_addresses:
        return ()
    seen = as_of(picture, now=now)
    letters = seen.letters
    if not letters:
        return ()
    found = [finding for rule in RULES for finding in rule(seen, now=now)]
    told = {message_id for each in found if each.kind in _SAYS_MORE for message_id in each.message_ids}
    found = [each for each in found if each.kind not in OWED or told.isdisjoint(each.message_ids)]
    last = letters[-1].message_id
    if not any(last in each.message_ids for each in found if each.kind in SAYS_WHY):
        found += going_cold(seen, now=now)
    return tuple(sorted(found, key=lambda each: each.key))


def as_of(picture: Picture, *, now: datetime) -> Picture:
    """What rules see of a picture at a moment: letters for people, ascending, and nothing of later."""
    letters = sorted(
        (each for each in picture.letters if each.sent_at <= now and each.is_for_people),
        key=lambda each: (each.sent_at, each.message_id),
    )
    return replace(
        picture,
        letters=tuple(letters),
        roles=tuple(each for each in picture.roles if each.seen_at <= now),
        positions=tuple(each for each in picture.positions if each.seen_at <= now),
        birthday=picture.birthday if picture.birthday and picture.birthday.seen_at <= now else None,
    )


OWED: Final[frozenset[Kind]] = frozenset({"unanswered_question", "owes_reply"})
_SAYS_MORE: Final[frozenset[Kind]] = frozenset({"introduction", "meeting_follow_up"})
SAYS_WHY: Final[frozenset[Kind]] = frozenset({*OWED, *_SAYS_MORE, "waiting_for_reply"})
