"""What a person writes between the headers: greeting, paragraphs, closing, signature, quote."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from headrace_crm.demo.letter import Letter
from headrace_crm.demo.person import Person
from headrace_crm.demo.texts import Phrases, Role, Topic

# strftime would take these from the locale, and the bytes would depend on the machine.
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

DEEPEST_QUOTE = ">>"
SIGNATURE_MARK = "-- "


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes to whom, when, and what is answered."""

    writer: Person
    reader: Person
    sent_at: datetime
    is_signed: bool
    has_later_title: bool
    previous: Letter | None


def body(
    writing: Writing, *, phrases: Phrases, topic: Topic, words: Mapping[str, str], role: Role, source: Random
) -> str:
    """Return the text of one letter, its lines wrapped, ending in a newline."""
    gaps = {**words, "you": writing.reader.given, "me": writing.writer.given}
    paragraphs = [topic.sentence(role, source=source)]
    if role == "open" and source.random() < 1 / 2:
        paragraphs.insert(0, source.choice(phrases.small_talk))
    if role != "close":
        paragraphs.append(source.choice(topic.details))
    lines: list[str] = []
    if role == "open" or source.random() < 2 / 3:
        lines += [source.choice(phrases.greetings).format_map(gaps), ""]
    for paragraph in paragraphs:
        lines += [*_wrapped(paragraph.format_map(gaps), writing.writer), ""]
    lines += [source.choice(phrases.closings), writing.writer.given]
    signature = _signature(writing) if writing.is_signed else []
    return "\n".join(_arranged(lines, signature, writing, phrases)) + "\n"


def _wrapped(paragraph: str, writer: Person) -> list[str]:
    return textwrap.wrap(paragraph, width=36 if writer.language in {"ja", "zh"} else 72)


def _signature(writing: Writing) -> list[str]:
    writer = writing.writer
    title = writer.later_title if writing.has_later_title else writer.title
    return [
        "",
        SIGNATURE_MARK,
        writer.name,
        f"{title}, {writer.organisation}",
        writer.phone,
        f"https://www.{writer.domain}/",
    ]


def _arranged(lines: list[str], signature: list[str], writing: Writing, phrases: Phrases) -> list[str]:
    previous = writing.previous
    if previous is None:
        return [*lines, *signature]
    match writing.writer.quoting:
        case "below":
            return [
                _attribution(previous, phrases),
                *_quoted(_without_signature(previous)),
                "",
                *lines,
                *signature,
            ]
        case "above":
            return [*lines, *signature, "", _attribution(previous, phrases), *_quoted(previous.text)]
        case "outlook":
            return [*lines, *signature, "", *_original(previous)]
        case "none":
            return [*lines, *signature]


def _attribution(previous: Letter, phrases: Phrases) -> str:
    sent_at = previous.sent_at
    return phrases.attribution.format(
        date=sent_at,
        weekday=WEEKDAYS[sent_at.weekday()],
        month=MONTHS[sent_at.month - 1],
        name=previous.sender.name,
        address=previous.sender.spec,
    )


def _quoted(text: str) -> list[str]:
    lines = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in text.splitlines())
    return [line for line in lines if not line.startswith(DEEPEST_QUOTE + ">")]


def _without_signature(previous: Letter) -> str:
    return previous.text.partition(f"\n{SIGNATURE_MARK}\n")[0]


def _original(previous: Letter) -> list[str]:
    sent_at = previous.sent_at
    return [
        "-----Original Message-----",
        f"From: {previous.sender.name} <{previous.sender.spec}>",
        f"Sent: {sent_at.day} {MONTHS[sent_at.month - 1]} {sent_at:%Y %H:%M}",
        f"To: {'; '.join(each.name or each.spec for each in previous.to)}",
        f"Subject: {previous.subject}",
        "",
        *previous.text.splitlines(),
    ]
