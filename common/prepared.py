"""Queries of the hot path: written as any other, turned into SQL once per process.

Django makes the SQL of a query anew each time it runs, which costs several times what PostgreSQL takes to answer
it. A ``Prepared`` keeps the SQL and fills in values; the rows become the same model instances.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=models.Model)


class Hole(Expression):
    """Stands in a query for a value that is given when it runs, as the column takes it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


@dataclass(frozen=True, slots=True)
class _Made:
    """A query's SQL, and how its rows become instances."""

    sql: str
    params: tuple[Any, ...]
    compiler: Any
    converters: Any
    populators: Any
    names: list[str]
    span: slice
    is_locking: bool


class Prepared(Generic[M]):
    """A query that is made once: ``build`` returns it with a ``Hole`` for each value.

    Works for queries that return model instances, with ``select_related``, annotations and row locks. The order
    is the query's own. ``None`` is no value for a hole: write ``isnull``.
    """

    def __init__(self, build: Callable[[], models.QuerySet[M]]) -> None:
        self._build = build
        self._made: _Made | None = None
        self._making = threading.Lock()

    def all(self, **values: Any) -> list[M]:
        """Return the rows for these values."""
        made = self._made or self._make()
        if made.is_locking and not connection.in_atomic_block:
            raise TransactionManagementError("A row lock ends at once outside a transaction.")
        params = [values[p.name] if isinstance(p, Hole) else p for p in made.params]
        with connection.cursor() as cursor:
            cursor.execute(made.sql, params)
            rows: Iterable[Any] = cursor.fetchall()
        if made.converters:
            rows = made.compiler.apply_converters(rows, made.converters)
        return [self._instance(made, row) for row in rows]

    def first(self, **values: Any) -> M | None:
        """Return the first row for these values, or None."""
        rows = self.all(**values)
        return rows[0] if rows else None

    def _make(self) -> _Made:
        with self._making:
            if self._made is None:
                self._made = self._make_now()
        return self._made

    def _make_now(self) -> _Made:
        query = self._build().query
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        fields = compiler.klass_info["select_fields"]
        span = slice(fields[0], fields[-1] + 1)
        return _Made(
            sql=sql,
            params=tuple(params),
            compiler=compiler,
            converters=compiler.get_converters(column for column, _, _ in compiler.select),
            populators=get_related_populators(
                compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS
            ),
            names=[column.target.attname for column, _, _ in compiler.select[span]],
            span=span,
            is_locking=query.select_for_update,
        )

    def _instance(self, made: _Made, row: Any) -> M:
        model = made.compiler.klass_info["model"]
        found: M = model.from_db(DEFAULT_DB_ALIAS, made.names, row[made.span])
        for populator in made.populators:
            populator.populate(row, found)
        for name, position in made.compiler.annotation_col_map.items():
            setattr(found, name, row[position])
        return found
