"""Whether a listener for a load refreshed the object that it was told of.

A row refresh within a load handler leaves the load that goes on in two minds about the
object: its further rows are not for what the object holds now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.warnings import warn
from ..exc import instance_text

_watched: dict[int, bool] = {}
"""By id, the objects that listeners are being told of; True once one is refreshed."""


def note_refresh(obj: Any) -> None:
    """A row is being read for this very object."""
    if _watched and id(obj) in _watched:
        _watched[id(obj)] = True


def watching(
    fn: Callable[..., Any], position: int, restore: bool
) -> Callable[..., Any]:
    """A listener for loads that warns when it refreshes the object it is told of.

    Args:
        fn: the listener.
        position: which of its arguments is the object.
        restore: whether the load that goes on is to stay as it was instead.
    """

    def watched(*args: Any) -> Any:
        obj = args[position]
        key = id(obj)
        before = _watched.get(key)
        _watched[key] = False
        try:
            result = fn(*args)
            refreshed = _watched[key] and not restore
        finally:
            if before is None:
                del _watched[key]
            else:
                _watched[key] = before
        if refreshed:
            _broken_off.add(key)
            warn(
                f"Loading context for {instance_text(obj)} has changed within a "
                "load/refresh handler, suggesting a row refresh operation took place. "
                "If this event handler is expected to be emitting row refresh "
                "operations within an existing load or refresh operation, set "
                "restore_load_context=True when establishing the listener to ensure "
                "the context remains unchanged when the event handler completes."
            )
        return result

    return watched


_broken_off: set[int] = set()


def was_broken_off(obj: Any) -> bool:
    """Whether a listener that was just told of an object refreshed it; asked once."""
    if _broken_off and id(obj) in _broken_off:
        _broken_off.discard(id(obj))
        return True
    return False
