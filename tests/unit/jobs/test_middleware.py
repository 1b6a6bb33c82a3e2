"""The order of middleware, and what one may do to a new job."""

import pytest
from msgspec.structs import replace

from headrace import ConfigurationError, Headrace, Unique, uuid7
from headrace.jobs.enqueue import prepare
from headrace.jobs.job import NewJob
from headrace.jobs.middleware import Middleware
from headrace.jobs.registry import Kind, Registry


class Stamp:
    """Notes its name in the job's metadata, and in `seen` around an attempt."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self.name = name
        self.seen = seen

    def on_enqueue(self, job: NewJob) -> NewJob:
        return replace(job, metadata=f"{job.metadata or ''}{self.name}")

    async def around_attempt(self, job, call_next):
        self.seen.append(f"{self.name} begins {job}")
        try:
            return f"{self.name}({await call_next()})"
        finally:
            self.seen.append(f"{self.name} ends")


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def two(seen: list[str]) -> Middleware:
    middleware = Middleware()
    middleware.add(Stamp("a", seen))
    middleware.add(Stamp("b", seen))
    return middleware


def test_the_first_added_sees_a_new_job_first(two: Middleware):
    registry = Registry()
    registry.middleware = two
    assert prepare(registry.add(Kind(name="tea")), None).metadata == "ab"


async def test_the_first_added_stands_outermost(two: Middleware, seen: list[str]):
    async def handler() -> str:
        seen.append("handler")
        return "tea"

    assert await two.around_attempt("job", handler) == "a(b(tea))"
    assert seen == ["a begins job", "b begins job", "handler", "b ends", "a ends"]


async def test_an_error_passes_through_all_of_them(two: Middleware, seen: list[str]):
    async def handler() -> str:
        raise LookupError("no tea")

    with pytest.raises(LookupError, match="no tea"):
        await two.around_attempt("job", handler)
    assert seen[-2:] == ["b ends", "a ends"]


def test_middleware_added_after_a_kind_is_around_it_too(seen: list[str]):
    registry = Registry()
    kind = registry.add(Kind(name="tea"))
    assert not kind.middleware.surrounds_attempts
    registry.middleware.add(Stamp("late", seen))
    assert kind.middleware.surrounds_attempts
    assert prepare(kind, None).metadata == "late"


def test_an_object_without_any_part_is_refused():
    app = Headrace("postgresql:///nowhere")
    with pytest.raises(ConfigurationError, match="object is no middleware; give it on_enqueue"):
        app.middleware(object())


@pytest.mark.parametrize("part", ["on_enqueue", "around_attempt"])
def test_a_part_that_cannot_be_called_is_refused(part):
    with pytest.raises(ConfigurationError, match=f"{part} of Odd must be a method, got 5"):
        Middleware().add(type("Odd", (), {part: 5})())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda job: None, "must return the job to store, got NoneType"),
        (lambda job: replace(job, id=uuid7()), "changed the id"),
        (lambda job: replace(job, kind="coffee"), "changed the kind of a job from 'tea' to 'coffee'"),
        (lambda job: replace(job, unique=Unique("x")), "changed the unique"),
        (lambda job: replace(job, queue="tenant.a b"), "queue's name .* got 'tenant.a b'"),
        (lambda job: replace(job, max_attempts=0), "1 to 32767, got 0"),
        (lambda job: replace(job, priority="high"), "priority 'high'; give Priority.HIGH"),
    ],
)
def test_a_middleware_must_leave_a_job_the_job_it_is_and_one_that_can_run(change, reason):
    class Changes:
        def on_enqueue(self, job: NewJob) -> NewJob:
            return change(job)

    registry = Registry()
    registry.middleware.add(Changes())
    with pytest.raises(ConfigurationError, match=reason):
        prepare(registry.add(Kind(name="tea")), None)
