"""``UNLOADED``: what a slot holds whose value is not in memory.

It is defined here, in Python, so that both twins of the kernel and every pickle
speak of one and the same object.
"""

from __future__ import annotations

from typing import Final, final

__all__ = ["UNLOADED", "Unloaded"]


@final
class Unloaded:
    """The type of ``UNLOADED``; it has no other instance."""

    __slots__ = ()

    def __new__(cls) -> Unloaded:
        try:
            return UNLOADED
        except NameError:
            return super().__new__(cls)

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNLOADED"

    def __reduce__(self) -> str:
        return "UNLOADED"


UNLOADED: Final = Unloaded()
