"""Bytes of doubtful charset to text that any UTF-8 store accepts."""

import codecs
import re
from typing import Final

_ALIASES: Final = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac_roman",
    "tis-620": "cp874",
}
"""Names as mail writes them to the widest codec that reads the same bytes: senders name the subset."""

_NOT_FOR_MAIL: Final = frozenset(("punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"))
"""Text codecs of Python that are no charsets; punycode takes quadratic time."""

_UNSAFE: Final = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Return the text without NUL and with every lone surrogate replaced by U+FFFD.

    PostgreSQL refuses U+0000 in text, and a lone surrogate does not encode to UTF-8.
    """
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSAFE.sub(lambda match: "" if match[0] == "\x00" else "\ufffd", text)


def decode_bytes(data: bytes, charset: str | None) -> str:
    """Decode by the charset named, else by the likeliest one; never raises.

    An unknown or lying charset falls back to UTF-8, then to Windows-1252 (which is what unlabelled
    8-bit mail mostly is) with its five holes read as Latin-1. Multi-byte charsets keep their good part and
    show U+FFFD for the rest, because Windows-1252 would turn all of it into noise.
    """
    codec = _codec(charset)
    for name in (codec, "utf-8"):
        if name is None:
            continue
        try:
            return clean_text(data.decode(name))
        except (UnicodeError, ValueError):
            continue
    if codec is not None and not _is_single_byte(codec):
        try:
            return clean_text(data.decode(codec, "replace"))
        except (UnicodeError, ValueError):
            pass
    try:
        return clean_text(data.decode("cp1252"))
    except UnicodeDecodeError:
        return clean_text(data.decode("latin-1"))


def decode_header_bytes(text: str) -> str:
    """Decode the raw 8-bit bytes that the ASCII parser smuggles as surrogates; others pass unchanged."""
    if text.isascii():
        return clean_text(text)
    try:
        data = text.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return clean_text(text)
    return decode_bytes(data, None)


def _codec(charset: str | None) -> str | None:
    if not charset:
        return None
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if len(name) > 40 or not name.isascii() or "\x00" in name:  # noqa: PLR2004 - longer than any charset name
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # base64, rot13, zlib and the like are codecs to Python but not charsets.
    is_charset = getattr(info, "_is_text_encoding", True) and info.name.replace("-", "_") not in _NOT_FOR_MAIL
    return info.name if is_charset else None


def _is_single_byte(codec: str) -> bool:
    return codec.startswith(("iso8859", "cp125", "koi8", "mac", "latin", "cp874")) or codec in {
        "utf-8",
        "cp437",
    }
