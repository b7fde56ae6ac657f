"""The uniform view that the ORM has of a collection of any class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ReferenceType, ref

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect

from ..._core.warnings import warn
from ..flags import NO_KEY
from .ducktype import kind_of
from .errors import raise_owner_gone
from .protocols import CollectionAttribute, Initiator

if TYPE_CHECKING:
    from .protocols import AdaptedCollection


class CollectionAdapter:
    """Connects one collection with the attribute and the instance it belongs to.

    The adapter holds neither of them strongly: the instance holds the
    collection, and the collection holds its adapter.

    Attributes:
        attr: the attribute that receives the events.
        empty: whether the collection was only handed out to be looked at; the
            first event makes it the value of the attribute.
        invalidated: whether the instance was expired or refreshed since.
    """

    __slots__ = ("__weakref__", "_data", "_owner", "attr", "empty", "invalidated")

    def __init__(self, attr: CollectionAttribute, owner: Any, data: Any) -> None:
        self.attr = attr
        self._owner: ReferenceType[Any] = ref(owner)
        self._data: Callable[[], Any] = ref(data)
        self.empty = False
        self.invalidated = False

    # -- what it connects

    @property
    def owner(self) -> Any:
        """The instance that has the collection; None once it is gone."""
        return self._owner()

    @property
    def owner_state(self) -> Any:
        """What ``inspect()`` says of the owner."""
        return inspect(self._owner())

    @property
    def data(self) -> AdaptedCollection:
        """The collection; None once it is gone."""
        found: AdaptedCollection = self._data()
        return found

    @property
    def _referenced_by_owner(self) -> bool:
        """Whether the collection still is the value of the attribute."""
        owner = self._owner()
        return owner is not None and vars(owner).get(self.attr.key) is self._data()

    def adapt_like_to_iterable(self, given: Any) -> Iterable[Any]:
        """The items of a collection that a user assigned to the attribute.

        Raises:
            TypeError: it is of another kind than the collection here.
        """
        given_kind, wanted_kind = kind_of(given), kind_of(self._data())
        if given_kind is not wanted_kind:
            name = "None" if given is None else type(given).__name__
            wanted = "None" if wanted_kind is None else wanted_kind.__name__
            raise TypeError(
                f"Incompatible collection type: {name} is not {wanted}-like"
            )
        items: Iterable[Any] = given
        if hasattr(given, "_sa_iterator"):
            items = given._sa_iterator()
        elif given_kind is dict:
            items = given.values()
        return iter(items)

    # -- mutation

    def append_with_event(self, item: Any, initiator: Initiator = None) -> None:
        """Add an item as the user would."""
        self.data._sa_appender(item, _sa_initiator=initiator)

    def append_without_event(self, item: Any) -> None:
        """Add an item that was loaded."""
        if self.empty:
            self._refuse_empty()
        self.data._sa_appender(item, _sa_initiator=False)

    def append_multiple_without_event(self, items: Iterable[Any]) -> None:
        """Add items that were loaded."""
        if self.empty:
            self._refuse_empty()
        append = self.data._sa_appender
        for item in items:
            append(item, _sa_initiator=False)

    def remove_with_event(self, item: Any, initiator: Initiator = None) -> None:
        """Remove an item as the user would."""
        self.data._sa_remover(item, _sa_initiator=initiator)

    def remove_without_event(self, item: Any) -> None:
        """Remove an item and tell nobody."""
        if self.empty:
            self._refuse_empty()
        self.data._sa_remover(item, _sa_initiator=False)

    def clear_with_event(self, initiator: Initiator = None) -> None:
        """Remove all items, one after another, as the user would."""
        if self.empty:
            self._refuse_empty()
        remove = self.data._sa_remover
        for item in list(self):
            remove(item, _sa_initiator=initiator)

    def clear_without_event(self) -> None:
        """Remove all items and tell nobody."""
        self.clear_with_event(False)

    @property
    def bulk_appender(self) -> Callable[..., Any]:
        """The collection's own method that adds an item."""
        return self.data._sa_appender

    @property
    def bulk_remover(self) -> Callable[..., Any]:
        """The collection's own method that removes an item."""
        return self.data._sa_remover

    # -- reading

    def __iter__(self) -> Iterator[Any]:
        return iter(self.data._sa_iterator())

    def __len__(self) -> int:
        return len(list(self.data._sa_iterator()))

    def __bool__(self) -> bool:
        return True

    # -- events

    def fire_append_event(
        self, item: Any, initiator: Initiator = None, key: Any = NO_KEY
    ) -> Any:
        """Announce an item before it comes in; returns the one to be added."""
        if initiator is False:
            return item
        owner = self._owner_for_event()
        return self.attr.fire_append(owner, item, initiator, key)

    def fire_append_wo_mutation_event(
        self, item: Any, initiator: Initiator = None, key: Any = NO_KEY
    ) -> Any:
        """Announce an item that was added and is there already."""
        if initiator is False:
            return item
        owner = self._owner_for_event()
        return self.attr.fire_append_wo_mutation(owner, item, initiator, key)

    def fire_remove_event(
        self, item: Any, initiator: Initiator = None, key: Any = NO_KEY
    ) -> None:
        """Announce an item that leaves, before or after it does."""
        if initiator is not False:
            owner = self._owner_for_event()
            self.attr.fire_remove(owner, item, initiator, key)

    def fire_pre_remove_event(
        self, initiator: Initiator = None, key: Any = NO_KEY
    ) -> None:
        """Announce a removal whose item is known only afterwards."""
        if initiator is False:
            return
        if self.invalidated:
            self._warn_invalidated()
        owner = self._owner()
        if owner is None:
            raise_owner_gone(self.attr)
        self.attr.fire_pre_remove(owner)

    def _owner_for_event(self) -> Any:
        owner = self._owner()
        if owner is None:
            raise_owner_gone(self.attr)
        if self.invalidated:
            self._warn_invalidated()
        if self.empty:
            self._reset_empty()
        return owner

    # -- the special states

    def _reset_empty(self) -> None:
        """Make a collection that was handed out empty the attribute's value."""
        if not self.empty:
            raise AssertionError("This collection adapter is not in the 'empty' state")
        self.empty = False
        self.attr.reset_empty(self._owner())

    def _refuse_empty(self) -> NoReturn:
        raise sa_exc.InvalidRequestError(
            "This is a special 'empty' collection which cannot accommodate "
            "internal mutation operations"
        )

    def _warn_invalidated(self) -> None:
        warn("This collection has been invalidated.")

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        """Pickle and deepcopy as None: the link belongs to the instance."""
        return _no_adapter, ()


def _no_adapter() -> None:
    """What an adapter becomes in a copied or unpickled collection."""


collection_adapter: Callable[[Any], Any] = attrgetter("_sa_adapter")
"""The adapter of an instrumented collection; None if it belongs to no instance."""


def collection_items(collection: Any) -> list[Any]:
    """The items of an instrumented collection, without the need of its adapter."""
    return list(collection._sa_iterator())


def live_adapter(collection: Any) -> CollectionAdapter | None:
    """The adapter that is to be told of changes, if the collection has one.

    A shallow copy carries the adapter of the original in its ``__dict__``; it
    must not fire the events of the original.
    """
    adapter: CollectionAdapter | None = collection._sa_adapter
    if adapter is None or adapter._data() is not collection:
        return None
    return adapter
