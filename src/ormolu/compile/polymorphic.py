"""Which class the object of a row has, and what the row holds of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from ..hydrate.description import EntityLoad, PolymorphicSwitch, SubclassLoad


def add_switch(planner: Any, load: EntityLoad, columns: Any) -> None:
    """Select an entity's discriminator, and plan the objects of its descendants.

    Args:
        planner: plans the entities of the statement.
        load: the entity, all of whose columns are there already.
        columns: the columns of the statement.
    """
    mapper, entity = load.mapper, load.entity
    column = mapper.polymorphic_on
    if entity.is_aliased_class and entity.polymorphic_on is not None:
        column = entity.polymorphic_on
    position = load.found.get(column)
    if position is None:
        expression = planner.expression_of(entity, column)
        if expression is None:
            return
        position = columns.add(expression)
    loads = {
        descendant: _descendant_load(planner, load, descendant, columns)
        for descendant in mapper.self_and_descendants
        if descendant is not mapper
    }
    load.switch = PolymorphicSwitch(position, loads)
    builder = planner.builder
    if builder.toplevel and not (builder.only and load.path == builder.path):
        load.switch.later = _later_loads(load)


def _later_loads(load: EntityLoad) -> list[SubclassLoad]:
    """The second statements for descendants, by option or as they are mapped."""
    assert load.switch is not None
    named = () if load.node is None else load.node.polymorphic
    given = {entity.mapper: entity for entity in named}
    classes: dict[Any, set[Any]] = {}
    for mapper in load.switch.loads:
        for chosen in _loaded_as(mapper, load.mapper, given):
            classes.setdefault(chosen, set()).add(mapper)
    return [
        SubclassLoad(
            given.get(chosen, chosen),
            frozenset(covered),
            _own_keys(given.get(chosen, chosen), load.mapper),
            load.node,
        )
        for chosen, covered in classes.items()
    ]


def _loaded_as(mapper: Any, base: Any, given: Any) -> Iterator[Any]:
    """The classes whose attributes are loaded for objects of a descendant."""
    steps = list(takewhile(lambda step: step is not base, mapper.iterate_to_root()))
    mapped = [step for step in steps if step.polymorphic_load == "selectin"][:1]
    yield from dict.fromkeys([*(step for step in steps if step in given), *mapped])


def _own_keys(entity: Any, base: Any) -> frozenset[str]:
    """The attributes that a class adds to those of its base, and what identifies it."""
    mapper = entity.mapper
    owners = {mapper}
    parent = mapper.inherits
    while parent is not None and parent is not base:
        if parent.polymorphic_load != "selectin":
            break
        owners.add(parent)
        parent = parent.inherits
    known = {*mapper._pk_keys, mapper._polymorphic_key}
    return frozenset(
        prop.key
        for prop in entity._polymorphic_properties
        if prop.parent in owners or prop.key in known or not mapper.isa(prop.parent)
    )


def _descendant_load(
    planner: Any, load: EntityLoad, mapper: Any, columns: Any
) -> EntityLoad:
    """What a row of the base class holds of an object of a descendant."""
    found = EntityLoad(load.entity, mapper, {}, load.pk_positions, load.node)
    found.options = load.options
    found.path, found.root, found.chain = load.path, load.root, load.chain
    known = set(load.entity._polymorphic_properties)
    missing = set()
    for prop in mapper._column_props:
        position = _position_of(planner, load, prop, columns)
        if position is not None:
            found.positions[prop.key] = position
        elif not prop.deferred and prop not in known:
            missing.add(prop.key)
    found.missing = frozenset(missing)
    found.found = load.found
    return found


def _position_of(planner: Any, load: EntityLoad, prop: Any, columns: Any) -> int | None:
    """Where the value of a descendant's attribute stands, under whichever column."""
    position = load.found.get(prop)
    if position is not None:
        return position
    if load.mapper._props.get(prop.key) is prop:
        return None  # left out on purpose
    for column in prop.columns:
        position = _position_of_column(planner, load, column, columns)
        if position is not None:
            return position
        # a base that is mapped to the union of its descendants' tables
        of_union = load.mapper.persist_selectable.corresponding_column(column)
        if of_union is not None and of_union is not column:
            position = _position_of_column(planner, load, of_union, columns)
            if position is not None:
                return position
    return None


def _position_of_column(
    planner: Any, load: EntityLoad, column: Any, columns: Any
) -> int | None:
    position = load.found.get(column)
    if position is None:
        expression = planner.expression_of(load.entity, column)
        position = None if expression is None else columns.find(expression)
    return position
