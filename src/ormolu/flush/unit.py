"""``UnitOfWork``: one flush."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._core.warnings import warn
from .._speedups import flushing
from .._speedups import state as kernel
from ..instrument.impls import distinguish_new
from ..mapping.direction import MANYTOONE
from . import persist
from .dependencies import dependencies_of, key_switches_of
from .dependency import Dependency, is_deleted_here
from .plan_order import run_steps

Registered = flushing.Registered


class UnitOfWork:
    """Collects what a flush saves and deletes, and sends it in order.

    Args:
        session: the session that is flushed.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self.records: dict[int, Registered] = {}
        self.by_mapper: dict[Any, dict[int, Registered]] = {}
        self.post_updates: dict[Any, dict[int, tuple[Any, set[Any]]]] = {}
        self.done_pairs: dict[tuple[str, int], set[tuple[int, int]]] = {}
        self.bases: dict[Any, None] = {}
        self.histories: dict[Dependency, dict[int, tuple[Any, int]]] = {}
        self.added_children: dict[Any, set[int]] = {}
        self.deletes = False
        self._positions: dict[int, int] | None = None
        self.row_switches: dict[int, Any] = {}
        # what was inserted: (table plan, shape of the rows, objects)
        self.inserted: list[tuple[Any, int, list[Any]]] = []
        self.cascaded_keys: set[tuple[int, Any]] = set()
        # ids and attributes of new objects that None was given for
        self.overwritten: set[tuple[int, str]] = set()
        self.generated: set[tuple[int, int]] = set()

    # -- registration --------------------------------------------------------

    def register(
        self,
        obj: Any,
        isdelete: bool = False,
        listonly: bool = False,
        cancel_delete: bool = False,
        operation: str | None = None,
        prop: Any = None,
    ) -> bool:
        """Enter an object; False when it is not in the session.

        A later registration as delete wins over a save, a save over "list only".
        """
        if isdelete:
            self.deletes = True
        record = self.records.get(id(obj))
        if record is None:
            if not self.session._contains(obj):
                self._warn_foreign(obj, operation, prop)
                return False
            mapper = kernel.layout_of(obj).mapper
            record = Registered(obj, mapper, isdelete, listonly)
            self.records[id(obj)] = record
            records = self.by_mapper.get(mapper)
            if records is None:
                records = self.by_mapper[mapper] = {}
                self.bases[mapper.base_mapper] = None
            records[id(obj)] = record
        elif not record.isdelete and isdelete:
            record.isdelete, record.listonly = True, listonly
        elif record.isdelete and cancel_delete:
            record.isdelete = False
        elif record.listonly and not listonly:
            record.listonly = False
        return True

    def _warn_foreign(self, obj: Any, operation: str | None, prop: Any) -> None:
        if operation is None or is_deleted_here(obj):
            return
        warn(
            f"Object of type <{type(obj).__name__}> not in session, {operation} "
            f"operation along '{prop}' will not proceed"
        )

    def is_deleted(self, obj: Any) -> bool:
        """Whether this flush deletes an object."""
        if not self.deletes:
            return False
        record = self.records.get(id(obj))
        return record is not None and record.isdelete

    def remove_actions(self, obj: Any) -> None:
        """Send nothing for an object: another one takes its row over."""
        record = self.records[id(obj)]
        record.listonly = True

    # -- execution -------------------------------------------------------------

    def execute(self) -> None:
        """Work out the order and send everything."""
        active = self._presort()
        if self.by_mapper:
            run_steps(self, list(self.bases), active)

    def _presort(self) -> list[Dependency]:
        """Let relationships register what else takes part, until nothing is new.

        Returns:
            the relationships that have something to do.
        """
        active: dict[Dependency, None] = {}
        changed = True
        while changed:
            changed = False
            for base in list(self.bases):
                changed |= self._presort_hierarchy(base, active)
        return list(active)

    def _presort_hierarchy(self, base: Any, active: dict[Dependency, None]) -> bool:
        """Ask the relationships of a hierarchy about objects that they do not know."""
        questions: dict[Dependency, tuple[list[Any], list[Any]]] = {}
        for mapper in self._mappers_of(base):
            for dependencies, saved, deleted in self._questions(mapper):
                for dependency in dependencies:
                    asked = questions.setdefault(dependency, ([], []))
                    asked[0].extend(saved)
                    asked[1].extend(deleted)
        for dependency, (saved, deleted) in questions.items():
            self._ask(dependency, saved, deleted, active)
        return bool(questions)

    def _mappers_of(self, base: Any) -> list[Any]:
        """The mappers of a hierarchy that have objects here, each before its heirs."""
        if not base._inheriting_mappers:
            return [base] if base in self.by_mapper else []
        return [m for m in base.self_and_descendants if m in self.by_mapper]

    def _questions(
        self, mapper: Any
    ) -> Iterator[tuple[list[Dependency], list[Any], list[Any]]]:
        """Relationships with the new objects of a mapper that they are asked about."""
        dependencies = dependencies_of(mapper)
        watching = key_switches_of(mapper)
        if not dependencies and not watching:
            return
        saved, deleted = self._unseen(mapper)
        if not saved and not deleted:
            return
        if dependencies:
            linked = flushing.linked(saved)  # the others refer to nothing
            if followed := _followed_keys(mapper, dependencies):
                known = {id(o) for o in linked}
                switched = flushing.touching(saved, followed)
                linked += [o for o in switched if id(o) not in known]
            yield dependencies, linked, deleted
        if watching:
            yield watching, saved, deleted

    def _ask(
        self,
        dependency: Dependency,
        saved: list[Any],
        deleted: list[Any],
        active: dict[Dependency, None],
    ) -> None:
        if self.deletes:  # the one before may have found more, or called some off
            saved, deleted = self._sorted_anew(saved, deleted)
        dependency.presort(self, deleted, True)
        dependency.presort(self, saved, False)
        if dependency not in active and (
            dependency.takes_part(self, deleted, True)
            or dependency.takes_part(self, saved, False)
            or dependency.orders(self)
        ):
            active[dependency] = None

    def _sorted_anew(
        self, saved: list[Any], deleted: list[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Objects to be saved and deleted, as they are registered by now."""
        records = self.records
        both = [*saved, *deleted]
        return (
            [obj for obj in both if not records[id(obj)].isdelete],
            [obj for obj in both if records[id(obj)].isdelete],
        )

    def _unseen(self, mapper: Any) -> tuple[list[Any], list[Any]]:
        """Objects to be saved and deleted that were not asked about yet."""
        saved: list[Any] = []
        deleted: list[Any] = []
        for record in self.by_mapper[mapper].values():
            if not record.asked and not record.listonly:
                record.asked = True
                (deleted if record.isdelete else saved).append(record.obj)
        return saved, deleted

    # -- what the steps ask for ------------------------------------------------

    def chosen(self, base: Any, isdelete: bool) -> Iterator[tuple[Any, list[Any]]]:
        """The objects of a hierarchy that are saved or deleted, by mapper."""
        for mapper in self._mappers_of(base):
            objects = [
                r.obj
                for r in self.by_mapper[mapper].values()
                if r.isdelete is isdelete and not r.listonly
            ]
            if objects:
                yield mapper, objects

    def related(self, parent: Any, isdelete: bool) -> list[Any]:
        """Objects with a relationship that are saved (and refer) or deleted."""
        found: list[Any] = []
        for mapper, objects in self.chosen(parent.base_mapper, isdelete):
            if mapper.isa(parent):
                found += objects if isdelete else flushing.linked(objects)
        return found

    def position(self, obj: Any) -> int:
        """The place of an object among all that take part."""
        if self._positions is None or id(obj) not in self._positions:
            self._positions = {key: i for i, key in enumerate(self.records)}
        return self._positions[id(obj)]

    # -- post updates ----------------------------------------------------------

    def add_post_update(self, obj: Any, columns: Iterable[Any]) -> None:
        """Send an UPDATE of some columns after the saves or before the deletes."""
        mapper = kernel.layout_of(obj).mapper
        waiting = self.post_updates.setdefault(mapper, {})
        waiting.setdefault(id(obj), (obj, set()))[1].update(columns)

    def send_post_updates(self, base: Any, isdelete: bool) -> None:
        """Send the UPDATEs that wait: of objects to be deleted, or of the others."""
        for mapper, waiting in self.post_updates.items():
            if mapper.base_mapper is not base:
                continue
            entries = [e for e in waiting.values() if self.is_deleted(e[0]) is isdelete]
            for obj, _ in entries:
                del waiting[id(obj)]
            if entries:
                persist.post_update(self, mapper, entries)

    # -- the end ---------------------------------------------------------------------

    def fail(self) -> None:
        """After a failure, what the database gave to new objects is no change."""
        for plan, shape, objects in self.inserted:
            given = {plan.key_of[c] for c in plan.columns_of_shape(shape)}
            fetched = set(plan.keys).difference(given, plan.elsewhere)
            for obj in objects:
                others = [
                    key
                    for key in fetched
                    if kernel.peek_key(obj, key) is not None
                    and (id(obj), key) not in self.overwritten
                ]
                distinguish_new(obj, others)
        for name in self.row_switches:
            obj = self.records[name].obj
            keys = kernel.layout_of(obj).keys
            distinguish_new(obj, [keys[s] for o, s in self.generated if o == name])

    def finish(self) -> None:
        """Tell the session what is gone and what is persistent now."""
        saved: list[Any] = []
        deleted: list[Any] = []
        for record in self.records.values():
            (deleted if record.isdelete else saved).append(record.obj)
        if deleted:
            self.session._remove_newly_deleted(deleted)
        if saved:
            self.session._register_persistent(saved, self)

    def __iter__(self) -> Iterator[Registered]:
        return iter(self.records.values())


def _followed_keys(mapper: Any, dependencies: list[Dependency]) -> frozenset[str]:
    """Attributes whose change is carried to related objects that are loaded for it."""
    found = mapper._plans.get("followed keys")
    if found is None:
        found = mapper._plans["followed keys"] = frozenset(
            mapper.get_property_by_column(left).key
            for dependency in dependencies
            if not dependency.passive_updates
            and dependency.prop.direction is not MANYTOONE
            for left, _ in dependency.prop.synchronize_pairs
        )
    return found  # type: ignore[no-any-return]
