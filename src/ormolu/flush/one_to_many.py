"""Relationships whose related objects carry the foreign key."""

from __future__ import annotations

from typing import Any

from .._speedups import flushing
from .._speedups import state as kernel
from ..instrument.history import HISTORY_BLANK, History
from . import sync
from .dependency import PASSIVE_NO_INITIALIZE, PASSIVE_OFF, Dependency
from .steps import AddEdge, PostUpdateAll, Step


class OneToManyDependency(Dependency):
    """The related objects carry the foreign key."""

    direction = "OneToMany"

    def __init__(self, prop: Any) -> None:
        super().__init__(prop)
        self.copies = sync.copies_of(self.parent, self.mapper, self.pairs)

    # -- order ---------------------------------------------------------------------

    def order_all(self, add: AddEdge) -> None:
        after_save, before_delete = self.after_save, self.before_delete
        add(self.parent_saves, after_save)
        if self.post_update:
            self._order_post_updates(add)
            return
        add(after_save, self.child_saves)
        add(after_save, self.child_deletes)
        add(self.child_saves, self.parent_deletes)
        add(self.child_deletes, self.parent_deletes)
        add(before_delete, self.child_saves)
        add(before_delete, self.child_deletes)

    def _order_post_updates(self, add: AddEdge) -> None:
        base = self.mapper.base_mapper
        add(self.child_saves, self.after_save)
        add(self.child_saves, self.before_delete)
        for isdelete in (False, True):
            updates = PostUpdateAll(base, isdelete)
            add(self.after_save, updates)
            add(self.before_delete, updates)
            add(updates, self.parent_deletes)
            add(updates, self.child_deletes)

    def order_save(
        self, add: AddEdge, relate: Step, save: Step, children: list[Step]
    ) -> None:
        add(save, relate)
        for step in children:
            add(relate, step)

    def order_delete(
        self, add: AddEdge, relate: Step, delete: Step, children: list[Step]
    ) -> None:
        for step in children:
            add(relate, step)
            add(step, delete)

    # -- what takes part -----------------------------------------------------------

    def takes_part(self, uow: Any, objects: list[Any], isdelete: bool) -> bool:
        if not isdelete or not self.passive_deletes:
            return super().takes_part(uow, objects, isdelete)
        return any(not self._history_at_end(uow, obj).empty() for obj in objects)

    def _history_at_end(self, uow: Any, obj: Any) -> History:
        """The history of an object that is deleted.

        What waits for a collection that its deletion does not load is none of it.
        """
        if self.passive_deletes and self._only_waits(obj):
            return HISTORY_BLANK
        return self.history(uow, obj, self.on_delete)

    def presort_delete(self, uow: Any, obj: Any) -> None:
        history = self._history_at_end(uow, obj)
        for child in history.deleted:
            if child is not None and not self.hasparent(child):
                if self.cascade.delete_orphan:
                    uow.register(child, isdelete=True)
                else:
                    uow.register(child)
        if not self.cascade.delete and self.passive_deletes != "all":
            for child in history.unchanged:
                if child is not None:
                    uow.register(child, operation="delete", prop=self.prop)

    def presort_save(self, uow: Any, obj: Any) -> None:
        pks_changed = self.pks_changed(obj)
        loads = pks_changed and not self.passive_updates
        history = self.history(
            uow, obj, PASSIVE_OFF if loads else PASSIVE_NO_INITIALIZE
        )
        records = uow.records
        for child in history.added:
            record = records.get(id(child))
            if child is None or (record is not None and record.is_saved):
                continue
            uow.register(child, cancel_delete=True, operation="add", prop=self.prop)
        if history.added:
            added = uow.added_children.setdefault(self, set())
            added.update(map(id, history.added))
        for child in history.deleted:
            if child is None:
                continue
            if not self.cascade.delete_orphan:
                if self.passive_deletes != "all":
                    uow.register(child, operation="delete", prop=self.prop)
            elif not self.hasparent(child):
                self.delete_along(uow, child)
        if pks_changed:
            for child in history.unchanged:
                if child is not None:
                    uow.register(
                        child,
                        False,
                        self.passive_updates,
                        operation="pk change",
                        prop=self.prop,
                    )

    # -- work ----------------------------------------------------------------------

    def process_deletes(self, uow: Any, objects: list[Any]) -> None:
        """The children that stay lose their foreign key."""
        if self.passive_deletes == "all" and not self.post_update:
            return
        added = uow.added_children.get(self, ())
        for obj in objects:
            history = self._history_at_end(uow, obj)
            for child in history.deleted:
                if child is not None and not self.hasparent(child):
                    self._clear_deleted(uow, obj, child)
            if self.post_update or not self.cascade.delete:
                for child in history.unchanged:
                    if child is not None and id(child) not in added:
                        self._clear_deleted(uow, obj, child)

    def _clear_deleted(self, uow: Any, obj: Any, child: Any) -> None:
        self._synchronize(uow, obj, child, clear=True)
        if self.post_update:
            self.note_post_update(uow, child, [obj])

    def process_saves(self, uow: Any, objects: list[Any]) -> None:
        keeps = self.cascade.delete_orphan or self.passive_deletes == "all"
        for obj in objects:
            if self.self_referential and self._only_waits(obj):
                continue  # as in SQLAlchemy, that is no change within a class
            history = self.history(uow, obj, PASSIVE_NO_INITIALIZE)
            for child in self._copied(uow, obj, history.added):
                self._synchronize(uow, obj, child)
                if child is not None and self.post_update:
                    self.note_post_update(uow, child, [obj])
            for child in () if keeps else history.deleted:
                if child is not None and not self.hasparent(child):
                    self._clear_deleted(uow, obj, child)
            if history.unchanged and self.pks_changed(obj):
                for child in history.unchanged:
                    self._synchronize(uow, obj, child, pks_changed=True)

    def _only_waits(self, obj: Any) -> bool:
        """Whether all changes of a collection wait for it to be loaded."""
        extras = kernel.state_of(obj)._o_extras
        return extras is not None and self.key in extras.get("pending", ())

    def _copied(self, uow: Any, obj: Any, children: Any) -> Any:
        """Let the kernel copy keys; the children that it has left."""
        copies = self.copies
        if not children or copies is None or self.post_update:
            return children
        if not copies.are_plain():
            return children
        if uow.deletes:
            children = [c for c in children if c is None or not uow.is_deleted(c)]
        return flushing.push_keys(
            obj,
            list(children),
            copies.here,
            copies.sources,
            copies.there,
            copies.targets,
        )

    def _synchronize(
        self,
        uow: Any,
        obj: Any,
        child: Any,
        clear: bool = False,
        pks_changed: bool = False,
    ) -> None:
        self.verify(child)
        if child is None or (not self.post_update and uow.is_deleted(child)):
            return
        if clear:
            sync.clear(child, self.mapper, self.pairs)
            return
        cascaded = uow.cascaded_keys if pks_changed and self.passive_updates else None
        sync.populate(obj, self.parent, child, self.mapper, self.pairs, cascaded)
