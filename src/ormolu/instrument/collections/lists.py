"""The list that a collection is by default.

One is made per loaded parent, so it carries only its attribute and a weak reference
to its owner; its adapter is made when someone asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex, TypeAlias, TypeVar, cast
from weakref import ReferenceType, ref

from ..flags import NO_KEY
from .adapter import CollectionAdapter
from .errors import raise_owner_gone
from .list_methods import assign_slice
from .protocols import CollectionAttribute, Initiator
from .roles import INSTRUMENTED

_T = TypeVar("_T")

Reference: TypeAlias = ReferenceType[Any]


class EmptyOwner(ReferenceType[Any]):
    """The owner of a list that was handed out empty and has no adapter yet."""

    __slots__ = ()


class FormerOwner(ReferenceType[Any]):
    """The owner of an invalidated list that has no adapter yet."""

    __slots__ = ()


class ListAdapter(CollectionAdapter):
    """The adapter of an `InstrumentedList`, which keeps the list's fast path right.

    The list knows its owner directly (``_o_owner``) only while neither flag is
    set; otherwise its events go through the adapter, which minds the flags.
    """

    __slots__ = ("_empty", "_invalidated")

    def __init__(
        self, attr: CollectionAttribute, owner: Reference, data: InstrumentedList[Any]
    ) -> None:
        self.attr = attr
        self._owner = owner
        self._data = ref(data)
        self._empty = False
        self._invalidated = False

    def _flags_changed(self) -> None:
        data = self._data()
        if data is not None:
            flagged = self._empty or self._invalidated
            data._o_owner = None if flagged else self._owner

    @property
    def empty(self) -> bool:
        """Whether the list was only handed out to be looked at."""
        return self._empty

    @empty.setter
    def empty(self, value: bool) -> None:
        self._empty = value
        self._flags_changed()

    @property
    def invalidated(self) -> bool:
        """Whether the owner was expired or refreshed since."""
        return self._invalidated

    @invalidated.setter
    def invalidated(self, value: bool) -> None:
        self._invalidated = value
        self._flags_changed()


class InstrumentedList(list[_T]):
    """A list that tells its attribute of every change.

    Reading costs what it costs a list.  ``sort()`` and ``reverse()`` change no
    membership and are not announced.
    """

    # A new list has none of them set, so that making one costs two stores:
    # _o_owner    weak reference to the owner; None if detached or flagged
    # _o_adapter  the adapter, once made; the owner of a flagged list until then
    __slots__ = ("__weakref__", "_o_adapter", "_o_attr", "_o_owner")

    _o_attr: CollectionAttribute
    _o_owner: Reference | None
    _o_adapter: ListAdapter | Reference | None

    # -- the link

    @property
    def _sa_adapter(self) -> CollectionAdapter | None:
        adapter = getattr(self, "_o_adapter", None)
        return adapter if type(adapter) is ListAdapter else self._make_adapter()

    @_sa_adapter.setter
    def _sa_adapter(self, adapter: CollectionAdapter | None) -> None:
        if adapter is not None:
            raise AttributeError("an InstrumentedList makes its own adapter")
        self._o_owner = self._o_adapter = None

    def _make_adapter(self) -> ListAdapter | None:
        flagged = getattr(self, "_o_adapter", None)
        owner = flagged or getattr(self, "_o_owner", None)
        if owner is None:
            return None
        adapter = ListAdapter(self._o_attr, owner, self)
        self._o_adapter = adapter
        if flagged is not None:
            adapter._empty = type(flagged) is EmptyOwner
            adapter._invalidated = type(flagged) is FormerOwner
        return adapter

    def _invalidate(self) -> None:
        """Make every change from now on warn.  Costs no adapter."""
        adapter = getattr(self, "_o_adapter", None)
        if isinstance(adapter, ListAdapter):
            adapter.invalidated = True
        elif adapter is None:
            owner = getattr(self, "_o_owner", None)
            obj = None if owner is None else owner()
            if obj is not None:
                self._o_adapter = FormerOwner(obj)
                self._o_owner = None

    def _fire_append(self, item: Any, initiator: Initiator, key: Any) -> Any:
        """Announce an item; the list may be live, flagged or detached."""
        if initiator is False:
            return item
        if type(getattr(self, "_o_adapter", None)) is EmptyOwner:
            self._wake()
        owner = getattr(self, "_o_owner", None)
        if owner is None:
            adapter = self._sa_adapter
            if adapter is None:
                return item
            return adapter.fire_append_event(item, initiator, key)
        obj = owner()
        if obj is None:
            raise_owner_gone(self._o_attr)
        return self._o_attr.fire_append(obj, item, initiator, key)

    def _wake(self) -> None:
        """Make a list that was handed out empty the value of its attribute."""
        obj = cast("Reference", self._o_adapter)()
        if obj is None:
            raise_owner_gone(self._o_attr)
        self._o_adapter = None
        self._o_owner = ref(obj)
        self._o_attr.reset_empty(obj)

    def _fire_remove(self, items: Iterable[Any], key: Any) -> None:
        """Announce that items leave."""
        adapter = self._sa_adapter
        if adapter is not None:
            for item in items:
                adapter.fire_remove_event(item, None, key)

    # -- adding

    def append(self, item: _T, _sa_initiator: Initiator = None) -> None:
        """Add an item at the end."""
        if _sa_initiator is not False:
            try:
                owner = self._o_owner
            except AttributeError:  # never linked
                list.append(self, item)
                return
            obj = None if owner is None else owner()
            if obj is None:
                item = self._fire_append(item, _sa_initiator, NO_KEY)
            else:
                item = self._o_attr.fire_append(obj, item, _sa_initiator, NO_KEY)
        list.append(self, item)

    def extend(self, iterable: Iterable[_T]) -> None:
        """Add all items at the end, each announced in its turn."""
        if self._sa_adapter is None:
            list.extend(self, iterable)
            return
        if type(self) is not InstrumentedList:  # append() may be the user's
            for item in list(iterable):
                self.append(item)
            return
        for item in list(iterable):
            list.append(self, self._fire_append(item, None, NO_KEY))

    def __iadd__(self, iterable: Iterable[_T]) -> InstrumentedList[_T]:  # type: ignore[override,misc]  # Self of a generic list
        self.extend(iterable)
        return self

    def insert(self, index: SupportsIndex, value: _T) -> None:
        """Add an item before the position."""
        list.insert(self, index, self._fire_append(value, None, index))

    # -- removing

    def remove(self, value: _T, _sa_initiator: Initiator = None) -> None:
        """Remove the first item equal to ``value``.

        Raises:
            ValueError: it is not in the list.
        """
        adapter = None if _sa_initiator is False else self._sa_adapter
        if adapter is not None:
            # an item that is not there has lost its parent all the same, as in
            # SQLAlchemy
            adapter.fire_remove_event(value, _sa_initiator, NO_KEY)
        list.remove(self, value)

    def pop(self, index: SupportsIndex = -1) -> _T:
        """Remove and return the item at the position."""
        adapter = self._sa_adapter
        if adapter is None:
            return list.pop(self, index)
        adapter.fire_pre_remove_event()
        item = list.pop(self, index)
        adapter.fire_remove_event(item, None, index)
        return item

    def clear(self) -> None:
        """Remove all items."""
        self._fire_remove(self, -1)
        list.clear(self)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        if self._sa_adapter is not None:
            leaving: Any = self[index]
            several = isinstance(index, slice)
            self._fire_remove(leaving if several else (leaving,), index)
        list.__delitem__(self, index)

    # -- replacing

    def __setitem__(self, index: Any, value: Any) -> None:
        if self._sa_adapter is None:
            list.__setitem__(self, index, value)
        elif not isinstance(index, slice):
            self._fire_remove((self[index],), index)
            list.__setitem__(self, index, self._fire_append(value, None, index))
        elif type(self) is not InstrumentedList:  # insert() may be the user's
            assign_slice(self, index, value)
        elif value is not self or len(self[index]) != len(self):
            self._set_slice(index, value)

    def _set_slice(self, index: slice, value: Any) -> None:
        start, stop, step = index.indices(len(self))
        if step != 1:
            assign_slice(self, index, value)
            return
        values = list(value)
        self._fire_remove(self[start:stop], start)
        list.__delitem__(self, slice(start, stop))
        for position, item in enumerate(values, start):
            list.insert(self, position, self._fire_append(item, None, position))

    # -- copies

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle without the link, which belongs to the owner."""
        return _new_list, (type(self),), (list(self), {**_dict_of(self)})

    def __setstate__(self, state: tuple[list[_T], dict[str, Any]]) -> None:
        items, attributes = state
        list.extend(self, items)
        if attributes:
            _dict_of(self).update(attributes)

    _sa_appender = append
    _sa_remover = remove
    _sa_iterator = list.__iter__


# a derived class must not have them wrapped once more
for _method in (
    InstrumentedList.append,
    InstrumentedList.extend,
    InstrumentedList.__iadd__,
    InstrumentedList.insert,
    InstrumentedList.remove,
    InstrumentedList.pop,
    InstrumentedList.clear,
    InstrumentedList.__delitem__,
    InstrumentedList.__setitem__,
):
    setattr(_method, INSTRUMENTED, True)
setattr(InstrumentedList, INSTRUMENTED, id(InstrumentedList))


def _new_list(cls: type[InstrumentedList[Any]]) -> InstrumentedList[Any]:
    return cls.__new__(cls)


def _dict_of(collection: Any) -> dict[str, Any]:
    """What a user's subclass keeps in its instances."""
    return cast("dict[str, Any]", getattr(collection, "__dict__", {}))
