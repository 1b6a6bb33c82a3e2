"""The shop of orders.py on an asyncpg connection of its own.

    .venv/bin/python examples/orders_asyncpg.py

runs it on the database of HEADRACE_DATABASE_URL, or on the embedded PostgreSQL in ./.headrace.
"""
# ruff: noqa: INP001, T201 - a script that prints, no package

import asyncio

import asyncpg

from headrace import Headrace, Job

app = Headrace(name="shop")
TABLE = "CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY, item text NOT NULL, receipt text)"


@app.job("send-receipt")
async def send_receipt(order: int, job: Job) -> None:
    """Does the work; what it writes and "this job is completed" are one commit."""
    async with job.transaction() as tx:
        await tx.execute("UPDATE orders SET receipt = 'sent' WHERE id = $1", order)


async def place_order(connection: asyncpg.Connection, item: str) -> int:
    """Stores an order, and with it the job that follows: both, or neither."""
    async with connection.transaction():
        order = await connection.fetchval("INSERT INTO orders (item) VALUES ($1) RETURNING id", item)
        await app.enqueue("send-receipt", order, connection=connection)
        if item == "chair":
            raise LookupError(item)
    return order


async def main() -> None:
    """Places two orders, one of which fails, and waits for the receipt of the other."""
    async with app, app.process():
        connection = await asyncpg.connect(app.pool.dsn)
        await connection.execute(TABLE)
        order = await place_order(connection, "lamp")
        try:
            await place_order(connection, "chair")
        except LookupError as error:
            print(f"no {error.args[0]}: neither its order nor its job is stored")
        while await connection.fetchval("SELECT receipt FROM orders WHERE id = $1", order) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        print(f"order {order}: receipt sent")
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
