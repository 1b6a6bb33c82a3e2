"""Whether a text asks something, or only ends a conversation: pure, by words and marks."""

import re
from typing import Final

_LONGEST_SHOWN: Final = 140
_MOST_WORDS_OF_A_CLOSING: Final = 25
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])[\s\"')\u201d]+|(?<=[\u3002\uff01\uff1f])")
# Bounded: what has no end and no blank must not be searched from each of its letters to the end.
_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]{0,15}://\S+|\bwww\.\S+", re.IGNORECASE)
_POLITE: Final = re.compile(
    r"\b(?:how are you|how(?:'s| is) (?:it going|everything|life)|how have you been|what's up|all well|isn't it|right"
    r"|wie geht(?:'s| es)|comment (?:vas-tu|allez-vous|\u00e7a va)|\u00e7a va)\b[^?]*\?$",
    re.IGNORECASE,
)
_AMAZED: Final = frozenset({"really", "seriously", "right", "no", "wirklich", "vraiment"})
"""What a question of a few words ends with that only wonders: "Kyoto, really?"."""
_FEW_WORDS: Final = 4
_CLOSINGS: Final = re.compile(
    r"\b(?:thanks|thank you|thx|cheers|great|perfect|wonderful|agreed|done|ok(?:ay)?|fine|noted|see you|sounds good"
    r"|looking forward|booked|settled|received|will do|no problem|you(?:'re| are) welcome|safe travels|good to know"
    r"|until then|talk soon|suits me|with pleasure|(?:will|shall) be there|big hug"
    r"|danke|vielen dank|perfekt|super|alles klar|einverstanden|erledigt|bis dann|gerne"
    r"|merci|parfait|d'accord|entendu|super|\u00e0 bient\u00f4t|avec plaisir)\b",
    re.IGNORECASE,
)
_THANKS_IN_OTHER_SCRIPTS: Final = re.compile(
    "\u0441\u043f\u0430\u0441\u0438\u0431\u043e|\u043e\u0442\u043b\u0438\u0447\u043d\u043e"
    "|\u3042\u308a\u304c\u3068\u3046|\u627f\u77e5|\u8c22\u8c22|\u597d\u7684",
    re.IGNORECASE,
)


def question_in(text: str) -> str | None:
    r"""The first question of a text, on one line and cut after 140 characters; None without one.

    How somebody is, asked out of politeness, is no question, and neither is a mark in a link.

    >>> question_in("How are you? I read the plan. Could you\nsend me the figures? Thanks!")
    'Could you send me the figures?'
    """
    # A greeting stands in a paragraph of its own.
    paragraphs = re.split(r"\n\s*\n", _URL.sub(" ", text))
    for found in (each for paragraph in paragraphs for each in _SENTENCE_END.split(paragraph)):
        sentence = " ".join(found.split()).lstrip("-*\u2022 ")
        if not sentence.endswith(("?", "\uff1f")):
            continue
        words = sentence.strip("?\uff1f ").casefold().split()
        if len(words) <= _FEW_WORDS and words and words[-1] in _AMAZED:
            continue
        if len(sentence.strip("?\uff1f ")) < 4 or _POLITE.search(sentence):  # noqa: PLR2004 - "Ok?" asks nothing
            continue
        return sentence if len(sentence) <= _LONGEST_SHOWN else f"{sentence[: _LONGEST_SHOWN - 1]}\u2026"
    return None


def is_closing(text: str) -> bool:
    """Whether a text thanks, agrees or says good-bye, briefly and without a question: nobody waits for an answer to it.

    >>> is_closing("Perfect, see you on Monday!"), is_closing("Thanks! Which day suits you?")
    (True, False)
    """
    if not text.strip():
        return True
    if question_in(text) is not None:
        return False
    is_short = len(text.split()) <= _MOST_WORDS_OF_A_CLOSING
    return is_short and bool(_CLOSINGS.search(text) or _THANKS_IN_OTHER_SCRIPTS.search(text))
