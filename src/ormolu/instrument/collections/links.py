"""Making collections for an instance, and tying and untying the two."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import ref

from .adapter import CollectionAdapter
from .lists import EmptyOwner, InstrumentedList
from .protocols import CollectionAttribute, Initiator
from .types import InstrumentedSet


def new_collection(
    attr: CollectionAttribute, obj: Any, items: Iterable[Any] = ()
) -> Any:
    """Make a collection of an attribute, filled and tied to its owner, no events.

    Args:
        attr: the attribute.
        obj: the instance that owns the collection.
        items: what it contains, as loaded.
    """
    factory = attr.collection_factory
    if factory is InstrumentedList:
        # Once per loaded parent: 0.4 µs, where the adapter would take another 0.8.
        collection: InstrumentedList[Any] = InstrumentedList(items)
        collection._o_attr = attr
        collection._o_owner = ref(obj)
        return collection
    if factory is InstrumentedSet:
        data: Any = InstrumentedSet(items)
    else:
        data = factory()
        append = data._sa_appender
        for item in items:
            append(item, _sa_initiator=False)
    link_collection(attr, obj, data)
    return data


def new_empty_collection(attr: CollectionAttribute, obj: Any) -> Any:
    """Make a collection to answer the read of an attribute that has no value.

    Its first event calls ``attr.reset_empty(obj)``; the attribute then makes it the
    value of the instance.  Until then it refuses items without events.
    """
    if attr.collection_factory is InstrumentedList:
        collection: InstrumentedList[Any] = InstrumentedList()
        collection._o_attr = attr
        collection._o_owner = None
        collection._o_adapter = EmptyOwner(obj)
        return collection
    data = new_collection(attr, obj)
    data._sa_adapter.empty = True
    return data


def link_collection(attr: CollectionAttribute, obj: Any, collection: Any) -> None:
    """Tie a collection (unpickled, for instance) to an owner."""
    if isinstance(collection, InstrumentedList):
        collection._o_adapter = None
        collection._o_attr = attr
        collection._o_owner = ref(obj)
    else:
        collection._sa_adapter = CollectionAdapter(attr, obj, collection)


def unlink_collection(collection: Any) -> None:
    """Untie a collection that is no longer the value of its attribute."""
    collection._sa_adapter = None


def invalidate_collection(collection: Any) -> None:
    """Make changes of a collection warn, as its owner was expired or refreshed."""
    if isinstance(collection, InstrumentedList):
        collection._invalidate()
    elif collection._sa_adapter is not None:
        collection._sa_adapter.invalidated = True


def bulk_replace(
    values: Iterable[Any],
    existing_adapter: CollectionAdapter | None,
    new_adapter: CollectionAdapter,
    initiator: Initiator = None,
) -> None:
    """Fill a new collection in the place of an existing one, with events.

    Items that the existing one has come in without an append event; those that are
    new are appended with one.  Afterwards the items that stay are announced, then
    those that have left.  Items are told apart by identity.

    Args:
        values: the items of the new collection.
        existing_adapter: the collection that is replaced, if any.
        new_adapter: the empty new collection.
        initiator: the token that the events carry.
    """
    members = list(values)
    existing = list(existing_adapter) if existing_adapter is not None else []
    wanted_ids = {id(member) for member in members}
    existing_ids = {id(member) for member in existing}
    append = new_adapter.bulk_appender
    for member in members:
        append(member, _sa_initiator=False if id(member) in existing_ids else initiator)
    if existing_adapter is None:
        return
    unique = list({id(member): member for member in existing}.values())
    for member in unique:
        if id(member) in wanted_ids:
            existing_adapter.fire_append_wo_mutation_event(member, initiator)
    for member in unique:
        if id(member) not in wanted_ids:
            existing_adapter.fire_remove_event(member, initiator)
