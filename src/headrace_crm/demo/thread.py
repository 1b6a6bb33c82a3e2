from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from random import Random

from headrace_crm.demo.body import Writing, body
from headrace_crm.demo.letter import Letter, Sort
from headrace_crm.demo.person import Address, Circle, Person
from headrace_crm.demo.texts import Phrases, Role, Topic

NEW_TITLE_FOR = timedelta(days=75)
EARLIEST_HOUR, LATEST_HOUR = 7, 22
SATURDAY = 5


@dataclass(slots=True)
class Thread:
    """A conversation while it is being written: each letter answers and quotes the one before it."""

    sort: Sort
    circle: Circle
    phrases: Phrases
    topic: Topic
    words: Mapping[str, str]
    ends_at: datetime
    source: Random
    subject: str = ""
    letters: list[Letter] = field(default_factory=list[Letter])
    writer: Person | None = None

    def __post_init__(self) -> None:
        self.subject = self.source.choice(self.topic.subjects).format_map(self.words)

    def write(
        self,
        writer: Person,
        *,
        reader: Person,
        sender: Address,
        to: tuple[Address, ...],
        cc: tuple[Address, ...] = (),
        at: datetime,
        role: Role,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Letter:
        """Write the next letter; `reader` is whom the greeting names."""
        previous = self.letters[-1] if self.letters else None
        sent_at = at.astimezone(_zone(writer))
        text = body(
            Writing(
                writer=writer,
                reader=reader,
                sent_at=sent_at,
                is_signed=self.circle == "work" or self.source.random() < 1 / 4,
                has_later_title=at > self.ends_at - NEW_TITLE_FOR,
                previous=previous,
            ),
            phrases=self.phrases,
            topic=self.topic,
            words=self.words,
            role=role,
            source=self.source,
        )
        message_id = f"{self.source.getrandbits(72):018x}@{sender.spec.rpartition('@')[2]}"
        letter = Letter(
            message_id=message_id,
            conversation=previous.conversation if previous else message_id,
            sort=self.sort,
            sender=sender,
            to=to,
            cc=cc,
            subject=self._subject(writer) if previous else self.subject,
            sent_at=sent_at,
            text=text,
            references=(*previous.references, previous.message_id) if previous else (),
            charset=writer.charset,
            transfer=writer.transfer,
            layout=writer.layout,
            headers=(*headers, *_reply_to(writer, sender)),
        )
        self.letters.append(letter)
        self.writer = writer
        return letter

    def _subject(self, writer: Person) -> str:
        return f"{'AW' if writer.language == 'de' and writer.quoting == 'outlook' else 'Re'}: {self.subject}"


def _reply_to(writer: Person, sender: Address) -> tuple[tuple[str, str], ...]:
    # From home people ask for answers at work, which is how an importer can know that both are theirs.
    return (("Reply-To", f"<{writer.work}>"),) if sender.spec == writer.private else ()


def role_of(turn: int, *, length: int) -> Role:
    """Return what the letter at `turn`, counted from 0, does in a conversation of `length` letters."""
    if turn == 0:
        return "open"
    if turn == 1:
        return "reply"
    return "close" if turn == length - 1 else "follow"


def begin_at(moment: datetime, *, writer: Person, circle: Circle, ends_at: datetime, source: Random) -> datetime:
    """Return a moment near `moment`, not after `ends_at`, when `writer` may well sit down to write."""
    hour = source.randrange(8, 19)
    local = moment.astimezone(_zone(writer)).replace(
        hour=hour, minute=source.randrange(60), second=source.randrange(60), microsecond=0
    )
    if circle == "work" and local.weekday() >= SATURDAY:
        local -= timedelta(days=2)
    while local > ends_at:
        local -= timedelta(days=1)
    return local


def answer_at(previous: datetime, *, writer: Person, median_hours: float, source: Random) -> datetime:
    """Return when `writer` answers: around the median, sometimes much later, never at night."""
    at = previous + timedelta(minutes=2 + 60 * median_hours * source.lognormvariate(0, 0.8))
    local = at.astimezone(_zone(writer)).replace(microsecond=0)
    if local.hour < EARLIEST_HOUR:
        local = local.replace(hour=EARLIEST_HOUR + source.randrange(3))
    elif local.hour >= LATEST_HOUR:
        local += timedelta(hours=10)
    return local


def _zone(person: Person) -> timezone:
    return timezone(person.utc_offset)
