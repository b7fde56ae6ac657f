"""What a composite takes from its annotation and from its class."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

from sqlalchemy import Column
from sqlalchemy.exc import ArgumentError

from .._core.declarative import (
    NO_ARG,
    de_optionalize_union_types,
    get_annotations,
    includes_none,
    is_null_type,
    is_pep593,
)
from .annotated_column import take_type
from .annotations import resolve
from .mapped_column import MappedColumn, is_free, name_column
from .plan import Attribute


def scan_composite(prop: Any, attribute: Attribute) -> None:
    """Find the composite class, and name and type its columns.

    Reads and writes ``composite_class``, ``attrs``, ``column_template`` and
    ``return_none_on`` of the property.
    """
    _find_class(prop, attribute)
    composite_class = prop.composite_class
    if composite_class is None:
        raise attribute.annotation_required("Composite")
    if dataclasses.is_dataclass(composite_class):
        _columns_of_dataclass(prop, attribute, composite_class)
        return
    if getattr(prop, "column_template", None) is not None:
        raise ArgumentError(
            "column_template is only supported when composite_class is a dataclass"
        )
    for item in prop.attrs:
        if isinstance(item, (Column, MappedColumn)) and not item.name:
            raise ArgumentError(
                "Composite class column arguments must be named unless a dataclass "
                "is used"
            )


def composite_columns(prop: Any) -> list[tuple[Column[Any], int]]:
    """The columns that a composite brings to the table."""
    found: list[tuple[Column[Any], int]] = []
    for item in prop.attrs:
        if isinstance(item, MappedColumn):
            found.extend(c for c in item.columns_to_assign if is_free(c[0]))
        elif isinstance(item, Column) and is_free(item):
            found.append((item, 0))
    return found


def _find_class(prop: Any, attribute: Attribute) -> None:
    """Take the class from the annotation; what stood first may be a column."""
    note = attribute.annotation
    first = prop.composite_class
    if isinstance(first, (Column, MappedColumn, str)):
        prop.attrs = (first, *prop.attrs)
        prop.composite_class = None
    if note is None or note.inner is None:
        return
    if prop.composite_class is not None:
        return
    argument = resolve(note.inner, attribute.cls, note.module)
    if prop.return_none_on is NO_ARG and includes_none(argument):
        prop.return_none_on = _all_none
    plain = de_optionalize_union_types(argument)
    if is_pep593(plain):
        plain = de_optionalize_union_types(get_args(plain)[0])
    prop.composite_class = plain


def _all_none(*values: Any) -> bool:
    return all(value is None for value in values)


def _columns_of_dataclass(prop: Any, attribute: Attribute, cls: Any) -> None:
    """Match the fields of the dataclass with the columns given, or make those."""
    fields = [item for item in dataclasses.fields(cls) if item.init]
    given = list(prop.attrs)
    if len(given) > len(fields):
        raise ArgumentError(
            f"number of composite attributes {len(given)} exceeds that of the number "
            f"of attributes in class {cls.__name__} {len(fields)}"
        )
    given += [MappedColumn() for _ in fields[len(given) :]]
    template = getattr(prop, "column_template", None) or "%s"
    annotations = get_annotations(cls)
    for item, column in zip(fields, given, strict=True):
        name = template % item.name
        if isinstance(column, Column):
            name_column(column, name)
            column = MappedColumn.around(column)
        if isinstance(column, MappedColumn):
            _complete(
                column, attribute, cls, name, annotations.get(item.name, item.type)
            )
    prop.attrs = tuple(given)


def _complete(
    column: MappedColumn[Any],
    attribute: Attribute,
    cls: Any,
    name: str,
    annotation: Any,
) -> None:
    name_column(column.column, name)
    if is_null_type(column.column.type):
        take_type(column, attribute, resolve(annotation, cls, cls.__module__))
