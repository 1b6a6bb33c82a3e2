"""Texts that are like mail to a search: few words in most of them, most words in few, and a thread about one thing."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random

_SYLLABLES = tuple(first + vowel for first in "bdfgklmnprstv" for vowel in "aeiou")
_VOCABULARY = 30_000
_THEME_WORDS = 40
_THEME_SHARE = 0.3
_LENGTHS = (20, 40, 60, 90, 140, 220, 400)
"""Words of a letter; each as likely as another."""


class Letters:
    """Letters by chance, the same for the same seed; the n-th word is 1 / n as frequent as the first (Zipf)."""

    def __init__(self, seed: int = 7) -> None:
        self._random = Random(seed)
        self._words = [
            "".join(self._random.choices(_SYLLABLES, k=self._random.randint(2, 4))) for _ in range(_VOCABULARY)
        ]
        self._weights = list(accumulate(1 / place for place in range(1, _VOCABULARY + 1)))

    def theme(self) -> Sequence[str]:
        """Words that come again and again where one thing is talked about; rarer ones than most."""
        return self._random.choices(self._words[500:], k=_THEME_WORDS)

    def letter(self, theme: Sequence[str]) -> str:
        """A letter about a theme, in lines and paragraphs."""
        return "\n\n".join(self._paragraphs(theme, self._random.choice(_LENGTHS)))

    def query(self, theme: Sequence[str], count: int) -> str:
        """So many words about a theme."""
        return " ".join(self._text(theme, count))

    def _paragraphs(self, theme: Sequence[str], count: int) -> Iterator[str]:
        while count > 0:
            length = min(count, self._random.randint(20, 60))
            yield " ".join(self._text(theme, length))
            count -= length

    def _text(self, theme: Sequence[str], count: int) -> Iterator[str]:
        plain = self._random.choices(self._words, cum_weights=self._weights, k=count)
        for word in plain:
            yield self._random.choice(theme) if self._random.random() < _THEME_SHARE else word
