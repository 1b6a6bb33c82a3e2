"""The shop of orders.py in Django: a job on Django's connection, and a task of `django.tasks`, in one atomic block.

    .venv/bin/python examples/orders_django.py

runs it on the database of HEADRACE_DATABASE_URL, or on the embedded PostgreSQL in ./.headrace. A project of
yours has the settings in its settings module, and tasks in `tasks.py`.
"""
# ruff: noqa: INP001, T201, PLC0415 - a script that prints; what needs Django's settings is imported after them

import asyncio
import time
from urllib.parse import parse_qsl, urlsplit

import django
from django.conf import settings
from django.db import connection, transaction

from headrace import Headrace, Job

app = Headrace(name="shop")


def configure(dsn: str) -> None:
    """What a settings module says."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path[1:],
                "USER": parts.username or "",
                "PASSWORD": parts.password or "",
                "HOST": parts.hostname or query.get("host", ""),
                "PORT": parts.port or query.get("port", ""),
            }
        },
        TASKS={"default": {"BACKEND": "headrace.django_tasks.TaskBackend"}},
        USE_TZ=True,
    )
    django.setup()


@app.job("send-receipt")
async def send_receipt(order: int, job: Job) -> None:
    """Does the work; what it writes and "this job is completed" are one commit."""
    async with job.transaction() as tx:
        await tx.execute("UPDATE orders SET receipt = 'sent' WHERE id = $1", order)


def pack(order: int) -> str:
    """A task as Django has them: a plain function, run in a thread of a worker."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET is_packed = true WHERE id = %s", [order])
    return f"order {order} packed"


def place_order(item: str, pack_task) -> tuple[int, object]:  # noqa: ANN001 - a task of either framework
    """Stores an order, and with it the job and the task that follow: all of it, or nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO orders (item) VALUES (%s) RETURNING id", [item])
        (order,) = cursor.fetchone()
        app.sync.enqueue("send-receipt", order, connection=connection)
        result = pack_task.enqueue(order)
        if item == "chair":
            raise LookupError(item)
    return order, result


def shop() -> None:
    """Places two orders, one of which fails, and waits for what follows from the other."""
    try:
        from django.tasks import task  # Django 6
    except ImportError:
        from django_tasks import task  # its backport: pip install django-tasks

    global pack  # noqa: PLW0603 - what `@task` above a function does in a module of tasks
    pack = task()(pack)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY, item text NOT NULL,"
            " receipt text, is_packed boolean)"
        )
    order, result = place_order("lamp", pack)
    try:
        place_order("chair", pack)
    except LookupError as error:
        print(f"no {error.args[0]}: neither its order nor its job is stored")
    while not result.is_finished:
        time.sleep(0.01)
        result.refresh()
    print(result.return_value)
    with connection.cursor() as cursor:
        cursor.execute("SELECT receipt FROM orders WHERE id = %s", [order])
        while cursor.fetchone() != ("sent",):
            time.sleep(0.01)
            cursor.execute("SELECT receipt FROM orders WHERE id = %s", [order])
    print(f"order {order}: receipt sent")
    connection.close()


async def main() -> None:
    """Runs a worker beside the shop."""
    async with app:
        configure(app.pool.dsn)
        from headrace.django_tasks import serve_tasks

        serve_tasks(app)
        async with app.process():
            await asyncio.to_thread(shop)


if __name__ == "__main__":
    asyncio.run(main())
