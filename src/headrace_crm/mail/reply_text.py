"""What the author of a message wrote, without what they quoted and how they signed."""

import re
from dataclasses import dataclass
from typing import Final

import quotequail  # pyright: ignore[reportMissingTypeStubs]  # typed inside, but ships no py.typed

MAX_CHARS: Final = 50_000
"""Characters of a body that are looked at; nobody writes more by hand, and patterns stay quick."""

_MAX_LINE_CHARS: Final = 2_000
_MAX_WRAPPED_LINES: Final = 500
"""Lines searched for a wrapped message: the search is quadratic on lines that look like headers."""
_MAX_INTRO_LINES: Final = 3
_MAX_FOOTER_LINES: Final = 8

_QUOTED_LINE: Final = re.compile(r"\s{0,2}(?:[>|]|[A-Za-z][\w.-]{0,14}>(?:\s|>|$))")
"""`> text`, `| text`, and the `name> text` of older programs."""
_INTRO_END: Final = re.compile(r"[:\uff1a]\s*$")
_MOMENT: Final = re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b(?:19|20)\d\d\b")
_INTRO_MARK: Final = re.compile(
    _MOMENT.pattern + r"|<[^<>\s]+@[^<>\s]+>|[\w.+-]+@[\w-]+\.\w"
    r"|\b(?:wrote|writes|said|schrieb|scrive|skrev|schreef|escreveu)\b",
    re.IGNORECASE,
)
_WRAPPED: Final = re.compile(
    r"wrote:|schrieb|crit :|escribi|\u043d\u0430\u043f\u0438\u0441\u0430\u043b|skrev|escreveu|schreef"
    r"|geschreven|message|nachricht|mensaje|meddelande|bericht|\u0441\u043e\u043e\u0431\u0449|_{32}"
    r"|\d{4}/\d|^\w+: ",
    re.IGNORECASE | re.MULTILINE,
)
"""Words without which quotequail, which tries many patterns on each line, cannot find anything."""
_HEADERS: Final = re.compile(
    r"^\*?(?:From|Von|De|Van|Da|Fra|Fr\u00e5n|Od|\u041e\u0442"
    r"|\u5dee\u51fa\u4eba|\u53d1\u4ef6\u4eba):\*?[ \t].*\n"
    r"(?:[^\s:][^:\n]{0,25}:.*(?:\n|\Z)){2,6}",
    re.MULTILINE,
)
"""Outlook's `From: Sent: To: Subject:` above the message it quotes whole, in whatever language."""
_WRAPPER_LINE: Final = re.compile(r"\s*$|[-_]{2,}|\*?[^\s:][^:]{0,25}:\s")
_SIGNATURE: Final = re.compile(r"--\s?$")
_MOBILE: Final = re.compile(
    r"\s*(?:sent (?:from|via|with|using) (?:my |the )?\S|get outlook for|envoy\u00e9 de mon"
    r"|von meinem .{1,40} gesendet"
    r"|enviado (?:desde|do) (?:mi|meu)|verzonden (?:vanaf|met) mijn|inviato da(?:l mio)?"
    r"|\u043e\u0442\u043f\u0440\u0430\u0432\u043b\u0435\u043d\u043e (?:\u0441|\u0438\u0437) ).{0,80}$",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"\s*[_=-]{20,}\s*$")
_FOOTER_WORD: Final = re.compile(r"mailing list|unsubscribe|listinfo|yahoo! groups", re.IGNORECASE)
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Reply:
    """A body in two parts: `text` is the author's own words, `signature` what followed them; both trimmed."""

    text: str
    signature: str


def read_reply(body: str) -> Reply:
    """Split a plain-text body; answers between quotes are kept, a forwarded message is not the author's.

    A body that is all quote, or empty, has an empty text. At most `MAX_CHARS` characters are read.
    """
    lines = [line[:_MAX_LINE_CHARS] for line in body[:MAX_CHARS].split("\n")]
    kept = _drop_quotes(lines)
    own = _cut_wrapped("\n".join(kept), has_quotes=len(kept) < len(lines))
    return _split_signature(_drop_list_footer(own.split("\n")))


