"""Where a browser is sent after it has logged in: never to another site."""

from urllib.parse import quote, urlsplit

_LONGEST = 2000


def safe_target(wanted: str | None, *, default: str) -> str:
    """The path that was wanted, with its query, or the default where it leads elsewhere or cannot stand in a header."""
    if not wanted or len(wanted) > _LONGEST or not wanted.startswith("/"):
        return default
    # Browsers take a backslash for a slash, and leave out control characters: //host and /\host lead away.
    if wanted[1:2] in ("/", "\\") or "\\" in wanted or not wanted.isprintable():
        return default
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return default
    if parts.scheme or parts.netloc:
        return default
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return f"{path}?{query}" if query else path
