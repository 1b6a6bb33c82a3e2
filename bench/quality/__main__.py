"""`python -m bench.quality FILE --owner ADDRESS`: how well signatures are read, and threads of a mailbox found."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.quality.mailbox import CORPUS, MAIL, imported, most_frequent_author
from bench.quality.retrieval import Quality, ask_all, best_weight, by_both, by_vectors, by_words, measure
from bench.quality.signatures import Tally, measure_signatures, read_mailboxes
from bench.stage import stage
from headrace_crm.app import create_embedder
from headrace_crm.config import Settings
from headrace_crm.config.search import SearchSettings
from headrace_crm.demo.labelled import labelled_letters

LETTERS = 2000
SEED = 1


def main(
    mailbox: Annotated[Path, typer.Argument(help="An mbox or mbox.gz with threads.")] = CORPUS,
    *,
    owner: Annotated[
        list[str] | None, typer.Option(help="An address of the owner; by default who wrote most of it.")
    ] = None,
    queries: Annotated[
        int, typer.Option(min=10, help="Replies asked about, half of them to choose the weight by.")
    ] = 2000,
) -> None:
    """Reads signatures that are known, asks for threads by the words of replies, and tells how often it is right."""
    _tell_signatures(measure_signatures(labelled_letters(count=LETTERS, seed=SEED)))
    odd = sorted(path for name in ("quotes", "nasty") for path in (MAIL / name).rglob("*") if path.is_file())
    if odd:
        read, cost = read_mailboxes(odd)
        Console(stderr=True).print(f"signatures of {read} odd messages read, {cost:.2f} ms of CPU each")
    if not mailbox.exists():
        Console(stderr=True).print(f"no mailbox at {mailbox}: thread retrieval is not measured")
        return
    asyncio.run(_measure(mailbox, owner or [most_frequent_author(mailbox)], queries))


async def _measure(mailbox: Path, owners: list[str], queries: int) -> None:
    settings = Settings(search=SearchSettings())
    embedder = create_embedder(settings.search)
    assert embedder is not None
    progress = Console(stderr=True)
    async with stage(is_quick=False) as chosen:
        began = time.monotonic()
        with progress.status(f"importing {mailbox.name}"):
            async with imported(chosen, mailbox, owners, settings) as app:
                progress.print(f"imported in {time.monotonic() - began:.0f} s by one worker")
                asked, places = await ask_all(
                    app, embedder, count=queries, language=settings.search.language, told=lambda _: None
                )
    tuning, telling = asked[::2], asked[1::2]
    weight = best_weight(tuning, places)
    rows = [
        ("words", measure(telling, by_words, places)),
        ("vectors", measure(telling, by_vectors, places)),
        (f"both, words {weight:g} (best on the other half)", measure(telling, by_both(weight), places)),
        (
            f"both, words {settings.search.word_weight:g} (the default)",
            measure(telling, by_both(settings.search.word_weight), places),
        ),
    ]
    table = Table(title=f"threads found by {len(telling):,} replies, {mailbox.name}")
    for heading in ("by", "hit@1", "hit@10", "MRR"):
        table.add_column(heading, justify="left" if heading == "by" else "right", no_wrap=True)
    for name, quality in rows:
        table.add_row(name, *_figures(quality))
    Console(width=120).print(table)
    progress.print(f"{len(places):,} passages of messages")
    if not (rows[3][1].beats(rows[0][1]) and rows[3][1].beats(rows[1][1])):
        progress.print(
            "[red]both together, as `crm search` weighs them, are not better than each alone in all three[/]"
        )
        raise typer.Exit(1)


def _tell_signatures(tallies: dict[str, Tally]) -> None:
    table = Table(title=f"signatures: {LETTERS} generated letters")
    for heading in ("field", "labelled", "found", "right", "precision", "recall"):
        table.add_column(heading, justify="left" if heading == "field" else "right", no_wrap=True)
    for name, tally in tallies.items():
        counts = (str(tally.labelled), str(tally.found), str(tally.right))
        table.add_row(name, *counts, f"{tally.precision:.3f}", f"{tally.recall:.3f}")
    Console(width=120).print(table)


def _figures(quality: Quality) -> tuple[str, str, str]:
    return f"{quality.hit_1:.3f}", f"{quality.hit_10:.3f}", f"{quality.mean_reciprocal_rank:.3f}"


if __name__ == "__main__":
    typer.run(main)
