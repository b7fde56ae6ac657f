"""What the event families of classes have in common.

Listeners for a class that is not mapped yet wait in a `Hold` until it, or with
``propagate`` a subclass of it, is mapped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, ref

from .._core.events import EventTarget, listener_of, rebuilt_key
from .manager import MANAGER_KEY, ClassManager, manager_of_class


class Hold(EventTarget):
    """Listeners for a class that is not mapped, and for its subclasses to come.

    Args:
        class_: the class; not kept alive.
    """

    all_holds: WeakKeyDictionary[type, Any]
    dispatch: Any

    def __init__(self, class_: type) -> None:
        self._class = ref(class_)
        self.entries: list[tuple[str, Any, Any, bool, dict[str, Any]]] = []

    @property
    def class_(self) -> type | None:
        return self._class()

    @classmethod
    def of(cls, class_: type) -> Any:
        """The hold of a class, made when there is none."""
        found = cls.all_holds.get(class_)
        if found is None:
            found = cls.all_holds[class_] = cls(class_)
        return found

    def note(self, event_key: Any, propagate: bool, options: dict[str, Any]) -> None:
        """Keep a listener until the class is mapped."""
        self.entries.append(
            (
                event_key.identifier,
                event_key.fn,
                listener_of(event_key),
                propagate,
                options,
            )
        )

    def keys_for(self, target: Any, exact: bool) -> Iterator[tuple[Any, Any]]:
        """Keys of the listeners for a target that is instrumented now.

        Args:
            target: what the listeners are given to.
            exact: whether it stands for the very class of the hold.
        """
        for identifier, fn, wrapped, propagate, options in self.entries:
            if not (exact or propagate):
                continue
            if wrapped in getattr(self.dispatch, identifier):  # not removed since
                key = rebuilt_key(self.class_, identifier, fn, wrapped, target)
                yield key, {**options, "propagate": propagate}


def is_mapper(target: Any) -> bool:
    """Whether an object is a mapper, or a class of mappers, of this package."""
    return getattr(target, "_is_ormolu_mapper", False) is True


def is_foreign(class_: type) -> bool:
    """Whether a class belongs to another package's events or instrumentation."""
    manager = getattr(class_, MANAGER_KEY, None)
    if manager is not None and not isinstance(manager, ClassManager):
        return True
    return hasattr(class_, "dispatch")


def mapped_subclasses(class_: type) -> Iterator[ClassManager]:
    """The managers of the mapped subclasses of a class."""
    seen: set[type] = set()
    waiting: list[type] = list(type.__subclasses__(class_))
    while waiting:
        found = waiting.pop(0)
        if found in seen:
            continue
        seen.add(found)
        waiting.extend(type.__subclasses__(found))
        manager = manager_of_class(found)
        if manager is not None:
            yield manager


def populate(
    holds: WeakKeyDictionary[type, Any],
    class_: type,
    target: Any,
    listen: Callable[..., None],
) -> None:
    """Give a newly instrumented class the listeners that waited for it."""
    if not holds:
        return
    for base in class_.__mro__:
        hold = holds.get(base)
        if hold is not None:
            for key, options in hold.keys_for(target, base is class_):
                listen(key, **options)
