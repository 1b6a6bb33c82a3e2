"""What there is besides: workers, subjects, the doctor, statistics, the schema, requests and tokens."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from headrace.app import Headrace
from headrace.console.access.principal import Role
from headrace.console.access.problem import Problem, ProblemError
from headrace.console.access.recording import RequestRecord, list_requests
from headrace.console.access.tokens import ApiToken, create_token, list_tokens, revoke_token
from headrace.console.api.need import needs
from headrace.console.api.page import Body, Cursor, Limit, Listed, Name, Page, cursor_id
from headrace.console.api.route import principal_of
from headrace.console.stats import Stats, read_stats
from headrace.db.migrate import MigrationStatus, migration_status
from headrace.doctor.examine import examine
from headrace.doctor.finding import Finding
from headrace.doctor.judge import judge
from headrace.jobs.browse import WorkerSummary, list_workers
from headrace.subjects.erasure import Erasure, Subject

SubjectId = Annotated[str, Path(min_length=1, max_length=500)]
Tenant = Annotated[str, Query(max_length=200, description="The tenant it belongs to.")]


class NewToken(Body):
    """A token to make: whose, how far it goes, where, and for how long."""

    name: Name
    role: Literal["viewer", "operator", "admin"] = "viewer"
    scopes: list[Name] = Field(default_factory=list[str], max_length=20)
    days: float = Field(default=90, gt=0, le=3_660, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Me:
    """Who is asking."""

    name: str
    role: Role
    scopes: list[str]


@dataclass(frozen=True, slots=True)
class Schema:
    """The sets of migrations, the engine's and the application's, and whether the database has all of each."""

    is_current: bool
    sets: list[MigrationStatus]


@dataclass(frozen=True, slots=True)
class MadeToken:
    """What is stored of a token, and the token itself, which is shown this once."""

    stored: ApiToken
    token: str


def system_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of workers, the doctor, statistics, the schema and requests."""

    @router.get("/me", **needs("viewer", "system"))
    async def me(request: Request) -> Me:
        """Who is asking, and how far they may go."""
        principal = principal_of(request)
        return Me(principal.name, principal.role, sorted(principal.scopes))

    @router.get("/stats", **needs("viewer", "system"))
    async def stats() -> Stats:
        """Jobs by state and events by type, in constant time however many there are."""
        async with app.pool.acquire() as connection:
            return await read_stats(connection, now=app.clock.override())

    @router.get("/doctor", **needs("viewer", "system"))
    async def doctor() -> Listed[Finding]:
        """What is wrong with the database and the workers, and what to do next; nothing where all is well."""
        timeouts = {kind.name: kind.timeout for kind in app.kinds.handled()}
        async with app.pool.acquire() as connection:
            return Listed(judge(await examine(connection, migrations=app.migrations, timeouts=timeouts)))

    @router.get("/database", **needs("viewer", "system"))
    async def database() -> Schema:
        """Which migrations the database has, and which this version still needs; they are applied by command."""
        async with app.pool.acquire() as connection:
            sets = await migration_status(connection, sets=app.migrations)
        return Schema(all(one.is_current for one in sets), sets)

    @router.get("/workers", **needs("viewer", "workers"))
    async def workers() -> Listed[WorkerSummary]:
        """The registered workers, oldest first."""
        async with app.pool.acquire() as connection:
            return Listed(await list_workers(connection))

    @router.get("/requests", **needs("admin", "operations"))
    async def requests(
        actor: Annotated[str | None, Query(max_length=200)] = None, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[RequestRecord]:
        """Who changed what over HTTP, from where, newest first."""
        async with app.pool.acquire() as connection:
            found = await list_requests(connection, actor=actor, before=cursor_id(cursor), limit=limit)
        return Page(found, str(found[-1].id) if len(found) == limit else None)


def subject_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of subjects of personal data."""

    @router.get("/subjects/{subject:path}", **needs("viewer", "subjects"))
    async def show(subject: SubjectId, tenant: Tenant = "") -> Subject:
        """What is kept of a subject, and the proof of its erasure."""
        return await app.subjects.show(subject, tenant_id=tenant)

    @router.delete("/subjects/{subject:path}", **needs("admin", "subjects"))
    async def erase(
        subject: SubjectId,
        tenant: Tenant = "",
        reason: Annotated[str | None, Query(max_length=2_000)] = None,
        rebuild: Annotated[bool, Query()] = True,  # noqa: FBT002 - a parameter of the query, given by name
    ) -> Erasure:
        """Deletes a subject's key, so that nobody can read its values in any event again; the proof.

        Projections that may hold them are rebuilt by jobs, which the proof names; with `rebuild=false` only listed.
        """
        return await app.subjects.erase(subject, tenant_id=tenant, reason=reason, rebuild=rebuild)


def token_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of tokens."""

    @router.get("/tokens", **needs("admin", "tokens"))
    async def list_() -> Listed[ApiToken]:
        """All tokens there ever were, without themselves, newest first."""
        async with app.pool.acquire() as connection:
            return Listed(await list_tokens(connection, now=app.clock.override()))

    @router.post("/tokens", status_code=201, **needs("admin", "tokens"))
    async def create(request: Request, wanted: NewToken) -> MadeToken:
        """Makes a token, and shows it this once: no answer is kept under an Idempotency-Key.

        Who is restricted to areas can only make tokens for some of them.
        """
        principal = principal_of(request)
        if principal.scopes and not (wanted.scopes and principal.scopes.issuperset(wanted.scopes)):
            raise ProblemError(
                Problem(403, f"your token is for {', '.join(sorted(principal.scopes))}; give scopes of these")
            )
        async with app.pool.acquire() as connection:
            stored, secret = await create_token(
                connection,
                wanted.name,
                role=wanted.role,
                scopes=wanted.scopes,
                lifetime=timedelta(days=wanted.days),
                by=principal.name,
                now=app.clock.override(),
            )
        request.state.record.is_secret = True
        return MadeToken(stored, secret)

    @router.delete("/tokens/{token_id}", **needs("admin", "tokens"))
    async def revoke(request: Request, token_id: UUID) -> ApiToken:
        """Makes a token worthless at once, and ends the sessions begun with it."""
        async with app.pool.acquire() as connection, connection.transaction():
            return await revoke_token(connection, token_id, by=principal_of(request).name, now=app.clock.override())
