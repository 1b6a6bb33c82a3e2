"""`headrace worker`: runs an app's jobs and handlers."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

import typer

from headrace.cli.session import Choice, opened
from headrace.errors import ConfigurationError
from headrace.jobs.worker_options import WorkerOptions
from headrace.terminal import run

_EXIT_SECONDS = 2.0


def work(
    context: typer.Context,
    *,
    queue: Annotated[list[str] | None, typer.Option(help="Serve this queue; may be repeated. All by default.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Jobs run at a time.")] = 20,
    buffer: Annotated[int, typer.Option(min=1, help="Most jobs claimed ahead.")] = 2_000,
    grace: Annotated[float, typer.Option(min=0, help="Seconds running jobs may take to end at shutdown.")] = 30.0,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help='Most child processes, for handlers with executor="process"; by default one a CPU.'),
    ] = None,
    process_attempts: Annotated[
        int | None, typer.Option(min=1, help="Attempts after which a child process is replaced; by default never.")
    ] = None,
    stop_on_eof: Annotated[
        bool,
        typer.Option("--stop-on-eof", help="Stop when standard input closes: with the program that started it."),
    ] = False,
) -> None:
    """Runs jobs and event handlers until SIGTERM or Ctrl-C; a second one ends running jobs at once."""
    options = WorkerOptions(
        queues=tuple(queue or ()),
        concurrency=concurrency,
        buffer=buffer,
        grace=timedelta(seconds=grace),
        processes=processes,
        process_attempts=process_attempts,
    )
    run(_work(context.obj, options, stop_on_eof=stop_on_eof))


async def _work(choice: Choice, options: WorkerOptions, *, stop_on_eof: bool) -> None:
    if choice.app is None:
        raise ConfigurationError("a worker needs an app: headrace --app module:attribute worker")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with opened(choice, migrating=True) as app:
        process = app.process(options)

        def stop() -> None:
            if stopping.is_set():
                process.worker.hurry()
            stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        if stop_on_eof:
            loop.add_reader(
                sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 4096) else _at_eof(loop, stop)
            )
        starting = asyncio.ensure_future(process.start())
        told = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({starting, told}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return
        starting.result()
        try:
            typer.echo(f"worker {process.worker.worker_id} of {app.name} is running", err=True)
            await told
            typer.echo("stopping: no new jobs, running ones may end", err=True)
        finally:
            await process.stop()
    if process.worker.abandoned_count:
        typer.echo(f"{process.worker.abandoned_count} handlers have not ended; they end with this process", err=True)
    # What a handler left running (a coroutine that will not be cancelled, a thread of its own) keeps no worker alive.
    leaving = threading.Timer(_EXIT_SECONDS, os._exit, [0])
    leaving.daemon = True
    leaving.start()


def _at_eof(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    loop.remove_reader(sys.stdin.fileno())
    stop()
