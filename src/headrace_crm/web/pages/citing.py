"""Answers cut at the numbers of the passages they cite, so that each can lead there: pure."""

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_CITED: Final = re.compile(r"\[\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*\]")
_NUMBER: Final = re.compile(r"(\d+)")


class Part(NamedTuple):
    """A piece of an answer; `number` is that of the passage it stands for, None for plain text."""

    text: str
    number: int | None = None


def parts(text: str, numbers: Collection[int]) -> list[Part]:
    """The pieces of an answer in order; those that name a passage of `numbers` lead to it.

    >>> parts("Grace [1, 7].", {1})
    [Part(text='Grace [', number=None), Part(text='1', number=1), Part(text=', 7].', number=None)]
    """
    found: list[Part] = []
    for piece in _pieces(text, numbers):
        if piece.number is None and found and found[-1].number is None:
            found[-1] = Part(found[-1].text + piece.text)
        elif piece.text:
            found.append(piece)
    return found


def _pieces(text: str, numbers: Collection[int]) -> Iterator[Part]:
    end = 0
    for cited in _CITED.finditer(text):
        yield Part(text[end : cited.start()])
        for piece in _NUMBER.split(cited[0]):
            yield Part(piece, int(piece)) if piece.isdecimal() and int(piece) in numbers else Part(piece)
        end = cited.end()
    yield Part(text[end:])
