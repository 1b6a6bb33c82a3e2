"""What the services know of the people of a generated world: of many something, of some nothing."""

from collections.abc import Iterator
from dataclasses import replace

from headrace_crm.demo.chance import chance
from headrace_crm.demo.person import Person
from headrace_crm.demo.world import World
from headrace_crm.sandbox.enrichment.directory import KnownPerson

_TOPICS = ("rivers", "mills", "harbours", "bridges", "maps", "weather", "gardens", "trains")
_LISTED = 0.8
_ON_X = 0.5
_SLOW = 0.2


def known_people(world: World) -> Iterator[KnownPerson]:
    """Four in five of a world's people, by each of their addresses; the same for the same world."""
    for person in world.people:
        known = _known(person, world.seed)
        if known is not None:
            yield from (replace(known, email=address) for address in person.addresses)


def _known(person: Person, seed: int) -> KnownPerson | None:
    drawn = chance(seed, "directory", person.work)
    if drawn.random() >= _LISTED:
        return None
    local = person.work.partition("@")[0]
    topics = drawn.sample(_TOPICS, 3)
    is_on_x = drawn.random() < _ON_X
    return KnownPerson(
        email=person.work,
        name=person.name,
        title=person.later_title,
        organisation=person.organisation,
        bio=f"{person.later_title} at {person.organisation}." if is_on_x else None,
        linkedin=f"{local.replace('.', '-')}-{drawn.randrange(1_000)}",
        x_handle=local.replace(".", "_").replace("-", "_")[:15] if is_on_x else None,
        posts=tuple((day + drawn.random(), topic) for day, topic in zip((1, 6, 15), topics, strict=True)),
        likelihood=drawn.randint(6, 10),
        is_slow=drawn.random() < _SLOW,
    )
