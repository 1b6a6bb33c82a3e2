"""What was measured, as a table and as JSON."""

import os
import platform
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from textwrap import wrap
from typing import Any

import msgspec
from rich.markup import escape
from rich.table import Table

from bench.contest import Result, Score, percentile

_LARGEST = 3
_LONGEST = 36
_WIDEST = 56
_MARKS = {True: "[green]met[/]", False: "[red]missed[/]"}


def table(results: Sequence[Result]) -> Table:
    """Rows of readings: the median and the range of the rounds, or the percentiles of all samples."""
    made = Table(title="headrace beside its baselines", caption="x: how many times better headrace was")
    made.add_column("", no_wrap=True)
    for heading in ("median", "min - max", "p95", "p99", "x"):
        made.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        contest = result.contest
        made.add_row(f"[bold]{contest.title}[/], {contest.unit}")
        for score in result.scores:
            ratio = "" if score.ratio is None else f"{score.ratio:.2f}"
            made.add_row(f"  {score.name}", *_figures(result, score), ratio)
            told = "; ".join(f"{name} {value:,.3g}" for name, value in _counted(score).items())
            for line in wrap(told, _WIDEST):  # a longer one would leave the figures beside it no room
                made.add_row(f"    [dim]{line}[/]")
            for figure, parts in score.by_part().items():
                for name, value in list(parts.items())[:_LARGEST]:
                    made.add_row(f"    [dim]{figure}: {escape(name[:_LONGEST])}[/]", f"{value:,.3g}")
        if result.is_met is not None:
            made.add_row(f"  wanted: {contest.wanted} {_MARKS[result.is_met]}")
        made.add_section()
    return made


def document(
    results: Sequence[Result], *, server_version: str, is_quick: bool, measured_at: datetime
) -> dict[str, Any]:
    """The same as JSON-ready values, with every reading; a latency's rounds are lists of samples."""
    return {
        "headrace": version("headrace"),
        "postgresql": server_version,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "quick": is_quick,
        "measured_at": measured_at.isoformat(),
        "workloads": [_entry(result) for result in results],
    }


def write(path: Path, document: dict[str, Any]) -> None:
    """Writes the document, replacing what was there."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def _entry(result: Result) -> dict[str, Any]:
    contest = result.contest
    return {
        "name": contest.name,
        "title": contest.title,
        "measure": contest.measure,
        "unit": contest.unit,
        "wanted": str(contest.wanted) or None,
        "met": result.is_met,
        "contestants": [_score(result, score) for score in result.scores],
    }


def _score(result: Result, score: Score) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": score.name,
        "median": round(median(score.readings), 3),
        "ratio": None if score.ratio is None else round(score.ratio, 3),
    }
    if result.contest.measure == "latency":
        entry |= {f"p{percent}": round(percentile(score.readings, percent), 3) for percent in (50, 95, 99)}
    if counted := _counted(score):
        entry["figures"] = {name: round(value, 4) for name, value in counted.items()}
    if parts := score.by_part():
        entry["parts"] = {
            figure: {name: round(value, 3) for name, value in found.items()} for figure, found in parts.items()
        }
    entry["rounds"] = [[round(reading, 3) for reading in one] for one in score.rounds]
    return entry


def _counted(score: Score) -> dict[str, float]:
    """The medians of what else was counted, in the order of the first round."""
    return {name: score.figure(name) for name in (score.figures[0] if score.figures else ())}


def _figures(result: Result, score: Score) -> tuple[str, str, str, str]:
    readings = score.readings
    if result.contest.measure == "latency":
        return (
            f"{percentile(readings, 50):.2f}",
            f"{min(readings):.2f} - {max(readings):.2f}",
            f"{percentile(readings, 95):.2f}",
            f"{percentile(readings, 99):.2f}",
        )
    return f"{median(readings):,.0f}", f"{min(readings):,.0f} - {max(readings):,.0f}", "", ""
