"""The desk's statements, compiled once a process and planned once a connection.

Django compiles a queryset each time, which was half of the web server's work at the desk, and binds
values on its own side, so that PostgreSQL plans each statement anew, which was most of its. They
run on Django's connection and in its transaction, and raise its errors. For what each claim and
each submission does, and nothing else (docs/decisions/0018-prepared-hot-path.md).

A plan is for all values: a state that a partial index is about is written out in the statement.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import get_related_populators
from psycopg.types.numeric import Int8

M = TypeVar("M", bound=Model)


class Statement:
    """One statement with `%(name)s` where values go.

    `first` gives its first row, and None where it gives none.
    """

    def __init__(self, sql: str) -> None:
        self.text = sql
        self.names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", sql)))
        self.sql = re.sub(r"%\((\w+)\)s", lambda found: self._place(found[1]), sql).encode()

    def _place(self, name: str) -> str:
        return f"${1 + self.names.index(name)}"

    def first(self, values: dict[str, Any]) -> tuple[Any, ...] | None:
        return _execute(self.sql, [values[name] for name in self.names]).fetchone()

    def run(self, values: dict[str, Any]) -> None:
        _execute(self.sql, [values[name] for name in self.names])


class Given(Expression):
    """Stands in a kept queryset for a value that is given with each use."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: object, connection: object) -> tuple[str, Any]:
        return "%s", (self,)


class Kept(Generic[M]):
    """A queryset that is compiled once: `Kept(lambda: Run.objects.filter(pk=Given("pk", …)))`.

    For what is found by a key, and so in no order, which would be sorted for nothing and joins
    tables. `first` gives the instance with all that the queryset relates to it or annotates it
    with; None where there is none.
    """

    def __init__(self, make: Callable[[], QuerySet[M]]) -> None:
        self.make = make
        self.compiled: _Compiled | None = None

    def first(self, **values: Any) -> M | None:
        compiled = self.compiled or _Compiled(self.make().order_by()[:1])
        self.compiled = compiled
        row = _execute(compiled.sql, [values[name] for name in compiled.names_given]).fetchone()
        return None if row is None else cast(M, compiled.instance(list(row)))


class _Compiled:
    """What Django's ModelIterable finds out anew each time, for one queryset."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        self.names_given: list[str] = []
        places = iter(parameters)
        self.sql = re.sub(r"%(s|%)", lambda at: self._place(at[1], places), sql).encode()
        columns = [column for column, *_ in compiler.select]
        self.converters = list(compiler.get_converters(columns).items())
        klass, select = compiler.klass_info, compiler.select
        fields = klass["select_fields"]
        self.model: type[Model] = klass["model"]
        self.own = slice(fields[0], fields[-1] + 1)
        self.names = [column.target.attname for column in columns[self.own]]
        self.related = get_related_populators(klass, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
        self.annotations = list((compiler.annotation_col_map or {}).items())

    def _place(self, kind: str, parameters: Any) -> str:
        if kind == "%":
            return "%"
        value = next(parameters)
        if isinstance(value, Given):
            self.names_given.append(value.name)
            return f"${len(self.names_given)}"
        return psycopg.sql.Literal(value).as_string(connection.connection)

    def instance(self, row: list[Any]) -> Model:
        for position, (converters, expression) in self.converters:
            for convert in converters:
                row[position] = convert(row[position], expression, connection)
        made = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.own])
        for populator in self.related:
            populator.populate(row, made)
        for name, position in self.annotations:
            setattr(made, name, row[position])
        return made


_inserts: dict[type[Model], tuple[bytes, list[Field[Any, Any]]]] = {}


def insert(instance: Model) -> None:
    """As `instance.save(force_insert=True)`, without its signals."""
    model = type(instance)
    if model not in _inserts:
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        places = ", ".join(f"${place}" for place in range(1, len(fields) + 1))
        key = model._meta.pk.column
        into = f'INSERT INTO "{model._meta.db_table}" ({columns})'
        _inserts[model] = f'{into} VALUES ({places}) RETURNING "{key}"'.encode(), fields
    sql, fields = _inserts[model]
    values = [
        field.get_db_prep_save(field.pre_save(instance, add=True), connection) for field in fields
    ]
    (instance.pk,) = _execute(sql, values).fetchone() or (None,)
    instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS


def _execute(sql: bytes, values: Sequence[Any]) -> psycopg.RawCursor[Any]:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    database: psycopg.Connection[Any] = connection.connection
    cursor = psycopg.RawCursor(database)
    started = time.monotonic()
    with connection.wrap_database_errors:
        # Django has switched preparing off; and where it is on, each text of each other statement
        # would be counted and kept.
        database.prepare_threshold = 0
        try:
            # One width of integer: a statement is prepared for each set of types.
            cursor.execute(
                sql,
                [Int8(one) if type(one) is int else one for one in values],
                prepare=True,
            )
        finally:
            database.prepare_threshold = None
    if connection.queries_logged:
        took = f"{time.monotonic() - started:.3f}"
        connection.queries_log.append({"sql": sql.decode(), "time": took})
    return cursor
