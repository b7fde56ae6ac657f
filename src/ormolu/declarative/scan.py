"""Finding what is to be mapped: the attributes of a class and of its mixins."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, MetaData
from sqlalchemy import util as sa_util
from sqlalchemy.exc import ArgumentError, InvalidRequestError
from sqlalchemy.sql.elements import ColumnElement

from .._core.declarative import (
    collect_pending_foreign_keys,
    copy_column,
    get_annotations,
    merge_names,
)
from .._core.warnings import warn
from ..mapping.interfaces import MapperProperty
from ..mapping.queryable import InspectionAttr, QueryableAttribute
from .annotation_scan import MAPPED, collect_annotation, collect_return_annotation
from .annotations import Annotation
from .declared_attr import declared_attr
from .deferral import waiting_plan, waits_as_mapped
from .mapped import Unmapped
from .mapped_column import MappedColumn, UnmappedColumn
from .plan import DIRECTIVES, FOUNDATION, ClassPlan, is_mapped

_PRIVATE = re.compile(r"^(?:_sa_|__)")

LocalAttribute = tuple[str, Any, Any, bool]


def scan(plan: ClassPlan) -> None:
    """Collect attributes and directives along the class's line of ancestors."""
    ancestors = [base for base in plan.cls.__mro__ if base not in FOUNDATION]
    if "__table__" in vars(plan.cls) or _mixin_has_table(plan, ancestors):
        plan.table = plan.cls.__table__
    mapped: list[type] = []
    for position, base in enumerate(ancestors):
        is_mixin = base is not plan.cls
        if is_mixin and _counts_as_mapped(base):
            mapped.append(base)
            _scan_mapped(plan, base)
        elif is_mixin:
            applied = any(issubclass(other, base) for other in mapped)
            _scan_mixin(plan, base, ancestors[:position], applied)
        else:
            _scan_own(plan)


def _counts_as_mapped(cls: type) -> bool:
    return is_mapped(cls) or waits_as_mapped(cls)


def _mixin_has_table(plan: ClassPlan, ancestors: list[type]) -> bool:
    for base in ancestors:
        if base is not plan.cls and _counts_as_mapped(base):
            return False
        if "__table__" in vars(base) and waiting_plan(base) is None:
            return True
    return False


# -- local attributes ----------------------------------------------------


def local_attributes(plan: ClassPlan, cls: type) -> Iterator[LocalAttribute]:
    """Name, value, annotation of what a class itself declares.

    The last part of each tells whether it is the metadata of a dataclass field.
    """
    values = vars(cls)
    annotations = get_annotations(cls)
    fields = dict(_field_metadata(plan, cls))
    for name in merge_names(list(values), [*annotations, *fields]):
        if _PRIVATE.match(name) and name not in DIRECTIVES:
            continue
        if name in fields:
            yield name, fields[name], annotations.get(name), True
        else:
            yield name, values.get(name), annotations.get(name), False


def _field_metadata(plan: ClassPlan, cls: type) -> Iterator[tuple[str, Any]]:
    """Mapped attributes kept in the metadata of dataclass fields."""
    key = getattr(plan.cls, "__sa_dataclass_metadata_key__", None)
    if key is None:
        return
    if cls is plan.cls and "__dataclass_fields__" not in vars(cls):
        _refuse_fields(cls, key)
        return
    if "__dataclass_fields__" not in vars(cls):
        return
    inherited: set[str] = set()
    for base in cls.__mro__[1:]:
        inherited.update(getattr(base, "__dataclass_fields__", ()))
    own = get_annotations(cls)
    for item in dataclasses.fields(cls):
        if item.name in inherited and item.name not in own:
            continue
        if key in item.metadata:
            yield item.name, item.metadata[key]


def _refuse_fields(cls: type, key: str) -> None:
    for value in vars(cls).values():
        if isinstance(value, dataclasses.Field) and key in value.metadata:
            raise InvalidRequestError(
                "SQLAlchemy mapped dataclasses can't consume mapping information from "
                "dataclass.Field() objects if the immediate class is not already a "
                "dataclass."
            )


def is_declared(value: Any) -> bool:
    """Whether a value is computed for each class."""
    return isinstance(value, (declared_attr, sa_util.classproperty))


# -- directives ----------------------------------------------------------


def _directive(plan: ClassPlan, base: type, name: str, value: Any) -> None:
    """Note a directive; the first class that has it decides."""
    if (
        base is not plan.cls
        and _counts_as_mapped(base)
        and not _declared_directive(plan, name, value)
    ):
        return
    if name == "__mapper_args__":
        if plan.mapper_args is None:
            plan.mapper_args = lambda: dict(plan.cls.__mapper_args__)
    elif name == "__tablename__":
        if not plan.tablename:
            plan.tablename = plan.cls.__tablename__
    elif not plan.table_args:
        plan.table_args = plan.cls.__table_args__
        if not isinstance(plan.table_args, (tuple, dict, type(None))):
            raise ArgumentError("__table_args__ value must be a tuple, dict, or None")
        if base is not plan.cls:
            plan.inherited_table_args = True


