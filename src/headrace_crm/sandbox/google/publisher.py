"""Pub/Sub: pushes notifications to endpoints, signed, again and again until they are acknowledged."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Final

import httpx
import msgspec

from headrace_crm.kit.http import open_client
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.counters import Counters
from headrace_crm.sandbox.faults import WITH_PUSHES, Faults
from headrace_crm.sandbox.google.history import Change
from headrace_crm.sandbox.google.mailbox import Mailbox
from headrace_crm.sandbox.google.rules import GoogleRules
from headrace_crm.sandbox.google.watches import Watches

ROUTE: Final = "pubsub.push"
ACKNOWLEDGING: Final = frozenset({102, 200, 201, 202, 204})
_FIRST_MESSAGE_ID: Final = 10_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where the notifications of a topic are pushed to; `audience` is what their tokens are for."""

    name: str
    topic: str
    endpoint: str
    audience: str


class Publisher:
    """Tells subscriptions of changes to watched mailboxes.

    `changed` may be called from any thread; deliveries run on the event loop of `start`. What is published
    while no loop runs is delivered when one does.
    """

    def __init__(
        self,
        *,
        watches: Watches,
        clock: SandboxClock,
        counters: Counters,
        faults: Faults,
        rules: Callable[[], GoogleRules],
        sign: Callable[[str], str],
    ) -> None:
        self._watches = watches
        self._clock = clock
        self._counters = counters
        self._faults = faults
        self._rules = rules
        self._sign = sign
        self._subscriptions: dict[str, Subscription] = {}
        self._numbers = count(_FIRST_MESSAGE_ID)
        self._waiting: list[tuple[Subscription, dict[str, Any]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx.AsyncClient | None = None
        self._deliveries: set[asyncio.Task[None]] = set()

    @property
    def subscriptions(self) -> list[Subscription]:
        return list(self._subscriptions.values())

    def subscribe(self, subscription: Subscription) -> None:
        """Adds a subscription, or replaces the one of this name; pushes under way go to where they were going."""
        self._subscriptions[subscription.name] = subscription

    def unsubscribe(self, name: str) -> None:
        """Removes a subscription, and gives up what is not yet acknowledged."""
        self._subscriptions.pop(name, None)

    def changed(self, mailbox: Mailbox, change: Change) -> None:
        """Publishes a change that is watched; one that follows another too soon is dropped, as Gmail does."""
        now, rules = self._clock.now(), self._rules()
        watch = self._watches.of(mailbox.email, now=now)
        if watch is None or not watch.concerns(change):
            return
        if not self._watches.may_tell(mailbox.email, now=now, interval=rules.push_interval):
            self._counters.happened("push.dropped")
            return
        self._counters.happened("push.published")
        message = self._message({"emailAddress": mailbox.email, "historyId": change.id}, now)
        for subscription in self.subscriptions:
            if subscription.topic == watch.topic:
                self._hand_over(subscription, message)

    async def start(self) -> None:
        """Begins to deliver on the running loop."""
        self._client = open_client(answer=self._rules().push_deadline)
        self._loop = asyncio.get_running_loop()
        waiting, self._waiting = self._waiting, []
        for subscription, message in waiting:
            self._begin(subscription, message)

    async def stop(self) -> None:
        """Gives up what is under way."""
        self._loop = None
        deliveries = list(self._deliveries)
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _message(self, data: dict[str, Any], now: datetime) -> dict[str, Any]:
        number, moment = str(next(self._numbers)), now.isoformat().replace("+00:00", "Z")
        encoded = base64.b64encode(msgspec.json.encode(data)).decode("ascii")
        return {
            "data": encoded,
            "messageId": number,
            "message_id": number,
            "publishTime": moment,
            "publish_time": moment,
        }

    def _hand_over(self, subscription: Subscription, message: dict[str, Any]) -> None:
        fault = self._faults.draw(ROUTE, among=WITH_PUSHES)
        if fault is not None and fault.kind == "lose-push":
            return
        for _ in range(2 if fault is not None else 1):
            if self._loop is None:
                self._waiting.append((subscription, message))
            else:
                self._loop.call_soon_threadsafe(self._begin, subscription, message)

    def _begin(self, subscription: Subscription, message: dict[str, Any]) -> None:
        delivery = asyncio.create_task(self._deliver(subscription, message))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)

    async def _deliver(self, subscription: Subscription, message: dict[str, Any]) -> None:
        body = msgspec.json.encode({"message": message, "subscription": subscription.name})
        rest = self._rules().push_first_rest
        while subscription.name in self._subscriptions:
            status = await self._push(subscription, body)
            self._counters.answered(ROUTE, status)
            if status in ACKNOWLEDGING:
                return
            await asyncio.sleep(rest.total_seconds())
            rest = min(2 * rest, self._rules().push_longest_rest)

    async def _push(self, subscription: Subscription, body: bytes) -> int:
        """The status of one attempt, 0 where there was no answer."""
        if self._client is None:
            return 0
        headers = {
            "Authorization": f"Bearer {self._sign(subscription.audience)}",
            "Content-Type": "application/json",
            "User-Agent": "CloudPubSub-Google",
        }
        try:
            async with asyncio.timeout(self._rules().push_deadline.total_seconds()):
                answer = await self._client.post(subscription.endpoint, content=body, headers=headers)
        except (httpx.HTTPError, TimeoutError):
            return 0
        return answer.status_code
