from html import escape

SIGNATURE_MARK = "-- "


def html_of(text: str) -> str:
    """Return the HTML a mail program makes of the text: paragraphs, nested block quotes, links."""
    pieces = ["<html><body>"]
    depth = 0
    for line in text.splitlines():
        quoted = line.lstrip(">")
        level = len(line) - len(quoted)
        pieces += ["<blockquote>"] * (level - depth) + ["</blockquote>"] * (depth - level)
        depth = level
        pieces.append(_line(quoted.strip() if line != SIGNATURE_MARK else line))
    return "\n".join([*pieces, *["</blockquote>"] * depth, "</body></html>", ""])


def _line(line: str) -> str:
    if not line:
        return "<p>"
    words = (
        f'<a href="{escape(word)}">{escape(word)}</a>' if "://" in word else escape(word) for word in line.split(" ")
    )
    return " ".join(words) + "<br>"
