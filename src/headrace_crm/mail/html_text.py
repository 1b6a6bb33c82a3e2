"""The readable text of an HTML message: line breaks where blocks end, `>` where quotes stand."""

import re
from collections import Counter
from html import unescape
from typing import Final

from selectolax.lexbor import LexborHTMLParser

MAX_HTML_CHARS: Final = 1_000_000
"""Characters of one HTML part that are read; layout weighs far more than words."""

_INVISIBLE: Final = "script,style,head,title,noscript,template,object,svg,meta,link"
_BREAKS: Final = frozenset(
    (
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    )
)
_SPACED: Final = frozenset(("td", "th"))
_QUOTE_OPENS: Final = "\x01"
_QUOTE_ENDS: Final = "\x02"
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BLANKS: Final = re.compile(r"[ \t\r\n\xa0\u200b\u200c\ufeff]+")
_MAX_DEPTH: Final = 1_000
_TAG: Final = re.compile(r"<[^<>]*>")
_TAG_NAME: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_FLAT: Final = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "li",
        "link",
        "meta",
        "option",
        "p",
        "td",
        "th",
        "tr",
        "wbr",
    )
)
"""Elements that are empty, or that the next of their kind ends: they do not deepen the tree."""
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def read_html(html: str) -> str:
    """Return the text of an HTML document, block quotes as `> ` lines; scripts and styles are left out."""
    if _is_too_deep(html):
        return _lay_out(_BLANKS.sub(" ", unescape(_TAG.sub(" ", _CONTROL.sub(" ", html[:MAX_HTML_CHARS])))))
    tree = LexborHTMLParser(_CONTROL.sub(" ", html[:MAX_HTML_CHARS]))
    body = tree.body
    if body is None:
        return ""
    for node in tree.css(_INVISIBLE):
        if node.mem_id != body.mem_id:
            node.decompose()
    for quote in tree.css("blockquote"):
        quote.insert_before(_QUOTE_OPENS)
        quote.insert_after(_QUOTE_ENDS)
    pieces: list[str] = []
    for node in body.traverse(include_text=True):
        tag = node.tag
        if tag == "-text":
            pieces.append(_BLANKS.sub(" ", node.text_content or ""))
        elif tag in _BREAKS:
            pieces.append("\n")
        elif tag in _SPACED:
            pieces.append(" ")
    return _lay_out("".join(pieces))


def _is_too_deep(html: str) -> bool:
    """True for markup no person's program writes: a tree that deep takes the parser minutes."""
    opened: Counter[str] = Counter()
    depth = 0
    for match in _TAG_NAME.finditer(html, 0, MAX_HTML_CHARS):
        name = match[2].lower()
        if name in _FLAT:
            continue
        if not match[1]:
            opened[name] += 1
            depth += 1
        elif opened[name]:
            # An end tag that nothing opened closes nothing.
            opened[name] -= 1
            depth -= 1
        if depth > _MAX_DEPTH:
            return True
    return False


def _lay_out(text: str) -> str:
    depth = 0
    lines: list[str] = []
    marked = text.replace(_QUOTE_OPENS, f"\n{_QUOTE_OPENS}\n").replace(_QUOTE_ENDS, f"\n{_QUOTE_ENDS}\n")
    for line in marked.split("\n"):
        if line == _QUOTE_OPENS:
            depth += 1
        elif line == _QUOTE_ENDS:
            depth = max(0, depth - 1)
            lines.append("")
        else:
            words = line.strip()
            lines.append(f"{'>' * min(depth, 9)} {words}" if depth and words else words)
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
