"""What a worker and its children tell each other, and which handlers a child can run."""

import functools
import os
import pickle
import signal
from datetime import UTC, datetime, timedelta

import pytest

import child_handlers
from headrace import (
    ChildDiedError,
    ConfigurationError,
    Context,
    Interrupted,
    LogPolicy,
    Retry,
    Snooze,
    WorkerOptions,
    uuid7,
)
from headrace.jobs.handle import Job
from headrace.jobs.job_log import Line
from headrace.jobs.outcome import report_error
from headrace.jobs.processes import child_process
from headrace.jobs.processes.messages import (
    HEADER_BYTES,
    Began,
    Begin,
    Dropped,
    Logged,
    Progressed,
    Raised,
    Returned,
    Stop,
    body_length,
    frame,
    read_from_child,
    read_to_child,
)
from headrace.jobs.processes.raised import pack_error, unpack_error
from headrace.jobs.processes.reference import find_handler
from headrace.jobs.registry import describe

BEGIN = Begin(
    module="shop.pictures",
    name="resize",
    args='{"picture":1}',
    kind="resize",
    queue="default",
    priority=2,
    attempt=1,
    max_attempts=3,
    run_at=datetime(2031, 5, 1, 12, tzinfo=UTC),
    job_id=uuid7(),
    parent_id=None,
    lease=7,
    context=Context(correlation_id=uuid7(), tenant_id="acme"),
    logs=LogPolicy(lines=7),
    root_level=30,
    metadata={"colour": ["red"]},
)


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (BEGIN, read_to_child),
        (Stop("timeout"), read_to_child),
        (Began(), read_from_child),
        (Progressed(1, None, "ä"), read_from_child),
        (Logged(Line(0, datetime(2031, 5, 1, tzinfo=UTC), 20, "shop", "ä")), read_from_child),
        (Dropped(3), read_from_child),
        (Returned('{"a": 1}'), read_from_child),
        (pack_error(ValueError("no")), read_from_child),
    ],
)
def test_a_message_is_read_as_it_was_written(message, read):
    sent = frame(message)
    assert body_length(sent[:HEADER_BYTES]) == len(sent) - HEADER_BYTES
    assert read(sent[HEADER_BYTES:]) == message


def raised(error: BaseException) -> BaseException:
    """The error, after it was raised and came through a line."""
    try:
        raise error  # noqa: TRY301 - raised to be caught
    except BaseException as caught:  # noqa: BLE001 - any error
        return unpack_error(pack_error(caught))


@pytest.mark.parametrize("error", [ValueError("no"), child_handlers.TroubleError("no luck"), Interrupted("timeout")])
def test_an_error_arrives_as_itself_with_the_traceback_it_had(error):
    arrived = raised(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert "raise error" in str(arrived.__cause__)


def test_an_error_that_cannot_be_brought_over_is_told_of_as_it_was():
    error = child_handlers.StubbornError("no luck", why="none")
    arrived = raised(error)
    assert str(arrived) == "child_handlers.StubbornError: no luck: none"
    assert '"type":"child_handlers.StubbornError"' in report_error(arrived)
    assert "raise error" in report_error(arrived)


def test_what_asks_for_the_end_of_a_program_is_not_raised_in_the_worker():
    assert str(raised(KeyboardInterrupt())) == "KeyboardInterrupt: "


def test_an_error_whose_pickle_is_broken_is_told_of():
    report = pack_error(ValueError("no")).report
    assert str(unpack_error(Raised(report, b"nonsense"))) == "ValueError: no"


@pytest.mark.parametrize("error", [Retry("later", after=timedelta(hours=1)), Snooze(timedelta(hours=1))])
def test_outcomes_keep_what_they_ask_for(error):
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.after) == (str(error), timedelta(hours=1))


def test_a_death_names_its_exit_code_or_its_signal():
    left = ChildDiedError(7, pid=12)
    assert (left.exit_code, left.signal_number, left.pid) == (7, None, 12)
    assert "exited with code 7" in str(left)
    killed = ChildDiedError(-signal.SIGKILL, pid=12)
    assert (killed.exit_code, killed.signal_number) == (None, 9)
    assert "signal 9 (SIGKILL); the kernel may have run out of memory" in str(killed)
    assert "signal 64" in str(ChildDiedError(-64, pid=12))


class Shop:
    @staticmethod
    def sell() -> None: ...

    def buy(self) -> None: ...


def test_a_handler_is_found_by_its_module_and_name():
    assert find_handler("child_handlers", "add") is child_handlers.add
    assert find_handler("child_handlers", "Sum.__init__") is child_handlers.Sum.__init__


@pytest.mark.parametrize(("module", "name"), [("no_such_module", "add"), ("child_handlers", "nothing")])
def test_a_handler_that_is_not_there_is_told_of(module, name):
    with pytest.raises(ConfigurationError, match=f"cannot import {name} from {module}.*start the worker where"):
        find_handler(module, name)


async def coroutine() -> None: ...


def in_main() -> None: ...


in_main.__module__ = "__main__"


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (coroutine, "coroutine function.*plain def"),
        (in_main, "in the program that was started.*move it to a module of its own"),
        (lambda: None, "made inside a function.*at the top of its module"),
        (functools.partial(child_handlers.add), "is a partial.*a function of a module"),
        (Shop().buy, "is a method.*a function of a module"),
    ],
)
def test_a_handler_no_child_could_import_is_refused_with_the_next_step(handler, words):
    with pytest.raises(ConfigurationError, match=f"(?s)'shop'.*{words}"):
        describe("shop", handler, job_type=Job, executor="process")


def test_a_function_of_a_class_will_do():
    assert describe("shop", Shop.sell, job_type=Job, executor="process").in_process


def test_executors_that_do_not_fit_are_refused():
    with pytest.raises(ConfigurationError, match='"thread" or "process", got \'fiber\''):
        describe("shop", in_main, job_type=Job, executor="fiber")
    with pytest.raises(ConfigurationError, match='leave executor="thread" out'):
        describe("shop", coroutine, job_type=Job, executor="thread")
    assert not describe("shop", in_main, job_type=Job, executor="thread").in_process


def test_by_default_a_loop_is_killed_within_a_second_of_its_jobs_cancelling():
    """Its worker hears of the cancelling at the next sign of life, and leaves the handler a moment to clean up."""
    assert WorkerOptions().heartbeat + child_process._MERCY <= timedelta(milliseconds=800)


async def test_a_child_that_has_ended_is_not_killed_again_by_a_number_that_may_be_anothers(monkeypatch):
    child = await child_process.ChildProcess.start()
    os.kill(child.pid, signal.SIGKILL)
    await child.close()
    killed = []
    monkeypatch.setattr(os, "killpg", lambda *call: killed.append(call))
    child.kill()
    await child.close()
    assert killed == []
