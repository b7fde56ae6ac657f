"""The decorators that tell what the methods of a collection class do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

ROLE = "_o_collection_role"
EFFECT = "_o_collection_effect"
INSTRUMENTED = "_sa_instrumented"


class Role(Enum):
    """What the ORM needs of every collection class."""

    APPENDER = "appender"
    REMOVER = "remover"
    ITERATOR = "iterator"

    @property
    def attribute(self) -> str:
        """Where an instrumented class keeps its method of this role."""
        return f"_sa_{self.value}"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a method of a collection class does to the items.

    Attributes:
        adds: the argument (position counted from ``self``, or name) that comes in.
        removes: the argument that leaves.
        removes_return: whether the value that the method returns has left.
    """

    adds: int | str | None = None
    removes: int | str | None = None
    removes_return: bool = False


class collection:
    """Decorators for the methods of classes that serve as collections.

    A class that looks like a list, a set or a dict needs none of them, except
    that a dict must elect its appender and remover.
    """

    @staticmethod
    def appender(fn: _F) -> _F:
        """Mark the method that adds one item."""
        setattr(fn, ROLE, Role.APPENDER)
        return fn

    @staticmethod
    def remover(fn: _F) -> _F:
        """Mark the method that removes one item."""
        setattr(fn, ROLE, Role.REMOVER)
        return fn

    @staticmethod
    def iterator(fn: _F) -> _F:
        """Mark the method that returns an iterator over all items."""
        setattr(fn, ROLE, Role.ITERATOR)
        return fn

    @staticmethod
    def internally_instrumented(fn: _F) -> _F:
        """Mark a method that fires its events itself and is not to be wrapped."""
        setattr(fn, INSTRUMENTED, True)
        return fn

    @staticmethod
    def adds(arg: int | str) -> Callable[[_F], _F]:
        """Say which argument of the method is an item that is added."""
        return _with_effect(Effect(adds=arg))

    @staticmethod
    def replaces(arg: int | str) -> Callable[[_F], _F]:
        """Say which argument is added; what the method returns was replaced."""
        return _with_effect(Effect(adds=arg, removes_return=True))

    @staticmethod
    def removes(arg: int | str) -> Callable[[_F], _F]:
        """Say which argument of the method is an item that is removed."""
        return _with_effect(Effect(removes=arg))

    @staticmethod
    def removes_return() -> Callable[[_F], _F]:
        """Say that the method removes the item that it returns, if any."""
        return _with_effect(Effect(removes_return=True))


def _with_effect(effect: Effect) -> Callable[[_F], _F]:
    def mark(fn: _F) -> _F:
        setattr(fn, EFFECT, effect)
        return fn

    return mark
