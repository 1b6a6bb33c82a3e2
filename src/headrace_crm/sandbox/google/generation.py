"""Fills a mailbox with the mail of the generated world."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from headrace_crm.demo.letter import Letter
from headrace_crm.demo.mail import compose_mail
from headrace_crm.demo.person import Person
from headrace_crm.demo.rfc822 import bytes_at
from headrace_crm.demo.world import build_world
from headrace_crm.sandbox.google.labels import labels_of_letter
from headrace_crm.sandbox.google.mailbox import Mailbox, with_crlf

_NEW = timedelta(days=3)


def fill(mailbox: Mailbox, *, seed: int, messages: int, ends_at: datetime) -> Person:
    """Places the letters that `write_mailbox` would write for the same arguments, and returns whose they are.

    Letters and their order are the same; the owner is at the mailbox's address, unless it is one of the
    generated owner's own. All of it lies before the history. ValueError as `build_world` raises it.
    """
    world = build_world(seed=seed, messages=messages, ends_at=ends_at)
    if mailbox.email not in world.owner.addresses:
        world = replace(world, owner=replace(world.owner, work=mailbox.email, private=None))
    owner = world.owner
    list_label = mailbox.add_label("Lists").id
    threads: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for letter in compose_mail(world):
        number = numbers[letter.sort]
        numbers[letter.sort] += 1
        placed = mailbox.place(
            lambda letter=letter: with_crlf(bytes_at(owner, letter)),
            at=letter.sent_at,
            labels=_labels(letter, number, owner, ends_at, list_label),
            thread_id=threads.get(letter.conversation),
            text=letter.text,
        )
        threads.setdefault(letter.conversation, placed.thread_id)
        if "no-message-id" not in letter.flaws:
            mailbox.remember(placed, letter.message_id)
    return owner


def _labels(letter: Letter, number: int, owner: Person, ends_at: datetime, list_label: str) -> tuple[str, ...]:
    is_own = letter.sender.spec in owner.addresses
    is_new = letter.sent_at > ends_at - _NEW
    return labels_of_letter(letter, number=number, is_own=is_own, is_new=is_new, list_label=list_label)
