"""Progress on the terminal: bars where there is one, a line a phase where not."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from headrace_crm.cli.session import say
from headrace_crm.scores.settling import Backlog


class Bars:
    """Shows phases as they go on, inside `with`."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._is_live = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not self._is_live,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said: set[str] = set()
        self._most: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def note(self, line: str) -> None:
        """Says something above the bars."""
        if self._is_live:
            self._progress.console.print(line)
        else:
            say(line)

    def line(self, name: str, done: int, total: int, note: str) -> None:
        """How far a phase is; it begins when it is first told of."""
        if not self._is_live:
            if name not in self._said:
                self._said.add(name)
                say(name)
            return
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=max(total, 1), note=note)
        self._progress.update(self._tasks[name], completed=done if total else 1, total=max(total, 1), note=note)

    def follow(self, left: Backlog) -> None:
        """What follows from mail that is stored: people, counts, scores, search."""
        self._count_down("finding people", left.messages + left.addresses)
        if not left.messages + left.addresses:
            self._count_down("counting interactions", left.stats)
            self._count_down("scoring relationships", left.scores)
            if not left.stats + left.scores:
                self._count_down("making mail findable", left.unfound)
                self._count_down("finding what to do", left.insights)

    def _count_down(self, name: str, left: int) -> None:
        most = self._most[name] = max(self._most.get(name, 0), left)
        self.line(name, most - left, most, f"{left} left" if left else "")
