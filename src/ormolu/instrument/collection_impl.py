"""The implementation of attributes that hold a collection of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import ref

from .._speedups import state as kernel
from .collections import (
    CollectionAdapter,
    bulk_replace,
    collection_adapter,
    new_collection,
)
from .collections.lists import InstrumentedList
from .expiry import settle_expired
from .extras import extras_of
from .flags import (
    CALLABLES_OK,
    INCLUDE_PENDING_MUTATIONS,
    INIT_OK,
    NO_KEY,
    NO_VALUE,
    PASSIVE_NO_RESULT,
    PASSIVE_OFF,
    PASSIVE_ONLY_PERSISTENT,
)
from .history import HISTORY_BLANK, History, collection_history
from .impls import AttributeImpl, distinguish_new
from .linking import link_of
from .state import session_of

UNLOADED = kernel.UNLOADED


class PendingCollection:
    """Changes that backrefs made to a collection that is not loaded."""

    __slots__ = ("added", "removed")

    def __init__(self) -> None:
        self.added: dict[int, Any] = {}
        self.removed: dict[int, Any] = {}

    def __reduce__(self) -> Any:
        return restored, (list(self.added.values()), list(self.removed.values()))

    def append(self, item: Any) -> None:
        if self.removed.pop(id(item), None) is None:
            self.added[id(item)] = item

    def remove(self, item: Any) -> None:
        if self.added.pop(id(item), None) is None:
            self.removed[id(item)] = item

    def merge_with_history(self, history: History) -> History:
        return History(
            [*history.added, *self.added.values()],
            [x for x in history.unchanged if id(x) not in self.removed],
            [*history.deleted, *self.removed.values()],
        )


def restored(added: list[Any], removed: list[Any]) -> PendingCollection:
    """Changes that were pickled: their items have other ids now."""
    pending = PendingCollection()
    pending.added = {id(item): item for item in added}
    pending.removed = {id(item): item for item in removed}
    return pending


def forget_pending(obj: Any, key: str) -> None:
    """What waits for a collection to be loaded does not count any more."""
    extras = kernel.state_of(obj)._o_extras
    if extras and "pending" in extras:
        extras["pending"].pop(key, None)


class CollectionImpl(AttributeImpl):
    """A collection of related objects (one-to-many, many-to-many).

    Args:
        collection_factory: makes an empty instrumented collection.
    """

    collection = True
    uses_objects = True

    def __init__(
        self, attr: Any, loader: Any, collection_factory: Callable[[], Any], **kw: Any
    ) -> None:
        super().__init__(attr, loader, **kw)
        self.collection_factory = collection_factory

    # -- reading ---------------------------------------------------------

    def default_value(self, obj: Any) -> Any:
        """An empty collection, kept aside until something is put into it."""
        extras = extras_of(kernel.state_of(obj))
        waiting = extras.setdefault("empty", {})
        if self.key not in waiting:
            collection = new_collection(self, obj, ())
            adapter = collection_adapter(collection)
            adapter.empty = True
            waiting[self.key] = collection
            for fn in self.on_init_collection:
                fn(obj, collection, adapter)
        return waiting[self.key]

    def reset_empty(self, obj: Any) -> None:
        """The empty collection kept aside is changed: it becomes the value."""
        extras = kernel.state_of(obj)._o_extras
        waiting = extras.get("empty") if extras else None
        if extras and waiting and self.key in waiting:
            collection = waiting.pop(self.key)
            collection_adapter(collection).empty = False
            if not waiting:
                del extras["empty"]
                if not extras:
                    kernel.state_of(obj)._o_extras = None
            self.put(obj, collection)

    def set_committed_value(self, obj: Any, value: Iterable[Any] | None) -> Any:
        """Fill the collection with loaded objects, then apply what was waiting."""
        extras = kernel.state_of(obj)._o_extras
        if extras and "empty" in extras:
            extras["empty"].pop(self.key, None)
        distinguish_new(obj)
        if self.on_init_collection:
            collection = new_collection(self, obj, ())
            adapter = collection_adapter(collection)
            for fn in self.on_init_collection:
                fn(obj, collection, adapter)
            adapter.append_multiple_without_event(value or ())
        else:
            collection = new_collection(self, obj, value or ())
        self.put(obj, collection)
        originals = kernel.state_of(obj)._o_originals
        if originals:
            originals.pop(self.key, None)
        if extras and "pending" in extras and self.key in extras["pending"]:
            self._apply_pending(obj, collection, extras["pending"].pop(self.key))
        return collection

    def _apply_pending(
        self, obj: Any, collection: Any, pending: PendingCollection
    ) -> None:
        adapter = collection_adapter(collection)
        self._note_change(obj, collection)
        for item in pending.added.values():
            adapter.append_without_event(item)
        for item in pending.removed.values():
            adapter.remove_without_event(item)

    def get_collection(self, obj: Any, passive: int = PASSIVE_OFF) -> Any:
        """The adapter of the attribute's collection, or ``PASSIVE_NO_RESULT``."""
        value = self.get(obj, passive)
        if value is PASSIVE_NO_RESULT or value is NO_VALUE:
            return value
        return collection_adapter(value)

    def get_history(self, obj: Any, passive: int = PASSIVE_OFF) -> History:
        current = self.get(obj, passive ^ (passive & INIT_OK))
        if current is PASSIVE_NO_RESULT or current is NO_VALUE:
            history = self._pending_history(obj, passive)
            if passive & INIT_OK and history is HISTORY_BLANK and self.changed(obj):
                return collection_history(self.original(obj), [])  # it was deleted
            return history
        return self._history_of(obj, current)

    def _pending_history(self, obj: Any, passive: int) -> History:
        extras = kernel.state_of(obj)._o_extras
        if passive & INCLUDE_PENDING_MUTATIONS and extras and "pending" in extras:
            pending = extras["pending"].get(self.key)
            if pending is not None:
                return pending.merge_with_history(HISTORY_BLANK)  # type: ignore[no-any-return]
        return HISTORY_BLANK

    def _history_of(self, obj: Any, current: Any) -> History:
        members = list(collection_adapter(current))
        if not self.changed(obj):
            if members and self.is_new(obj):
                return History(members, (), ())
            return History((), members, ())
        original = self.original(obj)
        if original is NO_VALUE:
            return History(members, (), ())
        return collection_history(original, members)

    def get_all_pending(self, obj: Any, passive: int = 22) -> list[Any]:
        value = kernel.peek_key(obj, self.key)
        if value is UNLOADED:
            if passive & CALLABLES_OK:
                value = self.get(obj, passive ^ (passive & INIT_OK))
            if value is UNLOADED or value is PASSIVE_NO_RESULT or value is NO_VALUE:
                return []
        current = list(collection_adapter(value))
        if not self.changed(obj):
            return current
        original = self.original(obj)
        if original is NO_VALUE:
            return current
        former = {id(x) for x in original}
        present = {id(x) for x in current}
        return [
            *(x for x in current if id(x) not in former),
            *(x for x in current if id(x) in former),
            *(x for x in original if id(x) not in present),
        ]

    # -- events of the collection (called by its adapter) ----------------

    def _note_change(self, obj: Any, collection: Any = None) -> None:
        if not self.send_modified_events:
            return
        if not self.changed(obj):
            if collection is None:
                collection = kernel.peek_key(obj, self.key)
            snapshot = (
                UNLOADED
                if collection is UNLOADED or collection is None
                else list(collection_adapter(collection))
            )
            kernel.note_original(obj, self.key, snapshot)
        else:
            kernel.mark_modified(obj)

    def fire_append(
        self, obj: Any, item: Any, initiator: Any = None, key: Any = NO_KEY
    ) -> Any:
        link = self._link
        if link is None and item is not None:
            link = self._link = link_of(self, obj, item)
        if link and link.apply(obj, item, initiator):
            return item
        token = initiator or self.append_token
        for fn in self.on_append:
            item = fn(obj, item, token, key)
        self._note_change(obj)
        if self.trackparent and item is not None:
            self.sethasparent(item, obj, True)
        return item

    def fire_append_wo_mutation(
        self, obj: Any, item: Any, initiator: Any = None, key: Any = NO_KEY
    ) -> Any:
        for fn in self.on_append_wo_mutation:
            item = fn(obj, item, initiator or self.append_token, key)
        return item

    def fire_pre_remove(self, obj: Any, *args: Any) -> None:
        self._note_change(obj)

    def fire_remove(
        self, obj: Any, item: Any, initiator: Any = None, key: Any = NO_KEY
    ) -> None:
        if self.trackparent and item is not None:
            self.sethasparent(item, obj, False)
        token = initiator or self.remove_token
        for fn in self.on_remove:
            fn(obj, item, token, key)
        self._note_change(obj)

    # -- changing --------------------------------------------------------

    def _pending(self, obj: Any) -> PendingCollection:
        waiting = extras_of(kernel.state_of(obj)).setdefault("pending", {})
        if self.key not in waiting:
            waiting[self.key] = PendingCollection()
            session = session_of(obj)
            if session is not None:
                session._awaiting.append(ref(obj))
        return waiting[self.key]  # type: ignore[no-any-return]

    def append(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        adapter = self.get_collection(obj, passive)
        if isinstance(adapter, CollectionAdapter):
            adapter.append_with_event(value, initiator)
            return
        value = self._fire_unloaded(obj, value, initiator, adding=True)
        self._pending(obj).append(value)

    def remove(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        adapter = self.get_collection(obj, passive)
        if isinstance(adapter, CollectionAdapter):
            adapter.remove_with_event(value, initiator)
            return
        self._fire_unloaded(obj, value, initiator, adding=False)
        self._pending(obj).remove(value)

    def pop(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        try:
            self.remove(obj, value, initiator, passive)
        except (ValueError, KeyError, IndexError):
            pass  # the backref's other side never held it

    def _fire_unloaded(
        self, obj: Any, value: Any, initiator: Any, *, adding: bool
    ) -> Any:
        if adding:
            token = initiator or self.append_token
            for fn in self.on_append:
                value = fn(obj, value, token, NO_KEY)
            if self.trackparent and value is not None:
                self.sethasparent(value, obj, True)
        else:
            token = initiator or self.remove_token
            if self.trackparent and value is not None:
                self.sethasparent(value, obj, False)
            for fn in self.on_remove:
                fn(obj, value, token, NO_KEY)
        self.note_original(obj, UNLOADED)
        return value

    def set(
        self,
        obj: Any,
        value: Any,
        initiator: Any = None,
        passive: int = PASSIVE_OFF,
        check_old: Any = None,
        pop: bool = False,
    ) -> None:
        self.replace(obj, value, adapt=True)

    def replace(self, obj: Any, value: Any, *, adapt: bool, check: bool = True) -> None:
        """Make the collection hold ``value``'s members; events for the difference."""
        if type(value) is list and self._is_unset(obj):
            self._fill(obj, value)
            return
        fresh = new_collection(self, obj, ())
        adapter = collection_adapter(fresh)
        for fn in self.on_init_collection:
            fn(obj, fresh, adapter)
        members = self._members(fresh, adapter, value) if adapt else value
        for fn in self.on_bulk_replace:
            members = list(members)
            fn(obj, members, self.bulk_token)
        old = self.get(obj, PASSIVE_ONLY_PERSISTENT ^ (0 if adapt else 1))
        if old is PASSIVE_NO_RESULT or old is NO_VALUE:
            old = self.default_value(obj)
        elif old is value:
            return
        old_adapter = collection_adapter(old)
        if not self.changed(obj):
            self.note_original(obj, list(old_adapter))
        if extras := kernel.state_of(obj)._o_extras:
            if "empty" in extras:
                extras["empty"].pop(self.key, None)
        self.put(obj, fresh)
        bulk_replace(members, old_adapter, adapter, self.bulk_token)
        old_adapter.invalidated = True
        for fn in self.on_dispose_collection:
            fn(obj, old, old_adapter)
        if self.send_modified_events:
            kernel.mark_modified(obj)

    def _is_unset(self, obj: Any) -> bool:
        """Whether a new object never had a list here, and nobody hears of lists."""
        struct = kernel.state_of(obj)
        return (
            self.collection_factory is InstrumentedList
            and struct._o_key is None
            and not struct._o_extras
            and not self.loads_new
            and not self.on_bulk_replace
            and not self.on_init_collection
            and not self.on_dispose_collection
            and kernel.peek_key(obj, self.key) is UNLOADED
            and not self.changed(obj)
        )

    def _fill(self, obj: Any, members: list[Any]) -> None:
        """Give a new object its first collection."""
        self.note_original(obj, [])
        fresh = new_collection(self, obj, ())
        self.put(obj, fresh)
        append, token = fresh.append, self.bulk_token
        for member in list(members):  # which a listener might change
            append(member, token)

    def _members(self, fresh: Any, adapter: CollectionAdapter, value: Any) -> Any:
        return adapter.adapt_like_to_iterable(value)

    def delete(self, obj: Any) -> None:
        collection = kernel.peek_key(obj, self.key)
        if collection is UNLOADED:
            return
        self._note_change(obj, collection)
        collection_adapter(collection).clear_with_event()
        settle_expired(obj)
        kernel.drop(obj, self.slot_of(obj))
