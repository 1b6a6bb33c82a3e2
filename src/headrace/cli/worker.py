"""`headrace worker`: runs an app's jobs and handlers."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Annotated

import typer

from headrace.app import Headrace
from headrace.cli.session import Choice, opened
from headrace.errors import ConfigurationError
from headrace.jobs.worker_options import WorkerOptions
from headrace.process import Process
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
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Serve /metrics and /health here; a free port for 0. By default none."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="The address to serve them at.")] = "127.0.0.1",
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
    run(_work(context.obj, options, stop_on_eof=stop_on_eof, exported_at=(metrics_host, metrics_port)))


async def _work(
    choice: Choice, options: WorkerOptions, *, stop_on_eof: bool, exported_at: tuple[str, int | None]
) -> None:
    if choice.app is None:
        raise ConfigurationError("a worker needs an app: headrace --app module:attribute worker")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with opened(choice, migrating=True) as app, AsyncExitStack() as exits:
        process = app.process(options)
        await exits.enter_async_context(_exported(app, process, exported_at))

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
        _spare_what_stays()
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


def _spare_what_stays() -> None:
    """Has collections of garbage pass over all that is loaded by now.

    Modules, kinds and pools stay as long as the process does; a collection that walks them all stops every
    job for a tenth of a second.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def _exported(app: Headrace, process: Process, at: tuple[str, int | None]) -> AsyncGenerator[None]:
    """Serves metrics and health for a block, where a port is given."""
    host, port = at
    if port is None:
        yield
        return
    # The console is an extra: what needs it is imported where it is called.
    from headrace.console.metrics import exporting  # noqa: PLC0415

    async def is_registered() -> str | None:
        return None if process.worker.worker_id is not None else "the worker is not registered"

    async with exporting(app, host=host, port=port, checks=(("worker", is_registered),)) as served_at:
        typer.echo(f"metrics and health are served at http://{host}:{served_at}", err=True)
        yield


def _at_eof(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    loop.remove_reader(sys.stdin.fileno())
    stop()
