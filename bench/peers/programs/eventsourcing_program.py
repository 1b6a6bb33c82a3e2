"""The library eventsourcing with its PostgreSQL recorder: psycopg, and its pool with a connection for each writer."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit

from event_protocol import CHUNK, NOTE, PAGE, STREAMS, USER, main, require_all
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class Bench(Aggregate):
    """A stream of events."""

    @event("Happened")
    def happen(self, number: int, user: str, note: str) -> None:
        """Nothing is made of it: only the event is measured."""


class Bank(Application):
    name = "bench"
    log_section_size = PAGE
    """Its default is ten events at a time."""


class EventsourcingStore:
    def __init__(self, app: Bank) -> None:
        self._app = app

    def install(self) -> None:
        """Opening the application has done it."""

    def append(self, count: int, writers: int) -> float:
        streams = [self._begun() for _ in range(writers)]

        def write(which: int, some: int) -> None:
            for number in range(some):
                stream = streams[which][number % STREAMS]
                stream.happen(number=number, user=USER, note=NOTE)
                self._app.save(stream)

        with ThreadPoolExecutor(writers) as threads:
            list(threads.map(lambda which: write(which, 3), range(writers)))  # sessions opened, statements prepared
            started = time.perf_counter()
            list(threads.map(lambda which: write(which, count // writers), range(writers)))
            return time.perf_counter() - started

    def fill(self, count: int) -> None:
        streams = self._begun()  # the event that begins each is one of them
        for start in range(STREAMS, count, CHUNK):
            for number in range(start, min(start + CHUNK, count)):
                streams[number % STREAMS].happen(number=number, user=USER, note=NOTE)
            self._app.save(*streams)

    def read(self, count: int) -> float:
        log, mapper = self._app.notification_log, self._app.mapper
        started = time.perf_counter()
        seen, after = 0, 1
        while notifications := log.select(start=after, limit=PAGE):
            for notification in notifications:
                seen += mapper.to_domain_event(notification) is not None
            after = int(notifications[-1].id) + 1
        seconds = time.perf_counter() - started
        require_all(seen, count)
        return seconds

    def _begun(self) -> list[Bench]:
        streams = [Bench() for _ in range(STREAMS)]
        self._app.save(*streams)
        return streams


@contextmanager
def opened(dsn: str, connections: int) -> Iterator[EventsourcingStore]:
    parts = urlsplit(dsn)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    app = Bank(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": parts.path.removeprefix("/"),
            "POSTGRES_HOST": parts.hostname or asked.get("host", ""),
            "POSTGRES_PORT": str(parts.port or asked.get("port", 5432)),
            "POSTGRES_USER": unquote(parts.username or asked.get("user", "postgres")),
            "POSTGRES_PASSWORD": unquote(parts.password or asked.get("password", "none")),
            "POSTGRES_POOL_SIZE": str(connections),
            "POSTGRES_MAX_OVERFLOW": "2",
        }
    )
    try:
        yield EventsourcingStore(app)
    finally:
        app.close()


if __name__ == "__main__":
    main(opened)
