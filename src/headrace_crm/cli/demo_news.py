"""New mail for the demo's mailbox: sent in the sandbox, and looked for where the CRM stores it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final

from headrace_crm.accounts.model import Account
from headrace_crm.cli.demo_stage import DemoStage
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.store import MirrorStore
from headrace_crm.scores.people import Person

_LOOK_AGAIN_SECONDS: Final = 0.01
_SECONDS_TO_ARRIVE: Final = 30.0
_NEWCOMER: Final = ("Ottoline Quillfeather", "ottoline@lanternmoth.example")


@dataclass(frozen=True, slots=True)
class News:
    """What happened in the mailbox, one line each, and how many seconds later the CRM had all of it."""

    lines: tuple[str, ...]
    seconds: float


async def bring_news(stage: DemoStage, account: Account, people: Sequence[Person]) -> News:
    """Delivers two letters and throws one message away, and waits until that is stored; nobody looks but for pushes.

    Raises TimeoutError where it does not arrive.
    """
    mailbox = stage.sandbox.google.mailbox()
    friend = next(person for person in reversed(people) if person.sent and person.received)
    letters = (
        _letter((friend.name, friend.addresses[0]), mailbox.email, "It has been a while", "Shall we meet next week?"),
        _letter(_NEWCOMER, mailbox.email, "We have not met", "A friend told me of your mill. May I come and see it?"),
    )
    thrown = next(message for message in reversed(mailbox.messages) if "CATEGORY_PROMOTIONS" in message.labels)
    began = time.monotonic()
    # One lock: Gmail tells of a mailbox once a second at most, and what is told of is everything until it is asked.
    with mailbox.lock:
        new = [mailbox.deliver(letter.as_bytes()).id for letter in letters]
        mailbox.trash(thrown.id)
    async with asyncio.timeout(_SECONDS_TO_ARRIVE):
        # What is waited for is another process's, which tells this one nothing.
        while not await _is_stored(stage, account, new, thrown.id):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    seconds = time.monotonic() - began
    lines = (
        f"a letter from {friend.name}, the weakest relationship with mail both ways",
        f"a letter from {_NEWCOMER[0]}, who had never written",
        "a newsletter thrown away",
    )
    return News(lines, seconds)


async def _is_stored(stage: DemoStage, account: Account, new: Sequence[str], gone: str) -> bool:
    async with stage.app.pool.acquire() as connection:
        state = await mailboxes.get_mailbox(connection, account.id)
        known = await MirrorStore(connection, state).known([*new, gone])
    arrived = all(each in known and known[each].message_key is not None for each in new)
    return arrived and (gone not in known or known[gone].message_key is None)


def _letter(sender: tuple[str, str], to: str, subject: str, text: str) -> EmailMessage:
    letter = EmailMessage()
    name, address = sender
    letter["From"] = f'"{name}" <{address}>'
    letter["To"] = to
    letter["Subject"] = subject
    letter["Date"] = format_datetime(datetime.now(UTC))
    letter["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    letter.set_content(f"{text}\n\n{name.split()[0]}\n")
    return letter
