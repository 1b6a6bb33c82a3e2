"""The shop of orders.py on a blocking psycopg connection: `app.sync` needs no event loop.

    .venv/bin/python examples/orders_psycopg.py

runs it on the database of HEADRACE_DATABASE_URL, or on the embedded PostgreSQL in ./.headrace.
"""
# ruff: noqa: INP001, T201 - a script that prints, no package

import asyncio
import time

import psycopg

from headrace import Headrace, Job

app = Headrace(name="shop")
TABLE = "CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY, item text NOT NULL, receipt text)"


@app.job("send-receipt")
async def send_receipt(order: int, job: Job) -> None:
    """Does the work; what it writes and "this job is completed" are one commit."""
    async with job.transaction() as tx:
        await tx.execute("UPDATE orders SET receipt = 'sent' WHERE id = $1", order)


def place_order(connection: psycopg.Connection, item: str) -> int:
    """Stores an order, and with it the job that follows: both, or neither."""
    with connection.transaction():
        (order,) = connection.execute("INSERT INTO orders (item) VALUES (%s) RETURNING id", [item]).fetchone() or (0,)
        app.sync.enqueue("send-receipt", order, connection=connection)
        if item == "chair":
            raise LookupError(item)
    return order


def shop(dsn: str) -> None:
    """Places two orders, one of which fails, and waits for the receipt of the other. Knows of no event loop."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(TABLE)
        order = place_order(connection, "lamp")
        try:
            place_order(connection, "chair")
        except LookupError as error:
            print(f"no {error.args[0]}: neither its order nor its job is stored")
        while connection.execute("SELECT receipt FROM orders WHERE id = %s", [order]).fetchone() != ("sent",):
            time.sleep(0.01)
        print(f"order {order}: receipt sent")


async def main() -> None:
    """Runs a worker beside the shop."""
    async with app, app.process():
        await asyncio.to_thread(shop, app.pool.dsn)


if __name__ == "__main__":
    asyncio.run(main())
