"""How a worker works."""

from dataclasses import dataclass
from datetime import timedelta

from headrace.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a worker works.

    `queues` empty means every queue a registered kind names. `concurrency` is the number of jobs run
    at a time, `buffer` the most jobs claimed ahead, `poll` the longest time between two looks for
    work when no wake-up comes, `heartbeat` the time between two signs of life, `lease` how long a
    worker that cannot be reached keeps its jobs, `grace` how long running jobs may take to end at
    shutdown, `patience` how long an interrupted handler may take to end before it is told of, and at
    shutdown left behind, `unhandled_grace` how long due jobs of kinds that no living worker handles are
    kept before they fail. `processes` is the most child processes for handlers with
    `executor="process"`, None as many as there are CPUs; each is replaced after `process_attempts`
    attempts, None for never.
    """

    queues: tuple[str, ...] = ()
    concurrency: int = 20
    buffer: int = 2_000
    poll: timedelta = timedelta(seconds=1)
    heartbeat: timedelta = timedelta(milliseconds=500)
    lease: timedelta = timedelta(seconds=15)
    grace: timedelta = timedelta(seconds=30)
    patience: timedelta = timedelta(seconds=2)
    unhandled_grace: timedelta = timedelta(days=7)
    processes: int | None = None
    process_attempts: int | None = None

    def __post_init__(self) -> None:
        for name in ("concurrency", "buffer"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("processes", "process_attempts"):
            if (count := getattr(self, name)) is not None and count < 1:
                raise ConfigurationError(f"{name} must be at least 1, got {count}; use None for the default")
        for name in ("poll", "heartbeat", "lease", "patience", "unhandled_grace"):
            if getattr(self, name) <= timedelta(0):
                raise ConfigurationError(
                    f"{name} must be positive, got {getattr(self, name)}; use timedelta(seconds=...)"
                )
        if self.grace < timedelta(0):
            raise ConfigurationError(f"grace must not be negative, got {self.grace}; use timedelta(0) for none")
        if self.lease < 4 * self.heartbeat:
            raise ConfigurationError(
                f"lease must be at least four heartbeats, got lease={self.lease}, heartbeat={self.heartbeat}"
            )
