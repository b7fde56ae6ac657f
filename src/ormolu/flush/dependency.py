"""What a relationship means for a flush, whatever its direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._core.warnings import warn
from .._speedups import state as kernel
from ..exc import FlushError
from ..instrument.flags import LOAD_AGAINST_COMMITTED, NO_RAISE
from ..instrument.history import HISTORY_BLANK, History
from . import sync
from .steps import (
    AddEdge,
    DeleteAll,
    DeleteOne,
    RelateAll,
    RelateOne,
    SaveAll,
    SaveOne,
    Step,
)

PASSIVE_NO_INITIALIZE = 22
PASSIVE_OFF = 31
INIT_OK = 8
SQL_OK = 2
INCLUDE_PENDING = 512
LOAD_NO_INIT = PASSIVE_OFF ^ INIT_OK
FLUSH_FLAGS = INCLUDE_PENDING | LOAD_AGAINST_COMMITTED | NO_RAISE


class Dependency:
    """One relationship in the unit of work."""

    def __init__(self, prop: Any) -> None:
        self.prop = prop
        self.key: str = prop.key
        self.parent = prop.parent
        self.mapper = prop.mapper
        self.cascade = prop.cascade
        self.post_update = prop.post_update
        self.passive_deletes = prop.passive_deletes
        self.passive_updates = prop.passive_updates
        self.enable_typechecks = prop.enable_typechecks
        self.pairs = prop.synchronize_pairs
        self.self_referential = prop.mapper.common_parent(prop.parent)
        self.impl = prop.parent.class_manager[prop.key].impl
        self._fitting: set[Any] = set()
        self.sort_key = f"{self.parent._sort_key}_{prop.key}"
        # in full: of a deleted collection the members, too
        self.on_delete = PASSIVE_NO_INITIALIZE if self.passive_deletes else PASSIVE_OFF

    direction = ""

    def __repr__(self) -> str:
        return f"_{self.direction}DP({self.prop})"

    # -- what takes part -----------------------------------------------------------

    def presort(self, uow: Any, objects: list[Any], isdelete: bool) -> None:
        """Register what must be saved or deleted along with objects."""
        for obj in objects:
            if isdelete:
                self.presort_delete(uow, obj)
            else:
                self.presort_save(uow, obj)

    def presort_save(self, uow: Any, obj: Any) -> None:
        """Register what must be saved or deleted because ``obj`` is saved."""

    def presort_delete(self, uow: Any, obj: Any) -> None:
        """Register what must be saved or deleted because ``obj`` is deleted."""

    def takes_part(self, uow: Any, objects: list[Any], isdelete: bool) -> bool:
        """Whether the relationship has something to do for some objects."""
        passive = self._interest(isdelete)
        return any(not self.history(uow, obj, passive).empty() for obj in objects)

    def orders(self, uow: Any) -> bool:
        """Whether objects of both of its sides are there, which it puts into order."""
        return not self.self_referential and self.mapper.base_mapper in uow.bases

    def _interest(self, isdelete: bool) -> int:
        return self.on_delete if isdelete else PASSIVE_NO_INITIALIZE

    def participants(self, uow: Any, isdelete: bool) -> list[Any]:
        """The objects whose keys are copied or cleared."""
        return uow.related(self.parent, isdelete)  # type: ignore[no-any-return]

    # -- order ---------------------------------------------------------------------

    @property
    def after_save(self) -> RelateAll:
        return RelateAll(self, False)

    @property
    def before_delete(self) -> RelateAll:
        return RelateAll(self, True)

    @property
    def parent_saves(self) -> SaveAll:
        return SaveAll(self.parent.base_mapper)

    @property
    def parent_deletes(self) -> DeleteAll:
        return DeleteAll(self.parent.base_mapper)

    @property
    def child_saves(self) -> SaveAll:
        return SaveAll(self.mapper.base_mapper)

    @property
    def child_deletes(self) -> DeleteAll:
        return DeleteAll(self.mapper.base_mapper)

    def order_all(self, add: AddEdge) -> None:
        """Put the steps of the mappers into order: ``add(first, second)``."""

    def taken_apart(self, cycles: set[Step]) -> list[RelateAll]:
        """The own steps that `order_each` replaces by steps for single objects."""
        if self.post_update:
            return []
        own = ((self.parent_saves, False), (self.parent_deletes, True))
        return [RelateAll(self, how) for saves, how in own if saves in cycles]

    def order_each(
        self, uow: Any, cycles: set[Step], add: AddEdge
    ) -> Iterator[RelateOne]:
        """Put the steps of single objects into order, for a parent in a cycle.

        Yields:
            the own steps, also where nothing must come before or after them.
        """
        by_child = self.child_saves in cycles
        for step in self.taken_apart(cycles):
            isdelete = step.isdelete
            order = self.order_delete if isdelete else self.order_save
            for obj in uow.related(self.parent, isdelete):
                passive = self.on_delete if isdelete else PASSIVE_NO_INITIALIZE
                found = self.pending(obj, passive)
                if found:
                    children = (
                        self._steps_of(uow, found)
                        if by_child
                        else [self.child_saves, self.child_deletes]
                    )
                    record = uow.records[id(obj)]
                    own = (DeleteOne if isdelete else SaveOne)(uow, record.mapper, obj)
                    relate = RelateOne(uow, self, isdelete, obj)
                    order(add, relate, own, children)
                    yield relate

    def order_save(
        self, add: AddEdge, relate: Step, save: Step, children: list[Step]
    ) -> None:
        """Put an object that is saved into order with those that it refers to.

        Args:
            children: the steps that save or delete those.
        """

    def order_delete(
        self, add: AddEdge, relate: Step, delete: Step, children: list[Step]
    ) -> None:
        """Put an object that is deleted into order with those that it refers to."""

    def _steps_of(self, uow: Any, objects: list[Any]) -> list[Step]:
        """The steps of the objects that an object is or was related to."""
        found: list[Step] = []
        for other in objects:
            record = None if other is None else uow.records.get(id(other))
            if record is None:
                continue
            make = DeleteOne if record.isdelete else SaveOne
            found.append(make(uow, record.mapper, other))
        return found

    def pending(self, obj: Any, passive: int) -> list[Any]:
        """The objects that an object is or was related to; None for nobody."""
        impl = kernel.layout_of(obj).attributes[self.key].impl
        found: list[Any] = impl.get_all_pending(obj, passive | NO_RAISE)
        return found

    # -- work ----------------------------------------------------------------------

    def process(self, uow: Any, objects: list[Any], isdelete: bool) -> None:
        """Copy or clear keys for objects that are saved or deleted."""
        if isdelete:
            self.process_deletes(uow, objects)
        else:
            self.process_saves(uow, objects)

    def process_saves(self, uow: Any, objects: list[Any]) -> None:
        """Copy keys for objects that are saved."""

    def process_deletes(self, uow: Any, objects: list[Any]) -> None:
        """Clear keys for objects that are deleted."""

    # -- helpers -------------------------------------------------------------------

    def history(self, uow: Any, obj: Any, passive: int) -> History:
        """The relationship's history; what was found once holds for the flush."""
        memo = uow.histories.get(self)
        if memo is None:
            memo = uow.histories[self] = {}
        name = id(obj)
        found = memo.get(name)
        if found is not None and (found[1] or not passive & SQL_OK):
            return found[0]  # type: ignore[no-any-return]
        if passive == PASSIVE_NO_INITIALIZE and self._untouched(obj):
            return HISTORY_BLANK
        impl = kernel.layout_of(obj).attributes[self.key].impl
        history: History = impl.get_history(obj, passive | FLUSH_FLAGS)
        memo[name] = (history, passive & SQL_OK)
        return history

    def _untouched(self, obj: Any) -> bool:
        """Whether nothing of the relationship is in memory."""
        struct = kernel.state_of(obj)
        if struct._o_originals and self.key in struct._o_originals:
            return False
        extras = struct._o_extras
        if extras and "pending" in extras and self.key in extras["pending"]:
            return False
        return kernel.peek_key(obj, self.key) is kernel.UNLOADED

    def hasparent(self, child: Any) -> bool:
        return bool(self.impl.hasparent(child))

    def pks_changed(self, obj: Any) -> bool:
        return sync.source_modified(obj, self.parent, self.pairs)

    def delete_along(self, uow: Any, child: Any) -> None:
        """Delete an orphan, and what its deletion cascades to."""
        uow.register(child, isdelete=True, operation="delete", prop=self.prop)
        mapper = kernel.layout_of(child).mapper  # that of a subclass cascades further
        for other in mapper.cascaded("delete", child):
            uow.register(other, isdelete=True)

    def note_post_update(self, uow: Any, obj: Any, related: Iterable[Any]) -> None:
        """Send an UPDATE of the foreign key later, if something is related at all."""
        for _ in related:
            uow.add_post_update(obj, [right for _, right in self.pairs])
            break

    def warn_not_in_session(self, other: Any, operation: str) -> None:
        """Say that a related object is left out."""
        warn(
            f"Object of type <{type(other).__name__}> not in session, {operation} "
            f"operation along '{self.prop}' won't proceed"
        )

    def verify(self, child: Any) -> None:
        """Refuse an object that the relationship cannot hold.

        Raises:
            FlushError: for None in a collection, or an object of another class.
        """
        if child is None:
            if self.prop.uselist:
                raise FlushError(
                    f"Can't flush None value found in collection {self.prop}"
                )
            return
        mapper = kernel.layout_of(child).mapper
        if mapper in self._fitting:
            return
        if mapper is not self.mapper:
            self._verify_class(mapper)
        self._fitting.add(mapper)

    def _verify_class(self, mapper: Any) -> None:
        """Refuse another class, also a subclass that would be loaded as its parent."""
        expected = self.mapper.class_
        is_subclass = mapper.isa(self.mapper)
        if is_subclass and (
            self.mapper.polymorphic_on is not None or not self.enable_typechecks
        ):
            return
        text = (
            f"Attempting to flush an item of type {mapper.class_} as a member of "
            f'collection "{self.prop}". Expected an object of type {expected!r} or a '
            "polymorphic subclass of this type."
        )
        if is_subclass:
            text += (
                f" If {mapper.class_} is a subclass of {expected!r}, configure mapper "
                f'"{self.mapper}" to load this subtype polymorphically, or set '
                "enable_typechecks=False to allow any subtype to be accepted for "
                "flush. "
            )
        raise FlushError(text)


def is_deleted_here(obj: Any) -> bool:
    """Whether an object was deleted by a session that still keeps it."""
    struct = kernel.state_of(obj)
    return bool(struct._o_flags & kernel.DELETED) and struct._o_home is not None
