"""``ClassManager``: the instrumentation of one mapped class."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from .._speedups import state as kernel
from ..exc import (
    UnmappedClassError,
    UnmappedError,
    UnmappedInstanceError,
    class_name,
)

MANAGER_KEY = "_sa_class_manager"


class ClassManager(dict[str, Any]):
    """The instrumented attributes of a class, by name, with its mapper.

    Attributes:
        on_expire: called with (instance, names or None) once somebody listens.
        hears_loads: whether somebody listens for loads and refreshes.
    """

    dispatch: Any
    heard_by_all: frozenset[str] = frozenset()
    on_expire: Any = None
    hears_loads = False
    constructed = False

    def __init__(self, class_: type, layout: Any) -> None:
        super().__init__()
        self.class_ = class_
        self.layout = layout
        self.mapper: Any = None
        self.registry: Any = None
        self.original_init: Any = None
        self.info: dict[Any, Any] = {}
        _managers.add(self)

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def replace(self, name: str, value: Any) -> None:
        """Set a name of the class; the mapper puts the old value back in the end."""
        if self.mapper is not None:
            self.mapper._keep_and_set(name, value)
        else:
            type.__setattr__(self.class_, name, value)

    @property
    def is_mapped(self) -> bool:
        return self.mapper is not None

    @property
    def attributes(self) -> list[Any]:
        return list(self.values())

    @property
    def local_attrs(self) -> dict[str, Any]:
        return self

    def has_state(self, obj: Any) -> bool:
        return kernel.state_or_none(obj) is not None

    def new_instance(self, state: Any = None) -> Any:
        cls: Any = self.class_
        made = cls.__new__(cls)
        kernel.state_of(made)  # an adopted one is kept beside it
        return made

    def has_parent(self, state: Any, key: str, optimistic: bool = False) -> bool:
        return self[key].impl.hasparent(state.obj(), optimistic)  # type: ignore[no-any-return]

    def get_impl(self, key: str) -> Any:
        return self[key].impl

    def __repr__(self) -> str:
        return f"<ClassManager of {self.class_!r} at {id(self):x}>"


_managers: WeakSet[ClassManager] = WeakSet()


def all_managers() -> list[ClassManager]:
    """The managers of all mapped classes."""
    return list(_managers)


def manager_of_layout(layout: Any) -> ClassManager:
    """The manager that a kernel layout belongs to."""
    found: ClassManager = layout.mapper.class_manager
    return found


def manager_of_class(cls: type) -> ClassManager | None:
    """The manager of exactly this class, None when it is not mapped."""
    try:
        found = cls.__dict__.get(MANAGER_KEY)
    except AttributeError:
        return None
    return found if isinstance(found, ClassManager) else None


def unmapped_error(cls: type) -> UnmappedError:
    """What to raise for an instance of a class that is not mapped.

    The class is to blame when its superclass is mapped: the instance may well have all
    that the mapped ones have.
    """
    for base in cls.__mro__[1:]:
        if manager_of_class(base) is not None:
            return UnmappedClassError(
                cls,
                f"Class {class_name(cls)!r} is not mapped; its superclass "
                f"{class_name(base)!r} is. "
                "Map the subclass as well, or use the superclass.",
            )
    return UnmappedInstanceError(None, f"Class {class_name(cls)!r} is not mapped")
