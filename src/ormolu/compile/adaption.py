"""Mapped columns that a statement takes from another selectable than their table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import SelectBase

from .._core.selectables import leaves_of
from ..mapping.annotations import LOCAL

CLAUSES = (
    "_where_criteria",
    "_having_criteria",
    "_group_by_clauses",
    "_order_by_clauses",
    "_distinct_on",
)


class Adaption:
    """Replaces the columns of mappers that are selected from something else.

    That is what a mapping names with ``with_polymorphic``, or an alias that a join has
    made by itself.
    """

    def __init__(self) -> None:
        # by mapper and by table, what finds their columns, and for which mapper
        self._adapters: dict[Any, tuple[Any, Any]] = {}
        # by mapper, what it is selected from along with others
        self._selectables: dict[Any, Any] = {}

    def __bool__(self) -> bool:
        return bool(self._adapters)

    def note(self, entity: Any) -> None:
        """Take notice of an entity that is selected from."""
        if entity is None or entity.is_aliased_class:
            return
        for covered in entity._with_polymorphic_mappers:
            self._selectables.setdefault(covered, entity.selectable)
        adapter = entity._polymorphic_adapter
        if adapter is not None and entity not in self._adapters:
            self.add(entity, adapter)

    def add(self, mapper: Any, adapter: Any) -> None:
        """Have the columns of a mapper, and of its tables, be found by an adapter."""
        for covered in mapper._with_polymorphic_mappers or [mapper]:
            self._adapters[covered] = (adapter, mapper)
            self._selectables[covered] = adapter.selectable
            for step in covered.iterate_to_root():
                self._adapters.setdefault(step.local_table, (adapter, mapper))

    def adapter_of(self, mapper: Any) -> Any:
        """What finds the columns of a mapper; None where they are its tables' own."""
        found = self._adapters.get(mapper)
        return mapper._polymorphic_adapter if found is None else found[0]

    def selectable_of(self, entity: Any) -> Any:
        """What an entity's columns are selected from."""
        return self._selectables.get(entity, entity.selectable)

    def clause(self, clause: Any) -> Any:
        """An expression with the columns replaced."""
        if clause is None or not self._adapters:
            return clause
        return visitors.replacement_traverse(clause, {}, self._replace)

    def join_condition(self, clause: Any, source: Any) -> Any:
        """The condition of a join along a relationship, with the columns replaced.

        Args:
            source: what is joined from; the near side's columns of its tables are those
                that are meant, even where the far side has the same tables.
        """
        if not self._adapters:
            return clause
        near = leaves_of(source)

        def replace(element: Any, **options: Any) -> Any:
            if LOCAL in element._annotations and element.table in near:
                return element
            return self._replace(element, **options)

        return visitors.replacement_traverse(clause, {}, replace)

    def select(self, core: Any) -> None:
        """Replace the columns in everything but what is selected, and the joins."""
        for name in CLAUSES:
            clauses: Iterable[Any] = getattr(core, name)
            if clauses:
                setattr(core, name, tuple(map(self.clause, clauses)))

    def _replace(self, element: Any, **_: Any) -> Any:
        if "no_replacement_traverse" in element._annotations:
            return element
        if isinstance(element, SelectBase):
            return element if self._is_apart(element) else None
        adapter = self._adapter_of(element)
        if adapter is None:
            return None
        adapted = adapter.traverse(element)
        return None if adapted is element else adapted

    def _adapter_of(self, element: Any) -> Any:
        entity = element._annotations.get("parententity")
        if entity is not None:
            found = self._adapters.get(entity)
            if found is not None:
                return found[0]
            if entity.is_aliased_class:
                return None
        table = getattr(element, "table", None)
        found = None if table is None else self._adapters.get(table)
        if found is None:
            return None
        adapter, mapper = found
        # the column of another class in the same table is another row's
        apart = entity is not None and not (entity.isa(mapper) or mapper.isa(entity))
        return None if apart else adapter

    def _is_apart(self, select: Any) -> bool:
        """Whether a subquery selects from one of the mappers itself."""
        return any(
            raw._annotations.get("parententity") in self._adapters
            for raw in getattr(select, "_raw_columns", ())
        )
