"""The state of mapped objects, attributes and identity maps; the twin in Python.

The compiled twin is ``state_c``.  Both have the same names, semantics and errors.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ormolu._speedups.sentinel import UNLOADED

__all__ = [
    "BUSY",
    "DELETED",
    "EXPIRED",
    "FRESH",
    "LAPSED",
    "LOADING",
    "MODIFIED",
    "PARTIAL",
    "UNLOADED",
    "AdoptedState",
    "Attribute",
    "EntityBase",
    "IdentityDict",
    "Layout",
    "State",
    "Tracker",
    "construct",
    "constructor",
    "drop",
    "expire",
    "forget_changes",
    "layout_of",
    "loaded",
    "mark_modified",
    "note_original",
    "parent_of",
    "parents_of",
    "peek",
    "peek_key",
    "put",
    "quicken_init",
    "register_layout",
    "registered_layout",
    "set_missing_layout_hook",
    "set_parent",
    "state_of",
    "state_or_none",
    "unregister_layout",
    "write",
]

MODIFIED: Final = 1
FRESH: Final = 2
DELETED: Final = 4
PARTIAL: Final = 8
EXPIRED: Final = 16
LOADING: Final = 32
BUSY: Final = 64
LAPSED: Final = 128

STATE_KEY: Final = "_sa_instance_state"
LAYOUT_KEY: Final = "__ormolu_layout__"


class Layout:
    """Which slots the instances of one class have.

    Columns have the slots 0, 1, ...; what is related has -1, -2, ...  Slots are only
    ever appended, so an instance with a shorter storage has nothing loaded there.

    Arguments:
        cls: the class.
        keys: the keys of its columns.
        related_keys: the keys of its relationships.
        pk_keys: the keys of the columns that identify an instance.
        base: the layout at the root of the hierarchy; its own if None.
        embedded: whether the instances hold their state themselves.
        mapper: anything that the layers above want to find here.
    """

    __slots__ = (
        "__weakref__",
        "_base",
        "attributes",
        "cls",
        "comparators",
        "defaults",
        "embedded",
        "index",
        "keys",
        "mapper",
        "pk_slots",
        "related_keys",
        "save_plan",
        "state_factory",
    )

    def __init__(
        self,
        cls: type[Any],
        keys: Iterable[str],
        related_keys: Iterable[str],
        pk_keys: Iterable[str],
        *,
        base: Layout | None = None,
        embedded: bool = True,
        mapper: Any = None,
    ) -> None:
        self.cls = cls
        self.keys: list[str] = []
        self.related_keys: list[str] = []
        self.index: dict[str, int] = {}
        for key in keys:
            self.add_column(key)
        for key in related_keys:
            self.add_related(key)
        self.pk_slots: tuple[int, ...] = tuple(self.index[key] for key in pk_keys)
        self._base = base
        self.embedded = embedded
        self.mapper = mapper
        self.defaults: dict[str, Any] | None = None
        self.comparators: dict[int, Callable[[Any, Any], Any]] | None = None
        self.state_factory: Callable[[Any, Layout], AdoptedState] | None = None
        self.save_plan: tuple[tuple[int, str, type[Any] | None, type[Any]], ...] | None
        self.save_plan = None
        self.attributes: dict[str, Any] = {}

    @property
    def base(self) -> Layout:
        """The layout at the root of the hierarchy."""
        return self if self._base is None else self._base

    def add_column(self, key: str) -> int:
        """Append a column and return its slot."""
        self._require_new(key)
        slot = self.index[key] = len(self.keys)
        self.keys.append(key)
        return slot

    def add_related(self, key: str) -> int:
        """Append a relationship and return its slot."""
        self._require_new(key)
        slot = self.index[key] = -1 - len(self.related_keys)
        self.related_keys.append(key)
        return slot

    def _require_new(self, key: str) -> None:
        if key in self.index:
            raise ValueError(f"{self!r} already has the key {key!r}")

    def __repr__(self) -> str:
        return f"<Layout of {self.cls.__name__}>"


_missing_layout_hook: Callable[[type[Any]], Layout] | None = None
_namespace_of: Callable[[type[Any]], Mapping[str, Any]] = type.__dict__[
    "__dict__"
].__get__


def set_missing_layout_hook(fn: Callable[[type[Any]], Layout] | None) -> None:
    """Have ``fn(cls)`` called for the layout of a class that has none of its own."""
    global _missing_layout_hook
    _missing_layout_hook = fn


# The layout is kept by the class itself, so the two are collected together: a table
# with weak keys would keep every class alive that its layout refers to.


def register_layout(cls: type[Any], layout: Layout) -> None:
    """Give a class its layout; its subclasses do not inherit it."""
    if not isinstance(layout, Layout):
        raise TypeError(f"Expected a Layout, not {layout!r}")
    type.__setattr__(cls, LAYOUT_KEY, layout)


def unregister_layout(cls: type[Any]) -> None:
    """Take a class's layout away, if it has one."""
    if LAYOUT_KEY in _namespace_of(cls):
        type.__delattr__(cls, LAYOUT_KEY)


