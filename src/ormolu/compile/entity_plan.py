"""Which columns an entity of a statement needs, and where they stand in the row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.schema import Column

from .._core.selectables import clause_is_present
from ..hydrate.description import EntityLoad, PostLoad
from ..mapping.properties import ColumnProperty
from ..mapping.relationships import Relationship
from .options import WITH_EXPRESSION, PathNode, Step

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
        toplevel = self.builder.toplevel
        for prop in load.mapper._props.values():
            if isinstance(prop, ColumnProperty):
                self._add_column(load, prop, columns)
            elif toplevel and isinstance(prop, Relationship):
                self._plan_relationship(load, prop, node, path)
        self._note_key(load)
        return load

    def start(
        self, entity: Any, node: PathNode | None, path: tuple[Any, ...]
    ) -> EntityLoad:
        """Plan an entity's relationships; `add_columns` must follow."""
        load = self._empty(entity, node, path)
        self._plan_relationships(load, node, path)
        return load

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

    def add_columns(self, load: EntityLoad, columns: ColumnList) -> None:
        """Add the columns that an entity loads, and note their positions."""
        for prop in load.mapper._column_props:
            self._add_column(load, prop, columns, adapt=True)
        self._note_key(load)

    def _add_column(
        self,
        load: EntityLoad,
        prop: ColumnProperty,
        columns: ColumnList,
        adapt: bool = False,
    ) -> None:
        only = self._only(load.path)
        if only is None:
            wanted = self._is_loaded(prop, load.node, load.mapper)
        else:
            wanted = prop.key in only
        if not wanted:
            return
        first, *equal = prop.columns
        given = given_expression(prop, load.node)
        if given is None:
            expression = self._expression(load.entity, first)
        elif adapt:
            expression = self._expression(load.entity, given)
        else:
            expression = given
        if expression is None:
            load.partial = True
        else:
            load.positions[prop.key] = columns.add(expression)
        for column in equal:
            expression = self._expression(load.entity, column)
            if expression is not None:
                columns.add(expression)

    def _only(self, path: tuple[Any, ...]) -> Any:
        """The keys that a refresh asks for, of the refreshed entity itself."""
        return self.builder.only if path == self.builder.path else None

    @staticmethod
    def _note_key(load: EntityLoad) -> None:
        load.pk_positions = [
            load.positions.get(key, -1) for key in load.mapper._pk_keys
        ]

    def _expression(self, entity: Any, column: Any) -> Any:
        if entity.is_aliased_class:
            adapted = entity._adapter.traverse(column)
            if adapted is column and isinstance(column, Column):
                return _of_selectable(entity, column)
            return adapted
        return column

    def _is_loaded(self, prop: Any, node: PathNode | None, mapper: Any) -> bool:
        if prop.key in mapper._pk_keys:
            return True
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

    def _plan_relationships(
        self, load: EntityLoad, node: PathNode | None, path: tuple[Any, ...]
    ) -> None:
        for prop in load.mapper._relationship_props:
            self._plan_relationship(load, prop, node, path)

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
                if strategy != "immediate":
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


def _of_selectable(entity: Any, column: Any) -> Any:
    """A column that the alias did not adapt; None where its selectable lacks it."""
    return column if clause_is_present(column.table, entity.selectable) else None


def stops(
    prop: Any, step: Step | None, path: tuple[Any, ...], depth: int | None = None
) -> bool:
    """Whether eager loading ends before a relationship that no option names."""
    return (step is None or step.attr is None) and recurs(prop, path, depth)


def recurs(prop: Any, path: tuple[Any, ...], depth: int | None = None) -> bool:
    """Whether eager loading must stop here, or would never end.

    It goes ``join_depth`` levels deep where that is given; otherwise it does not
    lead to a mapper that the path has passed already.
    """
    if prop.join_depth:
        if depth is None:
            depth = path.count(prop)
        return bool(depth >= prop.join_depth)
    passed = {prop.parent.base_mapper}
    for step in path:
        passed.update((step.parent.base_mapper, step.mapper.base_mapper))
    return prop.mapper.base_mapper in passed
