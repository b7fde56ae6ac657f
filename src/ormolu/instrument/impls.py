"""What an instrumented attribute does: reading, writing, history, events.

One implementation object per mapped attribute and class.  The kernel's descriptor
answers reads of loaded values and plain writes by itself; it comes here for what is
not loaded, for listeners, backrefs and collections.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from weakref import ref

from .._speedups import state as kernel
from .attribute_events import listeners_of
from .expiry import is_expired, leave_expiry, settle_expired
from .flags import (
    ATTR_EMPTY,
    ATTR_WAS_SET,
    CALLABLES_OK,
    INIT_OK,
    LOAD_AGAINST_COMMITTED,
    NO_AUTOFLUSH,
    NO_RAISE,
    NO_VALUE,
    NON_PERSISTENT_OK,
    PASSIVE_NO_RESULT,
    PASSIVE_OFF,
    PASSIVE_ONLY_PERSISTENT,
    AttributeOp,
    LoaderCallableStatus,
)
from .history import HISTORY_BLANK, History, object_history, scalar_history
from .linking import link_of

UNLOADED = kernel.UNLOADED
EXPIRED = kernel.EXPIRED
FRESH = kernel.FRESH

Listener = Callable[..., Any]


class AttributeEventToken:
    """Names the attribute and operation that began a chain of events.

    Events that it causes on other attributes carry it on, which is how a backref
    knows not to answer the event that it caused itself.
    """

    __slots__ = ("impl", "key", "op", "parent_token")

    def __init__(self, impl: AttributeImpl, op: AttributeOp) -> None:
        self.impl = impl
        self.op = op
        self.parent_token = impl.parent_token
        self.key = impl.key

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AttributeEventToken)
            and other.impl is self.impl
            and other.op is self.op
        )

    __hash__ = object.__hash__

    def hasparent(self, state: Any) -> bool:
        return self.impl.hasparent(state.obj())


AttributeEvent = AttributeEventToken


class AttributeImpl:
    """Common part of the implementations.

    Args:
        attr: the class-bound attribute (a kernel descriptor).
        loader: called with (instance, passive flags) when no value is there; returns
            a value or a `LoaderCallableStatus`.
    """

    collection = False
    uses_objects = False
    dynamic = False
    default_accepts_scalar_loader = False
    supports_population = True

    def __init__(
        self,
        attr: Any,
        loader: Callable[[Any, int], Any] | None = None,
        *,
        active_history: bool = False,
        trackparent: bool = False,
        compare: Callable[[Any, Any], bool] | None = None,
    ) -> None:
        self.attr = attr
        self.key: str = attr.key
        self.class_: type = attr.class_
        self.loader = loader
        self.active_history = active_history
        self.trackparent = trackparent
        self.compare = compare
        self.parent_token: Any = attr.parent_token
        # False where changes are nobody's business: no history, no unit of work
        self.send_modified_events = True
        self.loads_new = False
        self._link: Any = None
        listeners = listeners_of(attr)
        self.on_set: list[Listener] = listeners.functions("set")
        self.on_append: list[Listener] = listeners.functions("append")
        self.on_remove: list[Listener] = listeners.functions("remove")
        self.on_append_wo_mutation: list[Listener] = listeners.functions(
            "append_wo_mutation"
        )
        self.on_bulk_replace: list[Listener] = listeners.functions("bulk_replace")
        self.on_modified: list[Listener] = listeners.functions("modified")
        self.on_init_scalar: list[Listener] = listeners.functions("init_scalar")
        self.on_init_collection: list[Listener] = listeners.functions("init_collection")
        self.on_dispose_collection: list[Listener] = listeners.functions(
            "dispose_collection"
        )
        self.append_token = AttributeEventToken(self, AttributeOp.APPEND)
        self.remove_token = AttributeEventToken(self, AttributeOp.REMOVE)
        self.replace_token = AttributeEventToken(self, AttributeOp.REPLACE)
        self.bulk_token = AttributeEventToken(self, AttributeOp.BULK_REPLACE)

    def __str__(self) -> str:
        return f"{self.class_.__name__}.{self.key}"

    # -- storage ---------------------------------------------------------

    def peek(self, obj: Any) -> Any:
        """The loaded value or UNLOADED; loads nothing."""
        return kernel.peek_key(obj, self.key)

    def slot_of(self, obj: Any) -> int:
        return kernel.layout_of(obj).index[self.key]

    def put(self, obj: Any, value: Any) -> None:
        """Store a value as it is in the database: no history, no events."""
        kernel.put(obj, self.slot_of(obj), value)

    def original(self, obj: Any) -> Any:
        """The value before the pending change; ``NO_VALUE`` if there was none.

        KeyError when the attribute has no pending change.
        """
        value = (kernel.state_of(obj)._o_originals or {})[self.key]
        return NO_VALUE if value is UNLOADED else value

    def changed(self, obj: Any) -> bool:
        originals = kernel.state_of(obj)._o_originals
        return originals is not None and self.key in originals

    # -- reading ---------------------------------------------------------

    def missing(self, obj: Any) -> Any:
        """Answer a read that found no value (the kernel calls this)."""
        return self.get(obj, PASSIVE_OFF)

    def get(self, obj: Any, passive: int = PASSIVE_OFF) -> Any:
        value = kernel.peek_key(obj, self.key)
        if value is not UNLOADED:
            return value
        if self._was_lost(obj):
            return self.default_value(obj) if passive & INIT_OK else NO_VALUE
        if not passive & CALLABLES_OK:
            return NO_VALUE
        value = self._fire_loader(obj, passive)
        if value is PASSIVE_NO_RESULT or value is NO_VALUE:
            return value
        if value is ATTR_WAS_SET:
            value = kernel.peek_key(obj, self.key)
            if value is UNLOADED:
                raise KeyError(
                    f"Deferred loader for attribute {self.key!r} "
                    "failed to populate correctly"
                )
            return value
        if value is not ATTR_EMPTY:
            return self.set_committed_value(obj, value)
        if not passive & INIT_OK:
            return NO_VALUE
        return self.default_value(obj)

    def _was_lost(self, obj: Any) -> bool:
        """Whether a known value was deleted: the row is not asked for it again."""
        originals = kernel.state_of(obj)._o_originals
        return (
            originals is not None and originals.get(self.key, UNLOADED) is not UNLOADED
        )

    def _fire_loader(self, obj: Any, passive: int) -> Any:
        struct = kernel.state_of(obj)
        extras = struct._o_extras
        if extras and "callables" in extras:
            fn = extras["callables"].get(self.key)
            if fn is not None:
                return fn(obj, passive)
        if self.loader is None:
            return ATTR_EMPTY
        return self.loader(obj, passive)

    def default_value(self, obj: Any) -> Any:
        """What reads when nothing is there: None for a scalar."""
        value = None
        for fn in self.on_init_scalar:
            value = fn(obj, value)
        return value

    def set_committed_value(self, obj: Any, value: Any) -> Any:
        distinguish_new(obj)
        leave_expiry(obj)
        self.put(obj, value)
        originals = kernel.state_of(obj)._o_originals
        if originals:
            originals.pop(self.key, None)
        return value

    # -- parents ---------------------------------------------------------

    def hasparent(self, child: Any, optimistic: bool = False) -> bool:
        """Whether some object refers to ``child`` through this attribute."""
        if not self.trackparent:
            raise AssertionError(
                f"This AttributeImpl is not configured to track parents: {self}"
            )
        found = kernel.parent_of(child, self.parent_token)
        return optimistic if found is None else found is not False

    def sethasparent(self, child: Any, parent: Any, value: bool) -> None:
        """Note that ``parent`` refers (or no longer refers) to ``child``."""
        token = self.parent_token
        if value:
            kernel.set_parent(child, token, ref(parent))
        elif not _is_held_by_another(kernel.parent_of(child, token), parent):
            kernel.set_parent(child, token, False)

    # -- changes ------------------------------------------------------------

    def is_new(self, obj: Any) -> bool:
        """Whether a value counts as added because its object was never saved."""
        fresh = kernel.state_of(obj)._o_flags & FRESH
        return bool(fresh) and self.send_modified_events

    def note_original(self, obj: Any, value: Any) -> None:
        """Keep the value before a first change, and note that there is one."""
        if self.send_modified_events:
            kernel.note_original(obj, self.key, value)

    # -- to be provided by each kind ----------------------------------------

    def get_history(self, obj: Any, passive: int = PASSIVE_OFF) -> History:
        raise NotImplementedError(f"History of {self}")

    def get_all_pending(self, obj: Any, passive: int = 22) -> list[Any]:
        raise NotImplementedError(f"Related objects of {self}")

    def append(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        self.set(obj, value, initiator, passive)

    def remove(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        self.set(obj, None, initiator, passive, check_old=value)

    def pop(
        self, obj: Any, value: Any, initiator: Any = None, passive: int = PASSIVE_OFF
    ) -> None:
        self.set(obj, None, initiator, passive, check_old=value, pop=True)

    def set(
        self,
        obj: Any,
        value: Any,
        initiator: Any = None,
        passive: int = PASSIVE_OFF,
        check_old: Any = None,
        pop: bool = False,
    ) -> None:
        raise NotImplementedError(f"Setting {self}")

    def install(self) -> None:
        """Point the kernel's descriptor at this implementation."""
        self._link = None
        attr = self.attr
        attr.on_missing = self.missing
        attr.on_set = self.set if self.needs_slow_set() else None
        attr.new_is_plain = self.is_plain_when_new()
        attr.on_delete = self.delete

    def needs_slow_set(self) -> bool:
        """Whether writes must come here instead of staying in the kernel."""
        return True

    def is_plain_when_new(self) -> bool:
        """Whether a write to an object without identity means no more than that."""
        return False

    def delete(self, obj: Any) -> None:
        raise NotImplementedError(f"Deleting {self}")


