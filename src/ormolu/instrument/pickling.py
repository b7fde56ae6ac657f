"""What pickling and deep copies keep of an instance's state, beside its values."""

from __future__ import annotations

import copy
from typing import Any
from weakref import ref

from .._speedups import state as kernel
from ..exc import UnmappedInstanceError
from .collections.adapter import collection_items
from .collections.links import link_collection
from .manager import ClassManager, manager_of_class, manager_of_layout

KEPT_EXTRAS = frozenset(
    {"expired", "identity_token", "info", "load_pending", "pending", "settled"}
)


class Shared:
    """Keeps something from being copied with the instance that refers to it.

    Args:
        value: pickled as it is, but the same in a deep copy.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __deepcopy__(self, memo: dict[int, Any]) -> Shared:
        return self

    def __reduce__(self) -> Any:
        return Shared, (self.value,)


def pickled_state(obj: Any) -> dict[str, Any]:
    """The state of an instance as pickle takes it."""
    struct = kernel.state_of(obj)
    kept: dict[str, Any] = {
        "key": struct._o_key,
        "flags": struct._o_flags & ~kernel.DELETED,
        "originals": struct._o_originals,
        "origin": Shared(struct._o_origin),
        "collections": _collections(obj, struct._o_layout.mapper),
    }
    extras = {k: v for k, v in (struct._o_extras or {}).items() if k in KEPT_EXTRAS}
    home = struct._o_home
    if home is not None and home.token is not None:
        extras["identity_token"] = home.token
    if extras:
        kept["extras"] = extras
    if parents := _parents(obj):
        kept["parents"] = parents
    manager_of_layout(struct._o_layout).dispatch.pickle(obj, kept)
    return kept


def _parents(obj: Any) -> list[tuple[type, str, Any]]:
    """Who was noted to refer to an object, and along which attribute of which class.

    False stands for nobody any more. One that is gone is left out.
    """
    found = []
    for token, parent in kernel.parents_of(obj).items():
        holder = parent and parent()
        if holder is not None:
            found.append((token.parent.class_, token.key, holder))
    return found


def _note_parents(obj: Any, parents: list[tuple[type, str, Any]]) -> None:
    for cls, key, parent in parents:
        manager = manager_of_class(cls)
        if manager is not None and key in manager:
            token = manager[key].impl.parent_token
            kernel.set_parent(obj, token, parent and ref(parent))


def _collections(obj: Any, mapper: Any) -> dict[str, Any]:
    found = {key: kernel.peek_key(obj, key) for key in mapper._collection_keys}
    return {
        key: value
        for key, value in found.items()
        if value is not kernel.UNLOADED and value is not None
    }


def deep_copied_state(obj: Any, memo: dict[int, Any]) -> Any:
    """The struct of the copy of an instance that is being deeply copied.

    The items of its copied collections refer back to the copy.  Parents that it only
    notes are not copied for that.
    """
    twin = memo[id(obj)]
    state = pickled_state(obj)
    state["parents"] = [
        entry
        for entry in state.get("parents", ())
        if not entry[2] or id(entry[2]) in memo
    ]
    kept = copy.deepcopy(state, memo)
    struct = restore_state(twin, kept)
    mapper = struct._o_layout.mapper
    for key, collection in kept["collections"].items():
        for reverse in mapper._props[key]._reverse_property:
            if reverse.uselist:
                continue
            for item in collection_items(collection):
                if kernel.peek_key(item, reverse.key) is kernel.UNLOADED:
                    kernel.put(item, kernel.layout_of(item).index[reverse.key], twin)
    return struct


def manager_to_restore(cls: type) -> ClassManager:
    """The manager of a class that is being unpickled.

    Raises:
        UnmappedInstanceError: when nobody has mapped it in this process.
    """
    manager = manager_of_class(cls)
    if manager is None or manager.mapper is None:
        raise UnmappedInstanceError(
            None,
            f"Cannot deserialize object of type {cls!r} - no mapper() has been "
            "configured for this class within the current Python process!",
        )
    return manager


def restore_state(obj: Any, kept: dict[str, Any]) -> Any:
    """Put back what `pickled_state` kept; the state's struct."""
    manager = manager_to_restore(type(obj))
    struct = kernel.state_of(obj)
    struct._o_key = kept["key"]
    struct._o_flags = kept["flags"]
    struct._o_originals = kept["originals"]
    struct._o_origin = kept["origin"].value
    if kept.get("extras"):
        struct._o_extras = dict(kept["extras"])
    _note_parents(obj, kept.get("parents", []))
    for key, collection in kept["collections"].items():
        attr = manager.get(key)
        if attr is not None:
            link_collection(attr.impl, obj, collection)
    manager.dispatch.unpickle(obj, kept)
    return struct
