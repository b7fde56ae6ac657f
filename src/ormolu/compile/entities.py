"""What stands in a statement for entities, and what its rows are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.sql.elements import ClauseList, ColumnElement, Label, NamedColumn
from sqlalchemy.sql.selectable import SelectLabelStyle, SelectState

from .._core.names import NO_NAMES
from ..mapping.bundle import bundle_of
from ..mapping.queryable import QueryableAttribute
from .lambdas import without_lambdas


def entity_of(element: Any) -> Any:
    """The mapper or alias that an element of a statement stands for, or None."""
    if getattr(element, "_is_from_clause", False):
        return element._annotations.get("parententity")
    return None


def label_of_entity(entity: Any) -> str:
    """The name of an entity in a result row; None for an alias without a name."""
    if entity.is_aliased_class:
        name: str = entity.name
        return name
    return str(entity.class_.__name__)


def naming(label_style: Any) -> Callable[[Any], Any]:
    """What names the columns of a SELECT's rows; a new one for each SELECT."""
    if label_style is SelectLabelStyle.LABEL_STYLE_LEGACY_ORM:
        return attribute_name
    convention: Callable[[Any], Any] = SelectState._column_naming_convention(
        label_style
    )
    return convention


def describe_entities(statement: Any) -> list[dict[str, Any]]:
    """``Select.column_descriptions``."""
    name = naming(statement._label_style)
    found = []
    for raw in without_lambdas(statement)._raw_columns:
        if _is_several(raw) and entity_of(raw) is None and bundle_of(raw) is None:
            for column in raw._select_iterable:
                found.append(describe_entity(column, statement, name))
        else:
            found.append(describe_entity(raw, statement, name))
    return found


def _is_several(raw: Any) -> bool:
    """Whether a selected element stands for columns, one or many, of its own."""
    return bool(raw._is_from_clause) or is_list(raw)


def is_list(raw: Any) -> bool:
    """Whether an element is a list of columns, as the ``clauses`` of a composite."""
    return isinstance(raw, ClauseList) and not isinstance(raw, ColumnElement)


def describe_entity(raw: Any, statement: Any, name: Any = None) -> dict[str, Any]:
    """One element of ``Select.column_descriptions``."""
    entity = entity_of(raw)
    if entity is not None:
        return {
            "name": label_of_entity(entity),
            "type": entity.class_,
            "aliased": entity.is_aliased_class,
            "expr": entity.entity,
            "entity": entity.entity,
        }
    bundle = bundle_of(raw)
    if bundle is not None:
        return {
            "name": bundle.name,
            "type": type(bundle),
            "aliased": False,
            "expr": bundle,
            "entity": bundle.entity and bundle.entity.entity,
        }
    parent = raw._annotations.get("parententity")
    if parent is None and isinstance(raw, Label):
        parent = raw.element._annotations.get("parententity")
    expr = raw
    if parent is not None and "proxy_key" in raw._annotations:
        expr = getattr(parent.entity, raw._annotations["proxy_key"], raw)
    return {
        "name": getattr(raw, "_proxy_key", None) if name is None else name(raw),
        "type": getattr(raw, "type", None),
        "aliased": bool(parent is not None and parent.is_aliased_class),
        "expr": expr,
        "entity": None if parent is None else parent.entity,
    }


def attribute_name(raw: Any) -> Any:
    """The name that a column has in the rows of a ``Query``."""
    name = raw._annotations.get("proxy_key")
    if name is None and isinstance(raw, NamedColumn):
        name = raw.key
    return name


def namespaces_of(statement: Any) -> set[Any]:
    """Everything that ``filter_by`` looks its names up in."""
    found: set[Any] = set()
    statement = without_lambdas(statement)
    setups = list(statement._setup_joins)
    for memo in statement._memoized_select_entities:
        setups.extend(memo._setup_joins)
        for raw in memo._raw_columns:
            _add_namespace(found, raw)
    for target, _onclause, *_ in setups:
        relationship = relationship_of(target)
        if relationship is None:
            found.add(_namespace(target))
        else:
            found.add(relationship._of_type or relationship.comparator.entity)
    for element in statement._from_obj:
        if element._annotations.keys().isdisjoint(NO_NAMES):
            found.add(_namespace(element))
    for raw in statement._raw_columns:
        _add_namespace(found, raw)
    return found


def _namespace(element: Any) -> Any:
    entity = entity_of(element)
    return element if entity is None else entity


def _add_namespace(found: set[Any], raw: Any) -> None:
    entity = raw._annotations.get("parententity")
    if entity is not None:
        found.add(entity)
        return
    for element in raw._from_objects:
        found.add(_namespace(element))


def plain_from(element: Any) -> Any:
    """A FROM element without the annotations of an entity."""
    entity = entity_of(element)
    if entity is not None:
        return entity.selectable
    return element


def relationship_of(element: Any) -> Any:
    """The attribute of a relationship that an element is, or None."""
    if isinstance(element, QueryableAttribute):
        prop = element.comparator.property
        if getattr(prop, "_is_relationship", False):
            return element
    return None
