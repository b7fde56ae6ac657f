"""A user's own INSERT of a class whose rows go into several tables.

The statement is executed for one table after the other, with what it sets and returns
there; the rows of RETURNING are put side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine.cursor import null_dml_result

from ..compile.tables_returning import SplitReturning, split_returning
from ..lanes.rows import fetch_all, processors_of
from .inserting import insert_own
from .many_tables import hand_on, insert_of_table
from .parameters import Group, InsertRows, Row
from .request import Request, parameter_names
from .results import result_of_rows
from .tables import WrittenTable, written_tables


def insert_statement(request: Request, rows: Sequence[Row]) -> Any:
    """Execute an INSERT for all tables of a class.

    Args:
        rows: by attribute name, what each row of the statement has.

    Returns:
        the result of RETURNING; an empty one where nothing is returned.
    """
    statement = request.statement
    tables = written_tables(request.mapper)
    split = None
    if statement._returning:
        split = split_returning(
            statement, [(w.table, w.pk_columns, w.makes_key) for w in tables]
        )
    filled = [dict(row) for row in rows]
    inserts = [_TableInsert(request, w, split, i) for i, w in enumerate(tables)]
    for insert in inserts:
        hand_on(insert.written, filled, insert.run(filled))
    if split is None:
        return null_dml_result()
    side_by_side = [
        tuple(value for part in parts for value in part)
        for parts in zip(*(i.returned for i in inserts), strict=True)
    ]
    processors = [p for insert in inserts for p in insert.processors]
    if not any(processors):
        processors = []
    return result_of_rows(
        request, split.description, side_by_side, processors or None, inserts[-1].result
    )


class _TableInsert:
    """The part of an INSERT that is about one table.

    Attributes:
        returned: the driver's rows of RETURNING.
        processors: the type processors of their columns.
        result: the cursor's result, the last one when there were several.
    """

    def __init__(
        self,
        request: Request,
        written: WrittenTable,
        split: SplitReturning | None,
        index: int,
    ) -> None:
        self.request = request
        self.written = written
        self.statement = insert_of_table(request.statement, written)
        self.connection = request.connection()
        self.returned: list[Any] = []
        self.processors: list[Any] = []
        self.passed = parameter_names(self.statement)
        self.result: Any = None
        self.key_places: list[int] | None = None
        self.returns = split is not None
        if split is not None:
            elements = split.elements[index]
            self.key_places = split.key_places[index]
            self.processors = [None] * len(elements)
            self.statement = self.statement.returning(
                *elements, sort_by_parameter_order=True
            )

    def run(self, rows: list[dict[str, Any]]) -> list[Any]:
        """Insert rows; the primary key of each, as far as it is known."""
        render_nulls = bool(self.request.options.get("render_nulls"))
        converter = InsertRows(self.written, render_nulls, self.passed)
        send = self._insert_returning if self.returns else self._insert
        return [key for group in converter.groups(rows) for key in send(group)]

    def _insert(self, group: Group) -> list[Any]:
        options = self.request.core_options
        return insert_own(self.connection, self.statement, self.written, group, options)

    def _insert_returning(self, group: Group) -> list[Any]:
        self.result = result = self.connection.execute(
            self.statement, group, execution_options=self.request.core_options
        )
        found = processors_of(result)
        if found is not None:
            self.processors = list(found)[: len(self.processors)]
        width = len(self.processors)  # what they are sorted by comes after it
        rows = [row[:width] for row in fetch_all(result)]
        self.returned.extend(rows)
        if self.key_places is None:
            return [[row.get(c.key) for c in self.written.pk_columns] for row in group]
        places = [(p, self.processors[p]) for p in self.key_places]
        return [
            [row[p] if process is None else process(row[p]) for p, process in places]
            for row in rows
        ]
