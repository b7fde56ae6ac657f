"""``registry``: the mapped classes that know of each other, and how to map more."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import MetaData, event
from sqlalchemy.exc import InvalidRequestError

from .._core.declarative import NO_ARG
from ..instrument.entity import Entity, default_constructor
from ..mapping import configure
from ..mapping.mapper import Mapper
from . import clsregistry
from .annotated_column import PythonType
from .annotations import Annotation
from .dataclass_setup import DataclassOptions, mark_dataclass
from .declarative_meta import DeclarativeMeta
from .mapping import map_class, publish
from .registry_events import RegistryTarget
from .resolution import Resolver
from .type_map import TypeResolve, expanded_type_map, resolve_type

_C = TypeVar("_C", bound=type[Any])


class registry(RegistryTarget):
    """A collection of mapped classes.

    Args:
        metadata: the tables that declarative classes make; a new one by default.
        class_registry: names to classes, shared by registries that are to find
            each other's classes by name.
        type_annotation_map: Python types to SQL types, before Core's own.
        constructor: ``__init__`` of mapped classes that have none.

    Source: ``sqlalchemy.orm.registry``.
    """

    def __init__(
        self,
        *,
        metadata: MetaData | None = None,
        class_registry: clsregistry.ClassRegistry | None = None,
        type_annotation_map: Mapping[Any, Any] | None = None,
        constructor: Callable[..., None] | None = default_constructor,
    ) -> None:
        if class_registry is None:
            class_registry = weakref.WeakValueDictionary()
        self._class_registry = class_registry
        self._mappers: weakref.WeakSet[Any] = weakref.WeakSet()
        self.metadata = MetaData() if metadata is None else metadata
        self.constructor = constructor
        self.type_annotation_map: dict[Any, Any] = {}
        # mappers whose class has a hook that is yet to be called
        self._declare_first: list[Any] = []
        self._declare_last: list[Any] = []
        event.listen(self, "before_configured", _call_first)
        event.listen(self, "after_configured", _call_last)
        if type_annotation_map is not None:
            self.update_type_annotation_map(type_annotation_map)

    # -- types -----------------------------------------------------------

    def update_type_annotation_map(
        self, type_annotation_map: Mapping[Any, Any]
    ) -> None:
        """Add to the map of Python types to SQL types."""
        self.type_annotation_map.update(expanded_type_map(type_annotation_map))

    def _resolve_type(self, python_type: Any) -> Any:
        return resolve_type(self.type_annotation_map, python_type)

    def _resolve_type_with_events(
        self, cls: type, key: str, note: Annotation | None, python_type: PythonType
    ) -> Any:
        """The SQL type for an attribute, as a listener or the type map has it."""
        if self.dispatch.resolve_type_annotation:
            found = self._ask_listeners(cls, key, note, python_type)
            if found is not None:
                return found
        for candidate in python_type.candidates:
            found = self._resolve_type(candidate)
            if found is not None:
                return found
        return None

    def _ask_listeners(
        self, cls: type, key: str, note: Annotation | None, python_type: PythonType
    ) -> Any:
        question = TypeResolve(
            self,
            cls,
            key,
            None if note is None else note.inner,
            python_type.bare,
            python_type.annotated,
            python_type.annotated_value,
            python_type.alias,
            python_type.alias_value,
        )
        for listener in self.dispatch.resolve_type_annotation:
            found = listener(question)
            if found is not None:
                return found() if isinstance(found, type) else found
        return None

    # -- names -----------------------------------------------------------

    def resolve_expression(self, cls: type, text: str, kind: str) -> Any:
        """What a string of a class's mapping means; see `Resolver.resolve`."""
        return Resolver(cls, self._class_registry, self._metadata_of(cls)).resolve(
            text, kind
        )

    def _metadata_of(self, cls: type) -> MetaData:
        found = getattr(cls, "metadata", None)
        return found if isinstance(found, MetaData) else self.metadata

    # -- mappers ---------------------------------------------------------

    @property
    def mappers(self) -> frozenset[Any]:
        """The mappers of the registry."""
        return frozenset(self._mappers)

    def _add_mapper(self, mapper: Any) -> None:
        self._mappers.add(mapper)
        reference = weakref.ref(mapper.class_)
        if hasattr(mapper.class_, "__declare_first__"):
            self._declare_first.append(reference)
        if hasattr(mapper.class_, "__declare_last__"):
            self._declare_last.append(reference)

    def _before_configure(self) -> None:
        """Announce that mappers of the registry are about to be configured."""
        self.dispatch.before_configured(self)

    def _after_configure(self) -> None:
        """Announce that the mappers of the registry were configured."""
        self.dispatch.after_configured(self)

    def _mappers_to_configure(self) -> Iterator[Any]:
        return (mapper for mapper in self._mappers if not mapper.configured)

    def configure(self, cascade: bool = False) -> None:
        """Configure the mappers of the registry that are not.

        Args:
            cascade: configure also those of registries that it depends on.

        Raises:
            InvalidRequestError: there are such, and ``cascade`` does not allow for them.
        """
        configure.configure_registry(self, cascade)

    def dispose(self, cascade: bool = False) -> None:
        """Unmap every class of the registry; it and they are not to be used again.

        Args:
            cascade: dispose also of registries that depend on it.
        """
        dependents = self._dependents()
        if dependents and not cascade:
            raise InvalidRequestError(
                "Registry has dependent registries that are not disposed; pass "
                "cascade=True to clear these also"
            )
        for mapper in list(self._mappers):
            cls = mapper.class_
            if not mapper._disposed:
                mapper.dispose()
            clsregistry.remove_class(cls.__name__, cls, self._class_registry)
        self._mappers.clear()
        for other in dependents:
            if other._mappers:
                other.dispose(cascade=True)

    def _dependents(self) -> set[registry]:
        """Other registries whose mappers refer to mappers of this one."""
        found: set[registry] = set()
        for mapper in configure.all_mappers():
            if mapper.registry is self or mapper._disposed:
                continue
            targets = [getattr(p, "mapper", None) for p in mapper._props.values()]
            targets.append(mapper.inherits)
            if any(t is not None and t.registry is self for t in targets):
                found.add(mapper.registry)
        return found

    # -- mapping classes ---------------------------------------------------

    def map_declaratively(self, cls: type[Any]) -> Any:
        """Map a class from its declarations.

        Returns:
            The mapper.
        """
        return map_class(self, cls)

    def map_imperatively(
        self, class_: type[Any], local_table: Any = None, **kw: Any
    ) -> Any:
        """Map a class to a table by arguments of the mapper alone.

        Returns:
            The mapper.
        """
        mapper = Mapper(class_, local_table, registry=self, **kw)
        clsregistry.add_class(class_.__name__, class_, self._class_registry)
        publish(class_, mapper)
        return mapper

    def mapped(self, cls: _C) -> _C:
        """Class decorator: map the class from its declarations."""
        map_class(self, cls)
        return cls

    def mapped_as_dataclass(
        self,
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
        """Class decorator: map the class and make it a dataclass."""
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
            mark_dataclass(cls, options)
            map_class(self, cls)
            return cls

        return decorate if __cls is None else decorate(__cls)

    # -- base classes ------------------------------------------------------

    def as_declarative_base(self, **kw: Any) -> Callable[[_C], _C]:
        """Class decorator: make the class a declarative base."""

        def decorate(cls: Any) -> Any:
            kw["cls"] = cls
            kw["name"] = cls.__name__
            return self.generate_base(**kw)

        return decorate

    def generate_base(
        self,
        mapper: Any = None,
        cls: Any = object,
        name: str = "Base",
        metaclass: Any = DeclarativeMeta,
    ) -> Any:
        """Make a declarative base class.

        Args:
            mapper: called instead of ``Mapper`` for its classes.
            cls: the class, or a tuple of classes, that it derives from.
            name: its name.
            metaclass: its metaclass.
        """
        bases = cls if isinstance(cls, tuple) else (cls,)
        namespace: dict[str, Any] = {"registry": self, "metadata": self.metadata}
        if isinstance(cls, type):
            namespace["__doc__"] = cls.__doc__
        if self.constructor is not None:
            namespace["__init__"] = self.constructor
        namespace["__abstract__"] = True
        if mapper is not None:
            namespace["__mapper_cls__"] = mapper
        if hasattr(cls, "__class_getitem__"):

            def __class_getitem__(cls: Any, key: Any) -> Any:
                return cls

            namespace["__class_getitem__"] = classmethod(__class_getitem__)
        real = tuple(base for base in bases if base is not object)
        if any(issubclass(base, Entity) for base in bases):
            return metaclass(name, bases, namespace)
        try:
            return metaclass(name, (*real, Entity), dict(namespace))
        except TypeError as error:
            if "lay-out conflict" not in str(error):
                raise
            # instances of the base have fields of their own, as exceptions do
            return metaclass(name, real, namespace)


def _call_first(registry: registry) -> None:
    """Call ``__declare_first__`` of classes that are new."""
    _call(registry._declare_first, "__declare_first__")


def _call_last(registry: registry) -> None:
    """Call ``__declare_last__`` of classes that are new."""
    _call(registry._declare_last, "__declare_last__")


def _call(waiting: list[Any], name: str) -> None:
    while waiting:
        cls = waiting.pop(0)()
        if cls is not None:
            getattr(cls, name)()
