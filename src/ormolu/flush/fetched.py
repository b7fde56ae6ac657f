"""What the database and Core made of a row: values taken over, or to be loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._speedups import state as kernel
from ..exc import FlushError
from ..mapping.hooks import hooks
from .table_plan import TablePlan, expire_columns, plans_of

UNLOADED = kernel.UNLOADED


def take(obj: Any, slot: int, key: str, value: Any) -> None:
    """Store a value as that of the database; it replaces a change."""
    kernel.put(obj, slot, value)
    originals = kernel.state_of(obj)._o_originals
    if originals:
        originals.pop(key, None)


def overwrite(uow: Any, obj: Any, slot: int, key: str, value: Any) -> None:
    """Store a value of the database; if there was a change, it still counts as one."""
    if kernel.peek(obj, slot) is None:
        uow.overwritten.add((id(obj), key))
    kernel.put(obj, slot, value)


class RowTaker:
    """Takes over what one execution made of rows, an object at a time.

    Args:
        uow: the flush.
        plan: the table.
        context: Core's execution context.
        prefetched: the columns that Core computed before the statement.
        extra: more columns that the parameters hold new values for.
    """

    def __init__(
        self,
        uow: Any,
        plan: TablePlan,
        context: Any,
        prefetched: Iterable[Any],
        extra: Iterable[Any] = (),
    ) -> None:
        self.uow = uow
        self.plan = plan
        slots, keys = plan.slot_of, plan.key_of
        self.prefetched = [
            (c.key, slots[c], keys[c]) for c in (*prefetched, *extra) if c in slots
        ]
        self.postfetched = [c for c in context.compiled.postfetch or () if c in slots]
        self._returned: list[Any] | None = None
        # the plan may be shared by several classes of a hierarchy
        self.tells = any(
            m.class_manager.dispatch.refresh_flush
            for m in plan.mapper.self_and_descendants
        )

    def _returned_columns(self, mapping: Any, changed_keys: Iterable[Any]) -> Any:
        """Columns to be taken from RETURNING; keys only where they changed."""
        if self._returned is None:
            changed = set(changed_keys)
            self._returned = [
                c
                for c in self.plan.slot_of
                if c in mapping and (not c.primary_key or c in changed)
            ]
        return self._returned

    @property
    def idle(self) -> bool:
        """Whether there is nothing to take over."""
        return not (self.prefetched or self.postfetched)

    def row(
        self,
        obj: Any,
        parameters: Any,
        returned: Any = None,
        changed_keys: Iterable[Any] = (),
    ) -> None:
        """Take over one row.

        Args:
            parameters: Core's parameters of the row.
            returned: what RETURNING brought, None for nothing.
            changed_keys: primary key columns that were set to an expression.
        """
        plan = self.plan
        told: list[str] = []
        brought: list[str] = []
        if returned is not None:
            mapping = returned._mapping
            for column in self._returned_columns(mapping, changed_keys):
                key = plan.key_of[column]
                self._store(obj, plan.slot_of[column], key, mapping[column])
                brought.append(key)
            told += brought
        for name, slot, key in self.prefetched:
            if name in parameters:
                take(obj, slot, key, parameters[name])
                self.uow.generated.add((id(obj), slot))
                told.append(key)
        expired = [
            plan.key_of[c]
            for c in (*self.postfetched, *changed_keys)
            if plan.key_of[c] not in brought
        ]
        if told and self.tells:
            mapper = kernel.layout_of(obj).mapper
            mapper.class_manager.dispatch.refresh_flush(obj, self.uow, told)
        if expired:
            expire_columns(obj, expired)

    def _store(self, obj: Any, slot: int, key: str, value: Any) -> None:
        if slot == self.plan.version_slot:
            take(obj, slot, key, value)  # the next statement goes by it
        else:
            overwrite(self.uow, obj, slot, key, value)


# -- after all tables of a mapper --------------------------------------------------


def needs_completion(mapper: Any) -> bool:
    """Whether objects of a mapper have something left to do after their rows."""
    found = mapper._plans.get("completes")
    if found is None:
        plans = plans_of(mapper)
        found = mapper._plans["completes"] = (
            (
                mapper.base_mapper.eager_defaults is True
                and any(p.eager_keys for p in plans)
            )
            or (mapper.version_id_col is not None and not mapper.version_id_generator)
            or bool(mapper._read_only_keys)
        )
    return bool(found)


def complete(uow: Any, mapper: Any, obj: Any) -> None:
    """Load what must be known at once, and forget what may have changed."""
    if mapper._read_only_keys:
        _expire_expressions(mapper, obj)
    wanted: list[str] = []
    plans = plans_of(mapper)
    if mapper.base_mapper.eager_defaults is True:
        for plan in plans:
            wanted += [k for k in plan.eager_keys if _missing(obj, k)]
    prop = mapper.version_id_prop
    if prop is not None and mapper.version_id_generator is False:
        if _missing(obj, prop.key) and prop.key not in wanted:
            wanted.append(prop.key)
    if wanted:
        load_now(uow, mapper, obj, wanted)


def _missing(obj: Any, key: str) -> bool:
    return kernel.peek_key(obj, key) is UNLOADED


def _expire_expressions(mapper: Any, obj: Any) -> None:
    """Expressions may have other values after a flush; what the user set stays."""
    struct = kernel.state_of(obj)
    originals = struct._o_originals or ()
    is_new = struct._o_key is None
    keys = [
        key
        for key in mapper._read_only_keys
        if key not in originals
        and not (is_new and mapper._props[key].is_query_expression)
        and mapper._props[key].expire_on_flush
        and not (key in mapper._deferred_keys and _missing(obj, key))
    ]
    if keys:
        expire_columns(obj, keys)


def load_now(uow: Any, mapper: Any, obj: Any, keys: Iterable[str]) -> None:
    """SELECT attributes of an object whose row was just written."""
    values = tuple(kernel.peek(obj, s) for s in mapper.layout.pk_slots)
    if any(v is UNLOADED for v in values):
        return
    hooks.load_row(uow.session, mapper, obj, values, frozenset(keys))


def check_version(mapper: Any, obj: Any) -> None:
    """Refuse a row without a version.

    Raises:
        FlushError: when the version is None.
    """
    prop = mapper.version_id_prop
    if kernel.peek_key(obj, prop.key) is None or _missing(obj, prop.key):
        raise FlushError("Instance does not contain a non-NULL version value")
