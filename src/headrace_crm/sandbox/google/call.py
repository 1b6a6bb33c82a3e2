"""One call of the API, alone or as a part of a batch, and what its method is handed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from headrace_crm.sandbox.answer import Answer
from headrace_crm.sandbox.google.grants import Grant
from headrace_crm.sandbox.google.mailbox import Mailbox
from headrace_crm.sandbox.google.rules import GoogleRules

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A request taken apart: `query` by name, `headers` by lower-cased name."""

    verb: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def bearer(self) -> str | None:
        """The access token, from the header or the query."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return token.strip()
        return next(iter(self.query.get("access_token", ())), None)


def call_of(verb: str, target: str, *, headers: Mapping[str, str], body: bytes = b"") -> Call:
    """A call from the target of a request line, which may name a host."""
    parts = urlsplit(target)
    return Call(verb.upper(), unquote(parts.path), parse_qs(parts.query, keep_blank_values=True), headers, body)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a method works on: the mailbox, what the token allows, and the call."""

    mailbox: Mailbox
    grant: Grant
    rules: GoogleRules
    call: Call
    names: Mapping[str, str]

    def one(self, name: str, default: str = "") -> str:
        """A parameter of the query that is given once; the last one counts."""
        return self.call.query.get(name, [default])[-1]

    def many(self, name: str) -> list[str]:
        """A parameter of the query that may be given several times."""
        return self.call.query.get(name, [])

    def flag(self, name: str) -> bool:
        """A parameter of the query that is true or not."""
        return self.one(name).lower() in {"true", "1"}

    def body(self, wanted: type[T]) -> T | None:
        """The JSON body; None where it is not of this type."""
        try:
            return msgspec.json.decode(self.call.body or b"{}", type=wanted)
        except msgspec.DecodeError:
            return None


Handler: TypeAlias = Callable[[Asked], Answer]
