"""What a flush does to each object that it has sent; the twin in Python.

The compiled twin is ``flushing_c``.  Both have the same names, semantics and errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ormolu._speedups.changes_py import forget_changes, write
from ormolu._speedups.identity_py import Tracker
from ormolu._speedups.instance_py import (
    DELETED,
    EXPIRED,
    FRESH,
    LAPSED,
    MODIFIED,
    PARTIAL,
    EntityBase,
)
from ormolu._speedups.layout_py import Layout, registered_layout
from ormolu._speedups.lookup_py import state_of, state_or_none
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek, put

__all__ = [
    "Registered",
    "enter_new",
    "linked",
    "mark_deleted",
    "pull_keys",
    "push_keys",
    "put_generated",
    "reached",
    "register_saved",
    "settle_deleted",
    "settle_inserted",
    "settle_updated",
    "sort_out",
    "touching",
]


def reached(tracker: Tracker, obj: Any) -> list[Any] | None:
    """What comes into a session with an object: along the relationships, depth first.

    Each layout's ``save_plan`` names its relationships: tuples of slot, key, the list
    type of a collection (None for one object), and the class of the objects.

    Returns:
        a list, or None when a plan is missing or somebody else must be asked.
    """
    found: list[Any] = []
    visited = {id(obj)}
    others = _referred(obj)
    if others is None:
        return None
    stack = [iter(others)]
    while stack:
        for other in stack[-1]:
            if id(other) in visited or _is_in(tracker, other):
                continue
            visited.add(id(other))
            found.append(other)
            others = _referred(other)
            if others is None:
                return None
            stack.append(iter(others))
            break
        else:
            stack.pop()
    return found


def _referred(obj: Any) -> list[Any] | None:
    """The objects that an object refers or referred to; None if that is not plain."""
    if not isinstance(obj, EntityBase):
        return None
    state = state_of(obj)
    plan = state._o_layout.save_plan
    if plan is None or (state._o_extras and "pending" in state._o_extras):
        return None
    originals = state._o_originals or {}
    found: list[Any] = []
    for slot, key, list_type, cls in plan:
        value = peek(obj, slot)
        if value is UNLOADED:
            continue
        if list_type is None:
            others = _one_referred(value, originals.get(key))
        elif type(value) is not list_type:
            return None
        else:
            others = _many_referred(value, originals.get(key))
        if not all(isinstance(other, cls) for other in others):
            return None
        found += others
    return found


def _one_referred(value: Any, before: Any) -> list[Any]:
    found = [] if value is None else [value]
    if before is not None and before is not value and state_or_none(before) is not None:
        found.append(before)
    return found


def _many_referred(value: list[Any], before: Any) -> list[Any]:
    """What came into a collection, what stayed and what left it."""
    found = [other for other in value if other is not None]
    if type(before) is not list:
        return found
    former = {id(other) for other in before}
    present = {id(other) for other in found}
    return [
        *(o for o in found if id(o) not in former),
        *(o for o in found if id(o) in former),
        *(o for o in before if o is not None and id(o) not in present),
    ]


def _is_in(tracker: Tracker, obj: Any) -> bool:
    """Whether an object is in the session, deleted ones apart."""
    state = state_or_none(obj)
    if state is None:
        return False
    if id(obj) in tracker.new:
        return True
    home = state._o_home
    if home is None or home.tracker is not tracker:
        return False
    return not state._o_flags & DELETED or home.contains(obj)


def enter_new(
    tracker: Tracker, objs: list[Any], start: int, plain: bool = False
) -> int:
    """Make objects pending, as long as they are new and belong to nobody.

    Arguments:
        plain: stop also at one that may refer to others, or is not mapped.

    Returns:
        the position of the first that is not; the length if there is none.
    """
    for i in range(start, len(objs)):
        obj = objs[i]
        if plain and not _is_plain(obj):
            return i
        state = state_of(obj)
        if state._o_key is not None:
            return i
        if id(obj) in tracker.new:
            continue
        if state._o_home is not None:
            return i
        state._o_home = tracker.home(state._o_layout)
        tracker.new[id(obj)] = obj
    return len(objs)


def _is_plain(obj: Any) -> bool:
    """Whether an object is mapped, has its state within, and refers to nothing."""
    return (
        isinstance(obj, EntityBase)
        and obj._o_related is None
        and obj._o_extras is None
        and registered_layout(type(obj)) is not None
    )


class Registered:
    """An object that takes part in a flush.

    Attributes:
        isdelete: it is deleted instead of saved.
        listonly: it only takes part in ordering; nothing is sent for it.
        asked: the relationships were asked about it, once for all, as SQLAlchemy does.
    """

    __slots__ = ("asked", "isdelete", "listonly", "mapper", "obj")

    def __init__(self, obj: Any, mapper: Any, isdelete: bool, listonly: bool) -> None:
        self.obj = obj
        self.mapper = mapper
        self.isdelete = isdelete
        self.listonly = listonly
        self.asked = False

    @property
    def is_saved(self) -> bool:
        """Whether it is saved, and not for the order alone."""
        return not self.isdelete and not self.listonly


def register_saved(
    tracker: Tracker,
    records: dict[int, Registered],
    simple: dict[Layout, dict[int, Registered]],
    objs: list[Any],
    start: int,
) -> int:
    """Enter objects that are saved, as long as nobody has to look at them first.

    Arguments:
        records: by id, what takes part.
        simple: the layouts of objects that need no look, with the dict of those that
            take part.

    Returns:
        the position of the first that is not in the session, takes part already, or is
        not simple; the length if there is none.
    """
    for i in range(start, len(objs)):
        obj = objs[i]
        if id(obj) in records or not _is_in(tracker, obj):
            return i
        layout = state_of(obj)._o_layout
        own = simple.get(layout)
        if own is None:
            return i
        records[id(obj)] = own[id(obj)] = Registered(obj, layout.mapper, False, False)
    return len(objs)


def sort_out(
    tracker: Tracker, objs: list[Any], start: int, new: list[Any], old: list[Any]
) -> int:
    """Tell objects to be inserted from those to be updated.

    Stops at an object whose key has been lost, and at a new one whose key is that of
    another object: the database, or what else the flush does, decides about them.

    Returns:
        the position of the object that it stops at; the length if there is none.
    """
    for i in range(start, len(objs)):
        obj = objs[i]
        state = state_of(obj)
        if state._o_key is not None:
            old.append(obj)
            continue
        layout = state._o_layout
        for slot in layout.pk_slots:
            value = peek(obj, slot)
            if value is UNLOADED and (state._o_flags & LAPSED or state._o_extras):
                return i
            if value is None or value is UNLOADED:
                break
        else:
            try:
                known = tracker.home(layout).get(_key_of(obj, layout))
            except TypeError:  # it cannot be hashed
                return i
            if known is not None and known is not obj:
                return i
        new.append(obj)
    return len(objs)


def mark_deleted(tracker: Tracker, objs: list[Any], start: int) -> int:
    """Enter persistent objects of a session among its deleted ones.

    Returns:
        the position of the first that is not persistent there; the length if there is
        none.
    """
    for i in range(start, len(objs)):
        obj = objs[i]
        state = state_of(obj)
        home = state._o_home
        if (
            state._o_key is None
            or home is None
            or state._o_flags & DELETED
            or home.tracker is not tracker
        ):
            return i
        tracker.deleted[id(obj)] = obj
    return len(objs)


def settle_deleted(tracker: Tracker, objs: list[Any]) -> tuple[list[Any], list[Any]]:
    """Let deleted objects leave their identity maps; each knows where it has been.

    Returns:
        those that were in one, and those among them that have changes.
    """
    gone, changed = [], []
    for obj in objs:
        state = state_of(obj)
        home = state._o_home
        if home is None:
            continue
        gone.append(obj)
        if state._o_flags & MODIFIED:
            changed.append(obj)
        home.discard(obj)
        state._o_home = home
        state._o_flags |= DELETED
        tracker.modified.pop(id(obj), None)
        tracker.deleted.pop(id(obj), None)
    return gone, changed


def push_keys(
    obj: Any,
    others: list[Any],
    here: Layout,
    sources: tuple[int, ...],
    there: Layout,
    targets: tuple[int, ...],
) -> list[Any]:
    """Copy values of an object to others, slot by slot, as changes.

    Arguments:
        here: the layout of exactly the object's class.
        there: that of the others.

    Returns:
        the others that were left as they are: those of another class, or all, when
        the object is of another class or lacks a value.
    """
    if not _has_all(obj, here, sources):
        return list(others)
    left = []
    for other in others:
        if _is_exactly(other, there):
            _copy(obj, sources, other, targets)
        else:
            left.append(other)
    return left


def pull_keys(
    tracker: Tracker,
    objs: list[Any],
    key: str,
    here: Layout,
    targets: tuple[int, ...],
    there: Layout,
    sources: tuple[int, ...],
    known: Any,
) -> list[Any]:
    """Copy values of the objects that some others refer to now, as changes.

    Arguments:
        key: the attribute that refers; nothing is done where it has not changed.
        here: the layout of exactly the class of the objects.
        there: that of those that they refer to, which must be in the session.
        known: by id, objects to be left.

    Returns:
        the objects that were left as they are.
    """
    left = []
    slot = here.index[key]
    for obj in objs:
        if not _is_exactly(obj, here) or (known is not None and id(obj) in known):
            left.append(obj)
            continue
        state = state_of(obj)
        originals = state._o_originals or {}
        other = peek(obj, slot)
        if other is UNLOADED:
            if key in originals or state._o_extras is not None:
                left.append(obj)
            continue
        if key in originals:
            before = originals[key]
            if before is other and other is not None:
                continue
            if before is not UNLOADED and before is not None:
                if state_or_none(before) is None:
                    left.append(obj)  # what it was is still to be found out
                    continue
        elif not state._o_flags & FRESH:
            continue
        if _has_all(other, there, sources) and _is_in(tracker, other):
            _copy(other, sources, obj, targets)
        else:
            left.append(obj)
    return left


def _is_exactly(obj: Any, layout: Layout) -> bool:
    return (
        type(obj) is layout.cls
        and isinstance(obj, EntityBase)
        and obj._o_layout is layout
    )


def _has_all(obj: Any, layout: Layout, slots: tuple[int, ...]) -> bool:
    """Whether an object is of a class and has values in some slots."""
    return _is_exactly(obj, layout) and all(
        peek(obj, slot) is not UNLOADED for slot in slots
    )


def _copy(
    source: Any, sources: tuple[int, ...], target: Any, targets: tuple[int, ...]
) -> None:
    for left, right in zip(sources, targets, strict=True):
        write(target, right, peek(source, left))


def put_generated(objs: list[Any], slot: int, values: Iterable[Any]) -> list[Any]:
    """Store what the database made for a column of objects; it is no change.

    Returns:
        the objects that had been given None for it.
    """
    overwritten = []
    for obj, value in zip(objs, values, strict=False):
        if peek(obj, slot) is None:
            overwritten.append(obj)
        put(obj, slot, value)
    return overwritten


def linked(objs: Iterable[Any]) -> list[Any]:
    """The objects that may refer to others: something related, or rare, is set."""
    found = []
    for obj in objs:
        state = state_of(obj)
        if (
            state._o_related is not None
            or state._o_extras is not None
            or not state._o_layout.embedded
        ):
            found.append(obj)
    return found


def touching(objs: Iterable[Any], keys: frozenset[str]) -> list[Any]:
    """The objects with a change of one of some attributes."""
    found = []
    for obj in objs:
        originals = state_of(obj)._o_originals
        if originals and not keys.isdisjoint(originals):
            found.append(obj)
    return found


def settle_inserted(tracker: Tracker, objs: Iterable[Any]) -> list[Any]:
    """Make inserted objects persistent under the primary keys that they have now.

    Returns:
        the objects that were left as they are: those that have a key already or
        lack a value of it, and those whose key another object has.
    """
    left = []
    for obj in objs:
        if not _settle_new(tracker, obj):
            left.append(obj)
    return left


def _settle_new(tracker: Tracker, obj: Any) -> bool:
    state = state_of(obj)
    if state._o_key is not None:
        return False
    layout = state._o_layout
    key = _key_of(obj, layout)
    home = tracker.home(layout)
    if key is None or home.get(key) is not None:
        return False
    state._o_home = None
    home.add(obj, key)
    flags = state._o_flags & ~(FRESH | MODIFIED | EXPIRED)
    if any(peek(obj, slot) is UNLOADED for slot in range(len(layout.keys))):
        flags |= PARTIAL
    state._o_flags = flags
    state._o_originals = None
    tracker.new.pop(id(obj), None)
    tracker.modified.pop(id(obj), None)
    return True


def _key_of(obj: Any, layout: Layout) -> Any:
    """The primary key of an object; None when a value of it is missing."""
    values = [peek(obj, slot) for slot in layout.pk_slots]
    if not values or any(v is None or v is UNLOADED for v in values):
        return None
    return values[0] if len(values) == 1 else tuple(values)


def settle_updated(objs: Iterable[Any]) -> list[Any]:
    """Forget the changes of updated objects whose primary key is as it was.

    Returns:
        the objects that were left as they are: those whose key has changed, is not
        loaded, or that have none.
    """
    left = []
    for obj in objs:
        state = state_of(obj)
        slots = state._o_layout.pk_slots
        key = state._o_key
        keys = (key,) if len(slots) == 1 else key
        if key is None or not all(
            peek(obj, slot) is value for slot, value in zip(slots, keys, strict=True)
        ):
            left.append(obj)
            continue
        state._o_flags &= ~FRESH
        forget_changes(obj)
    return left
