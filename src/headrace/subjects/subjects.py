"""The subjects of an app: what is known of them, their erasure with its proof, and the renewal of their keys."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import msgspec

from headrace.context import acting, bind
from headrace.db.connection import Connection, Pool, Row
from headrace.db.statements import statement
from headrace.errors import SubjectNotFoundError
from headrace.events.bus import Bus
from headrace.events.event import Stream
from headrace.events.subject import SubjectErased
from headrace.events.vault import key_context
from headrace.ids import uuid7
from headrace.jobs.operation import record_operation
from headrace.keyring import KeyService
from headrace.projections.declaration import Declarations
from headrace.subjects.erasure import Erasure, ModelRebuild, Subject
from headrace.subjects.rebuilding import REBUILD_ERASED, RebuildErased
from headrace.telemetry import Telemetry
from headrace.transaction import Transaction

_PACKAGE = "headrace.subjects"
_BATCH = 500


class Subjects:
    """The subjects of the app's personal data: `app.subjects`."""

    def __init__(
        self,
        *,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        pool: Callable[[], Pool],
        handlers: Bus,
        declarations: Declarations,
        service: Callable[[], KeyService],
        telemetry: Telemetry,
    ) -> None:
        self._begin = begin
        self._pool = pool
        self._handlers = handlers
        self._declarations = declarations
        self._service = service
        self._telemetry = telemetry

    async def show(self, subject: str, *, tenant_id: str = "") -> Subject:
        """What is kept of a subject. Raises SubjectNotFoundError."""
        async with self._pool().acquire() as connection:
            return await _find(connection, subject, tenant_id)

    async def erase(
        self,
        subject: str,
        *,
        tenant_id: str = "",
        by: str | None = None,
        reason: str | None = None,
        rebuild: bool = True,
    ) -> Erasure:
        """Deletes a subject's key, so that nobody can read its values in any event again; the proof.

        In the same transaction `subject.erased` is appended to the stream `subject/<id>`, and its `sync`
        handlers run. The whole log is looked through to count. An erased subject stays erased: what is appended
        of it later is stored without its values. Each projection whose fold has met such events in clear is rebuilt
        by a `rebuild-erased-data` job, or only listed in the proof where `rebuild` is False or this app does not
        declare it. Erasing again returns the first proof, and rebuilds what was only listed. Raises
        SubjectNotFoundError, and UnknownEventError in an app that registers no personal fields.
        """
        async with self._begin() as unit:
            connection = unit.connection
            row = await connection.fetchrow(statement(_PACKAGE, "lock_subject"), tenant_id, subject)
            if row is None:
                raise SubjectNotFoundError(subject, tenant_id=tenant_id)
            known = (await _find(connection, subject, tenant_id)).erasure
            if known is not None:
                waiting = [one.projection for one in known.projections if one.job_id is None]
                models = await self._take_on(unit, known, waiting) if rebuild else []
                begun = {one.projection: one for one in models}
                return replace(known, projections=[begun.get(one.projection, one) for one in known.projections])
            # Before it counts: what is appended from now on waits for nothing, and may still be under the key.
            erased_at = await connection.fetchval(statement(_PACKAGE, "erase_key"), row["id"])
            rows = await connection.fetch(statement(_PACKAGE, "count_subject_events"), row["id"])
            counts = {one["type"]: one["count"] for one in rows}
            about = sorted({correlation for one in rows for correlation in one["correlations"]})
            await connection.execute(statement(_PACKAGE, "forget_senders_of"), about)
            with bind(tenant_id=tenant_id):
                told = SubjectErased(subject, counts, row["fingerprint"], reason)
                await unit.append(told, stream=Stream("subject", subject))
            await unit.flush()
            proof = Erasure(
                id=uuid7(),
                tenant_id=tenant_id,
                subject=subject,
                key_id=row["id"],
                key_fingerprint=row["fingerprint"],
                event_counts=counts,
                handlers=sorted(one.name for one in self._handlers if any(one.wants(name) for name in counts)),
                position=unit.last_position or 0,
                actor=acting(by),
                reason=reason,
                erased_at=erased_at,
            )
            await connection.execute(statement(_PACKAGE, "record_erasure"), *_columns(proof))
            holding = [name for name in await _readers(connection, list(counts)) if self._meets_clear(name)]
            proof = replace(proof, projections=await self._take_on(unit, proof, holding, rebuild=rebuild))
        self._telemetry.emit(
            "subject.erased", level=logging.INFO, erasure=proof.id, by=proof.actor, event_count=sum(counts.values())
        )
        return proof

    def _meets_clear(self, projection: str) -> bool:
        """Whether a projection may hold values in clear; one that another app declares may."""
        versions = [one for one in self._declarations if one.name == projection]
        return not versions or any(one.fold.meets_clear for one in versions)

    async def _take_on(
        self, unit: Transaction, proof: Erasure, projections: Sequence[str], *, rebuild: bool = True
    ) -> list[ModelRebuild]:
        """Notes which read models may hold what was erased, with a job for each that this app can rebuild."""
        declared = {one.name for one in self._declarations}
        models: list[ModelRebuild] = []
        for name in projections:
            job = None
            if rebuild and name in declared:
                job = await unit.enqueue(REBUILD_ERASED, RebuildErased(proof.id, proof.position, name))
            models.append(ModelRebuild(name, None if job is None else job.id))
            await unit.execute(statement(_PACKAGE, "record_holder"), proof.id, name, models[-1].job_id)
        return models

    async def rotate(self, *, by: str | None = None) -> int:
        """Wraps the keys of all subjects anew, in batches, each a transaction; how many there are.

        Afterwards a key that is no longer the first of the ring can be left out. The last transaction records who did
        it: `by`, or the bound context's actor. Raises SecretKeyError.
        """
        count, after = 0, 0
        while True:
            async with self._begin() as unit:
                rows = await unit.fetch(statement(_PACKAGE, "lock_keys"), after, _BATCH)
                wrapped = [await self._rewrapped(row) for row in rows]
                await unit.execute(statement(_PACKAGE, "rewrap_keys"), [row["id"] for row in rows], wrapped)
                count += len(rows)
                if len(rows) < _BATCH:
                    actor = acting(by)
                    await record_operation(unit.connection, "keys.rotated", actor=actor, subject={"keys": count})
            if len(rows) < _BATCH:
                return count
            after = rows[-1]["id"]

    async def _rewrapped(self, row: Row) -> bytes:
        context = key_context(row["tenant_id"], row["subject"])
        service = self._service()
        return await service.wrap(await service.unwrap(row["wrapped"], context=context), context=context)


async def _readers(connection: Connection, types: list[str]) -> list[str]:
    return [row["projection"] for row in await connection.fetch(statement(_PACKAGE, "list_readers"), types)]


async def _find(connection: Connection, subject: str, tenant_id: str) -> Subject:
    row = await connection.fetchrow(statement(_PACKAGE, "show_subject"), tenant_id, subject)
    if row is None:
        raise SubjectNotFoundError(subject, tenant_id=tenant_id)
    fields: dict[str, Any] = dict(row.items())
    raw = fields.pop("erasure")
    erasure = None if raw is None else msgspec.json.decode(raw, type=Erasure)
    return Subject(**fields, erasure=erasure)


def _columns(proof: Erasure) -> tuple[object, ...]:
    return (
        proof.id,
        proof.tenant_id,
        proof.subject,
        proof.key_id,
        proof.key_fingerprint,
        msgspec.json.encode(proof.event_counts).decode(),
        proof.handlers,
        proof.position,
        proof.actor,
        proof.reason,
        proof.erased_at,
    )
