"""From the inside of ``Mapped[]`` to the type and nullability of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args, get_origin

from sqlalchemy.types import TypeEngine

from .._core.declarative import (
    NO_ARG,
    de_optionalize_union_types,
    includes_none,
    is_a_type,
    is_generic,
    is_null_type,
    is_pep593,
    is_pep695,
    merge_column,
    set_column_type,
)
from .._core.warnings import warn_deprecated
from ..exc import MappedAnnotationError
from ..mapping.interfaces import MapperProperty
from .annotations import resolve
from .attribute_options import PREFIX, given_options, options_of
from .plan import Attribute


@dataclass(slots=True)
class PythonType:
    """A Python type as an annotation writes it, and what it stands for.

    Args:
        raw: without ``None``, as written.
        alias: the type alias (PEP 695) that it is.
        alias_value: what the alias stands for, without ``None``.
        annotated: the ``Annotated`` (PEP 593) that it is, or that the alias is.
        annotated_value: the type inside of it.
    """

    raw: Any
    alias: Any = None
    alias_value: Any = None
    annotated: Any = None
    annotated_value: Any = None

    @classmethod
    def of(cls, annotation: Any) -> PythonType:
        """Take a resolved annotation apart."""
        raw = de_optionalize_union_types(annotation)
        found = cls(raw)
        inner = raw
        if is_pep695(raw):
            found.alias = raw
            inner = found.alias_value = de_optionalize_union_types(alias_value(raw))
        if is_pep593(inner):
            found.annotated = inner
            found.annotated_value = de_optionalize_union_types(get_args(inner)[0])
        return found

    @property
    def metadata(self) -> tuple[Any, ...]:
        """What ``Annotated`` carries beside the type."""
        if self.annotated is None:
            return ()
        return get_args(self.annotated)[1:]

    @property
    def bare(self) -> Any:
        """The type inside of an ``Annotated`` and of an alias."""
        if self.annotated is not None:
            return self.annotated_value
        return self.raw if self.alias is None else self.alias_value

    @property
    def candidates(self) -> list[Any]:
        """The types to look for in the type map, most specific first."""
        found = [self.raw]
        if self.alias is not None:
            found.append(self.alias_value)
        if self.annotated is not None:
            found.append(self.annotated_value)
        return found


def alias_value(alias: Any) -> Any:
    """What a type alias stands for, its parameters filled in."""
    if not is_generic(alias):
        return alias.__value__
    value = get_origin(alias).__value__
    try:
        return value[get_args(alias)]
    except TypeError:
        return value


def apply_annotation(construct: Any, attribute: Attribute) -> None:
    """Give a column the type, nullability and arguments of its annotation."""
    annotation = attribute.annotation
    assert annotation is not None
    argument = resolve(annotation.inner, attribute.cls, annotation.module)
    take_type(construct, attribute, argument)


def take_type(construct: Any, attribute: Attribute, argument: Any) -> None:
    """Give a column what a resolved annotation says."""
    if not construct._has_nullable:
        construct.column.nullable = includes_none(argument)
    python_type = PythonType.of(argument)
    bundled = _bundled(python_type)
    if bundled is not None:
        _merge(bundled, construct)
    column = construct.column
    if is_null_type(column.type) and not column.foreign_keys:
        set_column_type(column, _look_up(attribute, python_type))


def _bundled(python_type: PythonType) -> Any:
    """The ``mapped_column()`` inside of ``Annotated``."""
    for item in python_type.metadata:
        if isinstance(item, MapperProperty):
            raise NotImplementedError(
                f"Use of the {type(item).__name__!r} construct inside of an Annotated "
                "object is not yet supported."
            )
        if hasattr(item, "found_in_pep593_annotated"):
            return item
    return None


def _merge(source: Any, target: Any) -> None:
    """Give to a construct what the bundled one says and it does not."""
    if source.column.name is not None or source.column.key is not None:
        _deprecated(
            "Can't use the 'key' or 'name' arguments in Annotated with "
            "mapped_column(); this will be ignored"
        )
    _warn_of_field_arguments(source, target)
    no_default = target._has_insert_default or "dataclasses_default" in given_options(
        options_of(target)
    )
    merge_column(source.column, target.column, omit_defaults=no_default)
    if target.deferred is NO_ARG:
        target.deferred = source.deferred
        target.deferred_group = target.deferred_group or source.deferred_group
        if target.deferred_raiseload is None:
            target.deferred_raiseload = source.deferred_raiseload
    target.active_history = target.active_history or source.active_history
    if target._sort_order is NO_ARG:
        target._sort_order = source._sort_order
    target._use_existing_column |= source._use_existing_column
    target._has_nullable |= source._has_nullable
    target.foreign_keys = target.column.foreign_keys


def _warn_of_field_arguments(source: Any, target: Any) -> None:
    there = given_options(options_of(target))
    for name in given_options(options_of(source)):
        argument = name.removeprefix(PREFIX)
        if argument != "default" and name not in there:
            _deprecated(
                f"Argument {argument!r} is a dataclass argument and cannot be specified "
                "within a mapped_column() bundled inside of an Annotated object"
            )


def _deprecated(text: str) -> None:
    warn_deprecated(text, "2.0")


def _look_up(attribute: Attribute, python_type: PythonType) -> TypeEngine[Any]:
    found = attribute.registry._resolve_type_with_events(
        attribute.cls, attribute.key, attribute.annotation, python_type
    )
    if found is None:
        raise _not_found(attribute.key, python_type)
    return found  # type: ignore[no-any-return]


def _not_found(key: str, python_type: PythonType) -> MappedAnnotationError:
    raw = python_type.raw
    if isinstance(raw, TypeEngine) or (
        isinstance(raw, type) and issubclass(raw, TypeEngine)
    ):
        return MappedAnnotationError(
            f"The type provided inside the {key!r} attribute Mapped annotation is the "
            f"SQLAlchemy type {raw}. Expected a Python type instead"
        )
    if not is_a_type(raw) and not is_pep695(raw):
        return MappedAnnotationError(
            f"The object provided inside the {key!r} attribute Mapped annotation is "
            f"not a Python type, it's the object {raw!r}. Expected a Python type."
        )
    candidates = python_type.candidates
    if len(candidates) == 1:
        detail = "the type object is not resolvable by the registry"
    else:
        names = ", ".join(f"'{c}'" for c in candidates)
        detail = f"none of {names} are resolvable by the registry"
    return MappedAnnotationError(
        "Could not locate SQLAlchemy Core type when resolving for Python type "
        f"indicated by '{raw}' inside the Mapped[] annotation for the {key!r} "
        f"attribute; {detail}"
    )
