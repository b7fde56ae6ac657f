"""``sqlalchemy.inspect()`` for mapped classes and instances.

Core's registry of inspections is exclusive by type, and ``sqlalchemy.orm`` takes
``type`` and ``object`` for itself.  Plain mapped classes have no other type to
register, so the registry is replaced by one that asks us first and the registered
function next, whichever package is imported first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import inspection

Inspector = Callable[[Any], Any]


class _Equal(str):
    """A name that passes the registry's check for a reloaded function."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


class _Chain:
    """Asks our inspection, then the one that was registered for the type."""

    def __init__(self, ours: Inspector) -> None:
        self.ours = ours
        self.registered: Inspector | None = None
        self.__name__ = _Equal("inspect")
        self.__module__ = _Equal("ormolu")

    def __call__(self, subject: Any) -> Any:
        found = self.ours(subject)
        if found is None and self.registered is not None:
            return self.registered(subject)
        return found


class _Registry(dict[Any, Any]):
    """Core's registry with chains at some of its types."""

    def __init__(self, existing: dict[Any, Any]) -> None:
        super().__init__(existing)
        self.chains: dict[Any, _Chain] = {}

    def add_chain(self, type_: Any, ours: Inspector) -> None:
        chain = _Chain(ours)
        chain.registered = dict.get(self, type_)
        self.chains[type_] = chain
        super().__setitem__(type_, chain)

    def __setitem__(self, type_: Any, value: Any) -> None:
        chain = self.chains.get(type_)
        if chain is None:
            super().__setitem__(type_, value)
        else:
            chain.registered = value


def chain_inspection(type_: type, inspector: Inspector) -> None:
    """Let ``inspect()`` ask ``inspector`` about subjects whose type is ``type_``.

    Args:
        type_: ``type`` or ``object``.
        inspector: returns the inspection of a subject, None when it is not ours.
    """
    registry = inspection._registrars
    if not isinstance(registry, _Registry):
        registry = inspection._registrars = _Registry(registry)
    registry.add_chain(type_, inspector)


inspects = inspection._inspects
self_inspects = inspection._self_inspects
