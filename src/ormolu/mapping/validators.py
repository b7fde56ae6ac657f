"""``@validates``: functions of the class that see values before they are set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import exc as sa_exc

_Fn = TypeVar("_Fn", bound=Callable[..., Any])


def validates(
    *names: str, include_removes: bool = False, include_backrefs: bool = True
) -> Callable[[_Fn], _Fn]:
    """Mark a method as the validator of the named attributes.

    Args:
        names: attributes that it sees the values of.
        include_removes: also call it for removals, with a third argument.
        include_backrefs: also call it for changes that a backref makes.

    Source: ``sqlalchemy.orm.validates``.
    """

    def decorate(fn: _Fn) -> _Fn:
        fn.__sa_validators__ = names  # type: ignore[attr-defined]
        fn.__sa_validation_opts__ = {  # type: ignore[attr-defined]
            "include_removes": include_removes,
            "include_backrefs": include_backrefs,
        }
        return fn

    return decorate


def reconstructor(fn: _Fn) -> _Fn:
    """Mark a method that is called for each instance made from a row.

    Source: ``sqlalchemy.orm.reconstructor``.
    """
    fn.__sa_reconstructor__ = True  # type: ignore[attr-defined]
    return fn


def find_reconstructor(cls: type) -> Callable[[Any], Any] | None:
    """The method of a class, or of the nearest base, that `reconstructor` marked."""
    for base in cls.__mro__:
        for value in vars(base).values():
            if getattr(value, "__sa_reconstructor__", False) is True:
                return value  # type: ignore[no-any-return]
    return None


def find_validators(cls: type) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """The validators that a class defines or inherits, by attribute."""
    found: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {}
    for base in reversed(cls.__mro__):
        for value in list(vars(base).values()):
            names = getattr(value, "__sa_validators__", None)
            if not isinstance(names, tuple):
                continue
            for name in names:
                if base is cls and name in found and name in _own(cls, value, found):
                    raise sa_exc.InvalidRequestError(
                        f"A validation function for mapped attribute {name!r} "
                        f"on mapper {cls.__name__} already exists."
                    )
                found[name] = (value, value.__sa_validation_opts__)
    return found


def _own(cls: type, value: Any, found: dict[str, Any]) -> set[str]:
    own = {id(v) for v in vars(cls).values()}
    return {n for n, (fn, _) in found.items() if id(fn) in own and fn is not value}


def add_validators(impl: Any, mapper: Any, key: str) -> None:
    """Listen on an attribute with the class's validator of that name."""
    if key not in mapper.validators:
        return
    fn, options = mapper.validators[key]
    removes = options["include_removes"]
    backrefs = options["include_backrefs"]

    def skip(initiator: Any) -> bool:
        return not backrefs and initiator.impl is not impl

    def on_set(obj: Any, value: Any, old: Any, initiator: Any) -> Any:
        if skip(initiator):
            return value
        return fn(obj, key, value, False) if removes else fn(obj, key, value)

    def on_append(obj: Any, value: Any, initiator: Any, _: Any) -> Any:
        if initiator.op is impl.bulk_token.op or skip(initiator):
            return value
        return fn(obj, key, value, False) if removes else fn(obj, key, value)

    def on_bulk(obj: Any, values: list[Any], initiator: Any) -> None:
        if not skip(initiator):
            values[:] = [
                fn(obj, key, v, False) if removes else fn(obj, key, v) for v in values
            ]

    def on_remove(obj: Any, value: Any, initiator: Any, *_: Any) -> None:
        if not skip(initiator):
            fn(obj, key, value, True)

    impl.on_set.append(on_set)
    impl.on_append.append(on_append)
    impl.on_bulk_replace.append(on_bulk)
    if removes:
        impl.on_remove.append(on_remove)
