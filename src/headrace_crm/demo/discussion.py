"""A discussion list the owner reads: most of it is not for the owner, some of it is addressed to them too."""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from headrace_crm.demo.chance import chance
from headrace_crm.demo.letter import Letter
from headrace_crm.demo.person import Address, Person
from headrace_crm.demo.rhythm import SPAN
from headrace_crm.demo.texts import read_phrases
from headrace_crm.demo.thread import Thread, answer_at, begin_at, role_of
from headrace_crm.demo.world import World

LONGEST_THREAD = 7
OWNER_SHARE = 0.3
MEDIAN_HOURS = 9


@dataclass(frozen=True, slots=True)
class DiscussionList:
    """The list's names, as its headers carry them."""

    name: str = "Wheel keepers and millwrights"
    address: str = "millwrights@lists.millpond.example"
    list_id: str = "millwrights.lists.millpond.example"
    tag: str = "[millwrights]"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers every copy that came through the list has."""
        return (
            ("Precedence", "list"),
            ("List-Id", f"{self.name} <{self.list_id}>"),
            ("List-Post", f"<mailto:{self.address}>"),
            ("List-Help", f"<mailto:{self.address.replace('@', '-request@')}?subject=help>"),
            ("Sender", f"millwrights-bounces@{self.list_id.partition('.')[2]}"),
        )


def discuss(world: World) -> list[Letter]:
    """Return the list's mail, as many letters as the world says."""
    source = chance(world.seed, "discussion")
    letters: list[Letter] = []
    while len(letters) < world.list_count:
        length = min(world.list_count - len(letters), source.randint(1, LONGEST_THREAD))
        letters += _discussion(SPAN * source.random(), length, world, source)
    return letters


def _discussion(age: timedelta, length: int, world: World, source: Random) -> list[Letter]:
    owner, through = world.owner, DiscussionList()
    phrases = read_phrases("en")
    thread = Thread(
        "list",
        "community",
        phrases,
        phrases.topic("list"),
        phrases.fill(source=source),
        world.ends_at,
        source,
    )
    thread.subject = f"{through.tag} {thread.subject}"
    writer = _member(world, source, unlike=None)
    at = begin_at(world.ends_at - age, writer=writer, circle="community", ends_at=world.ends_at, source=source)
    asked: Person | None = None
    for turn in range(length):
        if at > world.ends_at:
            break
        to, cc = _recipients(writer, asked, world, thread, source)
        thread.write(
            writer,
            reader=asked or replace(writer, given="all"),
            sender=writer.address("community"),
            to=to,
            cc=cc,
            at=at,
            role=role_of(turn, length=length),
            headers=() if writer is owner else through.headers,
        )
        asked = writer
        writer = _member(world, source, unlike=writer)
        at = answer_at(at, writer=writer, median_hours=MEDIAN_HOURS, source=source)
    return thread.letters


def _recipients(
    writer: Person, asked: Person | None, world: World, thread: Thread, source: Random
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Return To and Cc: the list, often the person answered too, the owner once they took part."""
    through = (Address("", DiscussionList().address),)
    seat = world.owner.address("community")
    took_part = any(letter.sender == seat for letter in thread.letters)
    if asked is not None and source.random() < (0.8 if asked is world.owner else 0.4):
        direct = (asked.address("community"),)
        return (direct, through) if source.random() < 1 / 2 else (through, direct)
    if took_part and writer is not world.owner and source.random() < 1 / 2:
        return through, (seat,)
    return through, ()


def _member(world: World, source: Random, *, unlike: Person | None) -> Person:
    if unlike is not world.owner and source.random() < OWNER_SHARE:
        return world.owner
    return source.choice([each for each in world.strangers if each is not unlike])
