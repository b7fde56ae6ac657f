"""The shortest way to an object in memory; the twin in Python.

The compiled twin is ``finding_c``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["quick_find"]

P = ParamSpec("P")
R = TypeVar("R")


def quick_find(method: Callable[P, R]) -> Callable[P, R]:
    """A method ``get(owner, cls, key, ...)`` that need not run for what is at hand.

    ``owner._finders`` is a dict from class to identity dict.  An object of exactly
    that class that is found there under a plain key, and is neither expired nor
    deleted, may be returned at once.  The twin in Python returns the method itself.
    """
    return method
