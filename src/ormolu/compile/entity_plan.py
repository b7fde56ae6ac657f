"""Which columns an entity of a statement needs, and where they stand in the row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.selectables import clause_is_present
from ..hydrate.description import EntityLoad, PostLoad
from ..mapping.properties import ColumnProperty
from ..mapping.relationships import Relationship
from .options import WITH_EXPRESSION, PathNode, Step
from .polymorphic import add_switch

IMMEDIATE = {"selectin", "subquery", "immediate"}
LAZY_NAMES: dict[Any, str] = {
    True: "select",
    False: "joined",
    None: "noload",
    "raise": "raise",
}


class ColumnList:
    """The columns of a SELECT, each once, with their positions."""

    def __init__(self) -> None:
        self.elements: list[Any] = []
        self._positions: dict[Any, int] = {}

    def add(self, element: Any) -> int:
        """The position of an element, added at the end when it is new."""
        position = self._positions.get(element)
        if position is None:
            position = len(self.elements)
            self.elements.append(element)
            self._positions[element] = position
        return position

    def find(self, element: Any) -> int | None:
        """The position of an element; None when it is not there."""
        return self._positions.get(element)

    def add_always(self, element: Any) -> int:
        """Add an element even if it is there already."""
        position = len(self.elements)
        self.elements.append(element)
        self._positions.setdefault(element, position)
        return position


def strategy_name(prop: Any, step: Step | None) -> str:
    """How a relationship loads: by the option, else as it is mapped."""
    if step is not None and step.strategy is not None:
        return step.strategy
    lazy = prop.lazy
    return LAZY_NAMES.get(lazy, lazy) if not isinstance(lazy, str) else lazy


class EntityPlanner:
    """Plans the entities of one statement."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def plan(
        self,
        entity: Any,
        node: PathNode | None,
        columns: ColumnList,
        path: tuple[Any, ...] = (),
    ) -> EntityLoad:
        """Add an entity's columns to the SELECT; what its rows hold, and where.

        In the order of the mapped attributes: what the user has joined himself comes
        before the columns where its relationship does.
        """
        load = self._empty(entity, node, path)
        self._begin_with_related(load, columns)
        toplevel = self.builder.toplevel
        for prop in entity._polymorphic_properties:
            if isinstance(prop, ColumnProperty):
                self._add_column(load, prop, columns)
            elif toplevel and isinstance(prop, Relationship):
                self._plan_relationship(load, prop, node, path)
        self._complete(load, columns)
        return load

    def start(
        self, entity: Any, node: PathNode | None, path: tuple[Any, ...]
    ) -> EntityLoad:
        """Begin the plan of an entity that is joined; `add_to` must follow."""
        return self._empty(entity, node, path)

    def add_to(self, load: EntityLoad, columns: ColumnList, done: Any) -> None:
        """Add the columns of an entity that is joined, and plan its relationships.

        Args:
            done: called after each relationship, so that its columns come in between.
        """
        self._begin_with_related(load, columns)
        for prop in load.entity._polymorphic_properties:
            if isinstance(prop, ColumnProperty):
                self._add_column(load, prop, columns, adapt=True)
            elif isinstance(prop, Relationship):
                self._plan_relationship(load, prop, load.node, load.path)
                done()
        self._complete(load, columns)

    def _empty(
        self, entity: Any, node: PathNode | None, path: tuple[Any, ...]
    ) -> EntityLoad:
        load = EntityLoad(entity, entity.mapper, {}, [], node)
        builder = self.builder
        load.options = builder.options
        load.path = path
        load.root = builder.root
        load.chain = path[len(builder.path) :]
        return load

    def _complete(self, load: EntityLoad, columns: ColumnList) -> None:
        """Note where the key stands, and what tells the class of a row."""
        self._note_key(load)
        mapper = load.mapper
        if mapper.polymorphic_on is None and load.entity.polymorphic_on is None:
            return
        if not mapper.polymorphic_map:
            return
        if self._refreshes() and load.path == self.builder.path:
            return  # the instance has its class
        add_switch(self, load, columns)

    def _refreshes(self) -> bool:
        """Whether the statement is that of an instance that is refreshed."""
        return self.builder.own is not None and bool(self.builder.own.refresh)

    def _begin_with_related(self, load: EntityLoad, columns: ColumnList) -> None:
        """Have the related class's own columns come before those of a subclass of it."""
        related = load.chain[-1].mapper if load.chain else load.mapper
        if related is load.mapper or not load.mapper.isa(related):
            return
        for prop in related._column_props:
            own = load.mapper._props.get(prop.key)
            if not isinstance(own, ColumnProperty) or not self._is_wanted(load, own):
                continue
            if given_expression(own, load.node) is not None:
                continue
            for column in prop.columns:
                expression = self.expression_of(load.entity, column)
                if expression is not None and any(column is c for c in own.columns):
                    columns.add(expression)

    def _is_wanted(self, load: EntityLoad, prop: ColumnProperty) -> bool:
        """Whether the statement loads a column attribute of an entity."""
        only = self._only(load.path)
        if only is None:
            return self._is_loaded(prop, load.node, load.mapper)
        return prop.key in only

    def _add_column(
        self,
        load: EntityLoad,
        prop: ColumnProperty,
        columns: ColumnList,
        adapt: bool = False,
    ) -> None:
        if not self._is_wanted(load, prop):
            return
        first, *equal = prop.columns
        given = given_expression(prop, load.node)
        if given is None:
            expression = self.expression_of(load.entity, first)
        elif adapt:
            expression = self.expression_of(load.entity, given)
        else:
            expression = given
        own = load.mapper._props.get(prop.key) is prop
        if expression is None:
            load.partial = True
        else:
            position = load.found[prop] = load.found[first] = columns.add(expression)
            if own:
                load.positions[prop.key] = position
        for column in equal:
            expression = self.expression_of(load.entity, column)
            if expression is not None:
                load.found[column] = columns.add(expression)

    def _only(self, path: tuple[Any, ...]) -> Any:
        """The keys that a refresh asks for, of the refreshed entity itself."""
        return self.builder.only if path == self.builder.path else None

    @staticmethod
    def _note_key(load: EntityLoad) -> None:
        mapper = load.mapper
        load.pk_positions = [
            load.found.get(column, load.positions.get(key, -1))
            for column, key in zip(mapper.primary_key, mapper._pk_keys, strict=True)
        ]

    def expression_of(self, entity: Any, column: Any) -> Any:
        """What a mapped column is among the columns that an entity is selected from.

        None where they lack it.
        """
        adapter = (
            entity._adapter
            if entity.is_aliased_class
            else self.builder.adaption.adapter_of(entity)
        )
        if adapter is None:
            return column
        adapted = adapter.traverse(column)
        if adapted is column and getattr(column, "table", None) is not None:
            return _of_selectable(adapter.selectable, column)
        return adapted

    def _is_loaded(
        self, prop: ColumnProperty, node: PathNode | None, mapper: Any
    ) -> bool:
        if prop.key in mapper._pk_keys or prop.key == mapper._polymorphic_key:
            return True  # no option leaves out what tells an object, and its class
        if not self.builder.toplevel:
            return prop.in_subqueries
        if node is not None:
            if prop.group is not None and prop.group in node.groups:
                return True
            step = node.steps.get(prop.key) or node.wildcards.get("column")
            if step is not None:
                return step.strategy in ("undefer", WITH_EXPRESSION)
        return not prop.deferred

    def depth(self, strategy: str, path: tuple[Any, ...]) -> int | None:
        """How many relationships count for ``join_depth``; None for the same ones.

        Those that the rows were joined along; for ``selectinload``, all on the path.
        """
        builder = self.builder
        if strategy == "joined":
            return len(path) - len(builder.path)
        if strategy == "subquery":
            return len(path) - len(builder.path) + int(builder.hops)
        return len(path) if strategy == "selectin" else None

    def _plan_relationship(
        self,
        load: EntityLoad,
        prop: Relationship,
        node: PathNode | None,
        path: tuple[Any, ...],
    ) -> None:
        only = self._only(path)
        if only is not None and prop.key not in only:
            return
        step = node.step_for(prop.key, "relationship") if node else None
        child = node.below(prop.key) if node else None
        strategy = strategy_name(prop, step)
        if strategy == "contains_eager" and self.builder.own is not None:
            return  # no statement of a loader's has the user's joins
        if prop._is_dynamic:
            _refuse_population(prop, strategy)
        if strategy == "joined" or strategy == "contains_eager":
            self.builder.eager.want(load, prop, step, child, path, strategy)
        elif strategy in IMMEDIATE and self.builder.with_posts:
            if strategy == "subquery" and not self.builder.eager.enabled:
                return  # the rows are another statement's, which is not repeated
            if stops(prop, step, path, self.depth(strategy, path)):
                # what is refreshed is there, and so is what leads back to it
                back = self._refreshes() and prop._use_get
                if strategy != "immediate" and not back:
                    return
                if prop._use_get:
                    strategy = "identity"
            load.post.append(PostLoad(prop, strategy, step, child))


