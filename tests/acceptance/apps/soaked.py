"""The app that a soak runs: a handler of every sort, each leaving a trace that tells whether it did its work once.

A feature that gets a part in the soak has a handler here, and what gives it work in `soak_feeds.py`.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

import soaked_apart

from fix_soak import Written, declare
from headrace import Discard, Headrace, Job, Limit, Rate, RetryPolicy, Snooze, StoredEvent, Stream, Transaction

SOON = RetryPolicy(unit=timedelta(milliseconds=50), jitter=timedelta(milliseconds=50))

app = Headrace(name="soaked")
declare(app)


@app.job("plain")
async def plain(number: int, job: Job) -> int:
    await asyncio.sleep(0.005)
    job.progress(1, total=1)
    return number


@app.job("thread")
def thread(number: int) -> int:
    time.sleep(0.01)
    return number


app.job("apart", executor="process")(soaked_apart.square)
app.job("fragile", executor="process", retry=SOON, max_attempts=3)(soaked_apart.fragile)


@app.job("flaky", retry=SOON, max_attempts=3)
async def flaky(job: Job) -> int:
    """Raises twice; a worker that dies with it costs no attempt."""
    if job.attempt < 3:
        raise RuntimeError("not yet")
    return job.attempt


@app.job("sleepy")
async def sleepy(job: Job) -> None:
    """Is put back until it has been seen three times."""
    async with app.pool.acquire() as connection:
        seen = await connection.fetchval(
            "INSERT INTO public.seen VALUES ($1, 1) ON CONFLICT (job_id) DO UPDATE SET times = seen.times + 1"
            " RETURNING times",
            job.id,
        )
    if seen < 3:
        raise Snooze(timedelta(milliseconds=200))


@app.job("discarded")
async def discarded() -> None:
    raise Discard("its fate")


@app.job("exhausted", retry=SOON)
async def exhausted() -> None:
    raise RuntimeError("its fate")


@app.job("write", retry=SOON, max_attempts=50)
async def write(number: int, job: Job) -> None:
    """A row, an event and its own end in one commit."""
    async with job.transaction() as tx:
        await tx.execute("INSERT INTO public.effect VALUES ('write', $1)", job.id)
        await tx.append(Written(number), stream=Stream("soak", str(number)))


@app.job("parent", retry=SOON, max_attempts=50)
async def parent(count: int, job: Job) -> None:
    """Makes its children and ends, in one commit."""
    async with job.transaction() as tx:
        for number in range(count):
            await tx.enqueue("child", number, parent=job)


@app.job("child", retry=SOON, max_attempts=2)
async def child(number: int) -> None:
    if number % 5 == 4:
        raise Discard("its fate")
    await asyncio.sleep(0.002)


@app.job("part", retry=SOON, max_attempts=50)
async def part(number: int, job: Job) -> int:
    """One job of a flow: its steps are done once, however often it begins."""
    results = await job.dependency_results()
    if any(one.is_open for one in results.values()):
        raise Discard("it runs before it may")
    await job.step("rest", lambda: asyncio.sleep(0.01))
    return number


@app.job("debounced")
async def debounced(number: int) -> int:
    return number


@app.job(
    "metered", limit=Limit("meter", key="{lane}", concurrency=3, rate=Rate(40, per=timedelta(seconds=1), burst=40))
)
async def metered(args: dict[str, int]) -> int:
    await asyncio.sleep(0.01)
    return args["lane"]


@app.job("tick")
async def tick(job: Job) -> None: ...


@app.on(Written, mode="ordered", name="in-order", lanes=2)
async def in_order(events: Sequence[StoredEvent], tx: Transaction) -> None:
    for one in events:
        await tx.execute("INSERT INTO public.effect VALUES ('in-order', $1)", one.id)


@app.on(Written, name="one-by-one")
async def one_by_one(event: StoredEvent, job: Job) -> None:
    async with job.transaction() as tx:
        await tx.execute("INSERT INTO public.effect VALUES ('one-by-one', $1)", event.id)


app.schedule("steady", "tick", every=timedelta(seconds=2), catch_up="all", catch_up_limit=1_000)
