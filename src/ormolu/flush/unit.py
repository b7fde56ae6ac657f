"""``UnitOfWork``: one flush."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import util as sa_util

from .._speedups import flushing
from .._speedups import state as kernel
from . import persist
from .dependencies import Dependency, dependencies_of
from .order import components, levels


class Registered:
    """An object that takes part in a flush.

    Attributes:
        isdelete: it is deleted instead of saved.
        listonly: it only takes part in ordering; nothing is sent for it.
    """

    __slots__ = ("isdelete", "listonly", "mapper", "obj")

    def __init__(self, obj: Any, mapper: Any, isdelete: bool, listonly: bool) -> None:
        self.obj = obj
        self.mapper = mapper
        self.isdelete = isdelete
        self.listonly = listonly


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
        self.done_pairs: set[tuple[Any, ...]] = set()
        self._presorted: set[tuple[int, int, bool]] = set()
        self.row_switches: dict[int, Any] = {}
        self.cascaded_keys: set[tuple[int, Any]] = set()
        self._linked: dict[int, Any] = {}

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
        record = self.records.get(id(obj))
        if record is None:
            if not self.session._contains(obj):
                self._warn_foreign(obj, operation, prop)
                return False
            mapper = kernel.layout_of(obj).mapper
            record = Registered(obj, mapper, isdelete, listonly)
            self.records[id(obj)] = record
            self.by_mapper.setdefault(mapper, {})[id(obj)] = record
        elif not record.isdelete and isdelete:
            record.isdelete, record.listonly = True, listonly
        elif record.isdelete and cancel_delete:
            record.isdelete = False
        elif record.listonly and not listonly:
            record.listonly = False
        return True

    def _warn_foreign(self, obj: Any, operation: str | None, prop: Any) -> None:
        struct = kernel.state_of(obj)
        if struct._o_flags & kernel.DELETED or operation is None:
            return
        sa_util.warn(
            f"Object of type <{type(obj).__name__}> not in session, {operation} "
            f"operation along '{prop}' will not proceed"
        )

    def is_deleted(self, obj: Any) -> bool:
        """Whether this flush deletes an object."""
        record = self.records.get(id(obj))
        return record is not None and record.isdelete

    def remove_actions(self, obj: Any) -> None:
        """Send nothing for an object: another one takes its row over."""
        record = self.records[id(obj)]
        record.listonly = True

    def saves(self, mapper: Any) -> list[Any]:
        return [
            r.obj for r in self.by_mapper.get(mapper, {}).values() if not r.isdelete
        ]

    def deletes(self, mapper: Any) -> list[Any]:
        return [r.obj for r in self.by_mapper.get(mapper, {}).values() if r.isdelete]

    # -- execution -------------------------------------------------------------

    def execute(self) -> None:
        """Work out the order and send everything."""
        self._presort()
        groups = components(list(self.by_mapper), self._edges())
        for mapper in list(self.by_mapper):
            self._process(mapper, "before_saves", deleting=True)
        for group in groups:
            self._save_group(group)
        for mapper in list(self.by_mapper):
            self._process(mapper, "after_all_saves", deleting=False)
        self._post_update()
        for mapper in list(self.by_mapper):
            self._process(mapper, "before_deletes", deleting=True)
        self._post_update()
        for group in reversed(groups):
            self._delete_group(group)

    def _presort(self) -> None:
        """Let relationships register what else takes part, until nothing is new."""
        changed = True
        while changed:
            changed = False
            for mapper in list(self.by_mapper):
                for dependency in dependencies_of(mapper):
                    changed |= self._presort_one(mapper, dependency)

    def _presort_one(self, mapper: Any, dependency: Dependency) -> bool:
        changed = False
        records = self.by_mapper[mapper]
        linked = {id(o) for o in flushing.linked([r.obj for r in records.values()])}
        for key, record in list(records.items()):
            if key not in linked and not record.isdelete:
                continue  # refers to nothing: a save cascades nowhere
            mark = (id(dependency), key, record.isdelete)
            if mark in self._presorted:
                continue
            self._presorted.add(mark)
            changed = True
            if record.isdelete:
                dependency.presort_delete(self, record.obj)
            else:
                dependency.presort_save(self, record.obj)
        return changed

    def _edges(self) -> set[tuple[Any, Any]]:
        """(mapper that is saved first, mapper that refers to it)."""
        edges = set()
        for mapper in self.by_mapper:
            for dependency in dependencies_of(mapper):
                edge = dependency.edge()
                if edge is not None:
                    edges.add(edge)
        return edges

    def _process(self, mapper: Any, step: str, deleting: bool) -> None:
        dependencies = dependencies_of(mapper)
        if not dependencies:
            return
        objects = self.deletes(mapper) if deleting else self.saves(mapper)
        if not deleting:
            objects = flushing.linked(objects)
        for dependency in dependencies:
            for obj in objects:
                getattr(dependency, step)(self, obj)

    # -- saves -------------------------------------------------------------------

    def _save_group(self, group: list[Any]) -> None:
        if len(group) == 1 and not self._refers_to_itself(group[0]):
            mapper = group[0]
            self._save(mapper, self.saves(mapper))
            return
        objects = [o for m in group for o in self.saves(m)]
        for level in levels(objects, self._object_edges(objects)):
            by_mapper: dict[Any, list[Any]] = {}
            for obj in level:
                by_mapper.setdefault(kernel.layout_of(obj).mapper, []).append(obj)
            for mapper, chosen in by_mapper.items():
                self._save(mapper, chosen)

    def _refers_to_itself(self, mapper: Any) -> bool:
        return any(d.edge() == (mapper, mapper) for d in dependencies_of(mapper))

    def _object_edges(self, objects: list[Any]) -> list[tuple[Any, Any]]:
        members = {id(o) for o in objects}
        return [
            (first, second)
            for obj in objects
            for dependency in dependencies_of(kernel.layout_of(obj).mapper)
            for first, second in dependency.object_edges(self, obj)
            if id(first) in members and id(second) in members
        ]

    def _save(self, mapper: Any, objects: list[Any]) -> None:
        dependencies = dependencies_of(mapper)
        linked = flushing.linked(objects) if dependencies else ()
        for dependency in dependencies:
            for obj in linked:
                dependency.before_save(self, obj)
        chosen = [o for o in objects if not self.records[id(o)].listonly]
        persist.save_objects(self, mapper, chosen)
        for dependency in dependencies:
            for obj in linked:
                dependency.after_save(self, obj)

    # -- deletes -------------------------------------------------------------------

    def _delete_group(self, group: list[Any]) -> None:
        if len(group) == 1 and not self._refers_to_itself(group[0]):
            self._delete(group[0], self.deletes(group[0]))
            return
        objects = [o for m in group for o in self.deletes(m)]
        ordered = levels(objects, self._object_edges(objects))
        for level in reversed(ordered):
            by_mapper: dict[Any, list[Any]] = {}
            for obj in level:
                by_mapper.setdefault(kernel.layout_of(obj).mapper, []).append(obj)
            for mapper, chosen in by_mapper.items():
                self._delete(mapper, chosen)

    def _delete(self, mapper: Any, objects: list[Any]) -> None:
        chosen = [o for o in objects if not self.records[id(o)].listonly]
        if chosen:
            persist.delete_objects(self, mapper, chosen)

    # -- post updates ----------------------------------------------------------------

    def add_post_update(self, obj: Any, columns: Iterable[Any]) -> None:
        """Send an UPDATE of some columns after the saves."""
        mapper = kernel.layout_of(obj).mapper
        waiting = self.post_updates.setdefault(mapper, {})
        waiting.setdefault(id(obj), (obj, set()))[1].update(columns)

    def _post_update(self) -> None:
        waiting, self.post_updates = self.post_updates, {}
        for mapper, entries in waiting.items():
            persist.post_update(self, mapper, list(entries.values()))

    # -- the end ---------------------------------------------------------------------

    def finish(self) -> None:
        """Tell the session what is gone and what is persistent now."""
        saved, deleted = [], []
        for record in self.records.values():
            (deleted if record.isdelete else saved).append(record.obj)
        if deleted:
            self.session._remove_newly_deleted(deleted)
        if saved:
            self.session._register_persistent(saved, self)

    def __iter__(self) -> Iterator[Registered]:
        return iter(self.records.values())
