"""Which row of a table belongs to an object: its key and version in the database."""

from __future__ import annotations

from typing import Any

from .._speedups import gather
from .._speedups import state as kernel
from ..exc import FlushError, StaleDataError
from ..instrument.flags import NO_VALUE, PASSIVE_NO_RESULT
from .expressions import is_expression
from .table_plan import TablePlan, plans_of

UNLOADED = kernel.UNLOADED
PASSIVE_OFF = 31
INIT_OK = 8


def committed(plan: TablePlan, obj: Any, slot: int) -> Any:
    """The value that a column has in the database, as far as it is known."""
    key = plan.keys[slot]
    originals = kernel.state_of(obj)._o_originals
    if originals and key in originals:
        value = originals[key]
        return None if value is UNLOADED else value
    return current(plan, obj, slot)


def current(plan: TablePlan, obj: Any, slot: int) -> Any:
    """The value of a column attribute; loads it when it is expired."""
    value = kernel.peek(obj, slot)
    if value is UNLOADED:
        impl = kernel.layout_of(obj).attributes[plan.keys[slot]].impl
        value = impl.get(obj, PASSIVE_OFF ^ INIT_OK)
        if value is NO_VALUE or value is PASSIVE_NO_RESULT:
            return None
    return value


def known_key(plan: TablePlan, obj: Any) -> tuple[Any, ...]:
    """The primary key that a persistent object's row is known to have.

    It is another one than the object is known by where an UPDATE by criteria has changed
    it, or where it was merged without a load.

    Raises:
        ObjectDeletedError: when a part is expired, and the row is gone.
    """
    struct = kernel.state_of(obj)
    held = struct._o_key
    if len(plan.pk_slots) == 1:
        slot = plan.pk_slots[0]
        if kernel.peek(obj, slot) is held and (
            not struct._o_originals or plan.keys[slot] not in struct._o_originals
        ):
            return (held,)  # as nearly always: it spares two calls
        return (_known_part(plan, obj, slot, held),)
    parts = zip(plan.pk_slots, held, strict=True)
    return tuple([_known_part(plan, obj, slot, part) for slot, part in parts])


def _known_part(plan: TablePlan, obj: Any, slot: int, held: Any) -> Any:
    """A part of the key of an object's row; as the object is known by, if need be."""
    value = committed(plan, obj, slot)
    return held if value is None else value


def key_in_database(
    uow: Any, plan: TablePlan, obj: Any, existing: Any = None
) -> tuple[Any, ...]:
    """The primary key that finds an object's row for an UPDATE.

    Args:
        existing: the object whose row a new one takes over.

    Raises:
        FlushError: when a part of it is NULL.
        ObjectDeletedError: when it is expired, and its row is gone.
    """
    if plan.sole and not uow.cascaded_keys:
        if existing is None:
            key: tuple[Any, ...] = known_key(plan, obj)
        else:
            held = kernel.state_of(existing)._o_key
            key = (held,) if len(plan.pk_slots) == 1 else held
    else:
        key = _committed_key(uow, plan, obj, existing)
    if None in key:
        column = plan.pk_columns[key.index(None)]
        raise FlushError(
            f"Can't update table {plan.table.description} using NULL for primary key "
            f"value on column {column}"
        )
    return key


def _committed_key(
    uow: Any, plan: TablePlan, obj: Any, existing: Any
) -> tuple[Any, ...]:
    owner = obj if existing is None else existing
    struct = kernel.state_of(owner)
    identity = struct._o_key if len(struct._o_layout.pk_slots) > 1 else (struct._o_key,)
    known = dict(zip(struct._o_layout.pk_slots, identity, strict=True))

    def part(slot: int, column: Any) -> Any:
        if (id(obj), column) in uow.cascaded_keys:
            return current(plan, obj, slot)
        if slot not in known:
            return _located(plan, owner, slot)
        held = known[slot]
        return _known_part(plan, obj, slot, held) if existing is None else held

    return tuple(map(part, plan.pk_slots, plan.pk_columns))


def _located(plan: TablePlan, obj: Any, slot: int) -> Any:
    """The value before a change; the new one where the old is not known."""
    value = committed(plan, obj, slot)
    return kernel.peek(obj, slot) if value is None else value


def changed_slots(uow: Any, plan: TablePlan, obj: Any) -> tuple[int, ...]:
    """Slots of the columns that an UPDATE of the object sets."""
    slots = tuple([s for s in gather.changed(obj) if s in plan.updatable])
    if uow.cascaded_keys and slots:
        slots = tuple(
            s for s in slots if (id(obj), plan.columns[s]) not in uow.cascaded_keys
        )
    return slots


def switched_slots(plan: TablePlan, obj: Any) -> tuple[int, ...]:
    """A new object on an old row sets every column that it was given."""
    if kernel.state_of(obj)._o_flags & kernel.FRESH:
        given = [
            s for s in sorted(plan.updatable) if kernel.peek(obj, s) is not UNLOADED
        ]
    else:  # it was persistent once: what it did not change is in its row
        given = [s for s in gather.changed(obj) if s in plan.updatable]
    return tuple([slot for slot in given if slot not in plan.pk_slots])


def changes_elsewhere(plan: TablePlan, obj: Any) -> bool:
    """Whether another table of the class has changes: they count for the version."""
    plans = plans_of(plan.mapper)
    if len(plans) == 1:
        return False
    changed = gather.changed(obj)
    return any(s in p.updatable for p in plans if p is not plan for s in changed)


def has_expressions(obj: Any, slots: tuple[int, ...]) -> bool:
    """Whether one of the values is a SQL expression."""
    for slot in slots:  # noqa: SIM110  for every object: no generator
        if is_expression(kernel.peek(obj, slot)):
            return True
    return False


def check_matched(plan: TablePlan, count: int, expected: int) -> None:
    """Refuse an UPDATE that did not find its rows.

    Raises:
        StaleDataError: when the count is another than expected.
    """
    if count != expected:
        raise StaleDataError(
            f"UPDATE statement on table '{plan.table.description}' expected to update "
            f"{expected} row(s); {count} were matched."
        )
