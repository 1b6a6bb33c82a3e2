"""Whether the page of another site sent a request, as browsers tell it. Pure."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit


def normal_origins(given: Collection[str]) -> frozenset[str]:
    """Origins such as `https://shop.example.com`, written as browsers send them."""
    return frozenset(origin.rstrip("/").lower() for origin in given)


def is_foreign(headers: Mapping[str, str], *, trusted: Collection[str] = ()) -> bool:
    """Whether the headers of a request say that a page of another origin sent it."""
    origin = headers.get("origin", "").lower()
    if origin in trusted:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    if not origin:
        return False
    # The scheme is left out: behind a proxy that ends TLS it is another one here.
    return urlsplit(origin).netloc != headers.get("host", "").lower()
