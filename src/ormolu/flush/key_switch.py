"""Changed keys that many-to-one relationships without an other side refer to."""

from __future__ import annotations

from typing import Any

from .._speedups import flushing
from . import sync
from .dependency import LOAD_NO_INIT, PASSIVE_NO_INITIALIZE, Dependency
from .steps import AddEdge, RelateAll, Step


class KeySwitchDependency(Dependency):
    """Finds the objects that refer to one whose key has changed.

    It belongs to the class that is referred to, and searches the whole session, though
    only when a key did change.
    """

    direction = "KeySwitch"

    def __init__(self, prop: Any) -> None:
        super().__init__(prop)
        self.watched = frozenset(
            self.mapper.get_property_by_column(left).key for left, _ in self.pairs
        )

    def switched(self, objects: list[Any]) -> list[Any]:
        """The objects whose key has changed."""
        return [
            obj
            for obj in flushing.touching(objects, self.watched)
            if sync.source_modified(obj, self.mapper, self.pairs)
        ]

    def participants(self, uow: Any, isdelete: bool) -> list[Any]:
        found: list[Any] = []
        for mapper, objects in uow.chosen(self.mapper.base_mapper, isdelete):
            if mapper.isa(self.mapper):
                found += self.switched(objects)
        return found

    def takes_part(self, uow: Any, objects: list[Any], isdelete: bool) -> bool:
        return self.passive_updates and not isdelete and bool(self.switched(objects))

    def orders(self, uow: Any) -> bool:
        return False

    def order_all(self, add: AddEdge) -> None:
        add(self.child_saves, self.after_save)
        add(self.parent_saves, self.after_save)

    def taken_apart(self, cycles: set[Step]) -> list[RelateAll]:
        return []

    def presort(self, uow: Any, objects: list[Any], isdelete: bool) -> None:
        if not isdelete and not self.passive_updates:
            self._follow(uow, self.switched(objects))

    def process_saves(self, uow: Any, objects: list[Any]) -> None:
        self._follow(uow, self.switched(objects))

    def _follow(self, uow: Any, switched: list[Any]) -> None:
        if not switched:
            return
        targets = {id(obj): obj for obj in switched}
        passive = PASSIVE_NO_INITIALIZE if self.passive_updates else LOAD_NO_INIT
        cascaded = uow.cascaded_keys if self.passive_updates else None
        for obj in uow.session._tracker.objects():
            if not isinstance(obj, self.parent.class_):
                continue
            for other in self.prop._current(self.impl, obj, passive):
                if id(other) in targets:
                    uow.register(obj, False, self.passive_updates)
                    sync.populate(
                        other, self.mapper, obj, self.parent, self.pairs, cascaded
                    )


def watches(prop: Any) -> bool:
    """Whether nobody but a search finds what refers along a relationship."""
    if not prop._reverse_property:
        return True
    if prop.passive_updates:
        return False
    return not all(other.passive_updates for other in prop._reverse_property)