def registered_layout(cls: type[Any]) -> Layout | None:
    """The layout registered for exactly this class."""
    layout: Layout | None = _namespace_of(cls).get(LAYOUT_KEY)
    return layout


def _resolve_layout(cls: type[Any]) -> Layout:
    layout = registered_layout(cls)
    if layout is not None:
        return layout
    if _missing_layout_hook is None:
        raise TypeError(f"Class {cls.__name__!r} has no layout")
    layout = _missing_layout_hook(cls)
    if not isinstance(layout, Layout):
        raise TypeError(
            f"The hook for missing layouts returned {layout!r}, not a Layout"
        )
    return layout


class State:
    """What is known of one mapped object, beside its values.

    The fields start with ``_o_`` because an embedded state shares the namespace of
    the user's class.
    """

    __slots__ = (
        "_layout",
        "_noted_parents",
        "_o_extras",
        "_o_flags",
        "_o_home",
        "_o_key",
        "_o_origin",
        "_o_originals",
        "_o_related",
        "_o_values",
        "_o_view",
    )

    _layout: Layout | None
    _o_home: IdentityDict | None
    _o_key: Any
    _o_values: tuple[Any, ...] | list[Any] | None
    _o_related: list[Any] | None
    _o_originals: dict[str, Any] | None
    _o_flags: int
    _o_origin: Any
    _o_extras: dict[Any, Any] | None
    _o_view: Any
    _noted_parents: dict[Any, Any] | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = object.__new__(cls)
        self._layout = None
        self._o_home = None
        self._o_key = None
        self._o_values = None
        self._o_related = None
        self._o_originals = None
        self._o_flags = FRESH
        self._o_origin = None
        self._o_extras = None
        self._o_view = None
        self._noted_parents = None
        return self

    @property
    def _o_layout(self) -> Layout:
        """The layout; looked up when it is first wanted."""
        layout = self._layout
        if layout is None:
            layout = self._layout = _resolve_layout(self._mapped_type())
        return layout

    @_o_layout.setter
    def _o_layout(self, layout: Layout | None) -> None:
        self._layout = layout

    def _mapped_type(self) -> type[Any]:
        return type(self)


class EntityBase(State):
    """The base of mapped classes whose instances hold their state themselves."""

    __slots__ = ("__dict__", "__weakref__")

    @property
    def _o_dict(self) -> dict[str, Any]:
        """The instance's own dict, whatever a subclass shows as ``__dict__``."""
        raw: dict[str, Any] = _raw_dict(self)
        return raw


_raw_dict: Callable[[EntityBase], dict[str, Any]] = EntityBase.__dict__[
    "__dict__"
].__get__


class AdoptedState(State):
    """The state of an instance whose class is not derived from ``EntityBase``.

    It is found in the instance's ``__dict__``, as are the values.
    """

    __slots__ = ("__weakref__", "_o_ref")

    def __init__(self, obj: Any, layout: Layout) -> None:
        self._o_ref = weakref.ref(obj)
        self._layout = layout

    def obj(self) -> Any:
        """The instance, or None when it is gone."""
        return self._o_ref()

    def _mapped_type(self) -> type[Any]:
        return type(self._o_ref())


def _dict_of(obj: Any) -> dict[str, Any] | None:
    """The dict of an instance that is not embedded, or None."""
    namespace = getattr(obj, "__dict__", None)
    return namespace if isinstance(namespace, dict) else None


def _values_of(obj: Any) -> dict[str, Any]:
    namespace = _dict_of(obj)
    if namespace is None:
        raise _wrong_type(obj)
    return namespace


def _wrong_type(obj: Any) -> TypeError:
    return TypeError(
        f"{type(obj).__name__!r} object can have no mapped attributes: it neither "
        f"derives from EntityBase nor has a __dict__"
    )


