"""Relationships whose objects themselves carry the foreign key."""

from __future__ import annotations

from typing import Any

from .._speedups import flushing
from .._speedups import state as kernel
from ..instrument.impls import is_object
from . import sync
from .dependency import PASSIVE_NO_INITIALIZE, PASSIVE_OFF, Dependency
from .steps import AddEdge, PostUpdateAll, Step

NO_FETCH_RELATED = PASSIVE_OFF ^ 4


class ManyToOneDependency(Dependency):
    """The object itself carries the foreign key."""

    direction = "ManyToOne"

    def __init__(self, prop: Any) -> None:
        super().__init__(prop)
        self.copies = sync.copies_of(self.mapper, self.parent, self.pairs)

    def _interest(self, isdelete: bool) -> int:
        if isdelete and not self.passive_deletes:
            return NO_FETCH_RELATED
        return PASSIVE_NO_INITIALIZE

    # -- order ---------------------------------------------------------------------

    def order_all(self, add: AddEdge) -> None:
        after_save = self.after_save
        add(self.child_saves, after_save)
        if self.post_update:
            base = self.parent.base_mapper
            before = PostUpdateAll(base, True)
            add(self.parent_saves, after_save)
            add(after_save, PostUpdateAll(base, False))
            add(after_save, before)
            add(self.before_delete, before)
            add(before, self.child_deletes)
            add(before, self.parent_deletes)
            return
        add(after_save, self.parent_saves)
        add(self.parent_saves, self.child_deletes)
        add(self.parent_deletes, self.child_deletes)

    def order_save(
        self, add: AddEdge, relate: Step, save: Step, children: list[Step]
    ) -> None:
        add(relate, save)
        for step in children:
            if step.saves:
                add(step, relate)

    def order_delete(
        self, add: AddEdge, relate: Step, delete: Step, children: list[Step]
    ) -> None:
        for step in children:
            if not step.saves:
                add(delete, step)

    def pending(self, obj: Any, passive: int) -> list[Any]:
        found = super().pending(obj, passive)
        if not found and self._is_given(obj):
            return [None]
        return found

    def _is_given(self, obj: Any) -> bool:
        """Whether there is anything to save, if only that it was deleted."""
        if kernel.peek_key(obj, self.key) is not kernel.UNLOADED:
            return True
        struct = kernel.state_of(obj)
        before = (struct._o_originals or {}).get(self.key, kernel.UNLOADED)
        return struct._o_key is not None and is_object(before)

    # -- what takes part -----------------------------------------------------------

    def presort_delete(self, uow: Any, obj: Any) -> None:
        if not (self.cascade.delete or self.cascade.delete_orphan):
            return
        history = self.history(uow, obj, self.on_delete)
        found = history.sum() if self.cascade.delete_orphan else history.non_deleted()
        for other in found:
            if other is not None:
                self.delete_along(uow, other)

    def presort(self, uow: Any, objects: list[Any], isdelete: bool) -> None:
        # an object that is saved is registered already
        if isdelete or self.cascade.delete_orphan:
            super().presort(uow, objects, isdelete)

    def presort_save(self, uow: Any, obj: Any) -> None:
        for other in self.history(uow, obj, self.on_delete).deleted:
            if other is not None and not self.hasparent(other):
                self.delete_along(uow, other)

    # -- work ----------------------------------------------------------------------

    def process_saves(self, uow: Any, objects: list[Any]) -> None:
        copies = self.copies
        if copies is not None and not self.post_update and copies.are_plain():
            objects = flushing.pull_keys(
                uow.session._tracker,
                self._kept(uow, objects),
                self.key,
                copies.there,
                copies.targets,
                copies.here,
                copies.sources,
                uow.histories.get(self),
            )
        for obj in objects:
            history = self.history(uow, obj, PASSIVE_NO_INITIALIZE)
            if history.added:
                for other in history.added:
                    self._synchronize(uow, obj, other, "add")
            elif history.deleted:
                self._synchronize(uow, obj, None, "delete")
            if self.post_update:
                self.note_post_update(uow, obj, history.sum())

    def _kept(self, uow: Any, objects: list[Any]) -> list[Any]:
        if not uow.deletes:
            return objects
        return [obj for obj in objects if not uow.is_deleted(obj)]

    def process_deletes(self, uow: Any, objects: list[Any]) -> None:
        if (
            not self.post_update
            or self.cascade.delete_orphan
            or self.passive_deletes == "all"
        ):
            return
        for obj in objects:
            sync.clear(obj, self.parent, self.pairs)
            history = self.history(uow, obj, self.on_delete)
            found = [other for other in history.sum() if other is not None]
            self.note_post_update(uow, obj, found)

    def _synchronize(self, uow: Any, obj: Any, other: Any, operation: str) -> None:
        if not self.post_update and uow.is_deleted(obj):
            return
        if other is None:
            sync.clear(obj, self.parent, self.pairs)
            return
        if not uow.session._contains(other):
            self.warn_not_in_session(other, operation)
            return
        self.verify(other)
        sync.populate(other, self.mapper, obj, self.parent, self.pairs)
