"""Declarative base classes, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy import MetaData
from sqlalchemy.exc import InvalidRequestError

from .._core.declarative import NO_ARG
from ..instrument.entity import Entity, default_constructor
from ..mapping.constructors import synonym
from .clsregistry import ClassRegistry
from .dataclass_setup import (
    OPTIONS,
    DataclassOptions,
    make_unmapped_dataclass,
    merge_options,
)
from .declarative_meta import DeclarativeAttributeIntercept, DeclarativeMeta
from .mapping import map_class
from .plan import is_mapped
from .registry import registry as registry_class

if TYPE_CHECKING:
    from ..mapping.mapper import Mapper

_C = TypeVar("_C", bound=type[Any])


class _Declared:
    """What type checkers know of declarative classes."""

    if TYPE_CHECKING:
        registry: ClassVar[registry_class]
        metadata: ClassVar[MetaData]
        __mapper__: ClassVar[Mapper]
        __table__: ClassVar[Any]
        __tablename__: Any
        __mapper_args__: Any
        __table_args__: Any
        _sa_registry: ClassVar[registry_class]

        def __init__(self, **kw: Any) -> None: ...

    __slots__ = ()


def setup_base(cls: Any) -> None:
    """Give a declarative base its registry, metadata and constructor.

    Raises:
        InvalidRequestError: what the class says contradicts itself.
    """
    metadata = getattr(cls, "metadata", None)
    type_map = getattr(cls, "type_annotation_map", None)
    found = getattr(cls, "registry", None)
    if found is not None:
        if not isinstance(found, registry_class):
            raise InvalidRequestError(
                "Declarative base class has a 'registry' attribute that is not an "
                "instance of sqlalchemy.orm.registry()"
            )
        if type_map is not None:
            raise InvalidRequestError(
                "Declarative base class has both a 'registry' attribute and a "
                "type_annotation_map entry.  Per-base type_annotation_maps are not "
                "supported.  Please apply the type_annotation_map to this registry "
                "directly."
            )
    else:
        found = registry_class(metadata=metadata, type_annotation_map=type_map)
        cls.registry = found
    cls._sa_registry = found
    if "metadata" not in vars(cls):
        cls.metadata = found.metadata
    if getattr(cls, "__init__", object.__init__) is object.__init__:
        cls.__init__ = found.constructor


def _init_subclass(cls: Any, base: type) -> None:
    if base in cls.__bases__:
        setup_base(cls)
    elif not vars(cls).get("__abstract__", False):
        map_class(cls._sa_registry, cls)


class DeclarativeBase(_Declared, Entity, metaclass=DeclarativeAttributeIntercept):
    """Base of an application's declarative base class.

    The base may have the attributes ``metadata``, ``type_annotation_map`` and
    ``registry``; its subclasses are mapped as they are made.

    Source: ``sqlalchemy.orm.DeclarativeBase``.
    """

    def __init_subclass__(cls, **kw: Any) -> None:
        _init_subclass(cls, DeclarativeBase)
        super().__init_subclass__(**kw)


class DeclarativeBaseNoMeta(_Declared, Entity):
    """`DeclarativeBase` without its metaclass.

    What is set on a class after it was mapped is not mapped.
    """

    def __init_subclass__(cls, **kw: Any) -> None:
        _init_subclass(cls, DeclarativeBaseNoMeta)
        super().__init_subclass__(**kw)


class MappedAsDataclass(metaclass=DeclarativeAttributeIntercept):
    """Mixin of declarative classes that are made dataclasses.

    Options of the dataclass are arguments of the class statement: ``init``,
    ``repr``, ``eq``, ``order``, ``unsafe_hash``, ``match_args``, ``kw_only`` and
    ``dataclass_callable``.  Subclasses have them too, unless they say otherwise.

    Source: ``sqlalchemy.orm.MappedAsDataclass``.
    """

    __slots__ = ()
    _sa_mapped_as_dataclass: ClassVar[bool] = True

    def __init_subclass__(
        cls,
        init: Any = NO_ARG,
        repr: Any = NO_ARG,
        eq: Any = NO_ARG,
        order: Any = NO_ARG,
        unsafe_hash: Any = NO_ARG,
        match_args: Any = NO_ARG,
        kw_only: Any = NO_ARG,
        dataclass_callable: Any = NO_ARG,
        **kw: Any,
    ) -> None:
        own: DataclassOptions = {
            "init": init,
            "repr": repr,
            "eq": eq,
            "order": order,
            "unsafe_hash": unsafe_hash,
            "match_args": match_args,
            "kw_only": kw_only,
            "dataclass_callable": dataclass_callable,
        }
        if OPTIONS in vars(cls):
            options = vars(cls)[OPTIONS]
        else:
            options = merge_options(getattr(cls, OPTIONS, None), own)
        type.__setattr__(cls, OPTIONS, options)
        super().__init_subclass__(**kw)
        if not is_mapped(cls):
            make_unmapped_dataclass(cls, options)


def mapped_as_dataclass(registry: registry_class, /, **options: Any) -> Any:
    """Class decorator: map the class in a registry and make it a dataclass.

    Args:
        registry: the registry.
        options: those of `registry.mapped_as_dataclass`.
    """
    return registry.mapped_as_dataclass(**options)


def unmapped_dataclass(
    __cls: Any = None,
    /,
    *,
    init: Any = NO_ARG,
    repr: Any = NO_ARG,
    eq: Any = NO_ARG,
    order: Any = NO_ARG,
    unsafe_hash: Any = NO_ARG,
    match_args: Any = NO_ARG,
    kw_only: Any = NO_ARG,
    dataclass_callable: Any = NO_ARG,
) -> Any:
    """Class decorator: make a mixin of mapped dataclasses a dataclass itself."""
    options: DataclassOptions = {
        "init": init,
        "repr": repr,
        "eq": eq,
        "order": order,
        "unsafe_hash": unsafe_hash,
        "match_args": match_args,
        "kw_only": kw_only,
        "dataclass_callable": dataclass_callable,
    }

    def decorate(cls: _C) -> _C:
        make_unmapped_dataclass(cls, options)
        return cls

    return decorate if __cls is None else decorate(__cls)


def declarative_base(
    *,
    metadata: MetaData | None = None,
    mapper: Any = None,
    cls: Any = object,
    name: str = "Base",
    class_registry: ClassRegistry | None = None,
    type_annotation_map: Mapping[Any, Any] | None = None,
    constructor: Callable[..., None] | None = default_constructor,
    metaclass: Any = DeclarativeMeta,
) -> Any:
    """Make a declarative base class with a registry of its own.

    The arguments are those of `registry` and of `registry.generate_base`.
    """
    return registry_class(
        metadata=metadata,
        class_registry=class_registry,
        constructor=constructor,
        type_annotation_map=type_annotation_map,
    ).generate_base(mapper=mapper, cls=cls, name=name, metaclass=metaclass)


def as_declarative(**kw: Any) -> Callable[[_C], _C]:
    """Class decorator: make the class a declarative base.

    Takes the arguments of `registry` and of `registry.generate_base`.
    """
    own = {
        key: kw.pop(key, None)
        for key in ("metadata", "class_registry", "type_annotation_map")
    }
    return registry_class(**own).as_declarative_base(**kw)


def has_inherited_table(cls: type) -> bool:
    """Whether a class inherits a table from a mapped ancestor.

    For ``declared_attr`` functions that must tell a hierarchy's root from the rest.
    """
    return any(getattr(base, "__table__", None) is not None for base in cls.__mro__[1:])


def as_typed_table(cls: Any, typed_columns_cls: Any = None, /) -> Any:
    """The table of a mapped class, for type checkers with typed columns.

    Args:
        cls: the class.
        typed_columns_cls: the ``TypedColumns`` subclass that describes the table;
            ``__typed_cols__`` of the class when not given.
    """
    return cls.__table__


def synonym_for(name: str, map_column: bool = False) -> Callable[[Any], Any]:
    """Decorator of a property: make it the descriptor of a synonym.

    Args:
        name: the attribute that the synonym stands for.
        map_column: map the column of the property's name under that attribute.
    """

    def decorate(fn: Any) -> Any:
        return synonym(name, map_column=map_column, descriptor=fn)

    return decorate