class ColumnImpl(AttributeImpl):
    """A scalar value that comes from a column or SQL expression."""

    default_accepts_scalar_loader = True

    def needs_slow_set(self) -> bool:
        return self.active_history or bool(self.on_set)

    def is_plain_when_new(self) -> bool:
        return not self.on_set

    def is_equal(self, a: Any, b: Any) -> bool:
        if a is b:
            return True
        if self.compare is not None:
            return bool(self.compare(a, b))
        return bool(a == b)

    def _fire_loader(self, obj: Any, passive: int) -> Any:
        struct = kernel.state_of(obj)
        if is_expired(obj, self.key):
            mapper = struct._o_layout.mapper
            if self.key not in mapper._deferred_keys:
                return mapper._load_expired(obj, passive)
        if struct._o_key is None:
            return ATTR_EMPTY
        return super()._fire_loader(obj, passive)

    def _old_value(self, obj: Any) -> Any:
        old = kernel.peek_key(obj, self.key)
        if old is not UNLOADED or not self.active_history:
            return NO_VALUE if old is UNLOADED else old
        if kernel.state_of(obj)._o_key is None and not is_expired(obj, self.key):
            return NO_VALUE
        return self.get(obj, PASSIVE_ONLY_PERSISTENT ^ INIT_OK)

    def set(
        self,
        obj: Any,
        value: Any,
        initiator: Any = None,
        passive: int = PASSIVE_OFF,
        check_old: Any = None,
        pop: bool = False,
    ) -> None:
        old = self._old_value(obj)
        token = initiator or self.replace_token
        for fn in self.on_set:
            value = fn(obj, value, old, token)
        kernel.write(obj, self.slot_of(obj), value)

    def delete(self, obj: Any) -> None:
        old = self._old_value(obj)
        for fn in self.on_remove:
            fn(obj, old, self.remove_token)
        struct = kernel.state_of(obj)
        loaded = kernel.peek_key(obj, self.key)
        expired = struct._o_flags & EXPIRED or is_expired(obj, self.key)
        is_new = old is NO_VALUE or struct._o_flags & FRESH
        kernel.note_original(obj, self.key, UNLOADED if is_new else old)
        settle_expired(obj)
        kernel.drop(obj, self.slot_of(obj))
        if loaded is UNLOADED and old is NO_VALUE and not expired:
            raise AttributeError(f"{self} object does not have a value")

    def get_history(self, obj: Any, passive: int = PASSIVE_OFF) -> History:
        current = kernel.peek_key(obj, self.key)
        struct = kernel.state_of(obj)
        originals = struct._o_originals
        if originals and self.key in originals:
            original = self.original(obj)
            if current is UNLOADED:
                return scalar_history(original, NO_VALUE, False)
            equal = original is not NO_VALUE and self.is_equal(current, original)
            return scalar_history(original, current, equal)
        if current is UNLOADED:
            if struct._o_key is None and not is_expired(obj, self.key):
                return HISTORY_BLANK
            current = self.get(obj, passive ^ (passive & INIT_OK))
            if current is NO_VALUE or current is PASSIVE_NO_RESULT:
                return HISTORY_BLANK
            return History((), [current], ())
        if struct._o_flags & FRESH:
            return History([current], (), ())
        return History((), [current], ())


