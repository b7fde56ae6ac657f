"""UPDATE of many rows, each found by its primary key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import Connection

from ..exc import StaleDataError
from ..flush.table_plan import TablePlan, plan_of
from ..lanes import fast
from ..lanes.fast import FastStatement, suits
from ..lanes.many import run_many
from .parameters import Group, Row, names_of, next_version, version_attribute


class KeyedRows:
    """Turns rows of attributes into parameters of an UPDATE by primary key.

    Args:
        mapper: whose rows are updated.
        passed_through: names that are parameters of the statement itself.
        always: update a row even if it names no column to set (the statement sets
            some itself).
    """

    def __init__(
        self,
        mapper: Any,
        passed_through: frozenset[str] = frozenset(),
        always: bool = False,
    ) -> None:
        self.mapper = mapper
        self.passed_through = passed_through
        self.always = always
        self.names = names_of(mapper)
        self.key_labels = dict(zip(mapper._pk_keys, key_labels(mapper), strict=True))
        self.version = version_attribute(mapper)

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
        values[key] = next_version(self.mapper, version)
        where[version_label(self.mapper)] = version

    def _refuse(self, missing: list[str]) -> None:
        columns = ", ".join(str(self.names.columns[n]) for n in missing)
        raise sa_exc.InvalidRequestError(
            f"No primary key value supplied for column(s) {columns}; per-row ORM Bulk "
            "UPDATE by Primary Key requires that records contain primary key values",
            code="bupq",
        )


def _label(table: Any, column: Any) -> str:
    """A parameter name that no column of the table has."""
    label = f"{table.name}_{column.name}"
    while label in table.c:
        label += "_1"
    return label


def key_labels(mapper: Any) -> list[str]:
    """Parameter names of the primary key's columns."""
    return [_label(mapper.local_table, c) for c in mapper.primary_key]


def version_label(mapper: Any) -> str:
    """Parameter name of the version that a row must still have."""
    return _label(mapper.local_table, mapper.version_id_col)


def _criteria(mapper: Any, with_version: bool) -> list[Any]:
    pairs = list(zip(mapper.primary_key, key_labels(mapper), strict=True))
    if with_version:
        pairs.append((mapper.version_id_col, version_label(mapper)))
    return [column == bindparam(label, type_=column.type) for column, label in pairs]


def by_key(mapper: Any, statement: Any, with_version: bool) -> Any:
    """A statement narrowed to the row of a primary key (and version)."""
    return statement.where(*_criteria(mapper, with_version))


def plain_update(mapper: Any, with_version: bool) -> Any:
    """``UPDATE`` of a mapper's table by primary key; made once."""
    memo = ("update by key", with_version)
    found = mapper._plans.get(memo)
    if found is None:
        found = by_key(mapper, mapper.local_table.update(), with_version)
        mapper._plans[memo] = found
    return found


def update_groups(connection: Connection, mapper: Any, groups: Iterable[Group]) -> None:
    """Send the UPDATEs of groups of rows; every row must be there.

    Raises:
        StaleDataError: when a row was not found.
    """
    plan = plan_of(mapper)
    label = None if version_attribute(mapper) is None else version_label(mapper)
    for group in groups:
        with_version = label in group[0]
        statement = plain_update(mapper, with_version)
        count = _update_fast(connection, plan, statement, group)
        if count is None:
            count = _update_through_core(connection, statement, group)
        check_matched(mapper, count, len(group))


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
    memo = ("update by key", keys, id(dialect))
    found = plan._statements.get(memo)
    if found is None:
        compiled = statement.compile(dialect=dialect, column_keys=list(keys))
        fast_statement = FastStatement(compiled) if suits(compiled) else None
        # The dialect is kept, so that its id stays its own.
        found = plan._statements[memo] = (fast_statement, dialect)
    if found[0] is None:
        return None
    rows = [tuple([row[k] for k in keys]) for row in group]
    count = run_many(connection, found[0], keys, rows)
    return count if dialect.supports_sane_rowcount else -1


def check_matched(mapper: Any, count: int, expected: int) -> None:
    """Refuse a count of rows that is not the expected one.

    Raises:
        StaleDataError: when it is not; -1 stands for a count that nobody knows.
    """
    if count not in (-1, expected):
        raise StaleDataError(
            f"UPDATE statement on table '{mapper.local_table.description}' expected "
            f"to update {expected} row(s); {count} were matched."
        )


def primary_key_of(mapper: Any, row: Mapping[str, Any]) -> Any:
    """The identity map's key of a row's object."""
    return mapper.key_of_values([row[k] for k in mapper._pk_keys])
