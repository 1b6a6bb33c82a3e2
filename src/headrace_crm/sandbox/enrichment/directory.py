"""The people that X, People Data Labs and Clearbit know of, all three from one list."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person as the services know them; None is what they do not know.

    `posts` are pairs of days ago and a topic. Whom Clearbit is slow about it finds after one 202.
    """

    email: str
    name: str
    title: str | None = None
    organisation: str | None = None
    location: str | None = None
    bio: str | None = None
    linkedin: str | None = None
    x_handle: str | None = None
    x_name: str | None = None
    is_protected: bool = False
    posts: tuple[tuple[float, str], ...] = ()
    likelihood: int = 9
    is_slow: bool = False


class Directory:
    """People by address, handle and profile. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._people: dict[str, KnownPerson] = {}

    def add(self, *people: KnownPerson) -> None:
        """Adds people; one of the same address takes the place of the one before."""
        with self._lock:
            self._people.update({person.email.lower(): person for person in people})

    def remove(self, email: str) -> None:
        """Forgets a person; KeyError where there is none of this address."""
        with self._lock:
            del self._people[email.lower()]

    def by_email(self, email: str) -> KnownPerson | None:
        """Who has this address."""
        with self._lock:
            return self._people.get(email.lower())

    def by_linkedin(self, profile: str) -> KnownPerson | None:
        """Who has this profile, given as its link or path."""
        path = profile.lower().rstrip("/").rpartition("/in/")[2] or profile.lower()
        return next((each for each in self if each.linkedin == path), None)

    def by_handle(self, handle: str) -> KnownPerson | None:
        """Who has this handle on X."""
        return next((each for each in self if each.x_handle and each.x_handle.lower() == handle.lower()), None)

    def by_id(self, user_id: str) -> KnownPerson | None:
        """Whose account on X has this id."""
        return next((each for each in self if each.x_handle and id_of(each.x_handle) == user_id), None)

    def __iter__(self) -> Iterator[KnownPerson]:
        with self._lock:
            people = list(self._people.values())
        return iter(people)


def id_of(handle: str) -> str:
    """The id of an account: digits, the same for the same handle."""
    return str(int.from_bytes(handle.lower().encode()[:7].ljust(7, b"\0")) + sum(handle.encode()[7:]))
