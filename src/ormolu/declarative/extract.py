"""From collected attributes to the mapper's properties and the table's columns."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Column
from sqlalchemy.exc import ArgumentError

from .._core.warnings import warn
from ..exc import MappedAnnotationError
from ..mapping.interfaces import MapperProperty
from ..mapping.properties import ColumnProperty
from ..mapping.queryable import QueryableAttribute
from .annotations import Annotation
from .attribute_options import options_of
from .composite_scan import composite_columns
from .constructs import scan_property, synonym_to
from .defaulted_column import DefaultedColumn, is_shown
from .mapped import Unmapped
from .mapped_column import MappedColumn, UnmappedColumn, is_free, name_column
from .plan import Attribute, ClassPlan
from .scan import is_declared, warn_of_expression
from .synonym_defaults import check_synonym_defaults


def extract(plan: ClassPlan) -> None:
    """Complete the collected attributes and sort out what they are."""
    for key, value in list(plan.collected.items()):
        value = _mappable(plan, key, value)
        if value is None:
            plan.collected.pop(key)
            continue
        _warn_of_second_name(plan, key, value)
        _complete(plan, key, value)
        value = _with_default(plan, value)
        plan.collected[key] = plan.properties[key] = value
    check_synonym_defaults(plan)
    _remove_unmapped(plan)
    _extract_columns(plan)


def _mappable(plan: ClassPlan, key: str, value: Any) -> Any:
    """The mapped construct that an attribute is, None if it is none."""
    if is_declared(value):
        if getattr(value, "_cascading", False):
            warn(
                "Use of @declared_attr.cascading only applies to Declarative 'mixin' "
                "and 'abstract' classes.  Currently, this flag is ignored on mapped "
                f"class {plan.cls}"
            )
        value = getattr(plan.cls, key)
        type.__setattr__(plan.cls, key, value)
    if _is_foreign_attribute(plan, key, value):
        value = synonym_to(value.key)
        type.__setattr__(plan.cls, key, value)
        return value
    if isinstance(value, (Column, MapperProperty, MappedColumn)):
        return value
    if (
        isinstance(value, tuple)
        and len(value) == 1
        and isinstance(value[0], (Column, MapperProperty, MappedColumn))
    ):
        warn(
            f"Ignoring declarative-like tuple value of attribute '{key}': possibly a "
            "copy-and-paste error with a comma accidentally placed at the end of the "
            "line?"
        )
    warn_of_expression(plan.cls, key, value)
    _check_not_unmapped(plan, key)
    return None


def _is_foreign_attribute(plan: ClassPlan, key: str, value: Any) -> bool:
    """Whether an attribute of a parent stands here under another name."""
    return (
        isinstance(value, QueryableAttribute)
        and value.class_ is not plan.cls
        and value.key != key
    )


def _check_not_unmapped(plan: ClassPlan, key: str) -> None:
    note = plan.annotations.get(key)
    if note is not None and _is_unmapped(note):
        raise _needs_unmapped_column(plan, key)


def _is_unmapped(note: Annotation) -> bool:
    return note.container is not None and issubclass(note.container, Unmapped)


def _needs_unmapped_column(plan: ClassPlan, key: str) -> ArgumentError:
    return ArgumentError(
        f'Attribute "{plan.cls.__name__}.{key}" uses the Unmapped[] annotation, which '
        "must be used with unmapped_column() or with no value on the right side"
    )


def _warn_of_second_name(plan: ClassPlan, key: str, value: Any) -> None:
    """Warn of a property that stands under two names; the second one has it."""
    if not isinstance(value, MapperProperty):
        return
    for other, known in plan.properties.items():
        if known is value:
            warn(
                f"ORM mapped property {plan.cls.__name__}.{other} being assigned to "
                f"attribute {key!r} is already associated with attribute {other!r}. "
                f"The attribute will be de-associated from {other!r}."
            )
            del plan.properties[other]
            return


# -- annotations ---------------------------------------------------------


def _complete(plan: ClassPlan, key: str, value: Any) -> None:
    """Let a construct take from its annotation what it was not given."""
    note = plan.annotations.get(key)
    _check_container(plan, key, value, note)
    attribute = Attribute(plan, key, note)
    try:
        if isinstance(value, MappedColumn):
            value._is_dataclass = plan.descriptor_defaults
            value.declarative_scan(attribute)
        elif isinstance(value, Column):
            name_column(value, key)
        else:
            scan_property(value, attribute)
    except NameError as error:
        assert note is not None
        raise MappedAnnotationError(
            f'Could not resolve all types within mapped annotation: "{note.raw}".  '
            "Ensure all types are written correctly and are imported within the "
            "module in use."
        ) from error


def _with_default(plan: ClassPlan, value: Any) -> Any:
    """The property, with the default of its field where it is to show that."""
    if type(value) is not ColumnProperty or not plan.descriptor_defaults:
        return value
    default = options_of(value).dataclasses_default
    return DefaultedColumn.of(value, default) if is_shown(default) else value


def _check_container(
    plan: ClassPlan, key: str, value: Any, note: Annotation | None
) -> None:
    if note is None:
        return
    unmapped = isinstance(value, UnmappedColumn)
    if _is_unmapped(note) and not unmapped:
        raise _needs_unmapped_column(plan, key)
    if unmapped and not _is_unmapped(note):
        raise ArgumentError(
            f'Attribute "{plan.cls.__name__}.{key}" uses unmapped_column() with the '
            "Mapped[] annotation; unmapped_column() must be used with the Unmapped[] "
            "annotation"
        )


# -- columns -------------------------------------------------------------


def _remove_unmapped(plan: ClassPlan) -> None:
    """Columns for the table alone leave no trace on the class."""
    for key, value in list(plan.properties.items()):
        if isinstance(value, UnmappedColumn):
            del plan.properties[key]
            for column, order in value.columns_to_assign:
                plan.columns.append((order, column))
                plan.unmapped.append(column)
            if key in vars(plan.cls):
                type.__delattr__(plan.cls, key)


def _extract_columns(plan: ClassPlan) -> None:
    """The columns of the table, and the properties that are more than columns."""
    # by name of the column: the attributes that are that column and nothing else
    seen: dict[str, list[str]] = defaultdict(list)
    ordered: dict[Column[Any], int] = {}
    for key, value in list(plan.properties.items()):
        if isinstance(value, MappedColumn):
            prop: Any = value.mapper_property_to_assign
            for column, order in value.columns_to_assign:
                ordered.setdefault(column, order)
                seen[column.name].append(key)
                prop = column if prop is None else prop
            plan.properties[key] = prop
        elif isinstance(value, Column):
            ordered.setdefault(value, 0)
            seen[value.name].append(key)
        else:
            _columns_of_property(value, key, ordered, seen)
    _warn_of_repeated(plan, seen)
    _drop_plain(plan)
    plan.columns.extend((order, column) for column, order in ordered.items())
    positions = {column: number for number, column in enumerate(_order_of(plan))}
    plan.columns.sort(key=lambda item: (item[0], positions[item[1]]))


def _order_of(plan: ClassPlan) -> list[Column[Any]]:
    """Columns as they were declared, those of the table alone among them."""
    found: list[Column[Any]] = []
    for value in plan.collected.values():
        if isinstance(value, MappedColumn):
            found.extend(column for column, _ in value.columns_to_assign)
        elif isinstance(value, Column):
            found.append(value)
        else:
            found.extend(column for column, _ in property_columns(value))
    return list(dict.fromkeys(found))


def property_columns(prop: Any) -> list[tuple[Column[Any], int]]:
    """Columns that a property brings to the table, each with its sort order."""
    if hasattr(prop, "composite_class"):
        return composite_columns(prop)
    if isinstance(prop, ColumnProperty):
        return [
            (column, 0)
            for column in prop.columns
            if isinstance(column, Column) and is_free(column)
        ]
    return []


def _columns_of_property(
    prop: Any,
    key: str,
    ordered: dict[Column[Any], int],
    seen: dict[str, list[str]],
) -> None:
    for column, order in property_columns(prop):
        name_column(column, key)
        ordered.setdefault(column, order)
        if isinstance(prop, ColumnProperty) and len(prop.columns) == 1:
            seen[column.name].append(key)


def _warn_of_repeated(plan: ClassPlan, seen: dict[str, list[str]]) -> None:
    for name, keys in seen.items():
        if len(keys) > 1:
            warn(
                f"On class {plan.cls.__name__!r}, Column object {name!r} named "
                "directly multiple times, only one will be used: "
                f"{', '.join(sorted(keys))}. Consider using orm.synonym instead"
            )


def _drop_plain(plan: ClassPlan) -> None:
    """Leave to the mapper the columns whose attribute has the column's name.

    The mapper then combines them with those of a parent table by itself.
    """
    for key, value in list(plan.properties.items()):
        if isinstance(value, Column) and value.key == key:
            del plan.properties[key]