def state_or_none(obj: Any) -> State | None:
    """The state of an object, or None if it has none."""
    if isinstance(obj, EntityBase):
        return obj
    namespace = _dict_of(obj)
    if namespace is None:
        return None
    state = namespace.get(STATE_KEY)
    return state if isinstance(state, AdoptedState) else None


def state_of(obj: Any) -> State:
    """The state of an object; one is made for an adopted object without.

    Raises:
        whatever the hook for missing layouts raises, for an unmapped object.
    """
    state = state_or_none(obj)
    if state is not None:
        return state
    layout = _resolve_layout(type(obj))
    namespace = _values_of(obj)
    factory = layout.state_factory
    made = AdoptedState(obj, layout) if factory is None else factory(obj, layout)
    if not isinstance(made, AdoptedState):
        raise TypeError(f"The state factory returned {made!r}, not an AdoptedState")
    namespace[STATE_KEY] = made
    return made


def layout_of(obj: Any) -> Layout:
    """The layout of an object's class."""
    state = state_or_none(obj)
    return _resolve_layout(type(obj)) if state is None else state._o_layout


def _key_at(layout: Layout, slot: int) -> str | None:
    """The key of a slot, None if the layout has no such slot."""
    if slot >= 0:
        return layout.keys[slot] if slot < len(layout.keys) else None
    index = -1 - slot
    return layout.related_keys[index] if index < len(layout.related_keys) else None


def _key_of(layout: Layout, slot: int) -> str:
    key = _key_at(layout, slot)
    if key is None:
        raise IndexError(f"{layout!r} has no slot {slot}")
    return key


def peek(obj: Any, slot: int) -> Any:
    """The value in a slot or ``UNLOADED``; nothing is loaded, nothing fires."""
    if isinstance(obj, EntityBase):
        return _peek_embedded(obj, slot)
    namespace = _values_of(obj)
    key = _key_at(layout_of(obj), slot)
    return UNLOADED if key is None else namespace.get(key, UNLOADED)


def _peek_embedded(obj: EntityBase, slot: int) -> Any:
    storage: tuple[Any, ...] | list[Any] | None
    if slot >= 0:
        storage = obj._o_values
    else:
        storage = obj._o_related
        slot = -1 - slot
    if storage is None or slot >= len(storage):
        return UNLOADED
    return storage[slot]


def peek_key(obj: Any, key: str) -> Any:
    """The value of a key or ``UNLOADED``; also for a key that is not mapped."""
    slot = layout_of(obj).index.get(key)
    return UNLOADED if slot is None else peek(obj, slot)


def put(obj: Any, slot: int, value: Any) -> None:
    """Store a value as one that was loaded: it is no change."""
    if isinstance(obj, EntityBase):
        _store_embedded(obj, slot, value)
    else:
        _store_adopted(obj, _key_of(state_of(obj)._o_layout, slot), value)


def _store_embedded(obj: EntityBase, slot: int, value: Any) -> None:
    layout = obj._o_layout
    if slot >= 0:
        storage = obj._o_values
        if storage is None or slot >= len(storage) or type(storage) is tuple:
            _key_of(layout, slot)
            storage = obj._o_values = _grown(storage, len(layout.keys))
    else:
        storage = obj._o_related
        index = -1 - slot
        if storage is None or index >= len(storage):
            _key_of(layout, slot)
            storage = obj._o_related = _grown(storage, len(layout.related_keys))
        slot = index
    storage[slot] = value  # type: ignore[index]  # a list by now


def _grown(storage: Iterable[Any] | None, size: int) -> list[Any]:
    """A private list with the values, and as many slots as the layout has."""
    grown = [] if storage is None else list(storage)
    grown.extend([UNLOADED] * (size - len(grown)))
    return grown


def _store_adopted(obj: Any, key: str, value: Any) -> None:
    namespace = _values_of(obj)
    if value is UNLOADED:
        namespace.pop(key, None)
    else:
        namespace[key] = value


def drop(obj: Any, slot: int) -> None:
    """Make a slot unloaded; the original of a change is kept."""
    state = state_of(obj)
    if peek(obj, slot) is not UNLOADED:
        put(obj, slot, UNLOADED)
    if slot >= 0 and not state._o_flags & FRESH:
        state._o_flags |= PARTIAL


