"""Which attributes of an instance are expired.

An attribute is expired when it was declared so and has got no value from the database
since.  What was declared is either the set "expired" among the extras or, after the
expiry of the whole instance, everything: the flag LAPSED, so that expiring an instance
allocates nothing and loading it has nothing to take back.  What the rows of a base class
lack, as the record of the load tells, is expired as well, unless "settled" is among the
extras.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._speedups import state as kernel
from .extras import extras_of
from .flags import NO_VALUE, PASSIVE_NO_RESULT
from .last_known import LAST_KNOWN, keep_last_known

EXPIRED = kernel.EXPIRED
LAPSED = kernel.LAPSED
UNLOADED = kernel.UNLOADED
UNKNOWN = (UNLOADED, NO_VALUE, PASSIVE_NO_RESULT)
"""Originals of attributes that were changed without having been loaded."""

FORGOTTEN = ("expired", "settled", "reread", "empty", "pending", "callables")
"""Extras that go with all values."""


def expired_attributes(obj: Any) -> set[str]:
    """The names of all expired attributes.

    One that was set while it was expired stays so until its change is flushed.
    """
    struct = kernel.state_of(obj)
    found = {k for k in _declared(struct) if not _has_committed(obj, struct, k)}
    extras = struct._o_extras
    if extras and "reread" in extras:  # it has a value all the same
        found |= extras["reread"]
    return found


def expired_keys(obj: Any) -> set[str]:
    """Column attributes that the next read of one of them reloads together."""
    struct = kernel.state_of(obj)
    extras = struct._o_extras
    declared = _declared(struct)
    if not declared:
        return set()
    originals = struct._o_originals or ()
    found = {
        k
        for k in struct._o_layout.mapper._expirable_keys.intersection(declared)
        if k not in originals and kernel.peek_key(obj, k) is UNLOADED
    }
    if found and extras and "reread" in extras:
        found.update(extras["reread"].difference(originals))
    return found


def is_expired(obj: Any, key: str) -> bool:
    """Whether one attribute is expired."""
    struct = kernel.state_of(obj)
    return key in _declared(struct) and not _has_committed(obj, struct, key)


def _declared(struct: Any) -> Any:
    extras = struct._o_extras
    declared: Any = ()
    if extras and "expired" in extras:
        declared = extras["expired"]
        if "settled" in extras:
            return declared
    elif struct._o_flags & LAPSED:
        return struct._o_layout.mapper._instance_keys
    origin = struct._o_origin
    if origin is None or not origin.missing:
        return declared
    return origin.missing.union(declared) if declared else origin.missing


def _has_committed(obj: Any, struct: Any, key: str) -> bool:
    originals = struct._o_originals
    if originals and key in originals:
        original = originals[key]
        return all(original is not unknown for unknown in UNKNOWN)
    return kernel.peek_key(obj, key) is not UNLOADED


def declare_expired(struct: Any, keys: Iterable[str]) -> None:
    """Have exactly some attributes of an instance be expired."""
    names = set(keys)
    struct._o_flags &= ~LAPSED
    if struct._o_origin is not None and struct._o_origin.missing:
        extras_of(struct).update(expired=names, settled=True)
    elif names:
        extras_of(struct)["expired"] = names
    elif struct._o_extras:
        struct._o_extras.pop("expired", None)


def settle_expired(obj: Any) -> None:
    """Have what got a value stay unexpired, whatever becomes of its value."""
    struct = kernel.state_of(obj)
    if _declared(struct):
        declare_expired(struct, expired_attributes(obj))


def settle_values(obj: Any, keys: Iterable[str]) -> None:
    """Attributes that have been given their values are not to be read once more."""
    extras = kernel.state_of(obj)._o_extras
    if extras and "reread" in extras:
        extras["reread"].difference_update(keys)


def clear_expired(obj: Any) -> None:
    """Have no attribute of an instance be expired."""
    struct = kernel.state_of(obj)
    declare_expired(struct, ())
    if struct._o_extras:
        struct._o_extras.pop("reread", None)


def expire_all(obj: Any) -> None:
    """Forget every loaded value and pending change of an instance.

    Loader options of the first load stay: lazy loads go on as that statement asked.
    """
    struct = kernel.state_of(obj)
    mapper = struct._o_layout.mapper
    extras = struct._o_extras
    if extras:
        if LAST_KNOWN in extras:
            keep_last_known(obj, extras[LAST_KNOWN])
        for name in FORGOTTEN:
            extras.pop(name, None)
    invalidate_collections(obj, mapper._collection_keys)
    kernel.expire(obj)
    origin = struct._o_origin
    if origin is not None and origin.own is not origin:
        struct._o_origin = origin.own  # what later loads asked for is over
    if mapper.class_manager.on_expire is not None:
        mapper.class_manager.on_expire(obj, None)


def forget_values(origin: Any, obj: Any) -> None:
    """Forget values and changes of an instance that is about to be loaded anew.

    A column that only the statement leaves out keeps its value; one that the rows lack,
    as those of a base class, does not.

    Args:
        origin: the record of the load, which tells what later loads repeat.
        obj: the instance.
    """
    struct = kernel.state_of(obj)
    layout = struct._o_layout
    mapper = layout.mapper
    if struct._o_extras or _declared(struct):
        left = expired_attributes(obj)
        for name in FORGOTTEN:
            if struct._o_extras:
                struct._o_extras.pop(name, None)
        declare_expired(struct, left.difference(layout.related_keys))
        if struct._o_extras:  # what the new rows lack is expired
            struct._o_extras.pop("settled", None)
    invalidate_collections(obj, mapper._collection_keys)
    missing = () if origin is None else origin.missing
    for key in (*mapper._deferred_keys, *layout.related_keys, *missing):
        kernel.drop(obj, layout.index[key])
    kernel.forget_changes(obj)
    if origin is not None:  # a load without options changes none
        struct._o_origin = origin.in_place_of(struct._o_origin)


def invalidate_collections(obj: Any, keys: Iterable[str]) -> None:
    """Cut the collections of an instance off, so that later changes warn."""
    for key in keys:
        collection = kernel.peek_key(obj, key)
        if collection is not UNLOADED and collection is not None:
            adapter = getattr(collection, "_sa_adapter", None)
            if adapter is not None:
                adapter.invalidated = True


def expire_keys(obj: Any, keys: Iterable[str]) -> None:
    """Forget some attributes of an instance; columns among them reload together."""
    struct = kernel.state_of(obj)
    layout = struct._o_layout
    mapper = layout.mapper
    extras = struct._o_extras or {}
    if LAST_KNOWN in extras:
        keep_last_known(obj, extras[LAST_KNOWN])
    expired = expired_attributes(obj)
    invalidate_collections(obj, mapper._collection_keys.intersection(keys))
    originals = struct._o_originals
    for key in keys:
        slot = layout.index.get(key)
        if slot is None:
            raise KeyError(key)
        if slot >= 0:
            expired.add(key)
        kernel.drop(obj, slot)
        if originals:
            originals.pop(key, None)
        for name in ("empty", "pending", "callables"):
            if name in extras:
                extras[name].pop(key, None)
        if "reread" in extras:
            extras["reread"].discard(key)
    declare_expired(struct, expired)
    if mapper.class_manager.on_expire is not None:
        mapper.class_manager.on_expire(obj, keys)


def leave_expiry(obj: Any) -> None:
    """Have a wholly expired instance be one that lacks some attributes.

    It is about to get others.
    """
    kernel.state_of(obj)._o_flags &= ~EXPIRED
