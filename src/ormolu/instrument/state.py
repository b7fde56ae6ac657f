"""``InstanceState``: what ``inspect(instance)`` shows of an instance's life.

The state itself is a struct of the kernel, inside the instance (embedded) or in a
companion object (adopted).  The classes here are the view of it that users know.
"""

from __future__ import annotations

import builtins
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.util import EMPTY_DICT

from .._speedups import state as kernel
from ..exc import UnmappedError, UnmappedInstanceError, class_name
from . import entity
from .expiry import expire_keys, expired_attributes
from .extras import extras_of
from .flags import NO_VALUE, PASSIVE_OFF
from .history import History
from .manager import (
    ClassManager,
    manager_of_class,
    manager_of_layout,
    unmapped_error,
)
from .pickling import deep_copied_state, pickled_state, restore_state

MODIFIED = kernel.MODIFIED
DELETED = kernel.DELETED
EXPIRED = kernel.EXPIRED
UNLOADED = kernel.UNLOADED


class InstanceState:
    """The state of one instance; see `sqlalchemy.orm.InstanceState`."""

    __slots__ = ()

    is_instance = True
    is_mapper = False
    is_selectable = False
    is_aliased_class = False
    is_clause_element = False
    is_property = False
    is_attribute = False
    is_bundle = False
    is_composite = False
    callables: Mapping[str, Any] = EMPTY_DICT  # no attribute has a loader of its own
    _last_key: Any = None  # of an instance that is gone

    def __new__(cls, *args: Any) -> InstanceState:
        """A view; of the base class, one that `__setstate__` gives its instance."""
        made: InstanceState
        made = object.__new__(RestoredInstanceState if cls is InstanceState else cls)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """The instance, and what is to be kept of its state."""
        obj = self.obj()
        return {"instance": obj, "state": pickled_state(obj)}

    def obj(self) -> Any:
        """The instance, or None when it was collected."""
        raise NotImplementedError

    @property
    def _struct(self) -> Any:
        raise NotImplementedError

    @property
    def _class_layout(self) -> Any:
        return self._struct._o_layout

    @property
    def class_(self) -> type:
        return self._class_layout.cls  # type: ignore[no-any-return]

    @property
    def manager(self) -> ClassManager:
        return manager_of_layout(self._class_layout)

    @property
    def mapper(self) -> Any:
        return self._class_layout.mapper

    @property
    def object(self) -> Any:
        return self.obj()

    @property
    def dict(self) -> Any:
        obj = self.obj()
        return {} if obj is None else obj.__dict__

    @property
    def session(self) -> Any:
        return session_of_struct(self._struct)

    @property
    def session_id(self) -> int | None:
        session = self.session
        return None if session is None else session.hash_key

    @property
    def async_session(self) -> Any:
        """The `AsyncSession` around the session, None where there is none."""
        session = self.session
        return None if session is None else getattr(session, "_async_proxy", None)

    @property
    def key(self) -> Any:
        struct = self._struct
        return self._last_key if struct is None else public_key(struct)

    @key.setter
    def key(self, value: Any) -> None:
        struct = self._struct
        if value is None:
            struct._o_key = None
        elif len(struct._o_layout.pk_slots) == 1:
            struct._o_key = value[1][0]
        else:
            struct._o_key = value[1]

    @property
    def info(self) -> Any:
        """The user's own data about the instance, a dict."""
        return extras_of(self._struct).setdefault("info", {})

    @property
    def identity(self) -> tuple[Any, ...] | None:
        key = self.key
        return None if key is None else key[1]

    @property
    def identity_key(self) -> Any:
        return self.key

    @property
    def identity_token(self) -> Any:
        return identity_token(self._struct)

    @property
    def has_identity(self) -> bool:
        return self._struct._o_key is not None

    @property
    def _attached(self) -> bool:
        return self.session is not None

    @property
    def transient(self) -> bool:
        return self._struct._o_key is None and not self._attached

    @property
    def pending(self) -> bool:
        return self._struct._o_key is None and self._attached

    @property
    def persistent(self) -> bool:
        struct = self._struct
        return (
            struct._o_key is not None
            and self._attached
            and not struct._o_flags & DELETED
        )

    @property
    def deleted(self) -> bool:
        struct = self._struct
        return (
            struct._o_key is not None
            and self._attached
            and bool(struct._o_flags & DELETED)
        )

    @property
    def was_deleted(self) -> bool:
        return bool(self._struct._o_flags & DELETED)

    @property
    def detached(self) -> bool:
        return self._struct._o_key is not None and not self._attached

    @property
    def modified(self) -> bool:
        return bool(self._struct._o_flags & MODIFIED)

    @property
    def expired(self) -> bool:
        return bool(self._struct._o_flags & EXPIRED)

    @property
    def expired_attributes(self) -> set[str]:
        return expired_attributes(self.obj())

    @property
    def committed_state(self) -> builtins.dict[str, Any]:
        originals = self._struct._o_originals or {}
        return {k: NO_VALUE if v is UNLOADED else v for k, v in originals.items()}

    @property
    def unloaded(self) -> set[str]:
        return unloaded_keys(self.obj())

    @property
    def unloaded_expirable(self) -> set[str]:
        return self.unloaded

    @property
    def unmodified(self) -> set[str]:
        return set(self.manager).difference(self._struct._o_originals or ())

    def unmodified_intersection(self, keys: Iterable[str]) -> set[str]:
        return set(keys).intersection(self.unmodified)

    @property
    def attrs(self) -> AttributeStates:
        return AttributeStates(self)

    @property
    def load_options(self) -> Any:
        origin = self._struct._o_origin
        return () if origin is None else origin.options

    @property
    def load_path(self) -> Any:
        return None  # what later loads need of it is with the options of the load

    def get_history(self, key: str, passive: int = PASSIVE_OFF) -> History:
        found: History = self.get_impl(key).get_history(self.obj(), passive)
        return found

    def get_impl(self, key: str) -> Any:
        return impl_of(self.manager, key)

    def _modified_event(self, *args: Any) -> None:
        kernel.mark_modified(self.obj())

    def _expire_attributes(self, dict_: Any, keys: Iterable[str]) -> None:
        expire_keys(self.obj(), keys)

    def _commit_all(self, *args: Any) -> None:
        kernel.forget_changes(self.obj())

    def __repr__(self) -> str:
        return object.__repr__(self)


