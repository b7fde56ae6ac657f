"""``Entity``: the public base of classes whose instances embed their state.

The values of such an instance live in the row that they were loaded from, not in
its ``__dict__``; that name is a property which shows them (`InstanceDict`).
"""

from __future__ import annotations

import sys
from typing import Any

from .._speedups import state as kernel
from .typed_columns import are_typed_columns, make_typed_columns

STATE_KEY = "_sa_instance_state"


class InstanceDict(dict[str, Any]):
    """What ``vars(entity)`` gives: loaded attributes and whatever else was set.

    A picture of one moment; changes made through it reach the instance.
    """

    __slots__ = ("_instance",)
    _instance: Any

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        store(self._instance, key, value)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        discard(self._instance, key)

    def pop(self, key: str, *default: Any) -> Any:
        value = super().pop(key, *default)
        discard(self._instance, key)
        return value

    def popitem(self) -> tuple[str, Any]:
        key, value = super().popitem()
        discard(self._instance, key)
        return key, value

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other: Any = (), /, **kw: Any) -> None:
        for key, value in dict(other, **kw).items():
            self[key] = value

    def __ior__(self, other: Any) -> InstanceDict:  # type: ignore[override,misc]
        self.update(other)
        return self

    def clear(self) -> None:
        for key in list(self):
            del self[key]

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def store(obj: Any, key: str, value: Any) -> None:
    """Set an entry of an instance's dict: a mapped attribute, or any other."""
    if key == STATE_KEY:
        return
    slot = kernel.layout_of(obj).index.get(key)
    if slot is None:
        obj._o_dict[key] = value
    else:
        kernel.put(obj, slot, value)


def discard(obj: Any, key: str) -> None:
    """Remove an entry of an instance's dict."""
    slot = kernel.layout_of(obj).index.get(key)
    if slot is None:
        obj._o_dict.pop(key, None)
    else:
        kernel.drop(obj, slot)


def _get_dict(obj: Any) -> InstanceDict:
    shown = InstanceDict()
    shown._instance = obj
    layout = kernel.registered_layout(type(obj))
    if layout is not None or obj._o_key is not None:
        dict.__setitem__(shown, STATE_KEY, view_of(obj))
        if layout is not None and layout.mapper is not None:
            layout.mapper._show_composites(obj)
        dict.update(shown, kernel.loaded(obj))
    dict.update(shown, obj._o_dict)
    return shown


def _set_dict(obj: Any, value: dict[str, Any]) -> None:
    shown = _get_dict(obj)
    value = dict(value)
    for key in list(shown):
        if key != STATE_KEY and key not in value:
            discard(obj, key)
    for key, item in value.items():
        store(obj, key, item)


def view_of(obj: Any) -> Any:
    """The ``InstanceState`` of an embedded instance, made when first asked for."""
    view = obj._o_view
    if view is None:
        view = obj._o_view = _make_view(obj)
    return view


def _make_view(obj: Any) -> Any:
    raise NotImplementedError("The state module provides the views of instances.")


def provide_views(factory: Any) -> None:
    """Hand down what makes the ``InstanceState`` of an embedded instance."""
    global _make_view
    _make_view = factory


INSTANCE_DICT = property(_get_dict, _set_dict)


class EntityMeta(type):
    """Metaclass of `Entity`: gives every class the ``__dict__`` property.

    A plain mixin that stands before the entity among the bases brings a
    ``__dict__`` descriptor of its own, which would show the raw dict.
    """

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        **kw: Any,
    ) -> Any:
        if "__module__" not in namespace:
            # a class made by a call belongs to the module of the caller
            caller = sys._getframe(1).f_globals
            namespace["__module__"] = caller.get("__name__", "builtins")
        if are_typed_columns(bases):
            entities = tuple(b for b in bases if issubclass(b, kernel.EntityBase))
            return make_typed_columns(name, bases, entities, namespace)
        namespace.setdefault("__dict__", INSTANCE_DICT)
        try:
            return super().__new__(mcs, name, bases, namespace, **kw)
        except TypeError as error:
            if "lay-out conflict" not in str(error):
                raise
            raise TypeError(
                f"multiple bases of {name!r} have a lay-out conflict: instances of "
                "mapped classes hold their state, those of another base have fields "
                "of their own, as of built-in types or __slots__.  Let the mapped "
                "classes have a base of declarative_base(cls=...) with that class."
            ) from error


class Entity(kernel.EntityBase, metaclass=EntityMeta):
    """Base of mapped classes whose instances carry their state themselves.

    Declarative bases derive from it; an imperatively mapped class may do so to be
    as fast.
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return super().__reduce_ex__(max(protocol, 2))  # the older ones know no slots

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        for key, value in state.items():
            store(self, key, value)


def default_constructor(self: Any, **kwargs: Any) -> None:
    """A simple constructor that allows initialization from keyword arguments.

    Sets attributes on the constructed instance using the names and values in
    ``kwargs``; only keys that are present as attributes of the class are allowed.
    """
    kernel.construct(self, kwargs)


default_constructor.__name__ = "__init__"
default_constructor.__annotations__ = {}  # of no use to those who look at a class
