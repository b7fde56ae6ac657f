"""UPDATE of many rows, each found by its primary key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import Connection

from ..compile.dml_state import ANY_CLASS
from ..exc import StaleDataError
from ..flush.table_plan import TablePlan, plan_in, plan_of
from ..hydrate.description import is_criteria_option
from ..lanes import fast
from ..lanes.many import run_many
from .parameters import Group, Row
from .tables import WrittenTable, written_tables


class KeyedRows:
    """Turns rows of attributes into parameters of an UPDATE by primary key.

    Args:
        written: the table.
        passed_through: names that are parameters of the statement itself.
        always: update a row even if it names no column to set (the statement sets
            some itself).
    """

    def __init__(
        self,
        written: WrittenTable,
        passed_through: frozenset[str] = frozenset(),
        always: bool = False,
    ) -> None:
        self.written = written
        self.passed_through = passed_through
        self.always = always
        self.names = written.names
        self.key_labels = written.labels
        self.version = written.version

    def groups(self, rows: Iterable[Row]) -> Iterator[Group]:
        """Rows in their order, cut where the set of columns changes."""
        current: Group = []
        for row in rows:
            converted = self.convert(row)
            if converted is None:
                continue
            if current and converted.keys() != current[0].keys():
                yield current
                current = []
            current.append(converted)
        if current:
            yield current

    def convert(self, row: Row) -> dict[str, Any] | None:
        """Parameters of one row; None when there is nothing to set.

        Raises:
            InvalidRequestError: when the primary key is not complete, or the version
                of a versioned row is missing.
        """
        keys, labels = self.names.keys, self.key_labels
        where: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for name, value in row.items():
            label = labels.get(name)
            if label is not None:
                where[label] = value
                if name in self.passed_through:
                    where[name] = value
            elif name in keys:
                values[keys[name]] = value
            elif name in self.passed_through:
                where[name] = value
        if not values and not self.always and not self.written.sole:
            return None
        missing = [n for n, label in labels.items() if where.get(label) is None]
        if missing:
            self._refuse(missing)
        if not values and not self.always:
            return None
        if self.version is not None:
            self._count_up(row, values, where)
        values.update(where)
        return values

    def _count_up(self, row: Row, values: Any, where: Any) -> None:
        name = str(self.version)
        if name not in row:
            raise sa_exc.InvalidRequestError(
                f"No version given for column {self.names.columns[name]}; per-row ORM "
                "Bulk UPDATE by Primary Key of versioned rows requires that records "
                "contain the version that they were read with"
            )
        version = row[name]
        key = self.names.keys[name]
        values[key] = self.written.next_version(version)
        where[str(self.written.version_label)] = version

    def _refuse(self, missing: list[str]) -> None:
        columns = ", ".join(str(self.names.columns[n]) for n in missing)
        raise sa_exc.InvalidRequestError(
            f"No primary key value supplied for column(s) {columns}; per-row ORM Bulk "
            "UPDATE by Primary Key requires that records contain primary key values",
            code="bupq",
        )


def _criteria(written: WrittenTable, with_version: bool) -> list[Any]:
    pairs = list(zip(written.pk_columns, written.labels.values(), strict=True))
    if with_version:
        pairs.append((written.version_column, str(written.version_label)))
    return [column == bindparam(label, type_=column.type) for column, label in pairs]


def by_key(written: WrittenTable, statement: Any) -> Any:
    """A statement narrowed to the row of a primary key, by nothing else."""
    kept = tuple(o for o in statement._with_options if not is_criteria_option(o))
    if written.mapper.single and written.sole:
        kept = (*kept, ANY_CLASS)
    narrowed = statement.where(*_criteria(written, with_version=False))
    narrowed._with_options = kept
    return narrowed


def plain_update(written: WrittenTable, with_version: bool) -> Any:
    """``UPDATE`` of a table by primary key; made once."""
    plans = written.mapper._plans
    memo = ("update by key", written.table, with_version)
    if memo not in plans:
        plans[memo] = written.table.update().where(*_criteria(written, with_version))
    return plans[memo]


def update_rows(connection: Connection, mapper: Any, rows: Iterable[Row]) -> None:
    """Send the UPDATEs of rows, table by table; every row must be there.

    Raises:
        StaleDataError: when a row was not found.
    """
    tables = written_tables(mapper)
    given = rows if len(tables) == 1 else list(rows)
    for written in tables:
        plan = plan_of(mapper) if written.sole else plan_in(mapper, written.table)
        for group in KeyedRows(written).groups(given):
            statement = plain_update(written, written.version_label in group[0])
            count = _update_fast(connection, plan, statement, group)
            if count is None:
                count = _update_through_core(connection, statement, group)
            check_matched(written.table, count, len(group))


def _update_through_core(connection: Connection, statement: Any, group: Group) -> int:
    dialect = connection.dialect
    if len(group) > 1 and not dialect.supports_sane_multi_rowcount:
        if not dialect.supports_sane_rowcount:
            connection.execute(statement, group)
            return -1
        return sum(connection.execute(statement, row).rowcount for row in group)
    result = connection.execute(statement, group)
    return result.rowcount if dialect.supports_sane_rowcount else -1


def _update_fast(
    connection: Connection, plan: TablePlan, statement: Any, group: Group
) -> int | None:
    """``executemany`` straight on a cursor; None when the group needs Core."""
    dialect = connection.dialect
    if not fast.is_free(connection) or plan.updates_generate:
        return None
    if len(group) > 1 and not dialect.supports_sane_multi_rowcount:
        return None
    keys = tuple(group[0])
    fast_statement = plan.fast.get(
        ("update by key", keys),
        dialect,
        lambda: statement.compile(dialect=dialect, column_keys=list(keys)),
    )
    if fast_statement is None:
        return None
    rows = [tuple([row[k] for k in keys]) for row in group]
    count = run_many(connection, fast_statement, keys, rows)
    return count if dialect.supports_sane_rowcount else -1


def check_matched(table: Any, count: int, expected: int) -> None:
    """Refuse a count of rows that is not the expected one.

    Raises:
        StaleDataError: when it is not; -1 stands for a count that nobody knows.
    """
    if count not in (-1, expected):
        raise StaleDataError(
            f"UPDATE statement on table '{table.description}' expected "
            f"to update {expected} row(s); {count} were matched."
        )


def primary_key_of(mapper: Any, row: Mapping[str, Any]) -> Any:
    """The identity map's key of a row's object."""
    return mapper.key_of_values([row[k] for k in mapper._pk_keys])
