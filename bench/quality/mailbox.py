"""A mailbox, imported with everything on, to be asked about."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from bench.stage import Stage
from headrace import Headrace
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.insights.backlog import settled_with_insights
from headrace_crm.mail.importing import import_state, start_import
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import read_mbox

MAIL: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "mail"
CORPUS: Final = MAIL / "mips-owner-2003-2007.mbox.gz"


def most_frequent_author(path: Path) -> str:
    """The address that most of the messages are from."""
    authors: Counter[str] = Counter()
    for item in read_mbox(path):
        head = item.raw.partition(b"\n\n")[0]
        message = parse_message(head, now=datetime.now(UTC))
        if isinstance(message, ParsedMessage) and message.sender is not None:
            authors[message.sender.email] += 1
    return authors.most_common(1)[0][0]


@asynccontextmanager
async def imported(stage: Stage, path: Path, owners: Sequence[str], settings: Settings) -> AsyncGenerator[Headrace]:
    """The CRM, open on a fresh database that holds this mailbox, its people, scores, passages and vectors."""
    async with stage.database() as dsn, create_app(dsn, settings=settings) as app:
        async with app.process():
            job_id = await start_import(app, path, owners, "latest")
            while not await import_done(app, job_id):  # noqa: ASYNC110 - what is waited for is in the database
                await asyncio.sleep(0.2)
        yield app


async def import_done(app: Headrace, job_id: UUID) -> bool:
    """Whether an import is stored and everything that follows from it is done. Raises RuntimeError where it failed."""
    async with app.pool.acquire() as connection:
        state = await import_state(connection, job_id)
    if state.error is not None:
        raise RuntimeError(f"{state.error}; import it with `crm import` to see more")
    return state.is_stored and state.owner_id is not None and await all_done(app, state.owner_id)


async def all_done(app: Headrace, owner_id: UUID) -> bool:
    """Whether everything that follows from an owner's mail is done, insights too."""
    async with app.pool.acquire() as connection:
        return (await settled_with_insights(connection, owner_id, now=datetime.now(UTC))).is_settled
