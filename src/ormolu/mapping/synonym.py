"""``Synonym``: an attribute that is another name of a mapped attribute."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util

from .interfaces import DescriptorProperty, PropComparator
from .queryable import DescriptorAttribute

_T_co = TypeVar("_T_co", bound=Any, covariant=True)


class SynonymComparator(PropComparator[_T_co]):
    """Builds the expressions of the attribute that a synonym stands for."""

    __slots__ = ()

    @property
    def _target(self) -> Any:
        entity, name = self._parententity, self.prop.name
        found = entity.entity_attribute(name)
        if not hasattr(found, "__clause_element__"):
            raise sa_exc.InvalidRequestError(
                f'synonym() attribute "{entity.class_.__name__}.{name}" only supports '
                f"ORM mapped attributes, got {found!r}"
            )
        return found

    def __clause_element__(self) -> Any:
        return self._target.__clause_element__()

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        return op(self._target, *other, **kwargs)

    def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
        return op(other, self._target, **kwargs)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__") or key in ("prop", "_parententity", "_target"):
            raise AttributeError(key)
        return getattr(self._target, key)

    @property  # last, because it hides the builtin from what follows
    def property(self) -> Any:
        return self._target.property


class SynonymAttribute(DescriptorAttribute[_T_co]):
    """The descriptor of a synonym."""

    inherit_cache = True

    def __init__(self, prop: Synonym, descriptor: Any) -> None:
        super().__init__(prop.key)
        self._name = prop.name
        self._descriptor = descriptor
        self.original_property = prop
        """The synonym itself, where ``property`` is what it stands for."""

    @sa_util.memoized_property
    def comparator(self) -> Any:
        """What makes expressions, as soon as there is what the synonym stands for."""
        prop = self.original_property
        made: Any = SynonymComparator(prop, self._parententity)
        try:
            target = made._target
        except AttributeError:
            raise AttributeError("comparator") from None
        if prop.comparator_factory is None:
            return made
        return prop.comparator_factory(target.property, self._parententity)

    def __getattr__(self, key: str) -> Any:
        if key != "comparator" and hasattr(self._descriptor, key):
            return getattr(self._descriptor, key)
        return super().__getattr__(key)

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return self
        if self._descriptor is not None:
            return self._descriptor.__get__(obj, owner)
        return getattr(obj, self._name)

    def __set__(self, obj: Any, value: Any) -> None:
        if self._descriptor is None:
            setattr(obj, self._name, value)
        elif hasattr(self._descriptor, "__set__"):
            self._descriptor.__set__(obj, value)
        else:
            raise AttributeError(f"can't set attribute {self.key!r}")

    def __delete__(self, obj: Any) -> None:
        if self._descriptor is None:
            delattr(obj, self._name)
        else:
            self._descriptor.__delete__(obj)


class Synonym(DescriptorProperty):
    """Maps an attribute name to another attribute of the same class.

    Args:
        name: the attribute that it stands for.
        map_column: map the column of the synonym's own name under ``name``.
        descriptor: what instances read and write through, instead of ``name``.

    Source: ``sqlalchemy.orm.synonym``.
    """

    inherit_cache = True

    def __init__(
        self,
        name: str,
        map_column: bool | None = None,
        descriptor: Any = None,
        comparator_factory: Any = None,
        attribute_options: Any = None,
        info: dict[Any, Any] | None = None,
        doc: str | None = None,
    ) -> None:
        self.name = name
        self.map_column = map_column
        self.descriptor = descriptor
        self.comparator_factory = comparator_factory
        self.attribute_options = attribute_options
        self.info = info if info is not None else {}
        self.doc = doc or getattr(descriptor, "__doc__", None)

    def set_parent(self, parent: Any, init: bool = True) -> None:
        super().set_parent(parent, init)
        if not self.map_column:
            return
        if self.key not in parent.persist_selectable.c:
            raise sa_exc.ArgumentError(
                f"Can't compile synonym '{self.name}': no column on table "
                f"'{parent.persist_selectable.description}' named '{self.key}'"
            )
        column = parent.persist_selectable.c[self.key]
        if parent._is_given_column(self.name, column):
            raise sa_exc.ArgumentError(
                f"Can't call map_column=True for synonym '{self.key}'='{self.name}', "
                f"a ColumnProperty already exists keyed to the name '{self.name}' "
                f"for column '{self.key}'"
            )
        parent._configure_property(self.name, column)

    def instrument_class(self, mapper: Any) -> None:
        if self.descriptor is None and mapper is self.parent:
            self.descriptor = mapper._user_descriptor(self.key)
        attr: Any = SynonymAttribute(self, self.descriptor)
        attr.class_, attr._parententity = mapper.class_, mapper
        attr._doc = self.doc
        mapper._keep_and_set(self.key, attr)


SynonymProperty = Synonym
