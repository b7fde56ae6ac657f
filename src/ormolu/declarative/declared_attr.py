"""``@declared_attr``: attributes of mixins that each mapped class computes anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from .._core.declarative import get_annotations
from .._core.warnings import warn
from ..instrument.manager import manager_of_class

_T = TypeVar("_T", bound=Any)

_DUNDER = re.compile(r"^__.+__$")

# Results of the class that is being scanned: each function runs once a class.
_scans: dict[type, dict[Any, Any]] = {}


class scanning:
    """Context in which each declared attribute of a class is computed once."""

    def __init__(self, cls: type) -> None:
        self.cls = cls

    def __enter__(self) -> None:
        _scans[self.cls] = {}

    def __exit__(self, *exc: object) -> None:
        _scans.pop(self.cls, None)


class _cascading:
    """``declared_attr.cascading``: the decorator with the option set."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is not None:
            return instance._with(cascading=True)
        return _Options(owner, cascading=True)


class _directive:
    """``declared_attr.directive``: the decorator itself, under a telling name."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        return owner if instance is None else instance


class _Options:
    """A decorator with options, waiting for its function."""

    def __init__(self, owner: Any, **options: Any) -> None:
        self.owner = owner
        self.options = options

    def __call__(self, fn: Any) -> Any:
        return self.owner(fn, **self.options)

    def _stateful(self, **options: Any) -> _Options:
        return _Options(self.owner, **{**self.options, **options})

    cascading = property(lambda self: self._stateful(cascading=True))
    directive = property(lambda self: self)


class declared_attr(Generic[_T]):
    """Mark a method of a mixin or mapped class as one that makes an attribute.

    It is called with the mapped class, and what it returns is mapped: a column, a
    relationship, or the value of a directive such as ``__tablename__``.

    Args:
        fn: the method; it becomes a class method.
        cascading: compute it also for each mapped subclass of a mapped class.
        quiet: don't warn when the attribute is not applied to a subclass.

    Source: ``sqlalchemy.orm.declared_attr``.
    """

    cascading = _cascading()
    directive = _directive()
    _is_declared_attr = True

    def __init__(
        self, fn: Callable[..., Any], cascading: bool = False, quiet: bool = False
    ) -> None:
        if isinstance(fn, classmethod):
            fn = fn.__func__
        self.fget = fn
        self._cascading = cascading
        self._quiet = quiet
        self.__doc__ = fn.__doc__

    def _with(self, **options: Any) -> declared_attr[Any]:
        return type(self)(self.fget, **options)

    def return_annotation(self) -> Any:
        """The annotation of what the function returns, None if it has none."""
        return get_annotations(self.fget).get("return")

    def __get__(self, instance: object | None, owner: Any) -> Any:
        made = _scans.get(owner)
        if made is None:
            name = self.fget.__name__
            if not _DUNDER.match(name) and manager_of_class(owner) is None:
                warn(
                    f"Unmanaged access of declarative attribute {name} from "
                    f"non-mapped class {owner.__name__}"
                )
            return self.fget(owner)
        if self not in made:
            made[self] = self.fget(owner)
        return made[self]


_C = TypeVar("_C", bound=type)


def declarative_mixin(cls: _C) -> _C:
    """Mark a class as a mixin of declarative classes; for type checkers only."""
    return cls
