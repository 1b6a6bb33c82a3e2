import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """A `flock` on a file: the kernel drops it with the process, so a killed holder never leaks it.

    The file is opened for reading only, so that root and the owner of a folder can share one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """True while this object holds the lock, shared or alone."""
        return self._descriptor is not None

    def share(self) -> None:
        """Hold the lock together with others."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def own(self) -> None:
        """Hold the lock alone, after everybody else."""
        fcntl.flock(self._open(), fcntl.LOCK_EX)

    def try_own(self) -> bool:
        """Hold the lock alone; False when somebody else holds it, and then it is no longer held at all."""
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Let go; nothing to do when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return self._descriptor


@contextmanager
def alone(path: Path, *, on_wait: Callable[[], None]) -> Generator[None]:
    """Hold the lock of the path alone for the block; `on_wait` is called once if that takes waiting."""
    lock = FileLock(path)
    if not lock.try_own():
        on_wait()
        lock.own()
    try:
        yield
    finally:
        lock.release()
