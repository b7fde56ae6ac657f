"""UPDATEs of foreign keys that break a circle (``post_update=True``)."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from .._core.warnings import warn
from .._speedups import gather
from .._speedups import state as kernel
from .fetched import RowTaker, take
from .rows import check_matched, committed, current
from .table_plan import TablePlan, plans_of


def post_update(uow: Any, mapper: Any, entries: list[tuple[Any, set[Any]]]) -> None:
    """Send the UPDATEs of some columns of objects of one mapper."""
    connection = uow.session._connection_for(mapper)
    for plan in plans_of(mapper):
        changes = [
            change
            for obj, columns in entries
            if (change := _change_of(uow, plan, obj, columns)) is not None
        ]
        for _, group in groupby(changes, lambda c: c[1].keys()):
            _send(uow, connection, plan, list(group))


def _change_of(
    uow: Any, plan: TablePlan, obj: Any, columns: set[Any]
) -> tuple[Any, dict[str, Any]] | None:
    """An object with the parameters of its UPDATE; None when nothing changed."""
    changed = gather.changed(obj)
    fresh = kernel.state_of(obj)._o_key is None
    values: dict[str, Any] = {}
    wanted = False
    for column, slot in plan.slot_of.items():
        asked = column in columns
        if slot in plan.pk_slots or not (asked or column.onupdate is not None):
            continue
        value = kernel.peek(obj, slot)
        if slot in changed or (
            fresh
            and value is not kernel.UNLOADED
            and (id(obj), slot) not in uow.generated
        ):
            values[column.key] = None if value is kernel.UNLOADED else value
            wanted = wanted or asked
    if not wanted:
        return None
    for label, slot in zip(plan.labels, plan.pk_slots, strict=True):
        values[label] = current(plan, obj, slot)
    version_slot = plan.version_slot
    if version_slot is not None:
        before = committed(plan, obj, version_slot)
        values[plan.version_label] = before
        if not fresh and plan.next_version is not False:
            values.setdefault(plan.version_column.key, plan.next_version(before))
    return obj, values


def _send(
    uow: Any, connection: Any, plan: TablePlan, batch: list[tuple[Any, dict[str, Any]]]
) -> None:
    dialect = connection.dialect
    versioned = plan.version_slot is not None and plan.version_label in batch[0][1]
    statement = plan.update_base(versioned)
    sane = bool(dialect.supports_sane_rowcount)
    sane_many = sane and bool(dialect.supports_sane_multi_rowcount)
    if versioned and not sane_many:
        parts, check = [[entry] for entry in batch], sane
    else:
        parts, check = [batch], sane_many or (sane and len(batch) == 1)
    matched = sum(
        _execute(uow, connection, plan, statement, part, versioned) for part in parts
    )
    if check:
        check_matched(plan, matched, len(batch))
    elif versioned:
        warn(
            f"Dialect {dialect.dialect_description} does not support updated rowcount "
            "- versioning cannot be verified."
        )


def _execute(
    uow: Any,
    connection: Any,
    plan: TablePlan,
    statement: Any,
    part: list[tuple[Any, dict[str, Any]]],
    versioned: bool,
) -> int:
    parameters = [values for _, values in part]
    result = connection.execute(
        statement, parameters if len(parameters) > 1 else parameters[0]
    )
    context = result.context
    extra = [plan.version_column] if versioned else []
    prefetch = context.compiled.update_prefetch or ()
    taker = RowTaker(uow, plan, context, prefetch, extra)
    for (obj, values), sent in zip(part, context.compiled_parameters, strict=True):
        for column, slot in plan.slot_of.items():
            if column.key in values and slot != plan.version_slot:
                take(obj, slot, plan.keys[slot], values[column.key])
        if uow.is_deleted(obj):
            if versioned:
                _take_version(plan, obj, values)
        elif not taker.idle:
            taker.row(obj, sent)
    return int(result.rowcount)


def _take_version(plan: TablePlan, obj: Any, values: dict[str, Any]) -> None:
    """A deleted object takes up nothing but the version that its DELETE needs."""
    slot = plan.version_slot
    name = plan.version_column.key
    if slot is not None and name in values:
        take(obj, slot, plan.keys[slot], values[name])
