"""Any interleaving of appends, failures, deaths, new lanes and operators leaves what the fold of each stream is."""

import asyncio
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_events import NoteTaken, new
from fix_stage import drain
from headrace.errors import ParkedStreamNotFoundError
from headrace.events import operate

STREAMS = ("a", "b", "c", "d", "e", None)
NAMES = st.lists(st.sampled_from(STREAMS), min_size=1, max_size=12)
ACTS = st.one_of(
    st.tuples(st.just("append"), NAMES),
    st.tuples(st.just("append_poison"), NAMES),
    st.tuples(st.just("heal"), st.none()),
    st.tuples(st.just("turn"), st.integers(1, 6)),
    st.tuples(st.just("lane"), st.integers(0, 4)),
    st.tuples(st.just("lane"), st.integers(0, 4)),
    st.tuples(st.just("die"), st.none()),
    st.tuples(st.just("race"), st.none()),
    st.tuples(st.just("lanes"), st.integers(1, 5)),
    st.tuples(st.just("resume"), st.none()),
    st.tuples(st.just("wait"), st.none()),
)
EMPTY = (
    "TRUNCATE headrace.event, headrace.stream, headrace.subscription, headrace.checkpoint, headrace.lane_floor,"
    " headrace.parked_stream, headrace.parked_event, headrace.subscription_action, seen CASCADE"
)


class Death(BaseException):
    """The end of a process, as far as its transaction can tell."""


class World:
    """A subscription of two processes, and what happens to it: each method is an act."""

    def __init__(self, stage) -> None:
        self.stage = stage
        self.lane_count = 2
        self.written = 0
        self.consumer = self.start()
        self.other = self.start()

    def start(self, **options):
        """A process that is told the number of lanes of now."""
        return self.stage.consumer(types=None, lanes=self.lane_count, attempts=1, batch_size=3, **options)

    async def append(self, streams, *, is_poisoned: bool = False) -> None:
        texts = [f"{stream or '-'}{self.written + place}" for place, stream in enumerate(streams)]
        self.written += len(texts)
        if is_poisoned:
            self.stage.poison |= {texts[0]}
        await self.stage.write_all(
            *(new(NoteTaken(text), stream=stream) for text, stream in zip(texts, streams, strict=True))
        )

    async def append_poison(self, streams) -> None:
        await self.append(streams, is_poisoned=True)

    async def heal(self, _) -> None:
        self.stage.poison = set()

    async def turn(self, count) -> None:
        for _ in range(count):
            await self.consumer.run_once()

    async def lane(self, number) -> None:
        await self.consumer._advance(number % self.lane_count)

    async def race(self, _) -> None:
        await asyncio.gather(self.consumer.run_once(), self.other.run_once())

    async def lanes(self, count) -> None:
        """A new process brings a new number; the one before goes on with what it was told."""
        self.lane_count = count
        self.consumer, self.other = self.start(), self.consumer
        await self.consumer.register()

    async def resume(self, _) -> None:
        await self.stage.operate(operate.resume_parked, "tests")

    async def wait(self, _) -> None:
        self.stage.clock.moment += timedelta(minutes=6)

    async def die(self, _) -> None:
        async def apply(unit, batch):
            await self.stage.apply(unit, batch)
            raise Death

        dying = self.start(apply=apply)
        try:
            await dying.run_once()
        except Death:
            return

    async def settle(self) -> None:
        """Heals everything and lets it come to its end."""
        self.stage.poison = set()
        for _ in range(2):
            self.stage.clock.moment += timedelta(minutes=6)
            await drain(self.consumer)
            if not await self.stage.parked():
                return
            await self.stage.operate(operate.resume_parked, "tests")
            await drain(self.consumer)

    async def require_prefixes(self) -> None:
        """At any time, what was handled of a stream is the beginning of it."""
        seen = await self.stage.seen()
        assert len(seen) == len(set(seen)), seen
        for stream in filter(None, STREAMS):
            handled = [text for text in seen if text[0] == stream]
            assert handled == (await self.stage.texts_of(stream))[: len(handled)]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, min_size=3, max_size=30))
async def test_whatever_happens_each_event_is_handled_once_and_each_stream_in_order(stage, acts):
    async with stage.pool.acquire() as connection:
        await connection.execute(EMPTY)
    stage.poison = set()
    world = World(stage)
    await world.consumer.register()
    for name, value in acts:
        await getattr(world, name)(value)
        await world.require_prefixes()
    await world.settle()
    await world.require_prefixes()
    assert len(await stage.seen()) == world.written
    assert await stage.parked() == []
    assert {row["parked_count"] for row in await stage.checkpoints()} == {0}
    try:
        await stage.operate(operate.resume_parked, "tests", 1)
    except ParkedStreamNotFoundError:
        return
    raise AssertionError("a stream is parked that nobody sees")
