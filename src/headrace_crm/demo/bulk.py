"""Mail that no person wrote: newsletters, receipts, reminders, bounces, absence notes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import msgspec

from headrace_crm.demo.chance import chance
from headrace_crm.demo.letter import Letter, Sort
from headrace_crm.demo.person import Address, Layout, Person
from headrace_crm.demo.rhythm import SPAN
from headrace_crm.demo.texts import read_phrases, read_text
from headrace_crm.demo.world import World


class Sender(msgspec.Struct, frozen=True):
    """Something that sends mail by itself; `to` is a circle of the owner or an address as it stands."""

    name: str
    address: str
    to: str
    layout: Layout
    subjects: list[str]
    paragraphs: list[str]
    headers: list[tuple[str, str]]


class Senders(msgspec.Struct, frozen=True):
    """All of them."""

    newsletters: list[Sender]
    robots: list[Sender]


def send_bulk(world: World, *, robot_count: int) -> list[Letter]:
    """Return the world's newsletters and `robot_count` letters of robots, each spread over the two years."""
    senders = msgspec.toml.decode(read_text("bulk"), type=Senders)
    return [
        *_sent(senders.newsletters, world.newsletter_count, "newsletter", world),
        *_sent(senders.robots, robot_count, "robot", world),
    ]


def absence_note(answered: Letter, *, person: Person, ends_at: datetime) -> Letter | None:
    """Return what the person's mail program answers by itself a moment later; None after `ends_at`.

    It comes from a person's address and is no interaction all the same: it says so in Auto-Submitted.
    """
    sent_at = answered.sent_at.astimezone(timezone(person.utc_offset)) + timedelta(seconds=40)
    if sent_at > ends_at:
        return None
    return replace(
        answered,
        message_id=f"auto.{answered.message_id.partition('@')[0]}@{person.domain}",
        sort="robot",
        sender=person.address("work"),
        to=(answered.sender,),
        cc=(),
        bcc=(),
        subject=f"Automatic reply: {answered.subject}",
        sent_at=sent_at,
        text=f"I am away until {sent_at + timedelta(days=9):%Y-%m-%d} and read no mail.\n\n{person.given}\n",
        references=(*answered.references, answered.message_id),
        layout="plain",
        attachments=(),
        headers=(("Auto-Submitted", "auto-replied"), ("X-Autoreply", "yes")),
    )


def _sent(senders: list[Sender], count: int, sort: Sort, world: World) -> list[Letter]:
    phrases, source = read_phrases("en"), chance(world.seed, sort)
    letters: list[Letter] = []
    for index in range(count):
        sent_at = world.ends_at - SPAN * ((index + source.random()) / count)
        gaps = phrases.fill(source=source)
        sender = senders[index % len(senders)]
        letters.append(_letter(sender, sort, sent_at=sent_at, gaps=gaps, owner=world.owner, source=source))
    return letters


def _letter(
    sender: Sender, sort: Sort, *, sent_at: datetime, gaps: Mapping[str, str], owner: Person, source: Random
) -> Letter:
    match sender.to:
        case "work" | "private":
            to = owner.address(sender.to)
        case _:
            to = Address("", sender.to)
    message_id = f"{source.getrandbits(64):016x}@{sender.address.rpartition('@')[2]}"
    return Letter(
        message_id=message_id,
        conversation=message_id,
        sort=sort,
        sender=Address(sender.name, sender.address),
        to=(to,),
        subject=source.choice(sender.subjects).format_map(gaps),
        sent_at=sent_at.astimezone(UTC).replace(microsecond=0),
        text="\n\n".join(sender.paragraphs).format_map(gaps) + "\n",
        layout=sender.layout,
        headers=tuple((name, value.format_map(gaps)) for name, value in sender.headers),
    )
