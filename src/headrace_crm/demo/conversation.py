"""The mail between the owner and each person: relationship -> conversations -> letters."""

from datetime import datetime, timedelta
from random import Random

from headrace_crm.demo.chance import chance
from headrace_crm.demo.letter import Letter
from headrace_crm.demo.person import Address, Circle, Person
from headrace_crm.demo.rhythm import HABITS, beginnings
from headrace_crm.demo.texts import Topic, read_phrases
from headrace_crm.demo.thread import Thread, answer_at, begin_at, role_of
from headrace_crm.demo.world import Relationship, World

OTHER_ADDRESS = 0.25
IN_COPY = 0.15
INTRODUCTION_LENGTH = 3
REQUEST_AMONG = 6
APPOINTMENT_LENGTH = 2
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def converse(relationship: Relationship, *, world: World) -> list[Letter]:
    """Return the relationship's letters, exactly as many as it says, none after the end of the world."""
    source = chance(world.seed, "conversation", relationship.person.work)
    letters: list[Letter] = []
    if relationship.introduces is not None and relationship.message_count >= INTRODUCTION_LENGTH:
        letters += _introduction(relationship, relationship.introduces, world, source)
    if relationship.wants is not None and relationship.message_count >= REQUEST_AMONG:
        letters += _request(relationship, relationship.wants, world, source)
    if relationship.meets and relationship.message_count >= APPOINTMENT_LENGTH:
        letters += _appointment(relationship, world, source)
    lengths = HABITS[relationship.rhythm].lengths
    for moment in beginnings(relationship.rhythm, ends_at=world.ends_at, source=source):
        missing = relationship.message_count - len(letters)
        if missing == 0:
            break
        letters += _talk(relationship, min(missing, source.choice(lengths)), moment, world, source)
    return letters


def _talk(relationship: Relationship, length: int, moment: datetime, world: World, source: Random) -> list[Letter]:
    person, owner, habits = relationship.person, world.owner, HABITS[relationship.rhythm]
    circle = relationship.circle
    topics = [each for each in read_phrases(person.language).topics if circle in each.circles]
    thread = _thread(person, source.choice(topics), circle, world, source)
    copied = _copied(relationship, source)
    writer, reader = (owner, person) if source.random() < habits.initiative else (person, owner)
    seats = {owner: _seat(owner, circle, source), person: _seat(person, circle, source)}
    at = begin_at(moment, writer=writer, circle=circle, ends_at=world.ends_at, source=source)
    for turn in range(length):
        if turn:
            median_hours = habits.owner_hours if writer is owner else habits.their_hours
            at = answer_at(at, writer=writer, median_hours=median_hours, source=source)
        if at > world.ends_at:
            break
        thread.write(
            writer,
            reader=reader,
            sender=seats[writer],
            to=(seats[reader],),
            cc=copied,
            at=at,
            role=role_of(turn, length=length),
        )
        writer, reader = reader, writer
    return thread.letters


def _introduction(relationship: Relationship, guest: Person, world: World, source: Random) -> list[Letter]:
    """Return three letters: a person brings the owner and a guest together, and both of these answer."""
    person, owner = relationship.person, world.owner
    topic = read_phrases("en").topic("introduction")
    thread = _thread(person, topic, "work", world, source, language_person=owner, other=guest.name)
    seats = {each: each.address("work") for each in (owner, person, guest)}
    moment = world.ends_at - timedelta(days=64)
    at = begin_at(moment, writer=person, circle="work", ends_at=world.ends_at, source=source)
    turns = ((person, owner, guest), (owner, guest, person), (guest, owner, person))
    for turn, (writer, reader, copied) in enumerate(turns):
        if turn:
            at = answer_at(at, writer=writer, median_hours=3, source=source)
        thread.write(
            writer,
            reader=reader,
            sender=seats[writer],
            to=(seats[reader],),
            cc=(seats[copied],),
            at=at,
            role=role_of(turn, length=len(turns) + 1),
        )
    return thread.letters


def _request(relationship: Relationship, wanted: Person, world: World, source: Random) -> list[Letter]:
    """Return one letter: a person asks the owner for an introduction, a week before the end."""
    person, owner = relationship.person, world.owner
    topic = read_phrases("en").topic("request")
    thread = _thread(person, topic, "work", world, source, language_person=owner, other=wanted.name)
    moment = world.ends_at - timedelta(days=7)
    thread.write(
        person,
        reader=owner,
        sender=person.address(relationship.circle),
        to=(owner.address(relationship.circle),),
        at=begin_at(moment, writer=person, circle="work", ends_at=world.ends_at, source=source),
        role="open",
    )
    return thread.letters


def _appointment(relationship: Relationship, world: World, source: Random) -> list[Letter]:
    """Return two letters: the owner and a person agree to meet two days before the end."""
    person, owner = relationship.person, world.owner
    day = _DAYS[(world.ends_at - timedelta(days=2)).weekday()]
    topic = read_phrases("en").topic("appointment")
    thread = _thread(person, topic, "private", world, source, language_person=owner, day=day)
    seats = {owner: owner.address("private"), person: person.address("private")}
    moment = world.ends_at - timedelta(days=6)
    at = begin_at(moment, writer=owner, circle="private", ends_at=world.ends_at, source=source)
    for turn, (writer, reader) in enumerate(((owner, person), (person, owner))):
        thread.write(
            writer, reader=reader, sender=seats[writer], to=(seats[reader],), at=at, role=role_of(turn, length=3)
        )
        at = answer_at(at, writer=reader, median_hours=3, source=source)
    return thread.letters


def _thread(
    person: Person,
    topic: Topic,
    circle: Circle,
    world: World,
    source: Random,
    *,
    language_person: Person | None = None,
    **fixed: str,
) -> Thread:
    phrases = read_phrases((language_person or person).language)
    words = phrases.fill(source=source, **fixed)
    return Thread("personal", circle, phrases, topic, words, world.ends_at, source)


def _seat(person: Person, circle: Circle, source: Random) -> Address:
    """Return the address a person uses in one conversation: now and then the one of another circle."""
    if source.random() < OTHER_ADDRESS:
        return person.address("private" if circle == "work" else "work")
    return person.address(circle)


def _copied(relationship: Relationship, source: Random) -> tuple[Address, ...]:
    if relationship.circle == "work" and relationship.colleagues and source.random() < IN_COPY:
        return (source.choice(relationship.colleagues).address("work"),)
    return ()
