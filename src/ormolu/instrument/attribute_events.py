"""Events of attributes.

An attribute keeps the functions that its implementation calls in plain lists, with
those of backrefs, cascades and validators in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.events import (
    Events,
    EventTarget,
    RefCollection,
    ask_first,
    class_level_collection,
    event_names,
    listener_of,
    same_listener_for,
    with_listener,
)
from .flags import ATTR_EMPTY, NO_KEY
from .listening import mapped_subclasses
from .state import inspect_instance

Listener = Callable[..., Any]


class Functions(list[Listener]):
    """The functions of one event, in the order in which they are called."""

    __slots__ = ()

    def appendleft(self, fn: Listener) -> None:
        """Put a function before the others (``insert=True``)."""
        self.insert(0, fn)


class ListenerCollection(RefCollection[Any]):
    """Core's view of the listeners of one event of one attribute."""

    __slots__ = ("__weakref__", "functions", "name", "owner", "propagate")

    def __init__(self, owner: AttributeListeners, name: str) -> None:
        self.owner = owner
        self.name = name
        self.functions = Functions()
        self.propagate: list[Any] = []

    def for_modify(self, target: Any) -> ListenerCollection:
        return self

    def _adjust_fn_spec(self, fn: Any, named: bool) -> Any:
        return class_level_collection(AttributeEvents, self.name)._adjust_fn_spec(
            fn, named
        )

    def append(self, event_key: Any, propagate: bool) -> None:
        if event_key.append_to_list(self, self.functions):
            self._added(event_key, propagate)

    def insert(self, event_key: Any, propagate: bool) -> None:
        if event_key.prepend_to_list(self, self.functions):
            self._added(event_key, propagate)

    def _added(self, event_key: Any, propagate: bool) -> None:
        if propagate:
            self.propagate.append(event_key)
        self.owner.changed()

    def remove(self, event_key: Any) -> None:
        event_key.remove_from_list(self, self.functions)
        fn = listener_of(event_key)
        self.propagate = [k for k in self.propagate if listener_of(k) is not fn]
        self.owner.changed()

    def _set_asyncio(self) -> None:
        """Listeners of attributes never await."""


class AttributeListeners(EventTarget):
    """The listeners of one attribute of one class, by event.

    Args:
        attr: the attribute; its implementation is told of new listeners.
    """

    def __init__(self, attr: Any) -> None:
        self.attr = attr
        self.dispatch = self  # what Core asks for the collection of an event
        self.active_history = False

    dispatch: Any
    _events: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in NAMES:
            raise AttributeError(name)
        found = self.__dict__[name] = ListenerCollection(self, name)
        return found

    def _listen(self, event_key: Any, **kw: Any) -> None:
        AttributeEvents._listen(event_key, **kw)

    def functions(self, name: str) -> Functions:
        """The list that the implementation calls for an event."""
        return getattr(self, name).functions  # type: ignore[no-any-return]

    def changed(self) -> None:
        """Let the implementation take the listeners into account."""
        impl = self.attr.impl
        if impl is not None:
            impl.active_history = impl.active_history or self.active_history
            impl.install()

    def adopt(self, other: AttributeListeners) -> None:
        """Take over what a base class's attribute propagates."""
        self.active_history = self.active_history or other.active_history
        for name in NAMES:
            collection = other.__dict__.get(name)
            for key in collection.propagate if collection is not None else ():
                getattr(self, name).append(same_listener_for(key, self), True)


def listeners_of(attr: Any) -> AttributeListeners:
    """The listeners of an attribute."""
    found = attr.__dict__.get("_listeners")
    if found is None:
        found = attr._listeners = AttributeListeners(attr)
    return found  # type: ignore[no-any-return]


def inherit_listeners(attr: Any, manager: Any) -> None:
    """Give a new attribute what the same attribute of base classes propagates."""
    from_bases = (
        base.__dict__["_sa_class_manager"].get(attr.key)
        for base in manager.class_.__mro__[1:]
        if "_sa_class_manager" in base.__dict__
    )
    for inherited in from_bases:
        if inherited is not None and "_listeners" in getattr(inherited, "__dict__", ()):
            listeners_of(attr).adopt(listeners_of(inherited))
            return


