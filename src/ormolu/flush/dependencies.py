"""What a relationship means for a flush: who is saved first, which keys are copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import util as sa_util

from .._speedups import state as kernel
from ..exc import FlushError, StaleDataError
from ..instrument.history import HISTORY_BLANK, History
from ..mapping.direction import MANYTOMANY, MANYTOONE, ONETOMANY
from . import sync

PASSIVE_NO_INITIALIZE = 22
PASSIVE_OFF = 31
INIT_OK = 8
INCLUDE_PENDING = 512
LOAD_NO_INIT = PASSIVE_OFF ^ INIT_OK


class Dependency:
    """One relationship in the unit of work; the steps are called per object."""

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
        self.impl = prop.parent.class_manager[prop.key].impl
        # a collection that is never loaded shows its rows only when asked in full
        self.load_passive = PASSIVE_OFF if self.impl.dynamic else LOAD_NO_INIT

    def edge(self) -> tuple[Any, Any] | None:
        """(mapper saved first, mapper that refers to it); None when neither."""
        return None

    def object_edges(self, uow: Any, obj: Any) -> Iterator[tuple[Any, Any]]:
        """(object saved first, object that refers to it) through this relationship."""
        return iter(())

    def presort_save(self, uow: Any, obj: Any) -> None:
        """Register what must be saved or deleted because ``obj`` is saved."""

    def presort_delete(self, uow: Any, obj: Any) -> None:
        """Register what must be saved or deleted because ``obj`` is deleted."""

    def before_saves(self, uow: Any, obj: Any) -> None:
        """For a deleted object, before anything is saved."""

    def before_save(self, uow: Any, obj: Any) -> None:
        """Before the object itself is saved."""

    def after_save(self, uow: Any, obj: Any) -> None:
        """After the object itself was saved."""

    def after_all_saves(self, uow: Any, obj: Any) -> None:
        """For a saved object, after everything was saved."""

    def before_deletes(self, uow: Any, obj: Any) -> None:
        """For a deleted object, before anything is deleted."""

    # -- helpers -----------------------------------------------------------------

    def history(self, obj: Any, passive: int) -> History:
        """The relationship's history for an object of the mapper or a subclass."""
        if passive == PASSIVE_NO_INITIALIZE and self._untouched(obj):
            return HISTORY_BLANK
        impl = kernel.layout_of(obj).attributes[self.key].impl
        found: History = impl.get_history(obj, passive | INCLUDE_PENDING)
        return found

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
        return sync.source_modified(obj, self.parent, self.prop.synchronize_pairs)

    def _refuse_none(self) -> None:
        raise FlushError(f"Can't flush None value found in collection {self.prop}")

    def verify(self, child: Any) -> None:
        """Refuse an object that the relationship cannot hold."""
        if not self.enable_typechecks or child is None:
            return
        mapper = kernel.layout_of(child).mapper
        if not mapper.isa(self.mapper):
            raise FlushError(
                f"Attempting to flush an item of type {type(child)} as a member of "
                f'collection "{self.prop}". Expected an object of type '
                f"{self.mapper.class_!r} or a polymorphic subclass of this type."
            )


