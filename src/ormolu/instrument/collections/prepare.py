"""Turning a class, or what a factory makes, into a collection class."""

from __future__ import annotations

import threading
from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from sqlalchemy import exc as sa_exc

from .dict_methods import DICT_METHODS
from .ducktype import CollectionKind, kind_of
from .list_methods import LIST_METHODS
from .lists import InstrumentedList
from .protocols import CollectionFactory
from .roles import EFFECT, INSTRUMENTED, ROLE, Effect, Role
from .set_methods import SET_METHODS
from .types import InstrumentedDict, InstrumentedSet
from .wrapping import (
    Method,
    Wrapper,
    fire_append,
    fire_pre_remove,
    fire_remove,
    replaces_method,
)

_lock = threading.Lock()

_BUILTIN: dict[type, type] = {
    list: InstrumentedList,
    set: InstrumentedSet,
    dict: InstrumentedDict,
}

_ROLES: dict[CollectionKind, dict[Role, str]] = {
    list: {
        Role.APPENDER: "append",
        Role.REMOVER: "remove",
        Role.ITERATOR: "__iter__",
    },
    set: {Role.APPENDER: "add", Role.REMOVER: "remove", Role.ITERATOR: "__iter__"},
    dict: {Role.ITERATOR: "values"},
}

_METHODS: dict[CollectionKind, dict[str, Wrapper]] = {
    list: LIST_METHODS,
    set: SET_METHODS,
    dict: DICT_METHODS,
}


def prepare_instrumentation(factory: CollectionFactory) -> CollectionFactory:
    """Make sure that a factory makes instrumented collections.

    Args:
        factory: a class, or a callable that returns an empty collection.

    Returns:
        The factory to use: the instrumented class in the place of a builtin one,
        or the factory that was given.

    Raises:
        ArgumentError: what it makes cannot serve as a collection.
    """
    factory = _BUILTIN.get(factory, factory)  # type: ignore[call-overload]
    cls = type(factory())
    if cls in _BUILTIN:
        cls = factory = _BUILTIN[cls]
    if not is_instrumented(cls):
        with _lock:
            if not is_instrumented(cls):
                instrument_class(cls)
    return factory


def is_instrumented(cls: type) -> bool:
    """Whether exactly this class was instrumented, not only a base of it."""
    return bool(getattr(cls, INSTRUMENTED, None) == id(cls))


def instrument_class(cls: type) -> None:
    """Instrument a class in place.

    Raises:
        ArgumentError: it lacks a method that a collection needs.
    """
    roles, effects = _marked_methods(cls)
    kind = kind_of(cls)
    if kind in _ROLES:
        roles = _ROLES[kind] | roles
    _check_roles(cls, roles)
    if kind in _METHODS:
        _wrap_known_methods(cls, _METHODS[kind], effects)
    _add_default_effects(cls, roles, effects)
    for name, effect in effects.items():
        setattr(cls, name, _announce(getattr(cls, name), effect))
    for role, name in roles.items():
        setattr(cls, role.attribute, getattr(cls, name))
    if not hasattr(cls, "_sa_adapter"):
        setattr(cls, "_sa_adapter", None)  # noqa: B010 - for mypy
    setattr(cls, INSTRUMENTED, id(cls))


def _marked_methods(cls: type) -> tuple[dict[Role, str], dict[str, Effect]]:
    """The methods that the user decorated, those of derived classes first."""
    roles: dict[Role, str] = {}
    effects: dict[str, Effect] = {}
    seen: set[str] = set()
    for base in cls.__mro__:
        for name, method in vars(base).items():
            if name in seen:
                continue
            seen.add(name)
            role = getattr(method, ROLE, None)
            if role is not None:
                roles.setdefault(role, name)
            effect = getattr(method, EFFECT, None)
            if effect is not None and not hasattr(method, INSTRUMENTED):
                effects[name] = effect
    return roles, effects


def _check_roles(cls: type, roles: dict[Role, str]) -> None:
    for role in Role:
        if role not in roles or not hasattr(cls, roles[role]):
            article = "a" if role is Role.REMOVER else "an"
            raise sa_exc.ArgumentError(
                f"Type {cls.__name__} must elect {article} {role.value} method "
                "to be a collection class"
            )


def _wrap_known_methods(
    cls: type, wrappers: dict[str, Wrapper], effects: dict[str, Effect]
) -> None:
    for name, wrap in wrappers.items():
        method = getattr(cls, name, None)
        if method is None or name in effects or hasattr(method, INSTRUMENTED):
            continue
        setattr(cls, name, wrap(method))


def _add_default_effects(
    cls: type, roles: dict[Role, str], effects: dict[str, Effect]
) -> None:
    """An appender or remover without further words has its item in argument 1."""
    for role, effect in (
        (Role.APPENDER, Effect(adds=1)),
        (Role.REMOVER, Effect(removes=1)),
    ):
        name = roles[role]
        if name not in effects and not hasattr(getattr(cls, name), INSTRUMENTED):
            effects[name] = effect


def _announce(method: Method, effect: Effect) -> Method:
    """Wrap a method so that it announces the effect that it was marked with."""
    added = None if effect.adds is None else _argument(method, effect.adds)
    removed = None if effect.removes is None else _argument(method, effect.removes)

    @replaces_method(method)
    def wrapper(self: Any, *args: Any, **kw: Any) -> Any:
        initiator = kw.pop("_sa_initiator", None)
        if added is not None:
            item, place = added(args, kw)
            args, kw = place(fire_append(self, item, initiator))
        if removed is not None:
            fire_remove(self, removed(args, kw)[0], initiator)
        if not effect.removes_return:
            return method(self, *args, **kw)
        fire_pre_remove(self, initiator)
        result = method(self, *args, **kw)
        if result is not None:
            fire_remove(self, result, initiator)
        return result

    return wrapper


_Arguments = tuple[tuple[Any, ...], dict[str, Any]]
_Argument = Callable[
    [tuple[Any, ...], dict[str, Any]], tuple[Any, Callable[[Any], _Arguments]]
]


def _argument(method: Method, arg: int | str) -> _Argument:
    """A function that finds an argument of a call, and how to replace it."""
    position, name = _locate_argument(method, arg)

    def find(
        args: tuple[Any, ...], kw: dict[str, Any]
    ) -> tuple[Any, Callable[[Any], _Arguments]]:
        if position is not None and position < len(args):
            at = position
            return args[at], lambda item: ((*args[:at], item, *args[at + 1 :]), kw)
        if name in kw:
            return kw[name], lambda item: (args, {**kw, name: item})
        raise sa_exc.ArgumentError(f"Missing argument {arg}")

    return find


def _locate_argument(method: Method, arg: int | str) -> tuple[int | None, str]:
    """The position, not counting ``self``, and the name of an argument."""
    names = [
        parameter.name
        for parameter in signature(method).parameters.values()
        if parameter.kind
        in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]
    if isinstance(arg, int):
        return arg - 1, names[arg] if arg < len(names) else ""
    return names.index(arg) - 1 if arg in names else None, arg
