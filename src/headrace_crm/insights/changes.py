"""A person signs with another role, or writes from another address: pure."""

import re
from datetime import datetime, timedelta
from typing import Final

from headrace_crm.insights.importance import importance
from headrace_crm.insights.model import Finding, Letter, Picture, days

NEWS_FOR: Final = timedelta(days=90)
"""What changed longer ago is no news."""
_OLD_USES: Final = 3
_NEW_USES: Final = 2


def changed_role(picture: Picture, *, now: datetime) -> list[Finding]:
    """One finding where the newest signature says another role than the one before, first in the last 90 days.

    Where signatures say nothing new, what another source found in the place of a title or an organisation counts.
    """
    if len(picture.roles) > 1 and now - picture.roles[-1].seen_at <= NEWS_FOR:
        before, after = picture.roles[-2:]
        return [_role(picture, before.text, after.text, (before.message_id, after.message_id), now - after.seen_at)]
    if picture.positions and now - picture.positions[-1].seen_at <= NEWS_FOR:
        change = picture.positions[-1]
        found = re.fullmatch(r"message (\d+)", change.evidence)
        return [_role(picture, change.old, change.new, (int(found[1]),) if found else (), now - change.seen_at)]
    return []


def _role(picture: Picture, old: str, new: str, message_ids: tuple[int, ...], age: timedelta) -> Finding:
    return Finding(
        "changed_role",
        f"changed_role:{picture.contact.id}",
        f"{old}\n{new}",
        fresh(age) * importance(picture.letters),
        f"{picture.contact.name} is now {new}; before: {old}",
        message_ids,
        {"days_ago": round(days(age))},
    )


def changed_address(picture: Picture, *, now: datetime) -> list[Finding]:
    """One finding where somebody who wrote from one address three times or more writes from a new one only.

    The new one must have been used twice, first in the last 90 days, and no other since.
    """
    received = [each for each in picture.letters if each.direction == "received" and each.sender]
    if not received:
        return []
    new = received[-1].sender
    uses = [each for each in received if each.sender == new]
    first = uses[0]
    before: list[Letter] = [each for each in received if each.sent_at < first.sent_at]
    is_only_one_since = all(each.sender == new for each in received if each.sent_at >= first.sent_at)
    age = now - first.sent_at
    if not before or len(uses) < _NEW_USES or not is_only_one_since or age > NEWS_FOR:
        return []
    old = before[-1].sender
    old_uses = sum(each.sender == old for each in before)
    if old_uses < _OLD_USES:
        return []
    return [
        Finding(
            "changed_address",
            f"changed_address:{picture.contact.id}",
            f"{old}\n{new}",
            0.8 * fresh(age) * importance(picture.letters),
            f"{picture.contact.name} now writes from {new}, and no more from {old}",
            (before[-1].message_id, first.message_id),
            {"days_ago": round(days(age)), "old_uses": old_uses, "new_uses": len(uses)},
        )
    ]


def fresh(age: timedelta) -> float:
    """1.0 for today, falling to 0.5 when it stops being news."""
    return 1.0 - 0.5 * max(age, timedelta(0)) / NEWS_FOR
