from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal, TypeAlias

import msgspec

from headrace_crm.demo.person import Language

Role: TypeAlias = Literal["open", "reply", "follow", "close"]
Transfer: TypeAlias = Literal["7bit", "8bit", "quoted-printable", "base64"]


class Topic(msgspec.Struct, frozen=True):
    """What a conversation is about: sentences for each role in it, with named gaps."""

    name: str
    circles: list[str]
    subjects: list[str]
    open: list[str]
    reply: list[str]
    follow: list[str]
    close: list[str]
    details: list[str]

    def sentence(self, role: Role, *, source: Random) -> str:
        """Return one of the role's sentences, its gaps still open."""
        match role:
            case "open":
                return source.choice(self.open)
            case "reply":
                return source.choice(self.reply)
            case "follow":
                return source.choice(self.follow)
            case "close":
                return source.choice(self.close)


class Phrases(msgspec.Struct, frozen=True):
    """How mail is written in one language, and in which charsets and transfer encodings it is sent."""

    encodings: list[tuple[str, Transfer]]
    greetings: list[str]
    closings: list[str]
    attribution: str
    small_talk: list[str]
    words: dict[str, list[str]]
    topics: list[Topic]

    def fill(self, *, source: Random, **fixed: str) -> Mapping[str, str]:
        """Draw a word for every gap, so that a conversation keeps its project, day and sum to the end."""
        return {name: source.choice(words) for name, words in self.words.items()} | fixed

    def topic(self, name: str) -> Topic:
        """Return the topic of that name; KeyError names the ones there are."""
        for topic in self.topics:
            if topic.name == name:
                return topic
        raise KeyError(f"no topic {name!r}; there are {', '.join(topic.name for topic in self.topics)}")


def read_text(name: str) -> bytes:
    """Return the TOML file of that name that ships with the package."""
    return files("headrace_crm.demo").joinpath("texts", f"{name}.toml").read_bytes()


@cache
def read_phrases(language: Language) -> Phrases:
    """Return the phrases of `language`; read once, because thousands of letters ask for them."""
    return msgspec.toml.decode(read_text(language), type=Phrases)