class OneToManyDependency(Dependency):
    """The related objects carry the foreign key."""

    def edge(self) -> tuple[Any, Any] | None:
        if self.post_update:
            return None
        return self.parent.base_mapper, self.mapper.base_mapper

    def object_edges(self, uow: Any, obj: Any) -> Iterator[tuple[Any, Any]]:
        if self.post_update:
            return
        for child in self.history(obj, PASSIVE_NO_INITIALIZE).sum():
            if child is not None:
                yield obj, child

    def presort_delete(self, uow: Any, obj: Any) -> None:
        should_null = not self.cascade.delete and self.passive_deletes != "all"
        passive = PASSIVE_NO_INITIALIZE if self.passive_deletes else self.load_passive
        history = self.history(obj, passive)
        for child in history.deleted:
            if child is not None and not self.hasparent(child):
                if self.cascade.delete_orphan:
                    uow.register(child, isdelete=True)
                else:
                    uow.register(child)
        if self.cascade.delete or self.cascade.delete_orphan:
            for child in history.unchanged:
                if child is not None and self.cascade.delete:
                    uow.register(child, isdelete=True)
                elif child is not None and should_null:
                    uow.register(child, operation="delete", prop=self.prop)
        elif should_null:
            for child in history.unchanged:
                if child is not None:
                    uow.register(child, operation="delete", prop=self.prop)

    def presort_save(self, uow: Any, obj: Any) -> None:
        pks_changed = self.pks_changed(obj)
        passive = (
            self.load_passive
            if pks_changed and not self.passive_updates
            else PASSIVE_NO_INITIALIZE
        )
        history = self.history(obj, passive)
        if history is HISTORY_BLANK:
            return
        for child in history.added:
            if child is not None:
                uow.register(child, cancel_delete=True, operation="add", prop=self.prop)
            elif self.prop.uselist:
                self._refuse_none()
        for child in history.deleted:
            if child is None:
                continue
            if not self.cascade.delete_orphan:
                uow.register(child, operation="remove", prop=self.prop)
            elif not self.hasparent(child):
                uow.register(child, isdelete=True, operation="delete", prop=self.prop)
                for other in self.mapper.cascade_iterator("delete", child):
                    uow.register(other, isdelete=True)
        if pks_changed:
            for child in history.unchanged:
                if child is not None:
                    uow.register(child, False, self.passive_updates)

    def before_saves(self, uow: Any, obj: Any) -> None:
        """A deleted parent: the children that stay lose their foreign key."""
        if self.post_update or self.passive_deletes == "all":
            if self.post_update:
                self._post_update_delete(uow, obj)
            return
        history = self.history(obj, PASSIVE_NO_INITIALIZE)
        for child in history.deleted:
            if child is not None and not self.hasparent(child):
                self._synchronize(uow, obj, child, clear=True)
        if not self.cascade.delete:
            for child in history.unchanged:
                if child is not None:
                    self._synchronize(uow, obj, child, clear=True)

    def _post_update_delete(self, uow: Any, obj: Any) -> None:
        history = self.history(obj, PASSIVE_NO_INITIALIZE)
        columns = [r for _, r in self.prop.synchronize_pairs]
        for child in [*history.deleted, *history.unchanged]:
            if child is not None:
                self._synchronize(uow, obj, child, clear=True)
                uow.add_post_update(child, columns)

    def after_save(self, uow: Any, obj: Any) -> None:
        history = self.history(obj, PASSIVE_NO_INITIALIZE)
        if history is HISTORY_BLANK:
            return
        columns = [r for _, r in self.prop.synchronize_pairs]
        for child in history.added:
            self._synchronize(uow, obj, child)
            if child is not None and self.post_update:
                uow.add_post_update(child, columns)
        for child in history.deleted:
            if child is None:
                continue
            if not self.cascade.delete_orphan and not self.hasparent(child):
                self._synchronize(uow, obj, child, clear=True)
                if self.post_update:
                    uow.add_post_update(child, columns)
        if self.pks_changed(obj):
            for child in history.unchanged:
                self._synchronize(uow, obj, child)

    def _synchronize(self, uow: Any, obj: Any, child: Any, clear: bool = False) -> None:
        self.verify(child)
        if child is None or (not self.post_update and uow.is_deleted(child)):
            return
        if clear:
            sync.clear(child, self.mapper, self.prop.synchronize_pairs)
        else:
            sync.populate(
                obj, self.parent, child, self.mapper, self.prop.synchronize_pairs
            )


