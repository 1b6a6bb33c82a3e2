"""The shop of orders.py with SQLAlchemy: one order through a Session, one through an AsyncSession.

    .venv/bin/python examples/orders_sqlalchemy.py

runs it on the database of HEADRACE_DATABASE_URL, or on the embedded PostgreSQL in ./.headrace.
"""
# ruff: noqa: INP001, T201 - a script that prints, no package

import asyncio

from sqlalchemy import create_engine, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from headrace import Headrace, Job

app = Headrace(name="shop")


class Base(DeclarativeBase):
    """The shop's tables."""


class Order(Base):
    """What was bought."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]
    receipt: Mapped[str | None]


@app.job("send-receipt")
async def send_receipt(order: int, job: Job) -> None:
    """Does the work; what it writes and "this job is completed" are one commit."""
    async with job.transaction() as tx:
        await tx.execute("UPDATE orders SET receipt = 'sent' WHERE id = $1", order)


def place_order(session: Session, item: str) -> int:
    """Stores an order, and with it the job that follows: both, or neither."""
    with session.begin():
        order = Order(item=item)
        session.add(order)
        session.flush()
        app.sync.enqueue("send-receipt", order.id, connection=session)
        if item == "chair":
            raise LookupError(item)
        return order.id


async def place_order_async(session: AsyncSession, item: str) -> int:
    """Does the same on an event loop."""
    async with session.begin():
        order = Order(item=item)
        session.add(order)
        await session.flush()
        await app.enqueue("send-receipt", order.id, connection=session)
        return order.id


async def main() -> None:
    """Places three orders, one of which fails, and waits for the receipts of the others."""
    async with app, app.process():
        url = make_url(app.pool.dsn)
        blocking = create_engine(url.set(drivername="postgresql+psycopg"))
        engine = create_async_engine(url.set(drivername="postgresql+asyncpg"))
        Base.metadata.create_all(blocking)
        with Session(blocking) as session:
            orders = [place_order(session, "lamp")]
            try:
                place_order(session, "chair")
            except LookupError as error:
                print(f"no {error.args[0]}: neither its order nor its job is stored")
        async with AsyncSession(engine) as session:
            orders.append(await place_order_async(session, "desk"))
            unsent = select(Order.id).where(Order.id.in_(orders), Order.receipt.is_(None))
            while (await session.scalars(unsent)).first() is not None:
                await session.rollback()
                await asyncio.sleep(0.01)
        for item in ("lamp", "desk"):
            print(f"{item}: receipt sent")
        await engine.dispose()
        blocking.dispose()


if __name__ == "__main__":
    asyncio.run(main())
