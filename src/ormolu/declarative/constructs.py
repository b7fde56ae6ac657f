"""What relationships, composites and others take from their annotation."""

from __future__ import annotations

import collections.abc
from typing import Any, get_args, get_origin

from sqlalchemy import Column
from sqlalchemy.exc import ArgumentError

from .._core.declarative import (
    NO_ARG,
    de_optionalize_union_types,
    is_fwd_ref,
    is_null_type,
    is_pep593,
)
from ..mapping.constructors import synonym
from ..mapping.mapped import DynamicMapped, WriteOnlyMapped
from ..mapping.properties import ColumnProperty
from ..mapping.relationships import Relationship
from .annotations import Annotation, is_abstract, resolved_name
from .attribute_options import options_of
from .composite_scan import scan_composite
from .mapped_column import MappedColumn, is_free
from .plan import Attribute


def synonym_to(name: str) -> Any:
    """A synonym of another attribute of the class."""
    return synonym(name)


def scan_property(prop: Any, attribute: Attribute) -> None:
    """Complete a mapper property from the annotation of its attribute."""
    if isinstance(prop, Relationship):
        scan_relationship(prop, attribute)
    elif isinstance(prop, ColumnProperty):
        scan_column_property(prop, attribute)
    elif hasattr(prop, "composite_class"):
        scan_composite(prop, attribute)


def scan_column_property(prop: ColumnProperty, attribute: Attribute) -> None:
    """Take the type of a column without one, as in ``deferred(mapped_column())``.

    Whether it is nullable, the column says.
    """
    column = prop.columns[0]
    if not isinstance(column, Column) or not is_free(column):
        return
    if is_null_type(column.type) and attribute.annotation is not None:
        construct = MappedColumn.around(column)
        construct._has_nullable = True
        construct.declarative_scan(attribute)


def scan_relationship(prop: Any, attribute: Attribute) -> None:
    """Take target, collection class and loading style from the annotation."""
    note = attribute.annotation
    if note is None or note.inner is None:
        if prop.argument is None and attribute.key not in attribute.plan.from_fields:
            raise attribute.annotation_required("Relationship")
        return
    scalar = True
    if note.container is not None and issubclass(note.container, WriteOnlyMapped):
        prop.lazy, scalar = "write_only", False
    elif note.container is not None and issubclass(note.container, DynamicMapped):
        prop.lazy, scalar = "dynamic", False
    target, collection = relationship_target(note)
    if collection is not None:
        _take_collection(prop, collection)
    if prop.collection_class is None and scalar:
        prop.uselist = False
    if prop.argument is None:
        prop.argument = _registered(target, attribute, note)
    if attribute.plan.descriptor_defaults:
        check_default_factory(prop, attribute)


def check_default_factory(prop: Any, attribute: Attribute) -> None:
    """A dataclass may only ask for the collection that the attribute has anyway."""
    factory = options_of(prop).dataclasses_default_factory
    if factory is NO_ARG:
        return
    accepted = _accepted_factories(prop)
    if factory not in accepted:
        names = " or ".join(str(item) for item in accepted) or "None"
        raise ArgumentError(
            f"For relationship {attribute} using dataclass options, default_factory "
            f"must be exactly {names}"
        )


def _accepted_factories(prop: Any) -> list[Any]:
    if prop.uselist is False:
        return []
    found = prop.collection_class or list
    if found in (list, set, dict) or not isinstance(found, type):
        return [found]
    return [found, *(kind for kind in (list, set, dict) if issubclass(found, kind))]


def _take_collection(prop: Any, collection: Any) -> None:
    if prop.collection_class is not None:
        return
    if is_abstract(collection):
        raise ArgumentError(
            f"Collection annotation type {collection} cannot be instantiated; please "
            "provide an explicit 'collection_class' parameter (e.g. list, set, etc.) "
            "to the relationship() function to accompany this annotation"
        )
    prop.collection_class = collection


def relationship_target(note: Annotation) -> tuple[Any, Any]:
    """The related class (or its name) and the collection that holds it."""
    argument = _plain(note.inner, note.module)
    origin = get_origin(argument)
    if origin is None:
        return argument, None
    if not isinstance(origin, type) or not issubclass(
        origin, collections.abc.Collection
    ):
        return _plain(argument, note.module), None
    arguments = get_args(argument)
    if not arguments:
        raise ArgumentError(f"Generic alias {argument} requires an argument")
    last = issubclass(origin, collections.abc.Mapping)
    return _plain(arguments[-1 if last else 0], note.module), origin


def _plain(argument: Any, module: str) -> Any:
    """An annotation without ``None`` and ``Annotated``; names stay names."""
    argument = de_optionalize_union_types(argument)
    if is_pep593(argument):
        argument = de_optionalize_union_types(get_args(argument)[0])
    if isinstance(argument, str):
        name = argument
    elif is_fwd_ref(argument):
        name = argument.__forward_arg__
    else:
        return argument
    found = resolved_name(name, module)
    if get_origin(found) is not None and isinstance(get_origin(found), type):
        return found
    return name


def _registered(target: Any, attribute: Attribute, note: Annotation) -> Any:
    """The argument of the relationship: a class, or a name for the registry."""
    if not isinstance(target, str):
        return target
    found = resolved_name(target, note.module)
    if not isinstance(found, type):
        return target
    if getattr(found, "registry", None) is attribute.registry:
        return found
    return getattr(found, "__name__", target)
