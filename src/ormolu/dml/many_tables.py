"""INSERT of many rows of a class that is mapped to several tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import Connection

from .inserting import insert_with_keys
from .parameters import InsertRows, Row
from .tables import written_tables


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
