"""The set and the dict that announce their changes."""

from __future__ import annotations

from typing import Any, TypeVar

from .adapter import CollectionAdapter
from .roles import INSTRUMENTED, Role
from .set_methods import SET_METHODS

_T = TypeVar("_T")
_KT = TypeVar("_KT")
_VT = TypeVar("_VT")


class InstrumentedSet(set[_T]):
    """A set that tells its attribute of every change."""

    _sa_adapter: CollectionAdapter | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle without the link, which belongs to the owner."""
        attributes = {k: v for k, v in vars(self).items() if k != "_sa_adapter"}
        return _new_set, (type(self),), (list(self), attributes)

    def __setstate__(self, state: tuple[list[_T], dict[str, Any]]) -> None:
        items, attributes = state
        set.update(self, items)
        vars(self).update(attributes)

    _sa_iterator = set.__iter__


for _name, _wrap in SET_METHODS.items():
    setattr(InstrumentedSet, _name, _wrap(getattr(set, _name)))
setattr(InstrumentedSet, Role.APPENDER.attribute, InstrumentedSet.add)
setattr(InstrumentedSet, Role.REMOVER.attribute, InstrumentedSet.remove)
setattr(InstrumentedSet, INSTRUMENTED, id(InstrumentedSet))


def _new_set(cls: type[InstrumentedSet[Any]]) -> InstrumentedSet[Any]:
    return cls.__new__(cls)


class InstrumentedDict(dict[_KT, _VT]):
    """A dict to derive collection classes from.

    It cannot be a collection by itself, as it doesn't know the key of an item; the
    derived class elects an appender and a remover.
    """

    _sa_adapter: CollectionAdapter | None = None
