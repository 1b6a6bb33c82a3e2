"""What the program of a peer does, as commands: `PROGRAM DSN COMMAND ...`. Needs nothing but the standard library.

    install         makes the peer's tables
    many N          stores N jobs by the peer's bulk call; prints the seconds it took
    later N         the same, for jobs that are due tomorrow
    single N C      stores N jobs one by one, from C tasks; prints the seconds it took
    drip N MS       stores one job every MS milliseconds; prints "number nanoseconds" before each call
    work            runs jobs until standard input closes; prints "nanoseconds jobs-so-far" twenty times a second,
                    and "start number nanoseconds" for those of drip

Nanoseconds are the machine's monotonic clock, which all processes share.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

CHUNK = 5_000
_TELL_SECONDS = 0.05

Args = dict[str, Any]


class Peer(Protocol):
    """One job queue, open on a database."""

    async def install(self) -> None: ...
    async def store_many(self, args: Sequence[Args], *, is_later: bool) -> None: ...
    async def store_one(self, args: Args) -> None: ...
    async def work(self, ran: Callable[[Args], None], stopping: asyncio.Event) -> None: ...


def errand(number: int, *, is_stamped: bool = False) -> Args:
    """Args of the size common in practice: some 150 bytes of JSON."""
    return {"number": number, "user": "user-0000000000000000", "note": "n" * 90, "is_stamped": is_stamped}


def main(opened: Callable[[str, int], AbstractAsyncContextManager[Peer]]) -> None:
    """Runs the command of the command line; `opened` takes the DSN and how many connections may be needed."""
    asyncio.run(_run(opened, sys.argv[1], sys.argv[2], [int(one) for one in sys.argv[3:]]))


async def _run(
    opened: Callable[[str, int], AbstractAsyncContextManager[Peer]], dsn: str, command: str, numbers: list[int]
) -> None:
    async with opened(dsn, numbers[1] if command == "single" else 4) as peer:
        match command:
            case "install":
                await peer.install()
            case "many" | "later":
                await _many(peer, numbers[0], is_later=command == "later")
            case "single":
                await _single(peer, *numbers)
            case "drip":
                await _drip(peer, *numbers)
            case "work":
                await _work(peer)
            case _:
                raise SystemExit(f"no command {command!r}")


async def _many(peer: Peer, count: int, *, is_later: bool) -> None:
    chunks = [[errand(n) for n in range(start, min(start + CHUNK, count))] for start in range(0, count, CHUNK)]
    started = time.perf_counter()
    for chunk in chunks:
        await peer.store_many(chunk, is_later=is_later)
    print(time.perf_counter() - started)


async def _single(peer: Peer, count: int, tasks: int) -> None:
    async def writer(some: int) -> None:
        for number in range(some):
            await peer.store_one(errand(number))

    await asyncio.gather(*(writer(3) for _ in range(tasks)))  # sessions opened, statements prepared
    started = time.perf_counter()
    await asyncio.gather(*(writer(count // tasks) for _ in range(tasks)))
    print(time.perf_counter() - started)


async def _drip(peer: Peer, count: int, milliseconds: int) -> None:
    for number in range(count):
        print(number, time.monotonic_ns())
        await peer.store_one(errand(number, is_stamped=True))
        await asyncio.sleep(milliseconds / 1000)


async def _work(peer: Peer) -> None:
    stopping = asyncio.Event()
    done = 0

    def ran(args: Args) -> None:
        nonlocal done
        done += 1
        if args["is_stamped"]:
            print("start", args["number"], time.monotonic_ns(), flush=True)

    async def tell() -> None:
        told = 0
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            if done != told:
                told = done
                print(time.monotonic_ns(), told, flush=True)

    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: _read(loop, stopping))
    teller = asyncio.create_task(tell())
    sys.stderr.write("worker is running\n")
    sys.stderr.flush()
    await peer.work(ran, stopping)
    teller.cancel()


def _read(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    if not sys.stdin.buffer.read1(4096):
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()


@asynccontextmanager
async def until(stopping: asyncio.Event, work: "asyncio.Future[Any]") -> AsyncIterator[None]:
    """Waits for the wish to stop, and ends the work in the block; raises what ended the work before."""
    wish = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({wish, work}, return_when=asyncio.FIRST_COMPLETED)
    wish.cancel()
    if work.done():
        work.result()
    yield
