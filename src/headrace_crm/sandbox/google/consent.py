"""The page that asks an account's owner for consent."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

_PAGE = """<!doctype html>
<html lang="en">
<title>Sign in - sandbox</title>
<main>
<h1>{client} wants to access your account</h1>
<p>This is the sandbox: nobody's mail is behind it.</p>
<ul>{scopes}</ul>
<form method="post">
{hidden}
<label>Account <select name="sandbox_account">{accounts}</select></label>
<button name="sandbox_decision" value="allow">Allow</button>
<button name="sandbox_decision" value="deny">Deny</button>
</form>
</main>
</html>
"""


def consent_page(asked: Mapping[str, str], *, emails: list[str], scopes: frozenset[str]) -> str:
    """HTML that sends back what was asked, the account chosen and the decision."""
    hint = asked.get("login_hint", "")
    options = (
        f'<option value="{escape(email)}"{" selected" if email == hint else ""}>{escape(email)}</option>'
        for email in emails
    )
    hidden = (f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in asked.items())
    return _PAGE.format(
        client=escape(asked.get("client_id", "")),
        scopes="".join(f"<li>{escape(scope)}</li>" for scope in sorted(scopes)),
        hidden="\n".join(hidden),
        accounts="".join(options),
    )


def error_page(error: str, message: str) -> str:
    """HTML for what cannot be sent back to the client, since its address is not to be trusted."""
    return (
        f"<!doctype html><html lang=en><title>Error</title><h1>Error 400: {escape(error)}</h1><p>{escape(message)}</p>"
    )


def redirection(uri: str, **parameters: str | None) -> str:
    """The address with parameters added to its query; those that are None are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"
