"""``MapperProperty`` and ``PropComparator``: what every mapped property is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, cast

from sqlalchemy import util as sa_util
from sqlalchemy.sql import operators
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.operators import ColumnOperators

from .mapped import SQLORMOperations
from .queryable import InspectionAttr

_T_co = TypeVar("_T_co", bound=Any, covariant=True)


class PropComparator(SQLORMOperations[_T_co], ColumnOperators):
    """Builds SQL expressions for the attribute of one property.

    Args:
        prop: the property.
        parentmapper: the mapper, or the inspection of an alias.
        adapt_to_entity: the alias that expressions are adapted to.
    """

    __slots__ = ("_adapt_to_entity", "_parententity", "prop")

    def __init__(
        self, prop: Any, parentmapper: Any, adapt_to_entity: Any = None
    ) -> None:
        self.prop = prop
        self._parententity = adapt_to_entity or parentmapper
        self._adapt_to_entity = adapt_to_entity

    def __clause_element__(self) -> Any:
        raise NotImplementedError(f"{self!r}")

    @property
    def info(self) -> Any:
        return self.prop.info

    @property
    def adapter(self) -> Any:
        if self._adapt_to_entity is None:
            return None
        return self._adapt_to_entity._adapt_element

    def adapt_to_entity(self, entity: Any) -> PropComparator[_T_co]:
        return type(self)(self.prop, self._parententity, entity)

    def _bulk_update_tuples(self, value: Any) -> Any:
        return [(self.__clause_element__(), value)]

    @staticmethod
    def any_op(a: Any, b: Any, **kwargs: Any) -> Any:
        return a.any(b, **kwargs)

    @staticmethod
    def has_op(a: Any, b: Any, **kwargs: Any) -> Any:
        return a.has(b, **kwargs)

    @staticmethod
    def of_type_op(a: Any, class_: Any) -> Any:
        return a.of_type(class_)

    def of_type(self, class_: Any) -> Any:
        return self.operate(cast(Any, PropComparator.of_type_op), class_)

    def and_(self, *criteria: Any) -> Any:
        return self.operate(operators.and_, *criteria)

    def any(self, criterion: Any = None, **kwargs: Any) -> Any:
        return self.operate(cast(Any, PropComparator.any_op), criterion, **kwargs)

    def has(self, criterion: Any = None, **kwargs: Any) -> Any:
        return self.operate(cast(Any, PropComparator.has_op), criterion, **kwargs)

    @property  # last, because it hides the builtin from what follows
    def property(self) -> Any:
        return self.prop


class MapperProperty(HasCacheKey, InspectionAttr):
    """A named attribute of a mapping: column, relationship, or other."""

    is_property = True
    _is_relationship = False
    _is_column = False
    strategy_wildcard_key: str | None = None

    key: str
    parent: Any
    info: Any
    doc: str | None = None
    _configure_started = False
    _configure_finished = False
    cascade: Any = frozenset()
    _cache_key_traversal: Any = None

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (type(self), self)

    @property
    def class_attribute(self) -> Any:
        """The attribute of the mapped class."""
        return getattr(self.parent.class_, self.key)

    def set_parent(self, parent: Any, init: bool = True) -> None:
        self.parent = parent

    def instrument_class(self, mapper: Any) -> None:
        """Put the attribute on the mapped class."""

    def init(self) -> None:
        """Resolve what depends on other mappers; called once by configuration."""
        self._configure_started = True
        self.do_init()
        self._configure_finished = True

    def do_init(self) -> None:
        """What `init` does for the kind of property."""

    def instrumented_late(self, mapper: Any) -> None:
        """Complete the attribute of a class that came to inherit it after `init`."""

    def cascade_iterator(
        self, type_: str, obj: Any, visited: set[int], halt_on: Any = None
    ) -> Iterator[Any]:
        """Objects that an operation on ``obj`` goes on to."""
        return iter(())

    def __str__(self) -> str:
        parent = getattr(self, "parent", None)
        name = parent.class_.__name__ if parent is not None else "<unbound>"
        return f"{name}.{getattr(self, 'key', 'no key')}"

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} at 0x{id(self):x}; "
            f"{getattr(self, 'key', 'no key')}>"
        )


class DescriptorProperty(MapperProperty):
    """A property that stands for others (synonym, composite)."""

    uses_objects = False


memoized_property = sa_util.memoized_property