class ManyToOneDependency(Dependency):
    """The object itself carries the foreign key."""

    def edge(self) -> tuple[Any, Any] | None:
        if self.post_update:
            return None
        return self.mapper.base_mapper, self.parent.base_mapper

    def object_edges(self, uow: Any, obj: Any) -> Iterator[tuple[Any, Any]]:
        if self.post_update:
            return
        passive = PASSIVE_NO_INITIALIZE
        for other in self.history(obj, passive).sum():
            if other is not None:
                yield other, obj

    def presort_delete(self, uow: Any, obj: Any) -> None:
        if not (self.cascade.delete or self.cascade.delete_orphan):
            return
        passive = PASSIVE_NO_INITIALIZE if self.passive_deletes else self.load_passive
        history = self.history(obj, passive)
        found = list(history.non_deleted())
        if self.cascade.delete_orphan:
            found = history.sum()
        for other in found:
            if other is None:
                continue
            uow.register(other, isdelete=True, operation="delete", prop=self.prop)
            for more in self.mapper.cascade_iterator("delete", other):
                uow.register(more, isdelete=True)

    def presort_save(self, uow: Any, obj: Any) -> None:
        uow.register(obj, operation="add", prop=self.prop)
        if not self.cascade.delete_orphan:
            return
        for other in self.history(obj, PASSIVE_NO_INITIALIZE).deleted:
            if other is None or self.hasparent(other):
                continue
            uow.register(other, isdelete=True, operation="delete", prop=self.prop)
            for more in self.mapper.cascade_iterator("delete", other):
                uow.register(more, isdelete=True)

    def before_save(self, uow: Any, obj: Any) -> None:
        if self.post_update:
            return
        self._process_save(uow, obj)

    def _process_save(self, uow: Any, obj: Any) -> None:
        history = self.history(obj, PASSIVE_NO_INITIALIZE)
        if history is HISTORY_BLANK:
            return
        if history.added:
            for other in history.added:
                self._synchronize(uow, obj, other)
        elif history.deleted:
            sync.clear(obj, self.parent, self.prop.synchronize_pairs)

    def after_all_saves(self, uow: Any, obj: Any) -> None:
        if self.post_update:
            history = self.history(obj, PASSIVE_NO_INITIALIZE)
            self._process_save(uow, obj)
            if history.added or history.deleted:
                columns = [r for _, r in self.prop.synchronize_pairs]
                uow.add_post_update(obj, columns)

    def before_deletes(self, uow: Any, obj: Any) -> None:
        if (
            self.post_update
            and not self.cascade.delete_orphan
            and self.passive_deletes != "all"
        ):
            sync.clear(obj, self.parent, self.prop.synchronize_pairs)
            columns = [r for _, r in self.prop.synchronize_pairs]
            uow.add_post_update(obj, columns)

    def _synchronize(self, uow: Any, obj: Any, other: Any) -> None:
        if other is None:
            sync.clear(obj, self.parent, self.prop.synchronize_pairs)
            return
        if not uow.session._contains(other):
            sa_util.warn(
                f"Object of type <{type(other).__name__}> not in session, add "
                f"operation along '{self.prop}' won't proceed"
            )
            return
        self.verify(other)
        sync.populate(other, self.mapper, obj, self.parent, self.prop.synchronize_pairs)


