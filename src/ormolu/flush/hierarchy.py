"""The tables of an inheritance hierarchy, and which rows of them its objects have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._speedups import state as kernel
from . import sync
from .table_plan import TablePlan, plans_of, sorted_tables

Run = tuple[TablePlan, list[Any]]


def hierarchy_tables(base: Any) -> tuple[Any, ...]:
    """All tables of a base mapper and its descendants, each after those it refers to."""
    found: tuple[Any, ...] | None = base._plans.get("hierarchy tables")
    if found is None:
        tables = dict.fromkeys(t for m in base.self_and_descendants for t in m.tables)
        found = base._plans["hierarchy tables"] = sorted_tables(base, tables)
    return found


def runs(table: Any, objects: Iterable[Any]) -> list[Run]:
    """The objects that have a row in a table, in order, with the plans of their rows.

    Objects of several classes whose rows have the same columns share a plan.
    """
    found: list[Run] = []
    for obj in objects:
        plan = _shared_plan(kernel.layout_of(obj).mapper, table)
        if plan is None:
            continue
        if found and found[-1][0] is plan:
            found[-1][1].append(obj)
        else:
            found.append((plan, [obj]))
    return found


def joined_for_delete(found: Iterable[Run]) -> list[list[Run]]:
    """Successive runs together where one statement deletes the rows of all of them."""
    batches: list[list[Run]] = []
    for run in found:
        if batches and batches[-1][0][0].deletes_like(run[0]):
            batches[-1].append(run)
        else:
            batches.append([run])
    return batches


def _shared_plan(mapper: Any, table: Any) -> TablePlan | None:
    """The plan of a mapper's row in a table: that of an ancestor where it is the same."""
    memo: dict[Any, TablePlan | None] = mapper._plans.setdefault("shared plans", {})
    if table not in memo:
        own = _own_plan(mapper, table)
        memo[table] = own
        if own is not None:
            for ancestor in reversed(list(mapper.iterate_to_root())):
                other = _own_plan(ancestor, table)
                if other is not None and other.is_like(own):
                    memo[table] = other
                    break
    return memo[table]


def _own_plan(mapper: Any, table: Any) -> TablePlan | None:
    return next((plan for plan in plans_of(mapper) if plan.table is table), None)


def parts_of(objects: Iterable[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Successive objects of one class together, with its mapper."""
    mapper: Any = None
    part: list[Any] = []
    for obj in objects:
        own = kernel.layout_of(obj).mapper
        if own is not mapper and part:
            yield mapper, part
            part = []
        mapper = own
        part.append(obj)
    if part:
        yield mapper, part


# -- keys that go from table to table ------------------------------------------------


class InheritedKeys:
    """The columns of further tables of a class that a table's columns are copied to.

    Attributes:
        copied: pairs of columns of different attributes.
        shared: (attribute, column) of key columns that one attribute has in common.
    """

    __slots__ = ("copied", "shared")

    def __init__(self, mapper: Any, table: Any) -> None:
        self.copied: list[tuple[Any, Any]] = []
        self.shared: list[tuple[str, Any]] = []
        for step in mapper.iterate_to_root():
            for left, right in step._equated_pairs:
                if left.table is table:
                    self._add(mapper, left, right)

    def _add(self, mapper: Any, left: Any, right: Any) -> None:
        source = mapper._columntoproperty.get(left)
        target = mapper._columntoproperty.get(right)
        if source is None or target is None:
            return
        if source is not target:
            self.copied.append((left, right))
        elif left.primary_key and right.primary_key and right.references(left):
            self.shared.append((source.key, right))


def copy_keys(uow: Any, table: Any, objects: Iterable[Any]) -> None:
    """Carry what was written to one table over to the tables that refer to it."""
    for obj in objects:
        mapper = kernel.layout_of(obj).mapper
        if mapper.inherits is None:
            continue
        memo = mapper._plans.setdefault("inherited keys", {})
        keys = memo.get(table)
        if keys is None:
            keys = memo[table] = InheritedKeys(mapper, table)
        cascaded = uow.cascaded_keys if mapper.passive_updates else None
        if keys.copied:
            sync.populate(obj, mapper, obj, mapper, keys.copied, cascaded)
        struct = kernel.state_of(obj)
        if keys.shared and struct._o_key is None:
            # SQLAlchemy sets the key once more; seen only where the flush fails later
            struct._o_flags |= kernel.MODIFIED
        elif keys.shared and cascaded is not None:
            originals = struct._o_originals or ()
            cascaded.update(
                (id(obj), column) for key, column in keys.shared if key in originals
            )
