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
    connection: Connection,
    mapper: Any,
    rows: Iterable[Row],
    render_nulls: bool,
    generated: bool = True,
) -> list[dict[str, Any]]:
    """Insert rows into one table after the other, handing generated keys on.

    Args:
        generated: bring back what the database generates besides the keys.

    Returns:
        copies of the rows, with their keys.
    """
    filled = [dict(row) for row in rows]
    for written in written_tables(mapper):
        converter = InsertRows(written, render_nulls)
        keys = insert_with_keys(connection, written, converter, filled, generated)
        hand_on(written, filled, keys)
    return filled


def hand_on(written: WrittenTable, rows: list[dict[str, Any]], keys: Any) -> None:
    """Put the keys of a table's new rows into the rows of the tables after it."""
    for row, key in zip(rows, keys, strict=True):
        for name, value in zip(written.pk_keys, key, strict=True):
            if row.get(name) is None:
                row[name] = value
        for source, target in written.carried:
            if source in row:
                row[target] = row[source]


def insert_of_table(statement: Any, written: WrittenTable) -> Any:
    """An INSERT of a class as the INSERT into one of its tables, returning nothing.

    Returns:
        a statement of Core, with the values that the table has columns for.
    """
    narrowed = update_of_table(statement, written)
    narrowed._returning = ()
    return narrowed


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
            if isinstance(c, str) or table.c.contains_column(c)
        }
    )
    return narrowed
