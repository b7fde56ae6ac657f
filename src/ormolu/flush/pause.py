"""Has the collector wait while a large flush makes records of its objects.

A flush of 40,000 objects makes five containers for each, none of which is garbage
before it ends; looking for garbage among them, and among the objects, took as long as
the flush itself.
"""

from __future__ import annotations

import gc
from typing import Any

MANY = 500
"""From so many objects on the collector waits."""


class Pause:
    """A block in which the collector waits, unless the program has switched it off.

    Nothing of the user's may run within: `end` comes before.

    Args:
        count: the number of objects that the block works on.
    """

    __slots__ = ("_paused",)

    def __init__(self, count: int) -> None:
        self._paused = count >= MANY and gc.isenabled()

    def __enter__(self) -> Pause:
        if self._paused:
            gc.disable()
        return self

    def end(self) -> None:
        """Let the collector work again, before the end of the block."""
        if self._paused:
            self._paused = False
            gc.enable()

    def __exit__(self, *_: Any) -> None:
        self.end()
