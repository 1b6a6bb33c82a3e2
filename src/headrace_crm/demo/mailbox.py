from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headrace_crm.demo.letter import Letter
from headrace_crm.demo.mail import compose_mail
from headrace_crm.demo.mbox import mbox_entry, write_mbox
from headrace_crm.demo.person import Person
from headrace_crm.demo.rfc822 import bytes_at
from headrace_crm.demo.rhythm import Rhythm
from headrace_crm.demo.world import World, build_world


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """What is true about one person: an importer that reads the mailbox well comes to the same.

    `sent` counts messages from an owner's address with one of the person's in To, Cc or Bcc; `received` those
    from the person with an owner's address in To or Cc. Each message counts once however often it was
    delivered, and automatic answers do not count. Who has neither is no contact: they wrote to the list or
    were in nobody's letter to the owner. `rhythm` is None for who is known from the list alone.
    """

    name: str
    addresses: tuple[str, ...]
    rhythm: Rhythm | None
    sent: int
    received: int


@dataclass(frozen=True, slots=True)
class DemoMailbox:
    """A written mailbox.

    `message_count` is every message in the file, `duplicate_count` of them second copies. `first_at` and
    `last_at` are the sending times of the oldest and the newest message.
    """

    path: Path
    owner_name: str
    owner_addresses: tuple[str, ...]
    people: tuple[DemoPerson, ...]
    message_count: int
    duplicate_count: int
    thread_count: int
    byte_count: int
    first_at: datetime
    last_at: datetime


def write_mailbox(path: Path, *, seed: int = 7, messages: int = 600, ends_at: datetime) -> DemoMailbox:
    """Write a mailbox of exactly `messages` messages among fictional people to `path`, in mboxrd form.

    It spans two years; its last message is from the days before `ends_at`, none is after it. The same
    arguments give the same bytes. An existing file is replaced. ValueError for fewer than 100 messages or a
    naive `ends_at`; OSError as `path` gives it.

    >>> from datetime import UTC, datetime
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     mailbox = write_mailbox(Path(folder) / "demo.mbox", ends_at=datetime(2026, 3, 1, tzinfo=UTC))
    >>> mailbox.owner_name, mailbox.message_count, mailbox.duplicate_count
    ('Maren Tolvik', 600, 3)
    """
    world = build_world(seed=seed, messages=messages, ends_at=ends_at)
    letters = compose_mail(world)
    owned = frozenset(world.owner.addresses)
    byte_count = write_mbox(path, (_entry(letter, world.owner) for letter in letters))
    unique = list({letter.message_id: letter for letter in letters}.values())
    return DemoMailbox(
        path=path,
        owner_name=world.owner.name,
        owner_addresses=world.owner.addresses,
        people=_people(world, unique, owned),
        message_count=len(letters),
        duplicate_count=len(letters) - len(unique),
        thread_count=len({letter.conversation for letter in unique}),
        byte_count=byte_count,
        first_at=min(letter.sent_at for letter in letters),
        last_at=max(letter.sent_at for letter in letters),
    )


def _entry(letter: Letter, owner: Person) -> bytes:
    return mbox_entry(bytes_at(owner, letter), sender=letter.sender.spec, sent_at=letter.sent_at)


def _people(world: World, letters: list[Letter], owned: frozenset[str]) -> tuple[DemoPerson, ...]:
    rhythms: dict[Person, Rhythm] = {each.person: each.rhythm for each in world.relationships}
    by_address: dict[str, Person] = {spec: person for person in world.people for spec in person.addresses}
    sent = dict.fromkeys(world.people, 0)
    received = dict.fromkeys(world.people, 0)
    for letter in letters:
        if letter.sort in {"newsletter", "robot"}:
            continue
        if letter.sender.spec in owned:
            for person in {by_address[spec] for spec in letter.recipients if spec in by_address}:
                sent[person] += 1
        elif owned & {each.spec for each in (*letter.to, *letter.cc)}:
            received[by_address[letter.sender.spec]] += 1
    return tuple(
        DemoPerson(
            name=person.name,
            addresses=person.addresses,
            rhythm=rhythms.get(person),
            sent=sent[person],
            received=received[person],
        )
        for person in world.people
    )
