"""The steps from a class to its mapper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column
from sqlalchemy.exc import InvalidRequestError

from .._core.warnings import warn_deprecated
from ..mapping.configure import lock
from ..mapping.interfaces import MapperProperty
from ..mapping.mapper import Mapper
from ..mapping.properties import ColumnProperty
from ..mapping.queryable import QueryableAttribute
from . import clsregistry
from .dataclass_setup import options_for, setup_dataclass
from .declared_attr import scanning
from .deferral import keep, must_wait, release, waiting_plan, waits_as_mapped
from .extract import extract
from .mapped_column import MappedColumn
from .plan import FOUNDATION, ClassPlan, is_mapped
from .scan import is_declared, scan
from .tables import join_parent_table, setup_table

COLUMN_ARGUMENTS = ("version_id_col", "polymorphic_on")


def map_class(
    registry: Any,
    cls: Any,
    table: Any = None,
    mapper_arguments: dict[str, Any] | None = None,
) -> Any:
    """Map a class from its declarations.

    Args:
        registry: where it is mapped.
        cls: the class.
        table: its table, when it doesn't say itself.
        mapper_arguments: for the mapper, before ``__mapper_args__``.
    """
    with lock:
        return _map_class(registry, cls, table, mapper_arguments or {})


def _map_class(
    registry: Any, cls: Any, table: Any, mapper_arguments: dict[str, Any]
) -> Any:
    if is_mapped(cls):
        raise InvalidRequestError(
            f"Class {cls!r} already has been instrumented declaratively"
        )
    plan = ClassPlan(registry, cls, dict(vars(cls)), table)
    plan.mapper_arguments = mapper_arguments
    plan.dataclass_options = options_for(cls)
    plan.parent = _parent_of(cls)
    if plan.parent is not None:
        plan.parent_plan = waiting_plan(plan.parent)
    with scanning(cls):
        if must_wait(cls):
            _put_off(plan)
            return None
        prepare(plan)
        return create_mapper(plan)


def _put_off(plan: ClassPlan) -> None:
    """Take note of a class that is mapped later; it stays as it was declared."""
    declared = dict(vars(plan.cls))
    prepare(plan)
    for name, value in vars(plan.cls).copy().items():
        if is_declared(declared.get(name)) and value is not declared[name]:
            type.__setattr__(plan.cls, name, declared[name])
    keep(plan)


def map_waiting(plan: ClassPlan) -> Any:
    """Map a class whose mapping was put off.

    Returns:
        The mapper.
    """
    with lock:
        return _map_waiting(plan)


def _map_waiting(plan: ClassPlan) -> Any:
    release(plan.cls)
    plan.parent_plan = None
    for name, value in plan.collected.items():
        if is_declared(vars(plan.cls).get(name)):
            type.__setattr__(plan.cls, name, value)
    try:
        with scanning(plan.cls):
            return create_mapper(plan)
    except BaseException:
        keep(plan)
        raise


def prepare(plan: ClassPlan) -> None:
    """Everything up to the table."""
    scan(plan)
    setup_dataclass(plan)
    clsregistry.add_class(plan.cls.__name__, plan.cls, plan.registry._class_registry)
    extract(plan)
    setup_table(plan)
    join_parent_table(plan)


def _parent_of(cls: Any) -> Any:
    """The mapped class that a class inherits from, None if there is none."""
    parents = []
    for base in cls.__bases__:
        for candidate in base.__mro__:
            if candidate in FOUNDATION:
                continue
            if is_mapped(candidate) or waits_as_mapped(candidate):
                if candidate not in parents:
                    parents.append(candidate)
                break
    if len(parents) > 1:
        raise InvalidRequestError(f"Class {cls} has multiple mapped bases: {parents!r}")
    return parents[0] if parents else None


# -- the mapper ------------------------------------------------------------


def create_mapper(plan: ClassPlan) -> Any:
    """Make the mapper of a planned class."""
    arguments = _mapper_arguments(plan)
    properties = _properties(plan, arguments)
    factory = getattr(plan.cls, "__mapper_cls__", None) or Mapper
    mapper = factory(
        plan.cls,
        plan.table,
        properties=properties,
        registry=plan.registry,
        **arguments,
    )
    if plan.has_own_table:
        publish(plan.cls, mapper)
        if plan.made_table:
            mapper._goes_with_mapping("__table__")
    else:
        mapper._keep_and_set("__mapper__", mapper)
    return mapper


def publish(cls: Any, mapper: Any) -> None:
    """Show a mapper and its table on the class."""
    mapper._keep_and_set("__mapper__", mapper)
    if mapper.local_table is not None and getattr(mapper, "inherits", None) is None:
        mapper._keep_and_set("__table__", mapper.local_table)


def _mapper_arguments(plan: ClassPlan) -> dict[str, Any]:
    arguments = dict(plan.mapper_arguments)
    if plan.mapper_args is not None:
        arguments.update(plan.mapper_args())
    for name in COLUMN_ARGUMENTS:
        if name in arguments:
            arguments[name] = _own_column(plan, arguments[name])
    if "primary_key" in arguments:
        given = arguments["primary_key"]
        columns = given if isinstance(given, (list, tuple)) else [given]
        arguments["primary_key"] = [_own_column(plan, c) for c in columns]
    if plan.parent is not None:
        _inherit(plan, arguments)
    _exclude_unmapped(plan, arguments)
    return arguments


def _own_column(plan: ClassPlan, value: Any) -> Any:
    """The column of the class that a mixin's column, or a construct, became."""
    value = plan.copies.get(value, value) if _hashable(value) else value
    if isinstance(value, MappedColumn):
        return value.column
    if isinstance(value, QueryableAttribute) and isinstance(value.prop, ColumnProperty):
        return value.prop.columns[0]  # of a mapped ancestor
    return value


