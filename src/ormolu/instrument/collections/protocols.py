"""What the collections ask of the attribute that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeAlias

# An event token, None for a change that the user makes, False for no events.
Initiator: TypeAlias = Any

CollectionFactory: TypeAlias = Callable[[], Any]


class CollectionAttribute(Protocol):
    """The attribute of a mapped class that holds a collection.

    The owner is always the instance itself, never its state.
    """

    @property
    def key(self) -> str:
        """The name of the attribute."""

    @property
    def class_(self) -> type:
        """The class that has the attribute."""

    @property
    def collection_factory(self) -> CollectionFactory:
        """Makes an empty collection; already prepared for instrumentation."""

    def fire_append(self, owner: Any, item: Any, initiator: Initiator, key: Any) -> Any:
        """Announce an item that is about to come in; returns what comes in."""

    def fire_append_wo_mutation(
        self, owner: Any, item: Any, initiator: Initiator, key: Any
    ) -> Any:
        """Announce that an item was added which is already there."""

    def fire_remove(
        self, owner: Any, item: Any, initiator: Initiator, key: Any
    ) -> None:
        """Announce an item that leaves the collection."""

    def fire_pre_remove(self, owner: Any) -> None:
        """Announce that the next mutation removes an item not yet known."""

    def reset_empty(self, owner: Any) -> None:
        """Make the collection that was handed out empty the owner's value."""


class AdaptedCollection(Protocol):
    """An instance of any instrumented class."""

    _sa_adapter: Any  # a CollectionAdapter, or None where it belongs to nobody

    def _sa_appender(self, item: Any, _sa_initiator: Initiator = None) -> Any: ...

    def _sa_remover(self, item: Any, _sa_initiator: Initiator = None) -> Any: ...

    def _sa_iterator(self) -> Iterator[Any] | Iterable[Any]: ...
