"""RETURNING of an entity whose rows are inserted into several tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause

from ..hydrate.description import LoadDescription
from .positions import move
from .returning import ReturningBuilder, plain

Tables = Sequence[tuple[Any, Sequence[Any], bool]]


@dataclass(slots=True)
class SplitReturning:
    """What the INSERT into each table returns.

    Attributes:
        elements: by table, the columns.
        key_places: by table, where the columns of its primary key stand among these;
            None where nobody needs to know.
        description: what the rows of all tables, put side by side, turn into.
    """

    elements: list[list[Any]]
    key_places: list[list[int] | None]
    description: LoadDescription


def split_returning(statement: Any, tables: Tables) -> SplitReturning:
    """Have every table return the columns that are its own.

    Args:
        statement: the INSERT of an entity.
        tables: each table with the columns of its primary key, and whether these are
            not known before, in the order of their INSERTs.
    """
    return _SplitBuilder(statement, None, True).split(tables)


class _SplitBuilder(ReturningBuilder):
    """Builds the RETURNING clauses of one statement; used once."""

    def split(self, tables: Tables) -> SplitReturning:
        """The columns by table; a table without any returns its key."""
        outputs = self._plan_outputs()
        given = self.columns.elements
        homes = [_home(element, tables) for element in given]
        parts: list[list[Any]] = []
        key_places: list[list[int] | None] = []
        for index, (table, keys, makes_key) in enumerate(tables):
            own = [e for e, home in zip(given, homes, strict=True) if home == index]
            part = _in_table_order(table, own, keys if makes_key or not own else ())
            parts.append(part)
            key_places.append([_place(part, k) for k in keys] if makes_key else None)
        everything = [element for part in parts for element in part]
        positions = {id(element): i for i, element in enumerate(everything)}
        for output in outputs:
            move(output, [positions[id(e)] for e in given], given)
        return SplitReturning(
            parts, key_places, LoadDescription(outputs, len(everything))
        )


def _home(element: Any, tables: Tables) -> int:
    """The first of the tables that an expression has columns of; the first for none."""
    found = {
        plain(part.table)
        for part in visitors.iterate(element)
        if isinstance(part, ColumnClause) and part.table is not None
    }
    for index, (table, *_) in enumerate(tables):
        if table in found:
            return index
    return 0


def _in_table_order(table: Any, elements: list[Any], keys: Sequence[Any]) -> list[Any]:
    """Columns as the table has them, with those of its key; then the expressions."""
    by_column = {plain(e): e for e in reversed(elements)}
    for key in keys:
        by_column.setdefault(key, key)
    ordered = [by_column[c] for c in table.c if c in by_column]
    present = set(map(id, ordered))
    return [*ordered, *(e for e in elements if id(e) not in present)]


def _place(part: list[Any], key: Any) -> int:
    """Where a column of the key stands."""
    return next(i for i, e in enumerate(part) if plain(e) is key)
