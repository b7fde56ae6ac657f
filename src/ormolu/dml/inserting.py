"""INSERT of groups of rows, on either lane, with or without their generated keys."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Connection

from ..flush.table_plan import TablePlan, plan_in
from ..lanes import fast
from .parameters import Group, InsertRows
from .tables import WrittenTable

Target = TablePlan | WrittenTable


def insert_groups(connection: Connection, plan: Target, groups: Any) -> None:
    """Insert groups of rows of which nothing has to come back."""
    if isinstance(plan, WrittenTable):
        plan = plan_in(plan.mapper, plan.table)
    free = fast.is_free(connection)
    statement = plan.insert(0)
    for group in groups:
        if not free or not _insert_fast(connection, plan, group):
            connection.execute(statement, group)


def _insert_fast(connection: Connection, plan: TablePlan, group: Group) -> bool:
    """``executemany`` straight on a cursor; False when the group needs Core."""
    keys = group[0].keys()
    shape = _shape_of(plan, keys)
    if not shape or connection.dialect.use_insertmanyvalues_wo_returning:
        return False
    if any(c.key not in keys for c in plan.python_defaults):
        return False
    names = [c.key for c in plan.columns_of_shape(shape)]
    if len(names) != len(keys):
        return False
    if len(names) == 1:
        rows: list[tuple[Any, ...]] = [(row[names[0]],) for row in group]
    else:
        rows = list(map(itemgetter(*names), group))
    return plan.run_fast_insert(connection, shape, rows)


def _shape_of(plan: TablePlan, keys: Any) -> int:
    shapes: dict[Any, int] = plan.mapper._plans.setdefault("insert shapes", {})
    frozen = (plan.table, *keys)
    shape = shapes.get(frozen)
    if shape is None:
        shape = 0
        for position, column in enumerate(plan.insert_columns):
            if column.key in keys:
                shape |= 1 << position
        shapes[frozen] = shape
    return shape


# -- generated keys ----------------------------------------------------------------


def insert_with_keys(
    connection: Connection,
    plan: Target,
    converter: InsertRows,
    rows: list[Any],
    with_generated: bool = True,
) -> list[Any]:
    """Insert rows; the primary key of each."""
    keys: list[Any] = []
    for group in converter.groups(rows):
        generated: tuple[Any, ...] = ()
        if with_generated:
            generated = _generated_columns(connection, plan, group[0])
        if _is_known(plan, group, generated):
            insert_groups(connection, plan, [group])
            keys.extend([row[c.key] for c in plan.pk_columns] for row in group)
        else:
            keys.extend(_insert_returning(connection, plan, group, generated))
    return keys


def _insert_returning(
    connection: Connection, plan: Target, group: Group, generated: tuple[Any, ...]
) -> list[Any]:
    """Insert rows of equal columns as a flush does for objects; their keys."""
    able = connection.dialect.insert_executemany_returning_sort_by_parameter_order
    if len(group) > 1 and able and plan.table.implicit_returning:
        statement = _returning_statement(plan, generated)
        result = connection.execute(statement, group)
        return list(result.inserted_primary_key_rows)
    statement = plan.table.insert()
    if generated or plan.mapper.version_id_col is not None:
        statement = statement.return_defaults(*plan.pk_columns, *generated)
    return [connection.execute(statement, row).inserted_primary_key for row in group]


def insert_own(
    connection: Connection,
    statement: Any,
    written: WrittenTable,
    group: Group,
    options: Mapping[str, Any],
) -> list[Any]:
    """Execute the user's own INSERT of rows of equal columns; the key of each.

    Args:
        options: execution options.
    """

    def execute(sent: Any, rows: Any) -> Any:
        return connection.execute(sent, rows, execution_options=options)

    if _is_known(written, group, ()):
        execute(statement, group)
        return [[row[c.key] for c in written.pk_columns] for row in group]
    able = connection.dialect.insert_executemany_returning_sort_by_parameter_order
    if len(group) > 1 and able and written.table.implicit_returning:
        keyed = statement.return_defaults(
            *written.pk_columns, sort_by_parameter_order=True
        )
        return list(execute(keyed, group).inserted_primary_key_rows)
    return [execute(statement, row).inserted_primary_key for row in group]


def _returning_statement(plan: Target, generated: tuple[Any, ...]) -> Any:
    """``INSERT`` that brings the keys back in the order of its rows; made once."""
    memo = ("bulk insert returning", plan.table, generated)
    plans = plan.mapper._plans
    if memo not in plans:
        plans[memo] = plan.table.insert().return_defaults(
            *plan.pk_columns, *generated, sort_by_parameter_order=True
        )
    return plans[memo]


def _is_known(plan: Target, group: Group, generated: tuple[Any, ...]) -> bool:
    """Whether nothing of the rows has to come back.

    Of several tables, only the first tells what it has generated.
    """
    if not _has_keys(plan, group):
        return False
    if isinstance(plan, WrittenTable):
        return not (plan.hands_on and _missing_columns(plan, group[0]))
    return not generated


def _has_keys(plan: Target, group: Group) -> bool:
    """Whether rows bring the whole of their primary keys."""
    names = [c.key for c in plan.pk_columns]
    if any(name not in group[0] for name in names):
        return False
    return not any(row[name] is None for row in group for name in names)


def _generated_columns(
    connection: Connection, plan: Target, row: Any
) -> tuple[Any, ...]:
    """The columns whose values the database makes, and which come back."""
    if plan.mapper.eager_defaults is False or not connection.dialect.insert_returning:
        return ()
    return _missing_columns(plan, row)


def _missing_columns(plan: Target, row: Any) -> tuple[Any, ...]:
    return tuple(
        c for c in plan.insert_columns if c.key not in row and _is_generated(c)
    )


def _is_generated(column: Any) -> bool:
    """Whether the database makes the value of a column that is not given."""
    if column.primary_key:
        return False
    default = column.default
    return column.server_default is not None or bool(
        default is not None and default.is_clause_element
    )
