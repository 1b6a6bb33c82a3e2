"""A message in the four formats of `messages.get`."""

import base64
from collections.abc import Container
from email.message import Message as Mime
from typing import Any, Final, Literal, TypeAlias, assert_never, cast

from headrace_crm.sandbox.google.message import Message, decoded

Format: TypeAlias = Literal["minimal", "full", "raw", "metadata"]

_INLINE_BYTES: Final = 5_000_000
_DEEPEST: Final = 50


def shape(message: Message, form: Format, *, headers: Container[str] | None = None) -> dict[str, Any]:
    """The resource as JSON; `headers` are the lower-cased names that `metadata` is limited to."""
    shown: dict[str, Any] = {
        "id": message.id,
        "threadId": message.thread_id,
        "labelIds": list(message.labels),
        "snippet": message.snippet,
        "historyId": str(message.history_id),
        "internalDate": str(message.internal_ms),
        "sizeEstimate": len(message.raw),
    }
    match form:
        case "minimal":
            pass
        case "raw":
            shown["raw"] = encoded(message.raw)
        case "metadata":
            named = [each for each in _headers(message.mime) if headers is None or each["name"].lower() in headers]
            shown["payload"] = {"mimeType": message.mime.get_content_type(), "headers": named}
        case "full":
            shown["payload"] = _part(message.mime, message, "", 0)
        case _:
            assert_never(form)
    return shown


def encoded(content: bytes) -> str:
    """Base64 for URLs, padded, as the API writes bytes."""
    return base64.urlsafe_b64encode(content).decode("ascii")


def attachment(message: Message, attachment_id: str) -> bytes | None:
    """The content of an attachment; None where the id is not of this message."""
    try:
        owner, _, path = base64.urlsafe_b64decode(attachment_id.removeprefix("ANGjdJ")).decode().partition("/")
        part = message.mime
        for step in path.split(".") if path else ():
            part = _children(part)[int(step)]
    except (ValueError, IndexError):
        return None
    return _content(part) if owner == message.id else None


def _part(part: Mime, message: Message, path: str, depth: int) -> dict[str, Any]:
    filename = decoded(part.get_filename() or "")
    shown: dict[str, Any] = {
        "partId": path,
        "mimeType": part.get_content_type(),
        "filename": filename,
        "headers": _headers(part),
    }
    children = _children(part) if depth < _DEEPEST else []
    if children:
        shown["body"] = {"size": 0}
        shown["parts"] = [
            _part(child, message, f"{path}.{number}" if path else str(number), depth + 1)
            for number, child in enumerate(children)
        ]
        return shown
    content = _content(part)
    if filename or len(content) > _INLINE_BYTES:
        token = encoded(f"{message.id}/{path}".encode())
        shown["body"] = {"attachmentId": f"ANGjdJ{token}", "size": len(content)}
    else:
        shown["body"] = {"size": len(content), "data": encoded(content)}
    return shown


def _children(part: Mime) -> list[Mime]:
    if not part.is_multipart():
        return []
    found = cast("list[Mime | str]", part.get_payload())
    return [child for child in found if isinstance(child, Mime)]


def _content(part: Mime) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _headers(part: Mime) -> list[dict[str, str]]:
    return [{"name": name, "value": decoded(str(value))} for name, value in part.items()]
