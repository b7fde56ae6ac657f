"""Loading the attributes that a class has beyond those of the class it inherits from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.sql import visitors

from ..mapping.properties import ColumnProperty


def criteria_without_base(mapper: Any, names: Collection[str]) -> list[Any] | None:
    """What finds attributes of one object in the tables that they are in.

    The key of the object takes the place of the columns of the tables above those.

    Args:
        names: keys of the attributes.

    Returns:
        criteria with the parameters of `parameters_of_key`; None when a column of the base
        class is among the attributes, or no key leads to them.
    """
    if mapper.inherits is None or mapper.concrete:
        return None
    tables = _tables_of(mapper, names)
    if not tables or mapper.base_mapper.local_table in tables:
        return None
    criteria: list[Any] = []
    started: set[Any] = set()
    for step in reversed(list(mapper.iterate_to_root())):
        if step.single or not (started or step.local_table in tables):
            continue
        started.add(step.local_table)
        condition = _with_key(mapper, step.inherit_condition, started)
        if condition is None:
            return None
        criteria.append(condition)
    return criteria


def parameters_of_key(values: tuple[Any, ...]) -> dict[str, Any]:
    """The parameters of `criteria_without_base`."""
    return {f"param_{i}": value for i, value in enumerate(values, 1)}


def _tables_of(mapper: Any, names: Collection[str]) -> set[Any] | None:
    """The tables of some column attributes; None where they have other sources."""
    found = set()
    for name in names:
        prop = mapper._props.get(name)
        if not isinstance(prop, ColumnProperty):
            return None
        table = getattr(prop.columns[0], "table", None)
        if table is None or len(prop.columns) > 1:
            return None
        found.add(table)
    return found


def _with_key(mapper: Any, condition: Any, started: set[Any]) -> Any:
    """A condition with parameters for the columns of tables that are left out."""
    unknown = False

    def replace(element: Any, **_: Any) -> Any:
        nonlocal unknown
        table = getattr(element, "table", None)
        if table is None or element.__visit_name__ != "column" or table in started:
            return None
        position = _key_position(mapper, element)
        if position is None:
            unknown = True
            return None
        return bindparam(f"param_{position + 1}", type_=element.type)

    replaced = visitors.replacement_traverse(condition, {}, replace)
    return None if unknown else replaced


def _key_position(mapper: Any, column: Any) -> int | None:
    """Which part of the primary key a column is always equal to."""
    prop = mapper._columntoproperty.get(column)
    key = None if prop is None else prop.key
    return mapper._pk_keys.index(key) if key in mapper._pk_keys else None
