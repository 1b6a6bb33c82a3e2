"""`headrace relay`: publishes the log to a message broker."""

import asyncio
import signal
from typing import Annotated, Literal

import typer

from headrace.cli.session import Choice, opened
from headrace.db.listener import HEAD_CHANNEL
from headrace.errors import ConfigurationError, HeadraceError
from headrace.events.subscription import Subscription
from headrace.relay.address import broker_at
from headrace.relay.broker import Broker
from headrace.relay.relay import Relay
from headrace.terminal import fail, run

Url = Annotated[str, typer.Argument(metavar="URL", help="The broker: nats://host:4222 or redis://host:6379/0.")]


def relay(
    context: typer.Context,
    url: Url,
    *,
    stream: Annotated[str, typer.Option(help="The broker's stream to publish to, of this relay alone.")] = "headrace",
    name: Annotated[
        str | None, typer.Option(help="The subscription's name; by default the broker's kind and the stream.")
    ] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only this event type; may be repeated.")] = None,
    start: Annotated[
        Literal["beginning", "now"], typer.Option(help="Where a new relay begins in the log.")
    ] = "beginning",
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Most events published at a time.")] = 500,
    subject_prefix: Annotated[
        str | None, typer.Option(help="NATS: what subjects begin with, before the event's type; by default headrace.")
    ] = None,
    create: Annotated[bool, typer.Option("--create", help="NATS: make the stream where it is missing.")] = False,
    max_length: Annotated[
        int | None, typer.Option(min=1, help="Redis: about so many entries are kept; by default all.")
    ] = None,
) -> None:
    """Publishes events to NATS JetStream or Redis Streams, in order and at least once, until SIGTERM or Ctrl-C."""
    try:
        broker = broker_at(url, stream=stream, prefix=subject_prefix, creates=create, most=max_length)
    except ConfigurationError as error:
        fail(str(error))
    subscription = Subscription(
        name or f"{url.partition(':')[0]}:{stream}",
        types=frozenset(types) if types else None,
        batch_size=batch,
        start=start,
        attempts=None,
    )
    run(_relay(context.obj, subscription, broker))


async def _relay(choice: Choice, subscription: Subscription, broker: Broker) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with opened(choice) as app:
        relay = Relay(app.pool, subscription, broker, telemetry=app.telemetry)
        app.listener.subscribe(HEAD_CHANNEL, relay.wake)
        app.listener.start()
        try:
            await _look_at(relay, broker)
            relay.start()
            typer.echo(f"relay {subscription.name} publishes to {broker.stream}", err=True)
            await stopping.wait()
        finally:
            await relay.stop()


async def _look_at(relay: Relay, broker: Broker) -> None:
    """Fails at once where the relay could never work; a broker that is away may come back."""
    await relay.register()
    try:
        await broker.connect()
    except HeadraceError:
        raise
    except Exception as error:  # noqa: BLE001 - each client has errors of its own
        typer.echo(f"{broker.stream} is not reached yet: {error or type(error).__name__}", err=True)
