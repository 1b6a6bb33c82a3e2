"""What can be set about the Google of the sandbox; the defaults are the real one's, as far as known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

UNITS: Final[Mapping[str, int]] = {
    "gmail.users.getProfile": 1,
    "gmail.users.history.list": 2,
    "gmail.users.labels.create": 5,
    "gmail.users.labels.list": 1,
    "gmail.users.messages.attachments.get": 20,
    "gmail.users.messages.delete": 10,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.import": 25,
    "gmail.users.messages.insert": 25,
    "gmail.users.messages.list": 5,
    "gmail.users.messages.modify": 5,
    "gmail.users.messages.send": 100,
    "gmail.users.messages.trash": 5,
    "gmail.users.messages.untrash": 5,
    "gmail.users.stop": 50,
    "gmail.users.threads.get": 40,
    "gmail.users.threads.list": 10,
    "gmail.users.watch": 100,
}
"""Units a call costs, by method: the dearer figure where sources differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleRules:
    """Change it with `dataclasses.replace`, or over the control endpoint.

    - `client_id` and `client_secret` are the one OAuth client there is; its redirects go to loopback, at any
      port and path, or to one of `redirect_uris`.
    - `is_approving`: the authorisation page answers by itself, as the account of `login_hint` or the first
      one; otherwise it shows a form.
    - `access_token_lifetime`, `refresh_token_lifetime` (None: without end) and `code_lifetime` count from
      when each was issued. `is_rotating`: a refresh answers a new refresh token, and the old one is no more.
    - `history_lifetime` and `watch_lifetime`: after that, history ids are 404 and watches are over.
    - `units` is the cost of each method; a method it lacks costs 5. `user_units` and `project_units` may be
      spent in any minute, by one user and by all; None is without limit. `quota_status` is what exceeding
      them is answered, with Retry-After.
    - `push_account` is the service account that signs pushes, `push_topic` the topic of subscriptions that
      name none. A user's notifications that come within `push_interval` of the last one are dropped. A push
      that is not acknowledged within `push_deadline` comes again, at first after `push_first_rest`, then
      after twice as long each time, at most `push_longest_rest`.
    """

    client_id: str = "sandbox-client.apps.googleusercontent.com"
    client_secret: str = "sandbox-secret"  # noqa: S105 - it guards nothing
    redirect_uris: tuple[str, ...] = ()
    is_approving: bool = True
    access_token_lifetime: timedelta = timedelta(seconds=3599)
    refresh_token_lifetime: timedelta | None = None
    code_lifetime: timedelta = timedelta(minutes=10)
    is_rotating: bool = False
    history_lifetime: timedelta = timedelta(days=7)
    watch_lifetime: timedelta = timedelta(days=7)
    units: Mapping[str, int] = field(default_factory=lambda: dict(UNITS))
    user_units: int | None = 6_000
    project_units: int | None = 1_200_000
    quota_status: Literal[403, 429] = 429
    push_account: str = "gmail-push@sandbox.iam.gserviceaccount.com"
    push_topic: str = "projects/sandbox/topics/gmail"
    push_interval: timedelta = timedelta(seconds=1)
    push_deadline: timedelta = timedelta(seconds=10)
    push_first_rest: timedelta = timedelta(seconds=1)
    push_longest_rest: timedelta = timedelta(minutes=1)

    def units_of(self, method: str) -> int:
        """What one call costs."""
        return self.units.get(method, 5)
