"""The part of a passage to show for a query: pure."""

import re
from collections.abc import Collection
from typing import Final

SNIPPET_CHARS: Final = 240

_WORD: Final = re.compile(r"\w+")
_SPACES: Final = re.compile(r"\s+")
_STEM_CHARS: Final = 3
"""Stems shorter than this are compared whole."""


def snippet(body: str, words: Collection[str], *, chars: int = SNIPPET_CHARS) -> str:
    """About `chars` characters of a text, on one line, where most different words of the query stand.

    `words` are stems as the text search configuration makes them. Cut ends are marked with an ellipsis.
    """
    text = _SPACES.sub(" ", body).strip()
    if len(text) <= chars:
        return text
    found = [(match.start(), stem) for match in _WORD.finditer(text) if (stem := _stem_of(match[0], words))]
    begin, most = 0, 0
    for index, (start, _) in enumerate(found):
        different = len({stem for at, stem in found[index:] if at < start + chars})
        if different > most:
            begin, most = start, different
    begin = max(0, min(begin - chars // 4, len(text) - chars))
    if begin:
        space = text.find(" ", begin)
        begin = space + 1 if 0 <= space < begin + chars // 4 else begin
    end = min(len(text), begin + chars)
    if end < len(text):
        space = text.rfind(" ", begin, end)
        end = space if space > begin + chars // 2 else end
    return f"{'… ' if begin else ''}{text[begin:end].strip()}{' …' if end < len(text) else ''}"


def _stem_of(word: str, stems: Collection[str]) -> str | None:
    folded = word.casefold()
    for stem in stems:
        if folded == stem or (len(stem) >= _STEM_CHARS and folded.startswith(stem.rstrip("i"))):
            return stem
    return None
