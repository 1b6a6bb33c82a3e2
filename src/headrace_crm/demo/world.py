"""The world that mail is written in: the owner, the people, what binds them, and who belongs to the list."""

from dataclasses import dataclass
from datetime import datetime

from headrace_crm.demo.cast import owner_of, people_of, read_cast
from headrace_crm.demo.person import Circle, Person
from headrace_crm.demo.rhythm import DECK, HABITS, Rhythm

FEWEST_MESSAGES = 100
MESSAGES_PER_PERSON = 15
FEWEST_PEOPLE, MOST_PEOPLE = 12, 600
MEMBERS_PER_PERSON = 1 / 6
CIRCLES: tuple[Circle, ...] = ("work", "private", "work", "community", "work")


@dataclass(frozen=True, slots=True)
class Relationship:
    """The owner and one person: `message_count` messages of theirs, in `circle`, at `rhythm`.

    `introduces` is somebody the person makes the owner acquainted with, once; `wants` is somebody the person asks the
    owner to be introduced to, in vain so far; `meets` where they met the owner two days before the end. `colleagues`
    may be in copy.
    """

    person: Person
    rhythm: Rhythm
    circle: Circle
    message_count: int
    introduces: Person | None
    wants: Person | None
    meets: bool
    colleagues: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is true before a letter is written, the same for the same seed, size and end.

    `strangers` know the owner from the list alone. The counts of the sorts of mail add up to the size asked
    for.
    """

    seed: int
    ends_at: datetime
    owner: Person
    relationships: tuple[Relationship, ...]
    strangers: tuple[Person, ...]
    list_count: int
    newsletter_count: int
    robot_count: int
    duplicate_count: int

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody but the owner."""
        return (*(each.person for each in self.relationships), *self.strangers)


def build_world(*, seed: int, messages: int, ends_at: datetime) -> World:
    """Build a world whose mail comes to exactly `messages`, of two years that end at `ends_at`.

    One person for every 15 messages, 12 to 600 of them. ValueError for fewer than 100 messages, which cannot
    show every sort of mail, and for a naive `ends_at`.
    """
    if messages < FEWEST_MESSAGES:
        raise ValueError(f"messages must be at least {FEWEST_MESSAGES}, got {messages}; ask for more")
    if ends_at.tzinfo is None:
        raise ValueError(f"ends_at must be aware, got {ends_at!r}; attach its time zone")
    cast = read_cast()
    count = min(max(messages // MESSAGES_PER_PERSON, FEWEST_PEOPLE), MOST_PEOPLE)
    stranger_count = round(count * MEMBERS_PER_PERSON) + 2
    everybody = people_of(cast, count=count + stranger_count, seed=seed)
    people, strangers = everybody[:count], everybody[count:]
    lists, newsletters, robots = messages * 12 // 100, messages * 8 // 100, messages * 6 // 100
    duplicates = max(2, messages // 200)
    personal = messages - lists - newsletters - robots - duplicates
    return World(
        seed=seed,
        ends_at=ends_at,
        owner=owner_of(cast),
        relationships=_relationships(people, personal),
        strangers=tuple(strangers),
        list_count=lists,
        newsletter_count=newsletters,
        robot_count=robots,
        duplicate_count=duplicates,
    )


def _relationships(people: list[Person], personal: int) -> tuple[Relationship, ...]:
    rhythms: list[Rhythm] = [DECK[index % len(DECK)] for index in range(len(people))]
    shares = _shares([HABITS[rhythm].weight for rhythm in rhythms], total=personal)
    guests = [person for person, rhythm in zip(people, rhythms, strict=True) if rhythm == "new"]
    friends = [person for person, rhythm in zip(people, rhythms, strict=True) if rhythm == "weekly"]
    relationships: list[Relationship] = []
    for index, (person, rhythm, share) in enumerate(zip(people, rhythms, shares, strict=True)):
        # Only acquaintances without a rhythm of their own are put in copy: it must not spoil the others'.
        colleagues = tuple(
            other
            for other, kept in zip(people, rhythms, strict=True)
            if other is not person and other.domain == person.domain and kept == "occasional"
        )
        wants = friends[index % len(friends)] if index % len(DECK) == DECK.index("growing") else None
        # Nobody with another rhythm is silent for so long before the end that no letter follows the meeting.
        meets = index % len(DECK) == DECK.index("quarterly")
        introduces = guests[index % len(guests)] if rhythm == "weekly" else None
        # Shifted once a deck, so that the weekly ones are not all at work.
        circle = CIRCLES[(index + index // len(DECK)) % len(CIRCLES)]
        relationships.append(Relationship(person, rhythm, circle, share, introduces, wants, meets, colleagues))
    return tuple(relationships)


def _shares(weights: list[int], *, total: int) -> list[int]:
    """Divide `total` by `weights` into whole numbers of at least one that add up to it."""
    whole = sum(weights)
    shares = [max(1, total * weight // whole) for weight in weights]
    heaviest_first = sorted(range(len(weights)), key=weights.__getitem__, reverse=True)
    for index in heaviest_first[: max(0, total - sum(shares))]:
        shares[index] += 1
    shares[heaviest_first[0]] -= sum(shares) - total
    return shares