def _drop_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    was_quoted = False
    for line in lines:
        is_quoted = _QUOTED_LINE.match(line) is not None
        if is_quoted and not was_quoted:
            _drop_intro(kept)
        if is_quoted:
            was_quoted = True
        else:
            # Blank lines inside one quote do not end it.
            was_quoted = was_quoted and not line.strip()
            kept.append(line)
    return kept


def _drop_intro(kept: list[str]) -> None:
    """Remove `On Monday, somebody wrote:`, on up to three lines, from the end of what was kept."""
    end = len(kept)
    while end and not kept[end - 1].strip() and len(kept) - end < _MAX_INTRO_LINES:
        end -= 1
    if not end or not _INTRO_END.search(kept[end - 1]):
        return
    for begin in range(end - 1, max(-1, end - 1 - _MAX_INTRO_LINES), -1):
        if not kept[begin].strip():
            return
        text = " ".join(kept[begin:end])
        above = kept[begin - 1] if begin and end - begin < _MAX_INTRO_LINES else ""
        # The date may stand a line further up: `On Monday, 2 January 2006` / `somebody <a@b> wrote:`.
        if _INTRO_MARK.search(text) and (_MOMENT.search(text) or not _INTRO_MARK.search(above)):
            del kept[begin:]
            return


def _cut_wrapped(text: str, *, has_quotes: bool) -> str:
    """Cut where a whole message follows: `-----Original Message-----`, Outlook's headers, `On ... wrote:`.

    Where such a line comes first and quotes were removed below it, the author answered below: only it is cut.
    """
    headers = _HEADERS.search(text)
    if headers and text[: headers.start()].strip():
        text = text[: headers.start()]
    lines = text.split("\n", _MAX_WRAPPED_LINES)
    text, rest = "\n".join(lines[:_MAX_WRAPPED_LINES]), lines[_MAX_WRAPPED_LINES:]
    found = quotequail.unwrap(text) if _WRAPPED.search(text) else None
    if found is None or found.get("type") == "quote":
        return "\n".join((text, *rest))
    top = found.get("text_top", "")
    if top.strip():
        return top
    match found.get("type"):
        case "headers":
            # Nobody forwards without a word of introduction this way: it is a pasted patch or form.
            return "\n".join((text, *rest))
        case "reply":
            return _below_intro([*text.lstrip().split("\n"), *rest])
        case _:
            return _below_wrapper([*text.lstrip().split("\n"), *rest]) if has_quotes else ""


def _below_intro(lines: list[str]) -> str:
    for index, line in enumerate(lines[:_MAX_INTRO_LINES]):
        if _INTRO_END.search(line):
            return "\n".join(lines[index + 1 :])
    return "\n".join(lines[1:])


def _below_wrapper(lines: list[str]) -> str:
    index = 0
    while index < len(lines) and _WRAPPER_LINE.match(lines[index]):
        index += 1
    return "\n".join(lines[index:])


def _drop_list_footer(lines: list[str]) -> list[str]:
    for index in range(len(lines) - 1, max(-1, len(lines) - 2 - _MAX_FOOTER_LINES), -1):
        if _RULE.match(lines[index]) and any(_FOOTER_WORD.search(line) for line in lines[index:]):
            return lines[:index]
    return lines


def _split_signature(lines: list[str]) -> Reply:
    for index, line in enumerate(lines):
        if _SIGNATURE.match(line) or (_MOBILE.match(line) and not any(rest.strip() for rest in lines[index + 1 :])):
            return Reply(_join(lines[:index]), _join(lines[index:]))
    return Reply(_join(lines), "")


def _join(lines: list[str]) -> str:
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip()