class ManyToManyDependency(Dependency):
    """Rows of an association table connect the objects."""

    def presort_delete(self, uow: Any, obj: Any) -> None:
        if not self.passive_deletes:
            self.history(obj, self.load_passive)
        history = self.history(obj, PASSIVE_NO_INITIALIZE)
        if self.cascade.delete:
            for child in history.non_added():
                if child is not None:
                    uow.register(child, isdelete=True)

    def presort_save(self, uow: Any, obj: Any) -> None:
        if not self.passive_updates and self.pks_changed(obj):
            self.history(obj, self.load_passive)
        history = self.history(obj, PASSIVE_NO_INITIALIZE)
        if any(child is None for child in history.added):
            self._refuse_none()
        if not self.cascade.delete_orphan:
            return
        for child in history.deleted:
            if child is not None and not self.hasparent(child):
                uow.register(child, isdelete=True)
                for other in self.mapper.cascade_iterator("delete", child):
                    uow.register(other, isdelete=True)

    def after_all_saves(self, uow: Any, obj: Any) -> None:
        passive = PASSIVE_NO_INITIALIZE
        changed = self.pks_changed(obj) and not self.passive_updates
        history = self.history(obj, self.load_passive if changed else passive)
        inserts: list[dict[str, Any]] = []
        deletes: list[dict[str, Any]] = []
        updates: list[dict[str, Any]] = []
        for child in history.added:
            if child is None or self._done(uow, obj, child):
                continue
            pair = self._pair(uow, obj, child, "add")
            if pair is not None:
                inserts.append(pair)
        for child in history.deleted:
            if child is None or self._done(uow, obj, child):
                continue
            pair = self._pair(uow, obj, child, "delete", "old_")
            if pair is not None:
                deletes.append(pair)
        if changed:
            for child in history.unchanged:
                pairs = self.prop.synchronize_pairs
                updates.append(
                    {
                        **sync.pair_values(obj, self.parent, pairs),
                        **sync.old_pair_values(obj, self.parent, pairs, "old_"),
                        **sync.old_pair_values(
                            child,
                            self.mapper,
                            self.prop.secondary_synchronize_pairs,
                            "old_",
                        ),
                    }
                )
        self._run(uow, inserts, updates, deletes)

    def before_deletes(self, uow: Any, obj: Any) -> None:
        history = self.history(obj, PASSIVE_NO_INITIALIZE)
        deletes = []
        for child in history.non_added():
            if child is None or self._done(uow, obj, child):
                continue
            pair = self._pair(uow, obj, child, "delete", "old_")
            if pair is not None:
                deletes.append(pair)
        self._run(uow, [], [], deletes)

    def _done(self, uow: Any, obj: Any, child: Any) -> bool:
        """Whether the other side of the relationship has sent the row already."""
        key = (id(self.prop), id(obj), id(child))
        if key in uow.done_pairs:
            return True
        for reverse in self.prop._reverse_property:
            uow.done_pairs.add((id(reverse), id(child), id(obj)))
        return False

    def _pair(
        self, uow: Any, obj: Any, child: Any, operation: str, prefix: str = ""
    ) -> dict[str, Any] | None:
        self.verify(child)
        if operation == "add" and not uow.session._contains(child):
            if not kernel.state_of(child)._o_flags & kernel.DELETED:
                sa_util.warn(
                    f"Object of type <{type(child).__name__}> not in session, "
                    f"{operation} operation along '{self.prop}' won't proceed"
                )
            return None
        prop = self.prop
        if prefix:
            return {
                **sync.old_pair_values(
                    obj, self.parent, prop.synchronize_pairs, prefix
                ),
                **sync.old_pair_values(
                    child, self.mapper, prop.secondary_synchronize_pairs, prefix
                ),
            }
        return {
            **sync.pair_values(obj, self.parent, prop.synchronize_pairs),
            **sync.pair_values(child, self.mapper, prop.secondary_synchronize_pairs),
        }

    def _run(
        self,
        uow: Any,
        inserts: list[dict[str, Any]],
        updates: list[dict[str, Any]],
        deletes: list[dict[str, Any]],
    ) -> None:
        if not (inserts or updates or deletes):
            return
        table = self.prop.secondary
        connection = uow.session._connection_for(self.parent)
        if deletes:
            statement = table.delete().where(*_equalities(table, deletes[0], "old_"))
            result = connection.execute(statement, deletes)
            _check_count(result, table, "DELETE", "delete", len(deletes))
        if updates:
            statement = table.update().where(*_equalities(table, updates[0], "old_"))
            result = connection.execute(statement, updates)
            _check_count(result, table, "UPDATE", "update", len(updates))
        if inserts:
            connection.execute(table.insert(), inserts)


def _equalities(table: Any, row: dict[str, Any], prefix: str) -> list[Any]:
    return [
        column == bindparam(prefix + column.key, type_=column.type)
        for column in table.c
        if prefix + column.key in row
    ]


def _check_count(
    result: Any, table: Any, verb: str, action: str, expected: int
) -> None:
    if (
        result.supports_sane_multi_rowcount()
        and result.rowcount != expected
        and result.rowcount >= 0
    ):
        raise StaleDataError(
            f"{verb} statement on table '{table.description}' expected to {action} "
            f"{expected} row(s); Only {result.rowcount} were matched."
        )


CLASSES = {
    ONETOMANY: OneToManyDependency,
    MANYTOONE: ManyToOneDependency,
    MANYTOMANY: ManyToManyDependency,
}


def dependencies_of(mapper: Any) -> list[Dependency]:
    """The relationships of a mapper that take part in a flush."""
    found = mapper._plans.get("dependencies")
    if found is None:
        found = mapper._plans["dependencies"] = [
            CLASSES[prop.direction](prop)
            for prop in mapper._relationship_props
            if not prop.viewonly
        ]
    return found  # type: ignore[no-any-return]