class ScalarObjectImpl(AttributeImpl):
    """A reference to one other object (many-to-one, one-to-one).

    Args:
        deferred_history: the object that a change replaced is not loaded before its
            history is asked for.
    """

    uses_objects = True

    def __init__(self, *args: Any, deferred_history: bool = False, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.deferred_history = deferred_history
        self.append_token = self.replace_token  # to set is to append, for a scalar

    def get_history(self, obj: Any, passive: int = PASSIVE_OFF) -> History:
        current = kernel.peek_key(obj, self.key)
        if current is UNLOADED:
            current = self.get(obj, passive ^ (passive & INIT_OK))
            if current is PASSIVE_NO_RESULT or current is NO_VALUE:
                if not self.changed(obj):
                    return HISTORY_BLANK
                current = NO_VALUE
        changed = self.changed(obj)  # to load what was deleted undoes that
        if not changed:
            if self.is_new(obj) and current is not NO_VALUE:
                return History([current], (), ())
            return History((), [current], ())
        original = self.original(obj)
        if original is PASSIVE_NO_RESULT and self.deferred_history:
            original = self._load_original(obj)
        if original is NO_VALUE and current is NO_VALUE and passive & CALLABLES_OK:
            return History([None], (), ())
        return object_history(original, current)

    def _load_original(self, obj: Any) -> Any:
        """The object that a change replaced, loaded whenever somebody asks for it."""
        if kernel.state_of(obj)._o_key is None or self.loader is None:
            return PASSIVE_NO_RESULT
        found = self.loader(
            obj,
            PASSIVE_ONLY_PERSISTENT | NO_AUTOFLUSH | LOAD_AGAINST_COMMITTED | NO_RAISE,
        )
        return PASSIVE_NO_RESULT if isinstance(found, LoaderCallableStatus) else found

    def get_all_pending(self, obj: Any, passive: int = 22) -> list[Any]:
        current = kernel.peek_key(obj, self.key)
        if current is UNLOADED:
            if not passive & CALLABLES_OK:
                return []
            current = self.get(obj, passive)
            if current is PASSIVE_NO_RESULT or current is NO_VALUE:
                return []
        found = [] if current is None else [current]
        if self.changed(obj):
            original = self.original(obj)
            if (
                original is not None
                and original is not NO_VALUE
                and original is not PASSIVE_NO_RESULT
                and original is not current
            ):
                found.append(original)
        return found

    def _old_value(self, obj: Any) -> Any:
        if self.active_history:
            passive = PASSIVE_ONLY_PERSISTENT | NO_AUTOFLUSH | LOAD_AGAINST_COMMITTED
        else:
            # not fetched: only what the identity map already holds
            passive = (
                CALLABLES_OK | 4 | NON_PERSISTENT_OK | LOAD_AGAINST_COMMITTED | NO_RAISE
            )
        return self.get(obj, passive)

    def set(
        self,
        obj: Any,
        value: Any,
        initiator: Any = None,
        passive: int = PASSIVE_OFF,
        check_old: Any = None,
        pop: bool = False,
    ) -> None:
        if value is not None and check_old is None:
            link = self._link
            if link is None:
                link = self._link = link_of(self, obj, value)
            if link and link.apply(obj, value, initiator):
                return
        old = self._old_value(obj)
        if check_old is not None and old is not PASSIVE_NO_RESULT:
            if check_old is not old:
                if pop:
                    return
                raise ValueError(
                    f"Object {check_old!r} not associated with "
                    f"{type(obj)!r} on attribute {self.key!r}"
                )
        value = self._fire_replace(obj, value, old, initiator)
        self.note_original(obj, UNLOADED if old is NO_VALUE else old)
        self.put(obj, value)

    def _fire_replace(self, obj: Any, value: Any, old: Any, initiator: Any) -> Any:
        if self.trackparent and is_object(old) and old is not value:
            if kernel.state_or_none(old) is not None:
                self.sethasparent(old, obj, False)
        token = initiator or self.replace_token
        for fn in self.on_set:
            value = fn(obj, value, old, token)
        if self.trackparent and value is not None:
            self.sethasparent(value, obj, True)
        return value

    def delete(self, obj: Any) -> None:
        if self.active_history:
            old = self.get(
                obj,
                PASSIVE_ONLY_PERSISTENT | NO_AUTOFLUSH | LOAD_AGAINST_COMMITTED,
            )
        else:
            old = self.get(obj, 29 ^ INIT_OK | LOAD_AGAINST_COMMITTED | NO_RAISE)
        if self.trackparent and is_object(old):
            self.sethasparent(old, obj, False)
        for fn in self.on_remove:
            fn(obj, old, self.remove_token)
        loaded = kernel.peek_key(obj, self.key)
        self.note_original(obj, UNLOADED if old is NO_VALUE else old)
        settle_expired(obj)
        self.put(obj, UNLOADED)  # which makes room: a flush looks there for changes
        persistent = kernel.state_of(obj)._o_key is not None  # with a row to clear
        if loaded is UNLOADED and old is NO_VALUE and not persistent:
            raise AttributeError(f"{self} object does not have a value")


def distinguish_new(obj: Any, others: Collection[str] = ()) -> None:
    """Note of each value of a new object that it is new, since another one is not.

    Args:
        others: attributes whose values are not new.
    """
    struct = kernel.state_of(obj)
    if struct._o_flags & FRESH:
        struct._o_flags &= ~FRESH
        before = struct._o_originals or {}
        untracked = struct._o_layout.mapper._untracked_keys
        if untracked:
            others = untracked.union(others)
        new = [key for key in kernel.loaded(obj) if key not in others]
        struct._o_originals = {**dict.fromkeys(new, UNLOADED), **before}


def _is_held_by_another(last: Any, parent: Any) -> bool:
    """Whether the parent last noted is there and stands for another row."""
    other = last() if last else None
    if other is None or other is parent:
        return False
    return bool(kernel.state_of(other)._o_key != kernel.state_of(parent)._o_key)


def is_object(value: Any) -> bool:
    """Whether an attribute's answer is an object, neither None nor a marker."""
    return (
        value is not None
        and value is not NO_VALUE
        and value is not PASSIVE_NO_RESULT
        and value is not UNLOADED
    )
