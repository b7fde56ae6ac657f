"""The rare entries of a state."""

from __future__ import annotations

from typing import Any


def extras_of(struct: Any) -> dict[str, Any]:
    """The dict of a state's rare entries, made when first needed."""
    extras: dict[str, Any] | None = struct._o_extras
    if extras is None:
        extras = struct._o_extras = {}
    return extras
