"""What a read model needs next, so that it holds nothing that was erased. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headrace.projections.build import Build

Action = Literal["begin", "wait", "ask", "clear", "fail"]
"""`begin` a build; `wait` for the one being made; it waits for somebody to `ask` for its swap; `clear` away those
before the one that serves; `fail`, since the one made was found unfit."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do, about which build, and which builds to drop for it."""

    action: Action
    build: Build | None = None
    stale: tuple[Build, ...] = ()


def next_step(builds: Sequence[Build], position: int) -> NextStep:
    """The step towards a read model whose every build began after the erasure at a position; `builds` are all of it.

    A build that began when the safe head had passed the erasure has met no value in clear. One being made that began
    earlier is waited for and replaced, and not thrown away: many erasures in a row would let none come to its end.
    One that nobody shows without being asked, or that is unfit, is dropped instead.
    """
    there = [build for build in builds if build.state != "dropped"]
    made = next((build for build in there if build.state in ("filling", "ready", "unfit")), None)
    live = next((build for build in there if build.state == "live"), None)
    if live is None or live.fill_to >= position:
        old = tuple(build for build in there if build.fill_to < position and build is not live)
        return NextStep("clear", live, old)
    if made is None:
        return NextStep("begin")
    is_shown_by_itself = made.state == "filling" or (made.state == "ready" and (made.swaps_itself or made.is_wanted))
    if made.fill_to < position:
        return NextStep("wait", made) if is_shown_by_itself else NextStep("begin", None, (made,))
    if made.state == "unfit":
        return NextStep("fail", made)
    return NextStep("wait" if is_shown_by_itself else "ask", made)