def write(obj: Any, slot: int, value: Any) -> Any:
    """Store a value as a change and return the old one.

    The original is kept at the first change, but not for an object that has never
    been in the database: all of its values are new.
    """
    state = state_of(obj)
    key = _key_of(state._o_layout, slot)
    embedded = isinstance(obj, EntityBase)
    if embedded:
        old = _peek_embedded(obj, slot)
    else:
        old = _values_of(obj).get(key, UNLOADED)
    if not state._o_flags & FRESH:
        if state._o_originals is None:
            state._o_originals = {key: old}
        else:
            state._o_originals.setdefault(key, old)
    if embedded:
        _store_embedded(obj, slot, value)
    else:
        _store_adopted(obj, key, value)
    if not state._o_flags & MODIFIED:
        _mark(obj, state)
    return old


def mark_modified(obj: Any) -> None:
    """Flag an object as changed and enter it in the list of its session."""
    state = state_of(obj)
    if not state._o_flags & MODIFIED:
        _mark(obj, state)


def _mark(obj: Any, state: State) -> None:
    state._o_flags |= MODIFIED
    if state._o_home is not None:
        tracker = state._o_home.tracker
        if tracker is not None:
            if not state._o_flags & DELETED:
                tracker.modified[id(obj)] = obj
            if tracker.idle:
                owner = tracker.owner
                if owner is not None:
                    owner._begin_for_change()


def _unmark(obj: Any, state: State) -> None:
    state._o_flags &= ~MODIFIED
    if state._o_home is not None:
        tracker = state._o_home.tracker
        if tracker is not None:
            tracker.modified.pop(id(obj), None)


def note_original(obj: Any, key: str, old: Any) -> None:
    """Keep the original of a key that changes, unless one is kept already."""
    state = state_of(obj)
    if state._o_originals is None:
        state._o_originals = {key: old}
    else:
        state._o_originals.setdefault(key, old)
    if not state._o_flags & MODIFIED:
        _mark(obj, state)


def set_parent(child: Any, token: Any, parent: Any) -> None:
    """Note who refers to an object: a weak reference, or False for nobody now."""
    if token is None:
        raise TypeError("Expected a token, not None")
    state = state_of(child)
    if state._noted_parents is None:
        state._noted_parents = {}
    state._noted_parents[token] = parent


def parent_of(child: Any, token: Any) -> Any:
    """What was noted last of who refers to an object; None if nothing was."""
    parents = state_of(child)._noted_parents
    return None if parents is None else parents.get(token)


def parents_of(child: Any) -> dict[Any, Any]:
    """All that was noted of who refers to an object, by token."""
    return dict(state_of(child)._noted_parents or {})


def loaded(obj: Any) -> dict[str, Any]:
    """The attributes that are in memory: columns in slot order, then related."""
    layout = layout_of(obj)
    found = {}
    for key in (*layout.keys, *layout.related_keys):
        value = peek(obj, layout.index[key])
        if value is not UNLOADED:
            found[key] = value
    return found


def forget_changes(obj: Any) -> None:
    """Take the present values as those of the database."""
    state = state_of(obj)
    state._o_originals = None
    if state._o_extras is not None:
        state._o_extras.pop("pending", None)
    _unmark(obj, state)


def expire(obj: Any) -> None:
    """Drop all values, changes and parents; the next read finds nothing loaded."""
    state = state_of(obj)
    if isinstance(obj, EntityBase):
        obj._o_values = obj._o_related = None
    else:
        layout = state._o_layout
        namespace = _values_of(obj)
        for key in (*layout.keys, *layout.related_keys):
            namespace.pop(key, None)
    state._o_originals = state._noted_parents = None
    _unmark(obj, state)
    state._o_flags = state._o_flags & ~FRESH | PARTIAL | EXPIRED | LAPSED


def construct(obj: Any, kwargs: dict[str, Any]) -> None:
    """Set attributes as the default constructor does.

    Raises:
        TypeError: for a key that the class does not have.
    """
    state = state_of(obj)
    layout = state._o_layout
    attributes = layout.attributes
    for key, value in kwargs.items():
        attribute = attributes.get(key)
        if (
            isinstance(attribute, Attribute)
            and (attribute.on_set is None or attribute._passes(state))
            and attribute.layout is layout
            and attribute.slot >= 0
        ):
            slot = attribute.slot
            values = state._o_values
            if type(values) is list and slot < len(values) and _untouched(state, slot):
                values[slot] = value
            else:
                write(obj, slot, value)
        elif attribute is None and not hasattr(type(obj), key):
            raise TypeError(
                f"{key!r} is an invalid keyword argument for {type(obj).__name__}"
            )
        else:
            setattr(obj, key, value)