def _declared_directive(plan: ClassPlan, name: str, value: Any) -> bool:
    if not is_declared(value):
        return False
    if getattr(value, "_cascading", False):
        warn(
            f"@declared_attr.cascading is not supported on the {name} attribute on "
            f"class {plan.cls}.  This attribute invokes for subclasses in any case."
        )
    return True


# -- the three kinds of classes ------------------------------------------


def _scan_mapped(plan: ClassPlan, base: type) -> None:
    """A mapped ancestor: only its directives, and a word about the rest."""
    for name, value, _, _ in local_attributes(plan, base):
        if name in DIRECTIVES:
            _directive(plan, base, name, value)
        elif is_declared(value) and not getattr(value, "_quiet", True):
            warn(
                f"Regular (i.e. not __special__) attribute '{base.__name__}.{name}' "
                f"uses @declared_attr, but owning class {base} is mapped - not "
                f"applying to subclass {plan.cls}."
            )


RESERVED = {
    "metadata": "the MetaData instance",
    "registry": "the Declarative class registry",
}


def _warn_reserved(key: str, value: Any) -> None:
    """Warn of an attribute that hides one of Declarative's own."""
    if key == "metadata" and isinstance(value, MetaData):
        return
    warn(
        f"Attribute name '{key}' should be left reserved for {RESERVED[key]} when "
        "using a Declarative class."
    )


def _scan_own(plan: ClassPlan) -> None:
    """The class itself."""
    for name, value, raw, is_field in local_attributes(plan, plan.cls):
        if name in DIRECTIVES:
            _directive(plan, plan.cls, name, value)
            continue
        if is_field:
            plan.collected[name] = _field_value(plan, name, value)
            plan.from_fields.add(name)
            continue
        if is_declared(value):
            collect_return_annotation(plan, name, value, plan.cls)
            plan.collected[name] = value
            continue
        annotation = collect_annotation(plan, name, raw, plan.cls, None, value)
        if value is None:
            value = _annotated(plan, annotation)
        if value is not None:
            if name in RESERVED:
                _warn_reserved(name, value)
            plan.collected[name] = value


def _scan_mixin(plan: ClassPlan, base: type, nearer: list[type], applied: bool) -> None:
    """A mixin or abstract base; ``applied`` when a mapped parent has it already."""
    local = list(local_attributes(plan, base))
    # declared attributes may refer to any column of the mixin
    columns = {} if applied else _columns_of_mixin(plan, base, nearer, local)
    for name, value, _, is_field in local:
        if name in DIRECTIVES:
            _directive(plan, base, name, value)
        elif name in columns:
            plan.collected[name] = columns[name]
        elif is_field and not is_declared(value):
            if not applied:
                _field_of_mixin(plan, base, nearer, name, value)
        elif isinstance(value, (Column, MappedColumn)):
            continue
        elif is_declared(value):
            _declared_of_mixin(plan, base, name, value, applied)
        elif applied:
            continue
        elif isinstance(value, MapperProperty):
            raise _shared_property()
        else:
            warn_of_expression(base, name, value)


def _columns_of_mixin(
    plan: ClassPlan, base: type, nearer: list[type], local: list[LocalAttribute]
) -> dict[str, Any]:
    """The columns that a mixin gives to the class, by name."""
    found: dict[str, Any] = {}
    for name, value, raw, is_field in local:
        if name in DIRECTIVES or is_declared(value) or is_field:
            continue
        if isinstance(value, (Column, MappedColumn)):
            made = _copy_from_mixin(plan, base, nearer, name, value, raw)
        elif isinstance(value, MapperProperty):
            continue
        else:
            made = _plain_of_mixin(plan, base, nearer, name, value, raw)
        if made is not None:
            found[name] = made
            type.__setattr__(plan.cls, name, made)
    return found


def warn_of_expression(cls: type, name: str, value: Any) -> None:
    """Warn of a SQL expression that is not mapped as it stands."""
    if isinstance(value, ColumnElement) and not isinstance(value, Column):
        warn(
            f"Attribute '{name}' on class {cls} appears to be a non-schema SQLAlchemy "
            "expression object; this won't be part of the declarative mapping. To map "
            "arbitrary expressions, use ``column_property()`` or a similar function "
            "such as ``deferred()``, ``query_expression()`` etc. "
        )


