"""What INSERT, UPDATE and DELETE of one table of a mapper touch; made once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.schema import sort_tables
from sqlalchemy.sql import coercions, roles, visitors
from sqlalchemy.sql.elements import ColumnClause

from .._speedups import state as kernel
from ..instrument.expiry import expire_keys
from ..lanes.fast import FastStatements
from ..lanes.many import run_many


class TablePlan:
    """Columns, slots and statements of one table that a class is mapped to.

    Attributes:
        insert_slots: slots of the columns that an INSERT may carry, in table order.
        omit_none: by position there, whether None leaves the column out.
        updatable: slots that an UPDATE may set.
        columns: by slot, the table's column (None for those of other tables).
        version_slot: slot of the version counter; None when the table has none.
        sole: whether the primary key of the table is that of the class.
    """

    def __init__(self, mapper: Any, table: Any) -> None:
        self.mapper = mapper
        self.table = table
        self.keys: list[str] = list(mapper.layout.keys)
        self.columns: list[Any] = [None] * len(self.keys)
        self.slot_of: dict[Any, int] = {}
        self.key_of: dict[Any, str] = {}
        for column in table.c:
            self._adopt(column)
        in_table = [c for c in table.c if c in self.slot_of]
        self.insert_columns = in_table
        self.insert_slots = [self.slot_of[c] for c in in_table]
        self.own_defaults = self._own_defaults()
        self.omit_none = [self._omits_none(c) for c in in_table]
        self.updatable = frozenset(self.insert_slots)
        # attributes of columns of other tables
        self.elsewhere = frozenset(
            prop.key
            for prop in mapper._column_props
            if prop.key not in mapper._read_only_keys
            and not any(c in self.slot_of for c in prop.columns)
        )
        self._positions = {c: i for i, c in enumerate(in_table)}
        self._statements: dict[Any, Any] = {}
        self.fast = FastStatements()
        self._set_keys()
        self._set_version()
        self._set_defaults()

    def _adopt(self, column: Any) -> None:
        prop = self.mapper._columntoproperty.get(column)
        slot = None if prop is None else self.mapper.layout.index.get(prop.key)
        if slot is None or slot < 0:
            return
        if self.columns[slot] is None:
            self.columns[slot] = column
        self.slot_of[column] = slot
        self.key_of[column] = prop.key

    def _set_keys(self) -> None:
        given = self.mapper._primary_key_argument or ()
        named = [
            c for c in self.mapper.primary_key if c in self.slot_of and bool(given)
        ]
        own = [c for c in self.table.primary_key if c in self.slot_of]
        self.pk_columns = [*own, *(c for c in named if c not in own)]
        self.pk_slots = tuple(self.slot_of[c] for c in self.pk_columns)
        self.inserted_slots = [self.slot_of.get(c) for c in self.table.primary_key]
        self.sole = self.pk_slots == self.mapper.layout.pk_slots
        # without it, Core may put the rows of several objects into one INSERT
        self.makes_key = all(
            c is self.table.autoincrement_column or c.server_default is not None
            for c in self.pk_columns
        )
        self.labels = [label_of(self.table, c) for c in self.pk_columns]

    def _set_version(self) -> None:
        column = self.mapper.version_id_col
        found = None
        if column is not None:
            column = coercions.expect(roles.ColumnsClauseRole, column)
            found = next((c for c in column.proxy_set if c in self.slot_of), None)
        self.version_column: Any = found
        self.version_slot = None if found is None else self.slot_of[found]
        self.version_label = "" if found is None else label_of(self.table, found)
        self.next_version = self.mapper.version_id_generator
        self.fetches_version = found is not None and self._server_makes(found)

    def _server_makes(self, column: Any) -> bool:
        """Whether the database makes the versions, so that they are brought back."""
        if self.next_version is not False:
            return False
        if column.server_default is not None or column.server_onupdate is not None:
            return True
        return any(
            default is not None and default.is_clause_element
            for default in (column.default, column.onupdate)
        )

    def _set_defaults(self) -> None:
        in_table = self.insert_columns
        self.python_defaults = [c for c in self.table.c if c.default is not None]
        self.server_defaults = [
            c
            for c in in_table
            if (c.server_default is not None and not c.primary_key)
            or (c.default is not None and c.default.is_clause_element)
        ]
        self.server_onupdate = [
            c
            for c in in_table
            if (c.server_onupdate is not None and not c.primary_key)
            or (c.onupdate is not None and c.onupdate.is_clause_element)
        ]
        self.updates_generate = bool(self.server_onupdate) or any(
            c.onupdate is not None for c in self.table.c
        )
        self.eager_keys = frozenset(
            self.key_of[c] for c in (*self.server_defaults, *self.server_onupdate)
        )

    def is_like(self, other: TablePlan) -> bool:
        """Whether the rows of another class in the table are written in the same way."""
        return (
            self.insert_columns == other.insert_columns
            and self.insert_slots == other.insert_slots
            and self.own_defaults == other.own_defaults
            and self.pk_slots == other.pk_slots
            and self.version_slot == other.version_slot
            and self.next_version == other.next_version
            and self.mapper.eager_defaults == other.mapper.eager_defaults
            and self.mapper.confirm_deleted_rows == other.mapper.confirm_deleted_rows
        )

    def _own_defaults(self) -> list[tuple[Any, Any]]:
        """Columns for which the class has another default than the column has."""
        found = []
        for column in self.insert_columns:
            prop = self.mapper._columntoproperty[column]
            value = getattr(prop, "own_insert_default", None)
            if value is not None:
                found.append((column, value))
        return found

    def deletes_like(self, other: TablePlan) -> bool:
        """Whether the rows of another class in the table are deleted in the same way."""
        return (
            self.pk_columns == other.pk_columns
            and self.version_column is other.version_column
            and self.mapper.confirm_deleted_rows == other.mapper.confirm_deleted_rows
        )

    def _omits_none(self, column: Any) -> bool:
        """None means "not given" where something else supplies the value."""
        if column.type.should_evaluate_none:
            return False
        return bool(
            column.primary_key
            or any(column is own for own, _ in self.own_defaults)
            or column.default is not None
            or column.server_default is not None
        )

    # -- shapes --------------------------------------------------------------------

    def columns_of_shape(self, shape: int) -> list[Any]:
        """The columns that an INSERT of this shape carries."""
        return [c for i, c in enumerate(self.insert_columns) if shape >> i & 1]

    def position(self, column: Any) -> int:
        """The place of a column among those that an INSERT may carry."""
        return self._positions[column]

    def _memo(self, name: str, shape: Any, make: Any) -> Any:
        found = self._statements.get((name, shape))
        if found is None:
            found = self._statements[(name, shape)] = make()
        return found

    def has_all_keys(self, shape: int) -> bool:
        """Whether every primary key column is given."""
        return all(shape >> self._positions[c] & 1 for c in self.pk_columns)

    def server_columns(self, shape: int) -> list[Any]:
        """Columns whose value the server makes for this shape."""
        return [c for c in self.server_defaults if not shape >> self._positions[c] & 1]

    def has_generated(self, shape: int) -> bool:
        """Whether defaults supply a value of this shape."""
        return bool(self._memo("generated", shape, partial(self._generated, shape)))

    def _generated(self, shape: int) -> int:
        missing = (
            c not in self._positions or not shape >> self._positions[c] & 1
            for c in self.python_defaults
        )
        server = (
            c.server_default is not None and not shape >> self._positions[c] & 1
            for c in self.insert_columns
        )
        return 1 if any(missing) or any(server) else 0

    def prefers_eager(self, dialect: Any) -> bool:
        """Whether an INSERT brings server defaults along."""
        return bool(self.mapper._prefer_eager_defaults(dialect, self.table))

    def eager_columns(self, shape: int, dialect: Any) -> list[Any]:
        """Server defaults that RETURNING brings along with an INSERT."""
        if not self.server_defaults or not self.returns(dialect):
            return []
        missing = self.server_columns(shape)
        if missing and self.prefers_eager(dialect):
            return list(self.server_defaults)
        version = self.version_column
        if self.fetches_version and version in missing:
            return [version]
        return []

    def returns(self, dialect: Any) -> bool:
        """Whether INSERT of this table may use RETURNING."""
        return bool(dialect.insert_returning and self.table.implicit_returning)

    def update_returns(self, dialect: Any) -> bool:
        """Whether UPDATE of this table may use RETURNING."""
        return bool(dialect.update_returning and self.table.implicit_returning)

    # -- statements ----------------------------------------------------------------

    def insert(self, shape: int) -> Any:
        """``INSERT``; the columns come with the parameters."""
        return self._memo("insert", 0, lambda: self.table.insert())

    def insert_returning(self, shape: int, dialect: Any) -> Any:
        """``INSERT`` that brings generated keys and defaults back in order."""
        wanted = self.eager_columns(shape, dialect)
        keys = () if self.has_all_keys(shape) else self.pk_columns
        return self._memo(
            "insert returning",
            (tuple(wanted), bool(keys)),
            lambda: self.table.insert().return_defaults(
                *keys, *wanted, sort_by_parameter_order=True
            ),
        )

    def key_parameters(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The parameters of the WHERE clause of an UPDATE."""
        return dict(zip(self.labels, values, strict=True))

    def _where(self, names: list[str]) -> list[Any]:
        return [
            c == bindparam(name, type_=c.type)
            for c, name in zip(self.pk_columns, names, strict=True)
        ]

    def update_base(self, versioned: bool = False) -> Any:
        """``UPDATE`` by primary key (and version) with nothing set."""
        return self._memo("update", versioned, partial(self._make_update, versioned))

    def _make_update(self, versioned: bool) -> Any:
        where = self._where(self.labels)
        if versioned:
            where.append(self._version_is(self.version_label))
        return self.table.update().where(*where)

    def _version_is(self, name: str) -> Any:
        column = self.version_column
        return column == bindparam(name, type_=column.type)

    def update(self, slots: tuple[int, ...]) -> Any:
        """``UPDATE`` by primary key."""
        return self.update_base()

    @property
    def delete_names(self) -> list[str]:
        """Names of the parameters of a DELETE: keys, then the version."""
        names = [c.key for c in self.pk_columns]
        return names if self.version_slot is None else [*names, self.version_column.key]

    def delete(self) -> Any:
        """``DELETE`` by primary key (and version)."""
        return self._memo("delete", 0, self._make_delete)

    def _make_delete(self) -> Any:
        where = self._where([c.key for c in self.pk_columns])
        if self.version_slot is not None:
            where.append(self._version_is(self.version_column.key))
        return self.table.delete().where(*where)

    # -- the fast lane -----------------------------------------------------------------

    def run_fast_insert(self, connection: Any, shape: int, rows: list[Any]) -> bool:
        """``executemany`` of an INSERT on a cursor; False when it does not suit."""
        names = [c.key for c in self.columns_of_shape(shape)]
        statement = self.fast.get(
            ("insert", shape),
            connection.dialect,
            lambda: self.table.insert().compile(
                dialect=connection.dialect, column_keys=names, for_executemany=True
            ),
        )
        if statement is None or statement.returns_rows:
            return False
        run_many(connection, statement, names, rows)
        return True

    def run_fast_update(
        self, connection: Any, slots: tuple[int, ...], rows: list[Any]
    ) -> int | None:
        """``executemany`` of an UPDATE; its row count, None when it does not suit."""
        if len(rows) > 1 and not connection.dialect.supports_sane_multi_rowcount:
            return None
        names = [self.columns[s].key for s in slots]
        keys = self.labels
        statement = self.fast.get(
            ("update", slots),
            connection.dialect,
            lambda: self.update(slots).compile(
                dialect=connection.dialect, column_keys=[*names, *keys]
            ),
        )
        if statement is None:
            return None
        count = run_many(connection, statement, [*names, *keys], rows)
        if not connection.dialect.supports_sane_rowcount:
            return -1
        return count

    def run_fast_delete(self, connection: Any, rows: list[Any]) -> int | None:
        """``executemany`` of a DELETE; its row count, None when it does not suit."""
        statement = self.fast.get(
            "delete",
            connection.dialect,
            lambda: self.delete().compile(dialect=connection.dialect),
        )
        if statement is None:
            return None
        return run_many(connection, statement, self.delete_names, rows)


