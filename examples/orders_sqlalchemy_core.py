"""The shop of orders.py with SQLAlchemy Core: one order on a Connection, one on an AsyncConnection.

    .venv/bin/python examples/orders_sqlalchemy_core.py

runs it on the database of HEADRACE_DATABASE_URL, or on the embedded PostgreSQL in ./.headrace.
"""
# ruff: noqa: INP001, T201 - a script that prints, no package

import asyncio

from sqlalchemy import BigInteger, Column, Connection, Identity, MetaData, Table, Text, create_engine, make_url, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from headrace import Headrace, Job

app = Headrace(name="shop")
metadata = MetaData()
orders = Table(
    "orders",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("item", Text, nullable=False),
    Column("receipt", Text),
)


@app.job("send-receipt")
async def send_receipt(order: int, job: Job) -> None:
    """Does the work; what it writes and "this job is completed" are one commit."""
    async with job.transaction() as tx:
        await tx.execute("UPDATE orders SET receipt = 'sent' WHERE id = $1", order)


def place_order(connection: Connection, item: str) -> int:
    """Stores an order, and with it the job that follows: both, or neither."""
    with connection.begin():
        order = connection.execute(orders.insert().values(item=item).returning(orders.c.id)).scalar_one()
        app.sync.enqueue("send-receipt", order, connection=connection)
        if item == "chair":
            raise LookupError(item)
    return order


async def place_order_async(connection: AsyncConnection, item: str) -> int:
    """Does the same on an event loop."""
    async with connection.begin():
        order = (await connection.execute(orders.insert().values(item=item).returning(orders.c.id))).scalar_one()
        await app.enqueue("send-receipt", order, connection=connection)
    return order


async def main() -> None:
    """Places three orders, one of which fails, and waits for the receipts of the others."""
    async with app, app.process():
        url = make_url(app.pool.dsn).set(drivername="postgresql+psycopg")
        blocking, engine = create_engine(url), create_async_engine(url)
        metadata.create_all(blocking)
        with blocking.connect() as connection:
            placed = [place_order(connection, "lamp")]
            try:
                place_order(connection, "chair")
            except LookupError as error:
                print(f"no {error.args[0]}: neither its order nor its job is stored")
        async with engine.connect() as connection:
            placed.append(await place_order_async(connection, "desk"))
            unsent = select(orders.c.id).where(orders.c.id.in_(placed), orders.c.receipt.is_(None))
            while (await connection.execute(unsent)).first() is not None:
                await connection.rollback()
                await asyncio.sleep(0.01)
        for item in ("lamp", "desk"):
            print(f"{item}: receipt sent")
        await engine.dispose()
        blocking.dispose()


if __name__ == "__main__":
    asyncio.run(main())
