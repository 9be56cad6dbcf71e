"""Queries of the hot path: written as any other, turned into SQL once per process.

Django makes the SQL of a query anew each time it runs, which costs several times what PostgreSQL takes to answer
it. Here the SQL is kept and values are filled in; rows become the same model instances.
"""

import datetime as dt
import functools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=models.Model)
NOTHING: Mapping[str, dt.timedelta] = {}


class Hole(Expression):
    """Stands in a query for a value that is given when it runs.

    In a condition the value goes to the database as it is; what an update sets is prepared by its field.
    """

    def __init__(self, name: str, output_field: Any = None) -> None:
        super().__init__(output_field)
        self.name = name
        self.sets: Any = None  # the field that an update sets

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
        with connection.cursor() as cursor:
            cursor.execute(made.sql, _filled(made.params, values))
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
            populators=get_related_populators(  # type: ignore[call-arg]  # stubs of a later Django
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


class PreparedUpdate:
    """An UPDATE that is made once: ``build`` returns which rows, and what ``update`` would be given."""

    def __init__(self, build: Callable[[], tuple[models.QuerySet[Any], dict[str, Any]]]) -> None:
        self._build = build
        self._made: tuple[str, tuple[Any, ...]] | None = None

    def run(self, **values: Any) -> int:
        """Change the rows for these values; return how many there were."""
        sql, params = self._made or self._make()
        with connection.cursor() as cursor:
            cursor.execute(sql, _filled(params, values))
            changed: int = cursor.rowcount
        return changed

    def _make(self) -> tuple[str, tuple[Any, ...]]:
        rows, changes = self._build()
        for name, change in changes.items():
            if isinstance(change, Hole):
                change.sets = rows.model._meta.get_field(name)
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        sql, params = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        self._made = sql, tuple(params)
        return self._made


def insert(row: models.Model, *, from_now: Mapping[str, dt.timedelta] = NOTHING) -> None:
    """Write a new row as ``save`` does, with SQL that is made once for its model; sends no signals.

    :param from_now: moments so long after now by the database's clock, which every due time and lease is
        compared with; the row has them afterwards
    """
    sql, fields = _insert_of(type(row), tuple(from_now))
    values: list[Any] = [
        from_now[each.name]
        if each.name in from_now
        else each.get_db_prep_save(each.pre_save(row, True), connection)
        for each in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row.pk, *moments = cursor.fetchone()
    for name, moment in zip(from_now, moments, strict=True):
        setattr(row, name, moment)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@functools.cache
def _insert_of(model: type[models.Model], from_now: tuple[str, ...]) -> tuple[str, list[Any]]:
    meta: Any = model._meta
    quote = connection.ops.quote_name
    fields = [each for each in meta.local_concrete_fields if each is not meta.pk]
    columns = ", ".join(quote(each.column) for each in fields)
    after = "statement_timestamp() + %s"
    marks = ", ".join(after if each.name in from_now else "%s" for each in fields)
    returned = [meta.pk, *(meta.get_field(name) for name in from_now)]
    returning = ", ".join(quote(each.column) for each in returned)
    into = quote(meta.db_table)
    sql = f"INSERT INTO {into} ({columns}) VALUES ({marks}) RETURNING {returning}"  # noqa: S608
    return sql, fields


def _filled(params: Sequence[Any], values: Mapping[str, Any]) -> list[Any]:
    return [_value(each, values) if isinstance(each, Hole) else each for each in params]


def _value(hole: Hole, values: Mapping[str, Any]) -> Any:
    value = values[hole.name]
    return hole.sets.get_db_prep_save(value, connection) if hole.sets else value
