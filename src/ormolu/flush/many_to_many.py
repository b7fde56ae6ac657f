"""Relationships through an association table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam

from ..exc import StaleDataError
from ..lanes import fast
from ..lanes.many import run_many
from . import sync
from .dependency import (
    PASSIVE_NO_INITIALIZE,
    PASSIVE_OFF,
    Dependency,
    is_deleted_here,
)
from .steps import AddEdge, Step

Row = dict[str, Any]


class ManyToManyDependency(Dependency):
    """Rows of an association table connect the objects."""

    direction = "ManyToMany"

    def __init__(self, prop: Any) -> None:
        super().__init__(prop)
        self.secondary = prop.secondary
        self.secondary_pairs = prop.secondary_synchronize_pairs
        self.own_values = sync.PairValues(self.parent, self.pairs)
        self.other_values = sync.PairValues(self.mapper, self.secondary_pairs)
        self.names = self.own_values.names + self.other_values.names
        self.name = (self.key, id(self.parent))
        self._fast = fast.FastStatements()

    # -- order ---------------------------------------------------------------------

    def order_all(self, add: AddEdge) -> None:
        after_save, before_delete = self.after_save, self.before_delete
        add(self.parent_saves, after_save)
        add(self.child_saves, after_save)
        add(after_save, self.child_deletes)
        # Before the saves too: one may turn a delete into a row switch.
        add(before_delete, self.parent_saves)
        add(before_delete, self.parent_deletes)
        add(before_delete, self.child_deletes)
        add(before_delete, self.child_saves)

    def order_save(
        self, add: AddEdge, relate: Step, save: Step, children: list[Step]
    ) -> None:
        add(save, relate)
        for step in children:
            if step.saves:
                add(step, relate)
            else:
                add(relate, step)

    def order_delete(
        self, add: AddEdge, relate: Step, delete: Step, children: list[Step]
    ) -> None:
        add(relate, delete)
        for step in children:
            add(relate, step)

    # -- what takes part -----------------------------------------------------------

    def presort_delete(self, uow: Any, obj: Any) -> None:
        history = self.history(uow, obj, self.on_delete)
        if self.cascade.delete:
            for child in history.non_added():
                if child is not None:
                    uow.register(child, isdelete=True)

    def presort_save(self, uow: Any, obj: Any) -> None:
        loads = not self.passive_updates and self.pks_changed(obj)
        history = self.history(
            uow, obj, PASSIVE_OFF if loads else PASSIVE_NO_INITIALIZE
        )
        if not self.cascade.delete_orphan:
            return
        for child in history.deleted:
            if child is not None and not self.hasparent(child):
                self.delete_along(uow, child)

    # -- work ----------------------------------------------------------------------

    def process_saves(self, uow: Any, objects: list[Any]) -> None:
        inserts: list[tuple[Any, ...]] = []
        others: dict[int, tuple[Any, ...]] = {}
        deletes: list[Row] = []
        updates: list[Row] = []
        for obj in objects:
            moved = not self.passive_updates and self.pks_changed(obj)
            passive = PASSIVE_OFF if moved else PASSIVE_NO_INITIALIZE
            history = self.history(uow, obj, passive)
            if history.added:
                self._add_rows(uow, obj, history.added, others, inserts)
            for child in history.deleted:
                if not self._done(uow, obj, child) and self._fits(uow, child, "delete"):
                    deletes.append(self._old_row(obj, child))
            if moved:
                updates += [self._changed_row(obj, c) for c in history.unchanged]
        self._execute(uow, inserts, updates, deletes)

    def _add_rows(
        self,
        uow: Any,
        obj: Any,
        children: Any,
        others: dict[int, tuple[Any, ...]],
        inserts: list[tuple[Any, ...]],
    ) -> None:
        """Rows for what came into a collection.

        Args:
            others: by id, the part of a row that refers to a child.
        """
        own: tuple[Any, ...] | None = None
        for child in children:
            if not self._done(uow, obj, child) and self._fits(uow, child, "add"):
                if own is None:
                    own = self.own_values.row(obj)
                other = others.get(id(child))
                if other is None:
                    other = others[id(child)] = self.other_values.row(child)
                inserts.append(own + other)

    def process_deletes(self, uow: Any, objects: list[Any]) -> None:
        deletes = []
        for obj in objects:
            for child in self.history(uow, obj, self.on_delete).non_added():
                if child is None or self._done(uow, obj, child):
                    continue
                if self._fits(uow, child, "delete"):
                    deletes.append(self._old_row(obj, child))
        self._execute(uow, [], [], deletes)

    def _done(self, uow: Any, obj: Any, child: Any) -> bool:
        """Whether the other side of the relationship has sent the row already."""
        reverses = self.prop._reverse_property
        if not reverses:
            return False
        done = uow.done_pairs.get(self.name)
        if done is not None and (id(obj), id(child)) in done:
            return True
        for reverse in reverses:
            name = (reverse.key, id(reverse.parent))
            pairs = uow.done_pairs.get(name)
            if pairs is None:
                pairs = uow.done_pairs[name] = set()
            pairs.add((id(child), id(obj)))
        return False

    def _fits(self, uow: Any, child: Any, operation: str) -> bool:
        self.verify(child)
        if child is None:
            return False
        if not uow.session._contains(child):
            if not is_deleted_here(child):
                self.warn_not_in_session(child, operation)
            return False
        return True

    # -- rows of the association table ---------------------------------------------

    def _row(self, obj: Any, child: Any) -> Row:
        return {**self.own_values.of(obj), **self.other_values.of(child)}

    def _old_row(self, obj: Any, child: Any) -> Row:
        """The row as it is in the database, if nobody cascades changed keys there."""
        if self.passive_updates:
            return self._row(obj, child)
        return {
            **sync.old_pair_values(obj, self.parent, self.pairs, ""),
            **sync.old_pair_values(child, self.mapper, self.secondary_pairs, ""),
        }

    def _changed_row(self, obj: Any, child: Any) -> Row:
        return {
            **self._row(obj, child),
            **sync.old_pair_values(obj, self.parent, self.pairs, "old_"),
            **sync.old_pair_values(child, self.mapper, self.secondary_pairs, "old_"),
        }

    def _execute(
        self,
        uow: Any,
        inserts: list[tuple[Any, ...]],
        updates: list[Row],
        deletes: list[Row],
    ) -> None:
        if not (inserts or updates or deletes):
            return
        table = self.secondary
        connection = uow.session._connection_for(self.parent)
        if deletes:
            statement = table.delete().where(*_equalities(table, deletes[0], ""))
            result = connection.execute(statement, deletes)
            _check_count(result, table, "DELETE", "delete", len(deletes))
        if updates:
            statement = table.update().where(*_equalities(table, updates[0], "old_"))
            result = connection.execute(statement, updates)
            _check_count(result, table, "UPDATE", "update", len(updates))
        if inserts and not self._insert_fast(connection, inserts):
            names = self.names
            parameters = [dict(zip(names, row, strict=True)) for row in inserts]
            connection.execute(table.insert(), parameters)

    def _insert_fast(self, connection: Any, rows: list[tuple[Any, ...]]) -> bool:
        """``executemany`` on a cursor; False when it does not suit."""
        names = self.names
        if len(set(names)) < len(names) or not fast.is_free(connection):
            return False
        dialect = connection.dialect
        statement = self._fast.get(
            "insert", dialect, lambda: self._compiled_insert(names, dialect)
        )
        if statement is None:
            return False
        run_many(connection, statement, names, rows)
        return True

    def _compiled_insert(self, names: list[str], dialect: Any) -> Any:
        """The INSERT for the fast lane; None where the database is to tell values."""
        others = [c for c in self.secondary.c if c.key not in names]
        if any(
            c.primary_key or c.default is not None or c.server_default is not None
            for c in others
        ):
            return None
        compiled = self.secondary.insert().compile(
            dialect=dialect, column_keys=names, for_executemany=True
        )
        return None if compiled.effective_returning else compiled


def _equalities(table: Any, row: Row, prefix: str) -> list[Any]:
    return [
        column == bindparam(prefix + column.key, type_=column.type)
        for column in table.c
        if prefix + column.key in row
    ]


def _check_count(
    result: Any, table: Any, verb: str, action: str, expected: int
) -> None:
    if (
        result.supports_sane_multi_rowcount()
        and result.rowcount != expected
        and result.rowcount >= 0
    ):
        raise StaleDataError(
            f"{verb} statement on table '{table.description}' expected to {action} "
            f"{expected} row(s); Only {result.rowcount} were matched."
        )