def _untouched(state: State, slot: int) -> bool:
    """Whether a first value needs no more than its place in an embedded storage."""
    values: Any = state._o_values
    wanted = MODIFIED | FRESH
    return values[slot] is UNLOADED and state._o_flags & wanted == wanted


def constructor(self: Any, /, **kwargs: Any) -> None:
    """An ``__init__`` that calls ``construct``, for classes with embedded state."""
    construct(self, kwargs)


constructor.__name__ = constructor.__qualname__ = "__init__"


def quicken_init(cls: type[Any], constructor: Callable[..., None]) -> bool:
    """Run ``construct`` when a class is called, without a frame of Python.

    Nothing is done unless instances hold their state themselves and ``constructor``,
    a function that does no more than ``construct``, is the ``__init__`` of the class.

    Returns:
        whether it was done.
    """
    return False


class Attribute:
    """The descriptor of one mapped attribute.

    ``on_missing(obj)`` supplies a value that is not loaded, ``on_set(obj, value)``
    and ``on_delete(obj)`` take the place of the plain store.  Without them nothing
    but the instance is touched.  With ``new_is_plain`` an object that has neither a
    key nor extras, and has not lost its values, is stored to without ``on_set``.
    """

    __slots__ = (
        "key",
        "layout",
        "new_is_plain",
        "on_delete",
        "on_missing",
        "on_set",
        "slot",
    )

    def __init__(self, key: str) -> None:
        self.key = key
        self.layout: Layout | None = None
        self.slot = 0
        self.on_missing: Callable[[Any], Any] | None = None
        self.on_set: Callable[[Any, Any], object] | None = None
        self.new_is_plain = False
        self.on_delete: Callable[[Any], object] | None = None

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return self
        if isinstance(obj, EntityBase):
            layout = obj._layout
            if layout is None or layout is not self.layout:
                value = _peek_embedded(obj, self._slot_in(obj))
            else:
                value = _peek_embedded(obj, self.slot)
        else:
            value = _values_of(obj).get(self.key, UNLOADED)
        if value is not UNLOADED:
            return value
        on_missing = self.on_missing
        if on_missing is None:
            raise _no_attribute(obj, self.key)
        return on_missing(obj)

    def __set__(self, obj: Any, value: Any) -> None:
        on_set = self.on_set
        if on_set is not None and not (
            isinstance(obj, EntityBase) and self._passes(obj)
        ):
            if not isinstance(obj, EntityBase):
                _values_of(obj)
            on_set(obj, value)
        else:
            if not isinstance(obj, EntityBase):
                _values_of(obj)
            write(obj, self._slot_in(obj), value)

    def __delete__(self, obj: Any) -> None:
        if not isinstance(obj, EntityBase):
            _values_of(obj)
        on_delete = self.on_delete
        if on_delete is None:
            raise AttributeError(
                f"attribute {self.key!r} of {type(obj).__name__!r} object cannot be "
                f"deleted"
            )
        on_delete(obj)

    def _passes(self, state: State) -> bool:
        """Whether a write to an object need not be told to ``on_set``."""
        return (
            self.new_is_plain
            and state._o_key is None
            and not state._o_flags & LAPSED
            and state._o_extras is None
        )

    def _slot_in(self, obj: Any) -> int:
        layout = layout_of(obj)
        if layout is self.layout:
            return self.slot
        slot = layout.index.get(self.key)
        if slot is None:
            raise _no_attribute(obj, self.key)
        return slot


def _no_attribute(obj: Any, key: str) -> AttributeError:
    return AttributeError(f"{type(obj).__name__!r} object has no attribute {key!r}")