class EmbeddedInstanceState(InstanceState):
    """View of an instance that carries its state itself."""

    __slots__ = ("__weakref__", "_last_key", "_of_class", "_ref")

    def __init__(self, obj: Any) -> None:
        self._bind(obj)

    def _bind(self, obj: Any) -> None:
        self._ref = weakref.ref(obj)
        self._of_class = kernel.layout_of(obj)  # these two outlive the instance
        self._last_key = public_key(kernel.state_of(obj))

    @property
    def _class_layout(self) -> Any:
        return self._of_class

    def obj(self) -> Any:
        return self._ref()

    @property
    def _struct(self) -> Any:
        return self._ref()

    def __reduce__(self) -> Any:
        obj = self.obj()
        return _embedded_view, (obj, pickled_state(obj))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return entity.view_of(deep_copied_state(self.obj(), memo))


class RestoredInstanceState(EmbeddedInstanceState):
    """View of an instance of any class that `InstanceState.__setstate__` was given."""

    __slots__ = ()

    def __setstate__(self, state: dict[str, Any]) -> None:
        obj = state["instance"]
        restore_state(obj, state["state"])
        self._bind(obj)

    @property
    def _struct(self) -> Any:
        obj = self.obj()
        return None if obj is None else kernel.state_of(obj)


class AdoptedInstanceState(InstanceState, kernel.AdoptedState):
    """State of an instance of a plain mapped class, kept beside it."""

    __slots__ = ()
    # as fast as if no other base had one; mypy knows it by the other base's signature
    __new__ = kernel.AdoptedState.__new__  # type: ignore[assignment]

    def obj(self) -> Any:
        return self._o_ref()

    @property
    def _struct(self) -> Any:
        return self

    def __reduce__(self) -> Any:
        obj = self.obj()
        return _adopted_state, (obj, self.class_, pickled_state(obj))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deep_copied_state(self.obj(), memo)


def _embedded_view(obj: Any, kept: dict[str, Any]) -> EmbeddedInstanceState:
    restore_state(obj, kept)
    view: EmbeddedInstanceState = entity.view_of(obj)
    return view


def _adopted_state(obj: Any, cls: type, kept: dict[str, Any]) -> AdoptedInstanceState:
    return restore_state(obj, kept)  # type: ignore[no-any-return]


entity.provide_views(EmbeddedInstanceState)


def impl_of(manager: ClassManager, key: str) -> Any:
    """The implementation of an attribute; that of a composite is its property."""
    attr = manager.get(key)
    if attr is None and key in manager.mapper.composites:
        return manager.mapper.composites[key]
    return manager[key].impl


