"""What was asked of the sandbox and what came of it, for tests to read."""

from collections import Counter
from threading import Lock
from typing import Any


class Counters:
    """Counts by method, by method and status, of faults, and of what else happens.

    A method has the name its service's documentation gives it, such as `gmail.users.messages.get`. The calls
    inside a batch count one by one, and the batch itself once more under its own name. May be read and
    written from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[str] = Counter()
        self._answers: Counter[tuple[str, int]] = Counter()
        self._faults: Counter[str] = Counter()
        self._times: Counter[str] = Counter()

    def answered(self, method: str, status: int) -> None:
        """Counts one request and what it was answered."""
        with self._lock:
            self._requests[method] += 1
            self._answers[method, status] += 1

    def struck(self, fault: str) -> None:
        """Counts one fault that was played."""
        with self._lock:
            self._faults[fault] += 1

    def happened(self, what: str) -> None:
        """Counts something that is no request, such as `push.published`."""
        with self._lock:
            self._times[what] += 1

    def times(self, what: str) -> int:
        """How often it happened."""
        with self._lock:
            return self._times[what]

    def requests(self, method: str | None = None) -> int:
        """How many requests there were, of one method or in all."""
        with self._lock:
            return self._requests.total() if method is None else self._requests[method]

    def answers(self, status: int, *, method: str | None = None) -> int:
        """How many requests were answered with `status`."""
        with self._lock:
            return sum(
                count
                for (name, code), count in self._answers.items()
                if code == status and (method is None or name == method)
            )

    def faults(self, fault: str | None = None) -> int:
        """How many faults were played, of one kind or in all."""
        with self._lock:
            return self._faults.total() if fault is None else self._faults[fault]

    def reset(self) -> None:
        """Begins to count anew."""
        with self._lock:
            self._requests.clear()
            self._answers.clear()
            self._faults.clear()
            self._times.clear()

    def snapshot(self) -> dict[str, Any]:
        """Everything counted, as JSON."""
        with self._lock:
            return {
                "requests": dict(sorted(self._requests.items())),
                "answers": {f"{method} {status}": count for (method, status), count in sorted(self._answers.items())},
                "faults": dict(sorted(self._faults.items())),
                "times": dict(sorted(self._times.items())),
            }
