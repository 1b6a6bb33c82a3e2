"""The shop of orders.py on an asynchronous psycopg connection.

    .venv/bin/python examples/orders_psycopg_async.py

runs it on the database of HEADRACE_DATABASE_URL, or on the embedded PostgreSQL in ./.headrace.
"""
# ruff: noqa: INP001, T201 - a script that prints, no package

import asyncio

import psycopg

from headrace import Headrace, Job

app = Headrace(name="shop")
TABLE = "CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY, item text NOT NULL, receipt text)"


@app.job("send-receipt")
async def send_receipt(order: int, job: Job) -> None:
    """Does the work; what it writes and "this job is completed" are one commit."""
    async with job.transaction() as tx:
        await tx.execute("UPDATE orders SET receipt = 'sent' WHERE id = $1", order)


async def place_order(connection: psycopg.AsyncConnection, item: str) -> int:
    """Stores an order, and with it the job that follows: both, or neither."""
    async with connection.transaction():
        stored = await connection.execute("INSERT INTO orders (item) VALUES (%s) RETURNING id", [item])
        (order,) = await stored.fetchone() or (0,)
        await app.enqueue("send-receipt", order, connection=connection)
        if item == "chair":
            raise LookupError(item)
    return order


async def main() -> None:
    """Places two orders, one of which fails, and waits for the receipt of the other."""
    async with app, app.process(), await psycopg.AsyncConnection.connect(app.pool.dsn, autocommit=True) as connection:
        await connection.execute(TABLE)
        order = await place_order(connection, "lamp")
        try:
            await place_order(connection, "chair")
        except LookupError as error:
            print(f"no {error.args[0]}: neither its order nor its job is stored")
        receipt = "SELECT receipt FROM orders WHERE id = %s"
        while await (await connection.execute(receipt, [order])).fetchone() != ("sent",):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        print(f"order {order}: receipt sent")


if __name__ == "__main__":
    asyncio.run(main())
