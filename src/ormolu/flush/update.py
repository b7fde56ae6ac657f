"""UPDATE of the objects of one hierarchy in one of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._core.warnings import warn
from .._speedups import gather
from .._speedups import state as kernel
from ..lanes import fast
from .expressions import EXPRESSION_KINDS, expression_of, is_expression
from .fetched import RowTaker, take
from .hierarchy import Run
from .rows import (
    changed_slots,
    changes_elsewhere,
    check_matched,
    committed,
    has_expressions,
    key_in_database,
    switched_slots,
)
from .table_plan import TablePlan

UNLOADED = kernel.UNLOADED


class Change:
    """One row to be updated.

    Attributes:
        plan: the one of the object's class.
        slots: what is set, the version included.
        key: the parameters of the WHERE clause: primary key, then version.
        version: the new version; None when the database makes it or there is none.
    """

    __slots__ = ("key", "obj", "plan", "slots", "version")

    def __init__(
        self,
        plan: TablePlan,
        obj: Any,
        slots: tuple[int, ...],
        key: tuple[Any, ...],
        version: Any = None,
    ) -> None:
        self.plan = plan
        self.obj = obj
        self.slots = slots
        self.key = key
        self.version = version


class Part:
    """Successive rows of one class that set the same columns."""

    __slots__ = ("keys", "objects", "plan", "slots")

    def __init__(self, plan: TablePlan, slots: tuple[int, ...]) -> None:
        self.plan = plan
        self.slots = slots
        self.objects: list[Any] = []
        self.keys: list[tuple[Any, ...]] = []

    def goes_with(self, plan: TablePlan, slots: tuple[int, ...]) -> bool:
        """Whether the same statement updates rows of another class."""
        own = self.plan
        return (
            [own.columns[s] for s in self.slots] == [plan.columns[s] for s in slots]
            and own.pk_columns == plan.pk_columns
            and own.server_onupdate == plan.server_onupdate
        )

    def changes(self) -> Iterator[Change]:
        for obj, key in zip(self.objects, self.keys, strict=True):
            yield Change(self.plan, obj, self.slots, key)


class Waiting:
    """Changes that go in one statement, as long as the next go with them."""

    __slots__ = ("_connection", "_parts", "_uow")

    def __init__(self, uow: Any, connection: Any) -> None:
        self._uow = uow
        self._connection = connection
        self._parts: list[Part] = []

    def add(
        self,
        plan: TablePlan,
        slots: tuple[int, ...],
        objects: list[Any],
        keys: list[tuple[Any, ...]],
    ) -> None:
        """Have more rows wait; those of another kind that waited are sent before."""
        last = self._parts[-1] if self._parts else None
        if last is None or last.plan is not plan or last.slots != slots:
            if last is not None and not last.goes_with(plan, slots):
                self.send()
            last = Part(plan, slots)
            self._parts.append(last)
        last.objects += objects
        last.keys += keys

    def send(self) -> None:
        """Send what waits."""
        parts, self._parts = self._parts, []
        _send_parts(self._uow, self._connection, parts)


def update_runs(uow: Any, connection: Any, runs: Iterable[Run]) -> None:
    """Send the UPDATEs of one table: equal sets of columns in one batch."""
    waiting = Waiting(uow, connection)
    for plan, objects in runs:
        if plan.version_slot is not None:
            waiting.send()
            _update_versioned(uow, connection, plan, objects)
        else:
            _update_plain(uow, connection, plan, objects, waiting)
    waiting.send()


def _update_plain(
    uow: Any, connection: Any, plan: TablePlan, objects: list[Any], waiting: Waiting
) -> None:
    """Have the rows of objects wait, in turn; those with expressions go alone."""
    keyed = plan.sole and len(plan.pk_slots) == 1
    alike = keyed and not uow.cascaded_keys and not uow.row_switches
    done = 0
    while done < len(objects):
        if alike:
            slots, found, keys, done = _alike(plan, objects, done)
            if slots:
                waiting.add(plan, slots, found, keys)
                continue
            if done == len(objects):
                return
        obj = objects[done]
        done += 1
        existing = uow.row_switches.get(id(obj))
        slots = _slots_of(uow, plan, obj, existing)
        if not slots:
            continue
        # it may be loaded, before what waits is sent
        key = key_in_database(uow, plan, obj, existing)
        if has_expressions(obj, slots):
            waiting.send()
            _send(uow, connection, [Change(plan, obj, slots, key)])
        else:
            waiting.add(plan, slots, [obj], [key])


def _alike(
    plan: TablePlan, objects: list[Any], start: int
) -> tuple[tuple[int, ...] | None, list[Any], list[tuple[Any, ...]], int]:
    """Changes that need no look: 2 us a row less."""
    slot = plan.pk_slots[0]
    return gather.changed_alike(
        objects, start, plan.updatable, slot, plan.keys[slot], EXPRESSION_KINDS
    )


def _slots_of(uow: Any, plan: TablePlan, obj: Any, existing: Any) -> tuple[int, ...]:
    """What has really changed.

    Args:
        existing: the object whose row a new one takes over.
    """
    if existing is not None:
        return switched_slots(plan, obj)
    return changed_slots(uow, plan, obj)


def _send_parts(uow: Any, connection: Any, parts: list[Part]) -> None:
    if not parts:
        return
    plan = parts[0].plan
    if fast.is_free(connection) and not any(p.plan.updates_generate for p in parts):
        rows = []
        for part in parts:
            values = gather.gather(part.objects, part.slots)
            rows += [(*r, *k) for r, k in zip(values, part.keys, strict=True)]
        count = plan.run_fast_update(connection, parts[0].slots, rows)
        if count is not None:
            if count >= 0:
                check_matched(plan, count, len(rows))
            return
    _send(uow, connection, [change for part in parts for change in part.changes()])


# -- versions ----------------------------------------------------------------------


def _update_versioned(
    uow: Any, connection: Any, plan: TablePlan, objects: list[Any]
) -> None:
    batch: list[Change] = []
    for obj in objects:
        change = _versioned_change(uow, plan, obj)
        if change is None:
            continue
        alone = has_expressions(obj, change.slots)
        if batch and (alone or batch[0].slots != change.slots):
            _send(uow, connection, batch)
            batch = []
        batch.append(change)
        if alone:
            _send(uow, connection, batch)
            batch = []
    if batch:
        _send(uow, connection, batch)


def _versioned_change(uow: Any, plan: TablePlan, obj: Any) -> Change | None:
    existing = uow.row_switches.get(id(obj))
    slots = _slots_of(uow, plan, obj, existing)
    if not slots and not changes_elsewhere(plan, obj):
        return None
    slot = plan.version_slot
    assert slot is not None
    before = committed(plan, obj if existing is None else existing, slot)
    version = None
    given = slot in slots and existing is None
    if plan.next_version is not False and not given:
        version = plan.next_version(before)
    elif plan.next_version is False and not slots:
        version = before  # nothing to set: the row is checked all the same
    if version is not None and slot not in slots:
        slots = tuple(sorted((*slots, slot)))
    key = key_in_database(uow, plan, obj, existing)
    return Change(plan, obj, slots, (*key, before), version)


# -- sending through Core ----------------------------------------------------------


def _send(uow: Any, connection: Any, batch: list[Change]) -> None:
    """Execute a batch of changes that set the same columns."""
    first = batch[0]
    plan = first.plan
    dialect = connection.dialect
    statement = plan.update_base(plan.version_slot is not None)
    wanted = _wanted(first, dialect)
    keys = [
        c
        for c, s in zip(plan.pk_columns, plan.pk_slots, strict=True)
        if s in first.slots and is_expression(kernel.peek(first.obj, s))
    ]
    if wanted or (keys and plan.update_returns(dialect)):
        statement = statement.return_defaults(*wanted, *keys)
    sane, sane_many = _sanity(dialect)
    versioned = plan.version_slot is not None
    single = bool(wanted or keys) or versioned
    if has_expressions(first.obj, first.slots) or single:
        matched = sum(
            _send_one(uow, connection, statement, change, wanted, keys)
            for change in batch
        )
        check = sane
    else:
        matched = _send_many(uow, connection, statement, batch)
        check = sane_many or (sane and len(batch) == 1)
    if check:
        check_matched(plan, matched, len(batch))
    elif versioned:
        warn(
            f"Dialect {dialect.dialect_description} does not support updated rowcount "
            "- versioning cannot be verified."
        )


def _sanity(dialect: Any) -> tuple[bool, bool]:
    sane = bool(dialect.supports_sane_rowcount)
    return sane, sane and bool(dialect.supports_sane_multi_rowcount)


def _wanted(change: Change, dialect: Any) -> list[Any]:
    """Columns that RETURNING brings along with an UPDATE."""
    plan = change.plan
    wanted: list[Any] = []
    if not plan.update_returns(dialect):
        return wanted
    if plan.mapper.base_mapper.eager_defaults is True:
        given = {
            plan.columns[s]
            for s in change.slots
            if not is_expression(kernel.peek(change.obj, s))
        }
        if not given.issuperset(plan.server_onupdate):
            wanted = list(plan.server_onupdate)
    if plan.fetches_version and plan.version_column not in wanted:
        wanted.append(plan.version_column)
    return wanted


def _parameters(change: Change) -> tuple[dict[str, Any], Any]:
    """Parameters and expressions of one row."""
    plan = change.plan
    values: dict[str, Any] = {}
    expressions: dict[Any, Any] = {}
    for slot in change.slots:
        column = plan.columns[slot]
        if change.version is not None and slot == plan.version_slot:
            values[column.key] = change.version
            continue
        value = kernel.peek(change.obj, slot)
        if value is UNLOADED:
            value = None
        if is_expression(value):
            expressions[column] = expression_of(value)
        else:
            values[column.key] = value
    values.update(zip(plan.labels, change.key, strict=False))
    if plan.version_slot is not None:
        values[plan.version_label] = change.key[-1]
    return values, expressions


def _send_many(uow: Any, connection: Any, statement: Any, batch: list[Change]) -> int:
    parameters = [_parameters(change)[0] for change in batch]
    result = connection.execute(statement, parameters)
    taker: RowTaker | None = None
    for change, values in zip(batch, result.context.compiled_parameters, strict=False):
        _take_version(change)
        if taker is None or taker.plan is not change.plan:
            taker = _taker(uow, change.plan, result.context)
        if not taker.idle:
            taker.row(change.obj, values)
    return int(result.rowcount)


def _send_one(
    uow: Any,
    connection: Any,
    statement: Any,
    change: Change,
    wanted: list[Any],
    keys: list[Any],
) -> int:
    parameters, expressions = _parameters(change)
    if expressions:
        statement = statement.values(expressions)
    result = connection.execute(statement, parameters)
    context = result.context
    returned = result.returned_defaults if wanted or keys else None
    _take_version(change)
    _taker(uow, change.plan, context).row(
        change.obj, context.compiled_parameters[0], returned, keys
    )
    return int(result.rowcount)


def _taker(uow: Any, plan: TablePlan, context: Any) -> RowTaker:
    return RowTaker(uow, plan, context, context.compiled.update_prefetch or ())


def _take_version(change: Change) -> None:
    if change.version is not None:
        plan = change.plan
        slot = plan.version_slot
        assert slot is not None
        take(change.obj, slot, plan.keys[slot], change.version)