class AttributeState:
    """One attribute of one instance: value, loaded value and history."""

    __slots__ = ("key", "state")

    def __init__(self, state: InstanceState, key: str) -> None:
        self.state = state
        self.key = key

    @property
    def loaded_value(self) -> Any:
        composite = self.state.mapper.composites.get(self.key)
        if composite is not None:
            return composite.loaded_value(self.state.obj())
        value = kernel.peek_key(self.state.obj(), self.key)
        return NO_VALUE if value is UNLOADED else value

    @property
    def value(self) -> Any:
        return getattr(self.state.obj(), self.key)

    @property
    def history(self) -> History:
        return self.state.get_history(self.key, 22)

    def load_history(self) -> History:
        return self.state.get_history(self.key, PASSIVE_OFF ^ 8)


class AttributeStates:
    """``inspect(obj).attrs``: the attributes of an instance, by name."""

    def __init__(self, state: InstanceState) -> None:
        self._state = state

    def __getattr__(self, key: str) -> AttributeState:
        if key.startswith("__"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None

    def __getitem__(self, key: str) -> AttributeState:
        if key not in self._state.mapper.attrs:
            raise KeyError(key)
        return AttributeState(self._state, key)

    def __iter__(self) -> Any:
        return (AttributeState(self._state, k) for k in self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def keys(self) -> list[str]:
        return list(self._state.mapper.attrs.keys())

    def values(self) -> list[AttributeState]:
        return list(self)

    def items(self) -> list[tuple[str, AttributeState]]:
        return [(a.key, a) for a in self]


def inspect_instance(obj: Any) -> InstanceState | None:
    """The ``InstanceState`` of an instance, None if its class is not mapped."""
    if isinstance(obj, entity.Entity):
        if kernel.registered_layout(type(obj)) is None:
            try:
                kernel.layout_of(obj)
            except Exception:  # an entity of a class that nobody mapped
                if obj._o_key is None:
                    return None
                raise
        return entity.view_of(obj)  # type: ignore[no-any-return]
    found: Any = kernel.state_or_none(obj)
    if found is None and manager_of_class(type(obj)) is not None:
        found = kernel.state_of(obj)  # nothing was set yet: there was no need of one
    return found  # type: ignore[no-any-return]


def instance_state(obj: Any) -> InstanceState:
    """The state of an instance; AttributeError when it has none."""
    if isinstance(obj, entity.Entity):
        cls = type(obj)
        if kernel.registered_layout(cls) is None and manager_of_class(cls) is None:
            raise AttributeError(
                f"{cls.__name__!r} object has no attribute {entity.STATE_KEY!r}"
            )
        kernel.layout_of(obj)
        return entity.view_of(obj)  # type: ignore[no-any-return]
    return obj._sa_instance_state  # type: ignore[no-any-return]


def session_of_struct(struct: Any) -> Any:
    """The session that a state is attached to, or None."""
    if struct is None:
        return None
    home = struct._o_home
    if home is None:
        return None
    tracker = home.tracker
    return None if tracker is None else tracker.owner


def session_of(obj: Any) -> Any:
    """The session that an instance is attached to, or None."""
    struct = kernel.state_or_none(obj)
    return None if struct is None else session_of_struct(struct)


def identity_token(struct: Any) -> Any:
    """The token that keeps an identity apart from the same key elsewhere."""
    home = struct._o_home
    if home is not None:
        return home.token
    extras = struct._o_extras
    return extras.get("identity_token") if extras else None


def public_key(struct: Any) -> Any:
    """``(class, primary key, token)`` as SQLAlchemy shows an identity key."""
    key = struct._o_key
    if key is None:
        return None
    layout = struct._o_layout
    values = key if len(layout.pk_slots) != 1 else (key,)
    return (layout.base.cls, values, identity_token(struct))


def unloaded_keys(obj: Any) -> set[str]:
    """Attributes of an instance that have neither a value nor a change."""
    struct = kernel.state_of(obj)
    keys: frozenset[str] = struct._o_layout.mapper._instance_keys
    unloaded = set(keys.difference(kernel.loaded(obj)))
    unloaded.difference_update(struct._o_originals or ())
    return unloaded


def missing_state(instance: Any) -> UnmappedError:
    """The error for an object without state."""
    cls = type(instance)
    if manager_of_class(cls) is None:
        if isinstance(instance, type):
            return UnmappedInstanceError(instance)
        return unmapped_error(cls)
    return UnmappedInstanceError(
        instance,
        f"Class '{class_name(cls)}' is mapped, but this instance lacks "
        "instrumentation.  This occurs when the instance is created before "
        f"mapper({class_name(cls)}) was called.",
    )


def ensure_state(obj: Any) -> None:
    """Give an instance of a mapped class its state, if it has none yet."""
    kernel.state_of(obj)
