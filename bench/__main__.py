"""`python -m bench`: runs the workloads and prints how they compare."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import report
from bench.contest import Result, SkippedError, hold
from bench.peers.peer import known_event_stores, known_peers
from bench.stage import stage
from bench.workloads import WORKLOADS
from bench.workloads.event_peers import EVENT_PEER_WORKLOADS
from bench.workloads.peers import PEER_WORKLOADS


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke: small sizes, one round each.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Run only this one, or all that begin so, as `drain` does; may be repeated: {', '.join(WORKLOADS)}."
        ),
    ] = None,
    peers: Annotated[bool, typer.Option("--peers", help="Beside other job queues and event stores instead.")] = False,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds of each workload; by default its own number.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write every reading to this file too.")] = None,
) -> None:
    """Measures Headrace beside its baselines, on an embedded server or HEADRACE_DATABASE_URL's."""
    names = named(only) if only else list({**PEER_WORKLOADS, **EVENT_PEER_WORKLOADS} if peers else WORKLOADS)
    results: list[Result] = []
    try:
        asyncio.run(_measure(names, results, is_quick=quick, rounds=rounds, path=json))
    finally:
        # Wide enough to keep every figure whole where the output is no terminal.
        Console(width=None if sys.stdout.isatty() else 120).print(report.table(results))


def named(only: Sequence[str]) -> list[str]:
    """The workloads of these names, or else those that begin with one and a dash. Raises BadParameter for neither."""
    known = {**WORKLOADS, **PEER_WORKLOADS, **EVENT_PEER_WORKLOADS}
    names: list[str] = []
    for name in only:
        fitting = [name] if name in known else [one for one in known if one.startswith(f"{name}-")]
        if not fitting:
            raise typer.BadParameter(f"no workload {name!r}; there are {', '.join(known)}")
        names += fitting
    return names


async def _measure(
    names: Sequence[str], results: list[Result], *, is_quick: bool, rounds: int | None, path: Path | None
) -> None:
    """Adds to the results as they come, so that a run that is interrupted tells what it has measured."""
    progress = Console(stderr=True)
    loop = asyncio.get_running_loop()
    workloads = {**WORKLOADS, **PEER_WORKLOADS, **EVENT_PEER_WORKLOADS}
    for asked_for, found in ((PEER_WORKLOADS, known_peers), (EVENT_PEER_WORKLOADS, known_event_stores)):
        if any(name in asked_for for name in names):
            for peer in found(is_quick=is_quick):
                if peer.missing is not None:
                    progress.print(f"{peer.name} is skipped: {peer.missing}")
    async with stage(is_quick=is_quick) as chosen:
        version = await chosen.server_version()
        for name in names:
            started = loop.time()
            try:
                with progress.status(name) as status:
                    async with workloads[name](chosen) as contest:
                        asked = contest if rounds is None else replace(contest, rounds=rounds)
                        result = await hold(
                            asked,
                            told=lambda who, number, of=asked: status.update(
                                f"{of.title}: round {number} of {of.rounds}, {who}"
                            ),
                        )
            except SkippedError as missing:
                progress.print(f"{name} is skipped: {missing}")
                continue
            results.append(result)
            progress.print(f"{contest.title}: {loop.time() - started:.0f} s")
            if path is not None:
                moment = datetime.now(UTC)
                told = report.document(results, server_version=version, is_quick=is_quick, measured_at=moment)
                report.write(path, told)


if __name__ == "__main__":
    typer.run(main)
