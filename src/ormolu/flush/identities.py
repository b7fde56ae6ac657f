"""Objects whose discriminator names another class."""

from __future__ import annotations

from typing import Any

from .._core.warnings import warn_limited
from .._speedups import state as kernel
from ..exc import instance_text


def warn_of_identities(mapper: Any, objects: list[Any]) -> None:
    """Warn of objects that are not loaded as what they are saved as."""
    key = mapper._polymorphic_key
    if key is None or key not in mapper.layout.index:
        return
    acceptable = mapper._plans.get("acceptable identities")
    if acceptable is None:
        acceptable = mapper._acceptable_identities()
        mapper._plans["acceptable identities"] = acceptable
    slot = mapper.layout.index[key]
    for obj in objects:
        value = kernel.peek(obj, slot)
        if value is not kernel.UNLOADED and value not in acceptable:
            warn_limited(
                "Flushing object %s with incompatible polymorphic identity %r; the "
                "object may not refresh and/or load correctly",
                instance_text(obj),
                value,
            )
