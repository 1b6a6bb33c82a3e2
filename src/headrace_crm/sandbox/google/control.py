"""The control endpoints of Google under `/sandbox/google`: the methods of `Google` for other processes."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headrace_crm.sandbox.control import action, shown
from headrace_crm.sandbox.google.google import Google
from headrace_crm.sandbox.google.rules import GoogleRules
from headrace_crm.sandbox.google.scopes import FULL


class _Account(msgspec.Struct, forbid_unknown_fields=True):
    """Which account; the first one by default."""

    email: str | None = None


class _NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    seed: int = 7
    messages: int = 0


class _Link(msgspec.Struct, forbid_unknown_fields=True):
    email: str | None = None
    scopes: tuple[str, ...] = (FULL,)


class _Subscription(msgspec.Struct, forbid_unknown_fields=True):
    endpoint: str
    audience: str | None = None
    topic: str | None = None
    name: str = "projects/sandbox/subscriptions/gmail"


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


def google_control(google: Google) -> Sequence[BaseRoute]:
    """All of them take and answer JSON; durations are seconds."""

    async def read(_: Request) -> Response:
        return shown(google.snapshot())

    def configure(changes: dict[str, Any]) -> dict[str, Any]:
        merged = {**_plain(google.rules), **changes}
        rules = msgspec.convert(merged, type=GoogleRules, strict=False)
        unknown = changes.keys() - _plain(rules).keys()
        if unknown:
            raise ValueError(f"there is no rule {', '.join(sorted(unknown))}; see GoogleRules for their names")
        return _plain(google.configure(**{name: getattr(rules, name) for name in changes}))

    def add(wanted: _NewAccount) -> dict[str, Any]:
        mailbox = google.add_account(wanted.email, seed=wanted.seed, messages=wanted.messages)
        return {"email": mailbox.email, "messages": mailbox.message_count}

    def link(wanted: _Link) -> dict[str, str]:
        tokens = google.link(wanted.email, scopes=wanted.scopes)
        return {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}

    def subscribe(wanted: _Subscription) -> dict[str, str]:
        made = google.subscribe(wanted.endpoint, audience=wanted.audience, topic=wanted.topic, name=wanted.name)
        return {"name": made.name, "topic": made.topic, "endpoint": made.endpoint, "audience": made.audience}

    def lose_history(wanted: _Account) -> dict[str, int]:
        mailbox = google.mailbox(wanted.email)
        mailbox.lose_history()
        return {"historyId": mailbox.history_id}

    def reset_units(_: _Nothing) -> dict[str, Any]:
        google.reset_units()
        return google.snapshot()

    at = "/sandbox/google"
    return (
        Route(at, read, methods=["GET"]),
        Route(f"{at}/rules", action(dict[str, Any], configure), methods=["PATCH"]),
        Route(f"{at}/accounts", action(_NewAccount, add), methods=["POST"]),
        Route(f"{at}/link", action(_Link, link), methods=["POST"]),
        Route(f"{at}/revoke", action(_Account, lambda one: {"revoked": google.revoke(one.email)}), methods=["POST"]),
        Route(
            f"{at}/expire-access-tokens",
            action(_Account, lambda one: {"expired": google.expire_access_tokens(one.email)}),
            methods=["POST"],
        ),
        Route(f"{at}/lose-history", action(_Account, lose_history), methods=["POST"]),
        Route(f"{at}/rotate-keys", action(_Nothing, lambda _: {"kid": google.rotate_keys()}), methods=["POST"]),
        Route(f"{at}/subscriptions", action(_Subscription, subscribe), methods=["POST"]),
        Route(f"{at}/units", action(_Nothing, reset_units), methods=["DELETE"]),
    )


def _plain(rules: GoogleRules) -> dict[str, Any]:
    return {name: getattr(rules, name) for name in rules.__dataclass_fields__}
