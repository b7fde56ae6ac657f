"""Rows of a class that is mapped to several tables, table by table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.util import immutabledict

from .inserting import insert_with_keys
from .parameters import InsertRows, Row
from .tables import WrittenTable, written_tables


def insert_into_tables(
    connection: Connection, mapper: Any, rows: Iterable[Row], render_nulls: bool
) -> list[dict[str, Any]]:
    """Insert rows into one table after the other, handing generated keys on.

    Returns:
        copies of the rows, with their keys.
    """
    filled = [dict(row) for row in rows]
    for written in written_tables(mapper):
        converter = InsertRows(written, render_nulls)
        keys = insert_with_keys(connection, written, converter, filled)
        for row, key in zip(filled, keys, strict=True):
            for name, value in zip(written.pk_keys, key, strict=True):
                if row.get(name) is None:
                    row[name] = value
    return filled


def update_of_table(statement: Any, written: WrittenTable) -> Any:
    """An UPDATE of a class as the UPDATE of one of its tables alone.

    Returns:
        a statement of Core, with the values that the table has columns for.
    """
    table = written.table
    narrowed = statement._generate()
    narrowed.table = table
    narrowed._propagate_attrs = immutabledict()
    narrowed._with_options = ()
    narrowed._values = immutabledict(
        {
            c: v
            for c, v in (statement._values or {}).items()
            if table.c.contains_column(c)
        }
    )
    return narrowed
