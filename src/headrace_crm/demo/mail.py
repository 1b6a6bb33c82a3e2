from dataclasses import replace
from random import Random

from headrace_crm.demo.bulk import absence_note, send_bulk
from headrace_crm.demo.chance import chance
from headrace_crm.demo.conversation import converse
from headrace_crm.demo.discussion import discuss
from headrace_crm.demo.letter import Letter
from headrace_crm.demo.oddity import disturb
from headrace_crm.demo.person import Person
from headrace_crm.demo.world import World

LETTERS_PER_ABSENCE = 300


def compose_mail(world: World) -> list[Letter]:
    """Return every letter of the owner's mailbox in the order it arrived, as many as the world says.

    A letter that arrived twice is there twice, the second time without the list's headers if it came by the
    list: that is how a copy sent to the owner directly looks.
    """
    source = chance(world.seed, "mail")
    personal = [letter for each in world.relationships for letter in converse(each, world=world)]
    discussed = discuss(world)
    notes = _absences(personal, world, source)
    bulk = send_bulk(world, robot_count=world.robot_count - len(notes))
    letters = sorted([*personal, *discussed, *notes, *bulk], key=_arrival)
    return _with_duplicates(disturb(letters, world=world), world, source)


def _arrival(letter: Letter) -> tuple[float, str]:
    return letter.sent_at.timestamp(), letter.message_id


def _absences(personal: list[Letter], world: World, source: Random) -> list[Letter]:
    wanted = 1 + len(personal) // LETTERS_PER_ABSENCE
    people: dict[str, Person] = {spec: person for person in world.people for spec in person.addresses}
    sent = [letter for letter in personal if letter.sender.spec in world.owner.addresses]
    notes: list[Letter] = []
    for letter in source.sample(sent, len(sent)):
        note = absence_note(letter, person=people[letter.to[0].spec], ends_at=world.ends_at)
        if note is not None and len(notes) < wanted:
            notes.append(note)
    return notes


def _with_duplicates(letters: list[Letter], world: World, source: Random) -> list[Letter]:
    """Deliver some letters twice: half of them such as reached the owner both by the list and directly."""
    owned = frozenset(world.owner.addresses)
    received = [
        index
        for index, letter in enumerate(letters)
        if letter.sender.spec not in owned and letter.recipients & owned and "no-message-id" not in letter.flaws
    ]
    both_ways = [index for index in received if letters[index].sort == "list"]
    others = [index for index in received if letters[index].sort == "personal"]
    by_list = min(len(both_ways), (world.duplicate_count + 1) // 2)
    twice = {
        *source.sample(both_ways, by_list),
        *source.sample(others, world.duplicate_count - by_list),
    }
    delivered: list[Letter] = []
    for index, letter in enumerate(letters):
        delivered.append(letter)
        if index in twice:
            delivered.append(replace(letter, headers=()))
    return delivered
