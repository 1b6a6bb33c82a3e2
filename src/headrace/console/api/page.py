"""Pages of lists, what is asked of a page, and the types that routes take."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from headrace.console.access.problem import Problem, ProblemError

T = TypeVar("T")

LARGEST = 2**63 - 1
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list. `next` is the `cursor` of the part after it, None where this is the last."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A list that is given whole."""

    items: list[T]


class Body(BaseModel):
    """The base of what routes take as JSON: a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid")


class Because(Body):
    """Why something is done; it is recorded."""

    reason: str | None = Field(default=None, max_length=2_000)


def _storable(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_storable)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Position = Annotated[int, Field(ge=0, le=LARGEST)]
Seconds = Annotated[float, Field(ge=0, le=3_153_600_000, allow_inf_nan=False)]
Cursor = Annotated[str | None, Query(max_length=200, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="At most so many.")]


def cursor_id(cursor: str | None) -> UUID | None:
    """The id a page ends before. Raises ProblemError (422) for a cursor that is none."""
    try:
        return None if cursor is None else UUID(cursor)
    except ValueError as error:
        raise ProblemError(Problem(422, f"cursor {cursor!r} is not the `next` of a page")) from error


def cursor_number(cursor: str | None) -> int | None:
    """The number a page ends before. Raises ProblemError (422) for a cursor that is none."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor[:20]) > LARGEST:
        raise ProblemError(Problem(422, f"cursor {cursor!r} is not the `next` of a page"))
    return int(cursor)
