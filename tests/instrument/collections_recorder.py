"""An attribute that records the events of its collection, and its owner."""

from __future__ import annotations

from typing import Any

from ormolu.instrument.collections import (
    CollectionAdapter,
    bulk_replace,
    collection_adapter,
    collection_items,
    new_collection,
    new_empty_collection,
    prepare_instrumentation,
    unlink_collection,
)


class Item:
    """Something to put into a collection."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Owner:
    """What has the collection; ``children`` holds it once it isn't empty."""

    children: Any


class Recorder:
    """Stands for the attribute ``Owner.children``.

    Attributes:
        events: (kind, item, key) of every event so far.
        contents: the items in the collection at the time of each event.
        initiators: the initiator of each event.
        swap: what to answer an append event with, by the item.
        resets: how often an empty collection asked to become the value.
    """

    key = "children"
    class_ = Owner

    def __init__(self, factory: Any) -> None:
        self.collection_factory = prepare_instrumentation(factory)
        self.owner = Owner()
        self.events: list[tuple[Any, ...]] = []
        self.contents: list[list[Any]] = []
        self.initiators: list[Any] = []
        self.swap: dict[Any, Any] = {}
        self.resets = 0

    # -- the interface that collections ask for

    def fire_append(self, owner: Any, item: Any, initiator: Any, key: Any) -> Any:
        self._record("append", owner, item, initiator, key)
        return next((new for old, new in self.swap.items() if old is item), item)

    def fire_append_wo_mutation(
        self, owner: Any, item: Any, initiator: Any, key: Any
    ) -> Any:
        self._record("present", owner, item, initiator, key)
        return item

    def fire_remove(self, owner: Any, item: Any, initiator: Any, key: Any) -> None:
        self._record("remove", owner, item, initiator, key)

    def fire_pre_remove(self, owner: Any) -> None:
        self._record("pre_remove", owner, None, None, None)

    def reset_empty(self, owner: Any) -> None:
        assert owner is self.owner
        self.resets += 1
        owner.children = self.waiting

    def _record(
        self, kind: str, owner: Any, item: Any, initiator: Any, key: Any
    ) -> None:
        assert owner is self.owner
        self.events.append((kind, item, key))
        self.initiators.append(initiator)
        current = getattr(owner, "children", None)
        self.contents.append([] if current is None else collection_items(current))

    # -- what the tests do with it

    def load(self, *items: Any) -> Any:
        """Give the owner a collection that contains the items."""
        self.owner.children = new_collection(self, self.owner, items)
        return self.owner.children

    def read_empty(self) -> Any:
        """An empty collection that is not yet the owner's."""
        self.waiting = new_empty_collection(self, self.owner)
        return self.waiting

    def assign(self, given: Any, initiator: Any = None) -> Any:
        """Replace the collection as an assignment to the attribute does."""
        old = self.owner.children
        new = new_collection(self, self.owner, ())
        adapter = collection_adapter(new)
        values = list(adapter.adapt_like_to_iterable(given))
        self.owner.children = new
        bulk_replace(values, collection_adapter(old), adapter, initiator)
        unlink_collection(old)
        return new

    @property
    def adapter(self) -> CollectionAdapter:
        adapter: CollectionAdapter = collection_adapter(self.owner.children)
        return adapter

    @property
    def changes(self) -> list[str]:
        """The events as ``+item``, ``-item``, ``=item`` for one already there."""
        signs = {"append": "+", "remove": "-", "present": "="}
        return [f"{signs[k]}{item}" for k, item, _ in self.events if k in signs]
