"""The few letters in every mailbox that are not as they should be, and the ones with something special."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from headrace_crm.demo.chance import chance
from headrace_crm.demo.letter import Attachment, Letter
from headrace_crm.demo.world import World

FILES = (
    ("minutes.txt", "text/plain", b"Present: all. Decided: everything.\n"),
    ("figures.csv", "text/csv", b"month,flow,output\n1,0.42,3.1\n2,0.55,3.9\n"),
    (
        "plan.pdf",
        "application/pdf",
        b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    ),
    ("Übersicht Mühle.csv", "text/csv", b"teil;zahl\nrad;2\n"),
    ("dot.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(24)),
    ("見積書.txt", "text/plain", b"12\n"),
)


@dataclass(frozen=True, slots=True)
class Oddity:
    """A change made to `count` of the letters it suits; fewer when fewer are there."""

    count: int
    suits: Callable[[Letter], bool]
    change: Callable[[Letter, Random], Letter]


def disturb(letters: list[Letter], *, world: World) -> list[Letter]:
    """Return the same letters in the same order, some of them disturbed, none of them twice."""
    source = chance(world.seed, "oddity")
    disturbed = list(letters)
    touched: set[int] = set()
    for oddity in _oddities(letters, world):
        suited = [i for i, letter in enumerate(letters) if i not in touched and oddity.suits(letter)]
        for index in source.sample(suited, min(len(suited), oddity.count)):
            disturbed[index] = oddity.change(letters[index], source)
            touched.add(index)
    return disturbed


def _oddities(letters: list[Letter], world: World) -> tuple[Oddity, ...]:
    owned = frozenset(world.owner.addresses)
    answered = {reference for letter in letters for reference in letter.references}
    few = 1 + len(letters) // 400
    kept = [each.person.address("work") for each in world.relationships if each.rhythm == "occasional"]

    def is_received(letter: Letter) -> bool:
        return letter.sort == "personal" and letter.sender.spec not in owned and letter.layout == "plain"

    def is_foreign(letter: Letter) -> bool:
        return is_received(letter) and not letter.text.isascii()

    def has_old_charset(letter: Letter) -> bool:
        return is_foreign(letter) and letter.charset in {"koi8-r", "iso-8859-1", "windows-1251", "gb18030"}

    def copied(letter: Letter, source: Random) -> Letter:
        hidden = [each for each in kept if each.spec not in letter.recipients]
        return replace(letter, bcc=(source.choice(hidden),))

    def attached(letter: Letter, source: Random) -> Letter:
        chosen = source.sample(FILES, source.randint(1, 2))
        return replace(letter, attachments=tuple(Attachment(*each) for each in chosen))

    return (
        Oddity(
            few,
            lambda letter: has_old_charset(letter) and not f"{letter.sender.name}{letter.subject}".isascii(),
            lambda letter, _: replace(letter, flaws=frozenset({"raw-header"})),
        ),
        Oddity(few, has_old_charset, lambda letter, _: replace(letter, declared_charset="utf-8")),
        Oddity(few, has_old_charset, lambda letter, _: replace(letter, declared_charset="x-unknown")),
        Oddity(
            few,
            is_foreign,
            lambda letter, _: replace(letter, charset="utf-8", declared_charset="us-ascii", transfer="8bit"),
        ),
        Oddity(few, is_received, lambda letter, _: replace(letter, flaws=frozenset({"no-date"}))),
        Oddity(
            few,
            lambda letter: is_received(letter) and letter.message_id not in answered,
            lambda letter, _: replace(letter, flaws=frozenset({"no-message-id"})),
        ),
        Oddity(few, lambda letter: letter.sort == "personal" and letter.sender.spec in owned, copied),
        Oddity(len(letters) // 30, lambda letter: letter.sort == "personal", attached),
    )