class Tracker:
    """What one session knows of its objects.

    ``modified``, ``new`` and ``deleted`` hold objects strongly, by ``id()``; the
    identity dicts in ``homes`` hold them weakly.  While it is ``idle``, the owner is
    told of an object's first change, by a call of ``_begin_for_change()``.
    """

    __slots__ = (
        "__weakref__",
        "_owner",
        "deleted",
        "hits",
        "homes",
        "idle",
        "loads",
        "modified",
        "new",
    )

    def __init__(self) -> None:
        self.modified: dict[int, Any] = {}
        self.new: dict[int, Any] = {}
        self.deleted: dict[int, Any] = {}
        self.homes: dict[tuple[Layout, Any], IdentityDict] = {}
        self.loads = 0
        self.hits = 0
        self.idle = False
        self._owner: weakref.ref[Any] | None = None

    @property
    def owner(self) -> Any:
        """The session, or None when there is none or it is gone."""
        return None if self._owner is None else self._owner()

    @owner.setter
    def owner(self, owner: Any) -> None:
        self._owner = None if owner is None else weakref.ref(owner)

    def home(self, layout: Layout, token: Any = None) -> IdentityDict:
        """The identity dict of a hierarchy of classes; made when it is missing."""
        key = (layout.base, token)
        home = self.homes.get(key)
        if home is None:
            home = self.homes[key] = IdentityDict(self, layout.base, token)
        return home

    def objects(self) -> list[Any]:
        """All persistent objects that are alive, home by home."""
        return [obj for home in list(self.homes.values()) for obj in home.values()]

    def clear(self) -> None:
        """Let all objects go: none has a home or is listed any more."""
        for obj in self.objects():
            state = state_or_none(obj)
            if state is not None:
                state._o_home = None
        for home in list(self.homes.values()):
            home._entries.clear()
        self.homes.clear()
        self.modified.clear()
        self.new.clear()
        self.deleted.clear()

    def __len__(self) -> int:
        return sum(len(home) for home in list(self.homes.values()))

    def __bool__(self) -> bool:
        return True


class _Entry(weakref.ref[Any]):
    """A weak reference that knows its key."""

    __slots__ = ("key",)

    key: Any


class IdentityDict:
    """The persistent objects of one hierarchy of classes, by primary key.

    An object holds its home strongly, the home holds the object and the tracker
    weakly: no cycle keeps a session's objects alive.
    """

    __slots__ = ("__weakref__", "_entries", "_remove", "_tracker", "layout", "token")

    def __init__(
        self, tracker: Tracker | None, layout: Layout, token: Any = None
    ) -> None:
        self._tracker = None if tracker is None else weakref.ref(tracker)
        self.layout = layout
        self.token = token
        self._entries: dict[Any, _Entry] = {}
        own = weakref.ref(self)

        def remove(entry: _Entry) -> None:
            home = own()
            if home is not None and home._entries.get(entry.key) is entry:
                del home._entries[entry.key]

        self._remove = remove

    @property
    def tracker(self) -> Tracker | None:
        """The tracker, or None when it is gone."""
        return None if self._tracker is None else self._tracker()

    def get(self, key: Any) -> Any:
        """The object with a key, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry()

    def add(self, obj: Any, key: Any) -> None:
        """Enter an object, in the place of any other one with the same key."""
        self.replace(obj, key)

    def replace(self, obj: Any, key: Any) -> Any:
        """Enter an object and return the live one whose place it took, or None."""
        state = state_of(obj)
        previous = self.get(key)
        if previous is not obj:
            if state._o_home is not None:
                state._o_home.discard(obj)
            if previous is not None:
                other = state_or_none(previous)
                if other is not None and other._o_home is self:
                    other._o_home = None
            entry = _Entry(obj, self._remove)
            entry.key = key
            self._entries[key] = entry
        state._o_key = key
        state._o_home = self
        return None if previous is obj else previous

    def discard(self, obj: Any) -> bool:
        """Remove an object's own entry, and say whether there was one."""
        state = state_or_none(obj)
        if state is None:
            return False
        found = self._owns(obj, state)
        if found:
            del self._entries[state._o_key]
        if state._o_home is self:
            state._o_home = None
        return found

    def contains(self, obj: Any) -> bool:
        """Whether the entry under the object's key is the object itself."""
        state = state_or_none(obj)
        return state is not None and self._owns(obj, state)

    def _owns(self, obj: Any, state: State) -> bool:
        return self.get(state._o_key) is obj

    def values(self) -> list[Any]:
        """The objects that are alive, in the order of their entries."""
        return [obj for _, obj in self.items()]

    def keys(self) -> list[Any]:
        """The keys of the objects that are alive."""
        return [key for key, _ in self.items()]

    def items(self) -> list[tuple[Any, Any]]:
        """Keys and objects that are alive."""
        pairs = [(key, entry()) for key, entry in list(self._entries.items())]
        return [pair for pair in pairs if pair[1] is not None]

    def __len__(self) -> int:
        return len(self.items())

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<IdentityDict of {self.layout.cls.__name__}: {len(self)} objects>"
