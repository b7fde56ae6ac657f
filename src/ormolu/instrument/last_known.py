"""The last values of attributes that a statement made earlier may still ask for."""

from __future__ import annotations

from typing import Any

from .._speedups import state as kernel

LAST_KNOWN = "last_known"
UNLOADED = kernel.UNLOADED


def track_last_known(obj: Any, key: str) -> None:
    """From now on keep an attribute's value when it is expired."""
    struct = kernel.state_of(obj)
    extras = struct._o_extras
    if extras is None:
        extras = struct._o_extras = {}
    extras.setdefault(LAST_KNOWN, {}).setdefault(key, UNLOADED)


def last_known(obj: Any, key: str) -> Any:
    """The value that an attribute had before it was expired; UNLOADED for none."""
    extras = kernel.state_of(obj)._o_extras
    return extras.get(LAST_KNOWN, {}).get(key, UNLOADED) if extras else UNLOADED


def keep_last_known(obj: Any, tracked: dict[str, Any]) -> None:
    """Keep what is about to be expired, where somebody tracks it."""
    for key in tracked:
        value = kernel.peek_key(obj, key)
        if value is not UNLOADED:
            tracked[key] = value