def _hashable(value: Any) -> bool:
    return getattr(type(value), "__hash__", None) is not None


def _exclude_unmapped(plan: ClassPlan, arguments: dict[str, Any]) -> None:
    _warn_of_excluded(plan, arguments)
    if plan.unmapped:
        given = arguments.get("exclude_properties") or ()
        arguments["exclude_properties"] = [*given, *plan.unmapped]


def _warn_of_excluded(plan: ClassPlan, arguments: dict[str, Any]) -> None:
    """Warn of attributes that the class declares and the mapper is to leave out."""
    include = arguments.get("include_properties")
    exclude = arguments.get("exclude_properties")
    if include is None and exclude is None:
        return
    unmapped = set(plan.unmapped)
    for key, value in plan.collected.items():
        if isinstance(value, MappedColumn):
            columns = {c for c, _ in value.columns_to_assign}
        elif isinstance(value, Column):
            columns = {value}
        else:
            continue
        if columns & unmapped:
            continue
        names = {key, *columns}
        excluded = exclude is not None and bool(names.intersection(exclude))
        left_out = include is not None and not names.intersection(include)
        if excluded or left_out:
            warn_deprecated(
                f"Attribute {key!r} declared on class {plan.cls} is excluded from the "
                "mapping by the exclude_properties / include_properties mapper "
                "arguments; excluding attributes that are declared on the class is "
                "deprecated, and does not reliably remove them from the mapping.  To "
                "declare a column that is part of the Table but is not mapped, use "
                "the Unmapped[] annotation with unmapped_column().",
                "2.1",
            )


def _inherit(plan: ClassPlan, arguments: dict[str, Any]) -> None:
    """Set the parent, and keep out columns that it has not mapped itself.

    Those are columns of sibling classes in the parent's table, and unmapped ones.
    """
    if arguments.get("inherits") is None:
        arguments["inherits"] = plan.parent
    if arguments.get("concrete") or "exclude_properties" in arguments:
        return
    parent = plan.parent_mapper
    own: set[Any] = set(plan.declared_columns)
    excluded = {
        column
        for column in parent.local_table.c
        if column not in parent._columntoproperty and column not in own
    }
    own.update(plan.collected)  # what a parent leaves out, the class may map
    excluded.update(set(parent.exclude_properties or ()) - own)
    arguments["exclude_properties"] = excluded


def _properties(plan: ClassPlan, arguments: dict[str, Any]) -> dict[str, Any]:
    properties = dict(plan.properties)
    properties.update(arguments.pop("properties", {}))
    parent = plan.parent_mapper
    if parent is None or arguments.get("concrete"):
        return properties
    for key, value in properties.items():
        # a parent's column under the same attribute is set and read with it
        inherited = parent._props.get(key)
        if isinstance(inherited, ColumnProperty) and not isinstance(
            value, MapperProperty
        ):
            properties[key] = [value, *inherited.columns]
    return properties
