"""A subject and the proof of its erasure, as they are stored."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ModelRebuild:
    """A projection that may hold values of an erased subject, and what became of it.

    `job_id` is the job that rebuilds it, None where it was only listed; `build` is the one without the values that
    serves since `rebuilt_at`, when all builds before it were dropped.
    """

    projection: str
    job_id: UUID | None = None
    build: int | None = None
    rebuilt_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """The proof of one erasure.

    `event_counts` says how many events of each type had values under the key; `handlers` are those of the
    application that read such events, and so may have written the values elsewhere; `position` is where
    `subject.erased` stands in the log; `projections` are the read models that may hold the values.
    """

    id: UUID
    tenant_id: str
    subject: str
    key_id: int
    key_fingerprint: str | None
    event_counts: dict[str, int]
    handlers: list[str]
    position: int
    actor: str
    reason: str | None
    erased_at: datetime
    projections: list[ModelRebuild] = field(default_factory=list[ModelRebuild])


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject that events have values of: since when, under which key, and its erasure where there was one."""

    tenant_id: str
    subject: str
    key_id: int
    key_fingerprint: str | None
    created_at: datetime
    erasure: Erasure | None
