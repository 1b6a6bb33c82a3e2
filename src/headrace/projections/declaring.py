"""A projection about to be declared: decorate its fold, or give it in SQL."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from headrace.errors import ConfigurationError
from headrace.projections.declaration import Declaration, Declarations, Fold
from headrace.projections.keyed_fold import KeyedFold, KeyFunction, stream_key
from headrace.projections.python_fold import PythonFold
from headrace.projections.sql_fold import SqlFold

F = TypeVar("F", bound=Callable[..., Any])

_SAMPLES = 50


class Declaring:
    """What `app.projection(...)` returns; `options` are those of `Declaration`."""

    def __init__(
        self,
        declarations: Declarations,
        name: str,
        types: frozenset[str],
        *,
        row: type | None,
        key: KeyFunction | None,
        ddl: str,
        tables: Sequence[str] | None,
        lanes: int,
        samples: int | None,
        **options: Any,
    ) -> None:
        self._declarations = declarations
        self._name = name
        self._types = types
        self._row = row
        self._key = key
        self._ddl = ddl
        self._tables = tuple(tables) if tables is not None else (name,)
        self._lanes = lanes
        self._samples = samples
        self._options = options

    def __call__(self, function: F) -> F:
        """Declares a fold in Python: `function(row, event)` with a row type, `function(events, connection)` without."""
        if self._row is None:
            if self._key is not None:
                raise ConfigurationError(f"projection {self._name!r} has a key and no row type; give row=...")
            self._add(PythonFold(self._ddl, function), samples=0)
            return function
        if self._key is not None and self._lanes != 1:
            raise ConfigurationError(
                f"projection {self._name!r} has {self._lanes} lanes and a key of its own: events of one key may lie in "
                "two lanes, and would overwrite each other's row; leave lanes or key out"
            )
        if self._tables != (self._name,):
            raise ConfigurationError(f"projection {self._name!r} has one row for each key, in the table of its name")
        fold = KeyedFold(self._name, self._row, function, key=self._key or stream_key, ddl=self._ddl)
        self._add(fold, samples=_SAMPLES if self._key is None else 0)
        return function

    def sql(self, *statements: str) -> None:
        """Declares a fold in SQL: statements over the relation `batch`; see `SqlFold`."""
        if self._row is not None:
            raise ConfigurationError(f"projection {self._name!r} has a row type; a fold in SQL has ddl instead")
        self._add(SqlFold(self._ddl, statements), samples=0)

    def _add(self, fold: Fold, *, samples: int) -> None:
        self._declarations.add(
            Declaration(
                name=self._name,
                types=self._types,
                tables=self._tables,
                fold=fold,
                lanes=self._lanes,
                samples=samples if self._samples is None else self._samples,
                **self._options,
            )
        )
