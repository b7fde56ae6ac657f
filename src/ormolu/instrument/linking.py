"""Which attributes the kernel may change together, as nobody else listens to them.

Most objects get their relationships while they are new and in no session.  There a
backref comes down to a few stores on both sides, which a `kernel.Link` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._speedups import linking
from .._speedups import state as kernel
from .collections import new_collection
from .collections.lists import InstrumentedList
from .state import session_of

Listener = Callable[..., Any]
NO_LINK: Any = False


def mirrors(fn: Listener, other_key: str) -> Listener:
    """Mark the listener that mirrors changes on an attribute of the other side."""
    fn.__dict__["_mirrors"] = other_key
    return fn


def cascades(fn: Listener) -> Listener:
    """Mark a listener that does nothing for objects in no session."""
    fn.__dict__["_cascades"] = True
    return fn


def link_of(impl: Any, obj: Any, other: Any) -> Any:
    """The link of an attribute with the one that mirrors it.

    ``NO_LINK`` if there can be none; None if this is not the time to tell.

    Args:
        impl: the attribute's implementation.
        obj: an object that has it.
        other: an object that is about to be referred to.
    """
    if not isinstance(obj, kernel.EntityBase):
        return NO_LINK
    if not isinstance(other, kernel.EntityBase):
        return None
    here = kernel.layout_of(obj)
    there = kernel.layout_of(other)
    if not here.embedded or not there.embedded or impl.class_ is not here.cls:
        return NO_LINK
    key = _mirrored_key(impl)
    attr = None if key is None else there.attributes.get(key)
    reverse = getattr(attr, "impl", None)
    if reverse is None or reverse.class_ is not there.cls:
        return NO_LINK
    if _mirrored_key(reverse) != impl.key:
        return NO_LINK
    if not _is_simple(impl) or not _is_simple(reverse):
        return NO_LINK
    return linking.Link(
        _side(impl, here),
        _side(reverse, there),
        impl.append_token,
        impl.bulk_token,
        _is_in_flush,
    )


def _is_in_flush(obj: Any) -> bool:
    """Whether the session of an object sends the SQL of a flush, and warns."""
    session = session_of(obj)
    return session is not None and session._warn_on_events


def _listeners(impl: Any) -> list[Listener]:
    found: list[Listener] = impl.on_append if impl.collection else impl.on_set
    return found


def _mirrored_key(impl: Any) -> str | None:
    """The key on the other side; None as well if the users listen too."""
    found: str | None = None
    for fn in _listeners(impl):
        names = getattr(fn, "__dict__", {})
        if "_mirrors" in names and found is None:
            found = names["_mirrors"]
        elif "_cascades" not in names:
            return None
    return found


def _is_simple(impl: Any) -> bool:
    """Whether a new object has nothing, and changes leave nothing but an original."""
    if impl.loads_new or impl.dynamic or not impl.send_modified_events:
        return False
    if impl.collection:
        return (
            impl.collection_factory is InstrumentedList and not impl.on_init_collection
        )
    return not impl.active_history


def _side(impl: Any, layout: kernel.Layout) -> linking.Side:
    def make(obj: Any) -> None:
        kernel.put(obj, layout.index[impl.key], new_collection(impl, obj))

    return linking.Side(
        layout,
        impl.key,
        InstrumentedList if impl.collection else None,
        make,
        impl.parent_token if impl.trackparent else None,
        _listeners(impl),
    )