def given_expression(prop: ColumnProperty, node: PathNode | None) -> Any:
    """What the statement has an attribute load, if it says so."""
    step = None if node is None else node.steps.get(prop.key)
    if step is None or step.strategy != WITH_EXPRESSION:
        return None
    return step.args["expression"]


def _refuse_population(prop: Any, strategy: str) -> None:
    """Refuse eager loading of a collection that is never loaded."""
    if strategy == "immediate":
        raise NotImplementedError(
            "Dynamic attributes don't support collection population."
        )
    if strategy in ("joined", "selectin", "subquery", "contains_eager"):
        raise sa_exc.InvalidRequestError(
            f"'{prop}' does not support object population - eager loading cannot be "
            "applied."
        )


def _of_selectable(selectable: Any, column: Any) -> Any:
    """A column that is not adapted to a selectable; None where that lacks it."""
    return column if clause_is_present(column.table, selectable) else None


def stops(
    prop: Any, step: Step | None, path: tuple[Any, ...], depth: int | None = None
) -> bool:
    """Whether eager loading ends before a relationship that no option names."""
    return (step is None or step.attr is None) and recurs(prop, path, depth)


def recurs(prop: Any, path: tuple[Any, ...], depth: int | None = None) -> bool:
    """Whether eager loading must stop here, or would never end.

    It goes ``join_depth`` levels deep where that is given; otherwise it does not
    lead to a mapper that the path has passed already, be it as one of its descendants.
    """
    if prop.join_depth:
        if depth is None:
            depth = path.count(prop)
        return bool(depth >= prop.join_depth)
    passed = {prop.parent}
    for step in path:
        passed.update((step.parent, step.mapper))
    return any(mapper.isa(prop.mapper) for mapper in passed)
