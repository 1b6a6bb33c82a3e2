"""What tests read out of a page's markup: what it would do, had a stranger written some of it."""

from html.parser import HTMLParser

import httpx


class Tags(HTMLParser):
    """Finds what markup would do if it came from a stranger."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.foreign: list[str] = []
        self.links: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        self.scripts += tag == "script"
        if tag == "img" or "style" in names or any(name.startswith("on") for name in names):
            self.foreign.append(f"{tag} {attrs}")
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.targets += [value or "" for name, value in attrs if name == "action"]


def read(answer: httpx.Response) -> Tags:
    tags = Tags()
    tags.feed(answer.text)
    return tags


def require_sound(answer: httpx.Response) -> Tags:
    """The page is there, whole, ours alone, and strict about it."""
    assert answer.status_code == 200, answer.text[:2000]
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    tags = read(answer)
    assert (tags.scripts, tags.foreign) == (1, [])
    assert answer.text.rstrip().endswith("</html>")
    return tags