def label_of(table: Any, column: Any) -> str:
    """The name of a parameter for a column in WHERE; no column's own key."""
    schema = f"{table.schema.replace('.', '_')}_" if table.schema else ""
    plain = label = f"{schema}{table.name}_{column.name}"
    counter = 1
    while label in table.c:
        label = f"{plain}_{counter}"
        counter += 1
    return label


def plans_of(mapper: Any) -> tuple[TablePlan, ...]:
    """The plans of a mapper's tables, each after those that it refers to."""
    found = mapper._plans.get("tables")
    if found is None:
        tables = list(mapper.tables)
        if len(tables) > 1:
            tables = list(sorted_tables(mapper.base_mapper, tables))
        plans = [TablePlan(mapper, t) for t in tables]
        found = tuple(p for p in plans if p.pk_columns) or tuple(plans[:1])
        mapper._plans["tables"] = found
    return found  # type: ignore[no-any-return]


def sorted_tables(base: Any, tables: Iterable[Any]) -> tuple[Any, ...]:
    """Tables of a hierarchy, each after those that its rows need.

    Foreign keys count that join the hierarchy; others may well form circles.
    """
    links = []
    joining: set[Any] = set()
    for mapper in base.self_and_descendants:
        if mapper.inherit_condition is not None:
            links += [(t, mapper.local_table) for t in mapper.inherits.tables]
            joining.update(_columns_in(mapper.inherit_condition))

    def skip(key: Any) -> bool:
        return key.parent not in joining

    return tuple(
        sort_tables(tables, skip_fn=skip if joining else None, extra_dependencies=links)
    )


def _columns_in(condition: Any) -> Iterator[Any]:
    for element in visitors.iterate(condition):
        if isinstance(element, ColumnClause):
            yield element


def plan_of(mapper: Any) -> TablePlan:
    """The plan of a mapper's first table."""
    found = mapper._plans.get("table")
    if found is None:
        found = mapper._plans["table"] = plans_of(mapper)[0]
    return found  # type: ignore[no-any-return]


def plan_in(mapper: Any, table: Any) -> TablePlan:
    """The plan of one of a mapper's tables."""
    for plan in plans_of(mapper):
        if plan.table is table:
            return plan
    return TablePlan(mapper, table)


def expire_columns(obj: Any, keys: list[str]) -> None:
    """Let the next read of column attributes load them."""
    expire_keys(obj, keys)
    kernel.state_of(obj)._o_flags |= kernel.PARTIAL
