"""A shop: an order and the job that sends its receipt are one commit.

    .venv/bin/python examples/orders.py

runs it on the database of HEADRACE_DATABASE_URL, or on the embedded PostgreSQL in ./.headrace.
"""
# ruff: noqa: INP001, T201 - a script that prints, no package

import asyncio

from headrace import Connection, Headrace, Job

app = Headrace(name="shop")


class OutOfStockError(Exception):
    """There is none left."""


@app.job("send-receipt")
async def send_receipt(order: int, job: Job) -> None:
    """Does the work; what it writes and "this job is completed" are one commit."""
    async with job.transaction() as tx:
        await tx.execute("UPDATE orders SET receipt = 'sent' WHERE id = $1", order)


async def place_order(item: str) -> int:
    """Stores an order, and with it the job that follows: both, or neither."""
    async with app.transaction() as tx:
        order = await tx.fetchval("INSERT INTO orders (item) VALUES ($1) RETURNING id", item)
        await tx.enqueue("send-receipt", order)
    return order


async def place_order_too_late(item: str) -> None:
    """Stores the same two, and then fails before the commit."""
    async with app.transaction() as tx:
        order = await tx.fetchval("INSERT INTO orders (item) VALUES ($1) RETURNING id", item)
        await tx.enqueue("send-receipt", order)
        raise OutOfStockError(item)


async def is_sent(connection: Connection, order: int) -> bool:
    """Whether the receipt of an order has been sent."""
    return await connection.fetchval("SELECT receipt IS NOT NULL FROM orders WHERE id = $1", order)


async def main() -> None:
    """Places two orders, one of which fails, and waits for the receipt of the other."""
    async with app, app.process(), app.pool.acquire() as connection:  # with a worker in this very process
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS orders"
            " (id bigint GENERATED ALWAYS AS IDENTITY, item text NOT NULL, receipt text)"
        )
        order = await place_order("lamp")
        try:
            await place_order_too_late("chair")
        except OutOfStockError as error:
            print(f"no {error}: neither its order nor its job is stored")
        while not await is_sent(connection, order):  # noqa: ASYNC110 - the worker may be in another process
            await asyncio.sleep(0.01)
        print(f"order {order}: receipt sent")


if __name__ == "__main__":
    asyncio.run(main())
