"""The implementation of collections that are never loaded as a whole.

``lazy="write_only"`` and ``lazy="dynamic"`` keep in memory only what was added and
removed since the last flush.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from .flags import (
    CALLABLES_OK,
    INCLUDE_PENDING_MUTATIONS,
    INIT_OK,
    NO_KEY,
    PASSIVE_NO_INITIALIZE,
    PASSIVE_OFF,
    SQL_OK,
)
from .history import History
from .impls import AttributeImpl

UNLOADED = kernel.UNLOADED


class Mutations:
    """What was added to a collection and removed from it since the last flush.

    The change of an item that was added before the flush is undone; otherwise the
    two lists do not look at each other, because the flush may find the same item
    taken out and put back.

    Attributes:
        in_flush: the history with the stored items, once the flush had to read them.
    """

    __slots__ = ("_added", "_removed", "in_flush")

    def __init__(self, added: Iterable[Any] = (), removed: Iterable[Any] = ()) -> None:
        self._added = {id(item): item for item in added}
        self._removed = {id(item): item for item in removed}
        self.in_flush: History | None = None

    def __reduce__(self) -> Any:
        return Mutations, (self.added, self.removed)

    @property
    def added(self) -> list[Any]:
        """The items added, in order."""
        return list(self._added.values())

    @property
    def removed(self) -> list[Any]:
        """The items removed, in order."""
        return list(self._removed.values())

    def add(self, item: Any) -> None:
        """Note that an item came in."""
        self._added[id(item)] = item

    def remove(self, item: Any) -> None:
        """Note that an item left."""
        if self._added.pop(id(item), None) is None:
            self._removed[id(item)] = item

    def over(self, stored: list[Any]) -> History:
        """The history of the collection, given its items in the database."""
        ids = {id(item) for item in stored}
        return History(
            [item for key, item in self._added.items() if key not in ids],
            [item for item in stored if id(item) not in self._removed],
            [item for key, item in self._removed.items() if key in ids],
        )

    def history(self) -> History:
        """What changed, without what the database holds."""
        return History(self.added, [], self.removed)


NOTHING = Mutations()


class WriteOnlyImpl(AttributeImpl):
    """A collection that takes additions and removals and shows no items.

    Args:
        make_collection: called with (implementation, instance) for what a read
            gives out.
    """

    uses_objects = True
    dynamic = True
    supports_population = False

    def __init__(
        self, attr: Any, make_collection: Callable[[Any, Any], Any], **kw: Any
    ) -> None:
        super().__init__(attr, None, **kw)
        self.make_collection = make_collection

    # -- reading ---------------------------------------------------------

    def get(self, obj: Any, passive: int = PASSIVE_OFF) -> Any:
        """The collection; what waits to be added where SQL is out of the question."""
        if not (passive & SQL_OK and passive & CALLABLES_OK):
            return self.mutations(obj).added
        return self.make_collection(self, obj)

    def mutations(self, obj: Any) -> Mutations:
        """What changed since the last flush; not to be changed itself."""
        originals = kernel.state_of(obj)._o_originals
        found = originals.get(self.key) if originals else None
        return found if isinstance(found, Mutations) else NOTHING

    def stored(self, obj: Any) -> list[Any]:
        """The items in the database.

        Raises:
            InvalidRequestError: the collection is not to be read as a whole.
        """
        raise sa_exc.InvalidRequestError(
            f"Attribute {self} can't load the existing state from the database for "
            "this operation; full iteration is not permitted.  If this is a delete "
            f"operation, configure passive_deletes=True on the {self} relationship "
            "in order to resolve this error."
        )

    def _reads_all(self, obj: Any, passive: int) -> bool:
        """Whether a history with these flags takes the stored items into account."""
        return bool(passive & SQL_OK and passive & INIT_OK and self._is_stored(obj))

    def _is_stored(self, obj: Any) -> bool:
        return kernel.state_of(obj)._o_key is not None

    def get_history(self, obj: Any, passive: int = PASSIVE_OFF) -> History:
        if passive & INCLUDE_PENDING_MUTATIONS:
            return self._history_in_flush(obj, passive)
        mutations = self.mutations(obj)
        if self._reads_all(obj, passive):
            return mutations.over(self.stored(obj))
        return mutations.history()

    def _history_in_flush(self, obj: Any, passive: int) -> History:
        """The stored items are read once in a flush; its later steps see them too."""
        passive ^= INCLUDE_PENDING_MUTATIONS
        if self._reads_all(obj, passive):
            mutations = self._changes_of(obj)
            mutations.in_flush = mutations.over(self.stored(obj))
            return mutations.in_flush
        return self.mutations(obj).in_flush or self.get_history(obj, passive)

    def get_all_pending(
        self, obj: Any, passive: int = PASSIVE_NO_INITIALIZE
    ) -> list[Any]:
        return self.get_history(obj, passive).sum()

    def members(self, obj: Any, passive: int = PASSIVE_OFF) -> list[Any]:
        """The items as a cascade sees them: all of them, or what is to be added."""
        if passive & CALLABLES_OK:
            passive |= INIT_OK
        history = self.get_history(obj, passive)
        return history.non_deleted()

    # -- writing ---------------------------------------------------------

    def _changes_of(self, obj: Any) -> Mutations:
        """The changes of an instance, kept with it from now on."""
        mutations = self.mutations(obj)
        if mutations is NOTHING:
            mutations = Mutations()
            kernel.note_original(obj, self.key, mutations)
            originals: Any = kernel.state_of(obj)._o_originals
            originals[self.key] = mutations  # also in place of flag_modified()'s mark
        return mutations

    def _changed(self, obj: Any) -> Mutations:
        """The changes of an instance, ready to take another one."""
        self.put(obj, True)
        kernel.mark_modified(obj)
        return self._changes_of(obj)

    def append(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        token = initiator or self.append_token
        for fn in self.on_append:
            value = fn(obj, value, token, NO_KEY)
        if self.trackparent and value is not None:
            self.sethasparent(value, obj, True)
        self._changed(obj).add(value)

    def remove(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        if self.trackparent and value is not None:
            self.sethasparent(value, obj, False)
        token = initiator or self.remove_token
        for fn in self.on_remove:
            fn(obj, value, token, NO_KEY)
        self._changed(obj).remove(value)

    def pop(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        self.remove(obj, value, initiator, passive)

    def set(
        self,
        obj: Any,
        value: Any,
        initiator: Any = None,
        passive: int = PASSIVE_OFF,
        check_old: Any = None,
        pop: bool = False,
    ) -> None:
        self.replace(obj, value)

    def replace(
        self, obj: Any, value: Iterable[Any], *, adapt: bool = True, check: bool = True
    ) -> None:
        """Make the collection hold the given items.

        Raises:
            InvalidRequestError: it would have to be read as a whole first.
        """
        items = list(value)
        before = self._before_replacement(obj)
        known = {id(item) for item in before}
        wanted = {id(item) for item in items}
        self._changed(obj)
        for item in items:
            if id(item) not in known:
                self.append(obj, item)
        for item in before:
            if id(item) not in wanted:
                self.remove(obj, item)

    def _before_replacement(self, obj: Any) -> list[Any]:
        if self._is_stored(obj):
            raise sa_exc.InvalidRequestError(
                f'Collection "{self}" does not support implicit iteration; collection '
                "replacement operations can't be used"
            )
        return self.mutations(obj).added

    def set_committed_value(self, obj: Any, value: Any) -> Any:
        """Refused.

        Raises:
            NotImplementedError: there is no collection to fill.
        """
        raise NotImplementedError(
            "Dynamic attributes don't support collection population."
        )

    def delete(self, obj: Any) -> None:
        """Refused.

        Raises:
            NotImplementedError: the attribute has no value to delete.
        """
        raise NotImplementedError(f"The collection {self} can't be deleted")


class DynamicImpl(WriteOnlyImpl):
    """A collection that is read with a query, as a whole where it must be.

    Args:
        load: called with the instance, reads the items without autoflush.
    """

    def __init__(
        self,
        attr: Any,
        make_collection: Callable[[Any, Any], Any],
        load: Callable[[Any], list[Any]],
        **kw: Any,
    ) -> None:
        super().__init__(attr, make_collection, **kw)
        self._load_stored = load

    def _reads_all(self, obj: Any, passive: int) -> bool:
        return bool(passive & INIT_OK and self._is_stored(obj))

    def stored(self, obj: Any) -> list[Any]:
        return self._load_stored(obj)

    def _before_replacement(self, obj: Any) -> list[Any]:
        if not self._is_stored(obj):
            return self.mutations(obj).added
        found = list(self.make_collection(self, obj))  # autoflushes, so ask first
        return self.mutations(obj).over(found).non_deleted()
