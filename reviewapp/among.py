"""Rows of a long list of ids."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import BooleanField, Model, Q
from django.db.models.expressions import RawSQL


def among(rows: type[Model], column: str, ids: Collection[int]) -> Q:
    """Rows of the table whose column has one of these, sent as one value: Django takes longer to
    write down thousands of values than PostgreSQL takes to find the rows."""
    sql = f'"{rows._meta.db_table}"."{column}" = ANY(%s)'
    return Q(RawSQL(sql, [list(ids)], output_field=BooleanField()))  # noqa: S611 (names only)