def _is_overridden(plan: ClassPlan, nearer: list[type], name: str) -> bool:
    """Whether a class nearer than the mixin has an attribute of the name."""
    return name in plan.collected or any(
        name in vars(cls) or name in get_annotations(cls) for cls in nearer
    )


def _plain_of_mixin(
    plan: ClassPlan, base: type, nearer: list[type], name: str, value: Any, raw: Any
) -> Any:
    """The column of an attribute that has an annotation and no value."""
    if raw is None or _is_overridden(plan, nearer, name):
        return None
    annotation = collect_annotation(plan, name, raw, base, False, value)
    return None if value is not None else _annotated(plan, annotation)


def _annotated(plan: ClassPlan, annotation: Annotation | None) -> Any:
    """The column that an attribute is by its annotation alone, None if it is none."""
    if annotation is None or annotation.container is None:
        return None
    if issubclass(annotation.container, Unmapped):
        return UnmappedColumn()
    return None if plan.fixed_table else MappedColumn()


def _field_of_mixin(
    plan: ClassPlan, base: type, nearer: list[type], name: str, value: Any
) -> None:
    """Collect the class's own attribute for a dataclass field of a mixin."""
    if isinstance(value, (Column, MappedColumn)):
        made = _copy_from_mixin(plan, base, nearer, name, value, None)
    elif isinstance(value, MapperProperty):
        raise _shared_property()
    elif _is_overridden(plan, nearer, name):
        return
    else:
        made = _field_value(plan, name, value)
    if made is not None:
        plan.collected[name] = made
        plan.from_fields.add(name)


def _shared_property() -> InvalidRequestError:
    """The error for a property that a mixin would share among its classes."""
    return InvalidRequestError(
        "Mapper properties (i.e. deferred,column_property(), relationship(), "
        "etc.) must be declared as @declared_attr callables on declarative "
        "mixin classes.  For dataclass field() objects, use a lambda:"
    )


def _field_value(plan: ClassPlan, name: str, value: Any) -> Any:
    """The mapped attribute in the metadata of a dataclass field."""
    if is_declared(value):
        return value.__get__(None, plan.cls)
    if callable(value) and not isinstance(value, (*MAPPED, Column)):
        return value()
    return value


# -- mixins --------------------------------------------------------------


def _copy_from_mixin(
    plan: ClassPlan,
    base: type,
    nearer: list[type],
    name: str,
    value: Any,
    raw: Any,
) -> Any:
    """The class's own copy of a column of a mixin."""
    if _is_overridden(plan, nearer, name):
        return None
    if plan.fixed_table and (getattr(value, "name", None) or name) in plan.table.c:
        return None
    column = value.column if isinstance(value, MappedColumn) else value
    if any(collect_pending_foreign_keys(column)):
        raise InvalidRequestError(
            "Columns with foreign keys to non-table-bound columns must be declared as "
            "@declared_attr callables on declarative mixin classes.  For dataclass "
            "field() objects, use a lambda:."
        )
    copied = _copy(value)
    if raw is not None:
        collect_annotation(plan, name, raw, base, True, value)
    plan.copies[value] = copied
    return copied


def _copy(value: Any) -> Any:
    copied: Any = (
        value._copy() if isinstance(value, MappedColumn) else copy_column(value)
    )
    copied._creation_order = value._creation_order
    return copied


def _declared_of_mixin(
    plan: ClassPlan, base: type, name: str, value: Any, applied: bool
) -> None:
    """Compute a declared attribute of a mixin for the class."""
    if getattr(value, "_cascading", False):
        if name in plan.namespace:
            # the class's own attribute wins; nothing below it can be mapped
            warn(
                f"Attribute {name!r} on class {plan.cls} cannot be processed due to "
                "@declared_attr.cascading; skipping"
            )
        made = value.__get__(None, plan.cls)
        type.__setattr__(plan.cls, name, made)
    elif applied:
        return
    else:
        made = getattr(plan.cls, name)
        if isinstance(made, QueryableAttribute) and name not in plan.collected:
            return
        if _is_proxy(made):
            made = made.descriptor
    if not isinstance(made, (Column, *MAPPED)):
        warn_of_expression(plan.cls, name, made)
        type.__setattr__(plan.cls, name, made)
        return
    collect_return_annotation(plan, name, value, base)
    if name in plan.collected and not getattr(value, "_cascading", False):
        return
    plan.collected[name] = plan.copies[value] = made
    if isinstance(made, (Column, MapperProperty)) and made.doc is None:
        made.doc = value.__doc__


def _is_proxy(made: Any) -> bool:
    """Whether an attribute stands in for a descriptor (of a hybrid property)."""
    return (
        isinstance(made, InspectionAttr)
        and getattr(made, "_is_internal_proxy", False)
        and not isinstance(getattr(made, "original_property", None), MapperProperty)
    )
