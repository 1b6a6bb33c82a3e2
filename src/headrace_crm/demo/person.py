from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

Circle: TypeAlias = Literal["work", "private", "community"]
Language: TypeAlias = Literal["en", "de", "fr", "ru", "ja", "zh"]
Quoting: TypeAlias = Literal["below", "above", "outlook", "none"]
Layout: TypeAlias = Literal["plain", "html", "alternative"]


@dataclass(frozen=True, slots=True)
class Address:
    """A name and an addr-spec, as they stand in a header; the name may be empty."""

    name: str
    spec: str


@dataclass(frozen=True, slots=True)
class Person:
    """A fictional person, and the habits that show in their mail.

    `private` is None for who has one address only. `later_title` is what the signature says in the
    last two and a half months; it equals `title` for who stays. `quoting` is where the reply stands: below or
    above the quoted text, above it the way Outlook quotes, or without any quote.
    """

    name: str
    given: str
    work: str
    private: str | None
    title: str
    later_title: str
    organisation: str
    phone: str
    language: Language
    utc_offset: timedelta
    quoting: Quoting
    layout: Layout
    charset: str
    transfer: Literal["7bit", "8bit", "quoted-printable", "base64"]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address of the person, the one at work first."""
        return (self.work,) if self.private is None else (self.work, self.private)

    @property
    def domain(self) -> str:
        """The domain of the place of work."""
        return self.work.rpartition("@")[2]

    def address(self, circle: Circle) -> Address:
        """Return the address the person uses in `circle`, under the full name everywhere."""
        spec = self.private if circle != "work" and self.private is not None else self.work
        return Address(self.name, spec)
