"""What INSERT, UPDATE and DELETE of one mapper touch; made once per mapper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam

from .._speedups import state as kernel
from ..lanes.fast import FastStatement, suits
from ..lanes.many import run_many


class TablePlan:
    """Columns, slots and statements of one mapped table.

    Attributes:
        insert_slots: slots of the columns that an INSERT may carry, in table order.
        omit_none: by position there, whether None leaves the column out.
        updatable: slots that an UPDATE may set.
        columns: by slot, the table's column (None for expressions).
    """

    def __init__(self, mapper: Any) -> None:
        self.mapper = mapper
        self.table = mapper.local_table
        self.keys: list[str] = list(mapper.layout.keys)
        self.columns: list[Any] = [None] * len(self.keys)
        self.slot_of: dict[Any, int] = {}
        self.key_of: dict[Any, str] = {}
        for prop in mapper._column_props:
            self._adopt(prop)
        self.pk_slots: tuple[int, ...] = mapper.layout.pk_slots
        self.pk_columns = list(mapper.primary_key)
        in_table = [c for c in self.table.c if c in self.slot_of]
        self.insert_columns = in_table
        self.insert_slots = [self.slot_of[c] for c in in_table]
        self.omit_none = [self._omits_none(c) for c in in_table]
        self.updatable = frozenset(self.insert_slots)
        self.version_slot = None
        self.python_defaults = [c for c in self.table.c if c.default is not None]
        self.server_defaults = [
            c for c in in_table if c.server_default is not None and not c.primary_key
        ]
        self.server_onupdate = [c for c in in_table if c.server_onupdate is not None]
        self.updates_generate = bool(self.server_onupdate) or any(
            c.onupdate is not None for c in self.table.c
        )
        self._positions = {c: i for i, c in enumerate(in_table)}
        self._statements: dict[Any, Any] = {}

    def _adopt(self, prop: Any) -> None:
        column = prop.columns[0]
        slot = self.mapper.layout.index[prop.key]
        for column in prop.columns:
            if self.table.c.contains_column(column):
                self.columns[slot] = column
                self.slot_of[column] = slot
                self.key_of[column] = prop.key

    def _omits_none(self, column: Any) -> bool:
        """None means "not given" where something else supplies the value."""
        if column.type.should_evaluate_none:
            return False
        return bool(
            column.primary_key
            or column.default is not None
            or column.server_default is not None
        )

    # -- shapes --------------------------------------------------------------------

    def columns_of_shape(self, shape: int) -> list[Any]:
        """The columns that an INSERT of this shape carries."""
        return [c for i, c in enumerate(self.insert_columns) if shape >> i & 1]

    def _memo(self, name: str, shape: int, make: Any) -> Any:
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
        return bool(
            self._memo(
                "generated",
                shape,
                lambda: (
                    1
                    if self.server_columns(shape)
                    or any(
                        c not in self._positions or not shape >> self._positions[c] & 1
                        for c in self.python_defaults
                    )
                    else 0
                ),
            )
        )

    def fetches_defaults(self, shape: int) -> bool:
        """Whether server defaults must be read back by the INSERT itself."""
        return self.mapper.eager_defaults is True and bool(self.server_columns(shape))

    def eager_columns(self, shape: int, dialect: Any) -> list[Any]:
        """Server defaults that RETURNING brings along."""
        eager = self.mapper.eager_defaults
        if eager is False:
            return []
        if not dialect.insert_returning and eager == "auto":
            return []
        return self.server_columns(shape)

    # -- statements ----------------------------------------------------------------

    def insert(self, shape: int) -> Any:
        """``INSERT``; the columns come with the parameters."""
        return self._memo("insert", 0, lambda: self.table.insert())

    def insert_returning(self, shape: int, dialect: Any) -> Any:
        """``INSERT`` that brings generated keys and defaults back in order."""
        wanted = self.eager_columns(shape, dialect)
        return self._memo(
            "insert returning",
            shape,
            lambda: self.table.insert().return_defaults(
                *self.pk_columns, *wanted, sort_by_parameter_order=True
            ),
        )

    def key_parameters(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The parameters of the WHERE clause of UPDATE and DELETE."""
        return {
            f"{self.table.name}_{c.key}": v
            for c, v in zip(self.pk_columns, values, strict=True)
        }

    def _where(self) -> list[Any]:
        return [
            c == bindparam(f"{self.table.name}_{c.key}", type_=c.type)
            for c in self.pk_columns
        ]

    def update_base(self) -> Any:
        """``UPDATE`` by primary key with nothing set."""
        return self.table.update().where(*self._where())

    def update(self, slots: tuple[int, ...]) -> Any:
        """``UPDATE`` by primary key."""
        return self._memo("update", 0, self.update_base)

    def delete(self) -> Any:
        """``DELETE`` by primary key."""
        return self._memo(
            "delete", 0, lambda: self.table.delete().where(*self._where())
        )

    # -- the fast lane -----------------------------------------------------------------

    def _fast(self, name: str, key: Any, dialect: Any, make: Any) -> Any:
        memo = (name, key, id(dialect))
        found = self._statements.get(memo)
        if found is None:
            compiled = make()
            found = (
                (FastStatement(compiled), dialect)
                if suits(compiled)
                else (None, dialect)
            )
            self._statements[memo] = found
        return found[0]

    def run_fast_insert(self, connection: Any, shape: int, rows: list[Any]) -> bool:
        """``executemany`` of an INSERT on a cursor; False when it does not suit."""
        names = [c.key for c in self.columns_of_shape(shape)]
        statement = self._fast(
            "insert",
            shape,
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
        keys = [f"{self.table.name}_{c.key}" for c in self.pk_columns]
        statement = self._fast(
            "update",
            slots,
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


def plan_of(mapper: Any) -> TablePlan:
    """The table plan of a mapper."""
    found = mapper._plans.get("table")
    if found is None:
        found = mapper._plans["table"] = TablePlan(mapper)
    return found  # type: ignore[no-any-return]


def expire_column(obj: Any, key: str) -> None:
    """Let the next read of a column attribute load it."""
    struct = kernel.state_of(obj)
    extras = struct._o_extras
    if extras is None:
        extras = struct._o_extras = {}
    extras.setdefault("expired", set())
    extras["expired"] = {*extras["expired"], key}
    struct._o_flags |= kernel.PARTIAL
    on_expire = struct._o_layout.mapper.class_manager.on_expire
    if on_expire is not None:
        on_expire(obj, {key})