@ask_first
class AttributeEvents(Events[Any]):
    """Events of mapped attributes.

    Source: ``sqlalchemy.orm.AttributeEvents``.  Listeners receive the instance, with
    ``raw=True`` its `InstanceState`; with ``retval=True`` what they return takes the
    place of the value; ``include_key=True`` brings the key of a collection.
    """

    _target_class_doc = "SomeClass.some_attribute"

    @classmethod
    def _accept_with(cls, target: Any, identifier: str) -> Any:
        if isinstance(target, AttributeListeners):
            return target
        if getattr(target, "is_property", False) and hasattr(target, "_is_column"):
            target = getattr(target.parent.class_, target.key)
        if getattr(target, "_is_ormolu_attribute", False):
            return listeners_of(target)
        return None

    @classmethod
    def _listen(
        cls,
        event_key: Any,
        active_history: bool = False,
        raw: bool = False,
        retval: bool = False,
        propagate: bool = False,
        include_key: bool = False,
        **kw: Any,
    ) -> None:
        target: AttributeListeners = event_key.dispatch_target
        if active_history:
            target.active_history = True
        wrap = WRAPPERS[event_key.identifier]
        fn = listener_of(event_key)
        key = with_listener(event_key, wrap(fn, raw, retval, include_key))
        key.base_listen(propagate=propagate, **kw)
        if not propagate:
            return
        for manager in mapped_subclasses(target.attr.class_):
            attr = manager.get(target.attr.key)
            if attr is not None and attr is not target.attr:
                listeners = listeners_of(attr)
                listeners.active_history |= active_history
                same_listener_for(key, listeners).base_listen(propagate=True, **kw)

    @classmethod
    def _clear(cls) -> None:
        """Nothing is listened for on all attributes at once."""

    def append(
        self, target: Any, value: Any, initiator: Any, *, key: Any = NO_KEY
    ) -> Any:
        """Called before an item comes into a collection."""

    def append_wo_mutation(
        self, target: Any, value: Any, initiator: Any, *, key: Any = NO_KEY
    ) -> None:
        """Called for an item that was added and is there already."""

    def bulk_replace(
        self, target: Any, values: Any, initiator: Any, *, keys: Any = None
    ) -> None:
        """Called with the list of items that take the place of a collection."""

    def remove(
        self, target: Any, value: Any, initiator: Any, *, key: Any = NO_KEY
    ) -> None:
        """Called for an item that leaves."""

    def set(self, target: Any, value: Any, oldvalue: Any, initiator: Any) -> Any:
        """Called before a scalar is set."""

    def init_scalar(self, target: Any, value: Any, dict_: Any) -> Any:
        """Called when a scalar without a value is read."""

    def init_collection(
        self, target: Any, collection: Any, collection_adapter: Any
    ) -> None:
        """Called when an empty collection is made for an instance."""

    def dispose_collection(
        self, target: Any, collection: Any, collection_adapter: Any
    ) -> None:
        """Called when a collection was replaced."""

    def modified(self, target: Any, initiator: Any) -> None:
        """Called by `flag_modified`."""


NAMES = event_names(AttributeEvents)
AttributeListeners._events = AttributeEvents


def _subject(raw: bool) -> Listener:
    return inspect_instance if raw else _itself


def _itself(obj: Any) -> Any:
    return obj


def _value_event(fn: Listener, raw: bool, retval: bool, include_key: bool) -> Listener:
    """append, append_wo_mutation: (instance, item, token, key) -> item."""
    subject = _subject(raw)

    def on_item(obj: Any, value: Any, initiator: Any, key: Any = NO_KEY) -> Any:
        if include_key:
            result = fn(subject(obj), value, initiator, key=key)
        else:
            result = fn(subject(obj), value, initiator)
        return result if retval else value

    return on_item


def _plain_event(fn: Listener, raw: bool, retval: bool, include_key: bool) -> Listener:
    """init_collection and others without a result."""
    subject = _subject(raw)

    def on_event(obj: Any, *args: Any) -> None:
        fn(subject(obj), *args)

    return on_event


def _bulk_event(fn: Listener, raw: bool, retval: bool, include_key: bool) -> Listener:
    subject = _subject(raw)

    def on_bulk(obj: Any, values: Any, initiator: Any, keys: Any = None) -> Any:
        if include_key:
            return fn(subject(obj), values, initiator, keys=keys)
        return fn(subject(obj), values, initiator)

    return on_bulk


def _set_event(fn: Listener, raw: bool, retval: bool, include_key: bool) -> Listener:
    """set: (instance, value, old value, token) -> value."""
    subject = _subject(raw)

    def on_set(obj: Any, value: Any, old: Any, initiator: Any) -> Any:
        result = fn(subject(obj), value, old, initiator)
        return result if retval else value

    return on_set


def _init_event(fn: Listener, raw: bool, retval: bool, include_key: bool) -> Listener:
    """init_scalar: (instance, value, its dict) -> value."""
    subject = _subject(raw)

    def on_init(obj: Any, value: Any) -> Any:
        result = fn(subject(obj), value, obj.__dict__)
        return result if retval and result is not ATTR_EMPTY else value

    return on_init


def _modified_event(
    fn: Listener, raw: bool, retval: bool, include_key: bool
) -> Listener:
    subject = _subject(raw)

    def on_modified(obj: Any, initiator: Any) -> None:
        fn(subject(obj), initiator)

    return on_modified


WRAPPERS: dict[str, Callable[[Listener, bool, bool, bool], Listener]] = {
    "append": _value_event,
    "append_wo_mutation": _value_event,
    "remove": _value_event,
    "bulk_replace": _bulk_event,
    "set": _set_event,
    "init_scalar": _init_event,
    "init_collection": _plain_event,
    "dispose_collection": _plain_event,
    "modified": _modified_event,
}
